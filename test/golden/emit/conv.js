// conv: compiled by ganc from conv.gan. "line 12" in a comment is a line of that file.
import * as tf from '@tensorflow/tfjs';
import { main, nn } from './runtime.js';

export const model = {
  format: 1,
  name: 'conv',
  doc: '',
  source: 'conv.gan',
  params: {},
  data: [{ fields: [{ name: 'x', type: { meaning: 'image', shape: [8, 8, 1] } }], from: 'fashion' }],
  noise: [{ name: 'z', dist: { kind: 'normal', mean: 0, std: 1 }, shape: [8] }],
  nets: [{ name: 'G', from: null }, { name: 'D', from: null }],
  weights: [
    { name: 'G/dense_1/kernel', net: 'G', shape: [8, 128], init: { kind: 'glorot_uniform' }, fanIn: 8, fanOut: 128 },
    { name: 'G/dense_1/bias', net: 'G', shape: [128], init: { kind: 'constant', value: 0 }, fanIn: 128, fanOut: 128 },
    { name: 'G/batch_norm_1/gamma', net: 'G', shape: [8], init: { kind: 'constant', value: 1 }, fanIn: 8, fanOut: 8 },
    { name: 'G/batch_norm_1/beta', net: 'G', shape: [8], init: { kind: 'constant', value: 0 }, fanIn: 8, fanOut: 8 },
    { name: 'G/conv_transpose_1/kernel', net: 'G', shape: [4, 4, 1, 8], init: { kind: 'glorot_uniform' }, fanIn: 128, fanOut: 16 },
    { name: 'G/conv_transpose_1/bias', net: 'G', shape: [1], init: { kind: 'constant', value: 0 }, fanIn: 1, fanOut: 1 },
    { name: 'D/conv_1/kernel', net: 'D', shape: [3, 3, 1, 8], init: { kind: 'glorot_uniform' }, fanIn: 9, fanOut: 72 },
    { name: 'D/conv_1/bias', net: 'D', shape: [8], init: { kind: 'constant', value: 0 }, fanIn: 8, fanOut: 8 },
    { name: 'D/dense_1/kernel', net: 'D', shape: [128, 1], init: { kind: 'glorot_uniform' }, fanIn: 128, fanOut: 1 },
    { name: 'D/dense_1/bias', net: 'D', shape: [1], init: { kind: 'constant', value: 0 }, fanIn: 1, fanOut: 1 },
  ],
  stats: [
    { name: 'G/batch_norm_1/mean', net: 'G', shape: [8], init: 'zeros' },
    { name: 'G/batch_norm_1/variance', net: 'G', shape: [8], init: 'ones' },
    { name: 'D/conv_1/u', net: 'D', shape: [9], init: 'unit' },
    { name: 'D/conv_1/v', net: 'D', shape: [8], init: 'unit' },
  ],
  optimizers: [
    { name: 'train/D/d_loss/adam', rule: 'adam', update: { phase: 'train', nets: ['D'], goal: 'minimize d_loss', settings: 'adam(2e-4, beta1 = 0.5)' } },
    { name: 'train/G/g_loss/adam', rule: 'adam', update: { phase: 'train', nets: ['G'], goal: 'minimize g_loss', settings: 'adam(2e-4, beta1 = 0.5)' } },
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
      losses: ['d_loss', 'g_loss'],
      metrics: [],
      step: train,
    },
  ],
  outputs: [
    { name: 'samples', type: { meaning: 'image', shape: [8, 8, 1] }, doc: '', sources: ['z'], evaluate: samples },
  ],
};

