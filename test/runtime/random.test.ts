/** The generator against Random123's known answers, and what is drawn with it against its distribution. */
import { describe, expect, test } from 'vitest';
import { drawValues, permutation, philox4x32, Words } from '../../runtimes/core/random.ts';
import { initialStat, initialWeight } from '../../runtimes/core/run/initialise.ts';
import type { DistributionSpec, InitSpec } from '../../runtimes/core/run/model.ts';

describe('Philox4x32-10', () => {
  // Random123 1.14, tests/kat_vectors, the three lines "philox4x32 10".
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('counter %j, key %j', (counter, key, answer) => {
    const out = new Uint32Array(4);
    const [c0, c1, c2, c3] = counter as [number, number, number, number];
    philox4x32(out, c0, c1, c2, c3, key[0]!, key[1]!);
    expect([...out]).toEqual(answer);
  });
});

/** Mean and variance, in float64. */
function moments(values: Float32Array) {
  let sum = 0;
  for (const v of values) sum += v;
  const mean = sum / values.length;
  const central = (k: number) => values.reduce((a, v) => a + (v - mean) ** k, 0) / values.length;
  const variance = central(2);
  return { mean, variance, skewness: central(3) / variance ** 1.5, kurtosis: central(4) / variance ** 2 };
}

const N = 200_000;
const drawn = (dist: DistributionSpec, seed = 1, stream = 'z', n = 0, shape = [N]) =>
  drawValues(seed, stream, n, dist, shape);

describe('distributions', () => {
  test('normal: four moments within five standard errors', () => {
    const { mean, variance, skewness, kurtosis } = moments(drawn({ kind: 'normal', mean: 3, std: 2 }));
    expect(Math.abs(mean - 3)).toBeLessThan(5 * (2 / Math.sqrt(N)));
    expect(Math.abs(variance - 4)).toBeLessThan(5 * 4 * Math.sqrt(2 / N));
    expect(Math.abs(skewness)).toBeLessThan(5 * Math.sqrt(6 / N));
    expect(Math.abs(kurtosis - 3)).toBeLessThan(5 * Math.sqrt(24 / N));
  });

  test('uniform: bounds, mean, variance', () => {
    const values = drawn({ kind: 'uniform', low: -1, high: 3 });
    const { mean, variance } = moments(values);
    expect(values.every((v) => v >= -1 && v <= 3)).toBe(true);
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(16 / 12, 1);
  });

  test('bernoulli and categorical: frequencies', () => {
    const heads = drawn({ kind: 'bernoulli', p: 0.3 });
    expect(new Set(heads)).toEqual(new Set([0, 1]));
    expect(moments(heads).mean).toBeCloseTo(0.3, 2);
    const classes = drawn({ kind: 'categorical' }, 1, 'z', 0, [50_000, 4]);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < classes.length; i += 4) {
      const row = classes.subarray(i, i + 4);
      expect(row.reduce((a, b) => a + b)).toBe(1);
      counts[row.indexOf(1)]!++;
    }
    for (const c of counts) expect(Math.abs(c - 12_500)).toBeLessThan(5 * Math.sqrt(12_500 * 0.75));
  });

  test('classes by their logits', () => {
    const classes = drawn({ kind: 'categorical', logits: [0, Math.log(3), -30] }, 1, 'z', 0, [50_000, 3]);
    const counts = [0, 1, 2].map((k) => classes.reduce((s, v, i) => s + (i % 3 === k ? v : 0), 0));
    expect(counts[0]! + counts[1]! + counts[2]!).toBe(50_000);
    expect(Math.abs(counts[1]! - 37_500)).toBeLessThan(5 * Math.sqrt(50_000 * 0.75 * 0.25));
    expect(counts[2]).toBe(0);
  });

  test('Gumbel: mean and variance, and its distribution function', () => {
    const values = drawn({ kind: 'gumbel', location: 1, scale: 2 });
    const { mean, variance } = moments(values);
    const euler = 0.5772156649015329;
    expect(Math.abs(mean - (1 + 2 * euler))).toBeLessThan(5 * Math.sqrt((4 * Math.PI ** 2) / 6 / N));
    expect(variance).toBeCloseTo((4 * Math.PI ** 2) / 6, 0);
    for (const x of [-1, 1, 4]) {
      const p = Math.exp(-Math.exp(-(x - 1) / 2));
      const share = values.filter((v) => v <= x).length / N;
      expect(Math.abs(share - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / N));
    }
  });

  test.each([2, 0.5])(
    'truncated normal: nothing beyond %d deviations, and the variance that is left',
    (bound) => {
      const values = drawn({ kind: 'truncated_normal', mean: 3, std: 2, bound });
      expect(values.every((v) => Math.abs(v - 3) <= 2 * bound + 1e-6)).toBe(true);
      // ∫ x² φ / ∫ φ over the bound, by Simpson's rule.
      let [top, bottom] = [0, 0];
      for (let i = 0; i <= 2000; i++) {
        const x = -bound + (i * bound) / 1000;
        const w = i === 0 || i === 2000 ? 1 : i % 2 === 1 ? 4 : 2;
        top += w * x * x * Math.exp((-x * x) / 2);
        bottom += w * Math.exp((-x * x) / 2);
      }
      const { mean, variance } = moments(values);
      expect(Math.abs(mean - 3)).toBeLessThan(0.02 * bound);
      expect(Math.abs((variance / 4) * (bottom / top) - 1)).toBeLessThan(0.02);
    },
  );

  test('seed, stream and draw each change every value; nothing else does', () => {
    const dist = { kind: 'normal', mean: 0, std: 1 } as const;
    const one = drawn(dist, 1, 'z', 0, [64]);
    expect(drawn(dist, 1, 'z', 0, [64])).toEqual(one);
    expect(drawn(dist, 1, 'z', 0, [128]).slice(0, 64)).toEqual(one);
    for (const other of [
      drawn(dist, 2, 'z', 0, [64]),
      drawn(dist, 1 + 2 ** 32, 'z', 0, [64]),
      drawn(dist, 1, 'y', 0, [64]),
      drawn(dist, 1, 'z', 1, [64]),
    ]) {
      expect(other.filter((v, i) => v === one[i]!).length).toBe(0);
    }
  });
});

