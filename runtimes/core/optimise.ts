/**
 * The optimisers, in PyTorch's formulas and defaults (torch.optim, 2.x). State belongs to (optimiser, weight). Every
 * step makes new tensors: backends cache packed weights by data id, so nothing is ever changed in place.
 */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { fused } from './fused.ts';
import type { CompiledModel, Hyper } from './model.ts';

type Rule = CompiledModel['optimizers'][number]['rule'];

/** What an optimiser remembers of one weight: how many steps it made, and its slots (`m`, `v`, `momentum`, …). */
export interface OptimizerState {
  steps: number;
  slots: Record<string, Tensor>;
}

const defaults: Record<Rule, Readonly<Record<string, number>>> = {
  sgd: { lr: 1e-3, momentum: 0 },
  adam: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  adamw: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 1e-2 },
  rmsprop: { lr: 1e-2, decay: 0.99, momentum: 0, epsilon: 1e-8 },
  adagrad: { lr: 1e-2, epsilon: 1e-10 },
};

/** What a rule makes of its hyperparameters: a formula (see fused.ts) of `w`, `g` and the slots, and its numbers. */
interface Formula {
  text: string;
  numbers: Record<string, number>;
}
type RuleFormula = (h: (key: string) => number, steps: number, started: Started, hyper: Hyper) => Formula;
/** Slots that exist already; the others count as 0. */
type Started = (slot: string) => boolean;

/** slot ← keep·slot + (1 − keep)·fresh. */
const blend = (slot: string, fresh: string, keep: string, started: boolean) =>
  started
    ? `next_${slot} = ${slot} * ${keep} + ${fresh} * rest_${keep}`
    : `next_${slot} = ${fresh} * rest_${keep}`;

const adam: RuleFormula = (h, steps, started) => ({
  text: [
    blend('m', 'g', 'beta1', started('m')),
    blend('v', 'square(g)', 'beta2', started('v')),
    'next_w = w - next_m / (sqrt(next_v) * scale + epsilon) * rate',
  ].join('; '),
  numbers: {
    beta1: h('beta1'),
    rest_beta1: 1 - h('beta1'),
    beta2: h('beta2'),
    rest_beta2: 1 - h('beta2'),
    scale: 1 / Math.sqrt(1 - h('beta2') ** steps),
    epsilon: h('epsilon'),
    rate: h('lr') / (1 - h('beta1') ** steps),
  },
});

const rules: Record<Rule, RuleFormula> = {
  sgd(h, _, started, hyper) {
    const numbers = { rate: h('lr'), keep: h('momentum') };
    if (numbers.keep === 0) return { text: 'next_w = w - g * rate', numbers };
    // The first gradient itself begins the momentum.
    const buffer = started('momentum') ? 'momentum * keep + g' : 'g * 1';
    const direction = hyper.nesterov === true ? '(g + next_momentum * keep)' : 'next_momentum';
    return { text: `next_momentum = ${buffer}; next_w = w - ${direction} * rate`, numbers };
  },
  adam,
  // Loshchilov & Hutter 2019: the decay acts on the weight, not through the moments.
  adamw(h, steps, started, hyper) {
    const { text, numbers } = adam(h, steps, started, hyper);
    return {
      text: text.replace('next_w = w ', 'next_w = w * shrink '),
      numbers: { ...numbers, shrink: 1 - h('lr') * h('decay') },
    };
  },
  rmsprop(h, _, started) {
    const numbers = {
      decay: h('decay'),
      rest_decay: 1 - h('decay'),
      epsilon: h('epsilon'),
      rate: h('lr'),
      keep: h('momentum'),
    };
    const square = blend('square', 'square(g)', 'decay', started('square'));
    const direction = 'g / (sqrt(next_square) + epsilon)';
    if (numbers.keep === 0) return { text: `${square}; next_w = w - ${direction} * rate`, numbers };
    const buffer = started('momentum') ? `momentum * keep + ${direction}` : direction;
    return { text: `${square}; next_momentum = ${buffer}; next_w = w - next_momentum * rate`, numbers };
  },
  adagrad(h, _, started) {
    const sum = started('sum') ? 'sum + square(g)' : 'square(g)';
    return {
      text: `next_sum = ${sum}; next_w = w - g / (sqrt(next_sum) + epsilon) * rate`,
      numbers: { rate: h('lr'), epsilon: h('epsilon') },
    };
  },
};

/** One step for one weight. The result is new; `weight`, `gradient` and the old slots stay the caller's to free. */
export function optimiseWeight(
  rule: Rule,
  weight: Tensor,
  gradient: Tensor,
  state: OptimizerState | undefined,
  hyper: Hyper,
): { weight: Tensor; state: OptimizerState } {
  const steps = (state?.steps ?? 0) + 1;
  const old = state?.slots ?? {};
  const h = (key: string) => {
    const given = hyper[key];
    return typeof given === 'number' ? given : (defaults[rule][key] ?? 0);
  };
  const { text, numbers } = rules[rule](h, steps, (slot) => old[slot] !== undefined, hyper);
  // Only what the formula names: an operand that it does not use would still be part of the result's shape.
  const operands = Object.fromEntries(
    Object.entries({ w: weight, g: gradient, ...old, ...numbers }).filter(([name]) =>
      new RegExp(`\\b${name}\\b`).test(text),
    ),
  );
  const { next_w, ...next } = fused(text, operands);
  const slots = Object.fromEntries(Object.entries(next).map(([name, value]) => [name.slice(5), value]));
  return { weight: next_w!, state: { steps, slots } };
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
    return Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, tf.mul(g, factor)]));
  });
}