// Formulas: each is one pass over memory, and sums and means in it run over the axes behind it.
const reshapeBatchNorm = nn.formula('(x, x2) => { shifted = x + x2; mu = mean(shifted) }', [0, 1, 2]);
const batchNorm = nn.formula(`(shifted, mu, correction, gamma) => {
  let variance = mean(square(shifted - mu));
  unbiased = variance * correction;
  inverse = rsqrt(variance + 1e-5);
  scale = inverse * gamma;
}`, [0, 1, 2]);
const batchNormRelu = nn.formula('(shifted, mean, scale, beta) => relu((shifted - mean) * scale + beta)');
const convTransposeTanh = nn.formula('(product, bias) => tanh(product + bias)');
const dropoutConvGradient = nn.formula(`(x, dy, x2, d_bias_before) => {
  let dy2 = step(x2, 0.2);
  dx = dy * (x * 1.4285714285714286) * dy2;
  d_bias = d_bias_before + sum(x * dy * dy2) * 1.4285714285714286;
}`, [0, 1, 2]);
const tanhConvTransposeGradient = nn.formula(`(x, dy) => {
  dx = dy * (1 - square(x));
  d_bias = sum(dx);
}`, [0, 1, 2]);
const batchNormReluGradient = nn.formula(`(shifted, mean, x, dy) => {
  dx = dy * step(x, 0);
  d_beta = sum(dx);
  d_scale = sum(dx * (shifted - mean));
}`, [0, 1, 2]);
const batchNormGradient = nn.formula(`(d_scale, gamma, inverse, k, n) => {
  d_gamma = d_scale * inverse;
  d = d_scale * gamma * -0.5 * (square(inverse) * inverse) / k / n * 2;
}`);
const batchNormGradient$2 = nn.formula('(d_beta, scale, k, n) => d_beta * scale / k / n');
const batchNormReshapeGradient = nn.formula(`(shifted, mean, dy, scale, d, d2) => {
  dx = dy * scale + (shifted - mean) * d + d2;
  dx2 = sum(dx);
}`, [0]);
const conv = nn.formula('(x, x2) => sum(x * x2)', [0, 1]);
const convDropout = nn.formula(`(product, bias, x) => {
  x2 = leaky_relu(product + bias, 0.2);
  x3 = less(x, 0.7);
  scaled = x2 * (x3 * 1.4285714285714286);
}`);
const denseDLossAndGradient = nn.formula(`(product, bias, product2, k) => {
  x = relu(1 - (product + bias));
  let x2 = relu(1 + (product2 + bias));
  shifted = mean(x) + mean(x2);
  let dy = step(x2, 0);
  dx = k * dy;
  d_bias = sum(dy) * k;
}`, [0]);
const reluDenseGradient = nn.formula(`(x, k, d_bias) => {
  let dy = step(x, 0);
  dx = -(k * dy);
  d_bias2 = d_bias - sum(dy) * k;
}`, [0]);
const convGradient = nn.formula(`(dy, dy2, total, scaled) => {
  let dy3 = dy + dy2;
  d_kernel = dy3 / total;
  dx = -sum(dy3 * scaled / total);
}`, [0, 1, 2, 3]);
const convDropout$2 = nn.formula(`(product, bias, x) => {
  x2 = leaky_relu(product + bias, 0.2);
  scaled = less(x, 0.7) * 1.4285714285714286;
  scaled2 = x2 * scaled;
}`);
const dropoutLeakyReluGradient = nn.formula('(d, scaled, x) => d * scaled * step(x, 0.2)');
const denseGLoss = nn.formula('(product, bias) => -mean(product + bias)', [0]);
const batchNorm$2 = nn.formula('(variance, gamma) => rsqrt(variance + 1e-5) * gamma');
const reshapeRelu = nn.formula('(x, x2, mean, scale, beta) => relu((x + x2 - mean) * scale + beta)');

/** Evaluates `G` (lines 7 to 12): gives `tanh`, and what the way back needs. */
function G(run, w, z) {
  // line 7: dense(4 * 4 * 8)
  const dense_1_product = tf.matMul(z, w['G/dense_1/kernel']);
  // line 8: reshape(4, 4, 8)
  const reshape_reshape = tf.reshape(dense_1_product, [-1, 4, 4, 8]);
  tf.dispose(dense_1_product);
  const reshape_reshape$2 = tf.reshape(w['G/dense_1/bias'], [4, 4, 8]);
  // line 9: batch_norm
  const [reshape, mean] = reshapeBatchNorm(reshape_reshape, reshape_reshape$2);
  tf.dispose([reshape_reshape, reshape_reshape$2]);
  const n = run.batch * 16;
  const correction = n / Math.max(n - 1, 1);
  const [unbiased, inverse, scale] = batchNorm(reshape, mean, correction, w['G/batch_norm_1/gamma']);
  // line 10: relu
  const relu = batchNormRelu(reshape, mean, scale, w['G/batch_norm_1/beta']);
  // line 11: conv_transpose(1, kernel = 4, stride = 2)
  const conv_transpose_1_product = tf.conv2dTranspose(
    relu, w['G/conv_transpose_1/kernel'], [relu.shape[0], 8, 8, 1], 2, 'same',
  );
  // line 12: tanh
  const tanh = convTransposeTanh(conv_transpose_1_product, w['G/conv_transpose_1/bias']);
  tf.dispose(conv_transpose_1_product);
  return [tanh, { reshape, mean, unbiased, inverse, scale, relu }];
}

