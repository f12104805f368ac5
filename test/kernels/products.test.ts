/** Matrix products and convolutions of every build against plain loops in float64; and the same bits by any threads. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectClose } from '../backends/close.ts';
import { numbers, sameBits, sizeOf, taken, use, type Variant, variants } from './engines.ts';

type Array4 = [number, number, number, number];
type Pair = [number, number];

/** Long enough for several panels and blocks of the kernel now and then, and 0 and 1 as well. */
const side = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 128, 129, 257, 300) },
);

interface Product {
  m: number;
  k: number;
  n: number;
  a: number[];
  b: number[];
  ta: boolean;
  tb: boolean;
}

/** Leading axes of both sides: none, one for all, each its own, and spread against each other. */
const leads = fc.constantFrom<[number[], number[]]>(
  [[], []],
  [[3], [3]],
  [[3], [1]],
  [[1], [3]],
  [
    [2, 3],
    [2, 3],
  ],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [2, 1],
    [2, 3],
  ],
  [[0], [0]],
);

function multiply({ m, k, n, a, b, ta, tb }: Product, x: Float32Array, y: Float32Array) {
  const outer = tf.backend_util.assertAndGetBroadcastShape(a, b);
  const count = sizeOf(outer);
  const data = new Float64Array(count * m * n);
  for (let e = 0; e < count; e++) {
    const at = (shape: number[]) => {
      let rest = e;
      let stride = 1;
      let place = 0;
      for (let d = outer.length - 1; d >= 0; d--) {
        const own = shape[d - (outer.length - shape.length)] ?? 1;
        if (own !== 1) place += (rest % outer[d]!) * stride;
        stride *= own;
        rest = Math.floor(rest / outer[d]!);
      }
      return place;
    };
    const pa = at(a) * m * k;
    const pb = at(b) * k * n;
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let s = 0;
        for (let q = 0; q < k; q++)
          s += x[pa + (ta ? q * m + i : i * k + q)]! * y[pb + (tb ? j * k + q : q * n + j)]!;
        data[(e * m + i) * n + j] = s;
      }
  }
  return { shape: [...outer, m, n], data };
}

interface Conv {
  batch: number;
  size: Pair;
  kernel: Pair;
  stride: Pair;
  dilation: Pair;
  ci: number;
  co: number;
  pad: 'same' | 'valid' | number;
}

const conv = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    size: fc.oneof(
      fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
      // One dimension.
      fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 60 })),
    ),
    kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    stride: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
    dilation: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Pair>([1, 1]) },
      fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    ),
    ci: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(33, 64)),
    co: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(40)),
    pad: fc.constantFrom<Conv['pad']>('same', 'valid', 0, 1, 2),
  })
  // tfjs has no stride and dilation at once.
  .map((c) => (c.dilation[0] > 1 || c.dilation[1] > 1 ? { ...c, stride: [1, 1] as Pair } : c))
  .map((c) =>
    c.size[0] === 1
      ? {
          ...c,
          kernel: [1, c.kernel[1]] as Pair,
          pad: c.pad === 1 || c.pad === 2 ? ('same' as const) : c.pad,
        }
      : c,
  )
  .filter((c) => {
    const { outHeight, outWidth } = geometry(c);
    return outHeight > 0 && outWidth > 0;
  });

function geometry(c: Conv) {
  return tf.backend_util.computeConv2DInfo(
    [c.batch, ...c.size, c.ci],
    [...c.kernel, c.ci, c.co],
    c.stride,
    c.dilation,
    c.pad,
    'floor',
  );
}

/** Calls `f` for every (place of x, place of the kernel, place of y) that meet. */
function meetings(c: Conv, f: (x: number, k: number, y: number) => void): void {
  const { outHeight: oh, outWidth: ow, padInfo } = geometry(c);
  const [h, w] = c.size;
  const [kh, kw] = c.kernel;
  for (let b = 0; b < c.batch; b++)
    for (let y = 0; y < oh; y++)
      for (let x = 0; x < ow; x++)
        for (let r = 0; r < kh; r++)
          for (let s = 0; s < kw; s++) {
            const iy = y * c.stride[0] + r * c.dilation[0] - padInfo.top;
            const ix = x * c.stride[1] + s * c.dilation[1] - padInfo.left;
            if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
            for (let i = 0; i < c.ci; i++)
              for (let o = 0; o < c.co; o++)
                f(
                  ((b * h + iy) * w + ix) * c.ci + i,
                  ((r * kw + s) * c.ci + i) * c.co + o,
                  ((b * oh + y) * ow + x) * c.co + o,
                );
          }
}

