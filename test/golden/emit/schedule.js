// schedule: compiled by ganc from schedule.gan. "line 12" in a comment is a line of that file.
import * as tf from '@tensorflow/tfjs';
import { main, nn } from './runtime.js';

export const model = {
  format: 1,
  name: 'schedule',
  doc: '',
  source: 'schedule.gan',
  params: {},
  data: [
    {
      fields: [
        { name: 'x', type: { meaning: 'tensor', shape: [2] } },
        { name: 'y', type: { meaning: 'label', shape: [3] } },
      ],
      from: 'ring',
    },
  ],
  noise: [{ name: 'z', dist: { kind: 'uniform', low: -1, high: 1 }, shape: [4] }],
  nets: [{ name: 'E', from: null }, { name: 'G', from: null }, { name: 'D', from: null }],
  weights: [
    { name: 'E/dense_1/kernel', net: 'E', shape: [2, 6], init: { kind: 'glorot_uniform' }, fanIn: 2, fanOut: 6 },
    { name: 'E/dense_1/bias', net: 'E', shape: [6], init: { kind: 'constant', value: 0 }, fanIn: 6, fanOut: 6 },
    { name: 'E/dense_2/kernel', net: 'E', shape: [6, 3], init: { kind: 'glorot_uniform' }, fanIn: 6, fanOut: 3 },
    { name: 'E/dense_2/bias', net: 'E', shape: [3], init: { kind: 'constant', value: 0 }, fanIn: 3, fanOut: 3 },
    { name: 'E/dense_3/kernel', net: 'E', shape: [6, 3], init: { kind: 'glorot_uniform' }, fanIn: 6, fanOut: 3 },
    { name: 'E/dense_3/bias', net: 'E', shape: [3], init: { kind: 'constant', value: 0 }, fanIn: 3, fanOut: 3 },
    { name: 'G/dense_1/kernel', net: 'G', shape: [4, 6], init: { kind: 'glorot_uniform' }, fanIn: 4, fanOut: 6 },
    { name: 'G/dense_1/bias', net: 'G', shape: [6], init: { kind: 'constant', value: 0 }, fanIn: 6, fanOut: 6 },
    { name: 'G/dense_2/kernel', net: 'G', shape: [6, 2], init: { kind: 'glorot_uniform' }, fanIn: 6, fanOut: 2 },
    { name: 'G/dense_2/bias', net: 'G', shape: [2], init: { kind: 'constant', value: 0 }, fanIn: 2, fanOut: 2 },
    { name: 'D/dense_1/kernel', net: 'D', shape: [2, 6], init: { kind: 'glorot_uniform' }, fanIn: 2, fanOut: 6 },
    { name: 'D/dense_1/bias', net: 'D', shape: [6], init: { kind: 'constant', value: 0 }, fanIn: 6, fanOut: 6 },
    { name: 'D/dense_2/kernel', net: 'D', shape: [6, 1], init: { kind: 'glorot_uniform' }, fanIn: 6, fanOut: 1 },
    { name: 'D/dense_2/bias', net: 'D', shape: [1], init: { kind: 'constant', value: 0 }, fanIn: 1, fanOut: 1 },
  ],
  stats: [],
  optimizers: [
    { name: 'd_opt', rule: 'rmsprop', update: null },
    { name: 'warm/E/guess/sgd', rule: 'sgd', update: { phase: 'warm', nets: ['E'], goal: 'minimize guess', settings: 'sgd(0.1, momentum = 0.9)' } },
    { name: 'warm/E/guess/sgd_2', rule: 'sgd', update: { phase: 'warm', nets: ['E'], goal: 'minimize guess', settings: 'sgd(0.1, momentum = 0.9, clip_norm = 1)' } },
    { name: 'learn/G/generator/adam', rule: 'adam', update: { phase: 'learn', nets: ['G'], goal: 'minimize generator', settings: 'adam(1e-3)' } },
    { name: 'learn/E/keep/adam', rule: 'adam', update: { phase: 'learn', nets: ['E'], goal: 'minimize keep', settings: 'adam(1e-3)' } },
  ],
  phases: [
    {
      name: 'warm',
      batch: 8,
      steps: 10,
      epochs: null,
      epochSource: 'x',
      averaged: [],
      frozen: [],
      losses: ['guess'],
      metrics: [],
      step: warm,
    },
    {
      name: 'learn',
      batch: 8,
      steps: 20,
      epochs: null,
      epochSource: 'x',
      averaged: ['G'],
      frozen: ['E'],
      losses: ['critic', 'generator', 'keep'],
      metrics: ['gap'],
      step: learn,
    },
  ],
  outputs: [
    { name: 'samples', type: { meaning: 'tensor', shape: [2] }, doc: '', sources: ['z'], evaluate: samples },
    { name: 'codes', type: { meaning: 'tensor', shape: [3] }, doc: '', sources: ['x'], evaluate: codes },
  ],
  probes: [{ name: 'D', source: 'x', evaluate: D_at_x }],
};

