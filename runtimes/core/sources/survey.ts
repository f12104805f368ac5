/** One pass over all numbers of an array when it is opened: their range, and what is not a number, before training. */
import { UserError } from '../errors.ts';
import { sizeOf } from '../shape.ts';
import type { RawField } from './raw.ts';

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Numbers read at a time. */
const BLOCK = 2 ** 18;
/** Of larger arrays (4 GiB of floats) so many numbers are looked at, in blocks all over the array. */
const MOST = 2 ** 30;

/** Shows all examples (of very large arrays a part), many at a time. False: this field is not made of an array. */
export async function visit(
  field: RawField,
  count: number,
  see: (values: Float32Array, first: number, examples: number) => void,
): Promise<boolean> {
  if (field.block === undefined) return false;
  const size = sizeOf(field.shape);
  const many = Math.max(1, Math.floor(BLOCK / Math.max(1, size)));
  const blocks = Math.ceil(count / many);
  const every = Math.max(1, (count * size) / MOST);
  const buffer = new Float32Array(Math.min(many, count) * size);
  for (let k = 0; k < blocks; k += every) {
    const first = Math.floor(k) * many;
    const examples = Math.min(many, count - first);
    const waiting = field.block(first, examples, buffer);
    if (waiting !== undefined) await waiting;
    see(buffer.subarray(0, examples * size), first, examples);
  }
  return true;
}

/** The range of a field's numbers; null where it is no array. Throws for NaN and infinities, with the first example. */
export async function survey(
  field: RawField,
  count: number,
  name: string,
  example: (index: number) => string,
): Promise<Range | null> {
  const size = sizeOf(field.shape);
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let bad = 0;
  const found: { index: number; at: number; value: number }[] = [];
  const seen = await visit(field, count, (values, from) => {
    let last = -1;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value < min) min = value;
      if (value > max) max = value;
      if (value - value === 0) continue;
      const index = from + Math.floor(i / size);
      if (bad === 0) found.push({ index, at: i % size, value });
      if (index !== last) bad++;
      last = index;
    }
  });
  if (!seen) return null;
  const [first] = found;
  if (first !== undefined) throw notFinite(first, bad, field.shape, count, name, example);
  return { min, max };
}

function notFinite(
  first: { index: number; at: number; value: number },
  bad: number,
  shape: readonly number[],
  count: number,
  name: string,
  example: (index: number) => string,
): UserError {
  const place = placeIn(shape, first.at);
  return new UserError(
    `${example(first.index)} holds ${first.value} for \`${name}\`${place === '' ? '' : ` at ${place}`}${
      bad === 1 ? '' : ` (${bad} of ${count} examples hold such)`
    }`,
    {
      hint: 'fill what is missing, or leave these examples out: x[np.isfinite(x).reshape(len(x), -1).all(axis=1)]',
    },
  );
}

/** `[2, 5]`: where in an example of this shape a number stands. */
function placeIn(shape: readonly number[], at: number): string {
  if (shape.length === 0) return '';
  const places: number[] = [];
  let rest = at;
  for (const n of [...shape].reverse()) {
    places.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return `[${places.join(', ')}]`;
}
