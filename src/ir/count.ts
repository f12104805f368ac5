/** Counts of examples, and of entries that stand as examples. */
import type { Count } from './types.ts';

/** The count of the entries of so many examples with `n` entries each; of one whole value (null) its own entries. */
export function timesCount(count: Count | null, n: number): Count {
  if (count === null) return n;
  if (typeof count === 'number') return count * n;
  const times = n * timesOf(count);
  return times === 1 ? 'batch' : `batch*${times}`;
}

/** How often the batch stands in a count. */
function timesOf(count: Exclude<Count, number>): number {
  return count === 'batch' ? 1 : Number(count.slice('batch*'.length));
}

/** The number that a count is under this batch. */
export function countAt(count: Count, batch: number): number {
  return typeof count === 'number' ? count : batch * timesOf(count);
}

/** The number in the words of a text: `batch` stands for the batch there. */
export function countText(count: Count, batch: string): string {
  if (typeof count === 'number') return String(count);
  return count === 'batch' ? batch : `${batch} * ${timesOf(count)}`;
}
