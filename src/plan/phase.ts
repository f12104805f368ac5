/**
 * The plan of a phase. The schedule is executed abstractly: every statement evaluates its expressions at the versions that
 * hold there, and what it changes gets new versions. Then each value that a statement needs is placed, and freed after its
 * last use.
 */

import type { Span } from '../diagnostics/diagnostic.ts';
import type { Budget } from '../ir/budget.ts';
import type { LeafNode, Node } from '../ir/graph.ts';
import { createBuilder, type GraphBuilder, splat } from '../ir/graph-builder.ts';
import { sameShape } from '../ir/ndarray.ts';
import type { Count } from '../ir/types.ts';
import type { Action, Model, Phase, SetAction, StateSpec, Term, UpdateAction } from '../model/model.ts';
import { operandsOf, postorder } from '../model/walk.ts';
import { operations } from '../ops/table.ts';
import { onOneLine } from '../syntax/on-one-line.ts';
import { atLeastOnce, Block, type Site } from './blocks.ts';
import { Evaluation, type Move } from './build.ts';
import { gradient } from './differentiate.ts';
import { nameDraws } from './draws.ts';
import { frozenNets } from './frozen.ts';
import { layOut } from './lifetimes.ts';
import { type Iteration, place } from './place.ts';
import type { Guard, PhasePlan, Step } from './plan.ts';
import type { Setting } from './setting.ts';
import { leavesOf } from './uses.ts';
import {
  type Changes,
  DRAWS,
  sourceKey,
  sourcesOf,
  stateKey,
  statKey,
  Versions,
  weightKey,
} from './versions.ts';

export interface PlanOptions {
  /** The source text under a span, for what is said of a statement; without it statements are told in words. */
  readonly text?: (span: Span) => string;
}

export class PhaseWalk {
  readonly #model: Model;
  readonly #phase: Phase;
  readonly #batch: Count;
  readonly #options: PlanOptions & { readonly budget: Budget };
  /** Nets with an `average` in this phase or an earlier one. */
  readonly #averaging: Set<string>;
  readonly #b: GraphBuilder;
  readonly #root = new Block({ kind: 'step' }, null);
  readonly #versions = new Versions();
  readonly #changes: Changes;
  readonly #moves = new Map<string, { readonly move: Move; readonly sites: Site[] }>();
  readonly #iterations = new Map<number, Iteration>();
  readonly #needs: Node[] = [];
  readonly #losses = new Set<string>();
  readonly #objectives: PhasePlan['objectives'][number][] = [];
  readonly #names = new Map<Node, string>();
  readonly #states: ReadonlyMap<string, StateSpec>;

  constructor(
    model: Model,
    phase: Phase,
    options: PlanOptions & { readonly budget: Budget },
    averaging: Set<string>,
    changes: Changes,
  ) {
    this.#model = model;
    this.#phase = phase;
    this.#batch = phase.fixedBatch ? phase.batch : 'batch';
    this.#options = options;
    this.#averaging = averaging;
    this.#b = createBuilder(operations, { budget: options.budget });
    this.#changes = changes;
    this.#states = new Map(model.states.map((state) => [state.name, state]));
  }

