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
    {
      name: 'train/D/d_loss/adam',
      rule: 'adam',
      update: { phase: 'train', nets: ['D'], goal: 'minimize d_loss', settings: 'adam(1e-3, beta1 = 0)' },
    },
    {
      name: 'train/G/g_loss/adam',
      rule: 'adam',
      update: {
        phase: 'train',
        nets: ['G'],
        goal: 'minimize g_loss',
        settings: 'adam(1e-3 * (1 - progress), beta1 = 0)',
      },
    },
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
    {
      name: 'samples',
      type: { meaning: 'tensor', shape: [2] },
      doc: 'Points, drawn as a scatter.',
      sources: ['z'],
      evaluate: samples,
    },
  ],
  probes: [{ name: 'D', source: 'x', evaluate: D_at_x }],
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
  // line 8: tanh
  const { D_tanh$x } = nn.fused(
    'D_tanh$x = tanh(D_dense_1_linear$x + bias)',
    { D_dense_1_linear$x, bias: w['D/dense_1/bias'] },
  );
  tf.dispose(D_dense_1_linear$x);
  // line 8: dense(1)
  const D_dense_2_linear$x = tf.matMul(D_tanh$x, w['D/dense_2/kernel']);
  // line 7: dense(8)
  const G_dense_1_linear = tf.matMul(z, w['G/dense_1/kernel']);
  // line 7: relu
  const { G_relu } = nn.fused(
    'G_relu = relu(G_dense_1_linear + bias)',
    { G_dense_1_linear, bias: w['G/dense_1/bias'] },
  );
  tf.dispose(G_dense_1_linear);
  // line 7: dense(2)
  const G_dense_2_linear = tf.matMul(G_relu, w['G/dense_2/kernel']);
  tf.dispose(G_relu);
  const fake = tf.add(G_dense_2_linear, w['G/dense_2/bias']);
  tf.dispose(G_dense_2_linear);
  // line 8: dense(8)
  const D_dense_1_linear$fake = tf.matMul(fake, w['D/dense_1/kernel']);
  // line 8: tanh
  const { D_tanh$fake } = nn.fused(
    'D_tanh$fake = tanh(D_dense_1_linear$fake + bias)',
    { D_dense_1_linear$fake, bias: w['D/dense_1/bias'] },
  );
  tf.dispose(D_dense_1_linear$fake);
  // line 8: dense(1)
  const D_dense_2_linear$fake = tf.matMul(D_tanh$fake, w['D/dense_2/kernel']);
  const D_dense_2_broadcast_to = tf.fill([1], 1);
  const D_dense_2 = nn.linear(D_dense_2_broadcast_to, w['D/dense_2/kernel'], true);
  // line 8: tanh
  const { D_tanh_sub$x, D_tanh$x$2 } = nn.fused(
    `
      D_tanh_sub$x = 1 - square(D_tanh$x);
      D_tanh$x$2 = D_dense_2 * D_tanh_sub$x;
    `,
    { D_tanh$x, D_dense_2 },
  );
  // line 8: dense(8)
  const D_dense_1$x = tf.matMul(D_tanh$x$2, w['D/dense_1/kernel'], false, true);
  // line 11, backwards: let r1 = gamma / 2 * expect(sum(grad(D(x), x) ^ 2))
  const pow_back_mul = (0.5 / run.batch) * 2;
  // line 11, and backwards: let r1 = gamma / 2 * expect(sum(grad(D(x), x) ^ 2))
  const { sum, pow_back } = nn.fused(
    `
      sum = sum(square(D_dense_1$x));
      pow_back = D_dense_1$x * pow_back_mul;
    `,
    { D_dense_1$x, pow_back_mul },
    [1],
  );
  tf.dispose(D_dense_1$x);
  // line 8, backwards: dense(8)
  const D_dense_1_back_linear$x = tf.matMul(pow_back, w['D/dense_1/kernel']);
  const D_dense_1_back$x = tf.matMul(pow_back, D_tanh$x$2, true);
  tf.dispose([D_tanh$x$2, pow_back]);
  // line 8, backwards: tanh
  const { D_tanh_back_sum$x, D_tanh_back$x } = nn.fused(
    `
      D_tanh_back_sum$x = sum(D_dense_1_back_linear$x * D_tanh_sub$x);
      D_tanh_back$x = D_tanh$x * (D_dense_1_back_linear$x * D_dense_2 * -2);
    `,
    { D_dense_1_back_linear$x, D_tanh_sub$x, D_dense_2, D_tanh$x },
    [0],
  );
  tf.dispose([D_dense_2, D_dense_1_back_linear$x]);
  // line 8, backwards: dense(1)
  const D_dense_2_back$x = nn.linearKernelGradient(D_tanh_back_sum$x, D_dense_2_broadcast_to);
  tf.dispose([D_dense_2_broadcast_to, D_tanh_back_sum$x]);
  // line 13, backwards: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const expect_back = 1 / run.batch;
  // line 11: let r1 = gamma / 2 * expect(sum(grad(D(x), x) ^ 2))
  const { r1 } = nn.fused('r1 = mean(sum) * 0.5', { sum }, [0]);
  tf.dispose(sum);
  // line 8, and backwards: dense(1)
  // line 13, and backwards: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  const { neg, d_loss, softplus_back, D_dense_2_back_mul$fake } = nn.fused(
    `
      neg = -(D_dense_2_linear$x + bias);
      let add = D_dense_2_linear$fake + bias;
      d_loss = mean(softplus(neg)) + mean(softplus(add)) + r1;
      let sigmoid = sigmoid(add);
      softplus_back = expect_back * sigmoid;
      D_dense_2_back_mul$fake = sum(sigmoid) * expect_back;
    `,
    { D_dense_2_linear$x, bias: w['D/dense_2/bias'], D_dense_2_linear$fake, r1, expect_back },
    [0],
  );
  tf.dispose([D_dense_2_linear$x, D_dense_2_linear$fake, r1]);
  // line 8, backwards: dense(1)
  const D_dense_2_back_linear$fake = tf.matMul(softplus_back, w['D/dense_2/kernel'], false, true);
  const D_dense_2_back_linear_kernel_gradient$fake = tf.matMul(D_tanh$fake, softplus_back, true);
  tf.dispose(softplus_back);
  // line 8, backwards: tanh
  // line 8, backwards: dense(8)
  const { D_tanh_back$fake, D_dense_1_back_sum$fake } = nn.fused(
    `
      D_tanh_back$fake = D_dense_2_back_linear$fake * (1 - square(D_tanh$fake));
      D_dense_1_back_sum$fake = sum(D_tanh_back$fake);
    `,
    { D_tanh$fake, D_dense_2_back_linear$fake },
    [0],
  );
  tf.dispose([D_tanh$fake, D_dense_2_back_linear$fake]);
  const D_dense_1_back_linear_kernel_gradient$fake = tf.matMul(fake, D_tanh_back$fake, true);
  tf.dispose([fake, D_tanh_back$fake]);
  // line 13, backwards: loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake))) + r1
  // line 8, backwards: dense(1)
  const { neg_back, D_dense_2_bias_grad } = nn.fused(
    `
      let sigmoid = sigmoid(neg);
      neg_back = -(expect_back * sigmoid);
      D_dense_2_bias_grad = D_dense_2_back_mul$fake - sum(sigmoid) * expect_back;
    `,
    { neg, expect_back, D_dense_2_back_mul$fake },
    [0],
  );
  tf.dispose([neg, D_dense_2_back_mul$fake]);
  const D_dense_2_back_linear$x = tf.matMul(neg_back, w['D/dense_2/kernel'], false, true);
  const D_dense_2_back_linear_kernel_gradient$x = tf.matMul(D_tanh$x, neg_back, true);
  tf.dispose([D_tanh$x, neg_back]);
  // line 8, backwards: tanh
  // line 8, backwards: dense(8)
  const { D_tanh_back$x$2, D_dense_1_bias_grad } = nn.fused(
    `
      D_tanh_back$x$2 = (D_tanh_back$x + D_dense_2_back_linear$x) * D_tanh_sub$x;
      D_dense_1_bias_grad = D_dense_1_back_sum$fake + sum(D_tanh_back$x$2);
    `,
    { D_tanh_back$x, D_dense_2_back_linear$x, D_tanh_sub$x, D_dense_1_back_sum$fake },
    [0],
  );
  tf.dispose([D_tanh_sub$x, D_tanh_back$x, D_dense_1_back_sum$fake, D_dense_2_back_linear$x]);
  const D_dense_1_back_linear_kernel_gradient$x = tf.matMul(x, D_tanh_back$x$2, true);
  tf.dispose(D_tanh_back$x$2);
  // line 8, backwards: dense(1)
  const { D_dense_2_kernel_grad } = nn.fused(
    `
      D_dense_2_kernel_grad = D_dense_2_back$x + D_dense_2_back_linear_kernel_gradient$fake
        + D_dense_2_back_linear_kernel_gradient$x;
    `,
    { D_dense_2_back$x, D_dense_2_back_linear_kernel_gradient$fake, D_dense_2_back_linear_kernel_gradient$x },
  );
  tf.dispose([
    D_dense_2_back$x, D_dense_2_back_linear_kernel_gradient$fake, D_dense_2_back_linear_kernel_gradient$x,
  ]);
  // line 8, backwards: dense(8)
  const { D_dense_1_kernel_grad } = nn.fused(
    `
      D_dense_1_kernel_grad = D_dense_1_back$x + D_dense_1_back_linear_kernel_gradient$fake
        + D_dense_1_back_linear_kernel_gradient$x;
    `,
    { D_dense_1_back$x, D_dense_1_back_linear_kernel_gradient$fake, D_dense_1_back_linear_kernel_gradient$x },
  );
  tf.dispose([
    D_dense_1_back$x, D_dense_1_back_linear_kernel_gradient$fake, D_dense_1_back_linear_kernel_gradient$x,
  ]);
  run.update(
    'train/D/d_loss/adam',
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
  // line 7: relu
  const { G_relu$2 } = nn.fused(
    'G_relu$2 = relu(G_dense_1_linear$2 + bias)',
    { G_dense_1_linear$2, bias: w['G/dense_1/bias'] },
  );
  tf.dispose(G_dense_1_linear$2);
  // line 7: dense(2)
  const G_dense_2_linear$2 = tf.matMul(G_relu$2, w['G/dense_2/kernel']);
  const fake$2 = tf.add(G_dense_2_linear$2, w['G/dense_2/bias']);
  tf.dispose(G_dense_2_linear$2);
  // line 8: dense(8)
  const D_dense_1_linear$fake$2 = tf.matMul(fake$2, w['D/dense_1/kernel']);
  tf.dispose(fake$2);
  // line 8: tanh
  const { D_tanh$fake$2 } = nn.fused(
    'D_tanh$fake$2 = tanh(D_dense_1_linear$fake$2 + bias)',
    { D_dense_1_linear$fake$2, bias: w['D/dense_1/bias'] },
  );
  tf.dispose(D_dense_1_linear$fake$2);
  // line 8: dense(1)
  const D_dense_2_linear$fake$2 = tf.matMul(D_tanh$fake$2, w['D/dense_2/kernel']);
  // line 14, and backwards: loss g_loss = expect(softplus(-D(fake)))
  const { g_loss, neg_back$2 } = nn.fused(
    `
      let neg = -(D_dense_2_linear$fake$2 + bias);
      g_loss = mean(softplus(neg));
      neg_back$2 = -(expect_back * sigmoid(neg));
    `,
    { D_dense_2_linear$fake$2, bias: w['D/dense_2/bias'], expect_back },
    [0],
  );
  tf.dispose(D_dense_2_linear$fake$2);
  // line 8, backwards: dense(1)
  const D_dense_2_back$fake = tf.matMul(neg_back$2, w['D/dense_2/kernel'], false, true);
  tf.dispose(neg_back$2);
  // line 8, backwards: tanh
  const { D_tanh_back$fake$2 } = nn.fused(
    'D_tanh_back$fake$2 = D_dense_2_back$fake * (1 - square(D_tanh$fake$2))',
    { D_tanh$fake$2, D_dense_2_back$fake },
  );
  tf.dispose([D_tanh$fake$2, D_dense_2_back$fake]);
  // line 8, backwards: dense(8)
  const D_dense_1_back$fake = tf.matMul(D_tanh_back$fake$2, w['D/dense_1/kernel'], false, true);
  tf.dispose(D_tanh_back$fake$2);
  // line 7, backwards: dense(2)
  const G_dense_2_back_linear = tf.matMul(D_dense_1_back$fake, w['G/dense_2/kernel'], false, true);
  const G_dense_2_kernel_grad = tf.matMul(G_relu$2, D_dense_1_back$fake, true);
  // line 7, backwards: relu
  // line 7, backwards: dense(8)
  const { G_relu_back, G_dense_1_bias_grad } = nn.fused(
    `
      G_relu_back = G_dense_2_back_linear * step(G_relu$2, 0);
      G_dense_1_bias_grad = sum(G_relu_back);
    `,
    { G_relu$2, G_dense_2_back_linear },
    [0],
  );
  tf.dispose([G_relu$2, G_dense_2_back_linear]);
  const G_dense_1_kernel_grad = tf.matMul(z$2, G_relu_back, true);
  tf.dispose(G_relu_back);
  // line 7, backwards: dense(2)
  const G_dense_2_bias_grad = tf.sum(D_dense_1_back$fake, [0]);
  tf.dispose(D_dense_1_back$fake);
  run.update(
    'train/G/g_loss/adam',
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
    // line 8: tanh
    const { D_tanh$x$3 } = nn.fused(
      'D_tanh$x$3 = tanh(D_dense_1_linear$x$2 + bias)',
      { D_dense_1_linear$x$2, bias: w['D/dense_1/bias'] },
    );
    tf.dispose(D_dense_1_linear$x$2);
    // line 8: dense(1)
    const D_dense_2_linear$x$2 = tf.matMul(D_tanh$x$3, w['D/dense_2/kernel']);
    tf.dispose(D_tanh$x$3);
    // line 15: metric sure = expect(sigmoid(D(x)))
    const { sure } = nn.fused(
      'sure = mean(sigmoid(D_dense_2_linear$x$2 + bias))',
      { D_dense_2_linear$x$2, bias: w['D/dense_2/bias'] },
      [0],
    );
    tf.dispose(D_dense_2_linear$x$2);
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
  // line 7: relu
  const { G_relu } = nn.fused(
    'G_relu = relu(G_dense_1_linear + bias)',
    { G_dense_1_linear, bias: w['G/dense_1/bias'] },
  );
  tf.dispose(G_dense_1_linear);
  // line 7: dense(2)
  const G_dense_2_linear = tf.matMul(G_relu, w['G/dense_2/kernel']);
  tf.dispose(G_relu);
  const samples = tf.add(G_dense_2_linear, w['G/dense_2/bias']);
  tf.dispose(G_dense_2_linear);
  return samples;
}

/** The values of `D` at points `x`: a surface to be drawn under them. */
function D_at_x(run) {
  const { output: w } = run;
  const { x } = run.samples;

  // line 8: dense(8)
  const D_dense_1_linear = tf.matMul(x, w['D/dense_1/kernel']);
  // line 8: tanh
  const { D_tanh } = nn.fused(
    'D_tanh = tanh(D_dense_1_linear + bias)',
    { D_dense_1_linear, bias: w['D/dense_1/bias'] },
  );
  tf.dispose(D_dense_1_linear);
  // line 8: dense(1)
  const D_dense_2_linear = tf.matMul(D_tanh, w['D/dense_2/kernel']);
  tf.dispose(D_tanh);
  const D = tf.add(D_dense_2_linear, w['D/dense_2/bias']);
  tf.dispose(D_dense_2_linear);
  return D;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=ring.js.map
