/** Probes: the critic of points in the plane, evaluated at points given, against its formula in plain numbers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { adjustPhases } from '../../runtimes/core/run/checkpoint.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { compileText } from './load.ts';

const models = join(import.meta.dirname, '../../models');
const zoo = (name: string, set = {}) => compileText(name, readFileSync(join(models, name), 'utf8'), set);

beforeAll(async () => {
  await tf.setBackend('cpu');
});

test('D of models/ring.gan at points that were given, with its own weights', async () => {
  const model = zoo('ring.gan', { width: '3', latent: '2' });
  expect(model.probes?.map(({ name, source }) => [name, source])).toEqual([['D', 'x']]);
  const probe = model.probes![0]!;
  const run = new TrainingRun(model, { seed: 5, datasets: {} });
  run.state.initialise(5);
  const points = [
    [0, 0],
    [1.5, -2],
    [-0.25, 3],
    [40, 1],
  ];
  const given = tf.tensor2d(points);
  const before = tf.memory().numTensors;
  const output = { sources: [probe.source], evaluate: probe.evaluate };
  const values = await run.evaluate(output, points.length, 'probe', 0, { x: given });
  expect(values.shape).toEqual([4, 1]);

  const weight = (name: string) => ({
    shape: run.live[name]!.shape,
    data: [...run.live[name]!.dataSync()],
  });
  const dense = (x: number[], layer: string): number[] => {
    const { shape, data } = weight(`D/${layer}/kernel`);
    return weight(`D/${layer}/bias`).data.map((b, j) =>
      x.reduce((sum, v, i) => sum + v * data[i * shape[1]! + j]!, b),
    );
  };
  const leaky = (x: number[]) => x.map((v) => (v > 0 ? v : 0.2 * v));
  const got = [...(await values.data())];
  points.forEach((p, i) => {
    const [wanted] = dense(leaky(dense(leaky(dense(p, 'dense_1')), 'dense_2')), 'dense_3');
    expect(got[i]).toBeCloseTo(wanted!, 4);
  });
  expect(new Set(got).size).toBe(4);
  values.dispose();
  expect(tf.memory().numTensors).toBe(before);
  expect(given.isDisposed).toBe(false);
  given.dispose();
  run.dispose();
});

test('latents that were given are taken, the others drawn', async () => {
  const text = `data x ~ [2]
noise z ~ normal[2]
noise u ~ normal[2]
net G(z: [2], u: [2]) -> [2] = z + 10 * u |> dense(2, bias = false)
loss l = expect(sum(G(z, u) ^ 2))
output points = G(z, u)
train (batch = 4, steps = 2) {
  sample x, z, u
  update G to minimize l with sgd(0.1)
}
`;
  const model = compileText('two.gan', text, {});
  const run = new TrainingRun(model, { seed: 1, datasets: {} });
  run.state.initialise(1);
  const [output] = model.outputs;
  const read = async (given: Record<string, tf.Tensor>) => {
    const values = await run.evaluate(output!, 3, 'test', 0, given);
    const data = [...(await values.data())];
    values.dispose();
    return data;
  };
  const drawn = await read({});
  const zero = tf.zeros([3, 2]);
  const one = tf.ones([3, 2]);
  const [atZero, atOne] = [await read({ z: zero }), await read({ z: one })];
  expect(atZero).not.toEqual(drawn);
  // u is drawn the same each time: the difference is that of z through the kernel.
  const kernel = [...run.live['G/dense_1/kernel']!.dataSync()];
  for (let i = 0; i < 6; i++) {
    expect(atOne[i]! - atZero[i]!).toBeCloseTo(kernel[i % 2]! + kernel[2 + (i % 2)]!, 4);
  }
  tf.dispose([zero, one]);
  run.dispose();
});

test.each(['dcgan.gan', 'vae.gan'])('%s has none', (name) => {
  expect(zoo(name)).not.toHaveProperty('probes');
});

test.each([
  'D(x: [2]) -> [1] = 0 * (x |> dense(1)) + weight([1])',
  'D(x: [2]) -> [1] = weight([1]) + 0 * sum(x)',
])('a critic that makes nothing of its point has no surface: %s', (net) => {
  const text = `data x ~ [2] from "ring"\nnet ${net}
loss l = expect(D(x))\ntrain (batch = 3, steps = 5) { sample x update D to minimize l with sgd(0.02) }\n`;
  expect(compileText('flat.gan', text).probes).toBeUndefined();
});

test('a batch of 1 leaves a batch norm on vectors nothing', () => {
  const text = (shape: string) => `noise z ~ normal[4]
net G(z: [4]) -> [4] = z |> dense(4) |> reshape(${shape}) |> batch_norm |> flatten
loss l = expect(sum(G(z)))
train (batch = 8, steps = 5) { sample z update G to minimize l with sgd(0.02) }
train fine (batch = 8, steps = 5) { sample 8 of z update G to minimize l with sgd(0.02) }
`;
  const vectors = compileText('vectors.gan', text('4'));
  expect(() => adjustPhases(vectors, [], ['train=1'])).toThrow('train needs at least 2 examples');
  expect(() => adjustPhases(vectors, [], ['1'])).toThrow('train needs at least 2 examples');
  expect(adjustPhases(vectors, [], ['train=2', 'fine=1']).phases.map((p) => p.batch)).toEqual([2, 1]);
  expect(adjustPhases(compileText('positions.gan', text('4, 1')), [], ['1']).phases[0]!.batch).toBe(1);
});
