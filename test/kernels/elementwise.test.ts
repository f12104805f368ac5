/**
 * Elementwise kernels of every build against tfjs's own cpu backend on numbers that are seldom thought of, against float64
 * on ordinary ones, and every way to broadcast.
 */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { erf } from '../../src/ops/special.ts';
import { numbers, onCpu, sizeOf, taken, use, variants } from './engines.ts';

const odd = [
  [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 0.5, -0.5, 2, -3, 0.7, -0.7],
  [1e-40, -1e-40, 1.5e-45, -1.5e-45, 1.1754944e-38, 1e-20, -1e-20, 1e-7, -1e-7, 1e20, -1e20],
  [3.4e38, -3.4e38, 87, 88, 88.8, 89, 200, -87, -88, -95, -103, -104, -200, 14, -14, 0.624, 0.626, 7.5, -7.5],
].flat();
/** Each with each. */
const lefts = odd.flatMap((a) => odd.map(() => a));
const rights = odd.flatMap(() => odd);

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** The function, and where it isn't within some units in the last place, the error that it may have. */
const unary: Record<string, [Unary, ((x: number) => number)?, number?]> = {
  neg: [tf.neg, (x) => -x],
  abs: [tf.abs, Math.abs],
  sqrt: [tf.sqrt, Math.sqrt],
  rsqrt: [tf.rsqrt, (x) => 1 / Math.sqrt(x)],
  reciprocal: [tf.reciprocal, (x) => 1 / x],
  square: [tf.square, (x) => x * x],
  exp: [tf.exp, Math.exp],
  log: [tf.log, Math.log],
  tanh: [tf.tanh, Math.tanh],
  // Where e^-x is beyond float32 it is 0, not subnormal.
  sigmoid: [tf.sigmoid, (x) => 1 / (1 + Math.exp(-x)), 3e-39],
  // tfjs's own takes e^x below -14.
  softplus: [tf.softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 1e-12],

  relu: [tf.relu, (x) => Math.max(x, 0)],
  floor: [tf.floor, Math.floor],
  sign: [tf.sign, Math.sign],
  leakyRelu: [(x) => tf.leakyRelu(x, 0.3), (x) => (x < 0 ? Math.fround(0.3) * x : x)],
  selu: [tf.selu, (x) => (x < 0 ? 1.7580993408473766 * Math.expm1(x) : 1.0507009873554805 * x), 3e-7],
  // Whose multiples of π are beyond double precision has no sine worth the name.
  sin: [(x) => tf.sin(tf.clipByValue(x, -1e6, 1e6)), Math.sin, 1e-7],
  cos: [(x) => tf.cos(tf.clipByValue(x, -1e6, 1e6)), Math.cos, 1e-7],
  // tfjs's own is right to seven decimals.
  erf: [tf.erf, erf, 3e-7],
  elu: [tf.elu, (x) => (x < 0 ? Math.expm1(x) : x), 2e-7],
  step: [(x) => tf.step(x, -0.25), (x) => (x > 0 ? 1 : -0.25)],
  clip: [(x) => tf.clipByValue(x, -0.5, 0.75), (x) => Math.min(Math.max(x, -0.5), 0.75)],
  isPositive: [(x) => tf.greater(x, 0), (x) => Number(x > 0)],
  not: [(x) => tf.logicalNot(tf.cast(tf.greater(x, 0), 'bool')), (x) => Number(!(x > 0))],
};

const binary: Record<string, [Binary, ((a: number, b: number) => number)?]> = {
  add: [tf.add, (a, b) => a + b],
  sub: [tf.sub, (a, b) => a - b],
  mul: [tf.mul, (a, b) => a * b],
  div: [tf.div, (a, b) => a / b],
  maximum: [tf.maximum, Math.max],
  minimum: [tf.minimum, Math.min],
  squaredDifference: [tf.squaredDifference, (a, b) => (a - b) ** 2],
  mod: [tf.mod],
  pow: [tf.pow],
  atan2: [tf.atan2],
  equal: [tf.equal, (a, b) => Number(a === b)],
  notEqual: [tf.notEqual, (a, b) => Number(a !== b)],
  less: [tf.less, (a, b) => Number(a < b)],
  lessEqual: [tf.lessEqual, (a, b) => Number(a <= b)],
  greater: [tf.greater, (a, b) => Number(a > b)],
  greaterEqual: [tf.greaterEqual, (a, b) => Number(a >= b)],
  and: [(a, b) => tf.logicalAnd(tf.greater(a, 0), tf.less(b, 0.5))],
  or: [(a, b) => tf.logicalOr(tf.greater(a, 0), tf.less(b, 0.5))],
  where: [(a, b) => tf.where(tf.greater(a, b), a, b)],
};

