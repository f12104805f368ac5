/**
 * Steps of optimisers by their records. State belongs to (optimiser, weight). Every step makes new tensors: backends cache
 * packed weights by data id, so nothing is ever changed in place.
 */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { fusedEach } from '../nn/segments.ts';
import { type OptimiserName, type OptimiserRecord, optimisers, type Settings } from '../optimisers.ts';
import type { Hyper } from './model.ts';

/** What an optimiser remembers of one weight: how many steps it made, and its slots (`m`, `v`, `momentum`, …). */
export interface OptimizerState {
  steps: number;
  slots: Record<string, Tensor>;
}

/** A weight, its gradient, and what the optimiser remembers of it. */
export interface Update {
  weight: Tensor;
  gradient: Tensor;
  state: OptimizerState | undefined;
}

/**
 * One step for many weights: their new values and states, in the same order. The results are new; weights, gradients and
 * the old slots stay the caller's to free.
 */
export function optimise(
  rule: OptimiserName,
  updates: readonly Update[],
  hyper: Hyper,
): { weight: Tensor; state: OptimizerState }[] {
  const record: OptimiserRecord = optimisers[rule];
  const settings = settingsOf(record, hyper);
  const results = new Array<{ weight: Tensor; state: OptimizerState }>(updates.length);
  // All at once, but for weights that were trained more often than others.
  for (const group of likeStates(updates)) {
    const { state } = updates[group[0]!]!;
    const steps = (state?.steps ?? 0) + 1;
    const started = (slot: string) => state?.slots[slot] !== undefined;
    const { text, numbers, slots } = record.step(settings, { steps, started });
    const sets = group.map((i) => {
      const { weight, gradient, state } = updates[i]!;
      const set: Record<string, Tensor | number> = { w: weight, g: gradient };
      for (const slot of slots) set[slot] = state!.slots[slot]!;
      return Object.assign(set, numbers);
    });
    for (const [k, { next_w, ...next }] of fusedEach(text, sets).entries()) {
      const fresh: OptimizerState['slots'] = {};
      for (const name in next) fresh[name.slice('next_'.length)] = next[name]!;
      results[group[k]!] = { weight: next_w!, state: { steps, slots: fresh } };
    }
  }
  return results;
}

/** The parameters of a step; those that are not given have their defaults. */
function settingsOf({ parameters }: OptimiserRecord, hyper: Hyper): Settings {
  const value = (key: string) => hyper[key] ?? parameters[key]?.default;
  return {
    number(key) {
      const found = value(key);
      if (typeof found !== 'number') throw new Error(`internal: the optimiser has no number ${key}`);
      return found;
    },
    flag: (key) => value(key) === true,
  };
}

/** Indices of updates by what their states have in common: how many steps, which slots. */
function likeStates(updates: readonly Update[]): number[][] {
  const groups = new Map<string, number[]>();
  updates.forEach(({ state }, i) => {
    const key = state === undefined ? '' : `${state.steps} ${Object.keys(state.slots).join()}`;
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  return [...groups.values()];
}

/**
 * Scales tensors by one factor so that their norm together is at most `limit` (as torch.nn.utils.clip_grad_norm_ scales
 * gradients). New tensors; nothing is read back to the host.
 */
export function scaledToNorm(tensors: Record<string, Tensor>, limit: number): Record<string, Tensor> {
  return tf.tidy(() => {
    const squares = Object.values(tensors).map((g) => tf.sum(tf.square(g)));
    const norm = tf.sqrt(tf.addN(squares));
    const factor = tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1);
    const scaled = fusedEach(
      'scaled = g * factor',
      Object.values(tensors).map((g) => ({ g, factor })),
    );
    return Object.fromEntries(Object.keys(tensors).map((name, i) => [name, scaled[i]!.scaled!]));
  });
}
