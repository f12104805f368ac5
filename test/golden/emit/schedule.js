// schedule: compiled by ganc from schedule.gan. "line 12" in a comment is a line of that file.
import * as tf from '@tensorflow/tfjs';
import { main, nn } from './runtime.js';

const constant$values = [1, 2, 3, 4];

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
    {
      name: 'warm/E/guess/sgd',
      rule: 'sgd',
      update: { phase: 'warm', nets: ['E'], goal: 'minimize guess', settings: 'sgd(0.1, momentum = 0.9)' },
    },
    {
      name: 'warm/E/guess/sgd_2',
      rule: 'sgd',
      update: {
        phase: 'warm',
        nets: ['E'],
        goal: 'minimize guess',
        settings: 'sgd(0.1, momentum = 0.9, clip_norm = 1)',
      },
    },
    {
      name: 'learn/G/generator/adam',
      rule: 'adam',
      update: { phase: 'learn', nets: ['G'], goal: 'minimize generator', settings: 'adam(1e-3)' },
    },
    {
      name: 'learn/E/keep/adam',
      rule: 'adam',
      update: { phase: 'learn', nets: ['E'], goal: 'minimize keep', settings: 'adam(1e-3)' },
    },
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

/** One step of phase `warm` (10 steps of 8 examples). */
async function warm(run) {
  const { live: w } = run;

  // ── sample x, y (line 29)
  await run.sample(['x', 'y']);
  const { x, y } = run.samples;

  // ── once (line 30)
  // line 16: let code = mu + exp(s / 2) * draw normal[3]
  const draw = run.draw('draw_1#0', { kind: 'normal', mean: 0, std: 1 }, [run.batch, 3]);
  // line 21, backwards: loss guess = -expect(sum(y * log_softmax(code)))
  const expect_back = -1 / run.batch;
  const { mul_back, log_softmax_back_sum } = nn.fused(
    `
      mul_back = expect_back * y;
      log_softmax_back_sum = sum(mul_back);
    `,
    { expect_back, y },
    [1],
    true,
  );
  if (run.step === 0) {
    // ── update E to minimize guess with sgd(0.1, momentum = 0.9) (line 30)
    // line 8: dense(6)
    const E_dense_1_linear = tf.matMul(x, w['E/dense_1/kernel']);
    // line 8: relu
    const { E_h } = nn.fused(
      'E_h = relu(E_dense_1_linear + bias)',
      { E_dense_1_linear, bias: w['E/dense_1/bias'] },
    );
    tf.dispose(E_dense_1_linear);
    // line 9: dense(h, 3)
    const E_dense_2_linear = tf.matMul(E_h, w['E/dense_2/kernel']);
    // line 9: dense(h, 3)
    const E_dense_3_linear = tf.matMul(E_h, w['E/dense_3/kernel']);
    // line 9: dense(h, 3)
    // line 16: let code = mu + exp(s / 2) * draw normal[3]
    const { exp, code } = nn.fused(
      `
        exp = exp((E_dense_3_linear + bias2) / 2);
        code = E_dense_2_linear + bias + exp * draw;
      `,
      { E_dense_2_linear, bias: w['E/dense_2/bias'], E_dense_3_linear, bias2: w['E/dense_3/bias'], draw },
    );
    tf.dispose([E_dense_2_linear, E_dense_3_linear]);
    // line 21: loss guess = -expect(sum(y * log_softmax(code)))
    const log_softmax = tf.logSoftmax(code);
    // line 21, backwards: loss guess = -expect(sum(y * log_softmax(code)))
    const log_softmax_back_softmax = tf.softmax(code);
    tf.dispose(code);
    // line 16, backwards: let code = mu + exp(s / 2) * draw normal[3]
    // line 9, backwards: dense(h, 3)
    const { log_softmax_back, exp_back, E_dense_2_bias_grad } = nn.fused(
      `
        log_softmax_back = mul_back - log_softmax_back_softmax * log_softmax_back_sum;
        exp_back = log_softmax_back * draw * exp;
        E_dense_2_bias_grad = sum(log_softmax_back);
      `,
      { log_softmax_back_softmax, log_softmax_back_sum, mul_back, draw, exp },
      [0],
    );
    tf.dispose([exp, log_softmax_back_softmax]);
    // line 9, backwards: dense(h, 3)
    const { div_back, E_dense_3_bias_grad } = nn.fused(
      `
        div_back = exp_back / 2;
        E_dense_3_bias_grad = sum(exp_back) / 2;
      `,
      { exp_back },
      [0],
    );
    tf.dispose(exp_back);
    const E_dense_3_back_linear = tf.matMul(div_back, w['E/dense_3/kernel'], false, true);
    const E_dense_3_kernel_grad = tf.matMul(E_h, div_back, true);
    tf.dispose(div_back);
    // line 9, backwards: dense(h, 3)
    const E_dense_2_back_linear = tf.matMul(log_softmax_back, w['E/dense_2/kernel'], false, true);
    const E_dense_2_kernel_grad = tf.matMul(E_h, log_softmax_back, true);
    tf.dispose(log_softmax_back);
    // line 8, backwards: relu
    // line 8, backwards: dense(6)
    const { E_h_back, E_dense_1_bias_grad } = nn.fused(
      `
        E_h_back = (E_dense_3_back_linear + E_dense_2_back_linear) * step(E_h, 0);
        E_dense_1_bias_grad = sum(E_h_back);
      `,
      { E_dense_3_back_linear, E_dense_2_back_linear, E_h },
      [0],
    );
    tf.dispose([E_h, E_dense_3_back_linear, E_dense_2_back_linear]);
    const E_dense_1_kernel_grad = tf.matMul(x, E_h_back, true);
    tf.dispose(E_h_back);
    // line 21: loss guess = -expect(sum(y * log_softmax(code)))
    const { sum } = nn.fused('sum = sum(y * log_softmax)', { y, log_softmax }, [1]);
    tf.dispose(log_softmax);
    const { guess } = nn.fused('guess = -mean(sum)', { sum }, [0]);
    tf.dispose(sum);
    run.update(
      'warm/E/guess/sgd',
      {
        'E/dense_1/kernel': E_dense_1_kernel_grad,
        'E/dense_1/bias': E_dense_1_bias_grad,
        'E/dense_2/kernel': E_dense_2_kernel_grad,
        'E/dense_2/bias': E_dense_2_bias_grad,
        'E/dense_3/kernel': E_dense_3_kernel_grad,
        'E/dense_3/bias': E_dense_3_bias_grad,
      },
      { lr: 0.1, momentum: 0.9, nesterov: false, clip_norm: null },
    );
    run.log('guess', guess);
    tf.dispose(guess);
  }

  // ── update E to minimize guess with sgd(0.1, momentum = 0.9, clip_norm = 1) (line 31)
  // line 8: dense(6)
  const E_dense_1_linear$2 = tf.matMul(x, w['E/dense_1/kernel']);
  // line 8: relu
  const { E_h$2 } = nn.fused(
    'E_h$2 = relu(E_dense_1_linear$2 + bias)',
    { E_dense_1_linear$2, bias: w['E/dense_1/bias'] },
  );
  tf.dispose(E_dense_1_linear$2);
  // line 9: dense(h, 3)
  const E_dense_2_linear$2 = tf.matMul(E_h$2, w['E/dense_2/kernel']);
  // line 9: dense(h, 3)
  const E_dense_3_linear$2 = tf.matMul(E_h$2, w['E/dense_3/kernel']);
  // line 9: dense(h, 3)
  // line 16: let code = mu + exp(s / 2) * draw normal[3]
  const { exp$2, code$2 } = nn.fused(
    `
      exp$2 = exp((E_dense_3_linear$2 + bias2) / 2);
      code$2 = E_dense_2_linear$2 + bias + exp$2 * draw;
    `,
    { E_dense_2_linear$2, bias: w['E/dense_2/bias'], E_dense_3_linear$2, bias2: w['E/dense_3/bias'], draw },
  );
  tf.dispose([E_dense_2_linear$2, E_dense_3_linear$2]);
  // line 21: loss guess = -expect(sum(y * log_softmax(code)))
  const log_softmax$2 = tf.logSoftmax(code$2);
  // line 21, backwards: loss guess = -expect(sum(y * log_softmax(code)))
  const log_softmax_back_softmax$2 = tf.softmax(code$2);
  tf.dispose(code$2);
  // line 16, backwards: let code = mu + exp(s / 2) * draw normal[3]
  // line 9, backwards: dense(h, 3)
  const { log_softmax_back$2, exp_back$2, E_dense_2_bias_grad$2 } = nn.fused(
    `
      log_softmax_back$2 = mul_back - log_softmax_back_softmax$2 * log_softmax_back_sum;
      exp_back$2 = log_softmax_back$2 * draw * exp$2;
      E_dense_2_bias_grad$2 = sum(log_softmax_back$2);
    `,
    { log_softmax_back_softmax$2, log_softmax_back_sum, mul_back, draw, exp$2 },
    [0],
  );
  tf.dispose([draw, mul_back, log_softmax_back_sum, exp$2, log_softmax_back_softmax$2]);
  // line 9, backwards: dense(h, 3)
  const { div_back$2, E_dense_3_bias_grad$2 } = nn.fused(
    `
      div_back$2 = exp_back$2 / 2;
      E_dense_3_bias_grad$2 = sum(exp_back$2) / 2;
    `,
    { exp_back$2 },
    [0],
  );
  tf.dispose(exp_back$2);
  const E_dense_3_back_linear$2 = tf.matMul(div_back$2, w['E/dense_3/kernel'], false, true);
  const E_dense_3_kernel_grad$2 = tf.matMul(E_h$2, div_back$2, true);
  tf.dispose(div_back$2);
  // line 9, backwards: dense(h, 3)
  const E_dense_2_back_linear$2 = tf.matMul(log_softmax_back$2, w['E/dense_2/kernel'], false, true);
  const E_dense_2_kernel_grad$2 = tf.matMul(E_h$2, log_softmax_back$2, true);
  tf.dispose(log_softmax_back$2);
  // line 8, backwards: relu
  // line 8, backwards: dense(6)
  const { E_h_back$2, E_dense_1_bias_grad$2 } = nn.fused(
    `
      E_h_back$2 = (E_dense_3_back_linear$2 + E_dense_2_back_linear$2) * step(E_h$2, 0);
      E_dense_1_bias_grad$2 = sum(E_h_back$2);
    `,
    { E_dense_3_back_linear$2, E_dense_2_back_linear$2, E_h$2 },
    [0],
  );
  tf.dispose([E_h$2, E_dense_3_back_linear$2, E_dense_2_back_linear$2]);
  const E_dense_1_kernel_grad$2 = tf.matMul(x, E_h_back$2, true);
  tf.dispose(E_h_back$2);
  // line 21: loss guess = -expect(sum(y * log_softmax(code)))
  const { sum$2 } = nn.fused('sum$2 = sum(y * log_softmax$2)', { y, log_softmax$2 }, [1]);
  tf.dispose(log_softmax$2);
  const { guess$2 } = nn.fused('guess$2 = -mean(sum$2)', { sum$2 }, [0]);
  tf.dispose(sum$2);
  run.update(
    'warm/E/guess/sgd_2',
    {
      'E/dense_1/kernel': E_dense_1_kernel_grad$2,
      'E/dense_1/bias': E_dense_1_bias_grad$2,
      'E/dense_2/kernel': E_dense_2_kernel_grad$2,
      'E/dense_2/bias': E_dense_2_bias_grad$2,
      'E/dense_3/kernel': E_dense_3_kernel_grad$2,
      'E/dense_3/bias': E_dense_3_bias_grad$2,
    },
    { lr: 0.1, momentum: 0.9, nesterov: false, clip_norm: 1 },
  );
  run.log('guess', guess$2);
  tf.dispose(guess$2);
}