  plan(frozenByOutputs: ReadonlySet<string>): PhasePlan {
    const { name, batch, leastBatch, fixedBatch, steps, epochs, body, span } = this.#phase;
    const actions = flat(body);
    const averaged = this.#inOrder(actions.flatMap((a) => (a.kind === 'average' ? [a.net] : [])));
    for (const net of averaged) this.#averaging.add(net);
    const sampled = this.#changes.sampled(actions.flatMap((a) => (a.kind === 'sample' ? a.sources : [])));
    const data = new Set(this.#model.data.flatMap((d) => d.fields.map((f) => f.name)));

    this.#walk(body, this.#root);
    const metrics = this.#metrics(new Set(sampled));
    const placed = place({
      root: this.#root,
      versions: this.#versions,
      moves: [...this.#moves.values()],
      iterations: this.#iterations,
    });
    const laid = layOut(this.#root, placed);
    const frozen = [...frozenByOutputs, ...frozenNets(this.#model, leavesOf(this.#needs))];
    return {
      name,
      batch,
      leastBatch,
      fixedBatch,
      steps,
      epochs,
      epochSource: sampled.find((source) => data.has(source)) ?? null,
      averaged,
      frozen: this.#inOrder(frozen),
      body: laid,
      losses: [...this.#losses],
      objectives: this.#objectives,
      metrics,
      names: this.#names,
      draws: nameDraws(laid),
      span,
    };
  }

  #walk(body: readonly Action[], block: Block): void {
    for (const action of body) this.#action(action, block);
  }

  #action(action: Action, block: Block): void {
    const { span } = action;
    switch (action.kind) {
      case 'sample': {
        const count: Count = action.count ?? this.#batch;
        this.#versions.bump(this.#changes.ofSample(action.sources), block);
        const drawn = this.#changes.sampled(action.sources);
        for (const name of drawn) this.#versions.sample(name, count);
        block.statement([{ kind: 'sample', sources: action.sources, drawn, count, span }], []);
        break;
      }
      case 'update':
        this.#updates([action], [], span, block);
        break;
      case 'together':
        this.#updates(action.updates, action.restored, span, block);
        break;
      case 'set':
        this.#set(action, block);
        break;
      case 'save':
        block.statement([{ kind: 'save', nets: action.nets, span }], []);
        break;
      case 'restore':
        this.#versions.bump(this.#changes.ofWeights(action.nets), block);
        block.statement([{ kind: 'restore', nets: action.nets, span }], []);
        break;
      case 'clip':
        this.#versions.bump(this.#changes.ofWeights([action.net]), block);
        block.statement([{ kind: 'clip', net: action.net, to: action.to, span }], []);
        break;
      case 'average':
        if (surely(block)) this.#changes.averageBegins(action.net);
        this.#versions.bump(this.#changes.ofAverage(action.net), block);
        block.statement([{ kind: 'average', net: action.net, decay: action.decay, span }], []);
        break;
      case 'repeat': {
        // Without a guard nothing may be computed before a loop that perhaps never runs.
        const outer = atLeastOnce(action.count)
          ? block
          : new Block({ kind: 'when', guard: { kind: 'positive', count: action.count }, span }, block);
        const loop = new Block({ kind: 'repeat', count: action.count, span }, outer);
        const changed = this.#changes.ofBlock(action.body);
        this.#versions.bump(changed, loop);
        this.#walk(action.body, loop);
        this.#versions.bump(changed, block);
        break;
      }
      case 'every':
      case 'once':
      case 'if': {
        const guard = guardOf(action);
        const inside = new Block({ kind: 'when', guard, span }, block);
        this.#walk(action.body, inside);
        this.#versions.bump(this.#changes.ofBlock(action.body), block);
        break;
      }
    }
  }

  /** Gradients of all of them at the same weights and samples; then their steps. */
  #updates(updates: readonly UpdateAction[], restored: readonly string[], span: Span, block: Block): void {
    const b = this.#b;
    const here = this.#evaluation(true);
    const steps: Step[] = restored.length > 0 ? [{ kind: 'restore', nets: restored, span }] : [];
    const logs: Step[] = [];
    const needs: Node[] = [];
    for (const update of updates) {
      this.#options.budget.begin(update.span);
      const objective = here.value(update.objective);
      const down = update.direction === 'maximize' ? b.neg(objective) : objective;
      const weights = this.#leaves(update.nets);
      const gradients = b.at(update.span, '', () =>
        gradient(
          b,
          down,
          weights.map((w) => w.leaf),
        ),
      );
      // A weight that the loss does not depend on is left alone; one whose gradient is 0 (`0 * …`) is still stepped.
      const untouched = gradients.some((g) => splat(g) === 0) ? this.#withoutInfluence(update) : null;
      const reached = weights.flatMap(({ name }, i) => {
        const g = asItIs(b, gradients[i]!);
        return splat(g) === 0 && untouched!.has(name) ? [] : [{ name, g }];
      });
      if (reached.length > 0) {
        steps.push({
          kind: 'update',
          optimizer: update.optimizer,
          weights: reached.map((w) => w.name),
          gradients: reached.map((w) => w.g),
          text: this.#text(update),
          span: update.span,
        });
        for (const { g } of reached) needs.push(g);
      }
      if (this.#isUnnamed(update)) {
        const name = `objective ${this.#objectives.length + 1}`;
        const value = asItIs(b, objective);
        this.#objectives.push({ name, text: this.#text(update), span: update.span });
        logs.push({ kind: 'log', name, value });
        needs.push(value);
      }
      for (const name of update.losses) {
        const loss = this.#model.values.find((v) => v.kind === 'loss' && v.name === name);
        if (!loss || logs.some((log) => log.kind === 'log' && log.name === name)) continue;
        const value = asItIs(b, here.value(loss.term));
        this.#losses.add(name);
        logs.push({ kind: 'log', name, value });
        needs.push(value);
      }
    }
    this.#move(here.moves, block);
    for (const node of needs) this.#needs.push(node);
    block.statement([...steps, ...logs], needs);
    this.#versions.bump(this.#changes.ofWeights(restored), block);
    for (const update of updates) this.#versions.bump(this.#changes.ofUpdate(update), block);
  }

  /** A count that the file leaves to the phase. */
  #inPhase(count: Count | null): Count | null {
    return count === 'batch' ? this.#batch : count;
  }

  /** A state takes its value, which is worked out as an update's objective is. */
  #set({ state, value, span }: SetAction, block: Block): void {
    const b = this.#b;
    this.#options.budget.begin(span);
    const here = this.#evaluation(true);
    const { shape, count: declared } = this.#states.get(state)!;
    const count = this.#inPhase(declared);
    const found = here.value(value, count);
    const one = sameShape(found.shape, shape) ? found : b.reshape(found, []);
    const node = b.at(span, state, () => b.broadcast(one, shape, count));
    this.#move(here.moves, block);
    this.#needs.push(node);
    block.statement([{ kind: 'set', state, value: node, span }], [node]);
    this.#versions.bump([stateKey(state)], block);
  }

  /** Whether a part of what is minimised belongs to no named loss, so that no one would see it leave the numbers. */
  #isUnnamed({ objective }: UpdateAction): boolean {
    const named = new Set(this.#model.values.filter((v) => v.kind === 'loss').map((v) => v.term));
    const parts = postorder([objective], (term) => (named.has(term) ? [] : operandsOf(term)));
    return parts.some(
      (term) => !named.has(term) && !HARMLESS.has(term.kind) && operandsOf(term).length === 0,
    );
  }

  /** Weights that are on no way to the objective, as it is written. */
  #withoutInfluence(update: UpdateAction): ReadonlySet<string> {
    const b = createBuilder(operations, { simplify: false, budget: this.#options.budget });
    const objective = this.#evaluation(false, b).value(update.objective);
    const weights = this.#leaves(update.nets, b);
    const gradients = gradient(
      b,
      objective,
      weights.map((w) => w.leaf),
    );
    return new Set(weights.flatMap(({ name }, i) => (splat(gradients[i]!) === 0 ? [name] : [])));
  }

  /**
   * Each distinct training evaluation moves its averages once in a step: where it is first needed. Two conditional blocks
   * that both need it, and nothing outside of them, evaluate and move in each.
   */
  #move(moves: readonly Move[], block: Block): void {
    const site: Site = { block, index: block.items.length };
    for (const move of moves) {
      const key = `${move.evaluation.id} ${move.value.id} ${move.stat}`;
      const known = this.#moves.get(key);
      if (known) known.sites.push(site);
      else this.#moves.set(key, { move, sites: [site] });
      this.#needs.push(move.value);
      this.#versions.bump(this.#changes.ofStatistic(move.stat), block);
    }
  }

  /** At the end of logged steps, on what is there then; names of those whose sources this phase samples. */
  #metrics(sampled: ReadonlySet<string>): string[] {
    const metrics = this.#model.values.filter(
      (v) => v.kind === 'metric' && [...sourcesOf([v.term])].every((source) => sampled.has(source)),
    );
    if (metrics.length === 0) return [];
    const { span } = metrics[0]!;
    const block = new Block({ kind: 'when', guard: { kind: 'logged' }, span }, this.#root);
    const here = this.#evaluation(false);
    for (const { name, term, span } of metrics) {
      this.#options.budget.begin(span);
      const value = here.value(term);
      this.#needs.push(value);
      block.statement([{ kind: 'log', name, value }], [value]);
    }
    return metrics.map((v) => v.name);
  }

