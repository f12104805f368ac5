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
    {
      name: 'train/D/d_loss/adam',
      rule: 'adam',
      update: { phase: 'train', nets: ['D'], goal: 'minimize d_loss', settings: 'adam(2e-4, beta1 = 0.5)' },
    },
    {
      name: 'train/G/g_loss/adam',
      rule: 'adam',
      update: { phase: 'train', nets: ['G'], goal: 'minimize g_loss', settings: 'adam(2e-4, beta1 = 0.5)' },
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
      losses: ['d_loss', 'g_loss'],
      metrics: [],
      step: train,
    },
  ],
  outputs: [
    {
      name: 'samples',
      type: { meaning: 'image', shape: [8, 8, 1] },
      doc: '',
      sources: ['z'],
      evaluate: samples,
    },
  ],
};

/** One step of phase `train` (20 steps of 8 examples). */
async function train(run) {
  const { live: w } = run;

  // ── sample x, z (line 31)
  await run.sample(['x', 'z']);
  const { x, z } = run.samples;

  // ── update D to minimize d_loss with adam(2e-4, beta1 = 0.5) (line 32)
  run.iterate('D/conv_1/kernel', 'D/conv_1/u', 'D/conv_1/v');
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_reshape = tf.reshape(w['D/conv_1/u'], [9, 1]);
  const D_conv_1_reshape$2 = tf.reshape(w['D/conv_1/v'], [1, 8]);
  const D_conv_1_linear = tf.matMul(D_conv_1_reshape, D_conv_1_reshape$2);
  tf.dispose([D_conv_1_reshape, D_conv_1_reshape$2]);
  const D_conv_1_reshape$3 = tf.reshape(w['D/conv_1/kernel'], [9, 8]);
  const { D_conv_1_sum } = nn.fused(
    'D_conv_1_sum = sum(D_conv_1_reshape$3 * D_conv_1_linear)',
    { D_conv_1_reshape$3, D_conv_1_linear },
    [0, 1],
  );
  tf.dispose(D_conv_1_reshape$3);
  const D_conv_1_div = tf.div(w['D/conv_1/kernel'], D_conv_1_sum);
  const D_conv_1_conv2d$x = tf.conv2d(x, D_conv_1_div, 2, 'same');
  // line 18: dropout(0.3)
  const D_dropout = run.draw('D/dropout_1#0', { kind: 'uniform', low: 0, high: 1 }, [run.batch, 4, 4, 8]);
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  // line 17: leaky_relu(0.2)
  const { D_leaky_relu$x, D_dropout_lt, D_dropout$x } = nn.fused(
    `
      D_leaky_relu$x = leaky_relu(D_conv_1_conv2d$x + bias, 0.2);
      D_dropout_lt = less(D_dropout, 0.7);
      D_dropout$x = D_leaky_relu$x * (D_dropout_lt * 1.4285714285714286);
    `,
    { D_conv_1_conv2d$x, bias: w['D/conv_1/bias'], D_dropout },
  );
  tf.dispose([D_conv_1_conv2d$x, D_dropout]);
  // line 19: flatten
  const D_flatten$x = tf.reshape(D_dropout$x, [-1, 128]);
  tf.dispose(D_dropout$x);
  // line 20: dense(1)
  const D_dense_1_linear$x = tf.matMul(D_flatten$x, w['D/dense_1/kernel']);
  // line 7: dense(4 * 4 * 8)
  const G_dense_1 = tf.matMul(z, w['G/dense_1/kernel']);
  // line 8: reshape(4, 4, 8)
  const G_reshape_reshape = tf.reshape(G_dense_1, [-1, 4, 4, 8]);
  tf.dispose(G_dense_1);
  const G_reshape_reshape$2 = tf.reshape(w['G/dense_1/bias'], [4, 4, 8]);
  // line 9: batch_norm
  const G_batch_norm_1_mul = run.batch * 16;
  const G_batch_norm_1_div = G_batch_norm_1_mul / Math.max(G_batch_norm_1_mul - 1, 1);
  // line 8: reshape(4, 4, 8)
  const { G_reshape, G_batch_norm_1_mean } = nn.fused(
    `
      G_reshape = G_reshape_reshape + G_reshape_reshape$2;
      G_batch_norm_1_mean = mean(G_reshape);
    `,
    { G_reshape_reshape, G_reshape_reshape$2 },
    [0, 1, 2],
  );
  tf.dispose([G_reshape_reshape, G_reshape_reshape$2]);
  const { G_batch_norm_1_variance, G_batch_norm_1_rsqrt, G_batch_norm_1_mul$2 } = nn.fused(
    `
      let mean = mean(square(G_reshape - G_batch_norm_1_mean));
      G_batch_norm_1_variance = mean * G_batch_norm_1_div;
      G_batch_norm_1_rsqrt = rsqrt(mean + 1e-5);
      G_batch_norm_1_mul$2 = G_batch_norm_1_rsqrt * gamma;
    `,
    { G_reshape, G_batch_norm_1_mean, G_batch_norm_1_div, gamma: w['G/batch_norm_1/gamma'] },
    [0, 1, 2],
  );
  // line 10: relu
  const { G_relu } = nn.fused(
    'G_relu = relu((G_reshape - G_batch_norm_1_mean) * G_batch_norm_1_mul$2 + beta)',
    { G_reshape, G_batch_norm_1_mean, G_batch_norm_1_mul$2, beta: w['G/batch_norm_1/beta'] },
  );
  // line 11: conv_transpose(1, kernel = 4, stride = 2)
  const G_conv_transpose_1_conv2d_input_gradient = tf.conv2dTranspose(
    G_relu,
    w['G/conv_transpose_1/kernel'],
    [G_relu.shape[0], 8, 8, 1],
    2,
    'same',
  );
  // line 12: tanh
  const { fake } = nn.fused(
    'fake = tanh(G_conv_transpose_1_conv2d_input_gradient + bias)',
    { G_conv_transpose_1_conv2d_input_gradient, bias: w['G/conv_transpose_1/bias'] },
  );
  tf.dispose(G_conv_transpose_1_conv2d_input_gradient);
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_conv2d$fake = tf.conv2d(fake, D_conv_1_div, 2, 'same');
  // line 18: dropout(0.3)
  const D_dropout$2 = run.draw('D/dropout_1#1', { kind: 'uniform', low: 0, high: 1 }, [run.batch, 4, 4, 8]);
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  // line 17: leaky_relu(0.2)
  const { D_leaky_relu$fake, D_dropout_lt$2, D_dropout$fake } = nn.fused(
    `
      D_leaky_relu$fake = leaky_relu(D_conv_1_conv2d$fake + bias, 0.2);
      D_dropout_lt$2 = less(D_dropout$2, 0.7);
      D_dropout$fake = D_leaky_relu$fake * (D_dropout_lt$2 * 1.4285714285714286);
    `,
    { D_conv_1_conv2d$fake, bias: w['D/conv_1/bias'], D_dropout$2 },
  );
  tf.dispose([D_conv_1_conv2d$fake, D_dropout$2]);
  // line 19: flatten
  const D_flatten$fake = tf.reshape(D_dropout$fake, [-1, 128]);
  tf.dispose(D_dropout$fake);
  // line 20: dense(1)
  const D_dense_1_linear$fake = tf.matMul(D_flatten$fake, w['D/dense_1/kernel']);
  // line 24, backwards: loss d_loss = expect(relu(1 - D(x))) + expect(relu(1 + D(fake)))
  const expect_back = 1 / run.batch;
  // line 20, and backwards: dense(1)
  // line 24, and backwards: loss d_loss = expect(relu(1 - D(x))) + expect(relu(1 + D(fake)))
  const { relu, d_loss, relu_back, D_dense_1_back_mul$fake } = nn.fused(
    `
      relu = relu(1 - (D_dense_1_linear$x + bias));
      let relu2 = relu(1 + (D_dense_1_linear$fake + bias));
      d_loss = mean(relu) + mean(relu2);
      let step = step(relu2, 0);
      relu_back = expect_back * step;
      D_dense_1_back_mul$fake = sum(step) * expect_back;
    `,
    { D_dense_1_linear$x, bias: w['D/dense_1/bias'], D_dense_1_linear$fake, expect_back },
    [0],
  );
  tf.dispose([D_dense_1_linear$x, D_dense_1_linear$fake]);
  // line 20, backwards: dense(1)
  const D_dense_1_back_linear$fake = tf.matMul(relu_back, w['D/dense_1/kernel'], false, true);
  const D_dense_1_back$fake = tf.matMul(D_flatten$fake, relu_back, true);
  tf.dispose([D_flatten$fake, relu_back]);
  // line 19, backwards: flatten
  const D_flatten_back$fake = tf.reshape(D_dense_1_back_linear$fake, [-1, 4, 4, 8]);
  tf.dispose(D_dense_1_back_linear$fake);
  // line 18, backwards: dropout(0.3)
  // line 17, backwards: leaky_relu(0.2)
  // line 16, backwards: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const { D_leaky_relu_back$fake, D_conv_1_back_mul$fake } = nn.fused(
    `
      let step = step(D_leaky_relu$fake, 0.2);
      D_leaky_relu_back$fake = D_flatten_back$fake * (D_dropout_lt$2 * 1.4285714285714286) * step;
      D_conv_1_back_mul$fake = sum(D_dropout_lt$2 * D_flatten_back$fake * step) * 1.4285714285714286;
    `,
    { D_dropout_lt$2, D_flatten_back$fake, D_leaky_relu$fake },
    [0, 1, 2],
  );
  tf.dispose([D_leaky_relu$fake, D_flatten_back$fake]);
  const D_conv_1_back$fake = nn.conv2dFilterGradient(
    fake,
    D_leaky_relu_back$fake,
    [3, 3, 1, 8],
    { stride: 2, padding: 'same' },
  );
  tf.dispose(D_leaky_relu_back$fake);
  // line 24, backwards: loss d_loss = expect(relu(1 - D(x))) + expect(relu(1 + D(fake)))
  // line 20, backwards: dense(1)
  const { sub_back, D_dense_1_bias_grad } = nn.fused(
    `
      let step = step(relu, 0);
      sub_back = -(expect_back * step);
      D_dense_1_bias_grad = D_dense_1_back_mul$fake - sum(step) * expect_back;
    `,
    { relu, expect_back, D_dense_1_back_mul$fake },
    [0],
  );
  tf.dispose([relu, D_dense_1_back_mul$fake]);
  const D_dense_1_back_linear$x = tf.matMul(sub_back, w['D/dense_1/kernel'], false, true);
  const D_dense_1_back_linear_kernel_gradient$x = tf.matMul(D_flatten$x, sub_back, true);
  tf.dispose([D_flatten$x, sub_back]);
  // line 19, backwards: flatten
  const D_flatten_back$x = tf.reshape(D_dense_1_back_linear$x, [-1, 4, 4, 8]);
  tf.dispose(D_dense_1_back_linear$x);
  // line 18, backwards: dropout(0.3)
  // line 17, backwards: leaky_relu(0.2)
  // line 16, backwards: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const { D_leaky_relu_back$x, D_conv_1_bias_grad } = nn.fused(
    `
      let step = step(D_leaky_relu$x, 0.2);
      D_leaky_relu_back$x = D_flatten_back$x * (D_dropout_lt * 1.4285714285714286) * step;
      D_conv_1_bias_grad = D_conv_1_back_mul$fake
        + sum(D_dropout_lt * D_flatten_back$x * step) * 1.4285714285714286;
    `,
    { D_dropout_lt, D_flatten_back$x, D_leaky_relu$x, D_conv_1_back_mul$fake },
    [0, 1, 2],
  );
  tf.dispose([D_leaky_relu$x, D_dropout_lt, D_conv_1_back_mul$fake, D_flatten_back$x]);
  const D_conv_1_back_conv2d_filter_gradient$x = nn.conv2dFilterGradient(
    x,
    D_leaky_relu_back$x,
    [3, 3, 1, 8],
    { stride: 2, padding: 'same' },
  );
  tf.dispose(D_leaky_relu_back$x);
  const { D_conv_1_back_div, D_conv_1_back_neg } = nn.fused(
    `
      let add = D_conv_1_back$fake + D_conv_1_back_conv2d_filter_gradient$x;
      D_conv_1_back_div = add / D_conv_1_sum;
      D_conv_1_back_neg = -sum(add * D_conv_1_div / D_conv_1_sum);
    `,
    { D_conv_1_back$fake, D_conv_1_back_conv2d_filter_gradient$x, D_conv_1_sum, D_conv_1_div },
    [0, 1, 2, 3],
  );
  tf.dispose([D_conv_1_sum, D_conv_1_div, D_conv_1_back$fake, D_conv_1_back_conv2d_filter_gradient$x]);
  const D_conv_1_back_reshape = tf.reshape(D_conv_1_back_neg, [1, 1]);
  tf.dispose(D_conv_1_back_neg);
  const D_conv_1_back_mul = tf.mul(D_conv_1_back_reshape, D_conv_1_linear);
  tf.dispose([D_conv_1_linear, D_conv_1_back_reshape]);
  const D_conv_1_back_reshape$2 = tf.reshape(D_conv_1_back_mul, [3, 3, 1, 8]);
  tf.dispose(D_conv_1_back_mul);
  // line 20, backwards: dense(1)
  const D_dense_1_kernel_grad = tf.add(D_dense_1_back$fake, D_dense_1_back_linear_kernel_gradient$x);
  tf.dispose([D_dense_1_back$fake, D_dense_1_back_linear_kernel_gradient$x]);
  // line 16, backwards: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_kernel_grad = tf.add(D_conv_1_back_div, D_conv_1_back_reshape$2);
  tf.dispose([D_conv_1_back_div, D_conv_1_back_reshape$2]);
  run.move({
    'G/batch_norm_1/mean': G_batch_norm_1_mean,
    'G/batch_norm_1/variance': G_batch_norm_1_variance,
  }, 0.9);
  tf.dispose(G_batch_norm_1_variance);
  run.update(
    'train/D/d_loss/adam',
    {
      'D/conv_1/kernel': D_conv_1_kernel_grad,
      'D/conv_1/bias': D_conv_1_bias_grad,
      'D/dense_1/kernel': D_dense_1_kernel_grad,
      'D/dense_1/bias': D_dense_1_bias_grad,
    },
    { lr: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, clip_norm: null },
  );
  run.log('d_loss', d_loss);
  tf.dispose(d_loss);

  // ── update G to minimize g_loss with adam(2e-4, beta1 = 0.5) (line 33)
  run.iterate('D/conv_1/kernel', 'D/conv_1/u', 'D/conv_1/v');
  // line 16: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_reshape$4 = tf.reshape(w['D/conv_1/u'], [9, 1]);
  const D_conv_1_reshape$5 = tf.reshape(w['D/conv_1/v'], [1, 8]);
  const D_conv_1_linear$2 = tf.matMul(D_conv_1_reshape$4, D_conv_1_reshape$5);
  tf.dispose([D_conv_1_reshape$4, D_conv_1_reshape$5]);
  const D_conv_1_reshape$6 = tf.reshape(w['D/conv_1/kernel'], [9, 8]);
  const { D_conv_1_sum$2 } = nn.fused(
    'D_conv_1_sum$2 = sum(D_conv_1_reshape$6 * D_conv_1_linear$2)',
    { D_conv_1_reshape$6, D_conv_1_linear$2 },
    [0, 1],
  );
  tf.dispose([D_conv_1_linear$2, D_conv_1_reshape$6]);
  const D_conv_1_div$2 = tf.div(w['D/conv_1/kernel'], D_conv_1_sum$2);
  tf.dispose(D_conv_1_sum$2);
  const D_conv_1_conv2d$fake$2 = tf.conv2d(fake, D_conv_1_div$2, 2, 'same');
  // line 17: leaky_relu(0.2)
  // line 18: dropout(0.3)
  const { D_leaky_relu$fake$2, D_dropout$fake$2 } = nn.fused(
    `
      D_leaky_relu$fake$2 = leaky_relu(D_conv_1_conv2d$fake$2 + bias, 0.2);
      D_dropout$fake$2 = D_leaky_relu$fake$2 * (D_dropout_lt$2 * 1.4285714285714286);
    `,
    { D_dropout_lt$2, D_conv_1_conv2d$fake$2, bias: w['D/conv_1/bias'] },
  );
  tf.dispose(D_conv_1_conv2d$fake$2);
  // line 19: flatten
  const D_flatten$fake$2 = tf.reshape(D_dropout$fake$2, [-1, 128]);
  tf.dispose(D_dropout$fake$2);
  // line 20: dense(1)
  const D_dense_1_linear$fake$2 = tf.matMul(D_flatten$fake$2, w['D/dense_1/kernel']);
  tf.dispose(D_flatten$fake$2);
  // line 25, backwards: loss g_loss = -expect(D(fake))
  const expect_back_div = -1 / run.batch;
  const expect_back$2 = tf.reshape(expect_back_div, [1]);
  // line 20, backwards: dense(1)
  const D_dense_1_back = nn.linear(expect_back$2, w['D/dense_1/kernel'], true);
  tf.dispose(expect_back$2);
  // line 19, backwards: flatten
  const D_flatten_back = tf.reshape(D_dense_1_back, [4, 4, 8]);
  tf.dispose(D_dense_1_back);
  // line 18, backwards: dropout(0.3)
  // line 17, backwards: leaky_relu(0.2)
  const { D_leaky_relu_back$fake$2 } = nn.fused(
    `
      D_leaky_relu_back$fake$2 = D_flatten_back * (D_dropout_lt$2 * 1.4285714285714286)
        * step(D_leaky_relu$fake$2, 0.2);
    `,
    { D_dropout_lt$2, D_flatten_back, D_leaky_relu$fake$2 },
  );
  tf.dispose([D_dropout_lt$2, D_leaky_relu$fake$2, D_flatten_back]);
  // line 16, backwards: conv(8, kernel = 3, stride = 2, norm = "spectral")
  const D_conv_1_back$fake$2 = tf.conv2dTranspose(
    D_leaky_relu_back$fake$2,
    D_conv_1_div$2,
    [D_leaky_relu_back$fake$2.shape[0], 8, 8, 1],
    2,
    'same',
  );
  tf.dispose([D_conv_1_div$2, D_leaky_relu_back$fake$2]);
  // line 12, backwards: tanh
  // line 11, backwards: conv_transpose(1, kernel = 4, stride = 2)
  const { G_tanh_back, G_conv_transpose_1_bias_grad } = nn.fused(
    `
      G_tanh_back = D_conv_1_back$fake$2 * (1 - square(fake));
      G_conv_transpose_1_bias_grad = sum(G_tanh_back);
    `,
    { fake, D_conv_1_back$fake$2 },
    [0, 1, 2],
  );
  tf.dispose([fake, D_conv_1_back$fake$2]);
  const G_conv_transpose_1_back_conv2d = tf.conv2d(G_tanh_back, w['G/conv_transpose_1/kernel'], 2, 'same');
  const G_conv_transpose_1_kernel_grad = nn.conv2dFilterGradient(
    G_tanh_back,
    G_relu,
    [4, 4, 1, 8],
    { stride: 2, padding: 'same' },
  );
  tf.dispose(G_tanh_back);
  // line 10, backwards: relu
  // line 9, backwards: batch_norm
  const { G_relu_back, G_batch_norm_1_beta_grad, G_batch_norm_1_back_sum } = nn.fused(
    `
      G_relu_back = G_conv_transpose_1_back_conv2d * step(G_relu, 0);
      G_batch_norm_1_beta_grad = sum(G_relu_back);
      G_batch_norm_1_back_sum = sum(G_relu_back * (G_reshape - G_batch_norm_1_mean));
    `,
    { G_reshape, G_batch_norm_1_mean, G_relu, G_conv_transpose_1_back_conv2d },
    [0, 1, 2],
  );
  tf.dispose([G_relu, G_conv_transpose_1_back_conv2d]);
  const { G_batch_norm_1_gamma_grad, G_batch_norm_1_back_mul } = nn.fused(
    `
      G_batch_norm_1_gamma_grad = G_batch_norm_1_back_sum * G_batch_norm_1_rsqrt;
      G_batch_norm_1_back_mul = G_batch_norm_1_back_sum * gamma * -0.5
        * (square(G_batch_norm_1_rsqrt) * G_batch_norm_1_rsqrt) / 16 / n * 2;
    `,
    { G_batch_norm_1_back_sum, gamma: w['G/batch_norm_1/gamma'], G_batch_norm_1_rsqrt, n: run.batch },
  );
  tf.dispose([G_batch_norm_1_rsqrt, G_batch_norm_1_back_sum]);
  const { G_batch_norm_1_back_div } = nn.fused(
    'G_batch_norm_1_back_div = G_batch_norm_1_beta_grad * G_batch_norm_1_mul$2 / -16 / n',
    { G_batch_norm_1_beta_grad, G_batch_norm_1_mul$2, n: run.batch },
  );
  // line 8, backwards: reshape(4, 4, 8)
  const { G_batch_norm_1_back, G_reshape_back_sum } = nn.fused(
    `
      G_batch_norm_1_back = G_relu_back * G_batch_norm_1_mul$2
        + (G_reshape - G_batch_norm_1_mean) * G_batch_norm_1_back_mul + G_batch_norm_1_back_div;
      G_reshape_back_sum = sum(G_batch_norm_1_back);
    `,
    {
      G_reshape,
      G_batch_norm_1_mean,
      G_relu_back,
      G_batch_norm_1_mul$2,
      G_batch_norm_1_back_mul,
      G_batch_norm_1_back_div,
    },
    [0],
  );
  tf.dispose([
    G_reshape, G_batch_norm_1_mean, G_batch_norm_1_mul$2, G_relu_back, G_batch_norm_1_back_mul,
    G_batch_norm_1_back_div,
  ]);
  const G_dense_1_bias_grad = tf.reshape(G_reshape_back_sum, [128]);
  tf.dispose(G_reshape_back_sum);
  const G_reshape_back = tf.reshape(G_batch_norm_1_back, [-1, 128]);
  tf.dispose(G_batch_norm_1_back);
  // line 7, backwards: dense(4 * 4 * 8)
  const G_dense_1_kernel_grad = tf.matMul(z, G_reshape_back, true);
  tf.dispose(G_reshape_back);
  // line 20: dense(1)
  // line 25: loss g_loss = -expect(D(fake))
  const { g_loss } = nn.fused(
    'g_loss = -mean(D_dense_1_linear$fake$2 + bias)',
    { D_dense_1_linear$fake$2, bias: w['D/dense_1/bias'] },
    [0],
  );
  tf.dispose(D_dense_1_linear$fake$2);
  run.update(
    'train/G/g_loss/adam',
    {
      'G/dense_1/kernel': G_dense_1_kernel_grad,
      'G/dense_1/bias': G_dense_1_bias_grad,
      'G/batch_norm_1/gamma': G_batch_norm_1_gamma_grad,
      'G/batch_norm_1/beta': G_batch_norm_1_beta_grad,
      'G/conv_transpose_1/kernel': G_conv_transpose_1_kernel_grad,
      'G/conv_transpose_1/bias': G_conv_transpose_1_bias_grad,
    },
    { lr: 2e-4, beta1: 0.5, beta2: 0.999, epsilon: 1e-8, clip_norm: null },
  );
  run.log('g_loss', g_loss);
  tf.dispose(g_loss);
}

