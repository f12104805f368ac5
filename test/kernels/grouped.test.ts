/** Convolutions with strides, dilations and groups at once, of every build, against loops in float64; the same bits by any threads. */
import type { Tensor4D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { conv2d, conv2dFilterGradient, conv2dInputGradient } from '../../runtimes/core/nn/convolution.ts';
import { onFallback } from '../../runtimes/kernels/wasm/fallback.ts';
import { ndarray } from '../../src/ir/ndarray.ts';
import { type Pair, spanOf, windowCount } from '../../src/ops/window.ts';
import {
  convolve,
  convolveFilterGradient,
  convolveInputGradient,
  type Geometry,
} from '../../src/ops/window-reference.ts';
import { expectClose } from '../backends/close.ts';
import { numbers, sameBits, sizeOf, taken, use, variants } from './engines.ts';

interface Window {
  batch: number;
  size: Pair;
  kernel: Pair;
  stride: Pair;
  dilation: Pair;
  groups: number;
  /** Channels of a group. */
  ci: number;
  co: number;
  padding: 'same' | 'valid';
}

const pair = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
const channels = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 8, 17));
const windows = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: fc.oneof(pair(12), fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 60 }))),
    kernel: pair(4),
    stride: pair(4),
    dilation: fc.oneof(fc.constant<Pair>([1, 1]), pair(4)),
    groups: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(18, 37)),
    ci: fc.oneof(fc.constant(1), channels),
    co: fc.oneof(fc.constant(1), channels),
    padding: fc.constantFrom('same' as const, 'valid' as const),
  })
  .filter((w) => outOf(w).every((n) => n > 0));

function outOf(w: Window): Pair {
  const count = (i: 0 | 1) =>
    windowCount(w.size[i], spanOf(w.kernel[i], w.dilation[i]), w.stride[i], w.padding);
  return [count(0), count(1)];
}

/** The value and both gradients, by the current backend. */
function computed(w: Window) {
  const out = outOf(w);
  const shapes = {
    x: [w.batch, ...w.size, w.ci * w.groups] as [number, number, number, number],
    k: [...w.kernel, w.ci, w.co * w.groups] as [number, number, number, number],
    y: [w.batch, ...out, w.co * w.groups] as [number, number, number, number],
  };
  const data = {
    x: numbers(sizeOf(shapes.x), 1),
    k: numbers(sizeOf(shapes.k), 2),
    y: numbers(sizeOf(shapes.y), 3),
  };
  const [x, k, dy] = (['x', 'k', 'y'] as const).map((n) => tf.tensor(data[n], shapes[n]) as Tensor4D);
  const mutable = ([a, b]: Pair): [number, number] => [a, b];
  const window = { ...w, stride: mutable(w.stride), dilation: mutable(w.dilation) };
  const got = [
    conv2d(x!, k!, window),
    conv2dInputGradient(dy!, k!, mutable(w.size), window),
    conv2dFilterGradient(x!, dy!, shapes.k, window),
  ].map(taken);
  tf.dispose([x!, k!, dy!]);
  return { out, shapes, data, got };
}

function check(w: Window): void {
  const { out, shapes, data, got } = computed(w);
  const array = (n: keyof typeof shapes) => ndarray(shapes[n], Float64Array.from(data[n]));
  const g: Geometry = { ...w, out };
  const want = [
    convolve(array('x'), array('k'), g, w.groups, shapes.y),
    convolveInputGradient(array('y'), array('k'), g, w.groups, shapes.x),
    convolveFilterGradient(array('x'), array('y'), g, w.groups, shapes.k),
  ];
  for (const [i, name] of ['value', 'gradient of the input', 'gradient of the filter'].entries())
    expectClose(got[i]!, want[i]!, `${name}, ${JSON.stringify(w)}`, 1e-5);
}

const same = { padding: 'same', stride: [1, 1], dilation: [1, 1] } as const;
const large: Window[] = [
  { ...same, batch: 3, size: [33, 31], kernel: [3, 3], groups: 67, ci: 1, co: 1 },
  { ...same, batch: 2, size: [20, 21], kernel: [5, 3], stride: [2, 1], groups: 33, ci: 1, co: 2 },
  { ...same, batch: 2, size: [19, 18], kernel: [3, 3], dilation: [2, 3], groups: 8, ci: 8, co: 12 },
  { ...same, batch: 1, size: [17, 40], kernel: [3, 3], groups: 2, ci: 33, co: 70 },
  { ...same, batch: 2, size: [1, 900], kernel: [1, 9], stride: [1, 2], groups: 30, ci: 1, co: 1 },
];

describe.each(variants)('$name', (variant) => {
  beforeAll(async () => void (await use(variant)));

  test('windows of any kind', () => {
    const missed: string[] = [];
    onFallback((name) => missed.push(name));
    fc.assert(fc.property(windows, check), { numRuns: 80, seed: 41 });
    onFallback(null);
    expect(missed, 'kernels of the cpu backend').toEqual([]);
  });

  test('several threads', () => large.forEach(check));
});

test('the same bits by any number of threads', async () => {
  const first = new Map<string, Float32Array[]>();
  for (const v of variants) {
    await use(v);
    const got = large.flatMap((w) => computed(w).got.map(({ data }) => data));
    const build = v.build.split('-')[0]!;
    const want = first.get(build);
    if (want)
      expect(
        got.map((g, i) => sameBits(g, want[i]!)),
        v.name,
      ).toEqual(got.map(() => true));
    else first.set(build, got);
  }
});
