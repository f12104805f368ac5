/**
 * Executes a Model's schedule word by word in float64, without a plan: each update evaluates its whole loss anew on what
 * is there. What sharing, hoisting and lifetimes must not change is measured against it.
 */

import { countAt } from '../../src/ir/count.ts';
import type { LeafNode, Node } from '../../src/ir/graph.ts';
import { createBuilder, splat } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import type { Count, NDArray } from '../../src/ir/types.ts';
import type { Action, Model, Phase, SetAction, UpdateAction } from '../../src/model/model.ts';
import { operations } from '../../src/ops/table.ts';
import { Evaluation, type Move } from '../../src/plan/build.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import type { Setting } from '../../src/plan/setting.ts';
import { OracleState, type Supply } from './state.ts';

export class PlainTrainer {
  readonly model: Model;
  readonly state: OracleState;
  #logged: Record<string, number> = {};
  #phase: Phase;
  /** Training evaluations that have moved averages in this step. */
  #moved = new Set<string>();
  readonly #counts = new Map<string, Count>();
  readonly #averaging = new Set<string>();

  constructor(model: Model, supply: Supply) {
    this.model = model;
    this.state = new OracleState(
      {
        weights: model.nets.flatMap((net) => net.weights),
        stats: model.nets.flatMap((net) => net.stats),
        states: model.states,
        optimizers: model.optimizers,
      },
      supply,
    );
    this.#phase = model.phases[0]!;
  }

  begin(phase: Phase): void {
    this.#phase = phase;
    // A copy of every net: which ones are needed is for the plan to find out.
    this.state.freeze(this.model.nets.map((net) => net.name));
    this.state.startStates(phase.batch);
    for (const action of flat(phase.body)) if (action.kind === 'average') this.#averaging.add(action.net);
  }

  async step(number: number): Promise<Record<string, number>> {
    this.#moved = new Set();
    this.#logged = {};
    const { steps } = this.#phase;
    this.state.clock = { step: number, epoch: 0, progress: steps === null ? 0 : number / steps };
    await this.#run(this.#phase.body);
    return this.#logged;
  }

  async #run(body: readonly Action[]): Promise<void> {
    const { state } = this;
    for (const action of body) {
      switch (action.kind) {
        case 'sample': {
          const names = new Set(action.sources);
          for (const { fields } of this.model.data) {
            if (fields.some((f) => names.has(f.name))) for (const f of fields) names.add(f.name);
          }
          for (const name of names) this.#counts.set(name, action.count ?? this.#batch);
          await state.sample(action.sources, action.count ?? this.#phase.batch);
          break;
        }
        case 'update':
          this.#update([action], []);
          break;
        case 'together':
          this.#update(action.updates, action.restored);
          break;
        case 'set':
          this.#set(action);
          break;
        case 'save':
          state.save(action.nets);
          break;
        case 'restore':
          state.restore(action.nets);
          break;
        case 'if':
          if (state.host(action.condition) !== 0) await this.#run(action.body);
          break;
        case 'clip':
          state.clip(action.net, action.to);
          break;
        case 'average':
          state.average(action.net, state.host(action.decay));
          break;
        case 'repeat': {
          const count = Math.floor(state.host(action.count));
          for (let i = 0; i < count; i++) await this.#run(action.body);
          break;
        }
        case 'every':
          if (state.clock.step % action.period === 0) await this.#run(action.body);
          break;
        case 'once':
          if (state.clock.step === 0) await this.#run(action.body);
          break;
      }
    }
  }

