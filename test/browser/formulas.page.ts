/** Random formulas and products in a page, on whatever backend was started there, against float64. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { fused, parseFormula } from '../../runtimes/core/formula/fused.ts';
import * as nn from '../../runtimes/core/nn/nn.ts';
import { difference } from '../backends/difference.ts';
import { type Array64, evaluate64, sizeOf } from '../kernels/formula64.ts';
import { type RandomFormula, randomChain, randomReduction } from '../kernels/random-formula.ts';

/** Quarters from -2 to 2 of no pattern: sums and products of a few are exact. */
function quarters(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return (((h ^ (h >>> 13)) >>> 0) % 17) / 4 - 2;
  });
}

function tried({ text, axes, keep, operands, seed }: RandomFormula): string | null {
  const names = operands.map((_, i) => `x${i}`);
  const inputs = operands.map((shape, i): Array64 | number =>
    shape === null
      ? ([0.75, -1.5, 0.25][i % 3] as number)
      : { shape, data: quarters(sizeOf(shape), seed + i) },
  );
  const { outputs, largest } = evaluate64(parseFormula(text, names, axes, keep), inputs);
  const given = Object.fromEntries(
    inputs.map((x, i) => [names[i], typeof x === 'number' ? x : tf.tensor(x.data, x.shape, 'float32')]),
  );
  const before = tf.memory().numTensors;
  const results = Object.values(fused(text, given, axes, keep));
  const wrong = outputs.flatMap((expected, i) => {
    const got = { shape: results[i]!.shape, data: results[i]!.dataSync() };
    // Rounding is of the size of what was computed on the way.
    const scale = expected.data.reduce((m, x) => Math.max(m, Math.abs(x)), 0.01);
    const message = difference(got, expected as never, (3e-5 * Math.max(1, largest)) / scale);
    return message === null ? [] : [`${JSON.stringify(operands)}, result ${i} of ${text}: ${message}`];
  });
  tf.dispose(results);
  if (tf.memory().numTensors !== before) wrong.push(`tensors left over by ${text}`);
  tf.dispose(given as never);
  return wrong[0] ?? null;
}

function search<T>(arbitrary: fc.Arbitrary<T>, numRuns: number, f: (x: T) => string | null): string | null {
  let last: string | null = null;
  const found = fc.check(
    fc.property(arbitrary, (x) => {
      last = f(x);
      return last === null;
    }),
    { numRuns, seed: 20_261, endOnFailure: true },
  );
  return found.failed ? (last ?? String(found.errorInstance)) : null;
}

export const chains = (runs: number): string | null => search(randomChain, runs, tried);
export const groups = (runs: number): string | null => search(randomReduction, runs, tried);

const side = fc.integer({ min: 1, max: 9 });
const small = fc.integer({ min: 1, max: 5 });

interface Window {
  size: [number, number];
  kernel: [number, number];
  stride: [number, number];
  dilation: [number, number];
  padding: 'same' | 'valid';
  channels: [number, number];
  batch: number;
  seed: number;
}
const windows: fc.Arbitrary<Window> = fc.record({
  size: fc.tuple(side, side),
  kernel: fc.tuple(small, small),
  stride: fc.tuple(small, small),
  dilation: fc.oneof(fc.constant<[number, number]>([1, 1]), fc.tuple(small, small)),
  padding: fc.constantFrom('same' as const, 'valid' as const),
  channels: fc.tuple(small, small),
  batch: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(),
});

/** A convolution and its two gradients, by their definition. */
export const convolutions = (runs: number): string | null =>
  search(windows, runs, ({ size, kernel, stride, dilation, padding, channels: [ci, co], batch, seed }) => {
    const spans = [0, 1].map((i) => (kernel[i]! - 1) * dilation[i]! + 1);
    const out = [0, 1].map((i) =>
      padding === 'same'
        ? Math.ceil(size[i]! / stride[i]!)
        : Math.ceil((size[i]! - spans[i]! + 1) / stride[i]!),
    );
    if (out.some((n) => n < 1)) return null;
    const before = [0, 1].map((i) =>
      padding === 'same' ? Math.floor(Math.max(0, (out[i]! - 1) * stride[i]! + spans[i]! - size[i]!) / 2) : 0,
    );
    const shapes = {
      x: [batch, ...size, ci],
      k: [...kernel, ci, co],
      y: [batch, ...out, co],
    };
    const x = quarters(sizeOf(shapes.x), seed);
    const k = quarters(sizeOf(shapes.k), seed + 1);
    const dy = quarters(sizeOf(shapes.y), seed + 2);
    const y = new Array<number>(dy.length).fill(0);
    const dx = new Array<number>(x.length).fill(0);
    const dk = new Array<number>(k.length).fill(0);
    const [h, w] = size;
    for (let o = 0; o < y.length; o++) {
      const c = o % co;
      const ox = Math.floor(o / co) % out[1]!;
      const oy = Math.floor(o / co / out[1]!) % out[0]!;
      const b = Math.floor(o / co / out[1]! / out[0]!);
      for (let ky = 0; ky < kernel[0]; ky++) {
        for (let kx = 0; kx < kernel[1]; kx++) {
          const iy = oy * stride[0] + ky * dilation[0] - before[0]!;
          const ix = ox * stride[1] + kx * dilation[1] - before[1]!;
          if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
          for (let i = 0; i < ci; i++) {
            const p = ((b * h + iy) * w + ix) * ci + i;
            const q = ((ky * kernel[1] + kx) * ci + i) * co + c;
            y[o]! += x[p]! * k[q]!;
            dx[p]! += dy[o]! * k[q]!;
            dk[q]! += dy[o]! * x[p]!;
          }
        }
      }
    }
    const tensors = {
      x: tf.tensor4d(x, shapes.x as never),
      k: tf.tensor4d(k, shapes.k as never),
      dy: tf.tensor4d(dy, shapes.y as never),
    };
    const window = { stride, padding, dilation };
    const got = [
      nn.conv2d(tensors.x, tensors.k, window),
      nn.conv2dInputGradient(tensors.dy, tensors.k, size, window),
      nn.conv2dFilterGradient(tensors.x, tensors.dy, [...kernel, ci, co], window),
    ];
    const expected = [y, dx, dk].map((data, i) => ({ shape: [shapes.y, shapes.x, shapes.k][i]!, data }));
    const wrong = got.map((t, i) =>
      difference({ shape: t.shape, data: t.dataSync() }, expected[i] as never, 1e-5),
    );
    tf.dispose([...Object.values(tensors), ...got]);
    const first = wrong.findIndex((message) => message !== null);
    const what = ['convolution', 'input gradient', 'filter gradient'][first];
    return first < 0
      ? null
      : `${what} of ${JSON.stringify({ shapes, stride, dilation, padding })}: ${wrong[first]}`;
  });

