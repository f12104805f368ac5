/** Moves of memory: boxes against a plain loop, and tfjs's operations against its cpu backend, bit for bit. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as nn from '../../runtimes/core/nn/nn.ts';
import { moveBoxes, stepsOf } from '../../runtimes/kernels/wasm/boxes.ts';
import type { Engine } from '../../runtimes/kernels/wasm/engine.ts';
import { numbers, onCpu, sameBits, sizeOf, taken, use, variants } from './engines.ts';

/** A box of these lengths; each axis of the source takes a way: straight, repeated, backwards, every second number. */
interface Way {
  readonly shape: readonly number[];
  readonly ways: readonly ('on' | 'same' | 'back' | 'second')[];
  /** The order of the source's axes. */
  readonly order: readonly number[];
  /** What lies beside the box in the target, on each axis. */
  readonly beside: readonly number[];
  /** Added to what is there. */
  readonly add?: boolean;
}

const ways = ['on', 'on', 'same', 'back', 'second'] as const;

/** One long axis, or several short ones. */
const boxes: fc.Arbitrary<Way> = fc.integer({ min: 1, max: 5 }).chain((rank) =>
  fc.record({
    shape: fc.array(
      fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }) }, fc.constantFrom(1, 4, 8, 65)),
      {
        minLength: rank,
        maxLength: rank,
      },
    ),
    ways: fc.array(fc.constantFrom(...ways), { minLength: rank, maxLength: rank }),
    order: fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank, maxLength: rank }),
    beside: fc.array(fc.constantFrom(0, 0, 1, 3), { minLength: rank, maxLength: rank }),
  }),
);

const large: Way[] = [
  { shape: [100_001], ways: ['on'], order: [0], beside: [1] },
  { shape: [100_001], ways: ['same'], order: [0], beside: [0] },
  { shape: [100_003], ways: ['back'], order: [0], beside: [0] },
  { shape: [70_002], ways: ['second'], order: [0], beside: [0] },
  { shape: [301, 203], ways: ['on', 'on'], order: [1, 0], beside: [0, 0] },
  { shape: [2, 66_001], ways: ['on', 'on'], order: [1, 0], beside: [0, 0] },
  { shape: [66_001, 3], ways: ['on', 'on'], order: [1, 0], beside: [0, 1] },
  { shape: [66_001, 3], ways: ['on', 'on'], order: [0, 1], beside: [0, 1] },
  { shape: [33, 40, 41], ways: ['on', 'on', 'on'], order: [2, 0, 1], beside: [0, 0, 0] },
  { shape: [500, 129], ways: ['back', 'on'], order: [0, 1], beside: [0, 2] },
  { shape: [70_000, 1], ways: ['second', 'on'], order: [0, 1], beside: [0, 4] },
  {
    shape: [5, 7, 3, 11, 2, 9, 4],
    ways: Array(7).fill('second'),
    order: [6, 4, 2, 0, 1, 3, 5],
    beside: Array(7).fill(1),
  },
];

function moved(engine: Engine, { shape, ways: how, order, beside, add = false }: Way): void {
  const length = shape.map((n, d) => (how[d] === 'same' ? 1 : how[d] === 'second' ? 2 * n : n));
  const inOrder = stepsOf(order.map((d) => length[d]!));
  const own = shape.map((_, d) => inOrder[order.indexOf(d)]!);
  const source = own.map((step, d) => ({ on: step, same: 0, back: -step, second: 2 * step })[how[d]!]);
  const start = own.reduce(
    (sum, step, d) => sum + (how[d] === 'back' && shape[d]! > 0 ? (shape[d]! - 1) * step : 0),
    0,
  );
  const around = shape.map((n, d) => n + beside[d]!);
  const target = stepsOf(around);
  const first = target.reduce((sum, step, d) => sum + Math.floor(beside[d]! / 2) * step, 0);
  const [size, room] = [Math.max(1, sizeOf(length)), Math.max(1, sizeOf(around))];
  const [from, to] = [engine.allocate(size * 4), engine.allocate(room * 4)];
  const x = numbers(size, 3);
  engine.floats(from, size).set(x);
  const expected = new Float32Array(room).fill(-7);
  engine.floats(to, room).fill(-7);
  for (let i = 0; i < sizeOf(shape); i++) {
    let [p, q, rest] = [start, first, i];
    for (let d = shape.length - 1; d >= 0; d--) {
      p += (rest % shape[d]!) * source[d]!;
      q += (rest % shape[d]!) * target[d]!;
      rest = Math.floor(rest / shape[d]!);
    }
    expected[q] = add ? expected[q]! + x[p]! : x[p]!;
  }
  moveBoxes(engine, [{ shape, from: from + 4 * start, source, to: to + 4 * first, target, add }]);
  const same = sameBits(engine.floats(to, room), expected);
  engine.release(from);
  engine.release(to);
  expect(same, JSON.stringify({ shape, how, order, beside, add })).toBe(true);
}

