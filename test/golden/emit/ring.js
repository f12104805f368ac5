// ring: compiled by ganc from ring.gan. "line 12" in a comment is a line of that file.
import * as tf from '@tensorflow/tfjs';
import { main, nn } from './runtime.js';

export const model = {
  format: 1,
  name: 'ring',
  doc: '',
  source: 'ring.gan',
  params: { gamma: 1 },
  data: [{ fields: [{ name: 'x', type: { meaning: 'tensor', shape: [2] } }], from: 'ring' }],
  noise: [{ name: 'z', dist: { kind: 'normal', mean: 0, std: 1 }, shape: [4] }],
  nets: [{ name: 'G', from: null }, { name: 'D', from: null }],
  weights: [
    { name: 'G/dense_1/kernel', net: 'G', shape: [4, 8], init: { kind: 'glorot_uniform' }, fanIn: 4, fanOut: 8 },
    { name: 'G/dense_1/bias', net: 'G', shape: [8], init: { kind: 'constant', value: 0 }, fanIn: 8, fanOut: 8 },
    { name: 'G/dense_2/kernel', net: 'G', shape: [8, 2], init: { kind: 'glorot_uniform' }, fanIn: 8, fanOut: 2 },
    { name: 'G/dense_2/bias', net: 'G', shape: [2], init: { kind: 'constant', value: 0 }, fanIn: 2, fanOut: 2 },
    { name: 'D/dense_1/kernel', net: 'D', shape: [2, 8], init: { kind: 'glorot_uniform' }, fanIn: 2, fanOut: 8 },
    { name: 'D/dense_1/bias', net: 'D', shape: [8], init: { kind: 'constant', value: 0 }, fanIn: 8, fanOut: 8 },
    { name: 'D/dense_2/kernel', net: 'D', shape: [8, 1], init: { kind: 'glorot_uniform' }, fanIn: 8, fanOut: 1 },
    { name: 'D/dense_2/bias', net: 'D', shape: [1], init: { kind: 'constant', value: 0 }, fanIn: 1, fanOut: 1 },
  ],
  stats: [],
  optimizers: [{ name: 'train/update_1', rule: 'adam' }, { name: 'train/update_2', rule: 'adam' }],
  phases: [
    {
      name: 'train',
      batch: 16,
      steps: 20,
      epochs: null,
      epochSource: 'x',
      averaged: [],
      frozen: [],
      losses: ['d_loss', 'g_loss'],
      metrics: ['sure'],
      step: train,
    },
  ],
  outputs: [
    {
      name: 'samples',
      type: { meaning: 'tensor', shape: [2] },
      doc: 'Points, drawn as a scatter.',
      sources: ['z'],
      evaluate: samples,
    },
  ],
};