/** Longer than what a thread packs for all pieces of a job; the last also than what it packs at a time. */
const longProducts: Product[] = [
  { m: 150, k: 2000, n: 140, ta: false, tb: false },
  { m: 150, k: 2001, n: 141, ta: true, tb: false },
  { m: 133, k: 2003, n: 162, ta: false, tb: true },
  { m: 139, k: 1999, n: 170, ta: true, tb: true },
  { m: 1101, k: 270, n: 1050, ta: false, tb: false },
].map((p) => ({ ...p, a: [], b: [] }));
const known = new Map<Product, ReturnType<typeof multiply>>();
function longProduct(p: Product) {
  if (!known.has(p)) known.set(p, multiply(p, numbers(p.m * p.k, 1), numbers(p.k * p.n, 2)));
  return known.get(p)!;
}

/** Where kernels for few channels go another way than in small pictures. */
const fewChannels: { what: string; c: Conv }[] = (
  [
    ['a picture of several bands', 1, [150, 97], [5, 3], [2, 1], 3, 11, 'same'],
    ['many rows of many channels', 1, [61, 33], [3, 3], [1, 1], 4, 70, 1],
    ['a long row', 2, [1, 9000], [1, 25], [1, 4], 1, 5, 'same'],
    ['rows longer than what a thread has room for', 1, [3, 50_000], [3, 3], [1, 1], 2, 2, 'same'],
    ['more images than sums', 37, [6, 5], [5, 5], [1, 1], 1, 9, 'same'],
    ['a kernel larger than the picture', 3, [3, 4], [5, 5], [1, 1], 2, 8, 'same'],
    ['gaps between windows', 3, [31, 29], [2, 3], [5, 4], 3, 8, 'valid'],
    ['a border wider than the kernel', 2, [4, 4], [2, 2], [1, 1], 1, 8, 2],
    ['a kernel of one', 2, [9, 9], [1, 1], [2, 2], 1, 1, 'valid'],
    ['W2', 4, [28, 28], [5, 5], [2, 2], 1, 64, 'same'],
    ['W3', 2, [64, 64], [4, 4], [2, 2], 3, 64, 'same'],
  ] as const
).map(([what, batch, size, kernel, stride, ci, co, pad]) => ({
  what,
  c: { batch, size: [...size], kernel: [...kernel], stride: [...stride], dilation: [1, 1], ci, co, pad },
}));

/** A convolution and its gradients of the current backend, against plain loops. */
function checkConvolution(c: Conv): void {
  const { outHeight, outWidth, outShape } = geometry(c);
  const xShape: Array4 = [c.batch, c.size[0], c.size[1], c.ci];
  const kShape: Array4 = [c.kernel[0], c.kernel[1], c.ci, c.co];
  const x = numbers(sizeOf(xShape), 1);
  const k = numbers(sizeOf(kShape), 2);
  const dy = numbers(c.batch * outHeight * outWidth * c.co, 3);
  const y = { shape: outShape, data: new Float64Array(dy.length) };
  const dx = { shape: xShape, data: new Float64Array(x.length) };
  const dk = { shape: kShape, data: new Float64Array(k.length) };
  meetings(c, (i, j, o) => {
    y.data[o]! += x[i]! * k[j]!;
    dx.data[i]! += dy[o]! * k[j]!;
    dk.data[j]! += dy[o]! * x[i]!;
  });
  const tx = tf.tensor4d(x, xShape);
  const tk = tf.tensor4d(k, kShape);
  const tdy = tf.tensor4d(dy, outShape);
  const mode = typeof c.pad === 'number' ? ('floor' as const) : undefined;
  expectClose(taken(tf.conv2d(tx, tk, c.stride, c.pad, 'NHWC', c.dilation, mode)), y, 'y', 1e-5);
  if (c.dilation[0] === 1 && c.dilation[1] === 1) {
    const attrs = { strides: c.stride, pad: c.pad, dataFormat: 'NHWC', dimRoundingMode: mode };
    const run = (kernel: string, inputs: tf.NamedTensorMap, own: object) =>
      taken(tf.engine().runKernel(kernel, inputs, { ...attrs, ...own } as never) as tf.Tensor);
    const byInput = run('Conv2DBackpropInput', { dy: tdy, filter: tk }, { inputShape: xShape });
    const byKernel = run('Conv2DBackpropFilter', { x: tx, dy: tdy }, { filterShape: kShape });
    expectClose(byInput, dx, 'dx', 1e-5);
    expectClose(byKernel, dk, 'dk', 1e-5);
  }
  tf.dispose([tx, tk, tdy]);
}