/** Equal up to float32's rounding: some units in the last place, or the smallest of numbers. */
function near(got: number, want: number, error: number): boolean {
  if (Number.isNaN(want)) return Number.isNaN(got);
  const w = Math.fround(want);
  return got === w || Math.abs(got - want) <= Math.max(4e-7 * Math.abs(want), 3e-45, error);
}

function compare(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  said: (i: number) => string,
  error = 0,
): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    if (!near(got[i]!, want[i]!, error)) expect.fail(`${said(i)} is ${got[i]}, not ${want[i]}`);
}

describe.each(variants)('$name', (variant) => {
  beforeAll(async () => void (await use(variant)));

  test.each(Object.keys(unary))('%s', async (name) => {
    const [f, reference, error] = unary[name]!;
    const run = () => tf.tidy(() => f(tf.tensor1d(odd)).dataSync());
    const want = [...(await onCpu(run))];
    // tfjs's cpu backend says 0 for the sign of what is no number; the interpreter keeps it.
    if (name === 'sign') want[0] = Number.NaN;
    compare(run(), want, (i) => `${name} ${odd[i]}`, error);
    const plain = numbers(20_011, 4).map((x) => (/sqrt|log|reciprocal/.test(name) ? 0.01 + x * x : x * 5));
    const got = tf.tidy(() => f(tf.tensor1d(plain)).dataSync());
    compare(got, Array.from(plain, reference!), (i) => `${name} ${plain[i]}`, Math.max(error ?? 0, 1e-7));
  });

  test.each(Object.keys(binary))('%s', async (name) => {
    const [f, reference] = binary[name]!;
    const run = () => tf.tidy(() => f(tf.tensor1d(lefts), tf.tensor1d(rights)).dataSync());
    const want = await onCpu(run);
    compare(run(), want, (i) => `${name}(${lefts[i]}, ${rights[i]})`);
    if (!reference) return;
    const a = numbers(20_011, 5);
    const b = numbers(20_011, 6);
    const got = tf.tidy(() => f(tf.tensor1d(a), tf.tensor1d(b)).dataSync());
    compare(
      got,
      a.map((x, i) => reference(x, b[i]!)),
      (i) => `${name}(${a[i]}, ${b[i]})`,
      1e-7,
    );
  });

  test('every way to broadcast', () => {
    const axis = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean(), fc.boolean());
    const dropped = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(fc.array(axis, { maxLength: 6 }), dropped, fc.boolean(), (axes, drop, which) => {
        // An axis that both sides have as 1 is 1 in the result.
        const one = axes.map(([n, repeat]) => (repeat ? 1 : n));
        let other = axes.map(([n, , repeat]) => (repeat ? 1 : n));
        other = other.slice(Math.min(drop, other.length));
        const full = tf.backend_util.assertAndGetBroadcastShape(one, other);
        const x = numbers(sizeOf(one), 7);
        const y = numbers(sizeOf(other), 8);
        const place = (shape: number[], i: number): number => {
          let [p, stride, rest] = [0, 1, i];
          for (let d = full.length - 1; d >= 0; d--) {
            const own = shape[d - (full.length - shape.length)] ?? 1;
            if (own !== 1) p += (rest % full[d]!) * stride;
            stride *= own;
            rest = Math.floor(rest / full[d]!);
          }
          return p;
        };
        const want = Array.from({ length: sizeOf(full) }, (_, i) => {
          const [a, b] = [x[place(one, i)]!, y[place(other, i)]!];
          return Math.fround(which ? a - b : b - a);
        });
        const got = tf.tidy(() => {
          const [a, b] = [tf.tensor(x, one), tf.tensor(y, other)];
          return tf.keep(which ? tf.sub(a, b) : tf.sub(b, a));
        });
        expect(got.shape).toEqual(full);
        expect([...taken(got).data]).toEqual(want);
      }),
      { numRuns: 150, seed: 3_010 },
    );
  });
});