describe('permutation', () => {
  test.each([1, 2, 7, 1000])('of %i: every index once', (n) => {
    expect([...permutation(3, 'data/x', 0, n)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: n }, (_, i) => i),
    );
  });

  test('each place is as likely for each index', () => {
    const counts = Array.from({ length: 5 }, () => [0, 0, 0, 0, 0]);
    const rounds = 5000;
    for (let pass = 0; pass < rounds; pass++) {
      permutation(9, 'data/x', pass, 5).forEach((index, place) => {
        counts[place]![index]!++;
      });
    }
    for (const row of counts) {
      for (const c of row) expect(Math.abs(c - rounds / 5)).toBeLessThan(5 * Math.sqrt(rounds * 0.2 * 0.8));
    }
  });
});

describe('first values', () => {
  const weight = (init: InitSpec, shape = [200, 300], fanIn = 200, fanOut = 300) =>
    initialWeight({ name: 'D/w', net: 'D', shape, init, fanIn, fanOut }, 5);

  test.each<[InitSpec['kind'], number]>([
    ['glorot_uniform', 2 / 500],
    ['glorot_normal', 2 / 500],
    ['he_uniform', 2 / 200],
    ['he_normal', 2 / 200],
  ])('%s has variance %d', (kind, variance) => {
    const m = moments(weight({ kind } as InitSpec));
    expect(m.mean).toBeCloseTo(0, 2);
    expect(Math.abs(m.variance / variance - 1)).toBeLessThan(0.03);
  });

  test('truncated_normal stays within two deviations and has the truncated variance', () => {
    const values = weight({ kind: 'truncated_normal', mean: 1, std: 0.5 });
    expect(values.every((v) => v >= 0 && v <= 2)).toBe(true);
    // 1 − 2·2φ(2)/(2Φ(2) − 1) = 0.7737 of σ².
    expect(moments(values).variance).toBeCloseTo(0.7737 * 0.25, 2);
  });

  test.each([
    [[6, 4], 4],
    [[4, 6], 4],
    [[3, 3, 2, 8], 8],
  ])('orthogonal %j: the shorter side is orthonormal', (shape, side) => {
    const q = weight({ kind: 'orthogonal' }, shape);
    const columns = shape.at(-1)!;
    const rows = q.length / columns;
    const at = (k: number, i: number) => (rows >= columns ? q[i * columns + k]! : q[k * columns + i]!);
    for (let a = 0; a < side; a++) {
      for (let b = 0; b < side; b++) {
        let dot = 0;
        for (let i = 0; i < q.length / side; i++) dot += at(a, i) * at(b, i);
        expect(dot).toBeCloseTo(a === b ? 1 : 0, 6);
      }
    }
  });

  test('constant, and a state of length 1', () => {
    expect(weight({ kind: 'constant', value: 0.5 }, [3])).toEqual(new Float32Array([0.5, 0.5, 0.5]));
    const unit = initialStat({ name: 'D/u', net: 'D', shape: [50], init: 'unit' }, 5);
    expect(unit.reduce((a, v) => a + v * v, 0)).toBeCloseTo(1, 5);
  });

  test('words below n reach every value', () => {
    const words = new Words(0, 'w');
    expect(new Set(Array.from({ length: 1000 }, () => words.below(7)))).toEqual(
      new Set([0, 1, 2, 3, 4, 5, 6]),
    );
  });
});