describe.each(variants)('$name', (variant) => {
  beforeAll(async () => void (await use(variant)));

  test('a product of matrices, turned over or not, one or many', () => {
    fc.assert(
      fc.property(side, side, side, leads, fc.boolean(), fc.boolean(), (m, k, n, [a, b], ta, tb) => {
        fc.pre(m * k * n < 300_000);
        const p: Product = { m, k, n, a, b, ta, tb };
        const sa = [...a, ...(ta ? [k, m] : [m, k])];
        const sb = [...b, ...(tb ? [n, k] : [k, n])];
        const x = numbers(sizeOf(sa), 1);
        const y = numbers(sizeOf(sb), 2);
        const tx = tf.tensor(x, sa);
        const ty = tf.tensor(y, sb);
        const got = taken(tf.matMul(tx, ty, ta, tb));
        tf.dispose([tx, ty]);
        expectClose(got, multiply(p, x, y), 'the product', 1e-5);
      }),
      { numRuns: 60, seed: 3_001 },
    );
  });

  test.each(longProducts)('a product too long to be packed at once: $m×$k×$n, turned over: $ta, $tb', (p) => {
    const x = tf.tensor(numbers(p.m * p.k, 1), p.ta ? [p.k, p.m] : [p.m, p.k]);
    const y = tf.tensor(numbers(p.k * p.n, 2), p.tb ? [p.n, p.k] : [p.k, p.n]);
    const got = taken(tf.matMul(x, y, p.ta, p.tb));
    tf.dispose([x, y]);
    expectClose(got, longProduct(p), 'the product', 1e-5);
  });

  test('a convolution, and its gradients by input and by kernel', () => {
    fc.assert(fc.property(conv, checkConvolution), { numRuns: 60, seed: 3_002 });
  });

  test('a convolution of few channels, and its gradients', () => {
    const few = fc
      .tuple(conv, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 20 }))
      .map(([c, ci, batch]) => ({ ...c, ci, batch }));
    fc.assert(fc.property(few, checkConvolution), { numRuns: 60, seed: 3_003 });
  });

  test.each(fewChannels)('few channels, and $what', ({ c }) => checkConvolution(c));

  test('nothing along an axis', () => {
    const x = tf.zeros<tf.Rank.R4>([2, 4, 4, 0]);
    const k = tf.zeros<tf.Rank.R4>([3, 3, 0, 5]);
    // Memory that was used before, so that what isn't written shows.
    for (let i = 0; i < 8; i++) tf.neg(tf.ones([2, 4, 4, 5])).dispose();
    expect(taken(tf.conv2d(x, k, 1, 'same')).data.every((v) => v === 0)).toBe(true);
    const none = tf.zeros<tf.Rank.R4>([2, 4, 4, 0]);
    const wide = tf.zeros<tf.Rank.R4>([3, 3, 5, 0]);
    const attrs = { strides: 1, pad: 'same', dataFormat: 'NHWC', inputShape: [2, 4, 4, 5] };
    const dx = tf.engine().runKernel('Conv2DBackpropInput', { dy: none, filter: wide }, attrs as never);
    expect(taken(dx as tf.Tensor).data.every((v) => v === 0)).toBe(true);
    expect(
      taken(tf.conv2d(tf.zeros<tf.Rank.R4>([0, 4, 4, 2]), tf.zeros<tf.Rank.R4>([3, 3, 2, 5]), 1, 'same'))
        .shape,
    ).toEqual([0, 4, 4, 5]);
    const empty = tf.matMul(tf.zeros([3, 0]), tf.zeros([0, 2]));
    expect([...taken(empty).data]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('tens of thousands of channels, with a border of zeros', () => {
    const channels = 60_000;
    const x = numbers(channels, 5);
    const k = numbers(9 * channels, 6);
    const tx = tf.tensor4d(x, [1, 1, 1, channels]);
    const tk = tf.tensor4d(k, [3, 3, channels, 1]);
    const turned = tf.tensor4d(k, [3, 3, 1, channels]);
    const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) =>
      taken(
        tf.engine().runKernel(name, inputs, {
          strides: 1,
          pad: 'same',
          dataFormat: 'NHWC',
          ...attrs,
        } as never) as tf.Tensor,
      ).data;
    const expected = x.reduce((s, v, i) => s + v * k[4 * channels + i]!, 0);
    expect(Math.abs(run('Conv2D', { x: tx, filter: tk }, {})[0]! - expected)).toBeLessThan(2e-3);
    // The middle tap alone meets the picture of one pixel.
    const dx = run('Conv2DBackpropInput', { dy: tx, filter: turned }, { inputShape: [1, 1, 1, 1] });
    expect(Math.abs(dx[0]! - expected)).toBeLessThan(2e-3);
    const dy = tf.tensor4d([2], [1, 1, 1, 1]);
    const dk = run('Conv2DBackpropFilter', { x: tx, dy }, { filterShape: tk.shape });
    const wrong = dk.findIndex((v, i) => {
      const tap = Math.floor(i / channels);
      return v !== (tap === 4 ? 2 * x[i % channels]! : 0);
    });
    expect(wrong).toBe(-1);
    tf.dispose([tx, tk, turned, dy]);
  });
});