/** Back through `D` (lines 16 to 20): the gradients of its weights and of what it is given. Frees what it reads last. */
function D_backward(w, d_dense_1, flatten, dropout, leaky_relu, d_bias_before, x) {
  // line 20: dense(1)
  const d_flatten = tf.matMul(d_dense_1, w['D/dense_1/kernel'], false, true);
  const d_kernel = tf.matMul(flatten, d_dense_1, true);
  tf.dispose([d_dense_1, flatten]);
  // line 19: flatten
  const d_dropout = tf.reshape(d_flatten, [-1, 4, 4, 8]);
  tf.dispose(d_flatten);
  // line 18: dropout(0.3)
  // line 17: leaky_relu(0.2)
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const [d_conv_1, d_bias] = dropoutConvGradient(dropout, d_dropout, leaky_relu, d_bias_before);
  tf.dispose([d_dropout, dropout, leaky_relu, d_bias_before]);
  const d_conv_1$2 = nn.conv2dFilterGradient(x, d_conv_1, [3, 3, 1, 8], { stride: 2, padding: 'same' });
  tf.dispose(d_conv_1);
  return { d_kernel, d_bias, d_conv_1$2 };
}

/** Back through `G` (lines 7 to 12): the gradients of its weights. Frees what it reads last. */
function G_backward(run, w, kept, tanh, d_tanh, z) {
  // line 12: tanh
  // line 11: conv_transpose(1, kernel = 4, stride = 2)
  const [d_conv_transpose_1, d_conv_transpose_1_bias] = tanhConvTransposeGradient(tanh, d_tanh);
  tf.dispose([tanh, d_tanh]);
  const d_relu = tf.conv2d(d_conv_transpose_1, w['G/conv_transpose_1/kernel'], 2, 'same');
  const d_conv_transpose_1_kernel = nn.conv2dFilterGradient(
    d_conv_transpose_1, kept.relu, [4, 4, 1, 8], { stride: 2, padding: 'same' },
  );
  tf.dispose(d_conv_transpose_1);
  // line 10: relu
  // line 9: batch_norm
  const [d_batch_norm_1, d_beta, d_scale] = batchNormReluGradient(kept.reshape, kept.mean, kept.relu, d_relu);
  tf.dispose([d_relu, kept.relu]);
  const [d_gamma, d_batch_norm_1_mul] = batchNormGradient(
    d_scale, w['G/batch_norm_1/gamma'], kept.inverse, 16, run.batch,
  );
  tf.dispose([d_scale, kept.inverse]);
  const d_batch_norm_1_div = batchNormGradient$2(d_beta, kept.scale, -16, run.batch);
  // line 8: reshape(4, 4, 8)
  const [d_reshape, d_reshape$2] = batchNormReshapeGradient(
    kept.reshape, kept.mean, d_batch_norm_1, kept.scale, d_batch_norm_1_mul, d_batch_norm_1_div,
  );
  tf.dispose([kept.reshape, kept.mean, d_batch_norm_1, d_batch_norm_1_mul, kept.scale, d_batch_norm_1_div]);
  const d_dense_1_bias = tf.reshape(d_reshape$2, [128]);
  tf.dispose(d_reshape$2);
  const d_product = tf.reshape(d_reshape, [-1, 128]);
  tf.dispose(d_reshape);
  // line 7: dense(4 * 4 * 8)
  const d_dense_1_kernel = tf.matMul(z, d_product, true);
  tf.dispose(d_product);
  return {
    d_conv_transpose_1_bias, d_conv_transpose_1_kernel, d_beta, d_gamma, d_dense_1_bias, d_dense_1_kernel,
  };
}

