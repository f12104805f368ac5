/** Random formulas run as one chain, of every build, against the same formulas as tfjs operations on its cpu backend. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { fused, fusible, parseFormula, plainExecutor } from '../../runtimes/core/formula/fused.ts';
import { numbers, onCpu, sameBits, sizeOf, taken, use, variants } from './engines.ts';

/** Operands of an operation: t is a value, n a number, v either. */
const forms: Record<string, string> = {
  add: 'vv',
  sub: 'vv',
  mul: 'vv',
  div: 'vv',
  maximum: 'vv',
  minimum: 'vv',
  equal: 'vv',
  notEqual: 'vv',
  less: 'vv',
  lessEqual: 'vv',
  greater: 'vv',
  greaterEqual: 'vv',
  and: 'vv',
  or: 'vv',
  not: 't',
  where: 'ttt',
  neg: 't',
  exp: 't',
  log: 't',
  sqrt: 't',
  rsqrt: 't',
  square: 't',
  abs: 't',
  sign: 't',
  floor: 't',
  relu: 't',
  leaky_relu: 'tn',
  elu: 't',
  tanh: 't',
  sigmoid: 't',
  softplus: 't',
  step: 'tn',
  clamp: 'tnn',
};

test('every operation of formulas is tried', () => {
  expect(Object.keys(forms).sort()).toEqual([...fusible].sort());
});

interface Draft {
  shape: number[];
  /** Of each operand: the axes along which it is 1; a number where null. */
  operands: (boolean[] | null)[];
  steps: { op: string; picks: number[]; kept: boolean }[];
}

const draft: fc.Arbitrary<Draft> = fc
  .record({
    shape: fc.oneof(
      fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 4 }),
      fc.constantFrom<number[]>([1031], [33, 65], [4, 9, 9, 16], [600, 50]),
    ),
    operands: fc.array(fc.option(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { freq: 4 }), {
      maxLength: 4,
    }),
    steps: fc.array(
      fc.record({
        // The sign of what is no number differs: see the elementwise test.
        op: fc.constantFrom(...Object.keys(forms).filter((op) => op !== 'sign')),
        picks: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
        kept: fc.boolean(),
      }),
      { minLength: 1, maxLength: 14 },
    ),
  })
  // A kept value has the shape of all operands only if a value of that shape goes into it: the first operand is one.
  .map((d) => ({ ...d, operands: [[false, false, false, false], ...d.operands] }));

const literals = ['2', '0.5', '-1.5', '3e-2', '0'];

/** The formula's text: every step may use what came before it, and the first operand goes into each kept one. */
function formula(d: Draft): string {
  const names = d.operands.map((_, i) => `x${i}`);
  const isNumber = d.operands.map((o) => o === null);
  const lines: string[] = [];
  d.steps.forEach(({ op, picks, kept }, i) => {
    const value = (pick: number) => {
      const tensors = names.filter((_, j) => !isNumber[j]);
      return tensors[pick % tensors.length]!;
    };
    const any = (pick: number) => {
      const all = [...names, ...literals];
      return all[pick % all.length]!;
    };
    const args = [...forms[op]!].map((form, k) => {
      const pick = picks[k]!;
      return form === 't' ? value(pick) : form === 'n' ? literals[pick % literals.length]! : any(pick);
    });
    // A chain of numbers alone is not a tensor.
    if (forms[op] === 'vv' && !args.some((a) => names.some((n, j) => n === a && !isNumber[j])))
      args[0] = 'x0';
    if (op === 'clamp') args.splice(1, 2, '-0.5', '1.5');
    const last = i === d.steps.length - 1;
    lines.push(
      kept || last
        ? `y${i} = ${op}(${args.join(', ')}) + 0 * floor(x0 * 0)`
        : `let y${i} = ${op}(${args.join(', ')})`,
    );
    names.push(`y${i}`);
    isNumber.push(false);
  });
  return lines.join('; ');
}

