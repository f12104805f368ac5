/** "Did you mean": the nearest of the names that would have been right. */

/** A misspelling of a long name is no longer for that. */
const mostEdits = 12;

let before = new Int32Array(64);
let previous = new Int32Array(64);
let row = new Int32Array(64);

/**
 * Edits (insert, delete, replace, exchange neighbours) between two words, given up above `limit`: then it is `limit + 1`.
 * Only the cells that `limit` edits can reach are worked out (Ukkonen 1985), so it costs length × limit.
 */
export function distance(a: string, b: string, limit: number): number {
  const [m, n] = [a.length, b.length];
  const most = Math.min(limit, Math.max(m, n));
  const far = most + 1;
  if (Math.abs(m - n) > most) return limit + 1;
  if (row.length < n + 2) {
    before = new Int32Array(2 * n);
    previous = new Int32Array(2 * n);
    row = new Int32Array(2 * n);
  }
  for (let j = 0; j <= Math.min(n, most + 1); j++) previous[j] = Math.min(j, far);
  for (let i = 1; i <= m; i++) {
    const from = Math.max(1, i - most);
    const to = Math.min(n, i + most);
    row[from - 1] = from === 1 ? Math.min(i, far) : far;
    let least = row[from - 1]!;
    for (let j = from; j <= to; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let best = Math.min(previous[j - 1]! + (same ? 0 : 1), row[j - 1]! + 1, previous[j]! + 1);
      if (
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      )
        best = Math.min(best, before[j - 2]! + 1);
      row[j] = Math.min(best, far);
      least = Math.min(least, row[j]!);
    }
    // The next row looks one cell further.
    if (to < n) row[to + 1] = far;
    // An exchange looks back two rows, so one row beyond the limit is not enough.
    if (least > most && (i === 1 || leastOf(previous, i - 1, most, n) > most)) return limit + 1;
    [before, previous, row] = [previous, row, before];
  }
  return Math.min(previous[n]!, limit + 1);
}

function leastOf(cells: Int32Array, i: number, most: number, n: number): number {
  let least = cells[Math.max(0, i - most - 1)]!;
  for (let j = Math.max(1, i - most); j <= Math.min(n, i + most); j++) least = Math.min(least, cells[j]!);
  return least;
}

/**
 * Looks for the nearest of many names. A file of thousands of misspelt names would be compared with thousands of others:
 * after a fixed number of characters has been looked at, nothing is suggested any more.
 */
export class Suggestions {
  /** In characters and cells of distances, some tenths of a second of them. */
  #left = 10_000_000;

  /** The candidate that `word` most likely meant; undefined where none is near. A null is what was looked at in vain. */
  nearest(word: string, candidates: Iterable<string | null>): string | undefined {
    const limit = Math.min(mostEdits, Math.max(1, Math.floor(word.length / 3)));
    const folded = word.toLowerCase();
    let best: string | undefined;
    let bestScore = Number.POSITIVE_INFINITY;
    for (const candidate of candidates) {
      this.#left -= 8;
      if (this.#left < 0) return undefined;
      if (candidate === null || candidate === word || Math.abs(candidate.length - word.length) > limit)
        continue;
      const most = Math.min(limit, bestScore);
      this.#left -= word.length * (2 * most + 1);
      const edits = distance(folded, candidate.toLowerCase(), Math.floor(most));
      if (edits > most) continue;
      // A one-letter name is near to every other; only its own other case is meant by it.
      if (word.length === 1 && edits > 0) continue;
      const score = edits + distance(word, candidate, 4 * mostEdits) * 0.01;
      if (score < bestScore) {
        bestScore = score;
        best = candidate;
      }
    }
    return best;
  }
}

/** The nearest of a few names. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  return new Suggestions().nearest(word, candidates);
}
