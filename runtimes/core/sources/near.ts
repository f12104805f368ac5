/** The name that a misspelt one most likely meant. */

/** Longer names and further candidates are not compared. */
const MOST = { letters: 100, names: 10_000 };

/** Edits between two words: insert, delete, replace, exchange neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j - 1]! + (same ? 0 : 1), row[j - 1]! + 1, previous[j]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length]!;
}

/** The nearest name, at most a third of its letters away; null where none is. */
export function nearName(word: string, names: readonly string[]): string | null {
  if (word.length < 2 || word.length > MOST.letters) return null;
  let limit = Math.max(1, Math.floor(word.length / 3));
  let best: string | null = null;
  for (const name of names.slice(0, MOST.names)) {
    if (name === word || Math.abs(name.length - word.length) > limit) continue;
    const edits = distance(word.toLowerCase(), name.toLowerCase());
    if (edits > limit || (best !== null && edits === limit)) continue;
    [best, limit] = [name, edits];
  }
  return best;
}
