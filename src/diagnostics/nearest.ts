/** "Did you mean": the nearest of the names that would have been right. */

/** Edits (insert, delete, replace, exchange neighbours) between two words, given up above `limit`. */
export function distance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** The candidate that `word` most likely meant; undefined where none is near. Case counts half. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestScore = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const folded = distance(word.toLowerCase(), candidate.toLowerCase(), limit);
    if (folded > limit) continue;
    // A one-letter name is near to every other; only its own other case is meant by it.
    if (word.length === 1 && folded > 0) continue;
    const score = folded + (word === candidate ? 0 : distance(word, candidate) * 0.01);
    if (score < bestScore) {
      bestScore = score;
      best = candidate;
    }
  }
  return best;
}
