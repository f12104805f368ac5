/** Chains that end in sums, and chains over many sets of operands, of every build, against loops over float64 numbers. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type Formula, fused, parseFormula } from '../../runtimes/core/formula/fused.ts';
import { fusedEach } from '../../runtimes/core/nn/segments.ts';
import { numbers, sameBits, sizeOf, taken, use, variants } from './engines.ts';

/** Values in float64, with a shape that has all axes of the widest. */
interface Values {
  shape: number[];
  data: Float64Array;
}

const operations: Record<string, (...x: number[]) => number> = {
  add: (a, b) => a! + b!,
  sub: (a, b) => a! - b!,
  mul: (a, b) => a! * b!,
  div: (a, b) => a! / b!,
  neg: (a) => -a!,
  square: (a) => a! * a!,
  sqrt: (a) => Math.sqrt(a!),
  rsqrt: (a) => 1 / Math.sqrt(a!),
  relu: (a) => Math.max(0, a!),
  tanh: (a) => Math.tanh(a!),
  sigmoid: (a) => 1 / (1 + Math.exp(-a!)),
};

/** Calls f with every place of a shape, axis by axis. */
function places(shape: number[], f: (at: number[], i: number) => void): void {
  for (let i = 0; i < sizeOf(shape); i++) {
    const at: number[] = [];
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      at.unshift(rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    f(at, i);
  }
}
/** The value at a place of a larger shape, of which axes may be missing or 1. */
function at({ shape, data }: Values, place: number[]): number {
  let i = 0;
  shape.forEach((n, axis) => {
    i = i * n + (n === 1 ? 0 : place[place.length - shape.length + axis]!);
  });
  return data[i]!;
}

/** What a formula gives, and for each result the size of what was added up for it (rounding is relative to that). */
function expected(f: Formula, inputs: Values[], wide: number[]): { values: Values; scale: number }[] {
  const kept = wide.map((n, axis) => (f.axes.includes(axis) ? 1 : n));
  const all: Values[] = [...inputs];
  for (const { op, args, result, narrow } of f.steps) {
    const operand = (a: (typeof args)[number], place: number[]) =>
      typeof a === 'number' ? a : at(all[a.at]!, place);
    const shape = narrow ? kept : wide;
    const data = new Float64Array(sizeOf(shape));
    if (op === 'sum' || op === 'mean') {
      const count = sizeOf(wide) / sizeOf(kept);
      const sums: Values = { shape: kept, data };
      places(wide, (place) => {
        const small = place.map((p, axis) => (kept[axis] === 1 ? 0 : p));
        const i = small.reduce((n, p, axis) => n * kept[axis]! + p, 0);
        data[i]! += operand(args[0]!, place) / (op === 'mean' ? count : 1);
      });
      all[result.at] = sums;
    } else {
      places(shape, (place, i) => {
        data[i] = operations[op]!(...args.map((a) => operand(a, place)));
      });
      all[result.at] = { shape, data };
    }
  }
  const count = sizeOf(wide) / Math.max(1, sizeOf(kept));
  return f.outputs.map((o) => ({
    values: {
      shape: o.narrow ? wide.flatMap((n, a) => (f.axes.includes(a) ? (f.keep ? [1] : []) : [n])) : wide,
      data: all[o.at]!.data,
    },
    scale: o.narrow ? Math.sqrt(count) : 1,
  }));
}

const texts = [
  's = sum(x)',
  'm = mean(x * a)',
  'y = tanh(x + a); s = sum(y)',
  's = sum(x); m = mean(square(x - a)); d = rsqrt(m + 1) * s',
  'let p = x * a; y = p + n; s = sum(p); t = sum(p * b); k = s * n - t * b',
  'let c = sigmoid(x); dx = c * a * b; s = sum(dx); t = sum(c)',
  'let e = relu(x) - b; l = mean(square(e)) * n + sum(a * x)',
];

interface Draft {
  text: string;
  shape: number[];
  axes: number[];
  keep: boolean;
  /** Of a and b: which axes are 1, and how many of the first are missing. */
  ones: boolean[][];
  missing: number[];
}
const draft: fc.Arbitrary<Draft> = fc
  .record({
    text: fc.constantFrom(...texts),
    shape: fc.oneof(
      { weight: 4, arbitrary: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }) },
      fc.constantFrom<number[]>(
        [5003],
        [9001, 1],
        [1, 300, 7],
        [130, 31],
        [700, 3],
        [33, 64],
        [40, 128],
        [5, 785],
        [70, 520],
        [3, 41, 21],
        [2, 5, 6, 130],
        [260, 2, 17],
        [3, 5000],
        [17, 257],
      ),
    ),
    // One run of axes, from the first or another, of any length.
    from: fc.nat(),
    length: fc.nat(),
    keep: fc.boolean(),
    ones: fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
    missing: fc.array(fc.nat({ max: 2 }), { minLength: 2, maxLength: 2 }),
  })
  .map(({ from, length, ...d }) => {
    const first = from % 3 === 0 ? from % d.shape.length : 0;
    const n = 1 + (length % (d.shape.length - first));
    const axes = Array.from({ length: n }, (_, i) => first + i);
    // Now and then without one between them.
    return { ...d, axes: n > 2 && length % 2 === 0 ? axes.filter((_, i) => i !== 1) : axes };
  });