function operandsOf(d: Draft): Record<string, tf.Tensor | number> {
  return Object.fromEntries(
    d.operands.map((ones, i) => {
      if (ones === null) return [`x${i}`, [0.75, -2, 1.25, 0][i % 4]!];
      const shape = d.shape.map((n, axis) => (ones[axis] ? 1 : n));
      // Quarters: sums and products of a few are exact, so that comparisons come out the same.
      const data = numbers(sizeOf(shape), i + 1).map((x) => Math.round(8 * x) / 4);
      return [`x${i}`, tf.tensor(data, shape)];
    }),
  );
}

type Results = Record<string, { shape: number[]; data: Float32Array }>;

function runFused(d: Draft): Results {
  const given = operandsOf(d);
  const out = fused(formula(d), given);
  const read = Object.fromEntries(Object.entries(out).map(([k, t]) => [k, taken(t)]));
  tf.dispose(given as Record<string, tf.Tensor>);
  return read;
}

function runPlain(d: Draft): Results {
  const given = operandsOf(d);
  const f = parseFormula(formula(d), Object.keys(given));
  const out = plainExecutor(f, Object.values(given));
  const read = Object.fromEntries(
    f.outputs.map(({ name }, i) => [
      name,
      { shape: out[i]!.shape, data: out[i]!.dataSync() as Float32Array },
    ]),
  );
  tf.dispose([...out, ...Object.values(given).filter((x) => typeof x !== 'number')]);
  return read;
}

/** Functions computed in other ways differ in the last place, and later steps may blow that up a little. */
function compare(text: string, got: Results, want: Results): void {
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, w] of Object.entries(want)) {
    const g = got[name]!;
    expect(g.shape, `${name} of ${text}`).toEqual(w.shape);
    let off = 0;
    for (let i = 0; i < w.data.length; i++) {
      const [a, b] = [g.data[i]!, w.data[i]!];
      if (Object.is(a, b) || a === b) continue;
      if (!(Math.abs(a - b) <= 2e-4 * Math.max(Math.abs(a), Math.abs(b), 1e-2))) off++;
    }
    if (off > 0) expect.fail(`${off} of ${w.data.length} numbers of ${name} in ${text}`);
  }
}

const runs = { numRuns: 150, seed: 3_030 };
const cases: { d: Draft; want: Results }[] = [];

describe.each(variants)('$name', (variant) => {
  beforeAll(async () => {
    await use(variant);
    if (cases.length === 0)
      await onCpu(() => {
        for (const d of fc.sample(draft, runs)) cases.push({ d, want: runPlain(d) });
      });
  });

  test('random formulas', () => {
    const before = tf.memory().numTensors;
    const kernels = vi.spyOn(tf.engine(), 'runKernel');
    let chains = 0;
    for (const { d, want } of cases) {
      kernels.mockClear();
      compare(formula(d), runFused(d), want);
      if (kernels.mock.calls.length === 0) chains++;
    }
    kernels.mockRestore();
    expect(chains, 'formulas that run as one job').toBeGreaterThan(cases.length / 2);
    expect(tf.memory().numTensors, 'tensors left over').toBe(before);
  });

  test('numbers that are seldom thought of', async () => {
    const odd = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, 1e-40, 3e38, -3e38, 100, -100, 89, -104];
    const data = odd.flatMap((a) => odd.map(() => a));
    const other = odd.flatMap(() => odd);
    for (const [op, form] of Object.entries(forms)) {
      const sides =
        form === 'vv'
          ? ['x, y', 'x, 2', '-0.5, x']
          : form === 'ttt'
            ? ['x, y, z']
            : form === 'tn'
              ? ['x, 0.25']
              : form === 'tnn'
                ? ['x, -2, 3']
                : ['x'];
      for (const args of sides) {
        const run = () =>
          tf.tidy(() => {
            const given = { x: tf.tensor1d(data), y: tf.tensor1d(other), z: tf.neg(tf.tensor1d(other)) };
            return fused(`r = ${op}(${args})`, given).r!.dataSync().slice() as Float32Array;
          });
        const want = await onCpu(run);
        const got = run();
        for (let i = 0; i < data.length; i++) {
          const [a, b] = [got[i]!, want[i]!];
          // The sign of what is no number: see the elementwise test.
          if (op === 'sign' && Number.isNaN(data[i])) continue;
          if (
            !(
              a === b ||
              Object.is(a, b) ||
              Math.abs(a - b) <=
                Math.max(4e-7 * Math.abs(b), 1e-37, op === 'elu' ? 2e-7 : op === 'softplus' ? 1e-12 : 0)
            )
          )
            expect.fail(`${op}(${args}) at ${data[i]}, ${other[i]} is ${a}, not ${b}`);
        }
      }
    }
  });

  test('nothing, and one', () => {
    const none = fused('h = relu(x) + y; g = h * 2', { x: tf.zeros([0, 3]), y: tf.ones([3]) });
    expect([none.h!.shape, none.g!.shape]).toEqual([
      [0, 3],
      [0, 3],
    ]);
    const one = fused('h = x - a', { x: tf.scalar(3), a: 1 });
    expect([...taken(one.h!).data]).toEqual([2]);
    tf.dispose(none);
  });

  test('longer than the registers: as tfjs operations', () => {
    const lines = Array.from({ length: 60 }, (_, i) => `y${i} = ${i ? `y${i - 1}` : 'x'} + ${i}`);
    const out = fused(lines.join('; '), { x: tf.tensor1d([1, 2, 3]) });
    expect([...out.y59!.dataSync()]).toEqual([1771, 1772, 1773]);
    tf.dispose(out);
  });
});

