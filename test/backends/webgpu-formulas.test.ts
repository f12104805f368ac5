/** Chains and reduction groups as programs of the GPU (SwiftShader), against the same formulas in float64. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fused, fusible, parseFormula } from '../../runtimes/core/formula/fused.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { type Array64, evaluate64, sizeOf } from '../kernels/formula64.ts';
import {
  type RandomFormula,
  randomChain,
  randomReduction,
  triedOperations,
} from '../kernels/random-formula.ts';
import { launchesOf, onSwiftShader } from './dawn.ts';
import { difference } from './difference.ts';

/** Quarters from −2 to 2 of no pattern: sums and products of a few are exact. */
function quarters(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return (((h ^ (h >>> 13)) >>> 0) % 17) / 4 - 2;
  });
}

/** Every output close to float64's, in as many launches as are said; what was given is left as it was. */
async function holds(f: RandomFormula, launches: number): Promise<void> {
  const { text, axes, keep, operands, seed } = f;
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
  let results: tf.Tensor[] = [];
  const run = await launchesOf(() => {
    results = Object.values(fused(text, given, axes, keep));
  });
  expect(run.length, `launches of ${text}`).toBeLessThanOrEqual(launches);
  expect(tf.memory().numTensors - results.length, `tensors of ${text}`).toBe(before);
  for (const [i, expected] of outputs.entries()) {
    const got = { shape: results[i]!.shape, data: await results[i]!.data() };
    // Rounding is of the size of what was computed on the way.
    const scale = expected.data.reduce((m, x) => Math.max(m, Math.abs(x)), 0.01);
    const wrong = difference(got, expected as unknown as NDArray, (3e-5 * Math.max(1, largest)) / scale);
    if (wrong !== null) expect.fail(`result ${i} of ${text}, operands ${JSON.stringify(operands)}: ${wrong}`);
  }
  tf.dispose(results);
  tf.dispose(given as Record<string, tf.Tensor>);
}

/** One for each set of outputs that the device can bind at once. */
const mostLaunches = ({ operands, text }: RandomFormula): number =>
  Math.max(
    1,
    Math.ceil(text.split(';').filter((line) => !/^\s*let /.test(line)).length / (12 - operands.length)),
  );