const lengths = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
const axisOf = (shape: number[]) => fc.integer({ min: 0, max: shape.length - 1 });
const axesOf = (shape: number[]) => fc.subarray([...shape.keys()], { minLength: 1 });

/** Each makes a call of tfjs for operands of a random shape: the operands' shapes, and what is done with them. */
const calls: Record<string, fc.Arbitrary<[number[][], (...x: tf.Tensor[]) => tf.Tensor | tf.Tensor[]]>> = {
  slice: lengths.chain((shape) =>
    fc.tuple(...shape.map((n) => fc.tuple(fc.nat(n - 1), fc.nat(n)))).map((cuts) => {
      const begin = cuts.map(([from]) => from);
      const size = cuts.map(([from, n], d) => (n === 0 ? -1 : Math.min(n, shape[d]! - from)));
      return [[shape], (x) => tf.slice(x, begin, size)];
    }),
  ),
  stridedSlice: lengths.chain((shape) =>
    fc
      .tuple(...shape.map((n) => fc.tuple(fc.nat(n - 1), fc.nat(n), fc.constantFrom(1, 2, 3))))
      .map((cuts) => [
        [shape],
        (x) =>
          tf.stridedSlice(
            x,
            cuts.map(([from]) => from),
            cuts.map(([from, more], d) => Math.min(shape[d]!, from + 1 + more)),
            cuts.map(([, , step]) => step),
          ),
      ]),
  ),
  pad: lengths.chain((shape) =>
    fc
      .tuple(fc.tuple(...shape.map(() => fc.tuple(fc.nat(3), fc.nat(3)))), fc.constantFrom(0, -2.5))
      .map(([paddings, value]) => [[shape], (x) => tf.pad(x, paddings, value)]),
  ),
  concat: lengths.chain((shape) =>
    fc
      .tuple(axisOf(shape), fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 5 }))
      .map(([axis, parts]) => [
        parts.map((n) => shape.map((d, i) => (i === axis ? n : d))),
        (...x) => tf.concat(x, axis),
      ]),
  ),
  split: lengths.chain((shape) =>
    axisOf(shape).map((axis) => {
      const n = shape[axis]!;
      return [[shape], (x) => tf.split(x, n > 2 ? [1, n - 2, 1] : n, axis)];
    }),
  ),
  reverse: lengths.chain((shape) => axesOf(shape).map((axes) => [[shape], (x) => tf.reverse(x, axes)])),
  transpose: lengths.chain((shape) =>
    fc
      .shuffledSubarray([...shape.keys()], { minLength: shape.length })
      .map((perm) => [[shape], (x) => tf.transpose(x, perm)]),
  ),
  tile: lengths.chain((shape) =>
    fc
      .tuple(...shape.map(() => fc.integer({ min: 0, max: 3 })))
      .map((reps) => [[shape], (x) => tf.tile(x, reps)]),
  ),
  broadcastTo: lengths.chain((shape) =>
    axesOf(shape).map((axes) => [
      [shape.map((n, d) => (axes.includes(d) ? 1 : n))],
      (x) => tf.broadcastTo(x, [2, ...shape] as [number]),
    ]),
  ),
  depthToSpace: fc
    .tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(2, 3),
      fc.integer({ min: 1, max: 5 }),
    )
    .map(([h, w, size, c]) => [[[2, h, w, c * size * size]], (x) => tf.depthToSpace(x as tf.Tensor4D, size)]),
  constants: lengths.map((shape) => [[shape], (x) => [tf.zerosLike(x), tf.onesLike(x), tf.fill(shape, 2.5)]]),
};

