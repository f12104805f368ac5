/** The optimisers against PyTorch's own numbers (optimisers.json, written by optimisers.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CompiledModel, Hyper } from '../../runtimes/core/model.ts';
import { clipGradients, type OptimizerState, optimise } from '../../runtimes/core/optimise.ts';
import { chooseBackend } from '../../runtimes/node/backends.ts';

interface Expected {
  start: number[];
  gradients: number[][];
  cases: { rule: CompiledModel['optimizers'][number]['rule']; hyper: Hyper; weights: number[][] }[];
  clipped: { limit: number; gradients: number[][] }[];
}
const expected = JSON.parse(readFileSync('test/runtime/optimisers.json', 'utf8')) as Expected;

const close = (actual: ArrayLike<number>, wanted: number[]) => {
  wanted.forEach((w, i) => {
    expect(Math.abs(actual[i]! - w)).toBeLessThanOrEqual(2e-6 * Math.max(1, Math.abs(w)));
  });
};

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    await chooseBackend(backend);
  });

  test.each(expected.cases.map((c) => ({ ...c, text: `${c.rule} ${JSON.stringify(c.hyper)}` })))(
    '$text',
    (one) => {
      const before = tf.memory().numTensors;
      let weight: tf.Tensor = tf.tensor1d(expected.start);
      let state: OptimizerState | undefined;
      expected.gradients.forEach((g, i) => {
        const gradient = tf.tensor1d(g);
        const next = optimise(one.rule, [{ weight, gradient, state }], one.hyper)[0]!;
        tf.dispose([weight, gradient, state?.slots ?? {}]);
        ({ weight, state } = next);
        close(weight.dataSync(), one.weights[i]!);
      });
      expect(state!.steps).toBe(expected.gradients.length);
      tf.dispose([weight, state!.slots]);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test.each(expected.clipped)('gradients together have at most norm $limit', ({ limit, gradients }) => {
    const given = { a: tf.tensor1d([3, -1]), b: tf.tensor1d([0.5, 2]) };
    const clipped = clipGradients(given, limit);
    close(clipped.a!.dataSync(), gradients[0]!);
    close(clipped.b!.dataSync(), gradients[1]!);
    tf.dispose([given, clipped]);
  });
});
