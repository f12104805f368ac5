/** Range rules are sound: inputs from the operands' intervals give results in the result's interval. */
import { describe, expect, test } from 'vitest';
import type { Leaf } from '../../src/ir/graph.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { map } from '../../src/ir/ndarray.ts';
import type { NDArray } from '../../src/ir/types.ts';
import type { Interval } from '../../src/ops/record.ts';
import { allSamples, BATCH, lookup, makeCase, seeded } from '../gradients/cases.ts';

const ranged = allSamples().filter(({ record }) => record.kind !== 'layer' && record.range !== undefined);

/** Intervals of many kinds: a point, across 0, on one side, touching 0. */
function someInterval([low, high]: readonly [number, number], random: () => number): Interval {
  const a = low + (high - low) * random();
  const b = low + (high - low) * random();
  const kind = Math.floor(random() * 5);
  if (kind === 0) return { lo: a, hi: a };
  if (kind === 1 && low <= 0 && high >= 0) return { lo: 0, hi: Math.max(high, 0) };
  if (kind === 2) return { lo: low, hi: high };
  return { lo: Math.min(a, b), hi: Math.max(a, b) };
}

const contains = (outer: Interval, inner: Interval): boolean => outer.lo <= inner.lo && inner.hi <= outer.hi;

describe.each(ranged)('$title', ({ name, record, sample, training }) => {
  if (record.kind === 'layer' || record.range === undefined) return;
  const { range } = record;
  const attrs = sample.attrs ?? {};

  test('holds what inputs from the intervals give', () => {
    const random = seeded(11);
    for (let round = 0; round < 40; round++) {
      const c = makeCase(name, record, sample, round, training);
      const intervals = sample.operands.map((o) => someInterval(o.from ?? [-2, 2], random));
      const values = new Map<Leaf, NDArray>(c.values);
      for (const [i, operand] of sample.operands.entries()) {
        void operand;
        const { lo, hi } = intervals[i]!;
        const { leaf } = c.inputs[i]!;
        values.set(
          leaf,
          map(values.get(leaf)!, () => {
            const u = random();
            return u < 0.1 ? lo : u > 0.9 ? hi : lo + (hi - lo) * random();
          }),
        );
      }
      const result = range(intervals, attrs, sample.operands);
      const { data } = evaluate([c.y], lookup(values), { batch: BATCH }).get(c.y)!;
      for (const y of data) {
        const slack = 1e-12 * Math.max(1, Math.abs(y));
        if (!(y >= result.lo - slack && y <= result.hi + slack)) {
          const operands = intervals.map(({ lo, hi }) => `[${lo}, ${hi}]`).join(', ');
          expect.fail(`${name} of ${operands} gave ${y}, outside [${result.lo}, ${result.hi}]`);
        }
      }
    }
  });

  test('does not shrink when operands widen, and never is not a number', () => {
    const random = seeded(12);
    for (let round = 0; round < 40; round++) {
      const intervals = sample.operands.map((o) => someInterval(o.from ?? [-2, 2], random));
      const wider = intervals.map(({ lo, hi }) => {
        const kind = Math.floor(random() * 4);
        return { lo: kind & 1 ? Number.NEGATIVE_INFINITY : lo, hi: kind & 2 ? Number.POSITIVE_INFINITY : hi };
      });
      const inner = range(intervals, attrs, sample.operands);
      const outer = range(wider, attrs, sample.operands);
      expect([outer.lo, outer.hi, inner.lo, inner.hi].some(Number.isNaN)).toBe(false);
      expect(outer.lo <= outer.hi && inner.lo <= inner.hi).toBe(true);
      expect(contains(outer, inner), JSON.stringify({ intervals, wider, inner, outer })).toBe(true);
    }
  });
});