describe.each(variants)('$name', (variant) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await use(variant);
  });

  test('boxes, any shape and order', () => {
    fc.assert(
      fc.property(boxes, fc.boolean(), (box, add) => moved(engine, { ...box, add })),
      { numRuns: 150 },
    );
  });

  test('large boxes, shared between threads', () => {
    for (const box of large) for (const add of [false, true]) moved(engine, { ...box, add });
  });

  test.each(['reflect', 'edge'] as const)('a border (%s) and its transpose, against plain loops', (mode) => {
    const shapes: [number[], [number, number][]][] = [
      [
        [3, 4, 5, 2],
        [
          [0, 0],
          [2, 3],
          [4, 1],
          [0, 0],
        ],
      ],
      [
        [5, 65, 37, 5],
        [
          [0, 0],
          [3, 2],
          [1, 1],
          [0, 0],
        ],
      ],
      [
        [7, 1001],
        [
          [0, 0],
          [0, 5],
        ],
      ],
      [
        [2, 300, 3],
        [
          [0, 0],
          [299, 0],
          [0, 0],
        ],
      ],
    ];
    for (const [shape, paddings] of shapes) {
      const wide = shape.map((n, d) => n + paddings[d]![0] + paddings[d]![1]);
      const [x, dy] = [numbers(sizeOf(shape), 3), numbers(sizeOf(wide), 4)];
      const y = new Float32Array(dy.length);
      const dx = new Float64Array(x.length);
      const own = stepsOf(shape);
      for (let i = 0; i < y.length; i++) {
        let [from, rest] = [0, i];
        for (let d = shape.length - 1; d >= 0; d--) {
          const n = shape[d]!;
          const at = (rest % wide[d]!) - paddings[d]![0];
          const mirrored = at < 0 ? -at : at < n ? at : 2 * (n - 1) - at;
          from += own[d]! * (mode === 'reflect' ? mirrored : Math.min(n - 1, Math.max(0, at)));
          rest = Math.floor(rest / wide[d]!);
        }
        y[i] = x[from]!;
        dx[from]! += dy[i]!;
      }
      const [tx, ty] = [tf.tensor(x, shape), tf.tensor(dy, wide)];
      expect(sameBits(taken(nn.borderPad(tx, paddings, mode)).data, y), `${mode} ${shape}`).toBe(true);
      const got = taken(nn.borderPadGradient(ty, paddings, mode)).data;
      expect(
        got.every((v, i) => Math.abs(v - dx[i]!) <= 1e-4),
        `${mode} ${shape}, transposed`,
      ).toBe(true);
      tf.dispose([tx, ty]);
    }
  });

  test('a strided slice that runs backwards and leaves an axis out', () => {
    // tfjs's cpu backend gives 4, 2, 19, 17.
    const y = tf.tidy(() => {
      const x = tf.reshape(tf.range(0, 30), [2, 5, 3]);
      return tf.stridedSlice(x, [0, 4, 1], [2, 0, 2], [1, -2, 1], 0, 0, 0, 0, 0b100);
    });
    expect(taken(y)).toEqual({ shape: [2, 2], data: Float32Array.of(13, 7, 28, 22) });
  });

  test.each(Object.keys(calls))('%s', async (name) => {
    const cases = fc.sample(calls[name]!, { numRuns: 25, seed: 5 });
    const operands = (shapes: number[][], as: 'float32' | 'bool') =>
      shapes.map((shape, i) => {
        const x = tf.tensor(numbers(sizeOf(shape), i + 1), shape);
        return as === 'bool' ? tf.greater(x, 0) : tf.neg(x);
      });
    const run = () =>
      cases.map(([shapes, f], i) =>
        tf.tidy(() => {
          const y = f(...operands(shapes, i % 8 === 7 && name !== 'depthToSpace' ? 'bool' : 'float32'));
          return [y].flat().map((t) => ({ dtype: t.dtype, ...taken(t) }));
        }),
      );
    const before = tf.memory().numTensors;
    const got = run();
    expect(tf.memory().numTensors).toBe(before);
    const expected = await onCpu(run);
    for (const [i, parts] of got.entries()) {
      for (const [j, part] of parts.entries()) {
        const what = `${name} of ${JSON.stringify(cases[i]![0])}`;
        expect(part.shape, what).toEqual(expected[i]![j]!.shape);
        expect(part.dtype, what).toBe(expected[i]![j]!.dtype);
        expect(sameBits(part.data, expected[i]![j]!.data), what).toBe(true);
      }
    }
  });
});
