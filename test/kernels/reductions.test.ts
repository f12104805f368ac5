/** Sums, means, maxima and minima over every set of axes, of every build, against float64. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectClose } from '../backends/close.ts';
import { numbers, sameBits, sizeOf, taken, use, variants } from './engines.ts';

const kinds = { sum: tf.sum, mean: tf.mean, max: tf.max, min: tf.min, prod: tf.prod } as const;
type Kind = keyof typeof kinds;

function reduce(kind: Kind, x: Float32Array, shape: number[], axes: number[], keep: boolean) {
  const reduced = shape.map((_, d) => axes.includes(d));
  const small = shape.map((n, d) => (reduced[d] ? 1 : n));
  const start = { sum: 0, mean: 0, max: -Infinity, min: Infinity, prod: 1 }[kind];
  const data = new Float64Array(sizeOf(small)).fill(start);
  for (let i = 0; i < x.length; i++) {
    let [at, stride, rest] = [0, 1, i];
    for (let d = shape.length - 1; d >= 0; d--) {
      if (!reduced[d]) at += (rest % shape[d]!) * stride;
      stride *= small[d]!;
      rest = Math.floor(rest / shape[d]!);
    }
    const v = x[i]!;
    const old = data[at]!;
    data[at] =
      kind === 'max'
        ? Math.max(old, v)
        : kind === 'min'
          ? Math.min(old, v)
          : kind === 'prod'
            ? old * v
            : old + v;
  }
  const count = sizeOf(shape.filter((_, d) => reduced[d]));
  if (kind === 'mean') for (let i = 0; i < data.length; i++) data[i]! /= count;
  return { shape: keep ? small : shape.filter((_, d) => !reduced[d]), data };
}

/** All sets of axes of a rank. */
const subsets = (rank: number) =>
  Array.from({ length: 2 ** rank }, (_, set) => [...Array(rank).keys()].filter((d) => set & (1 << d)));

describe.each(variants)('$name', (variant) => {
  beforeAll(async () => void (await use(variant)));

  const shapes = [
    [],
    [1],
    [7],
    [1, 1, 1],
    [5, 3],
    [3, 1, 4],
    [2, 3, 4, 5],
    [1, 6, 1, 3, 2],
    [2, 1, 3, 2, 2, 3],
    [3, 4200],
    [4200, 3],
    [130, 33, 17],
  ];
  test.each(Object.keys(kinds) as Kind[])('%s over every set of axes', (kind) => {
    for (const shape of shapes) {
      if (kind === 'prod' && sizeOf(shape) > 1000) continue;
      const x = numbers(sizeOf(shape), 1);
      const t = tf.tensor(x, shape);
      for (const axes of subsets(shape.length)) {
        for (const keep of [false, true]) {
          const got = taken(kinds[kind](t, axes, keep));
          expectClose(got, reduce(kind, x, shape, axes, keep), `${kind} of ${shape} over ${axes}`, 2e-6);
        }
      }
      t.dispose();
    }
  });

  test('shapes of any kind', () => {
    const axis = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }) },
      fc.constantFrom(17, 64, 65, 130),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(axis, fc.boolean()), { minLength: 1, maxLength: 5 }),
        fc.constantFrom<Kind>('sum', 'mean', 'max', 'min'),
        fc.boolean(),
        (dims, kind, keep) => {
          const shape = dims.map(([n]) => n);
          fc.pre(sizeOf(shape) < 120_000);
          const axes = dims.flatMap(([, r], d) => (r ? [d] : []));
          const x = numbers(sizeOf(shape), 2);
          const t = tf.tensor(x, shape);
          const got = taken(kinds[kind](t, axes, keep));
          t.dispose();
          expectClose(got, reduce(kind, x, shape, axes, keep), `${kind} of ${shape} over ${axes}`, 2e-6);
        },
      ),
      { numRuns: 60, seed: 3_020 },
    );
  });

  test('what is no number, and nothing', () => {
    const x = tf.tensor2d([1, Number.NaN, 2, 3, -Infinity, Infinity], [3, 2]);
    expect([...taken(tf.sum(x, 1)).data]).toEqual([Number.NaN, 5, Number.NaN]);
    expect([...taken(tf.max(x, 1)).data]).toEqual([Number.NaN, 3, Infinity]);
    expect([...taken(tf.min(x, 1)).data]).toEqual([Number.NaN, 2, -Infinity]);
    expect([...taken(tf.max(tf.neg(x), 0)).data]).toEqual([Infinity, Number.NaN]);
    x.dispose();
    const none = tf.zeros([0, 3]);
    expect([...taken(tf.sum(none, 0)).data]).toEqual([0, 0, 0]);
    expect(taken(tf.sum(none, 1)).shape).toEqual([0]);
    none.dispose();
  });

  test('a long sum keeps its digits', () => {
    const n = 1_000_003;
    const x = tf.fill([n], 0.1);
    const y = tf.fill([100_003, 3], 0.1);
    const tenth = Math.fround(0.1);
    expect(Math.abs(taken(tf.sum(x)).data[0]! / (n * tenth) - 1)).toBeLessThan(1e-6);
    for (const s of taken(tf.sum(y, 0)).data) expect(Math.abs(s / (100_003 * tenth) - 1)).toBeLessThan(1e-5);
    tf.dispose([x, y]);
  });
});

test('the same bits by any number of threads', async () => {
  let first: Float32Array[] | undefined;
  for (const v of variants) {
    await use(v);
    for (let again = 0; again < 3; again++) {
      const x = tf.tensor(numbers(37 * 41 * 43, 3), [37, 41, 43]);
      const got = [
        tf.sum(x),
        tf.sum(x, 0),
        tf.sum(x, [0, 1]),
        tf.mean(x, 2),
        tf.sum(x, 1),
        tf.max(x, [1, 2]),
      ].map((t) => taken(t).data);
      x.dispose();
      first ??= got;
      expect(
        got.map((g, i) => sameBits(g, first![i]!)),
        v.name,
      ).toEqual(got.map(() => true));
    }
  }
});
