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
  optimizers: [
    { name: 'train/D/d_loss/adam', rule: 'adam', update: { phase: 'train', nets: ['D'], goal: 'minimize d_loss', settings: 'adam(1e-3, beta1 = 0)' } },
    { name: 'train/G/g_loss/adam', rule: 'adam', update: { phase: 'train', nets: ['G'], goal: 'minimize g_loss', settings: 'adam(1e-3 * (1 - progress), beta1 = 0)' } },
  ],
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
    { name: 'samples', type: { meaning: 'tensor', shape: [2] }, doc: 'Points, drawn as a scatter.', sources: ['z'], evaluate: samples },
  ],
  probes: [{ name: 'D', source: 'x', evaluate: D_at_x }],
};

// Formulas: each is one pass over memory, and sums and means in it run over the axes behind it.
const denseRelu = nn.formula('(product, bias) => relu(product + bias)');
const denseTanh = nn.formula('(product, bias) => tanh(product + bias)');
const tanhGradient = nn.formula('(x, d) => { dx = 1 - square(x); dx2 = d * dx }');
const powSumAndGradient = nn.formula('(d_x, k) => { total = sum(square(d_x)); dx = d_x * k }', [1]);
const tanhGradient$2 = nn.formula('(dy, dy2, d, x) => { dx = sum(dy * dy2); dx2 = x * (dy * d * -2) }', [0]);
const expectR1 = nn.formula('(total) => mean(total) * 0.5', [0]);
const denseDLossAndGradient = nn.formula(`(product, bias, product2, scaled, k) => {
  negative = -(product + bias);
  let shifted2 = product2 + bias;
  shifted = mean(softplus(negative)) + mean(softplus(shifted2)) + scaled;
  let dy = sigmoid(shifted2);
  dx = k * dy;
  d_bias = sum(dy) * k;
}`, [0]);
const tanhDenseGradient = nn.formula('(x, dy) => { dx = dy * (1 - square(x)); d_bias = sum(dx) }', [0]);
const softplusDenseGradient = nn.formula(`(negative, k, d_bias) => {
  let dy = sigmoid(negative);
  dx = -(k * dy);
  d_bias2 = d_bias - sum(dy) * k;
}`, [0]);
const denseTanhGradient = nn.formula(`(dy, dy2, dy3, d_bias_before) => {
  dx = (dy + dy2) * dy3;
  d_bias = d_bias_before + sum(dx);
}`, [0]);
const denseGradient = nn.formula(`(d_kernel, d_kernel2, d_kernel_before) =>
  d_kernel + d_kernel2 + d_kernel_before`);
const denseGLossAndGradient = nn.formula(`(product, bias, k) => {
  let negative = -(product + bias);
  m = mean(softplus(negative));
  dx = -(k * sigmoid(negative));
}`, [0]);
const tanhGradient$3 = nn.formula('(x, dy) => dy * (1 - square(x))');
const reluDenseGradient = nn.formula('(x, dy) => { dx = dy * step(x, 0); d_bias = sum(dx) }', [0]);
const denseSure = nn.formula('(product, bias) => mean(sigmoid(product + bias))', [0]);

/** Evaluates `G` (line 7): gives `dense_2`, and what the way back needs if `keep`. */
function G(w, z, keep) {
  // line 7: dense(8)
  const product_1 = tf.matMul(z, w['G/dense_1/kernel']);
  // line 7: relu
  const relu = denseRelu(product_1, w['G/dense_1/bias']);
  tf.dispose(product_1);
  // line 7: dense(2)
  const product_2 = tf.matMul(relu, w['G/dense_2/kernel']);
  if (!keep) tf.dispose(relu);
  const dense_2 = tf.add(product_2, w['G/dense_2/bias']);
  tf.dispose(product_2);
  if (!keep) return [dense_2];
  return [dense_2, { relu }];
}

