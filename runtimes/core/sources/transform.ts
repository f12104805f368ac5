/** Pictures that are mirrored and moved by chance while they are read: a function of seed, pass and example alone. */
import { Words } from '../random.ts';
import type { ReadingSpec, TypeSpec } from '../run/model.ts';

/** Which visit of an example this is: examples are visited once in a pass. */
export interface Visit {
  readonly seed: number;
  readonly pass: number;
}

export const firstVisit: Visit = { seed: 0, pass: 0 };

/** The words of one example's visit. They are the same on every backend and platform. */
export function wordsOf(record: string, { seed, pass }: Visit, index: number): Words {
  return new Words(seed, `reading/${record}/${pass}`, index);
}

/** What chance does to all pictures of one record. */
export interface Move {
  readonly mirrored: boolean;
  /** Pixels down and right, from 0 to twice the crop. */
  readonly down: number;
  readonly right: number;
}

export function drawMove(words: Words, { flip = false, crop = 0 }: ReadingSpec): Move {
  return {
    mirrored: flip && words.below(2) === 1,
    down: crop === 0 ? 0 : words.below(2 * crop + 1),
    right: crop === 0 ? 0 : words.below(2 * crop + 1),
  };
}

/** The shape that pictures in files are decoded to, so that a crop takes real pixels on every side. */
export function withMargin(type: TypeSpec, crop: number | undefined): TypeSpec {
  if (crop === undefined || type.meaning !== 'image') return type;
  const [h = 1, w = 1, c = 1] = type.shape;
  return { ...type, shape: [h + 2 * crop, w + 2 * crop, c] };
}

/**
 * Cuts a picture of `shape` [h, w, c] from `values` and writes it to `out` at `at`. With a margin, `values` are [h + 2·crop,
 * w + 2·crop, c]; without, they are [h, w, c], and what is moved in from outside is mirrored at the border.
 */
export function moved(
  values: Float32Array,
  out: Float32Array,
  at: number,
  shape: readonly number[],
  { mirrored, down, right }: Move,
  crop: number,
  margin: boolean,
): void {
  const [h = 1, w = 1, c = 1] = shape;
  const wide = margin ? w + 2 * crop : w;
  const [dy, dx] = margin ? [down, right] : [down - crop, right - crop];
  for (let y = 0; y < h; y++) {
    const row = margin ? y + dy : inside(y + dy, h);
    for (let x = 0; x < w; x++) {
      const column = (mirrored ? w - 1 - x : x) + dx;
      const from = (row * wide + (margin ? column : inside(column, w))) * c;
      for (let k = 0; k < c; k++) out[at++] = values[from + k]!;
    }
  }
}

/** A place outside 0 … n−1, mirrored at the border pixel: −1 is 1, n is n − 2. */
function inside(i: number, n: number): number {
  if (i < 0) return -i;
  return i < n ? i : 2 * (n - 1) - i;
}
