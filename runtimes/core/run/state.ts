/** Everything that a run holds and a checkpoint keeps: tensors by name, and the counts that stand beside them. */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { drawValues } from '../random.ts';
import { table } from '../table.ts';
import { initialStat, initialWeight } from './initialise.ts';
import type { CompiledModel, StateSpec } from './model.ts';
import type { OptimizerState } from './optimise.ts';

type Tensors = Record<string, Tensor>;

/** With the count as first axis, where it holds examples. */
export function stateShape({ shape, count }: Pick<StateSpec, 'shape' | 'count'>, batch: number): number[] {
  if (count === null) return [...shape];
  return [count === 'batch' ? batch : count, ...shape];
}

export class State {
  /** Weights and stats by name. */
  readonly live: Tensors = table();
  readonly frozen: Tensors = table();
  /** Only of nets whose averaging has begun. */
  readonly averages: Tensors = table();
  /** By optimiser, then weight. */
  readonly optimizers: Record<string, Record<string, OptimizerState>> = table();
  readonly samples: Tensors = table();
  /** The model's `state`s. */
  readonly states: Tensors = table();
  /** Weights that a `save` keeps. */
  readonly saved: Tensors = table();
  /** Nets whose averaging has begun. */
  readonly averaging = new Set<string>();
  /** Spectral kernels whose power iteration is up to date. */
  readonly iterated = new Set<string>();
  /** How often each source was sampled. */
  readonly drawn: Record<string, number> = table();
  /** Losses as last evaluated in an update. */
  readonly losses: Record<string, number> = table();
  /** `sample` statements executed. */
  sampled = 0;
  /** Steps done in the whole run, the current phase, and steps done in it. */
  total = 0;
  phase = 0;
  step = 0;
  /** Passes that the phase's epoch source had made when the phase began. */
  epochBase = 0;
  /** The phase's beginning (frozen copies, fresh passes) has been done. */
  begun = false;

  private readonly netOf = new Map<string, string>();

  constructor(readonly model: CompiledModel) {
    for (const w of [...model.weights, ...model.stats]) this.netOf.set(w.name, w.net);
  }

  /** First values from the seed. */
  initialise(seed: number): void {
    for (const w of this.model.weights)
      this.live[w.name] = tf.tensor(initialWeight(w, seed), w.shape, 'float32');
    for (const s of this.model.stats) this.live[s.name] = tf.tensor(initialStat(s, seed), s.shape, 'float32');
    this.startStates(seed, this.model.phases[0]?.batch ?? 1);
  }

  /** Draws the states that have no value yet, and those that hold another number of examples than the phase's batch. */
  startStates(seed: number, batch: number): void {
    for (const { name, shape, count, start } of this.model.states ?? []) {
      const full = stateShape({ shape, count }, batch);
      if (this.states[name]?.shape.join() === full.join()) continue;
      const values =
        start.kind === 'value'
          ? Float32Array.from(start.values)
          : drawValues(seed, `state/${name}`, this.phase, start.dist, full);
      this.replace(this.states, name, tf.tensor(values, full, 'float32'));
    }
  }

  netNamed(tensor: string): string {
    return this.netOf.get(tensor)!;
  }

  weightsOf(net: string): string[] {
    return this.model.weights.filter((w) => w.net === net).map((w) => w.name);
  }

  statsOf(net: string): string[] {
    return this.model.stats.filter((s) => s.net === net).map((s) => s.name);
  }

  /** Puts a new tensor in the place of an old one, which is freed. */
  replace(group: Tensors, name: string, tensor: Tensor): void {
    const old = group[name];
    group[name] = tf.keep(tensor);
    if (old !== undefined && old !== tensor) old.dispose();
  }

  clear(group: Tensors): void {
    for (const name of Object.keys(group)) {
      group[name]!.dispose();
      delete group[name];
    }
  }

  /** Frees every tensor. */
  dispose(): void {
    for (const group of [this.live, this.frozen, this.averages, this.samples, this.states, this.saved])
      this.clear(group);
    for (const states of Object.values(this.optimizers)) {
      for (const state of Object.values(states)) tf.dispose(Object.values(state.slots));
    }
  }
}
