/** Interval arithmetic for the records' range rules: sound on the extended real line, as tight as is easy. */
import type { Interval } from './record.ts';

export const anything: Interval = { lo: -Infinity, hi: Infinity };

export function interval(lo: number, hi: number): Interval {
  return { lo: Number.isNaN(lo) ? -Infinity : lo, hi: Number.isNaN(hi) ? Infinity : hi };
}

/** The image under a function that never decreases. */
export function increasing(f: (x: number) => number): (args: readonly Interval[]) => Interval {
  return ([a]) => interval(f(a!.lo), f(a!.hi));
}

/** A product of bounds: 0 · ∞ is 0, since a bound at infinity is never reached. */
function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : a * b;
}

export function hull(values: readonly number[]): Interval {
  return interval(Math.min(...values), Math.max(...values));
}

/** Of numbers that are there; of none, nothing is known. */
export function boundsOf(numbers: Iterable<number>): Interval {
  let [lo, hi] = [Infinity, -Infinity];
  for (const x of numbers) [lo, hi] = [Math.min(lo, x), Math.max(hi, x)];
  return lo <= hi ? { lo, hi } : anything;
}

export function union(a: Interval, b: Interval): Interval {
  return { lo: Math.min(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
}

export function addInterval(a: Interval, b: Interval): Interval {
  return interval(a.lo + b.lo, a.hi + b.hi);
}

export function negInterval(a: Interval): Interval {
  return { lo: -a.hi, hi: -a.lo };
}

export function mulInterval(a: Interval, b: Interval): Interval {
  return hull([times(a.lo, b.lo), times(a.lo, b.hi), times(a.hi, b.lo), times(a.hi, b.hi)]);
}

export function reciprocal(a: Interval): Interval {
  if (a.lo > 0 || a.hi < 0) return interval(1 / a.hi, 1 / a.lo);
  if (a.lo === 0 && a.hi > 0) return { lo: 1 / a.hi, hi: Infinity };
  if (a.hi === 0 && a.lo < 0) return { lo: -Infinity, hi: 1 / a.lo };
  return anything;
}

export function squareInterval(a: Interval): Interval {
  const ends = [a.lo * a.lo, a.hi * a.hi];
  return { lo: a.lo <= 0 && a.hi >= 0 ? 0 : Math.min(...ends), hi: Math.max(...ends) };
}

/** The sum of `n` values of `a`; `n` null: any number from 1. */
export function sumInterval(a: Interval, n: number | null): Interval {
  if (n !== null) return interval(times(a.lo, n), times(a.hi, n));
  return { lo: a.lo < 0 ? -Infinity : a.lo, hi: a.hi > 0 ? Infinity : a.hi };
}