  #update(updates: readonly UpdateAction[], restored: readonly string[]): void {
    const { model, state } = this;
    // Nothing is simplified: rewrites too must not change anything.
    const b = createBuilder(operations, { simplify: false });
    const here = new Evaluation(model, b, this.#setting());
    const asked = updates.map((update) => {
      const objective = here.value(update.objective);
      const down = update.direction === 'maximize' ? b.neg(objective) : objective;
      const weights = model.nets.filter((net) => update.nets.includes(net.name)).flatMap((n) => n.weights);
      const leaves = weights.map((w) =>
        b.leaf({ kind: 'weight', name: w.name, copy: 'live', version: 0 }, w.shape, null),
      );
      const losses = model.values.filter((v) => v.kind === 'loss' && update.losses.includes(v.name));
      return {
        update,
        weights: weights.map((w) => w.name),
        gradients: gradient(b, down, leaves),
        losses: losses.map((loss) => ({ name: loss.name, node: here.value(loss.term) })),
      };
    });
    const { moves } = here;
    const values = this.#evaluate([
      ...asked.flatMap((a) => [...a.gradients, ...a.losses.map((l) => l.node)]),
      ...moves.flatMap((m) => [m.value, m.evaluation]),
    ]);
    state.restore(restored);
    for (const { update, weights, gradients, losses } of asked) {
      const moving = weights
        .map((name, i) => ({ name, gradient: values.get(gradients[i]!)!, node: gradients[i]! }))
        // A weight without influence is left alone, as PyTorch leaves a gradient of None.
        .filter(({ node }) => splat(node) !== 0);
      state.update(
        update.optimizer,
        moving.map((m) => m.name),
        moving.map((m) => m.gradient),
      );
      for (const { name, node } of losses) this.#logged[name] = values.get(node)!.data[0]!;
    }
    this.#moveAll(moves, values);
  }

  #set({ state: name, value }: SetAction): void {
    const { model, state } = this;
    const b = createBuilder(operations, { simplify: false });
    const here = new Evaluation(model, b, this.#setting());
    const { shape, count: declared } = model.states.find((s) => s.name === name)!;
    const count = declared === 'batch' ? this.#batch : declared;
    const found = here.value(value, count);
    const number = found.shape.join() === shape.join() ? found : b.reshape(found, []);
    const node = b.broadcast(number, shape, count);
    const values = this.#evaluate([node, ...here.moves.flatMap((m) => [m.value, m.evaluation])]);
    state.states[name] = values.get(node)!;
    this.#moveAll(here.moves, values);
  }

  #moveAll(moves: readonly Move[], values: ReadonlyMap<Node, NDArray>): void {
    const { state } = this;
    for (const { stat, value, keep, evaluation } of moves) {
      const key = `${stat} ${values.get(value)!.data} ${values.get(evaluation)!.data}`;
      if (this.#moved.has(key)) continue;
      this.#moved.add(key);
      state.move(stat, values.get(value)!, keep);
    }
  }

  get #batch(): Count {
    return this.#phase.fixedBatch ? this.#phase.batch : 'batch';
  }

  #setting(): Setting {
    return {
      training: true,
      copy: 'live',
      source: (name) => ({ version: 0, count: this.#counts.get(name) ?? this.#batch }),
      state: ({ count }) => ({ version: 0, count: count === 'batch' ? this.#batch : count }),
      batch: this.#batch,
      weight: () => 0,
      stat: () => 0,
      draw: 0,
      keepsAverage: (net) => this.#averaging.has(net),
      iterate: (kernel, _version, u, v) => {
        this.state.iterate(kernel, u, v);
        return 0;
      },
    };
  }

  #evaluate(nodes: readonly Node[]): ReadonlyMap<Node, NDArray> {
    const { batch } = this.#phase;
    const leaf = (_: unknown, node: LeafNode, turns: readonly number[]): NDArray => {
      if (node.leaf.kind !== 'draw') return this.state.leaf(node.leaf);
      const count = node.count === null ? null : countAt(node.count, batch);
      const shape = count === null ? node.shape : [count, ...node.shape];
      const place = [node.leaf.place, ...turns].join('/');
      return this.state.supply.draw(place, node.leaf.dist, shape, this.state.sampled);
    };
    return evaluate(nodes, leaf, { batch });
  }
}

function flat(body: readonly Action[]): Action[] {
  return body.flatMap((action) => ('body' in action ? [action, ...flat(action.body)] : [action]));
}