const constant$values = [1, 2, 3, 4];

// Formulas: each is one pass over memory, and sums and means in it run over the axes behind it.
const denseH = nn.formula('(product, bias) => relu(product + bias)');
const denseHGradient = nn.formula('(dy, dy2, x) => { dx = (dy + dy2) * step(x, 0); d_bias = sum(dx) }', [0]);
const mulLogSoftmaxGradient = nn.formula('(k, x) => { dx = k * x; dx2 = sum(dx) }', [1], true);
const denseCode = nn.formula(`(product, bias, product2, bias2, x) => {
  exponential = exp((product2 + bias2) / 2);
  shifted = product + bias + exponential * x;
}`);
const logSoftmaxDenseGradient = nn.formula(`(dy, dy2, dy3, x, exponential) => {
  dx = dy3 - dy * dy2;
  dx2 = dx * x * exponential;
  d_bias = sum(dx);
}`, [0]);
const divDenseGradient = nn.formula('(dy) => { dx = dy / 2; d_bias = sum(dy) / 2 }', [0]);
const mulSum = nn.formula('(x, x2) => sum(x * x2)', [1]);
const expectGuess = nn.formula('(total) => -mean(total)', [0]);
const denseLeakyRelu = nn.formula('(product, bias) => leaky_relu(product + bias, 0.2)');
const leakyReluDenseGradient = nn.formula(`(x, d) => {
  let dy = step(x, 0.2);
  dx = d * dy;
  d_bias = sum(dy) * d;
}`, [0]);
const leakyReluDenseGradient$2 = nn.formula(`(x, d, d_bias_before) => {
  let dy = step(x, 0.2);
  dx = d * dy;
  d_bias = d_bias_before + sum(dy) * d;
}`, [0]);
const denseCritic = nn.formula(`(product, bias, product2) =>
  mean(product + bias) - mean(product2 + bias)`, [0]);
const subSumAndGradient = nn.formula(`(x) => {
  let difference = x - 1;
  total = sum(square(difference));
  dx = difference * 1.25e-4;
}`, [1, 2]);
const leakyReluGradient = nn.formula('(x, d) => d * step(x, 0.2)');
const denseGradient = nn.formula(`(d_product, dy, d_bias_before) => {
  d_product2 = d_product + dy;
  d_bias = d_bias_before + sum(dy);
}`, [0]);
const reluDenseGradient = nn.formula('(x, dy) => { dx = dy * step(x, 0); d_bias = sum(dx) }', [0]);
const densePowAndGradient = nn.formula(`(product, bias, product2, bias2) => {
  let difference = product + bias - (product2 + bias2);
  squared = square(difference);
  dx = difference * 0.125;
  d_bias = sum(difference) * 0.125;
}`, [0]);
const expectMul = nn.formula('(total) => mean(total) * 0.001', [0]);
const denseGenerator = nn.formula('(product, bias, scaled) => scaled - mean(product + bias)', [0]);
const denseExpect = nn.formula('(product, bias) => mean(product + bias)', [0]);
const denseCode$2 = nn.formula(`(product, bias, product2, bias2, x) =>
  product + bias + exp((product2 + bias2) / 2) * x`);

/** Evaluates `E` (lines 8 to 9): gives `product_3`, and what the way back needs. */
function E(w, x) {
  // line 8: dense(6)
  const product_1 = tf.matMul(x, w['E/dense_1/kernel']);
  // line 8: relu
  const h = denseH(product_1, w['E/dense_1/bias']);
  tf.dispose(product_1);
  // line 9: dense(h, 3)
  const product_2 = tf.matMul(h, w['E/dense_2/kernel']);
  // line 9: dense(h, 3)
  const product_3 = tf.matMul(h, w['E/dense_3/kernel']);
  return [product_3, { h, product_2 }];
}

/** Evaluates `G` (line 11): gives `dense_2`, and what the way back needs if `keep`. */
function G(w, z, keep) {
  // line 11: dense(6)
  const product_1 = tf.matMul(z, w['G/dense_1/kernel']);
  // line 11: relu
  const relu = denseH(product_1, w['G/dense_1/bias']);
  tf.dispose(product_1);
  // line 11: dense(2)
  const product_2 = tf.matMul(relu, w['G/dense_2/kernel']);
  if (!keep) tf.dispose(relu);
  const dense_2 = tf.add(product_2, w['G/dense_2/bias']);
  if (!keep) tf.dispose(product_2);
  if (!keep) return [dense_2];
  return [dense_2, { relu, product_2 }];
}

/** Evaluates `G` (line 11): gives `dense_2`. */
function G$2(w, z) {
  // line 11: dense(6)
  const product_1 = tf.matMul(z, w['G/dense_1/kernel']);
  // line 11: relu
  const relu = denseH(product_1, w['G/dense_1/bias']);
  tf.dispose(product_1);
  // line 11: dense(2)
  const product_2 = tf.matMul(relu, w['G/dense_2/kernel']);
  tf.dispose(relu);
  const dense_2 = tf.add(product_2, w['G/dense_2/bias']);
  tf.dispose(product_2);
  return dense_2;
}