/** Operands of a draft: b goes into narrow steps too, so it is 1 along the axes that are reduced. */
function shapesOf({ shape, axes, ones, missing }: Draft): Record<'x' | 'a' | 'b', number[]> {
  const operand = (k: number) =>
    shape.map((n, axis) => (ones[k]![axis] ? 1 : n)).slice(Math.min(missing[k]!, shape.length));
  const b = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  return { x: shape, a: operand(0), b };
}

describe.each(variants)('$name', (variant) => {
  beforeAll(async () => void (await use(variant)));

  test('sums of chains', () => {
    const kernels = vi.spyOn(tf.engine(), 'runKernel');
    let [runs, passes] = [0, 0];
    const before = tf.memory().numTensors;
    fc.assert(
      fc.property(draft, (d) => {
        const shapes = shapesOf(d);
        // Narrow values have fewer axes where they are not kept.
        const keep = d.keep || /\bb\b/.test(d.text);
        const names = (['x', 'a', 'b'] as const).filter((n) => new RegExp(`\\b${n}\\b`).test(d.text));
        const tensors = Object.fromEntries(
          names.map((name, i) => [name, tf.tensor(numbers(sizeOf(shapes[name]), i + 1), shapes[name])]),
        );
        const given: Record<string, tf.Tensor | number> = /\bn\b/.test(d.text)
          ? { ...tensors, n: 3 }
          : tensors;
        const f = parseFormula(d.text, Object.keys(given), d.axes, keep);
        const inputs = Object.values(given).map(
          (x): Values =>
            typeof x === 'number'
              ? { shape: [], data: Float64Array.of(x) }
              : { shape: x.shape, data: Float64Array.from(x.dataSync()) },
        );
        const wanted = expected(f, inputs, d.shape);
        kernels.mockClear();
        const out = fused(d.text, given, d.axes, keep);
        runs++;
        if (kernels.mock.calls.length === 0) passes++;
        expect(Object.keys(out)).toEqual(f.outputs.map((o) => o.name));
        f.outputs.forEach(({ name }, i) => {
          const { values, scale } = wanted[i]!;
          const got = taken(out[name]!);
          expect(got.shape, name).toEqual(values.shape);
          values.data.forEach((v, k) => {
            if (!(Math.abs(got.data[k]! - v) <= 3e-6 * Math.max(scale, Math.abs(v))))
              expect.fail(`${name}[${k}] is ${got.data[k]}, not ${v}`);
          });
        });
        tf.dispose(tensors);
      }),
      { numRuns: 120, seed: 4_010 },
    );
    kernels.mockRestore();
    expect(passes / runs, 'formulas that are one pass').toBeGreaterThan(0.9);
    expect(tf.memory().numTensors, 'tensors left over').toBe(before);
  });

  test('nothing, one number, axes that do not lie together', () => {
    const text = 'let p = x * x; y = p + 1; s = sum(p); m = s * 2';
    const shapesAnd = (shape: number[], axes: number[]) => {
      const x = tf.fill(shape, 2);
      const out = fused(text, { x }, axes);
      x.dispose();
      return Object.fromEntries(Object.entries(out).map(([name, t]) => [name, taken(t)]));
    };
    const none = shapesAnd([0, 3], [0]);
    expect([none.y!.shape, [...none.s!.data], [...none.m!.data]]).toEqual([
      [0, 3],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    const one = shapesAnd([1, 1], [0, 1]);
    expect([...one.y!.data, ...one.s!.data, ...one.m!.data]).toEqual([5, 4, 8]);
    const apart = shapesAnd([3, 2, 5], [0, 2]);
    expect([...apart.s!.data]).toEqual([60, 60]);
  });

  test('a long sum keeps its digits', () => {
    const tenth = Math.fround(0.1);
    const cases: [shape: number[], axes: number[]][] = [
      [[1_000_003], [0]],
      [[200_003, 3], [0]],
      [[30_011, 32], [0]],
      [[3, 100_003], [1]],
    ];
    for (const [shape, axes] of cases) {
      const x = tf.fill(shape, 0.1);
      const { s } = fused('s = sum(x * 1)', { x }, axes);
      const n = axes.reduce((p, a) => p * shape[a]!, 1);
      for (const v of taken(s!).data) expect(Math.abs(v / (n * tenth) - 1)).toBeLessThan(3e-6);
      x.dispose();
    }
  });

  test('one formula for many sets of operands, as for each alone', () => {
    const before = tf.memory().numTensors;
    const sizes = [0, 1, 3, 511, 512, 513, 40_007, 7, 2 ** 14, 1];
    const sets = sizes.map((n, i) => ({
      w: tf.tensor1d(numbers(n, i)),
      g: i === 5 ? tf.scalar(0.5) : tf.tensor1d(numbers(n, i + 50)),
      rate: 0.125,
    }));
    const text = 'let d = g * rate; next = w - d; size = sqrt(square(d) + rate)';
    const together = fusedEach(text, sets);
    expect(together.length).toBe(sizes.length);
    sets.forEach((set, i) => {
      const alone = fused(text, set);
      for (const name of ['next', 'size']) {
        const [a, b] = [taken(together[i]![name]!), taken(alone[name]!)];
        expect(a.shape).toEqual(set.w.shape);
        expect(sameBits(a.data, b.data), `${name} of ${sizes[i]}`).toBe(true);
      }
      const [w, g] = [set.w.dataSync(), set.g.dataSync()];
      const quarter = fused(text, { ...set, rate: 0.25 });
      quarter.size!.dispose();
      taken(quarter.next!).data.forEach((x, k) => {
        expect(Math.abs(x - (w[k]! - g[k % g.length]! * 0.25))).toBeLessThan(1e-6);
      });
    });
    expect(fusedEach(text, [])).toEqual([]);
    tf.dispose(sets.flatMap(({ w, g }) => [w, g]));
    expect(tf.memory().numTensors, 'tensors left over').toBe(before);
  });

  test('more sets than a job has words for, and sets that are no floats', () => {
    const sets = Array.from({ length: 1500 }, (_, i) => ({ x: tf.fill([1 + (i % 5)], i) }));
    const out = fusedEach('y = x * 2 + 1', sets);
    out.forEach(({ y }, i) => {
      expect([...taken(y!).data]).toEqual(new Array(1 + (i % 5)).fill(2 * i + 1));
    });
    tf.dispose(sets);
    const odd = fusedEach('y = x * 2', [{ x: tf.tensor1d([1, 2], 'int32') }, { x: tf.tensor1d([0.5]) }]);
    expect(odd.map(({ y }) => [...taken(y!).data])).toEqual([[2, 4], [1]]);
  });
});

test('the same bits by any number of threads', async () => {
  let first: Float32Array[] | undefined;
  for (const v of variants) {
    await use(v);
    for (let again = 0; again < 3; again++) {
      const x = tf.tensor(numbers(90_000, 3), [300, 300]);
      const y = tf.tensor(numbers(90_000, 4), [30_000, 3]);
      const got = [
        fused('p = tanh(x); s = sum(p); m = mean(square(x)) + s', { x }, [0]),
        fused('s = sum(x * x)', { x }, [1]),
        fused('s = sum(x * x)', { x }, [0, 1]),
        fused('s = sum(x * x)', { x: y }, [0]),
      ]
        .flatMap((r) => Object.values(r))
        .map((t) => taken(t).data);
      tf.dispose([x, y]);
      first ??= got;
      expect(
        got.map((g, i) => sameBits(g, first![i]!)),
        v.name,
      ).toEqual(got.map(() => true));
    }
  }
});