/** The output `samples` of z. */
function samples(run) {
  const { output: w } = run;
  const { z } = run.samples;

  // line 7: dense(4 * 4 * 8)
  const G_dense_1 = tf.matMul(z, w['G/dense_1/kernel']);
  // line 8: reshape(4, 4, 8)
  const G_reshape_reshape = tf.reshape(G_dense_1, [-1, 4, 4, 8]);
  tf.dispose(G_dense_1);
  const G_reshape_reshape$2 = tf.reshape(w['G/dense_1/bias'], [4, 4, 8]);
  // line 9: batch_norm
  const { G_batch_norm_1_mul } = nn.fused(
    'G_batch_norm_1_mul = rsqrt(variance + 1e-5) * gamma',
    { variance: w['G/batch_norm_1/variance'], gamma: w['G/batch_norm_1/gamma'] },
  );
  // line 8: reshape(4, 4, 8)
  // line 10: relu
  const { G_relu } = nn.fused(
    'G_relu = relu((G_reshape_reshape + G_reshape_reshape$2 - mean) * G_batch_norm_1_mul + beta)',
    {
      G_reshape_reshape,
      G_reshape_reshape$2,
      mean: w['G/batch_norm_1/mean'],
      G_batch_norm_1_mul,
      beta: w['G/batch_norm_1/beta'],
    },
  );
  tf.dispose([G_reshape_reshape, G_reshape_reshape$2, G_batch_norm_1_mul]);
  // line 11: conv_transpose(1, kernel = 4, stride = 2)
  const G_conv_transpose_1_conv2d_input_gradient = tf.conv2dTranspose(
    G_relu,
    w['G/conv_transpose_1/kernel'],
    [G_relu.shape[0], 8, 8, 1],
    2,
    'same',
  );
  tf.dispose(G_relu);
  // line 12: tanh
  const { samples } = nn.fused(
    'samples = tanh(G_conv_transpose_1_conv2d_input_gradient + bias)',
    { G_conv_transpose_1_conv2d_input_gradient, bias: w['G/conv_transpose_1/bias'] },
  );
  tf.dispose(G_conv_transpose_1_conv2d_input_gradient);
  return samples;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=conv.js.map