/** The gradient of max pooling with many equal values, by its definition: the first of the largest gets it. */
export const pools = (runs: number): string | null =>
  search(windows, runs, ({ size: [h, w], kernel, stride, padding, channels: [c], batch, seed }) => {
    if (padding === 'valid' && (h < kernel[0] || w < kernel[1])) return null;
    const x = quarters(batch * h * w * c, seed).map(Math.round);
    const input = tf.tensor4d(x, [batch, h, w, c]);
    const y = tf.maxPool(input, kernel, stride, padding);
    const [, oh, ow] = y.shape;
    const before = [0, 1].map((i) => {
      const whole = ([oh, ow][i]! - 1) * stride[i]! + kernel[i]! - [h, w][i]!;
      return padding === 'same' ? Math.floor(Math.max(0, whole) / 2) : 0;
    });
    const dy = quarters(batch * oh * ow * c, seed + 1);
    const dx = new Array<number>(x.length).fill(0);
    dy.forEach((d, o) => {
      const [b, oy] = [Math.floor(o / c / ow / oh), Math.floor(o / c / ow) % oh];
      let best = -1;
      for (let i = 0; i < kernel[0]; i++) {
        for (let j = 0; j < kernel[1]; j++) {
          const iy = oy * stride[0] + i - before[0]!;
          const ix = (Math.floor(o / c) % ow) * stride[1] + j - before[1]!;
          if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
          const at = ((b * h + iy) * w + ix) * c + (o % c);
          if (best < 0 || x[at]! > x[best]!) best = at;
        }
      }
      dx[best]! += d;
    });
    const gradient = tf.tensor4d(dy, [batch, oh, ow, c]);
    const got = nn.maxPoolGradient(input, gradient, kernel, stride, padding);
    const wrong = difference({ shape: got.shape, data: got.dataSync() }, {
      shape: input.shape,
      data: dx,
    } as never);
    tf.dispose([input, y, gradient, got]);
    return wrong === null ? null : `${JSON.stringify({ h, w, kernel, stride, padding, c, batch })}: ${wrong}`;
  });

const matrices = fc.record({
  m: fc.oneof(side, fc.constantFrom(40, 64)),
  k: fc.oneof(side, fc.constantFrom(700, 1501)),
  n: fc.oneof(side, fc.constantFrom(33)),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  seed: fc.nat(),
});

export const products = (runs: number): string | null =>
  search(matrices, runs, ({ m, k, n, transposeA, transposeB, seed }) => {
    const a = quarters(m * k, seed);
    const b = quarters(k * n, seed + 1);
    const c = new Array<number>(m * n).fill(0);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        for (let t = 0; t < k; t++) {
          c[i * n + j]! += a[transposeA ? t * m + i : i * k + t]! * b[transposeB ? j * k + t : t * n + j]!;
        }
      }
    }
    const [p, q] = [
      tf.tensor2d(a, transposeA ? [k, m] : [m, k]),
      tf.tensor2d(b, transposeB ? [n, k] : [k, n]),
    ];
    const got = tf.matMul(p, q, transposeA, transposeB);
    const wrong = difference(
      { shape: got.shape, data: got.dataSync() },
      { shape: [m, n], data: c } as never,
      1e-5,
    );
    tf.dispose([p, q, got]);
    return wrong === null ? null : `${JSON.stringify({ m, k, n, transposeA, transposeB })}: ${wrong}`;
  });

/** Functions where float32 is easily lost: their values at these points. */
export function values(text: string, points: number[]): number[] {
  const x = tf.tensor1d(points);
  const { y } = fused(text, { x });
  const out = [...y!.dataSync()];
  tf.dispose([x, y!]);
  return out;
}
/** The same of an operation of tfjs. */
export function valuesOf(operation: 'sin' | 'cos', points: number[]): number[] {
  const f = operation === 'sin' ? tf.sin : tf.cos;
  return tf.tidy(() => [...f(tf.tensor1d(points)).dataSync()]);
}