/** Back through `E` (lines 8 to 9): the gradients of its weights. Frees what it reads last. */
function E_backward(w, d_dense_3, h, d_x, x) {
  // line 9: dense(h, 3)
  const d_h = tf.matMul(d_dense_3, w['E/dense_3/kernel'], false, true);
  const d_kernel_3 = tf.matMul(h, d_dense_3, true);
  tf.dispose(d_dense_3);
  // line 9: dense(h, 3)
  const d_h$2 = tf.matMul(d_x, w['E/dense_2/kernel'], false, true);
  const d_kernel_2 = tf.matMul(h, d_x, true);
  tf.dispose(d_x);
  // line 8: relu
  // line 8: dense(6)
  const [d_dense_1, d_bias] = denseHGradient(d_h, d_h$2, h);
  tf.dispose([d_h, h, d_h$2]);
  const d_kernel_1 = tf.matMul(x, d_dense_1, true);
  tf.dispose(d_dense_1);
  return { d_kernel_3, d_kernel_2, d_bias, d_kernel_1 };
}

/** One step of phase `warm` (10 steps of 8 examples). */
async function warm(run) {
  const { live: w } = run;

  // ── sample x, y (line 29)
  await run.sample(['x', 'y']);
  const { x, y } = run.samples;

  // ── once (line 30)

  // line 16: let code = mu + exp(s / 2) * draw normal[3]
  const draw = run.draw('draw_1#0', { kind: 'normal', mean: 0, std: 1 }, [run.batch, 3]);
  const d_expect = -1 / run.batch;
  // line 21, its gradient: loss guess = -expect(sum(y * log_softmax(code)))
  const [d_log_softmax, d_log_softmax_sum] = mulLogSoftmaxGradient(d_expect, y);
  if (run.step === 0) {
    // ── update E to minimize guess with sgd(0.1, momentum = 0.9) (line 30)
    const [E_dense_3_product, E_x] = E(w, x);

    // line 9: dense(h, 3)
    // line 9: dense(h, 3)
    // line 16: let code = mu + exp(s / 2) * draw normal[3]
    const [exp, code] = denseCode(
      E_x.product_2, w['E/dense_2/bias'], E_dense_3_product, w['E/dense_3/bias'], draw,
    );
    tf.dispose([E_x.product_2, E_dense_3_product]);
    // line 21: loss guess = -expect(sum(y * log_softmax(code)))
    const log_softmax = tf.logSoftmax(code);
    // line 21, its gradient: loss guess = -expect(sum(y * log_softmax(code)))
    const d_log_softmax_softmax = tf.softmax(code);
    tf.dispose(code);
    // line 16, its gradient: let code = mu + exp(s / 2) * draw normal[3]
    // line 9, its gradient: dense(h, 3)
    const [d_code, d_div, d_E_dense_2_bias] = logSoftmaxDenseGradient(
      d_log_softmax_softmax, d_log_softmax_sum, d_log_softmax, draw, exp,
    );
    tf.dispose([exp, d_log_softmax_softmax]);
    // line 9, its gradient: dense(h, 3)
    const [d_E_dense_3, d_E_dense_3_bias] = divDenseGradient(d_div);
    tf.dispose(d_div);

    const d_E_x = E_backward(w, d_E_dense_3, E_x.h, d_code, x);

    // line 21: loss guess = -expect(sum(y * log_softmax(code)))
    const sum = mulSum(y, log_softmax);
    tf.dispose(log_softmax);
    const guess = expectGuess(sum);
    tf.dispose(sum);
    run.update('warm/E/guess/sgd', {
      'E/dense_1/kernel': d_E_x.d_kernel_1,
      'E/dense_1/bias': d_E_x.d_bias,
      'E/dense_2/kernel': d_E_x.d_kernel_2,
      'E/dense_2/bias': d_E_dense_2_bias,
      'E/dense_3/kernel': d_E_x.d_kernel_3,
      'E/dense_3/bias': d_E_dense_3_bias,
    }, { lr: 0.1, momentum: 0.9, nesterov: false, clip_norm: null });
    run.log('guess', guess);
    tf.dispose(guess);
  }

  // ── update E to minimize guess with sgd(0.1, momentum = 0.9, clip_norm = 1) (line 31)
  const [E_dense_3_product$2, E_x$2] = E(w, x);

  // line 9: dense(h, 3)
  // line 9: dense(h, 3)
  // line 16: let code = mu + exp(s / 2) * draw normal[3]
  const [exp$2, code$2] = denseCode(
    E_x$2.product_2, w['E/dense_2/bias'], E_dense_3_product$2, w['E/dense_3/bias'], draw,
  );
  tf.dispose([E_x$2.product_2, E_dense_3_product$2]);
  // line 21: loss guess = -expect(sum(y * log_softmax(code)))
  const log_softmax$2 = tf.logSoftmax(code$2);
  // line 21, its gradient: loss guess = -expect(sum(y * log_softmax(code)))
  const d_log_softmax_softmax$2 = tf.softmax(code$2);
  tf.dispose(code$2);
  // line 16, its gradient: let code = mu + exp(s / 2) * draw normal[3]
  // line 9, its gradient: dense(h, 3)
  const [d_code$2, d_div$2, d_E_dense_2_bias$2] = logSoftmaxDenseGradient(
    d_log_softmax_softmax$2, d_log_softmax_sum, d_log_softmax, draw, exp$2,
  );
  tf.dispose([draw, d_log_softmax, d_log_softmax_sum, exp$2, d_log_softmax_softmax$2]);
  // line 9, its gradient: dense(h, 3)
  const [d_E_dense_3$2, d_E_dense_3_bias$2] = divDenseGradient(d_div$2);
  tf.dispose(d_div$2);

  const d_E_x$2 = E_backward(w, d_E_dense_3$2, E_x$2.h, d_code$2, x);

  // line 21: loss guess = -expect(sum(y * log_softmax(code)))
  const sum$2 = mulSum(y, log_softmax$2);
  tf.dispose(log_softmax$2);
  const guess$2 = expectGuess(sum$2);
  tf.dispose(sum$2);
  run.update('warm/E/guess/sgd_2', {
    'E/dense_1/kernel': d_E_x$2.d_kernel_1,
    'E/dense_1/bias': d_E_x$2.d_bias,
    'E/dense_2/kernel': d_E_x$2.d_kernel_2,
    'E/dense_2/bias': d_E_dense_2_bias$2,
    'E/dense_3/kernel': d_E_x$2.d_kernel_3,
    'E/dense_3/bias': d_E_dense_3_bias$2,
  }, { lr: 0.1, momentum: 0.9, nesterov: false, clip_norm: 1 });
  run.log('guess', guess$2);
  tf.dispose(guess$2);
}