/** One step of phase `train` (20 steps of 16 examples). */
async function train(run) {
  const { live: w } = run;

  // ── sample x, z (line 21)
  await run.sample(['x', 'z']);
  const { x, z } = run.samples;

  // ── update D to minimize d_loss with adam(1e-3, beta1 = 0) (line 22)

  // D(x):
  // line 8: dense(8)
  const D_dense_1_product$x = tf.matMul(x, w['D/dense_1/kernel']);
  // line 8: tanh
  const D_tanh$x = denseTanh(D_dense_1_product$x, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_product$x);
  // line 8: dense(1)
  const D_dense_2_product$x = tf.matMul(D_tanh$x, w['D/dense_2/kernel']);

  const [fake] = G(w, z);

  // D(fake):
  // line 8: dense(8)
  const D_dense_1_product$fake = tf.matMul(fake, w['D/dense_1/kernel']);
  // line 8: tanh
  const D_tanh$fake = denseTanh(D_dense_1_product$fake, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_product$fake);
  // line 8: dense(1)
  const D_dense_2_product$fake = tf.matMul(D_tanh$fake, w['D/dense_2/kernel']);

  // gradient of D:
  // line 8: dense(1)
  const d_add = tf.fill([1], 1);
  const d_D_dense_2 = nn.linear(d_add, w['D/dense_2/kernel'], true);

  // gradient of D(x):
  // line 8: tanh
  const [d_D_tanh_sub$x, d_D_dense_1$x] = tanhGradient(D_tanh$x, d_D_dense_2);
  // line 8: dense(8)
  const d_x$x = tf.matMul(d_D_dense_1$x, w['D/dense_1/kernel'], false, true);
  const d_pow_mul = (0.5 / run.batch) * 2;

  // line 11 and its gradient: let r1 = gamma / 2 * expect(sum(grad(D(x), x) ^ 2))
  const [sum, d_pow] = powSumAndGradient(d_x$x, d_pow_mul);
  tf.dispose(d_x$x);

  // gradient of the gradient of D(x):
  // line 8: dense(8)
  const d_d_D_dense_1$x = tf.matMul(d_pow, w['D/dense_1/kernel']);
  const d_D_dense_1_kernel$x = tf.matMul(d_pow, d_D_dense_1$x, true);
  tf.dispose([d_D_dense_1$x, d_pow]);
  // line 8: tanh
  const [d_d_D_dense_2, d_D_tanh$x] = tanhGradient$2(d_d_D_dense_1$x, d_D_tanh_sub$x, d_D_dense_2, D_tanh$x);
  tf.dispose([d_D_dense_2, d_d_D_dense_1$x]);
  // line 8: dense(1)
  const d_D_dense_2_kernel$x = nn.linearKernelGradient(d_d_D_dense_2, d_add);
  tf.dispose([d_add, d_d_D_dense_2]);
  const d_expect = 1 / run.batch;

  // line 11: let r1 = gamma / 2 * expect(sum(grad(D(x), x) ^ 2))
  const r1 = expectR1(sum);
  tf.dispose(sum);
  // line 8 and its gradient: dense(1)
  // line 13 and its gradient: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const [neg, d_loss, d_D_dense_2$fake, d_D_dense_2_bias$fake] = denseDLossAndGradient(
    D_dense_2_product$x, w['D/dense_2/bias'], D_dense_2_product$fake, r1, d_expect,
  );
  tf.dispose([D_dense_2_product$x, D_dense_2_product$fake, r1]);

  // gradient of D(fake):
  // line 8: dense(1)
  const d_D_tanh$fake = tf.matMul(d_D_dense_2$fake, w['D/dense_2/kernel'], false, true);
  const d_D_dense_2_kernel$fake = tf.matMul(D_tanh$fake, d_D_dense_2$fake, true);
  tf.dispose(d_D_dense_2$fake);
  // line 8: tanh
  // line 8: dense(8)
  const [d_D_dense_1$fake, d_D_dense_1_bias$fake] = tanhDenseGradient(D_tanh$fake, d_D_tanh$fake);
  tf.dispose([D_tanh$fake, d_D_tanh$fake]);
  const d_D_dense_1_kernel$fake = tf.matMul(fake, d_D_dense_1$fake, true);
  tf.dispose([fake, d_D_dense_1$fake]);

  // line 13, its gradient: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  // line 8, its gradient: dense(1)
  const [d_D_dense_2$x, d_D_dense_2_bias] = softplusDenseGradient(neg, d_expect, d_D_dense_2_bias$fake);
  tf.dispose([neg, d_D_dense_2_bias$fake]);

  // gradient of D(x):
  // line 8: dense(1)
  const d_D_tanh$x$2 = tf.matMul(d_D_dense_2$x, w['D/dense_2/kernel'], false, true);
  const d_D_dense_2_kernel$x$2 = tf.matMul(D_tanh$x, d_D_dense_2$x, true);
  tf.dispose([D_tanh$x, d_D_dense_2$x]);
  // line 8: tanh
  // line 8: dense(8)
  const [d_D_dense_1$x$2, d_D_dense_1_bias] = denseTanhGradient(
    d_D_tanh$x, d_D_tanh$x$2, d_D_tanh_sub$x, d_D_dense_1_bias$fake,
  );
  tf.dispose([d_D_tanh_sub$x, d_D_tanh$x, d_D_dense_1_bias$fake, d_D_tanh$x$2]);
  const d_D_dense_1_kernel$x$2 = tf.matMul(x, d_D_dense_1$x$2, true);
  tf.dispose(d_D_dense_1$x$2);

  // gradient of D:
  // line 8: dense(1)
  const d_D_dense_2_kernel = denseGradient(
    d_D_dense_2_kernel$x, d_D_dense_2_kernel$fake, d_D_dense_2_kernel$x$2,
  );
  tf.dispose([d_D_dense_2_kernel$x, d_D_dense_2_kernel$fake, d_D_dense_2_kernel$x$2]);
  // line 8: dense(8)
  const d_D_dense_1_kernel = denseGradient(
    d_D_dense_1_kernel$x, d_D_dense_1_kernel$fake, d_D_dense_1_kernel$x$2,
  );
  tf.dispose([d_D_dense_1_kernel$x, d_D_dense_1_kernel$fake, d_D_dense_1_kernel$x$2]);
  run.update('train/D/d_loss/adam', {
    'D/dense_1/kernel': d_D_dense_1_kernel,
    'D/dense_1/bias': d_D_dense_1_bias,
    'D/dense_2/kernel': d_D_dense_2_kernel,
    'D/dense_2/bias': d_D_dense_2_bias,
  }, { lr: 0.001, beta1: 0, beta2: 0.999, epsilon: 1e-8, clip_norm: null });
  run.log('d_loss', d_loss);
  tf.dispose(d_loss);

  // ── sample z (line 23)
  await run.sample(['z']);
  const { z: z$2 } = run.samples;

  // ── update G to minimize g_loss with adam(1e-3 * (1 - progress), beta1 = 0) (line 24)
  const [fake$2, G_z$2] = G(w, z$2, true);

  // D(fake):
  // line 8: dense(8)
  const D_dense_1_product$fake$2 = tf.matMul(fake$2, w['D/dense_1/kernel']);
  tf.dispose(fake$2);
  // line 8: tanh
  const D_tanh$fake$2 = denseTanh(D_dense_1_product$fake$2, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_product$fake$2);
  // line 8: dense(1)
  const D_dense_2_product$fake$2 = tf.matMul(D_tanh$fake$2, w['D/dense_2/kernel']);

  // line 8: dense(1)
  // line 14 and its gradient: loss g_loss = expect(softplus(-D(fake)))
  const [g_loss, d_D_dense_2$fake$2] = denseGLossAndGradient(
    D_dense_2_product$fake$2, w['D/dense_2/bias'], d_expect,
  );
  tf.dispose(D_dense_2_product$fake$2);

  // gradient of D(fake):
  // line 8: dense(1)
  const d_D_tanh$fake$2 = tf.matMul(d_D_dense_2$fake$2, w['D/dense_2/kernel'], false, true);
  tf.dispose(d_D_dense_2$fake$2);
  // line 8: tanh
  const d_D_dense_1$fake$2 = tanhGradient$3(D_tanh$fake$2, d_D_tanh$fake$2);
  tf.dispose([D_tanh$fake$2, d_D_tanh$fake$2]);
  // line 8: dense(8)
  const d_G_dense_2 = tf.matMul(d_D_dense_1$fake$2, w['D/dense_1/kernel'], false, true);
  tf.dispose(d_D_dense_1$fake$2);

  // gradient of G:
  // line 7: dense(2)
  const d_G_relu = tf.matMul(d_G_dense_2, w['G/dense_2/kernel'], false, true);

  // gradient of G(z):
  // line 7: dense(2)
  const d_G_dense_2_kernel = tf.matMul(G_z$2.relu, d_G_dense_2, true);
  // line 7: relu
  // line 7: dense(8)
  const [d_G_dense_1, d_G_dense_1_bias] = reluDenseGradient(G_z$2.relu, d_G_relu);
  tf.dispose([G_z$2.relu, d_G_relu]);
  const d_G_dense_1_kernel = tf.matMul(z$2, d_G_dense_1, true);
  tf.dispose(d_G_dense_1);

  // gradient of G:
  // line 7: dense(2)
  const d_G_dense_2_bias = tf.sum(d_G_dense_2, [0]);
  tf.dispose(d_G_dense_2);
  run.update('train/G/g_loss/adam', {
    'G/dense_1/kernel': d_G_dense_1_kernel,
    'G/dense_1/bias': d_G_dense_1_bias,
    'G/dense_2/kernel': d_G_dense_2_kernel,
    'G/dense_2/bias': d_G_dense_2_bias,
  }, { lr: 0.001 * (1 - run.progress), beta1: 0, beta2: 0.999, epsilon: 1e-8, clip_norm: null });
  run.log('g_loss', g_loss);
  tf.dispose(g_loss);

  // ── metrics, at steps that are written down
  if (run.logging) {
    // D(x):
    // line 8: dense(8)
    const D_dense_1_product$x$2 = tf.matMul(x, w['D/dense_1/kernel']);
    // line 8: tanh
    const D_tanh$x$2 = denseTanh(D_dense_1_product$x$2, w['D/dense_1/bias']);
    tf.dispose(D_dense_1_product$x$2);
    // line 8: dense(1)
    const D_dense_2_product$x$2 = tf.matMul(D_tanh$x$2, w['D/dense_2/kernel']);
    tf.dispose(D_tanh$x$2);

    // line 8: dense(1)
    // line 15: metric sure = expect(sigmoid(D(x)))
    const sure = denseSure(D_dense_2_product$x$2, w['D/dense_2/bias']);
    tf.dispose(D_dense_2_product$x$2);
    run.log('sure', sure);
    tf.dispose(sure);
  }
}

/** Points, drawn as a scatter. */
function samples(run) {
  const { output: w } = run;
  const { z } = run.samples;

  const [samples] = G(w, z);
  return samples;
}

/** The values of `D` at points `x`: a surface to be drawn under them. */
function D_at_x(run) {
  const { output: w } = run;
  const { x } = run.samples;

  // D(x):
  // line 8: dense(8)
  const D_dense_1_product = tf.matMul(x, w['D/dense_1/kernel']);
  // line 8: tanh
  const D_tanh = denseTanh(D_dense_1_product, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_product);
  // line 8: dense(1)
  const D_dense_2_product = tf.matMul(D_tanh, w['D/dense_2/kernel']);
  tf.dispose(D_tanh);
  const D = tf.add(D_dense_2_product, w['D/dense_2/bias']);
  tf.dispose(D_dense_2_product);
  return D;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=ring.js.map