/** One step of phase `train` (20 steps of 8 examples). */
async function train(run) {
  const { live: w } = run;

  // ── sample x, z (line 31)
  await run.sample(['x', 'z']);
  const { x, z } = run.samples;

  // ── update D to minimize d_loss with adam(2e-4, beta1 = 0.5) (line 32)
  run.iterate('D/conv_1/kernel', 'D/conv_1/u', 'D/conv_1/v');

  // D:
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_reshape = tf.reshape(w['D/conv_1/u'], [9, 1]);
  const D_conv_1_reshape$2 = tf.reshape(w['D/conv_1/v'], [1, 8]);
  const D_conv_1_linear = tf.matMul(D_conv_1_reshape, D_conv_1_reshape$2);
  tf.dispose([D_conv_1_reshape, D_conv_1_reshape$2]);
  const D_conv_1_reshape$3 = tf.reshape(w['D/conv_1/kernel'], [9, 8]);
  const D_conv_1_sum = conv(D_conv_1_reshape$3, D_conv_1_linear);
  tf.dispose(D_conv_1_reshape$3);
  const D_conv_1_div = tf.div(w['D/conv_1/kernel'], D_conv_1_sum);

  // D(x):
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_product$x = tf.conv2d(x, D_conv_1_div, 2, 'same');

  // line 18: dropout(0.3)
  const D_dropout = run.draw('D/dropout_1#0', { kind: 'uniform', low: 0, high: 1 }, [run.batch, 4, 4, 8]);

  // D(x):
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  // line 17: leaky_relu(0.2)
  // line 18: dropout(0.3)
  const [D_leaky_relu$x, D_dropout_lt, D_dropout$x] = convDropout(
    D_conv_1_product$x, w['D/conv_1/bias'], D_dropout,
  );
  tf.dispose([D_conv_1_product$x, D_dropout]);
  // line 19: flatten
  const D_flatten$x = tf.reshape(D_dropout$x, [-1, 128]);
  tf.dispose(D_dropout$x);
  // line 20: dense(1)
  const D_dense_1_product$x = tf.matMul(D_flatten$x, w['D/dense_1/kernel']);

  const [fake, G_z] = G(run, w, z);

  // D(fake):
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_product$fake = tf.conv2d(fake, D_conv_1_div, 2, 'same');

  // line 18: dropout(0.3)
  const D_dropout$2 = run.draw('D/dropout_1#1', { kind: 'uniform', low: 0, high: 1 }, [run.batch, 4, 4, 8]);

  // D(fake):
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  // line 17: leaky_relu(0.2)
  // line 18: dropout(0.3)
  const [D_leaky_relu$fake, D_dropout_lt$2, D_dropout$fake] = convDropout(
    D_conv_1_product$fake, w['D/conv_1/bias'], D_dropout$2,
  );
  tf.dispose([D_conv_1_product$fake, D_dropout$2]);
  // line 19: flatten
  const D_flatten$fake = tf.reshape(D_dropout$fake, [-1, 128]);
  tf.dispose(D_dropout$fake);
  // line 20: dense(1)
  const D_dense_1_product$fake = tf.matMul(D_flatten$fake, w['D/dense_1/kernel']);
  const d_expect = 1 / run.batch;

  // line 20 and its gradient: dense(1)
  // line 24 and its gradient: loss d_loss = expect(relu(1 - D(x))) + expect(relu(1 + D(fake)))
  const [relu, d_loss, d_add, d_D_dense_1_bias$fake] = denseDLossAndGradient(
    D_dense_1_product$x, w['D/dense_1/bias'], D_dense_1_product$fake, d_expect,
  );
  tf.dispose([D_dense_1_product$x, D_dense_1_product$fake]);

  const d_D_fake = D_backward(w, d_add, D_flatten$fake, D_dropout_lt$2, D_leaky_relu$fake, 0, fake);

  // line 24, its gradient: loss d_loss = expect(relu(1 - D(x))) + expect(relu(1 + D(fake)))
  // line 20, its gradient: dense(1)
  const [d_D_dense_1$x, d_D_dense_1_bias] = reluDenseGradient(relu, d_expect, d_D_dense_1_bias$fake);
  tf.dispose([relu, d_D_dense_1_bias$fake]);

  const d_D_x = D_backward(w, d_D_dense_1$x, D_flatten$x, D_dropout_lt, D_leaky_relu$x, d_D_fake.d_bias, x);

  // gradient of D:
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const [d_D_conv_1_kernel, d_D_conv_1_sum] = convGradient(
    d_D_fake.d_conv_1$2, d_D_x.d_conv_1$2, D_conv_1_sum, D_conv_1_div,
  );
  tf.dispose([D_conv_1_sum, D_conv_1_div, d_D_fake.d_conv_1$2, d_D_x.d_conv_1$2]);
  const d_D_conv_1_reshape = tf.reshape(d_D_conv_1_sum, [1, 1]);
  tf.dispose(d_D_conv_1_sum);
  const d_D_conv_1_reshape$2 = tf.mul(d_D_conv_1_reshape, D_conv_1_linear);
  tf.dispose([D_conv_1_linear, d_D_conv_1_reshape]);
  const d_D_conv_1_kernel$2 = tf.reshape(d_D_conv_1_reshape$2, [3, 3, 1, 8]);
  tf.dispose(d_D_conv_1_reshape$2);
  // line 20: dense(1)
  const d_D_dense_1_kernel = tf.add(d_D_fake.d_kernel, d_D_x.d_kernel);
  tf.dispose([d_D_fake.d_kernel, d_D_x.d_kernel]);
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const d_D_conv_1_kernel$3 = tf.add(d_D_conv_1_kernel, d_D_conv_1_kernel$2);
  tf.dispose([d_D_conv_1_kernel, d_D_conv_1_kernel$2]);
  run.move({ 'G/batch_norm_1/mean': G_z.mean, 'G/batch_norm_1/variance': G_z.unbiased }, 0.9);
  tf.dispose(G_z.unbiased);
  run.update('train/D/d_loss/adam', {
    'D/conv_1/kernel': d_D_conv_1_kernel$3,
    'D/conv_1/bias': d_D_x.d_bias,
    'D/dense_1/kernel': d_D_dense_1_kernel,
    'D/dense_1/bias': d_D_dense_1_bias,
  }, { lr: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, clip_norm: null });
  run.log('d_loss', d_loss);
  tf.dispose(d_loss);

  // ── update G to minimize g_loss with adam(2e-4, beta1 = 0.5) (line 33)
  run.iterate('D/conv_1/kernel', 'D/conv_1/u', 'D/conv_1/v');

  // D:
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_reshape$4 = tf.reshape(w['D/conv_1/u'], [9, 1]);
  const D_conv_1_reshape$5 = tf.reshape(w['D/conv_1/v'], [1, 8]);
  const D_conv_1_linear$2 = tf.matMul(D_conv_1_reshape$4, D_conv_1_reshape$5);
  tf.dispose([D_conv_1_reshape$4, D_conv_1_reshape$5]);
  const D_conv_1_reshape$6 = tf.reshape(w['D/conv_1/kernel'], [9, 8]);
  const D_conv_1_sum$2 = conv(D_conv_1_reshape$6, D_conv_1_linear$2);
  tf.dispose([D_conv_1_linear$2, D_conv_1_reshape$6]);
  const D_conv_1_div$2 = tf.div(w['D/conv_1/kernel'], D_conv_1_sum$2);
  tf.dispose(D_conv_1_sum$2);

  // D(fake):
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_product$fake$2 = tf.conv2d(fake, D_conv_1_div$2, 2, 'same');

  // line 18: dropout(0.3)
  const D_dropout$3 = run.draw('D/dropout_1#2', { kind: 'uniform', low: 0, high: 1 }, [run.batch, 4, 4, 8]);

  // D(fake):
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  // line 17: leaky_relu(0.2)
  // line 18: dropout(0.3)
  const [D_leaky_relu$fake$2, D_dropout_mul, D_dropout$fake$2] = convDropout$2(
    D_conv_1_product$fake$2, w['D/conv_1/bias'], D_dropout$3,
  );
  tf.dispose([D_conv_1_product$fake$2, D_dropout$3]);
  // line 19: flatten
  const D_flatten$fake$2 = tf.reshape(D_dropout$fake$2, [-1, 128]);
  tf.dispose(D_dropout$fake$2);
  // line 20: dense(1)
  const D_dense_1_product$fake$2 = tf.matMul(D_flatten$fake$2, w['D/dense_1/kernel']);
  tf.dispose(D_flatten$fake$2);
  const d_expect_div = -1 / run.batch;

  // line 25, its gradient: loss g_loss = -expect(D(fake))
  const d_expect$2 = tf.reshape(d_expect_div, [1]);

  // gradient of D:
  // line 20: dense(1)
  const d_D_dense_1 = nn.linear(d_expect$2, w['D/dense_1/kernel'], true);
  tf.dispose(d_expect$2);
  // line 19: flatten
  const d_D_flatten = tf.reshape(d_D_dense_1, [4, 4, 8]);
  tf.dispose(d_D_dense_1);

  // gradient of D(fake):
  // line 18: dropout(0.3)
  // line 17: leaky_relu(0.2)
  const d_D_conv_1$fake = dropoutLeakyReluGradient(d_D_flatten, D_dropout_mul, D_leaky_relu$fake$2);
  tf.dispose([D_leaky_relu$fake$2, D_dropout_mul, d_D_flatten]);
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const d_G_tanh = tf.conv2dTranspose(
    d_D_conv_1$fake, D_conv_1_div$2, [d_D_conv_1$fake.shape[0], 8, 8, 1], 2, 'same',
  );
  tf.dispose([D_conv_1_div$2, d_D_conv_1$fake]);

  const d_G_z = G_backward(run, w, G_z, fake, d_G_tanh, z);

  // line 20: dense(1)
  // line 25: loss g_loss = -expect(D(fake))
  const g_loss = denseGLoss(D_dense_1_product$fake$2, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_product$fake$2);
  run.update('train/G/g_loss/adam', {
    'G/dense_1/kernel': d_G_z.d_dense_1_kernel,
    'G/dense_1/bias': d_G_z.d_dense_1_bias,
    'G/batch_norm_1/gamma': d_G_z.d_gamma,
    'G/batch_norm_1/beta': d_G_z.d_beta,
    'G/conv_transpose_1/kernel': d_G_z.d_conv_transpose_1_kernel,
    'G/conv_transpose_1/bias': d_G_z.d_conv_transpose_1_bias,
  }, { lr: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, clip_norm: null });
  run.log('g_loss', g_loss);
  tf.dispose(g_loss);
}