/** One step of phase `learn` (20 steps of 8 examples). */
async function learn(run) {
  const { averaged, frozen, live: w } = run;

  if ((run.step < 2 || run.step % 5 === 0 ? 3 : 2) >= 1) {
    // ── repeat (if step < 2 || step % 5 == 0 then 3 else 2) (line 35)
    // line 19, backwards: loss critic = expect(D(fake)) - expect(D(x))
    const expect_back_div = -1 / run.batch;
    const expect_back_broadcast_to = tf.reshape(expect_back_div, [1]);
    const expect_back = tf.broadcastTo(expect_back_div, [run.batch, 1]);
    const expect_back_div$2 = 1 / run.batch;
    const expect_back_broadcast_to$2 = tf.reshape(expect_back_div$2, [1]);
    const expect_back$2 = tf.broadcastTo(expect_back_div$2, [run.batch, 1]);
    // line 12, backwards: dense(1)
    const D_dense_2_bias_grad = tf.fill([1], 0);
    for (let i = 1; i <= (run.step < 2 || run.step % 5 === 0 ? 3 : 2); i++) {
      // ── sample x, z (line 36)
      await run.sample(['x', 'z']);
      const { x, z } = run.samples;

      // ── clip D to [-0.01, 0.01] (line 37)
      run.clip('D', -0.01, 0.01);

      // ── update D to minimize critic with d_opt (line 38)
      // line 11: dense(6)
      const G_dense_1_linear = tf.matMul(z, w['G/dense_1/kernel']);
      // line 11: relu
      const { G_relu } = nn.fused(
        'G_relu = relu(G_dense_1_linear + bias)',
        { G_dense_1_linear, bias: w['G/dense_1/bias'] },
      );
      tf.dispose(G_dense_1_linear);
      // line 11: dense(2)
      const G_dense_2_linear = tf.matMul(G_relu, w['G/dense_2/kernel']);
      tf.dispose(G_relu);
      const fake = tf.add(G_dense_2_linear, w['G/dense_2/bias']);
      tf.dispose(G_dense_2_linear);
      // line 12: dense(6)
      const D_dense_1_linear$fake = tf.matMul(fake, w['D/dense_1/kernel']);
      // line 12: leaky_relu
      const { D_leaky_relu$fake } = nn.fused(
        'D_leaky_relu$fake = leaky_relu(D_dense_1_linear$fake + bias, 0.2)',
        { D_dense_1_linear$fake, bias: w['D/dense_1/bias'] },
      );
      tf.dispose(D_dense_1_linear$fake);
      // line 12: dense(1)
      const D_dense_2_linear$fake = tf.matMul(D_leaky_relu$fake, w['D/dense_2/kernel']);
      // line 12: dense(6)
      const D_dense_1_linear$x = tf.matMul(x, w['D/dense_1/kernel']);
      // line 12: leaky_relu
      const { D_leaky_relu$x } = nn.fused(
        'D_leaky_relu$x = leaky_relu(D_dense_1_linear$x + bias, 0.2)',
        { D_dense_1_linear$x, bias: w['D/dense_1/bias'] },
      );
      tf.dispose(D_dense_1_linear$x);
      // line 12: dense(1)
      const D_dense_2_linear$x = tf.matMul(D_leaky_relu$x, w['D/dense_2/kernel']);
      // line 12, backwards: dense(1)
      const D_dense_2_back_linear = nn.linear(expect_back_broadcast_to, w['D/dense_2/kernel'], true);
      const D_dense_2_back$x = tf.matMul(D_leaky_relu$x, expect_back, true);
      // line 12, backwards: leaky_relu
      // line 12, backwards: dense(6)
      const { D_leaky_relu_back$x, D_dense_1_back_mul$x } = nn.fused(
        `
          let step = step(D_leaky_relu$x, 0.2);
          D_leaky_relu_back$x = D_dense_2_back_linear * step;
          D_dense_1_back_mul$x = sum(step) * D_dense_2_back_linear;
        `,
        { D_leaky_relu$x, D_dense_2_back_linear },
        [0],
      );
      tf.dispose([D_leaky_relu$x, D_dense_2_back_linear]);
      const D_dense_1_back$x = tf.matMul(x, D_leaky_relu_back$x, true);
      tf.dispose(D_leaky_relu_back$x);
      // line 12, backwards: dense(1)
      const D_dense_2_back_linear$2 = nn.linear(expect_back_broadcast_to$2, w['D/dense_2/kernel'], true);
      const D_dense_2_back_linear_kernel_gradient$fake = tf.matMul(D_leaky_relu$fake, expect_back$2, true);
      // line 12, backwards: leaky_relu
      // line 12, backwards: dense(6)
      const { D_leaky_relu_back$fake, D_dense_1_bias_grad } = nn.fused(
        `
          let step = step(D_leaky_relu$fake, 0.2);
          D_leaky_relu_back$fake = D_dense_2_back_linear$2 * step;
          D_dense_1_bias_grad = D_dense_1_back_mul$x + sum(step) * D_dense_2_back_linear$2;
        `,
        { D_leaky_relu$fake, D_dense_2_back_linear$2, D_dense_1_back_mul$x },
        [0],
      );
      tf.dispose([D_leaky_relu$fake, D_dense_1_back_mul$x, D_dense_2_back_linear$2]);
      const D_dense_1_back_linear_kernel_gradient$fake = tf.matMul(fake, D_leaky_relu_back$fake, true);
      tf.dispose([fake, D_leaky_relu_back$fake]);
      // line 12: dense(1)
      // line 19: loss critic = expect(D(fake)) - expect(D(x))
      const { critic } = nn.fused(
        'critic = mean(D_dense_2_linear$fake + bias) - mean(D_dense_2_linear$x + bias)',
        { D_dense_2_linear$fake, bias: w['D/dense_2/bias'], D_dense_2_linear$x },
        [0],
      );
      tf.dispose([D_dense_2_linear$fake, D_dense_2_linear$x]);
      // line 12, backwards: dense(1)
      const D_dense_2_kernel_grad = tf.add(D_dense_2_back$x, D_dense_2_back_linear_kernel_gradient$fake);
      tf.dispose([D_dense_2_back$x, D_dense_2_back_linear_kernel_gradient$fake]);
      // line 12, backwards: dense(6)
      const D_dense_1_kernel_grad = tf.add(D_dense_1_back$x, D_dense_1_back_linear_kernel_gradient$fake);
      tf.dispose([D_dense_1_back$x, D_dense_1_back_linear_kernel_gradient$fake]);
      run.update(
        'd_opt',
        {
          'D/dense_1/kernel': D_dense_1_kernel_grad,
          'D/dense_1/bias': D_dense_1_bias_grad,
          'D/dense_2/kernel': D_dense_2_kernel_grad,
          'D/dense_2/bias': tf.clone(D_dense_2_bias_grad),
        },
        { lr: 5e-5, decay: 0.99, momentum: 0, epsilon: 1e-8, clip_norm: null },
      );
      run.log('critic', critic);
      tf.dispose(critic);
    }
    tf.dispose([
      expect_back_broadcast_to, expect_back, expect_back_broadcast_to$2, expect_back$2, D_dense_2_bias_grad,
    ]);
  }

  // ── sample 16 of z (line 40)
  await run.sample(['z'], 16);
  const { z: z$2 } = run.samples;

  // ── update G to minimize generator with adam(1e-3) (line 42)
  // line 11: dense(6)
  const G_dense_1_linear$2 = tf.matMul(z$2, w['G/dense_1/kernel']);
  // line 11: relu
  const { G_relu$2 } = nn.fused(
    'G_relu$2 = relu(G_dense_1_linear$2 + bias)',
    { G_dense_1_linear$2, bias: w['G/dense_1/bias'] },
  );
  tf.dispose(G_dense_1_linear$2);
  // line 11: dense(2)
  const G_dense_2_linear$2 = tf.matMul(G_relu$2, w['G/dense_2/kernel']);
  const fake$2 = tf.add(G_dense_2_linear$2, w['G/dense_2/bias']);
  // line 12: dense(6)
  const D_dense_1_linear$fake$2 = tf.matMul(fake$2, w['D/dense_1/kernel']);
  // line 12: leaky_relu
  const { D_leaky_relu$fake$2 } = nn.fused(
    'D_leaky_relu$fake$2 = leaky_relu(D_dense_1_linear$fake$2 + bias, 0.2)',
    { D_dense_1_linear$fake$2, bias: w['D/dense_1/bias'] },
  );
  tf.dispose(D_dense_1_linear$fake$2);
  // line 12: dense(1)
  const D_dense_2_linear$fake$2 = tf.matMul(D_leaky_relu$fake$2, w['D/dense_2/kernel']);
  // line 20: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), window) - 1) ^ 2)) …
  const reshape_reshape = tf.reshape(G_dense_2_linear$2, [-1, 1, 2]);
  tf.dispose(G_dense_2_linear$2);
  const constant = tf.tensor(constant$values, [2, 2]);
  const reshape = tf.add(reshape_reshape, w['G/dense_2/bias']);
  tf.dispose(reshape_reshape);
  const matmul = nn.linear(reshape, constant);
  tf.dispose(reshape);
  // line 20, and backwards: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), wind…
  const { sum, pow_back } = nn.fused(
    `
      let sub = matmul - 1;
      sum = sum(square(sub));
      pow_back = sub * 1.25e-4;
    `,
    { matmul },
    [1, 2],
  );
  tf.dispose(matmul);
  // line 20, backwards: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), window) …
  const matmul_back = nn.linear(pow_back, constant, true);
  tf.dispose([constant, pow_back]);
  const reshape_back = tf.reshape(matmul_back, [-1, 2]);
  const expect_back$3 = tf.fill([1], -0.0625);
  // line 12, backwards: dense(1)
  const D_dense_2_back = nn.linear(expect_back$3, w['D/dense_2/kernel'], true);
  tf.dispose(expect_back$3);
  // line 12, backwards: leaky_relu
  const { D_leaky_relu_back$fake$2 } = nn.fused(
    'D_leaky_relu_back$fake$2 = D_dense_2_back * step(D_leaky_relu$fake$2, 0.2)',
    { D_leaky_relu$fake$2, D_dense_2_back },
  );
  tf.dispose([D_leaky_relu$fake$2, D_dense_2_back]);
  // line 12, backwards: dense(6)
  const D_dense_1_back$fake = tf.matMul(D_leaky_relu_back$fake$2, w['D/dense_1/kernel'], false, true);
  tf.dispose(D_leaky_relu_back$fake$2);
  // line 20, backwards: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), window) …
  const reshape_back_sum = tf.sum(matmul_back, [0, 1]);
  tf.dispose(matmul_back);
  // line 11, backwards: dense(2)
  const { G_dense_2_back_add, G_dense_2_bias_grad } = nn.fused(
    `
      G_dense_2_back_add = reshape_back + D_dense_1_back$fake;
      G_dense_2_bias_grad = reshape_back_sum + sum(D_dense_1_back$fake);
    `,
    { reshape_back, D_dense_1_back$fake, reshape_back_sum },
    [0],
  );
  tf.dispose([reshape_back_sum, reshape_back, D_dense_1_back$fake]);
  const G_dense_2_back_linear = tf.matMul(G_dense_2_back_add, w['G/dense_2/kernel'], false, true);
  const G_dense_2_kernel_grad = tf.matMul(G_relu$2, G_dense_2_back_add, true);
  tf.dispose(G_dense_2_back_add);
  // line 11, backwards: relu
  // line 11, backwards: dense(6)
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
  // line 8: dense(6)
  const E_dense_1_linear = tf.matMul(fake$2, w['E/dense_1/kernel']);
  // line 8: relu
  const { E_h } = nn.fused(
    'E_h = relu(E_dense_1_linear + bias)',
    { E_dense_1_linear, bias: w['E/dense_1/bias'] },
  );
  tf.dispose(E_dense_1_linear);
  // line 9: dense(h, 3)
  const E_dense_2_linear = tf.matMul(E_h, w['E/dense_2/kernel']);
  // line 8: dense(6)
  const E_dense_1_linear$2 = tf.matMul(fake$2, frozen['E/dense_1/kernel']);
  // line 8: relu
  const { E_h$2 } = nn.fused(
    'E_h$2 = relu(E_dense_1_linear$2 + bias)',
    { E_dense_1_linear$2, bias: frozen['E/dense_1/bias'] },
  );
  tf.dispose(E_dense_1_linear$2);
  // line 9: dense(h, 3)
  const E_dense_2_linear$2 = tf.matMul(E_h$2, frozen['E/dense_2/kernel']);
  tf.dispose(E_h$2);
  // line 9, and backwards: dense(h, 3)
  // line 22, and backwards: loss keep = expect(sum((E(fake).mu - E.frozen(fake).mu) ^ 2))
  const { pow, pow_back$2, E_dense_2_bias_grad } = nn.fused(
    `
      let sub = E_dense_2_linear + bias - (E_dense_2_linear$2 + bias2);
      pow = square(sub);
      pow_back$2 = sub * 0.125;
      E_dense_2_bias_grad = sum(sub) * 0.125;
    `,
    { E_dense_2_linear, bias: w['E/dense_2/bias'], E_dense_2_linear$2, bias2: frozen['E/dense_2/bias'] },
    [0],
  );
  tf.dispose([E_dense_2_linear, E_dense_2_linear$2]);
  // line 9, backwards: dense(h, 3)
  const E_dense_2_back_linear = tf.matMul(pow_back$2, w['E/dense_2/kernel'], false, true);
  const E_dense_2_kernel_grad = tf.matMul(E_h, pow_back$2, true);
  tf.dispose(pow_back$2);
  // line 8, backwards: relu
  // line 8, backwards: dense(6)
  const { E_h_back, E_dense_1_bias_grad } = nn.fused(
    `
      E_h_back = E_dense_2_back_linear * step(E_h, 0);
      E_dense_1_bias_grad = sum(E_h_back);
    `,
    { E_h, E_dense_2_back_linear },
    [0],
  );
  tf.dispose([E_h, E_dense_2_back_linear]);
  const E_dense_1_kernel_grad = tf.matMul(fake$2, E_h_back, true);
  tf.dispose([fake$2, E_h_back]);
  // line 20: loss generator = -expect(D(fake)) + expect(sum((matmul(reshape(fake, 1, 2), window) - 1) ^ 2)) …
  const { mul } = nn.fused('mul = mean(sum) * 0.001', { sum }, [0]);
  tf.dispose(sum);
  // line 12: dense(1)
  const { generator } = nn.fused(
    'generator = mul - mean(D_dense_2_linear$fake$2 + bias)',
    { D_dense_2_linear$fake$2, bias: w['D/dense_2/bias'], mul },
    [0],
  );
  tf.dispose([D_dense_2_linear$fake$2, mul]);
  // line 22: loss keep = expect(sum((E(fake).mu - E.frozen(fake).mu) ^ 2))
  const sum$2 = tf.sum(pow, [1]);
  tf.dispose(pow);
  const keep = tf.mean(sum$2, [0]);
  tf.dispose(sum$2);
  run.update(
    'learn/G/generator/adam',
    {
      'G/dense_1/kernel': G_dense_1_kernel_grad,
      'G/dense_1/bias': G_dense_1_bias_grad,
      'G/dense_2/kernel': G_dense_2_kernel_grad,
      'G/dense_2/bias': G_dense_2_bias_grad,
    },
    { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip_norm: null },
  );

  // ── update E to minimize keep with adam(1e-3) (line 43)
  run.update(
    'learn/E/keep/adam',
    {
      'E/dense_1/kernel': E_dense_1_kernel_grad,
      'E/dense_1/bias': E_dense_1_bias_grad,
      'E/dense_2/kernel': E_dense_2_kernel_grad,
      'E/dense_2/bias': E_dense_2_bias_grad,
    },
    { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip_norm: null },
  );
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
    // line 38, backwards: update D to minimize critic with d_opt
    const broadcast_to_back = tf.fill([1], 1);
    const D_dense_2_bias_grad$2 = tf.fill([1], 0);
    // line 11: dense(6)
    const G_dense_1_linear$3 = tf.matMul(z$3, w['G/dense_1/kernel']);
    // line 11: relu
    const { G_relu$3 } = nn.fused(
      'G_relu$3 = relu(G_dense_1_linear$3 + bias)',
      { G_dense_1_linear$3, bias: w['G/dense_1/bias'] },
    );
    tf.dispose(G_dense_1_linear$3);
    // line 11: dense(2)
    const G_dense_2_linear$3 = tf.matMul(G_relu$3, w['G/dense_2/kernel']);
    tf.dispose(G_relu$3);
    const fake$3 = tf.add(G_dense_2_linear$3, w['G/dense_2/bias']);
    tf.dispose(G_dense_2_linear$3);
    // line 12: dense(6)
    const D_dense_1_linear$fake$3 = tf.matMul(fake$3, w['D/dense_1/kernel']);
    // line 12: leaky_relu
    const { D_leaky_relu$fake$3 } = nn.fused(
      'D_leaky_relu$fake$3 = leaky_relu(D_dense_1_linear$fake$3 + bias, 0.2)',
      { D_dense_1_linear$fake$3, bias: w['D/dense_1/bias'] },
    );
    tf.dispose(D_dense_1_linear$fake$3);
    // line 12: dense(1)
    const D_dense_2_linear$fake$3 = tf.matMul(D_leaky_relu$fake$3, w['D/dense_2/kernel']);
    // line 12: dense(6)
    const D_dense_1_linear$x$2 = tf.matMul(x$2, w['D/dense_1/kernel']);
    // line 12: leaky_relu
    const { D_leaky_relu$x$2 } = nn.fused(
      'D_leaky_relu$x$2 = leaky_relu(D_dense_1_linear$x$2 + bias, 0.2)',
      { D_dense_1_linear$x$2, bias: w['D/dense_1/bias'] },
    );
    tf.dispose(D_dense_1_linear$x$2);
    // line 12: dense(1)
    const D_dense_2_linear$x$2 = tf.matMul(D_leaky_relu$x$2, w['D/dense_2/kernel']);
    // line 19, backwards: loss critic = expect(D(fake)) - expect(D(x))
    const expect_back_div$3 = -16 / run.batch;
    const expect_back_broadcast_to$3 = tf.reshape(expect_back_div$3, [1]);
    const expect_back$4 = tf.broadcastTo(expect_back_div$3, [run.batch, 1]);
    // line 12, backwards: dense(1)
    const D_dense_2_back_linear$3 = nn.linear(expect_back_broadcast_to$3, w['D/dense_2/kernel'], true);
    tf.dispose(expect_back_broadcast_to$3);
    const D_dense_2_back$x$2 = tf.matMul(D_leaky_relu$x$2, expect_back$4, true);
    tf.dispose(expect_back$4);
    // line 12, backwards: leaky_relu
    // line 12, backwards: dense(6)
    const { D_leaky_relu_back$x$2, D_dense_1_back_mul$x$2 } = nn.fused(
      `
        let step = step(D_leaky_relu$x$2, 0.2);
        D_leaky_relu_back$x$2 = D_dense_2_back_linear$3 * step;
        D_dense_1_back_mul$x$2 = sum(step) * D_dense_2_back_linear$3;
      `,
      { D_leaky_relu$x$2, D_dense_2_back_linear$3 },
      [0],
    );
    tf.dispose([D_leaky_relu$x$2, D_dense_2_back_linear$3]);
    const D_dense_1_back$x$2 = tf.matMul(x$2, D_leaky_relu_back$x$2, true);
    tf.dispose(D_leaky_relu_back$x$2);
    // line 19, backwards: loss critic = expect(D(fake)) - expect(D(x))
    const expect_back$5 = tf.fill([16, 1], 1);
    // line 12, backwards: dense(1)
    const D_dense_2_back_linear$4 = nn.linear(broadcast_to_back, w['D/dense_2/kernel'], true);
    tf.dispose(broadcast_to_back);
    const D_dense_2_back_linear_kernel_gradient$fake$2 = tf.matMul(D_leaky_relu$fake$3, expect_back$5, true);
    tf.dispose(expect_back$5);
    // line 12, backwards: leaky_relu
    // line 12, backwards: dense(6)
    const { D_leaky_relu_back$fake$3, D_dense_1_bias_grad$2 } = nn.fused(
      `
        let step = step(D_leaky_relu$fake$3, 0.2);
        D_leaky_relu_back$fake$3 = D_dense_2_back_linear$4 * step;
        D_dense_1_bias_grad$2 = D_dense_1_back_mul$x$2 + sum(step) * D_dense_2_back_linear$4;
      `,
      { D_leaky_relu$fake$3, D_dense_2_back_linear$4, D_dense_1_back_mul$x$2 },
      [0],
    );
    tf.dispose([D_leaky_relu$fake$3, D_dense_1_back_mul$x$2, D_dense_2_back_linear$4]);
    const D_dense_1_back_linear_kernel_gradient$fake$2 = tf.matMul(fake$3, D_leaky_relu_back$fake$3, true);
    tf.dispose([fake$3, D_leaky_relu_back$fake$3]);
    // line 12: dense(1)
    // line 19: loss critic = expect(D(fake)) - expect(D(x))
    const { expect } = nn.fused(
      'expect = mean(D_dense_2_linear$fake$3 + bias)',
      { D_dense_2_linear$fake$3, bias: w['D/dense_2/bias'] },
      [0],
    );
    tf.dispose(D_dense_2_linear$fake$3);
    const { critic$2 } = nn.fused(
      'critic$2 = expect - mean(D_dense_2_linear$x$2 + bias)',
      { D_dense_2_linear$x$2, bias: w['D/dense_2/bias'], expect },
      [0],
    );
    tf.dispose([expect, D_dense_2_linear$x$2]);
    // line 12, backwards: dense(1)
    const D_dense_2_kernel_grad$2 = tf.add(D_dense_2_back$x$2, D_dense_2_back_linear_kernel_gradient$fake$2);
    tf.dispose([D_dense_2_back$x$2, D_dense_2_back_linear_kernel_gradient$fake$2]);
    // line 12, backwards: dense(6)
    const D_dense_1_kernel_grad$2 = tf.add(D_dense_1_back$x$2, D_dense_1_back_linear_kernel_gradient$fake$2);
    tf.dispose([D_dense_1_back$x$2, D_dense_1_back_linear_kernel_gradient$fake$2]);
    run.update(
      'd_opt',
      {
        'D/dense_1/kernel': D_dense_1_kernel_grad$2,
        'D/dense_1/bias': D_dense_1_bias_grad$2,
        'D/dense_2/kernel': D_dense_2_kernel_grad$2,
        'D/dense_2/bias': D_dense_2_bias_grad$2,
      },
      { lr: 5e-5, decay: 0.99, momentum: 0, epsilon: 1e-8, clip_norm: null },
    );
    run.log('critic', critic$2);
    tf.dispose(critic$2);
  }

  // ── metrics, at steps that are written down
  if (run.logging) {
    const { x: x$3 } = run.samples;
    // line 12: dense(6)
    const D_dense_1_linear$x$3 = tf.matMul(x$3, w['D/dense_1/kernel']);
    // line 12: leaky_relu
    const { D_leaky_relu$x$3 } = nn.fused(
      'D_leaky_relu$x$3 = leaky_relu(D_dense_1_linear$x$3 + bias, 0.2)',
      { D_dense_1_linear$x$3, bias: w['D/dense_1/bias'] },
    );
    tf.dispose(D_dense_1_linear$x$3);
    // line 12: dense(1)
    const D_dense_2_linear$x$3 = tf.matMul(D_leaky_relu$x$3, w['D/dense_2/kernel']);
    tf.dispose(D_leaky_relu$x$3);
    const { z: z$4 } = run.samples;
    // line 11: dense(6)
    const G_dense_1_linear$4 = tf.matMul(z$4, averaged['G/dense_1/kernel']);
    // line 11: relu
    const { G_relu$4 } = nn.fused(
      'G_relu$4 = relu(G_dense_1_linear$4 + bias)',
      { G_dense_1_linear$4, bias: averaged['G/dense_1/bias'] },
    );
    tf.dispose(G_dense_1_linear$4);
    // line 11: dense(2)
    const G_dense_2_linear$4 = tf.matMul(G_relu$4, averaged['G/dense_2/kernel']);
    tf.dispose(G_relu$4);
    const G_dense_2 = tf.add(G_dense_2_linear$4, averaged['G/dense_2/bias']);
    tf.dispose(G_dense_2_linear$4);
    // line 12: dense(6)
    const D_dense_1_linear$G = tf.matMul(G_dense_2, w['D/dense_1/kernel']);
    tf.dispose(G_dense_2);
    // line 12: leaky_relu
    const { D_leaky_relu$G } = nn.fused(
      'D_leaky_relu$G = leaky_relu(D_dense_1_linear$G + bias, 0.2)',
      { D_dense_1_linear$G, bias: w['D/dense_1/bias'] },
    );
    tf.dispose(D_dense_1_linear$G);
    // line 12: dense(1)
    const D_dense_2_linear$G = tf.matMul(D_leaky_relu$G, w['D/dense_2/kernel']);
    tf.dispose(D_leaky_relu$G);
    // line 23: metric gap = expect(D(x)) - expect(D(G.averaged(z)))
    const { expect$2 } = nn.fused(
      'expect$2 = mean(D_dense_2_linear$x$3 + bias)',
      { D_dense_2_linear$x$3, bias: w['D/dense_2/bias'] },
      [0],
    );
    tf.dispose(D_dense_2_linear$x$3);
    const { gap } = nn.fused(
      'gap = expect$2 - mean(D_dense_2_linear$G + bias)',
      { D_dense_2_linear$G, bias: w['D/dense_2/bias'], expect$2 },
      [0],
    );
    tf.dispose([expect$2, D_dense_2_linear$G]);
    run.log('gap', gap);
    tf.dispose(gap);
  }
}