  #evaluation(moving: boolean, b = this.#b): Evaluation {
    const versions = this.#versions;
    const setting: Setting = {
      training: true,
      copy: 'live',
      source: (name) => ({ version: versions.current(sourceKey(name)), count: versions.countOf(name) }),
      state: ({ state, count }) => ({
        version: versions.current(stateKey(state)),
        count: this.#inPhase(count),
      }),
      batch: this.#batch,
      weight: (copy, name) => versions.current(weightKey(copy, name)),
      stat: (copy, name) => versions.current(statKey(copy, name)),
      draw: versions.current(DRAWS),
      keepsAverage: (net) => this.#averaging.has(net),
      iterate: (kernel, version, u, v) => {
        if (!moving) return null;
        const after = versions.iterate(kernel, version, [statKey('live', u), statKey('live', v)]);
        if (!this.#iterations.has(after)) this.#iterations.set(after, { kernel, u, v });
        return after;
      },
    };
    return new Evaluation(this.#model, b, setting, b === this.#b ? this.#names : undefined);
  }

  #leaves(nets: readonly string[], b = this.#b): { name: string; leaf: LeafNode }[] {
    return this.#model.nets
      .filter((net) => nets.includes(net.name))
      .flatMap((net) => net.weights)
      .map(({ name, shape }) => {
        const version = this.#versions.current(weightKey('live', name));
        return { name, leaf: b.leaf({ kind: 'weight', name, copy: 'live', version }, shape, null) };
      });
  }

