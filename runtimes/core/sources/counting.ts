/** How many examples there are of each class: by its number, or by its one-hot vector. */
import type { ClassFacts, Notice } from '../run/facts.ts';
import { sizeOf } from '../shape.ts';
import type { RawField } from './raw.ts';
import { visit } from './survey.ts';

/** Where each number has to be fetched from a disk by itself, so many are counted at most. */
const COUNTED = 100_000;

export interface Counted {
  readonly classes: ClassFacts[] | null;
  readonly notices: readonly Notice[];
}

/** `refuse` throws for a number that is no class; it is called wherever one stands. */
export async function countClasses(
  raw: RawField,
  count: number,
  name: string,
  classes: number,
  refuse: (value: number, index: number) => never,
  example: (index: number) => string,
): Promise<Counted> {
  const counts = new Array<number>(classes).fill(0);
  const facts = () => counts.map((n, i) => ({ name: raw.names?.[i] ?? String(i), count: n }));
  if (sizeOf(raw.shape) !== 1) {
    const { others, first } = await countVectors(raw, count, counts);
    if (others === null) return { classes: null, notices: [] };
    return others === 0 ? { classes: facts(), notices: [] } : notOneHot(others, first, count, name, example);
  }
  const see = (values: Float32Array, first: number) => {
    values.forEach((c, i) => {
      if (!Number.isInteger(c) || c < 0 || c >= classes) refuse(c, first + i);
      counts[c]!++;
    });
  };
  if (!(await visit(raw, count, see))) {
    const value = new Float32Array(1);
    for (let i = 0; i < count; i++) {
      const waiting = raw.read(i, value, 0);
      if (waiting !== undefined) {
        await waiting;
        if (count > COUNTED) return { classes: null, notices: [] };
      }
      see(value, i);
    }
  }
  return { classes: facts(), notices: [] };
}

/** Adds to the counts; vectors that do not have a single 1 among zeros are others. null: it is no array. */
async function countVectors(raw: RawField, count: number, counts: number[]) {
  const classes = counts.length;
  let others = 0;
  let first = -1;
  const seen = await visit(raw, count, (values, from, examples) => {
    for (let i = 0; i < examples; i++) {
      const vector = values.subarray(i * classes, (i + 1) * classes);
      const at = vector.indexOf(1);
      if (at >= 0 && vector.every((v, k) => v === (k === at ? 1 : 0))) counts[at]!++;
      else if (others++ === 0) first = from + i;
    }
  });
  return { others: seen ? others : null, first };
}

function notOneHot(
  others: number,
  first: number,
  count: number,
  name: string,
  example: (index: number) => string,
): Counted {
  return {
    classes: null,
    notices: [
      {
        message: `${others} of ${count} vectors of \`${name}\` are not one-hot, the first ${example(first)}`,
        hint: 'if they are not meant to be shares of classes, save the number of the class, from 0',
      },
    ],
  };
}
