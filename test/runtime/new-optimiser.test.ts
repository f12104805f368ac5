/**
 * A new optimiser is one record: put into the table, it is checked, emitted, trained with, saved, summed up and documented.
 * Lion (Chen et al. 2023, algorithm 2) stands for any.
 */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationsPage } from '../../grammar/reference.ts';
import { type OptimiserName, type OptimiserRecord, optimisers } from '../../runtimes/core/optimisers.ts';
import { captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { chooseBackend } from '../../runtimes/node/backends.ts';
import { analyse, planOf } from '../../src/compile.ts';
import { summary } from '../../src/summary/summary.ts';
import { compileText } from '../emitted/load.ts';

const between = { holds: (v: number) => v >= 0 && v < 1, rule: 'at least 0 and below 1' };
const lion: OptimiserRecord = {
  doc: 'Lion (Chen et al. 2023): steps by the sign of a mean gradient.',
  parameters: {
    lr: { default: 1e-4, range: { holds: (v) => v >= 0, rule: '0 or more' }, doc: 'the learning rate' },
    beta1: { default: 0.9, range: between, doc: 'of the mean that is stepped by' },
    beta2: { default: 0.99, range: between, doc: 'of the mean that is kept' },
  },
  slots: [{ name: 'mean' }],
  step({ number }, { started }) {
    const [beta1, beta2] = [number('beta1'), number('beta2')];
    const [old, kept] = started('mean') ? ['mean * beta1 + ', 'mean * beta2 + '] : ['', ''];
    return {
      text: `next_w = w - sign(${old}g * rest1) * rate; next_mean = ${kept}g * rest2`,
      numbers: {
        ...(started('mean') ? { beta1, beta2 } : {}),
        rest1: 1 - beta1,
        rest2: 1 - beta2,
        rate: number('lr'),
      },
      slots: ['mean'].filter(started),
    };
  },
};

const text = (optimiser: string) => `
noise z ~ normal[1]
net D(x: [1]) -> [1] = x * weight([3], constant(1)) |> sum |> reshape(1)
loss l = expect(sin(D(z)))
train (batch = 4, steps = 6) {
  sample z
  update D to minimize l with ${optimiser}
}
`;

beforeAll(async () => {
  await chooseBackend('cpu');
  Object.assign(optimisers, { lion });
});
// Other files of `npm run check` have the same table.
afterAll(() => {
  delete (optimisers as Record<string, OptimiserRecord>).lion;
});

function found(optimiser: string) {
  return analyse({ source: { path: 'lion.gan', text: text(optimiser) }, load: () => undefined });
}

/** Trains from the start or a checkpoint up to a step; weights after each, and a checkpoint at the end. */
async function trained(model: CompiledModel, to: number, from?: Uint8Array) {
  const run = new TrainingRun(model, { seed: 2, datasets: {} });
  run.state.initialise(2);
  const [phase] = model.phases;
  if (from) restoreCheckpoint(run, decodeSafetensors(from, 'memory'), 'memory');
  else run.beginPhase(phase!);
  const weights: number[][] = [];
  const gradients: number[][] = [];
  const update = run.update.bind(run);
  run.update = (name, given, hyper) => {
    gradients.push(Object.values(given).flatMap((g) => [...g.dataSync()]));
    update(name, given, hyper);
  };
  while (run.state.step < to) {
    run.beginStep(false);
    await phase!.step(run);
    run.endStep();
    weights.push(Object.values(run.live).flatMap((w) => [...w.dataSync()]));
  }
  const { tensors, metadata } = await captureCheckpoint(run);
  const bytes = Buffer.concat(encodeSafetensors(tensors, metadata));
  run.dispose();
  return { weights, gradients, bytes, tensors };
}

test('its arguments are checked against its record', () => {
  expect(found('lion(1e-2, beta2 = 0.9)').diagnostics).toEqual([]);
  expect(found('lion(1e-2, beta1 = 1)').diagnostics.map((d) => d.code)).toEqual(['GAN0522']);
  expect(found('lion(1e-2, momentum = 1)').diagnostics.map((d) => d.code)).toEqual(['GAN0220']);
  expect(found('loin(1e-2)').diagnostics.map((d) => d.help)).toEqual(['did you mean `lion`?']);
});

test('it trains as its paper says, and goes on from a checkpoint with the same bits', async () => {
  const model = compileText('lion.gan', text('lion(0.01 * (1 - progress), beta2 = 0.9)'));
  const before = tf.memory().numTensors;
  const whole = await trained(model, 6);
  const mean = [0, 0, 0];
  const w = [1, 1, 1];
  whole.gradients.forEach((g, step) => {
    g.forEach((slope, i) => {
      w[i]! -= 0.01 * (1 - step / 6) * Math.sign(0.9 * mean[i]! + 0.1 * slope);
      mean[i] = 0.9 * mean[i]! + 0.1 * slope;
      expect(whole.weights[step]![i]).toBeCloseTo(w[i]!, 5);
    });
  });
  expect([...whole.tensors.keys()].filter((key) => key.startsWith('optimizer:'))).toEqual([
    'optimizer:train/D/l/lion:mean:D/weight_1/value',
  ]);
  const half = await trained(model, 3);
  const resumed = await trained(model, 6, half.bytes);
  expect(Buffer.compare(resumed.bytes, whole.bytes)).toBe(0);
  expect(tf.memory().numTensors).toBe(before);
});

test('an argument that leaves its range while it follows the step stops the run', async () => {
  const model = compileText('lion.gan', text('lion(0.01 * (2 - step))'));
  await expect(trained(model, 6)).rejects.toThrow(
    '`lr` of `lion` is -0.01 at step 3 of train, and must be 0 or more',
  );
});

test('the summary counts its state and its arithmetic, the reference has its page', () => {
  const { model, sources } = found('lion(1e-2)');
  const [phase] = summary(model!, planOf(model!, sources)).phases;
  expect(phase!.memory.optimizers).toBe(3 * 4);
  expect(phase!.operations.find(({ name }) => name === ('lion' as OptimiserName))).toMatchObject({
    calls: 1,
    // Two means of two products and a sum each; the sign, the rate, the step.
    flops: 3 * 9,
  });
  expect(operationsPage()).toContain('**`lion(lr = 0.0001, beta1 = 0.9, beta2 = 0.99, clip_norm?)`**');
});