test('operations that run as one instruction round as they do apart', async () => {
  await use(variants[0]!);
  const n = 5003;
  // Numbers of many sizes, so that a sum rounds whatever it is added to.
  const of = (seed: number) => tf.tensor1d(numbers(n, seed).map((x, i) => x * 3 ** ((i % 41) - 20)));
  const [x, y] = [of(1), of(2)];
  const [k, l] = [0.3, -1.7];
  const pairs: Record<string, () => tf.Tensor> = {
    'x * k + y': () => tf.add(tf.mul(x, k), y),
    'y + x * k': () => tf.add(y, tf.mul(x, k)),
    'y - x * k': () => tf.sub(y, tf.mul(x, k)),
    'x * k - y': () => tf.sub(tf.mul(x, k), y),
    'x * k + y * l': () => tf.add(tf.mul(x, k), tf.mul(y, l)),
    'x * k + l': () => tf.add(tf.mul(x, k), l),
    'square(x) * k': () => tf.mul(tf.square(x), k),
    'sqrt(x) * k + l': () => tf.add(tf.mul(tf.sqrt(x), k), l),
    'x / y * k': () => tf.mul(tf.div(x, y), k),
    'y - x / y * k': () => tf.sub(y, tf.mul(tf.div(x, y), k)),
    'y - x * 0.7': () => tf.sub(y, tf.mul(x, 0.7)),
    // What is between is read elsewhere, too.
    'x * k + x * k': () => tf.mul(tf.mul(x, k), 2),
  };
  for (const [text, apart] of Object.entries(pairs)) {
    const want = taken(apart()).data;
    expect(sameBits(taken(fused(`r = ${text}`, { x, y, k, l }).r!).data, want), text).toBe(true);
  }
  const { t, r } = fused('t = x * k; r = t + y', { x, y, k });
  expect(sameBits(taken(t!).data, taken(tf.mul(x, k)).data)).toBe(true);
  expect(sameBits(taken(r!).data, taken(tf.tidy(() => tf.add(tf.mul(x, k), y))).data)).toBe(true);
  tf.dispose([x, y]);
});

test('the same bits by any number of threads', async () => {
  let first: Float32Array | undefined;
  for (const v of variants) {
    await use(v);
    for (let again = 0; again < 3; again++) {
      const x = tf.tensor2d(numbers(100_001, 1), [100_001, 1]);
      const y = tf.tensor1d(numbers(2, 2));
      const { r } = fused('let e = exp(x * y); r = tanh(e / (1 + e)) - sigmoid(x)', { x, y });
      const { data } = taken(r!);
      tf.dispose([x, y]);
      first ??= data;
      expect(sameBits(data, first), v.name).toBe(true);
    }
  }
});