/** The output `samples` of z. */
function samples(run) {
  const { output: w } = run;
  const { z } = run.samples;

  // line 11: dense(6)
  const G_dense_1_linear = tf.matMul(z, w['G/dense_1/kernel']);
  // line 11: relu
  const { G_relu } = nn.fused(
    'G_relu = relu(G_dense_1_linear + bias)',
    { G_dense_1_linear, bias: w['G/dense_1/bias'] },
  );
  tf.dispose(G_dense_1_linear);
  // line 11: dense(2)
  const G_dense_2_linear = tf.matMul(G_relu, w['G/dense_2/kernel']);
  tf.dispose(G_relu);
  const samples = tf.add(G_dense_2_linear, w['G/dense_2/bias']);
  tf.dispose(G_dense_2_linear);
  return samples;
}

/** The output `codes` of x. */
function codes(run) {
  const { output: w } = run;
  const { x } = run.samples;

  // line 8: dense(6)
  const E_dense_1_linear = tf.matMul(x, w['E/dense_1/kernel']);
  // line 8: relu
  const { E_h } = nn.fused(
    'E_h = relu(E_dense_1_linear + bias)',
    { E_dense_1_linear, bias: w['E/dense_1/bias'] },
  );
  tf.dispose(E_dense_1_linear);
  // line 9: dense(h, 3)
  const E_dense_2_linear = tf.matMul(E_h, w['E/dense_2/kernel']);
  // line 9: dense(h, 3)
  const E_dense_3_linear = tf.matMul(E_h, w['E/dense_3/kernel']);
  tf.dispose(E_h);
  // line 16: let code = mu + exp(s / 2) * draw normal[3]
  const draw = run.draw('draw_1#0', { kind: 'normal', mean: 0, std: 1 }, [run.batch, 3]);
  // line 9: dense(h, 3)
  // line 9: dense(h, 3)
  const { codes } = nn.fused(
    'codes = E_dense_2_linear + bias + exp((E_dense_3_linear + bias2) / 2) * draw',
    { E_dense_2_linear, bias: w['E/dense_2/bias'], E_dense_3_linear, bias2: w['E/dense_3/bias'], draw },
  );
  tf.dispose([E_dense_2_linear, E_dense_3_linear, draw]);
  return codes;
}

/** The values of `D` at points `x`: a surface to be drawn under them. */
function D_at_x(run) {
  const { output: w } = run;
  const { x } = run.samples;

  // line 12: dense(6)
  const D_dense_1_linear = tf.matMul(x, w['D/dense_1/kernel']);
  // line 12: leaky_relu
  const { D_leaky_relu } = nn.fused(
    'D_leaky_relu = leaky_relu(D_dense_1_linear + bias, 0.2)',
    { D_dense_1_linear, bias: w['D/dense_1/bias'] },
  );
  tf.dispose(D_dense_1_linear);
  // line 12: dense(1)
  const D_dense_2_linear = tf.matMul(D_leaky_relu, w['D/dense_2/kernel']);
  tf.dispose(D_leaky_relu);
  const D = tf.add(D_dense_2_linear, w['D/dense_2/bias']);
  tf.dispose(D_dense_2_linear);
  return D;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=schedule.js.map