/** One step of phase `learn` (20 steps of 8 examples). */
async function learn(run) {
  const { averaged, frozen, live: w } = run;

  if ((run.step < 2 || run.step % 5 === 0 ? 3 : 2) >= 1) {
    // ── repeat (if step < 2 || step % 5 == 0 then 3 else 2) (line 35)
    const d_expect_div = -1 / run.batch;

    // line 19, its gradient: loss critic = expect(D(fake)) - expect(D(x))
    const d_expect_broadcast_to = tf.reshape(d_expect_div, [1]);
    const d_D_dense_2$x = tf.broadcastTo(d_expect_div, [run.batch, 1]);
    const d_expect_div$2 = 1 / run.batch;
    const d_expect_broadcast_to$2 = tf.reshape(d_expect_div$2, [1]);
    const d_D_dense_2$fake = tf.broadcastTo(d_expect_div$2, [run.batch, 1]);

    // gradient of D:
    // line 12: dense(1)
    const d_D_dense_2_bias = tf.fill([1], 0);
    for (let i = 1; i <= (run.step < 2 || run.step % 5 === 0 ? 3 : 2); i++) {
      // ── sample x, z (line 36)
      await run.sample(['x', 'z']);
      const { x, z } = run.samples;

      // ── clip D to [-0.01, 0.01] (line 37)
      run.clip('D', -0.01, 0.01);

      // ── update D to minimize critic with d_opt (line 38)
      const fake = G$2(w, z);

      // D(fake):
      // line 12: dense(6)
      const D_dense_1_product$fake = tf.matMul(fake, w['D/dense_1/kernel']);
      // line 12: leaky_relu
      const D_leaky_relu$fake = denseLeakyRelu(D_dense_1_product$fake, w['D/dense_1/bias']);
      tf.dispose(D_dense_1_product$fake);
      // line 12: dense(1)
      const D_dense_2_product$fake = tf.matMul(D_leaky_relu$fake, w['D/dense_2/kernel']);

      // D(x):
      // line 12: dense(6)
      const D_dense_1_product$x = tf.matMul(x, w['D/dense_1/kernel']);
      // line 12: leaky_relu
      const D_leaky_relu$x = denseLeakyRelu(D_dense_1_product$x, w['D/dense_1/bias']);
      tf.dispose(D_dense_1_product$x);
      // line 12: dense(1)
      const D_dense_2_product$x = tf.matMul(D_leaky_relu$x, w['D/dense_2/kernel']);

      // gradient of D:
      // line 12: dense(1)
      const d_D_dense_2_linear = nn.linear(d_expect_broadcast_to, w['D/dense_2/kernel'], true);

      // gradient of D(x):
      // line 12: dense(1)
      const d_D_dense_2_kernel$x = tf.matMul(D_leaky_relu$x, d_D_dense_2$x, true);
      // line 12: leaky_relu
      // line 12: dense(6)
      const [d_D_dense_1$x, d_D_dense_1_bias$x] = leakyReluDenseGradient(D_leaky_relu$x, d_D_dense_2_linear);
      tf.dispose([D_leaky_relu$x, d_D_dense_2_linear]);
      const d_D_dense_1_kernel$x = tf.matMul(x, d_D_dense_1$x, true);
      tf.dispose(d_D_dense_1$x);

      // gradient of D:
      // line 12: dense(1)
      const d_D_dense_2_linear$2 = nn.linear(d_expect_broadcast_to$2, w['D/dense_2/kernel'], true);

      // gradient of D(fake):
      // line 12: dense(1)
      const d_D_dense_2_kernel$fake = tf.matMul(D_leaky_relu$fake, d_D_dense_2$fake, true);
      // line 12: leaky_relu
      // line 12: dense(6)
      const [d_D_dense_1$fake, d_D_dense_1_bias] = leakyReluDenseGradient$2(
        D_leaky_relu$fake, d_D_dense_2_linear$2, d_D_dense_1_bias$x,
      );
      tf.dispose([D_leaky_relu$fake, d_D_dense_1_bias$x, d_D_dense_2_linear$2]);
      const d_D_dense_1_kernel$fake = tf.matMul(fake, d_D_dense_1$fake, true);
      tf.dispose([fake, d_D_dense_1$fake]);

      // line 12: dense(1)
      // line 19: loss critic = expect(D(fake)) - expect(D(x))
      const critic = denseCritic(D_dense_2_product$fake, w['D/dense_2/bias'], D_dense_2_product$x);
      tf.dispose([D_dense_2_product$fake, D_dense_2_product$x]);

      // gradient of D:
      // line 12: dense(1)
      const d_D_dense_2_kernel = tf.add(d_D_dense_2_kernel$x, d_D_dense_2_kernel$fake);
      tf.dispose([d_D_dense_2_kernel$x, d_D_dense_2_kernel$fake]);
      // line 12: dense(6)
      const d_D_dense_1_kernel = tf.add(d_D_dense_1_kernel$x, d_D_dense_1_kernel$fake);
      tf.dispose([d_D_dense_1_kernel$x, d_D_dense_1_kernel$fake]);
      run.update('d_opt', {
        'D/dense_1/kernel': d_D_dense_1_kernel,
        'D/dense_1/bias': d_D_dense_1_bias,
        'D/dense_2/kernel': d_D_dense_2_kernel,
        'D/dense_2/bias': tf.clone(d_D_dense_2_bias),
      }, { lr: 5e-5, decay: 0.99, momentum: 0, epsilon: 1e-8, clip_norm: null });
      run.log('critic', critic);
      tf.dispose(critic);
    }
    tf.dispose([
      d_expect_broadcast_to, d_D_dense_2$x, d_expect_broadcast_to$2, d_D_dense_2$fake, d_D_dense_2_bias,
    ]);
  }

  // ── sample 16 of z (line 40)
  await run.sample(['z'], 16);
  const { z: z$2 } = run.samples;

  // ── update G to minimize generator with adam(1e-3) (line 42)
  const [fake$2, G_z] = G(w, z$2, true);

  // D(fake):
  // line 12: dense(6)
  const D_dense_1_product$fake$2 = tf.matMul(fake$2, w['D/dense_1/kernel']);
  // line 12: leaky_relu
  const D_leaky_relu$fake$2 = denseLeakyRelu(D_dense_1_product$fake$2, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_product$fake$2);
  // line 12: dense(1)
  const D_dense_2_product$fake$2 = tf.matMul(D_leaky_relu$fake$2, w['D/dense_2/kernel']);

  // line 20: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), window) - 1) ^ 2)) …
  const reshape_reshape = tf.reshape(G_z.product_2, [-1, 1, 2]);
  tf.dispose(G_z.product_2);
  const constant = tf.tensor(constant$values, [2, 2]);
  const reshape = tf.add(reshape_reshape, w['G/dense_2/bias']);
  tf.dispose(reshape_reshape);
  const matmul = nn.linear(reshape, constant);
  tf.dispose(reshape);
  // line 20 and its gradient: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), wi…
  const [sum, d_sub] = subSumAndGradient(matmul);
  tf.dispose(matmul);
  // line 20, its gradient: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), windo…
  const d_reshape = nn.linear(d_sub, constant, true);
  tf.dispose([constant, d_sub]);
  const d_G_dense_2_product = tf.reshape(d_reshape, [-1, 2]);
  const d_expect = tf.fill([1], -0.0625);

  // gradient of D:
  // line 12: dense(1)
  const d_D_dense_2 = nn.linear(d_expect, w['D/dense_2/kernel'], true);
  tf.dispose(d_expect);

  // gradient of D(fake):
  // line 12: leaky_relu
  const d_D_dense_1$fake$2 = leakyReluGradient(D_leaky_relu$fake$2, d_D_dense_2);
  tf.dispose([D_leaky_relu$fake$2, d_D_dense_2]);
  // line 12: dense(6)
  const d_G_dense_2 = tf.matMul(d_D_dense_1$fake$2, w['D/dense_1/kernel'], false, true);
  tf.dispose(d_D_dense_1$fake$2);

  // line 20, its gradient: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), windo…
  const d_G_dense_2_bias = tf.sum(d_reshape, [0, 1]);
  tf.dispose(d_reshape);

  // gradient of G(z):
  // line 11: dense(2)
  const [d_G_dense_2_product$2, d_G_dense_2_bias$2] = denseGradient(
    d_G_dense_2_product, d_G_dense_2, d_G_dense_2_bias,
  );
  tf.dispose([d_G_dense_2_bias, d_G_dense_2_product, d_G_dense_2]);
  const d_G_relu = tf.matMul(d_G_dense_2_product$2, w['G/dense_2/kernel'], false, true);
  const d_G_dense_2_kernel = tf.matMul(G_z.relu, d_G_dense_2_product$2, true);
  tf.dispose(d_G_dense_2_product$2);
  // line 11: relu
  // line 11: dense(6)
  const [d_G_dense_1, d_G_dense_1_bias] = reluDenseGradient(G_z.relu, d_G_relu);
  tf.dispose([G_z.relu, d_G_relu]);
  const d_G_dense_1_kernel = tf.matMul(z$2, d_G_dense_1, true);
  tf.dispose(d_G_dense_1);

  // E(fake):
  // line 8: dense(6)
  const E_dense_1_product = tf.matMul(fake$2, w['E/dense_1/kernel']);
  // line 8: relu
  const E_h = denseH(E_dense_1_product, w['E/dense_1/bias']);
  tf.dispose(E_dense_1_product);
  // line 9: dense(h, 3)
  const E_dense_2_product = tf.matMul(E_h, w['E/dense_2/kernel']);
  // line 8: dense(6)
  const E_dense_1_product$2 = tf.matMul(fake$2, frozen['E/dense_1/kernel']);
  // line 8: relu
  const E_h$2 = denseH(E_dense_1_product$2, frozen['E/dense_1/bias']);
  tf.dispose(E_dense_1_product$2);
  // line 9: dense(h, 3)
  const E_dense_2_product$2 = tf.matMul(E_h$2, frozen['E/dense_2/kernel']);
  tf.dispose(E_h$2);

  // line 9 and its gradient: dense(h, 3)
  // line 22 and its gradient: loss keep = expect(sum((E(fake).mu - E.frozen(fake).mu) ^ 2))
  const [pow, d_sub$2, d_E_dense_2_bias] = densePowAndGradient(
    E_dense_2_product, w['E/dense_2/bias'], E_dense_2_product$2, frozen['E/dense_2/bias'],
  );
  tf.dispose([E_dense_2_product, E_dense_2_product$2]);

  // gradient of E(fake):
  // line 9: dense(h, 3)
  const d_E_h = tf.matMul(d_sub$2, w['E/dense_2/kernel'], false, true);
  const d_E_dense_2_kernel = tf.matMul(E_h, d_sub$2, true);
  tf.dispose(d_sub$2);
  // line 8: relu
  // line 8: dense(6)
  const [d_E_dense_1, d_E_dense_1_bias] = reluDenseGradient(E_h, d_E_h);
  tf.dispose([E_h, d_E_h]);
  const d_E_dense_1_kernel = tf.matMul(fake$2, d_E_dense_1, true);
  tf.dispose([fake$2, d_E_dense_1]);

  // line 20: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), window) - 1) ^ 2)) …
  const mul = expectMul(sum);
  tf.dispose(sum);
  // line 12: dense(1)
  const generator = denseGenerator(D_dense_2_product$fake$2, w['D/dense_2/bias'], mul);
  tf.dispose([D_dense_2_product$fake$2, mul]);
  // line 22: loss keep = expect(sum((E(fake).mu - E.frozen(fake).mu) ^ 2))
  const sum$2 = tf.sum(pow, [1]);
  tf.dispose(pow);
  const keep = tf.mean(sum$2, [0]);
  tf.dispose(sum$2);
  run.update('learn/G/generator/adam', {
    'G/dense_1/kernel': d_G_dense_1_kernel,
    'G/dense_1/bias': d_G_dense_1_bias,
    'G/dense_2/kernel': d_G_dense_2_kernel,
    'G/dense_2/bias': d_G_dense_2_bias$2,
  }, { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip_norm: null });

  // ── update E to minimize keep with adam(1e-3) (line 43)
  run.update('learn/E/keep/adam', {
    'E/dense_1/kernel': d_E_dense_1_kernel,
    'E/dense_1/bias': d_E_dense_1_bias,
    'E/dense_2/kernel': d_E_dense_2_kernel,
    'E/dense_2/bias': d_E_dense_2_bias,
  }, { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip_norm: null });
  run.log('generator', generator);
  tf.dispose(generator);
  run.log('keep', keep);
  tf.dispose(keep);

  // ── average G decay 0.99 (line 45)
  run.average('G', 0.99);

  // ── every 5 (line 46)
  if (run.step % 5 === 0) {
    // ── sample x (line 46)
    await run.sample(['x']);
    const { x: x$2 } = run.samples;

    // ── sample 16 of z (line 46)
    await run.sample(['z'], 16);
    const { z: z$3 } = run.samples;

    // ── update D to minimize 16 * critic with d_opt (line 46)

    // line 38: update D to minimize critic with d_opt
    const broadcast_to = tf.fill([1], 1);
    const d_D_dense_2_bias$2 = tf.fill([1], 0);

    const [fake$3] = G(w, z$3);

    // D(fake):
    // line 12: dense(6)
    const D_dense_1_product$fake$3 = tf.matMul(fake$3, w['D/dense_1/kernel']);
    // line 12: leaky_relu
    const D_leaky_relu$fake$3 = denseLeakyRelu(D_dense_1_product$fake$3, w['D/dense_1/bias']);
    tf.dispose(D_dense_1_product$fake$3);
    // line 12: dense(1)
    const D_dense_2_product$fake$3 = tf.matMul(D_leaky_relu$fake$3, w['D/dense_2/kernel']);

    // D(x):
    // line 12: dense(6)
    const D_dense_1_product$x$2 = tf.matMul(x$2, w['D/dense_1/kernel']);
    // line 12: leaky_relu
    const D_leaky_relu$x$2 = denseLeakyRelu(D_dense_1_product$x$2, w['D/dense_1/bias']);
    tf.dispose(D_dense_1_product$x$2);
    // line 12: dense(1)
    const D_dense_2_product$x$2 = tf.matMul(D_leaky_relu$x$2, w['D/dense_2/kernel']);
    const d_expect_div$3 = -16 / run.batch;

    // line 19, its gradient: loss critic = expect(D(fake)) - expect(D(x))
    const d_expect_broadcast_to$3 = tf.reshape(d_expect_div$3, [1]);
    const d_D_dense_2$x$2 = tf.broadcastTo(d_expect_div$3, [run.batch, 1]);

    // gradient of D:
    // line 12: dense(1)
    const d_D_dense_2_linear$3 = nn.linear(d_expect_broadcast_to$3, w['D/dense_2/kernel'], true);
    tf.dispose(d_expect_broadcast_to$3);

    // gradient of D(x):
    // line 12: dense(1)
    const d_D_dense_2_kernel$x$2 = tf.matMul(D_leaky_relu$x$2, d_D_dense_2$x$2, true);
    tf.dispose(d_D_dense_2$x$2);
    // line 12: leaky_relu
    // line 12: dense(6)
    const [d_D_dense_1$x$2, d_D_dense_1_bias$x$2] = leakyReluDenseGradient(
      D_leaky_relu$x$2, d_D_dense_2_linear$3,
    );
    tf.dispose([D_leaky_relu$x$2, d_D_dense_2_linear$3]);
    const d_D_dense_1_kernel$x$2 = tf.matMul(x$2, d_D_dense_1$x$2, true);
    tf.dispose(d_D_dense_1$x$2);

    // line 19, its gradient: loss critic = expect(D(fake)) - expect(D(x))
    const d_D_dense_2$fake$2 = tf.fill([16, 1], 1);

    // gradient of D:
    // line 12: dense(1)
    const d_D_dense_2_linear$4 = nn.linear(broadcast_to, w['D/dense_2/kernel'], true);
    tf.dispose(broadcast_to);

    // gradient of D(fake):
    // line 12: dense(1)
    const d_D_dense_2_kernel$fake$2 = tf.matMul(D_leaky_relu$fake$3, d_D_dense_2$fake$2, true);
    tf.dispose(d_D_dense_2$fake$2);
    // line 12: leaky_relu
    // line 12: dense(6)
    const [d_D_dense_1$fake$3, d_D_dense_1_bias$2] = leakyReluDenseGradient$2(
      D_leaky_relu$fake$3, d_D_dense_2_linear$4, d_D_dense_1_bias$x$2,
    );
    tf.dispose([D_leaky_relu$fake$3, d_D_dense_1_bias$x$2, d_D_dense_2_linear$4]);
    const d_D_dense_1_kernel$fake$2 = tf.matMul(fake$3, d_D_dense_1$fake$3, true);
    tf.dispose([fake$3, d_D_dense_1$fake$3]);

    // line 12: dense(1)
    // line 19: loss critic = expect(D(fake)) - expect(D(x))
    const expect = denseExpect(D_dense_2_product$fake$3, w['D/dense_2/bias']);
    tf.dispose(D_dense_2_product$fake$3);
    const critic$2 = denseGenerator(D_dense_2_product$x$2, w['D/dense_2/bias'], expect);
    tf.dispose([expect, D_dense_2_product$x$2]);

    // gradient of D:
    // line 12: dense(1)
    const d_D_dense_2_kernel$2 = tf.add(d_D_dense_2_kernel$x$2, d_D_dense_2_kernel$fake$2);
    tf.dispose([d_D_dense_2_kernel$x$2, d_D_dense_2_kernel$fake$2]);
    // line 12: dense(6)
    const d_D_dense_1_kernel$2 = tf.add(d_D_dense_1_kernel$x$2, d_D_dense_1_kernel$fake$2);
    tf.dispose([d_D_dense_1_kernel$x$2, d_D_dense_1_kernel$fake$2]);
    run.update('d_opt', {
      'D/dense_1/kernel': d_D_dense_1_kernel$2,
      'D/dense_1/bias': d_D_dense_1_bias$2,
      'D/dense_2/kernel': d_D_dense_2_kernel$2,
      'D/dense_2/bias': d_D_dense_2_bias$2,
    }, { lr: 5e-5, decay: 0.99, momentum: 0, epsilon: 1e-8, clip_norm: null });
    run.log('critic', critic$2);
    tf.dispose(critic$2);
  }

  // ── metrics, at steps that are written down
  if (run.logging) {
    const { x: x$3 } = run.samples;

    // D(x):
    // line 12: dense(6)
    const D_dense_1_product$x$3 = tf.matMul(x$3, w['D/dense_1/kernel']);
    // line 12: leaky_relu
    const D_leaky_relu$x$3 = denseLeakyRelu(D_dense_1_product$x$3, w['D/dense_1/bias']);
    tf.dispose(D_dense_1_product$x$3);
    // line 12: dense(1)
    const D_dense_2_product$x$3 = tf.matMul(D_leaky_relu$x$3, w['D/dense_2/kernel']);
    tf.dispose(D_leaky_relu$x$3);
    const { z: z$4 } = run.samples;

    const [G_dense_2] = G(averaged, z$4);

    // D(G):
    // line 12: dense(6)
    const D_dense_1_product$G = tf.matMul(G_dense_2, w['D/dense_1/kernel']);
    tf.dispose(G_dense_2);
    // line 12: leaky_relu
    const D_leaky_relu$G = denseLeakyRelu(D_dense_1_product$G, w['D/dense_1/bias']);
    tf.dispose(D_dense_1_product$G);
    // line 12: dense(1)
    const D_dense_2_product$G = tf.matMul(D_leaky_relu$G, w['D/dense_2/kernel']);
    tf.dispose(D_leaky_relu$G);

    // line 12: dense(1)
    // line 23: metric gap = expect(D(x)) - expect(D(G.averaged(z)))
    const expect$2 = denseExpect(D_dense_2_product$x$3, w['D/dense_2/bias']);
    tf.dispose(D_dense_2_product$x$3);
    const gap = denseGenerator(D_dense_2_product$G, w['D/dense_2/bias'], expect$2);
    tf.dispose([expect$2, D_dense_2_product$G]);
    run.log('gap', gap);
    tf.dispose(gap);
  }
}

