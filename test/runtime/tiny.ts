/** A tiny GAN on `ring` written by hand as the compiler would emit it, so that the runtime is tested on its own. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { CompiledModel, OutputRun, Run } from '../../runtimes/core/run/model.ts';

const normal = { kind: 'normal', mean: 0, std: 0.5 } as const;
const noise = { kind: 'normal', mean: 0, std: 1 } as const;

const generate = (w: Record<string, Tensor>, z: Tensor) =>
  tf.add(tf.matMul(z as tf.Tensor2D, w['G/dense_1/kernel'] as tf.Tensor2D), w['G/dense_1/bias']!);

async function step(run: Run): Promise<void> {
  await run.sample(['x', 'z']);
  {
    const { x, z } = run.samples;
    const jitter = run.draw('D/jitter', noise, [run.batch, 2]);
    run.iterate('D/dense_1/kernel', 'D/dense_1/u', 'D/dense_1/v');
    const k = run.live['D/dense_1/kernel'] as tf.Tensor2D;
    // critic = mean of fake·k − real·k + k²: its gradient is written out.
    const [loss, gradient, mean] = tf.tidy(() => {
      const fake = tf.add(generate(run.live, z!), tf.mul(jitter, 0.01));
      const difference = tf.sub(fake, x!) as tf.Tensor2D;
      const value = tf.add(tf.mean(tf.matMul(difference, k)), tf.sum(tf.square(k)));
      const dk = tf.add(tf.reshape(tf.mean(difference, 0), [2, 1]), tf.mul(k, 2));
      return [value, dk, tf.mean(x!, 0)] as [Tensor, Tensor, Tensor];
    });
    run.log('critic', loss);
    run.move({ 'D/norm/mean': mean }, 0.9);
    tf.dispose([loss, mean, jitter]);
    run.update('d_opt', { 'D/dense_1/kernel': gradient }, { lr: 0.05, beta1: 0.5, clip_norm: 1 });
  }
  await run.sample(['z']);
  {
    const { z } = run.samples;
    const k = run.live['D/dense_1/kernel'] as tf.Tensor2D;
    const [loss, dKernel, dBias] = tf.tidy(() => {
      const fake = generate(run.live, z!) as tf.Tensor2D;
      const score = tf.neg(tf.mean(tf.matMul(fake, k)));
      const dFake = tf.mul(tf.tile(tf.transpose(k), [run.batch, 1]), -1 / run.batch) as tf.Tensor2D;
      return [score, tf.matMul(z as tf.Tensor2D, dFake, true, false), tf.sum(dFake, 0)] as [
        Tensor,
        Tensor,
        Tensor,
      ];
    });
    run.log('generator', loss);
    loss.dispose();
    run.update(
      'g_opt',
      { 'G/dense_1/kernel': dKernel, 'G/dense_1/bias': dBias },
      { lr: 0.01 * (1 - run.progress), momentum: 0.9 },
    );
  }
  run.clip('D', -1, 1);
  run.average('G', 0.9);
  if (run.logging) {
    const spread = tf.tidy(() => tf.mean(tf.square(run.samples.x!)));
    run.log('spread', spread);
    spread.dispose();
  }
}

/** `phases` replaces what differs from a single phase of 40 steps. */
export function tinyModel(...phases: Partial<CompiledModel['phases'][number]>[]): CompiledModel {
  const base = {
    name: 'train',
    batch: 16,
    steps: 40,
    epochs: null,
    epochSource: 'x',
    averaged: ['G'],
    frozen: [],
    losses: ['critic', 'generator'],
    metrics: ['spread'],
    step,
  };
  return {
    format: 1,
    name: 'tiny',
    doc: 'A tiny GAN.',
    source: 'tiny.gan',
    params: {},
    data: [{ fields: [{ name: 'x', type: { meaning: 'tensor', shape: [2] } }], from: 'ring' }],
    noise: [{ name: 'z', dist: noise, shape: [3] }],
    nets: [
      { name: 'G', from: null },
      { name: 'D', from: null },
    ],
    weights: [
      { name: 'G/dense_1/kernel', net: 'G', shape: [3, 2], init: normal, fanIn: 3, fanOut: 2 },
      {
        name: 'G/dense_1/bias',
        net: 'G',
        shape: [2],
        init: { kind: 'constant', value: 0 },
        fanIn: 3,
        fanOut: 2,
      },
      {
        name: 'D/dense_1/kernel',
        net: 'D',
        shape: [2, 1],
        init: { kind: 'orthogonal' },
        fanIn: 2,
        fanOut: 1,
      },
    ],
    stats: [
      { name: 'D/norm/mean', net: 'D', shape: [2], init: 'zeros' },
      { name: 'D/dense_1/u', net: 'D', shape: [2], init: 'unit' },
      { name: 'D/dense_1/v', net: 'D', shape: [1], init: 'unit' },
    ],
    optimizers: [
      { name: 'd_opt', rule: 'adam', update: null },
      { name: 'g_opt', rule: 'sgd', update: null },
    ],
    phases: (phases.length === 0 ? [{}] : phases).map((p) => ({ ...base, ...p })),
    outputs: [
      {
        name: 'points',
        type: { meaning: 'tensor', shape: [2] },
        doc: '',
        sources: ['z'],
        evaluate: (run: OutputRun) => tf.tidy(() => generate(run.output, run.samples.z!)),
      },
    ],
  };
}
