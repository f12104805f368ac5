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
    {
      name: 'train/N/linear/sgd',
      rule: 'sgd',
      update: { phase: 'train', nets: ['N'], goal: 'minimize linear', settings: 'sgd(0.1)' },
    },
    {
      name: 'train/N/objective/sgd',
      rule: 'sgd',
      update: {
        phase: 'train',
        nets: ['N'],
        goal: 'maximize linear + progress',
        settings: 'sgd(0.1 * progress)',
      },
    },
    {
      name: 'train/N/constant/sgd',
      rule: 'sgd',
      update: { phase: 'train', nets: ['N'], goal: 'minimize constant', settings: 'sgd(0.1)' },
    },
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

/** One step of phase `train` (20 steps of 8 examples). */
async function train(run) {
  const { live: w } = run;

  // ── sample x (line 15)
  await run.sample(['x']);
  const { x } = run.samples;

  // ── repeat 2 (line 16)
  // line 8, backwards: loss linear = expect(slope)
  const linear_back = 1 / run.batch;
  // line 7, backwards: let slope = sum(x * N())
  const { mul_back_sum, N_weight_2_value_grad } = nn.fused(
    `
      mul_back_sum = sum(x);
      N_weight_2_value_grad = mul_back_sum * linear_back;
    `,
    { x, linear_back },
    [0],
  );
  for (let i = 1; i <= 2; i++) {
    // ── update N to minimize linear with sgd(0.1) (line 16)
    // line 5: weight([2]) + weight([2])
    const N_add = tf.add(w['N/weight_1/value'], w['N/weight_2/value']);
    // line 7: let slope = sum(x * N())
    const { slope } = nn.fused('slope = sum(x * N_add)', { x, N_add }, [1]);
    tf.dispose(N_add);
    // line 8: loss linear = expect(slope)
    const linear = tf.mean(slope, [0]);
    tf.dispose(slope);
    run.update(
      'train/N/linear/sgd',
      {
        'N/weight_1/value': tf.clone(N_weight_2_value_grad),
        'N/weight_2/value': tf.clone(N_weight_2_value_grad),
      },
      { lr: 0.1, momentum: 0, nesterov: false, clip_norm: null },
    );
    run.log('linear', linear);
    tf.dispose(linear);
  }
  tf.dispose(N_weight_2_value_grad);

  // ── update N to maximize linear + progress with sgd(0.1 * progress) (line 17)
  // line 8, backwards: loss linear = expect(slope)
  const linear_back$2 = -1 / run.batch;
  // line 5: weight([2]) + weight([2])
  const N_add$2 = tf.add(w['N/weight_1/value'], w['N/weight_2/value']);
  // line 7: let slope = sum(x * N())
  const { slope$2 } = nn.fused('slope$2 = sum(x * N_add$2)', { x, N_add$2 }, [1]);
  tf.dispose(N_add$2);
  // line 8: loss linear = expect(slope)
  const linear$2 = tf.mean(slope$2, [0]);
  tf.dispose(slope$2);
  // line 7, backwards: let slope = sum(x * N())
  const N_weight_2_value_grad$2 = tf.mul(mul_back_sum, linear_back$2);
  tf.dispose(mul_back_sum);
  run.update(
    'train/N/objective/sgd',
    { 'N/weight_1/value': N_weight_2_value_grad$2, 'N/weight_2/value': tf.clone(N_weight_2_value_grad$2) },
    { lr: 0.1 * run.progress, momentum: 0, nesterov: false, clip_norm: null },
  );
  run.log('linear', linear$2);
  tf.dispose(linear$2);

  // ── update N to minimize constant with sgd(0.1) (line 18)
  // line 18, backwards: update N to minimize constant with sgd(0.1)
  const N_weight_2_value_grad$3 = tf.fill([2], 0);
  run.update(
    'train/N/constant/sgd',
    { 'N/weight_1/value': N_weight_2_value_grad$3, 'N/weight_2/value': tf.clone(N_weight_2_value_grad$3) },
    { lr: 0.1, momentum: 0, nesterov: false, clip_norm: null },
  );
  tf.tidy(() => run.log('constant', tf.scalar(1)));
}

/** The output `shift` of x. */
function shift(run) {
  const { output: w } = run;
  const { x } = run.samples;

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