/** The output `samples` of z. */
function samples(run) {
  const { output: w } = run;
  const { z } = run.samples;

  const samples = G$2(w, z);
  return samples;
}

/** The output `codes` of x. */
function codes(run) {
  const { output: w } = run;
  const { x } = run.samples;

  const [E_dense_3_product, E_x] = E(w, x);
  tf.dispose(E_x.h);

  // line 16: let code = mu + exp(s / 2) * draw normal[3]
  const draw = run.draw('draw_1#0', { kind: 'normal', mean: 0, std: 1 }, [run.batch, 3]);
  // line 9: dense(h, 3)
  // line 9: dense(h, 3)
  const codes = denseCode$2(E_x.product_2, w['E/dense_2/bias'], E_dense_3_product, w['E/dense_3/bias'], draw);
  tf.dispose([E_x.product_2, E_dense_3_product, draw]);
  return codes;
}

/** The values of `D` at points `x`: a surface to be drawn under them. */
function D_at_x(run) {
  const { output: w } = run;
  const { x } = run.samples;

  // D(x):
  // line 12: dense(6)
  const D_dense_1_product = tf.matMul(x, w['D/dense_1/kernel']);
  // line 12: leaky_relu
  const D_leaky_relu = denseLeakyRelu(D_dense_1_product, w['D/dense_1/bias']);
  tf.dispose(D_dense_1_product);
  // line 12: dense(1)
  const D_dense_2_product = tf.matMul(D_leaky_relu, w['D/dense_2/kernel']);
  tf.dispose(D_leaky_relu);
  const D = tf.add(D_dense_2_product, w['D/dense_2/bias']);
  tf.dispose(D_dense_2_product);
  return D;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=schedule.js.map
