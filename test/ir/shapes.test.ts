/** Broadcasting against a definition of its own, and the float64 special functions against tables. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isProblem } from '../../src/diagnostics/table.ts';
import { broadcastTo, ndarray, sizeOf, zip } from '../../src/ir/ndarray.ts';
import { broadcast, normalAxes, normalAxis } from '../../src/ops/shapes.ts';
import { erf, mod, sigmoid, softplus } from '../../src/ops/special.ts';

const shapes = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 4 });
const whole = (shape: readonly number[]) => ({ shape, batch: false });

/** The axis `i` from the right of the common shape, or null where the two don't meet; 1 where missing. */
function meet(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let i = 1; i <= rank; i++) {
    const [p, q] = [a[a.length - i] ?? 1, b[b.length - i] ?? 1];
    if (p !== q && p !== 1 && q !== 1) return null;
    result.unshift(Math.max(p, q));
  }
  return result;
}

test('broadcasting is NumPy’s, but stretches one side only', () => {
  fc.assert(
    fc.property(shapes, shapes, (a, b) => {
      const expected = meet(a, b);
      const found = broadcast([whole(a), whole(b)]);
      const code = isProblem(found) ? found.code : null;
      if (expected === null) expect(code).toBe('GAN0301');
      else if (sizeOf(a) < sizeOf(expected) && sizeOf(b) < sizeOf(expected)) expect(code).toBe('GAN0302');
      else expect(found).toEqual(expected);
      // The order of the operands does not matter.
      const turned = broadcast([whole(b), whole(a)]);
      expect(isProblem(turned) ? turned.code : turned).toEqual(code ?? found);
    }),
  );
});

test('arrays broadcast entry by entry', () => {
  fc.assert(
    fc.property(shapes, shapes, (a, b) => {
      const shape = meet(a, b);
      if (shape === null) return;
      const count = (s: readonly number[], from: number) =>
        ndarray(
          s,
          Float64Array.from({ length: sizeOf(s) }, (_, i) => from + i),
        );
      const [p, q] = [count(a, 1), count(b, 100)];
      const sum = zip([p, q], (x, y) => x + 1000 * y);
      expect(sum.shape).toEqual(shape);
      const [wideP, wideQ] = [broadcastTo(p, shape), broadcastTo(q, shape)];
      for (const [i, value] of sum.data.entries()) {
        // The index in each operand, axis by axis from the right.
        let rest = i;
        let [atP, atQ, stepP, stepQ] = [0, 0, 1, 1];
        for (let axis = 1; axis <= shape.length; axis++) {
          const n = shape[shape.length - axis]!;
          const at = rest % n;
          rest = (rest - at) / n;
          const [np, nq] = [a[a.length - axis] ?? 1, b[b.length - axis] ?? 1];
          if (np > 1) atP += at * stepP;
          if (nq > 1) atQ += at * stepQ;
          stepP *= np;
          stepQ *= nq;
        }
        expect(value).toBe(1 + atP + 1000 * (100 + atQ));
        expect(wideP.data[i]! + 1000 * wideQ.data[i]!).toBe(value);
      }
    }),
    { numRuns: 60 },
  );
});

describe('axes', () => {
  test.each<[number, number, number | string]>([
    [0, 3, 0],
    [-1, 3, 2],
    [-3, 3, 0],
    [3, 3, 'GAN0303'],
    [-4, 3, 'GAN0303'],
    [0, 0, 'GAN0303'],
    [0.5, 3, 'GAN0303'],
  ])('%d of %d', (axis, rank, expected) => {
    const found = normalAxis(axis, rank);
    expect(isProblem(found) ? found.code : found).toBe(expected);
  });

  test('a list is sorted, and names each axis once', () => {
    expect(normalAxes([-1, 0], [2, 3, 4])).toEqual([0, 2]);
    expect(normalAxes(null, [2, 3])).toEqual([0, 1]);
    expect(normalAxes(1, [2, 3])).toEqual([1]);
    const twice = normalAxes([2, -1], [2, 3, 4]);
    expect(isProblem(twice) && twice.code).toBe('GAN0304');
  });
});

describe('special functions', () => {
  // Abramowitz & Stegun, table 7.1, and Mathematica beyond its digits.
  test.each([
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.4, 0.9993114861033549],
    [2.6, 0.9997639655834707],
    [3, 0.9999779095030014],
    [5, 0.9999999999984626],
  ])('erf(%d)', (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThan(2e-15);
    expect(erf(-x)).toBe(-erf(x));
  });

  test('nothing overflows', () => {
    expect([softplus(1000), softplus(-1000), sigmoid(1000), sigmoid(-1000)]).toEqual([1000, 0, 1, 0]);
    expect(softplus(-30)).toBeCloseTo(Math.exp(-30), 25);
    expect(erf(40)).toBe(1);
  });

  test.each([
    [7, 3, 1],
    [-7, 3, 2],
    [7, -3, -2],
    [-7, -3, -1],
    [6, 3, 0],
    [-6, 3, -0],
    [5.5, 2, 1.5],
  ])('%d mod %d', (a, b, expected) => {
    expect(mod(a, b)).toBe(expected);
  });
});
