// turns: compiled by ganc from turns.gan. "line 12" in a comment is a line of that file.
import * as tf from '@tensorflow/tfjs';
import { main, nn } from './runtime.js';

export const model = {
  format: 1,
  name: 'turns',
  doc: '',
  source: 'turns.gan',
  params: {},
  data: [{ fields: [{ name: 's', type: { meaning: 'tensor', shape: [200, 2] } }], from: 'made' }],
  noise: [{ name: 'z', dist: { kind: 'normal', mean: 0, std: 1 }, shape: [2] }],
  nets: [{ name: 'score', from: null }, { name: 'R', from: null }],
  weights: [
    { name: 'score/dense_1/kernel', net: 'score', shape: [2, 8], init: { kind: 'glorot_uniform' }, fanIn: 2, fanOut: 8 },
    { name: 'score/dense_1/bias', net: 'score', shape: [8], init: { kind: 'constant', value: 0 }, fanIn: 8, fanOut: 8 },
    { name: 'score/dense_2/kernel', net: 'score', shape: [8, 2], init: { kind: 'glorot_uniform' }, fanIn: 8, fanOut: 2 },
    { name: 'score/dense_2/bias', net: 'score', shape: [2], init: { kind: 'constant', value: 0 }, fanIn: 2, fanOut: 2 },
    { name: 'R/dense_1/kernel', net: 'R', shape: [2, 4], init: { kind: 'glorot_uniform' }, fanIn: 2, fanOut: 4 },
    { name: 'R/dense_1/bias', net: 'R', shape: [4], init: { kind: 'constant', value: 0 }, fanIn: 4, fanOut: 4 },
    { name: 'R/dense_2/kernel', net: 'R', shape: [4, 4], init: { kind: 'glorot_uniform' }, fanIn: 4, fanOut: 4 },
  ],
  stats: [],
  optimizers: [
    { name: 'train/R/l/adam', rule: 'adam', update: { phase: 'train', nets: ['R'], goal: 'minimize l', settings: 'adam(1e-3)' } },
  ],
  phases: [
    {
      name: 'train',
      batch: 32,
      steps: 100,
      epochs: null,
      epochSource: 's',
      averaged: [],
      frozen: [],
      losses: ['l'],
      metrics: [],
      step: train,
    },
  ],
  outputs: [
    { name: 'points', type: { meaning: 'tensor', shape: [2] }, doc: 'Langevin dynamics on a falling scale, each turn with noise of its own.', sources: ['z'], evaluate: points },
  ],
};

// Formulas: each is one pass over memory, and sums and means in it run over the axes behind it.
const denseTanh = nn.formula('(product, bias, x) => tanh(product + bias + x)');
const squareSumAndGradient = nn.formula('(x, k) => { total = sum(square(x)); dx = x * k }', [1]);
const denseLoopGradient = nn.formula(`(product, bias, x, x2, x3, x4) => {
  dx = (x2 + x3) * (1 - square(tanh(product + bias + x)));
  d = x4 + sum(dx);
}`, [0]);
const denseAdd = nn.formula('(product, bias, k, x, k2, x2) => x - k * (product + bias) + k2 * x2');

