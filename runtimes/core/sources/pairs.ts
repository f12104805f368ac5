/** Records whose first two fields are two examples of one class. */
import { UserError } from '../errors.ts';
import type { Words } from '../random.ts';
import { listed } from '../run/facts.ts';
import type { ReadingSpec } from '../run/model.ts';
import { classCount, type Declared } from './declared.ts';
import type { RawField, RawSource } from './raw.ts';
import { classesIn } from './select.ts';

/** The fields as a source holds them: the second of a pair is another example of the first. */
export function unpaired<T>(record: readonly T[], { pairs = false }: ReadingSpec): readonly T[] {
  return pairs ? record.filter((_, i) => i !== 1) : record;
}

/** Draws for each example another one of its class. */
export interface Partners {
  of(index: number, words: Words): number;
}

/** Partners of one class, by `field`, which holds the classes of `label`. */
export async function partnersOf(source: RawSource, field: RawField, label: Declared): Promise<Partners> {
  const classes = await classesIn(field, source.count, classCount(label));
  const members = new Map<number, number[]>();
  classes.forEach((c, i) => {
    const known = members.get(c);
    if (known === undefined) members.set(c, [i]);
    else known.push(i);
  });
  const place = new Int32Array(source.count);
  for (const list of members.values()) for (const [k, i] of list.entries()) place[i] = k;
  const alone = [...members].filter(([, list]) => list.length === 1).map(([c]) => c);
  if (alone.length > 0) {
    const names = alone.sort((a, b) => a - b).map((c) => field.names?.[c] ?? String(c));
    throw new UserError(
      `${names.length === 1 ? 'class' : 'classes'} ${listed(names, 5)} of ${source.origin} ${names.length === 1 ? 'has' : 'have'} one example each, so there is no pair`,
      { hint: 'give more examples, or keep the other classes: only = […]' },
    );
  }
  return {
    of(index, words) {
      const list = members.get(classes[index]!)!;
      const k = words.below(list.length - 1);
      return list[k >= place[index]! ? k + 1 : k]!;
    },
  };
}
