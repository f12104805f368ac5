/**
 * The optimisers, in PyTorch's formulas and defaults (torch.optim, 2.x). State belongs to (optimiser, weight). Every
 * step makes new tensors: backends cache packed weights by data id, so nothing is ever changed in place.
 */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { fusedEach } from '../nn/segments.ts';
import type { CompiledModel, Hyper } from './model.ts';

type Rule = CompiledModel['optimizers'][number]['rule'];

/** What an optimiser remembers of one weight: how many steps it made, and its slots (`m`, `v`, `momentum`, …). */
export interface OptimizerState {
  steps: number;
  slots: Record<string, Tensor>;
}

/** The slots that a rule keeps of each weight from its first step on, and those that its settings may add. */
export const slotsOf: Record<Rule, { always: readonly string[]; perhaps: readonly string[] }> = {
  sgd: { always: [], perhaps: ['momentum'] },
  adam: { always: ['m', 'v'], perhaps: [] },
  adamw: { always: ['m', 'v'], perhaps: [] },
  rmsprop: { always: ['square'], perhaps: ['momentum'] },
  adagrad: { always: ['sum'], perhaps: [] },
};

const defaults: Record<Rule, Readonly<Record<string, number>>> = {
  sgd: { lr: 1e-3, momentum: 0 },
  adam: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  adamw: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 1e-2 },
  rmsprop: { lr: 1e-2, decay: 0.99, momentum: 0, epsilon: 1e-8 },
  adagrad: { lr: 1e-2, epsilon: 1e-10 },
};

/** What a rule makes of its hyperparameters: a formula (see fused.ts) of `w`, `g` and slots, and its numbers. */
interface Formula {
  text: string;
  numbers: Record<string, number>;
  /** The slots that it reads. It gives `next_w`, and `next_…` of the slots that it keeps. */
  slots: string[];
}
type RuleFormula = (h: (key: string) => number, steps: number, started: Started, hyper: Hyper) => Formula;
/** Slots that exist already; the others count as 0. */
type Started = (slot: string) => boolean;

/** slot ← keep·slot + (1 − keep)·fresh. */
const blend = (slot: string, fresh: string, keep: string, started: boolean) =>
  started
    ? `next_${slot} = ${slot} * ${keep} + ${fresh} * rest_${keep}`
    : `next_${slot} = ${fresh} * rest_${keep}`;
/** The numbers that it names. */
const blending = (keep: string, value: number, started: boolean) =>
  started ? { [keep]: value, [`rest_${keep}`]: 1 - value } : { [`rest_${keep}`]: 1 - value };

const adam: RuleFormula = (h, steps, started) => ({
  text: [
    blend('m', 'g', 'beta1', started('m')),
    blend('v', 'square(g)', 'beta2', started('v')),
    'next_w = w - next_m / (sqrt(next_v) * scale + epsilon) * rate',
  ].join('; '),
  numbers: {
    ...blending('beta1', h('beta1'), started('m')),
    ...blending('beta2', h('beta2'), started('v')),
    scale: 1 / Math.sqrt(1 - h('beta2') ** steps),
    epsilon: h('epsilon'),
    rate: h('lr') / (1 - h('beta1') ** steps),
  },
  slots: ['m', 'v'].filter(started),
});

const rules: Record<Rule, RuleFormula> = {
  sgd(h, _, started, hyper) {
    const rate = h('lr');
    const keep = h('momentum');
    if (keep === 0) return { text: 'next_w = w - g * rate', numbers: { rate }, slots: [] };
    const nesterov = hyper.nesterov === true;
    const numbers: Record<string, number> = started('momentum') || nesterov ? { rate, keep } : { rate };
    // The first gradient itself begins the momentum.
    const buffer = started('momentum') ? 'momentum * keep + g' : 'g * 1';
    const direction = nesterov ? '(g + next_momentum * keep)' : 'next_momentum';
    return {
      text: `next_momentum = ${buffer}; next_w = w - ${direction} * rate`,
      numbers,
      slots: ['momentum'].filter(started),
    };
  },
  adam,
  // Loshchilov & Hutter 2019: the decay acts on the weight, not through the moments.
  adamw(h, steps, started, hyper) {
    const { text, numbers, slots } = adam(h, steps, started, hyper);
    return {
      text: text.replace('next_w = w ', 'next_w = w * shrink '),
      numbers: { ...numbers, shrink: 1 - h('lr') * h('decay') },
      slots,
    };
  },
  rmsprop(h, _, started) {
    const numbers = {
      ...blending('decay', h('decay'), started('square')),
      epsilon: h('epsilon'),
      rate: h('lr'),
    };
    const keep = h('momentum');
    const square = blend('square', 'square(g)', 'decay', started('square'));
    const direction = 'g / (sqrt(next_square) + epsilon)';
    if (keep === 0)
      return {
        text: `${square}; next_w = w - ${direction} * rate`,
        numbers,
        slots: ['square'].filter(started),
      };
    const buffer = started('momentum') ? `momentum * keep + ${direction}` : direction;
    return {
      text: `${square}; next_momentum = ${buffer}; next_w = w - next_momentum * rate`,
      numbers: started('momentum') ? { ...numbers, keep } : numbers,
      slots: ['square', 'momentum'].filter(started),
    };
  },
  adagrad(h, _, started) {
    const sum = started('sum') ? 'sum + square(g)' : 'square(g)';
    return {
      text: `next_sum = ${sum}; next_w = w - g / (sqrt(next_sum) + epsilon) * rate`,
      numbers: { rate: h('lr'), epsilon: h('epsilon') },
      slots: ['sum'].filter(started),
    };
  },
};

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
  rule: Rule,
  updates: readonly Update[],
  hyper: Hyper,
): { weight: Tensor; state: OptimizerState }[] {
  const h = (key: string) => {
    const given = hyper[key];
    return typeof given === 'number' ? given : (defaults[rule][key] ?? 0);
  };
  const results = new Array<{ weight: Tensor; state: OptimizerState }>(updates.length);
  // All at once, but for weights that were trained more often than others.
  for (const group of likeStates(updates)) {
    const { state } = updates[group[0]!]!;
    const steps = (state?.steps ?? 0) + 1;
    const { text, numbers, slots } = rules[rule](h, steps, (s) => state?.slots[s] !== undefined, hyper);
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
 * Scales gradients so that their norm over all of them is at most `limit` (torch.nn.utils.clip_grad_norm_). New
 * tensors; nothing is read back to the host.
 */
export function clipGradients(gradients: Record<string, Tensor>, limit: number): Record<string, Tensor> {
  return tf.tidy(() => {
    const squares = Object.values(gradients).map((g) => tf.sum(tf.square(g)));
    const norm = tf.sqrt(tf.addN(squares));
    const factor = tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1);
    const scaled = fusedEach(
      'scaled = g * factor',
      Object.values(gradients).map((g) => ({ g, factor })),
    );
    return Object.fromEntries(Object.keys(gradients).map((name, i) => [name, scaled[i]!.scaled!]));
  });
}