describe('the same bits by any number of threads', () => {
  const byBuild = (build: 'simd' | 'relaxed'): Variant[] => variants.filter((v) => v.name.startsWith(build));

  function gradients(x: tf.Tensor, k: tf.Tensor, strides: number): tf.Tensor[] {
    const attrs = { strides, pad: 'same', dataFormat: 'NHWC' };
    const run = (name: string, inputs: tf.NamedTensorMap, own: object) =>
      tf.engine().runKernel(name, inputs, { ...attrs, ...own } as never) as tf.Tensor;
    const y = run('Conv2D', { x, filter: k }, {});
    return [
      y,
      run('Conv2DBackpropInput', { dy: y, filter: k }, { inputShape: x.shape }),
      run('Conv2DBackpropFilter', { x, dy: y }, { filterShape: k.shape }),
    ];
  }

  test.each(['simd', 'relaxed'] as const)('%s', async (build) => {
    const results: { name: string; data: Float32Array }[] = [];
    for (const v of byBuild(build)) {
      await use(v);
      const a = tf.tensor2d(numbers(301 * 517, 1), [301, 517]);
      const b = tf.tensor2d(numbers(517 * 95, 2), [517, 95]);
      const long = tf.tensor2d(numbers(1900 * 147, 5), [1900, 147]);
      const x = tf.tensor4d(numbers(5 * 19 * 17 * 21, 3), [5, 19, 17, 21]);
      const k = tf.tensor4d(numbers(4 * 4 * 21 * 34, 4), [4, 4, 21, 34]);
      const picture = tf.tensor4d(numbers(37 * 21 * 19 * 3, 6), [37, 21, 19, 3]);
      const few = tf.tensor4d(numbers(5 * 4 * 3 * 26, 7), [5, 4, 3, 26]);
      for (let again = 0; again < 3; again++) {
        const all = [
          tf.matMul(a, b),
          tf.matMul(b, a, true, true),
          tf.matMul(long, long, true, false),
          ...gradients(x, k, 2),
          ...gradients(picture, few, 2),
        ].flatMap((t) => [...taken(t).data]);
        results.push({ name: v.name, data: Float32Array.from(all) });
      }
      tf.dispose([a, b, long, x, k, picture, few]);
    }
    for (const r of results) expect(sameBits(r.data, results[0]!.data), r.name).toBe(true);
  });
});