/** One step of phase `train` (20 steps of 16 examples). */
async function train(run) {
  const { live: w } = run;

  // ── sample x, z (line 21)
  await run.sample(['x', 'z']);
  const { x, z } = run.samples;

  // ── update D to minimize d_loss with adam(1e-3, beta1 = 0) (line 22)
  // line 8: dense(8)
  const D_dense_1_linear$x = tf.matMul(x, w['D/dense_1/kernel']);
  const D_dense_1$x = tf.add(D_dense_1_linear$x, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_linear$x);
  // line 8: tanh
  const D_tanh$x = tf.tanh(D_dense_1$x);
  tf.dispose(D_dense_1$x);
  // line 8: dense(1)
  const D_dense_2_linear$x = tf.matMul(D_tanh$x, w['D/dense_2/kernel']);
  const D_dense_2$x = tf.add(D_dense_2_linear$x, w['D/dense_2/bias']);
  tf.dispose(D_dense_2_linear$x);
  // line 13: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const neg = tf.neg(D_dense_2$x);
  tf.dispose(D_dense_2$x);
  const softplus = tf.softplus(neg);
  const expect = tf.mean(softplus, [0]);
  tf.dispose(softplus);
  // line 7: dense(8)
  const G_dense_1_linear = tf.matMul(z, w['G/dense_1/kernel']);
  const G_dense_1 = tf.add(G_dense_1_linear, w['G/dense_1/bias']);
  tf.dispose(G_dense_1_linear);
  // line 7: relu
  const G_relu = tf.relu(G_dense_1);
  tf.dispose(G_dense_1);
  // line 7: dense(2)
  const G_dense_2_linear = tf.matMul(G_relu, w['G/dense_2/kernel']);
  tf.dispose(G_relu);
  const fake = tf.add(G_dense_2_linear, w['G/dense_2/bias']);
  tf.dispose(G_dense_2_linear);
  // line 8: dense(8)
  const D_dense_1_linear$fake = tf.matMul(fake, w['D/dense_1/kernel']);
  const D_dense_1$fake = tf.add(D_dense_1_linear$fake, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_linear$fake);
  // line 8: tanh
  const D_tanh$fake = tf.tanh(D_dense_1$fake);
  tf.dispose(D_dense_1$fake);
  // line 8: dense(1)
  const D_dense_2_linear$fake = tf.matMul(D_tanh$fake, w['D/dense_2/kernel']);
  const D_dense_2$fake = tf.add(D_dense_2_linear$fake, w['D/dense_2/bias']);
  tf.dispose(D_dense_2_linear$fake);
  // line 13: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const softplus$2 = tf.softplus(D_dense_2$fake);
  const expect$2 = tf.mean(softplus$2, [0]);
  tf.dispose(softplus$2);
  const add = tf.add(expect, expect$2);
  tf.dispose([expect, expect$2]);
  // line 8: dense(1)
  const D_dense_2_broadcast_to = tf.fill([1], 1);
  const D_dense_2 = nn.linear(D_dense_2_broadcast_to, w['D/dense_2/kernel'], true);
  // line 8: tanh
  const D_tanh_square$x = tf.square(D_tanh$x);
  const D_tanh_sub$x = tf.sub(1, D_tanh_square$x);
  tf.dispose(D_tanh_square$x);
  const D_tanh$x$2 = tf.mul(D_dense_2, D_tanh_sub$x);
  // line 8: dense(8)
  const D_dense_1$x$2 = tf.matMul(D_tanh$x$2, w['D/dense_1/kernel'], false, true);
  // line 11: let r1 = gamma / 2 * expect(sum(grad(D(x), x) ^ 2))
  const pow = tf.square(D_dense_1$x$2);
  const sum = tf.sum(pow, [1]);
  tf.dispose(pow);
  const expect$3 = tf.mean(sum, [0]);
  tf.dispose(sum);
  const r1 = tf.mul(expect$3, 0.5);
  tf.dispose(expect$3);
  // line 13: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const d_loss = tf.add(add, r1);
  tf.dispose([add, r1]);
  // line 11, backwards: let r1 = gamma / 2 * expect(sum(grad(D(x), x) ^ 2))
  const expect_back = 0.5 / run.batch;
  const pow_back_mul = expect_back * 2;
  const pow_back = tf.mul(D_dense_1$x$2, pow_back_mul);
  tf.dispose(D_dense_1$x$2);
  // line 8, backwards: dense(8)
  const D_dense_1_back_linear$x = tf.matMul(pow_back, w['D/dense_1/kernel']);
  const D_dense_1_back$x = tf.matMul(pow_back, D_tanh$x$2, true);
  tf.dispose([D_tanh$x$2, pow_back]);
  // line 8, backwards: tanh
  const D_tanh_back_mul$x = tf.mul(D_dense_1_back_linear$x, D_tanh_sub$x);
  const D_tanh_back_sum$x = tf.sum(D_tanh_back_mul$x, [0]);
  tf.dispose(D_tanh_back_mul$x);
  const D_tanh_back_mul$x$2 = tf.mul(D_dense_1_back_linear$x, D_dense_2);
  tf.dispose([D_dense_2, D_dense_1_back_linear$x]);
  const D_tanh_back_mul$x$3 = tf.mul(D_tanh_back_mul$x$2, -2);
  tf.dispose(D_tanh_back_mul$x$2);
  const D_tanh_back$x = tf.mul(D_tanh$x, D_tanh_back_mul$x$3);
  tf.dispose(D_tanh_back_mul$x$3);
  // line 8, backwards: dense(1)
  const D_dense_2_back$x = nn.linearKernelGradient(D_tanh_back_sum$x, D_dense_2_broadcast_to);
  tf.dispose([D_dense_2_broadcast_to, D_tanh_back_sum$x]);
  // line 13, backwards: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const expect_back$2 = 1 / run.batch;
  const softplus_back_sigmoid = tf.sigmoid(D_dense_2$fake);
  tf.dispose(D_dense_2$fake);
  const softplus_back = tf.mul(expect_back$2, softplus_back_sigmoid);
  tf.dispose(softplus_back_sigmoid);
  // line 8, backwards: dense(1)
  const D_dense_2_back_sum$fake = tf.sum(softplus_back, [0]);
  const D_dense_2_back_linear$fake = tf.matMul(softplus_back, w['D/dense_2/kernel'], false, true);
  const D_dense_2_back_linear_kernel_gradient$fake = tf.matMul(D_tanh$fake, softplus_back, true);
  tf.dispose(softplus_back);
  const D_dense_2_back = tf.add(D_dense_2_back$x, D_dense_2_back_linear_kernel_gradient$fake);
  tf.dispose([D_dense_2_back$x, D_dense_2_back_linear_kernel_gradient$fake]);
  // line 8, backwards: tanh
  const D_tanh_back_square$fake = tf.square(D_tanh$fake);
  tf.dispose(D_tanh$fake);
  const D_tanh_back_sub$fake = tf.sub(1, D_tanh_back_square$fake);
  tf.dispose(D_tanh_back_square$fake);
  const D_tanh_back$fake = tf.mul(D_dense_2_back_linear$fake, D_tanh_back_sub$fake);
  tf.dispose([D_dense_2_back_linear$fake, D_tanh_back_sub$fake]);
  // line 8, backwards: dense(8)
  const D_dense_1_back_sum$fake = tf.sum(D_tanh_back$fake, [0]);
  const D_dense_1_back_linear_kernel_gradient$fake = tf.matMul(fake, D_tanh_back$fake, true);
  tf.dispose([fake, D_tanh_back$fake]);
  const D_dense_1_back = tf.add(D_dense_1_back$x, D_dense_1_back_linear_kernel_gradient$fake);
  tf.dispose([D_dense_1_back$x, D_dense_1_back_linear_kernel_gradient$fake]);
  // line 13, backwards: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const softplus_back_sigmoid$2 = tf.sigmoid(neg);
  tf.dispose(neg);
  const softplus_back$2 = tf.mul(expect_back$2, softplus_back_sigmoid$2);
  tf.dispose(softplus_back_sigmoid$2);
  const neg_back = tf.neg(softplus_back$2);
  // line 8, backwards: dense(1)
  const D_dense_2_back_sum$x = tf.sum(softplus_back$2, [0]);
  tf.dispose(softplus_back$2);
  const D_dense_2_bias_grad = tf.sub(D_dense_2_back_sum$fake, D_dense_2_back_sum$x);
  tf.dispose([D_dense_2_back_sum$fake, D_dense_2_back_sum$x]);
  const D_dense_2_back_linear$x = tf.matMul(neg_back, w['D/dense_2/kernel'], false, true);
  const D_dense_2_back_add$x = tf.add(D_tanh_back$x, D_dense_2_back_linear$x);
  tf.dispose([D_tanh_back$x, D_dense_2_back_linear$x]);
  const D_dense_2_back_linear_kernel_gradient$x = tf.matMul(D_tanh$x, neg_back, true);
  tf.dispose([D_tanh$x, neg_back]);
  const D_dense_2_kernel_grad = tf.add(D_dense_2_back, D_dense_2_back_linear_kernel_gradient$x);
  tf.dispose([D_dense_2_back, D_dense_2_back_linear_kernel_gradient$x]);
  // line 8, backwards: tanh
  const D_tanh_back$x$2 = tf.mul(D_dense_2_back_add$x, D_tanh_sub$x);
  tf.dispose([D_tanh_sub$x, D_dense_2_back_add$x]);
  // line 8, backwards: dense(8)
  const D_dense_1_back_sum$x = tf.sum(D_tanh_back$x$2, [0]);
  const D_dense_1_bias_grad = tf.add(D_dense_1_back_sum$fake, D_dense_1_back_sum$x);
  tf.dispose([D_dense_1_back_sum$fake, D_dense_1_back_sum$x]);
  const D_dense_1_back_linear_kernel_gradient$x = tf.matMul(x, D_tanh_back$x$2, true);
  tf.dispose(D_tanh_back$x$2);
  const D_dense_1_kernel_grad = tf.add(D_dense_1_back, D_dense_1_back_linear_kernel_gradient$x);
  tf.dispose([D_dense_1_back, D_dense_1_back_linear_kernel_gradient$x]);
  run.update(
    'train/update_1',
    {
      'D/dense_1/kernel': D_dense_1_kernel_grad,
      'D/dense_1/bias': D_dense_1_bias_grad,
      'D/dense_2/kernel': D_dense_2_kernel_grad,
      'D/dense_2/bias': D_dense_2_bias_grad,
    },
    { lr: 0.001, beta1: 0, beta2: 0.999, epsilon: 1e-8, clip_norm: null },
  );
  run.log('d_loss', d_loss);
  tf.dispose(d_loss);

  // ── sample z (line 23)
  await run.sample(['z']);
  const { z: z$2 } = run.samples;

  // ── update G to minimize g_loss with adam(1e-3 * (1 - progress), beta1 = 0) (line 24)
  // line 7: dense(8)
  const G_dense_1_linear$2 = tf.matMul(z$2, w['G/dense_1/kernel']);
  const G_dense_1$2 = tf.add(G_dense_1_linear$2, w['G/dense_1/bias']);
  tf.dispose(G_dense_1_linear$2);
  // line 7: relu
  const G_relu$2 = tf.relu(G_dense_1$2);
  // line 7: dense(2)
  const G_dense_2_linear$2 = tf.matMul(G_relu$2, w['G/dense_2/kernel']);
  const fake$2 = tf.add(G_dense_2_linear$2, w['G/dense_2/bias']);
  tf.dispose(G_dense_2_linear$2);
  // line 8: dense(8)
  const D_dense_1_linear$fake$2 = tf.matMul(fake$2, w['D/dense_1/kernel']);
  tf.dispose(fake$2);
  const D_dense_1$fake$2 = tf.add(D_dense_1_linear$fake$2, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_linear$fake$2);
  // line 8: tanh
  const D_tanh$fake$2 = tf.tanh(D_dense_1$fake$2);
  tf.dispose(D_dense_1$fake$2);
  // line 8: dense(1)
  const D_dense_2_linear$fake$2 = tf.matMul(D_tanh$fake$2, w['D/dense_2/kernel']);
  const D_dense_2$fake$2 = tf.add(D_dense_2_linear$fake$2, w['D/dense_2/bias']);
  tf.dispose(D_dense_2_linear$fake$2);
  // line 14: loss g_loss = expect(softplus(-D(fake)))
  const neg$2 = tf.neg(D_dense_2$fake$2);
  tf.dispose(D_dense_2$fake$2);
  const softplus$3 = tf.softplus(neg$2);
  const g_loss = tf.mean(softplus$3, [0]);
  tf.dispose(softplus$3);
  // line 14, backwards: loss g_loss = expect(softplus(-D(fake)))
  const softplus_back_sigmoid$3 = tf.sigmoid(neg$2);
  tf.dispose(neg$2);
  const softplus_back$3 = tf.mul(expect_back$2, softplus_back_sigmoid$3);
  tf.dispose(softplus_back_sigmoid$3);
  const neg_back$2 = tf.neg(softplus_back$3);
  tf.dispose(softplus_back$3);
  // line 8, backwards: dense(1)
  const D_dense_2_back$fake = tf.matMul(neg_back$2, w['D/dense_2/kernel'], false, true);
  tf.dispose(neg_back$2);
  // line 8, backwards: tanh
  const D_tanh_back_square$fake$2 = tf.square(D_tanh$fake$2);
  tf.dispose(D_tanh$fake$2);
  const D_tanh_back_sub$fake$2 = tf.sub(1, D_tanh_back_square$fake$2);
  tf.dispose(D_tanh_back_square$fake$2);
  const D_tanh_back$fake$2 = tf.mul(D_dense_2_back$fake, D_tanh_back_sub$fake$2);
  tf.dispose([D_dense_2_back$fake, D_tanh_back_sub$fake$2]);
  // line 8, backwards: dense(8)
  const D_dense_1_back$fake = tf.matMul(D_tanh_back$fake$2, w['D/dense_1/kernel'], false, true);
  tf.dispose(D_tanh_back$fake$2);
  // line 7, backwards: dense(2)
  const G_dense_2_bias_grad = tf.sum(D_dense_1_back$fake, [0]);
  const G_dense_2_back_linear = tf.matMul(D_dense_1_back$fake, w['G/dense_2/kernel'], false, true);
  const G_dense_2_kernel_grad = tf.matMul(G_relu$2, D_dense_1_back$fake, true);
  tf.dispose([G_relu$2, D_dense_1_back$fake]);
  // line 7, backwards: relu
  const G_relu_back_step = tf.step(G_dense_1$2);
  tf.dispose(G_dense_1$2);
  const G_relu_back = tf.mul(G_dense_2_back_linear, G_relu_back_step);
  tf.dispose([G_dense_2_back_linear, G_relu_back_step]);
  // line 7, backwards: dense(8)
  const G_dense_1_bias_grad = tf.sum(G_relu_back, [0]);
  const G_dense_1_kernel_grad = tf.matMul(z$2, G_relu_back, true);
  tf.dispose(G_relu_back);
  run.update(
    'train/update_2',
    {
      'G/dense_1/kernel': G_dense_1_kernel_grad,
      'G/dense_1/bias': G_dense_1_bias_grad,
      'G/dense_2/kernel': G_dense_2_kernel_grad,
      'G/dense_2/bias': G_dense_2_bias_grad,
    },
    { lr: 0.001 * (1 - run.progress), beta1: 0, beta2: 0.999, epsilon: 1e-8, clip_norm: null },
  );
  run.log('g_loss', g_loss);
  tf.dispose(g_loss);

  // ── metrics, at steps that are written down
  if (run.logging) {
    // line 8: dense(8)
    const D_dense_1_linear$x$2 = tf.matMul(x, w['D/dense_1/kernel']);
    const D_dense_1$x$3 = tf.add(D_dense_1_linear$x$2, w['D/dense_1/bias']);
    tf.dispose(D_dense_1_linear$x$2);
    // line 8: tanh
    const D_tanh$x$3 = tf.tanh(D_dense_1$x$3);
    tf.dispose(D_dense_1$x$3);
    // line 8: dense(1)
    const D_dense_2_linear$x$2 = tf.matMul(D_tanh$x$3, w['D/dense_2/kernel']);
    tf.dispose(D_tanh$x$3);
    const D_dense_2$x$2 = tf.add(D_dense_2_linear$x$2, w['D/dense_2/bias']);
    tf.dispose(D_dense_2_linear$x$2);
    // line 15: metric sure = expect(sigmoid(D(x)))
    const sigmoid = tf.sigmoid(D_dense_2$x$2);
    tf.dispose(D_dense_2$x$2);
    const sure = tf.mean(sigmoid, [0]);
    tf.dispose(sigmoid);
    run.log('sure', sure);
    tf.dispose(sure);
  }
}

/** Points, drawn as a scatter. */
function samples(run) {
  const { output: w } = run;
  const { z } = run.samples;

  // line 7: dense(8)
  const G_dense_1_linear = tf.matMul(z, w['G/dense_1/kernel']);
  const G_dense_1 = tf.add(G_dense_1_linear, w['G/dense_1/bias']);
  tf.dispose(G_dense_1_linear);
  // line 7: relu
  const G_relu = tf.relu(G_dense_1);
  tf.dispose(G_dense_1);
  // line 7: dense(2)
  const G_dense_2_linear = tf.matMul(G_relu, w['G/dense_2/kernel']);
  tf.dispose(G_relu);
  const samples = tf.add(G_dense_2_linear, w['G/dense_2/bias']);
  tf.dispose(G_dense_2_linear);
  return samples;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=ring.js.map
