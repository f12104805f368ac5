// ownership: compiled by ganc from ownership.gan. "line 12" in a comment is a line of that file.
//
// Gradients that are one value for two weights, and that outlive the update: the run takes copies.
import * as tf from '@tensorflow/tfjs';
import { main, nn } from './runtime.js';

export const model = {
  format: 1,
  name: 'ownership',
  doc: 'Gradients that are one value for two weights, and that outlive the update: the run takes copies.',
  source: 'ownership.gan',
  params: {},
  data: [{ fields: [{ name: 'x', type: { meaning: 'tensor', shape: [2] } }], from: 'ring' }],
  noise: [],
  nets: [{ name: 'N', from: null }],
  weights: [
    { name: 'N/weight_1/value', net: 'N', shape: [2], init: { kind: 'constant', value: 0 }, fanIn: 1, fanOut: 2 },
    { name: 'N/weight_2/value', net: 'N', shape: [2], init: { kind: 'constant', value: 0 }, fanIn: 1, fanOut: 2 },
  ],
  stats: [],
  optimizers: [
    { name: 'train/N/linear/sgd', rule: 'sgd', update: { phase: 'train', nets: ['N'], goal: 'minimize linear', settings: 'sgd(0.1)' } },
    { name: 'train/N/objective/sgd', rule: 'sgd', update: { phase: 'train', nets: ['N'], goal: 'maximize linear + progress', settings: 'sgd(0.1 * progress)' } },
    { name: 'train/N/constant/sgd', rule: 'sgd', update: { phase: 'train', nets: ['N'], goal: 'minimize constant', settings: 'sgd(0.1)' } },
  ],
  phases: [
    {
      name: 'train',
      batch: 8,
      steps: 20,
      epochs: null,
      epochSource: 'x',
      averaged: [],
      frozen: [],
      losses: ['linear', 'constant'],
      metrics: [],
      step: train,
    },
  ],
  outputs: [
    { name: 'shift', type: { meaning: 'tensor', shape: [2] }, doc: '', sources: ['x'], evaluate: shift },
    { name: 'same', type: { meaning: 'tensor', shape: [2] }, doc: '', sources: ['x'], evaluate: same },
  ],
};

// Formulas: each is one pass over memory, and sums and means in it run over the axes behind it.
const mulGradient = nn.formula('(x, k) => { d = sum(x); dx = d * k }', [0]);
const mulSlope = nn.formula('(x, shifted) => sum(x * shifted)', [1]);

/** One step of phase `train` (20 steps of 8 examples). */
async function train(run) {
  const { live: w } = run;

  // ── sample x (line 15)
  await run.sample(['x']);
  const { x } = run.samples;

  // ── repeat 2 (line 16)
  const d_linear = 1 / run.batch;

  // line 7, its gradient: let slope = sum(x * N())
  const [d_mul_sum, d_N_weight_2_value] = mulGradient(x, d_linear);
  for (let i = 1; i <= 2; i++) {
    // ── update N to minimize linear with sgd(0.1) (line 16)

    // N:
    // line 5: weight([2]) + weight([2])
    const N_add = tf.add(w['N/weight_1/value'], w['N/weight_2/value']);

    // line 7: let slope = sum(x * N())
    const slope = mulSlope(x, N_add);
    tf.dispose(N_add);
    // line 8: loss linear = expect(slope)
    const linear = tf.mean(slope, [0]);
    tf.dispose(slope);
    run.update('train/N/linear/sgd', {
      'N/weight_1/value': tf.clone(d_N_weight_2_value),
      'N/weight_2/value': tf.clone(d_N_weight_2_value),
    }, { lr: 0.1, momentum: 0, nesterov: false, clip_norm: null });
    run.log('linear', linear);
    tf.dispose(linear);
  }
  tf.dispose(d_N_weight_2_value);

  // ── update N to maximize linear + progress with sgd(0.1 * progress) (line 17)
  const d_linear$2 = -1 / run.batch;

  // N:
  // line 5: weight([2]) + weight([2])
  const N_add$2 = tf.add(w['N/weight_1/value'], w['N/weight_2/value']);

  // line 7: let slope = sum(x * N())
  const slope$2 = mulSlope(x, N_add$2);
  tf.dispose(N_add$2);
  // line 8: loss linear = expect(slope)
  const linear$2 = tf.mean(slope$2, [0]);
  tf.dispose(slope$2);
  // line 7, its gradient: let slope = sum(x * N())
  const d_N_weight_2_value$2 = tf.mul(d_mul_sum, d_linear$2);
  tf.dispose(d_mul_sum);
  run.update('train/N/objective/sgd', {
    'N/weight_1/value': d_N_weight_2_value$2,
    'N/weight_2/value': tf.clone(d_N_weight_2_value$2),
  }, { lr: 0.1 * run.progress, momentum: 0, nesterov: false, clip_norm: null });
  run.log('linear', linear$2);
  tf.dispose(linear$2);

  // ── update N to minimize constant with sgd(0.1) (line 18)

  // line 18: update N to minimize constant with sgd(0.1)
  const d_N_weight_2_value$3 = tf.fill([2], 0);
  run.update('train/N/constant/sgd', {
    'N/weight_1/value': d_N_weight_2_value$3,
    'N/weight_2/value': tf.clone(d_N_weight_2_value$3),
  }, { lr: 0.1, momentum: 0, nesterov: false, clip_norm: null });
  tf.tidy(() => run.log('constant', tf.scalar(1)));
}

/** The output `shift` of x. */
function shift(run) {
  const { output: w } = run;
  const { x } = run.samples;

  // N:
  // line 5: weight([2]) + weight([2])
  const N_add = tf.add(w['N/weight_1/value'], w['N/weight_2/value']);

  // line 11: output shift = x + N()
  const shift = tf.add(x, N_add);
  tf.dispose(N_add);
  return shift;
}

/** The output `same` of x. */
function same(run) {
  return tf.clone(run.samples.x);
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=ownership.js.map