onSwiftShader('formulas on webgpu', () => {
  test('every operation of formulas is tried', () => {
    expect([...triedOperations].sort()).toEqual([...fusible].sort());
  });

  test('random chains', async () => {
    for (const f of fc.sample(randomChain, { numRuns: 120, seed: 411 })) await holds(f, mostLaunches(f));
  });

  test('random reductions', async () => {
    for (const f of fc.sample(randomReduction, { numRuns: 60, seed: 412 })) await holds(f, mostLaunches(f));
  });

  test.each([
    // One launch for what a workgroup goes through, two for what is taller.
    { shape: [5000, 40], axes: [0], launches: 1 },
    { shape: [4, 300, 70, 3], axes: [0, 1, 2], launches: 2 },
    { shape: [300_000], axes: [0], launches: 2 },
    { shape: [3, 200_001], axes: [1], launches: 2 },
    { shape: [2000, 3], axes: [1], launches: 1 },
    { shape: [7000, 5], axes: [1], launches: 1 },
  ])('axes $axes of $shape: $launches launches', async ({ shape, axes, launches }) => {
    const last = shape.at(-1)!;
    await holds(
      {
        text: 'y = relu(x0 - x1) * x2; m = mean(x0 * x1); s = sum(square(y)); z = s / (abs(m) + 1) - x2',
        axes,
        keep: false,
        operands: [shape, [last], null],
        seed: 5,
      },
      launches,
    );
  });

  test('more buffers than a device binds: outputs in turns', async () => {
    const operands = Array.from({ length: 9 }, () => [3, 4]);
    const sums = operands.map((_, i) => `y${i} = x${i} * x${(i + 1) % 9} + x0`);
    await holds({ text: sums.join('; '), axes: [], keep: false, operands, seed: 1 }, 4);
    const all = `y = ${Array.from({ length: 14 }, (_, i) => `x${i}`).join(' + ')}`;
    const many = Array.from({ length: 14 }, () => [5]);
    await holds({ text: all, axes: [], keep: false, operands: many, seed: 2 }, 13);
  });

  test('truth values that tfjs keeps as whole numbers', async () => {
    const x = tf.tensor([1, -2, 3, 0]);
    const mask = tf.cast(tf.greater(x, 0), 'float32');
    const { y } = fused('y = x * mask + mask', { x, mask });
    const { s } = fused('s = sum(x + mask)', { x, mask }, [0]);
    expect([...(await y!.data())]).toEqual([2, 0, 4, 0]);
    expect([...(await s!.data())]).toEqual([4]);
  });

  test('nothing', () => {
    const none = fused('h = relu(x) + y; g = h * 2', { x: tf.zeros([0, 3]), y: tf.ones([3]) });
    expect([none.h!.shape, none.g!.shape]).toEqual([
      [0, 3],
      [0, 3],
    ]);
  });

  test('sums and means of tfjs take one launch, whatever the axes', async () => {
    const x = tf.tensor(quarters(120, 3), [4, 5, 6]);
    for (const axes of [[0], [1], [2], [0, 1], [0, 2], [0, 1, 2]]) {
      let y: tf.Tensor | undefined;
      expect(await launchesOf(() => (y = tf.sum(x, axes)))).toHaveLength(1);
      expect(await launchesOf(() => tf.mean(x, axes, true))).toHaveLength(1);
      const f = parseFormula('s = sum(x)', ['x'], axes);
      const [expected] = evaluate64(f, [{ shape: [4, 5, 6], data: quarters(120, 3) }]).outputs;
      expect(difference({ shape: y!.shape, data: await y!.data() }, expected as never, 1e-6)).toBeNull();
    }
  });

  test('a small product over many is one launch, and adds up in one order', async () => {
    const [m, k, n] = [12, 2100, 13];
    const [a, b] = [quarters(m * k, 1), quarters(k * n, 2)];
    let c: tf.Tensor | undefined;
    const labels = await launchesOf(() => {
      c = tf.matMul(tf.tensor2d(a, [k, m]), tf.tensor2d(b, [n, k]), true, true);
    });
    expect(labels).toEqual(['MatMulSmallOutputSizeProgram']);
    const expected = Array.from({ length: m * n }, (_, i) => {
      let sum = 0;
      for (let t = 0; t < k; t++) sum += a[t * m + Math.floor(i / n)]! * b[(i % n) * k + t]!;
      return sum;
    });
    const got = { shape: c!.shape, data: await c!.data() };
    expect(difference(got, { shape: [m, n], data: expected } as never, 1e-6)).toBeNull();
  });

  const odd = [
    Number.NaN,
    Infinity,
    -Infinity,
    0,
    1,
    -1,
    0.5,
    3e38,
    -3e38,
    100,
    -100,
    89,
    -104,
    1e-3,
    -1e-3,
    2e-7,
  ];
  const exact: Record<string, (x: number) => number> = {
    'exp(x)': Math.exp,
    'log(x)': Math.log,
    'sqrt(x)': Math.sqrt,
    'rsqrt(x)': (x) => 1 / Math.sqrt(x),
    'square(x)': (x) => x * x,
    'abs(x)': Math.abs,
    'neg(x)': (x) => -x,
    'sign(x)': Math.sign,
    'floor(x)': Math.floor,
    'relu(x)': (x) => Math.max(x, 0),
    'leaky_relu(x, 0.2)': (x) => (x < 0 ? Math.fround(0.2) * x : x),
    'elu(x)': (x) => (x < 0 ? Math.expm1(x) : x),
    'tanh(x)': Math.tanh,
    'sigmoid(x)': (x) => 1 / (1 + Math.exp(-x)),
    'softplus(x)': (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    'step(x, 0.25)': (x) => (Number.isNaN(x) ? x : x > 0 ? 1 : 0.25),
    'clamp(x, -2, 3)': (x) => Math.min(Math.max(x, -2), 3),
    'maximum(x, 0.5)': (x) => Math.max(x, 0.5),
    'minimum(0.5, x)': (x) => Math.min(0.5, x),
    'where(x, 1, 2)': (x) => (x !== 0 ? 1 : 2),
    'not(x)': (x) => Number(x === 0),
  };

  test('numbers that are seldom thought of', async () => {
    const x = tf.tensor1d(odd);
    // Alone and four at a time.
    for (const operand of [x, tf.stack([x, x, x], 1)]) {
      for (const [text, f] of Object.entries(exact)) {
        const got = await fused(`r = ${text}`, { x: operand }).r!.data();
        const each = got.length / odd.length;
        for (const [i, value] of odd.entries()) {
          const a = got[i * each]!;
          const b = Math.fround(f(Math.fround(value)));
          const close =
            Math.abs(a - b) <= Math.max(1e-6 * Math.abs(b) * Math.max(1, Math.abs(value) / 8), 1e-37);
          if (!(Object.is(a, b) || a === b || close)) expect.fail(`${text} at ${value} is ${a}, not ${b}`);
        }
      }
    }
  });

  test('sine and cosine, to the last digits', async () => {
    const points = Array.from({ length: 400 }, (_, i) => Math.fround((i - 200) * 0.37 + i * i * 0.01));
    const x = tf.tensor1d(points);
    const [s, c] = [await tf.sin(x).data(), await tf.cos(x).data()];
    for (const [i, p] of points.entries()) {
      expect(Math.abs(s[i]! - Math.sin(p)), `sine of ${p}`).toBeLessThan(3e-7);
      expect(Math.abs(c[i]! - Math.cos(p)), `cosine of ${p}`).toBeLessThan(3e-7);
    }
  });
});