/** One step of phase `train` (100 steps of 32 examples). */
async function train(run) {
  const { live: w } = run;

  // ── sample s (line 16)
  await run.sample(['s']);
  const { s } = run.samples;

  // ── update R to minimize l with adam(1e-3) (line 17)

  // R:
  // line 7: zeros(4)
  const R_zeros = tf.fill([4], 0);
  // line 7: scan h = zeros(4) { cell(h) }
  const R_loop_broadcast_to = tf.fill([run.batch, 4], 0);

  // R(s):
  // line 7: scan h = zeros(4) { cell(h) }
  const [R_loop, d_R_loop_part] = nn.loop({
    turns: 200,
    carry: [R_loop_broadcast_to],
    along: [[s, 1]],
    last: [],
    stack: [1, 1],
  }, (turn, [R_h], [R_s]) => {
    // line 8: dense(x, 4)
    const R_dense_1_product = tf.matMul(R_s, w['R/dense_1/kernel']);
    // line 8: dense(h, 4, bias = false)
    const R_dense_2 = tf.matMul(R_h, w['R/dense_2/kernel']);
    // line 8: dense(x, 4)
    // line 8: dense(x, 4) + dense(h, 4, bias = false)
    // line 8: tanh(dense(x, 4) + dense(h, 4, bias = false))
    const R_tanh = denseTanh(R_dense_1_product, w['R/dense_1/bias'], R_dense_2);
    tf.dispose([R_dense_1_product, R_dense_2]);
    return { next: [R_tanh], stack: [tf.clone(R_tanh), tf.clone(R_h)] };
  });
  // prelude.gan line 468: slice(0, size(v, 0) - 1, size(v, 0))
  const R_slice = tf.slice(R_loop, [0, 199, 0], [-1, 1, -1]);
  tf.dispose(R_loop);
  // prelude.gan line 468: mean(axis = 0)
  const R_mean = tf.reshape(R_slice, [-1, 4]);
  tf.dispose(R_slice);
  const d_square_mul = (1 / run.batch) * 2;

  // line 14 and its gradient: loss l = expect(sum(square(R(s))))
  const [sum, d_R_mean] = squareSumAndGradient(R_mean, d_square_mul);
  tf.dispose(R_mean);

  // gradient of R(s):
  // prelude.gan line 468: mean(axis = 0)
  const d_R_slice = tf.reshape(d_R_mean, [-1, 1, 4]);
  tf.dispose(d_R_mean);
  // prelude.gan line 468: slice(0, size(v, 0) - 1, size(v, 0))
  const d_R_loop = tf.pad(d_R_slice, [[0, 0], [199, 0], [0, 0]]);
  tf.dispose(d_R_slice);

  // gradient of R:
  // line 7: scan h = zeros(4) { cell(h) }
  const d_R_loop_broadcast_to = tf.fill([2, 4], 0);
  const d_R_loop_broadcast_to$2 = tf.fill([4, 4], 0);

  // line 14: loss l = expect(sum(square(R(s))))
  const l = tf.mean(sum, [0]);
  tf.dispose(sum);

  // gradient of R(s):
  // line 7: scan h = zeros(4) { cell(h) }
  const [d_R_dense_1_kernel, d_R_dense_1_bias, d_R_dense_2_kernel] = nn.loop({
    turns: 200,
    reverse: true,
    carry: [R_loop_broadcast_to, d_R_loop_broadcast_to, R_zeros, d_R_loop_broadcast_to$2],
    along: [[d_R_loop, 1], [d_R_loop_part, 1], [s, 1]],
    last: [1, 2, 3],
  }, (turn$2, [R_h_grad, R_dense_1_grad, R_dense_1_grad$2, R_dense_2_grad], [R_tanh_grad, R_h$2, R_s$2]) => {
    const R_dense_1_product$2 = tf.matMul(R_s$2, w['R/dense_1/kernel']);
    const R_dense_2$2 = tf.matMul(R_h$2, w['R/dense_2/kernel']);

    // gradient of R:
    // line 7: scan h = zeros(4) { cell(h) }
    // line 8: tanh(dense(x, 4) + dense(h, 4, bias = false))
    // line 8: dense(x, 4)
    const [d_R_add, d_R_loop_add] = denseLoopGradient(
      R_dense_1_product$2, w['R/dense_1/bias'], R_dense_2$2, R_h_grad, R_tanh_grad, R_dense_1_grad$2,
    );
    tf.dispose([R_dense_1_product$2, R_dense_2$2]);
    // line 8: dense(h, 4, bias = false)
    const d_R_h = tf.matMul(d_R_add, w['R/dense_2/kernel'], false, true);
    const d_R_dense_2_kernel$2 = tf.matMul(R_h$2, d_R_add, true);
    // line 8: dense(x, 4)
    const d_R_dense_1_kernel$2 = tf.matMul(R_s$2, d_R_add, true);
    tf.dispose(d_R_add);
    // line 7: scan h = zeros(4) { cell(h) }
    const d_R_loop_add$2 = tf.add(R_dense_2_grad, d_R_dense_2_kernel$2);
    tf.dispose(d_R_dense_2_kernel$2);
    const d_R_loop_add$3 = tf.add(R_dense_1_grad, d_R_dense_1_kernel$2);
    tf.dispose(d_R_dense_1_kernel$2);
    return { next: [d_R_h, d_R_loop_add$3, d_R_loop_add, d_R_loop_add$2] };
  });
  tf.dispose([
    R_zeros, R_loop_broadcast_to, d_R_loop, d_R_loop_part, d_R_loop_broadcast_to, d_R_loop_broadcast_to$2,
  ]);
  run.update('train/R/l/adam', {
    'R/dense_1/kernel': d_R_dense_1_kernel,
    'R/dense_1/bias': d_R_dense_1_bias,
    'R/dense_2/kernel': d_R_dense_2_kernel,
  }, { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip_norm: null });
  run.log('l', l);
  tf.dispose(l);
}

/** Langevin dynamics on a falling scale, each turn with noise of its own. */
function points(run) {
  const { output: w } = run;
  const { z } = run.samples;

  // line 11: output points = z |> repeat t in 1000..1 { langevin(t / 1000) }
  const [points] = nn.loop({ turns: 1000, carry: [z] }, (turn, [z$2]) => {
    const t = 1000 - turn;
    const div = t / 1000;
    const mul = t * (1e-5);

    // score:
    // line 5: dense(8)
    const score_dense_1_product = tf.matMul(z$2, w['score/dense_1/kernel']);
    // line 6: h + t
    // line 5: tanh
    const score_tanh = denseTanh(score_dense_1_product, w['score/dense_1/bias'], div);
    tf.dispose(score_dense_1_product);
    // line 5: dense(2)
    const score_dense_2_product = tf.matMul(score_tanh, w['score/dense_2/kernel']);
    tf.dispose(score_tanh);
    const sqrt = Math.sqrt(t * (2e-5));

    // line 12: def langevin(x, t) = x - 0.01 * t * score(x, t) + sqrt(0.02 * t) * draw normal[2]
    const draw = run.draw(`draw_1#0/${turn}`, { kind: 'normal', mean: 0, std: 1 }, [run.batch, 2]);
    // line 5: dense(2)
    const add = denseAdd(score_dense_2_product, w['score/dense_2/bias'], mul, z$2, sqrt, draw);
    tf.dispose([score_dense_2_product, draw]);
    return { next: [add] };
  });
  return points;
}

// Run as a program, it trains; imported, it only gives the model.
await main(model, import.meta.url);
//# sourceMappingURL=turns.js.map
