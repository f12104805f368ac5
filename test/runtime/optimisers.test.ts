/** The optimisers against PyTorch's own numbers (optimisers.json, written by optimisers.py). */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CompiledModel, Hyper } from '../../runtimes/core/run/model.ts';
import { type OptimizerState, optimise, scaledToNorm } from '../../runtimes/core/run/optimise.ts';
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

  test('many weights at once, some trained more often than others, as each alone', () => {
    const before = tf.memory().numTensors;
    const shapes = [[300, 7], [1], [513], [2, 3, 4], [0, 5]];
    const of = (i: number, k: number) => {
      const n = shapes[i]!.reduce((p, m) => p * m, 1);
      return tf.tensor(
        Float32Array.from({ length: n }, (_, j) => Math.sin(j + 7 * i + 31 * k)),
        shapes[i]!,
      );
    };
    for (const { rule, hyper } of expected.cases) {
      const bits = (t: tf.Tensor) => [...new Int32Array((t.dataSync() as Float32Array).slice().buffer)];
      const alone = shapes.map((_, i) => ({
        weight: of(i, 0),
        state: undefined as OptimizerState | undefined,
      }));
      const together = shapes.map((_, i) => ({
        weight: of(i, 0),
        state: undefined as OptimizerState | undefined,
      }));
      for (let step = 1; step <= 3; step++) {
        // Every other weight sits out the second step.
        const trained = shapes.flatMap((_, i) => (step !== 2 || i % 2 === 0 ? [i] : []));
        const gradients = trained.map((i) => of(i, step));
        const all = optimise(
          rule,
          trained.map((i, k) => ({ ...together[i]!, gradient: gradients[k]! })),
          hyper,
        );
        trained.forEach((i, k) => {
          const one = optimise(rule, [{ ...alone[i]!, gradient: gradients[k]! }], hyper)[0]!;
          for (const [old, next] of [
            [alone[i]!, one],
            [together[i]!, all[k]!],
          ] as const) {
            tf.dispose([old.weight, old.state?.slots ?? {}]);
            Object.assign(old, next);
          }
          expect(all[k]!.state.steps).toBe(one.state.steps);
          expect(Object.keys(all[k]!.state.slots)).toEqual(Object.keys(one.state.slots));
          expect(bits(all[k]!.weight), `${rule}, weight ${i}, step ${step}`).toEqual(bits(one.weight));
        });
        tf.dispose(gradients);
      }
      for (const { weight, state } of [...alone, ...together]) tf.dispose([weight, state!.slots]);
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each(expected.clipped)('gradients together have at most norm $limit', ({ limit, gradients }) => {
    const given = { a: tf.tensor1d([3, -1]), b: tf.tensor1d([0.5, 2]) };
    const clipped = scaledToNorm(given, limit);
    close(clipped.a!.dataSync(), gradients[0]!);
    close(clipped.b!.dataSync(), gradients[1]!);
    tf.dispose([given, clipped]);
  });
});