  #text(update: UpdateAction): string {
    const written = this.#options.text?.(update.span);
    if (written) return onOneLine(written);
    const what = update.objective.name ?? (update.losses.join(', ') || 'an expression');
    return `update ${update.nets.join(', ')} to ${update.direction} ${what} with ${update.optimizer}`;
  }

  /** Names of nets, each once, in the order of the file. */
  #inOrder(nets: readonly string[]): string[] {
    return this.#model.nets.map((net) => net.name).filter((name) => nets.includes(name));
  }
}

/** Numbers of the file and the clocks: known to be finite, or of no update's making. */
const HARMLESS: ReadonlySet<Term['kind']> = new Set(['constant', 'host', 'turn']);

/** A weight itself, as a gradient or a loss: read before the statement changes it. */
function asItIs(b: GraphBuilder, node: Node): Node {
  return node.kind === 'leaf' && node.leaf.kind === 'weight' ? b.op('stop', [node]) : node;
}

function guardOf(action: Extract<Action, { kind: 'every' | 'once' | 'if' }>): Guard {
  switch (action.kind) {
    case 'every':
      return { kind: 'every', period: action.period };
    case 'once':
      return { kind: 'once' };
    case 'if':
      return { kind: 'if', condition: action.condition };
  }
}

/** Whether a block is executed in each step. */
function surely(block: Block): boolean {
  return block.parent === null || (block.sure && surely(block.parent));
}

/** All statements in the order of the text, whatever block they stand in. */
function flat(body: readonly Action[]): Action[] {
  return body.flatMap((action) => ('body' in action ? [action, ...flat(action.body)] : [action]));
}