/** The output `samples` of z. */
function samples(run) {
  const { output: w } = run;
  const { z } = run.samples;

  // G(z):
  // line 7: dense(4 * 4 * 8)
  const G_dense_1_product = tf.matMul(z, w['G/dense_1/kernel']);
  // line 8: reshape(4, 4, 8)
  const G_reshape_reshape = tf.reshape(G_dense_1_product, [-1, 4, 4, 8]);
  tf.dispose(G_dense_1_product);
  const G_reshape_reshape$2 = tf.reshape(w['G/dense_1/bias'], [4, 4, 8]);
  // line 9: batch_norm
  const G_batch_norm_1_scale = batchNorm$2(w['G/batch_norm_1/variance'], w['G/batch_norm_1/gamma']);
  // line 8: reshape(4, 4, 8)
  // line 10: relu
  const G_relu = reshapeRelu(
    G_reshape_reshape, G_reshape_reshape$2, w['G/batch_norm_1/mean'], G_batch_norm_1_scale,
    w['G/batch_norm_1/beta'],
  );
  tf.dispose([G_reshape_reshape, G_reshape_reshape$2, G_batch_norm_1_scale]);
  // line 11: conv_transpose(1, kernel = 4, stride = 2)
  const G_conv_transpose_1_product = tf.conv2dTranspose(
    G_relu, w['G/conv_transpose_1/kernel'], [G_relu.shape[0], 8, 8, 1], 2, 'same',
  );
  tf.dispose(G_relu);
  // line 12: tanh
  const samples = convTransposeTanh(G_conv_transpose_1_product, w['G/conv_transpose_1/bias']);
  tf.dispose(G_conv_transpose_1_product);
  return samples;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=conv.js.map
