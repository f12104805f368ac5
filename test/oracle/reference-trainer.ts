/**
 * Runs a plan in float64, step by step as it stands, and holds it to its word: a value that is used before it is computed or
 * after it is freed, computed twice, or left over at the end of a step is an error.
 */

import { countAt } from '../../src/ir/count.ts';
import type { LeafNode, Node } from '../../src/ir/graph.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import type { Count, Distribution, NDArray } from '../../src/ir/types.ts';
import { isMade } from '../../src/plan/place.ts';
import type { Guard, OutputPlan, PhasePlan, Plan, Step } from '../../src/plan/plan.ts';
import { OracleState, type Supply } from './state.ts';

export class ReferenceTrainer {
  readonly plan: Plan;
  readonly state: OracleState;
  #logged: Record<string, number> = {};
  #phase: PhasePlan;
  #logging = true;

  constructor(plan: Plan, supply: Supply) {
    this.plan = plan;
    this.state = new OracleState(plan, supply);
    this.#phase = plan.phases[0]!;
  }

  begin(phase: PhasePlan): void {
    this.#phase = phase;
    this.state.freeze(phase.frozen);
    this.state.startStates(phase.batch);
  }

  /** One step; the losses that it evaluated (as it last did), and metrics. */
  async step(
    number: number,
    options: { logging?: boolean; epoch?: number } = {},
  ): Promise<Record<string, number>> {
    const { steps } = this.#phase;
    this.#logged = {};
    this.#logging = options.logging ?? true;
    this.state.clock = {
      step: number,
      epoch: options.epoch ?? 0,
      progress: steps === null ? 0 : number / steps,
    };
    const values = new Map<Node, NDArray>();
    await this.#run(this.#phase.body, values);
    if (values.size > 0) throw new Error(`${values.size} values were never freed`);
    return this.#logged;
  }

  async #run(steps: readonly Step[], values: Map<Node, NDArray>): Promise<void> {
    const { state } = this;
    for (const step of steps) {
      switch (step.kind) {
        case 'sample':
          await state.sample(step.sources, this.#count(step.count));
          break;
        case 'compute':
          if (values.has(step.node)) throw new Error(`${step.node.origin} is computed twice`);
          values.set(step.node, this.#compute(step.node, values));
          break;
        case 'fuse': {
          const inside = new Map(values);
          for (const node of step.nodes) inside.set(node, this.#compute(node, inside));
          for (const node of step.results) {
            if (values.has(node)) throw new Error(`${node.origin} is computed twice`);
            values.set(node, inside.get(node)!);
          }
          break;
        }
        case 'loop': {
          const known = new Map(step.node.args.map((arg) => [arg, this.#read(arg, values)]));
          for (const node of step.results) {
            if (values.has(node)) throw new Error(`${node.origin} is computed twice`);
            values.set(node, this.#evaluate(node, known));
          }
          break;
        }
        case 'free':
          for (const node of step.nodes) {
            if (!values.delete(node)) throw new Error(`${node.origin} is freed twice`);
          }
          break;
        case 'update': {
          const gradients = step.gradients.map((node) => this.#read(node, values));
          state.update(step.optimizer, step.weights, gradients);
          break;
        }
        case 'set':
          state.states[step.state] = this.#read(step.value, values);
          break;
        case 'save':
          state.save(step.nets);
          break;
        case 'restore':
          state.restore(step.nets);
          break;
        case 'clip':
          state.clip(step.net, step.to);
          break;
        case 'average':
          state.average(step.net, state.host(step.decay));
          break;
        case 'move':
          step.stats.forEach((stat, i) => {
            state.move(stat, this.#read(step.values[i]!, values), step.keep);
          });
          break;
        case 'iterate':
          state.iterate(step.kernel, step.u, step.v);
          break;
        case 'log':
          this.#logged[step.name] = this.#read(step.value, values).data[0]!;
          break;
        case 'repeat': {
          const count = Math.floor(state.host(step.count));
          for (let i = 0; i < count; i++) await this.#run(step.body, values);
          break;
        }
        case 'when':
          if (this.#holds(step.guard)) await this.#run(step.body, values);
          break;
      }
    }
  }

  #holds(guard: Guard): boolean {
    switch (guard.kind) {
      case 'every':
        return this.state.clock.step % guard.period === 0;
      case 'if':
        return this.state.host(guard.condition) !== 0;
      case 'once':
        return this.state.clock.step === 0;
      case 'logged':
        return this.#logging;
      case 'positive':
        return this.state.host(guard.count) >= 1;
    }
  }

  #compute(node: Node, values: ReadonlyMap<Node, NDArray>): NDArray {
    if (node.kind === 'leaf' && node.leaf.kind === 'draw') return this.#draw(node, node.leaf.dist, []);
    const known = new Map<Node, NDArray>();
    if (node.kind === 'op') for (const arg of node.args) known.set(arg, this.#read(arg, values));
    return this.#evaluate(node, known);
  }

  #read(node: Node, values: ReadonlyMap<Node, NDArray>): NDArray {
    const value = values.get(node);
    if (value) return value;
    if (isMade(node))
      throw new Error(`${node.kind === 'op' ? node.op : ''} ${node.origin} has no value here`);
    return this.#evaluate(node, new Map());
  }

  #evaluate(node: Node, known: Map<Node, NDArray>): NDArray {
    const leaf = (_: unknown, at: LeafNode, turns: readonly number[]): NDArray =>
      at.leaf.kind === 'draw' ? this.#draw(at, at.leaf.dist, turns) : this.state.leaf(at.leaf);
    return evaluate([node], leaf, { batch: this.#phase.batch }, known).get(node)!;
  }

  /** In a loop the numbers of the turns belong to the name. */
  #draw(node: LeafNode, dist: Distribution, turns: readonly number[]): NDArray {
    const shape = node.count === null ? node.shape : [this.#count(node.count), ...node.shape];
    const place = [this.#phase.draws.get(node)!, ...turns].join('/');
    return this.state.supply.draw(place, dist, shape, this.state.sampled);
  }

  #count(count: Count): number {
    return countAt(count, this.#phase.batch);
  }
}

/** An output's value for `batch` examples; `leafValue` gives samples, draws, weights and statistics. */
export function evaluateOutput(
  output: OutputPlan,
  batch: number,
  leafValue: (node: LeafNode, turns: readonly number[]) => NDArray,
): NDArray {
  return evaluate([output.result], (_, node, turns) => leafValue(node, turns), { batch }).get(output.result)!;
}
