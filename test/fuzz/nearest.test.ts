/** The nearest name by distances that are cut short, against the textbook's whole table of them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { distance, nearest, Suggestions } from '../../src/diagnostics/nearest.ts';

/** Optimal string alignment: insert, delete, replace, exchange neighbours. */
function whole(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => i + j),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const replaced = d[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      d[i]![j] = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, replaced);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d[i]![j] = Math.min(d[i]![j]!, d[i - 2]![j - 2]! + 1);
    }
  }
  return d[a.length]![b.length]!;
}

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'c'), maxLength: 14 });

it('a distance, or that it is above the limit', () => {
  fc.assert(
    fc.property(word, word, fc.nat({ max: 15 }), (a, b, limit) => {
      expect(distance(a, b, limit)).toBe(Math.min(whole(a, b), limit + 1));
    }),
    { numRuns: 20_000, seed: 3 },
  );
});

it('the nearest of some names', () => {
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 12 }), (name, candidates) => {
      const limit = Math.max(1, Math.floor(name.length / 3));
      let best: string | undefined;
      let least = Number.POSITIVE_INFINITY;
      for (const candidate of candidates) {
        const edits = whole(name.toLowerCase(), candidate.toLowerCase());
        if (candidate === name || edits > limit || (name.length === 1 && edits > 0)) continue;
        const score = edits + whole(name, candidate) * 0.01;
        if (score < least) [best, least] = [candidate, score];
      }
      expect(nearest(name, candidates)).toBe(best);
    }),
    { numRuns: 5000, seed: 3 },
  );
});

it('gives up after so many names', () => {
  const suggestions = new Suggestions();
  const names = Array.from({ length: 3000 }, (_, i) => `${'width'.repeat(4)}${i}`);
  const found = names.map((name) => suggestions.nearest(`${name}x`, names));
  expect(found[0]).toBe(names[0]);
  expect(found.at(-1)).toBeUndefined();
});
