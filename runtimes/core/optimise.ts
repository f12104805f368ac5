/**
 * The optimisers, in PyTorch's formulas and defaults (torch.optim, 2.x). State belongs to (optimiser, weight). Every
 * step makes new tensors: backends cache packed weights by data id, so nothing is ever changed in place.
 */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { CompiledModel, Hyper } from './model.ts';

type Rule = CompiledModel['optimizers'][number]['rule'];

/** What an optimiser remembers of one weight: how many steps it made, and its slots (`m`, `v`, `momentum`, …). */
export interface OptimizerState {
  steps: number;
  slots: Record<string, Tensor>;
}

type Slots = Partial<Record<string, Tensor>>;
interface Stepped {
  weight: Tensor;
  slots: Slots;
}
type RuleStep = (
  w: Tensor,
  g: Tensor,
  s: Slots,
  t: number,
  h: (key: string) => number,
  hyper: Hyper,
) => Stepped;

/** Which slots a rule keeps, so that a checkpoint can be checked. */
export const slotNames: Record<Rule, readonly string[]> = {
  sgd: ['momentum'],
  adam: ['m', 'v'],
  adamw: ['m', 'v'],
  rmsprop: ['square', 'momentum'],
  adagrad: ['sum'],
};

const defaults: Record<Rule, Readonly<Record<string, number>>> = {
  sgd: { lr: 1e-3, momentum: 0 },
  adam: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  adamw: { lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 1e-2 },
  rmsprop: { lr: 1e-2, decay: 0.99, momentum: 0, epsilon: 1e-8 },
  adagrad: { lr: 1e-2, epsilon: 1e-10 },
};

/** keep·old + (1 − keep)·fresh, where there may be no old one (it counts as 0). */
function blend(old: Tensor | undefined, fresh: Tensor, keep: number): Tensor {
  const part = tf.mul(fresh, 1 - keep);
  return old === undefined ? part : tf.add(tf.mul(old, keep), part);
}

const adam: RuleStep = (w, g, s, t, h) => {
  const m = blend(s.m, g, h('beta1'));
  const v = blend(s.v, tf.square(g), h('beta2'));
  const rate = h('lr') / (1 - h('beta1') ** t);
  const scale = 1 / Math.sqrt(1 - h('beta2') ** t);
  const denominator = tf.add(tf.mul(tf.sqrt(v), scale), h('epsilon'));
  return { weight: tf.sub(w, tf.mul(tf.div(m, denominator), rate)), slots: { m, v } };
};

const rules: Record<Rule, RuleStep> = {
  sgd: (w, g, s, _t, h, hyper) => {
    const momentum = h('momentum');
    if (momentum === 0) return { weight: tf.sub(w, tf.mul(g, h('lr'))), slots: {} };
    const buffer = s.momentum === undefined ? tf.clone(g) : tf.add(tf.mul(s.momentum, momentum), g);
    const direction = hyper.nesterov === true ? tf.add(g, tf.mul(buffer, momentum)) : buffer;
    return { weight: tf.sub(w, tf.mul(direction, h('lr'))), slots: { momentum: buffer } };
  },
  adam,
  // Loshchilov & Hutter 2019: the decay acts on the weight, not through the moments.
  adamw: (w, g, s, t, h, hyper) => adam(tf.mul(w, 1 - h('lr') * h('decay')), g, s, t, h, hyper),
  rmsprop: (w, g, s, _t, h) => {
    const square = blend(s.square, tf.square(g), h('decay'));
    const direction = tf.div(g, tf.add(tf.sqrt(square), h('epsilon')));
    const momentum = h('momentum');
    if (momentum === 0) return { weight: tf.sub(w, tf.mul(direction, h('lr'))), slots: { square } };
    const buffer = s.momentum === undefined ? direction : tf.add(tf.mul(s.momentum, momentum), direction);
    return { weight: tf.sub(w, tf.mul(buffer, h('lr'))), slots: { square, momentum: buffer } };
  },
  adagrad: (w, g, s, _t, h) => {
    const squared = tf.square(g);
    const sum = s.sum === undefined ? squared : tf.add(s.sum, squared);
    const direction = tf.div(g, tf.add(tf.sqrt(sum), h('epsilon')));
    return { weight: tf.sub(w, tf.mul(direction, h('lr'))), slots: { sum } };
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
  const h = (key: string) => {
    const given = hyper[key];
    return typeof given === 'number' ? given : (defaults[rule][key] ?? 0);
  };
  const done = tf.tidy(() => {
    const { weight: fresh, slots } = rules[rule](weight, gradient, state?.slots ?? {}, steps, h, hyper);
    return { weight: fresh, ...Object.fromEntries(Object.entries(slots).map(([k, v]) => [`slot ${k}`, v!])) };
  }) as Record<string, Tensor>;
  const slots: Record<string, Tensor> = {};
  for (const [key, value] of Object.entries(done)) if (key !== 'weight') slots[key.slice(5)] = value;
  return { weight: done.weight!, state: { steps, slots } };
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
