/**
 * Which of a source's examples a record has: a share of them (`part`), and those of some classes (`only`). It does not depend
 * on the seed of a run.
 */
import { UserError } from '../errors.ts';
import { permutation } from '../random.ts';
import { listed, number } from '../run/facts.ts';
import type { ReadingSpec } from '../run/model.ts';
import { sizeOf } from '../shape.ts';
import { classCount, type Declared } from './declared.ts';
import { nearName } from './near.ts';
import type { RawField, RawSource } from './raw.ts';
import { visit } from './survey.ts';

/** The examples at these places of a source. */
export function chosen(source: RawSource, at: ArrayLike<number>): RawSource {
  const { paths, keys, example, group, broken: _, ...rest } = source;
  return {
    ...rest,
    count: at.length,
    fields: source.fields.map((field) => fieldAt(field, at)),
    ...(paths === undefined ? {} : { paths: Array.from(at, (i) => paths[i]!) }),
    ...(keys === undefined ? {} : { keys: Array.from(at, (i) => keys[i]!) }),
    ...(group === undefined ? {} : { group: (i) => group(at[i]!) }),
    // Without a name of its own an example is called by its place in the source.
    example: (i) => example?.(at[i]!) ?? paths?.[at[i]!] ?? `example ${at[i]} of ${source.origin}`,
  };
}

/** A field of the examples at these places. */
export function fieldAt({ block, series: _, ...field }: RawField, at: ArrayLike<number>): RawField {
  const read: RawField['read'] = (i, out, to) => field.read(at[i]!, out, to);
  return { ...field, read, ...(block === undefined ? {} : { block: oneByOne(read, sizeOf(field.shape)) }) };
}

/** Many examples of `size` numbers, by what reads one. */
export function oneByOne(read: RawField['read'], size: number): NonNullable<RawField['block']> {
  return async (first, count, out) => {
    for (let i = 0; i < count; i++) {
      const waiting = read(first + i, out, i * size);
      if (waiting !== undefined) await waiting;
    }
  };
}

type Part = NonNullable<ReadingSpec['part']>;

/** From which of `count` examples to which a share goes. Neighbouring shares leave none out and share none. */
export function bounds([from, to]: Part, count: number): [number, number] {
  return [Math.floor(from * count), Math.floor(to * count)];
}

/** A share of the examples, in an order that is always the same. Clips of one file stay together. */
export function partOf(source: RawSource, part: Part): RawSource {
  const { count, group = (i: number) => i } = source;
  const groups = new Set<number>();
  for (let i = 0; i < count; i++) groups.add(group(i));
  const all = [...groups];
  const [from, to] = bounds(part, all.length);
  const kept = new Set<number>();
  const order = permutation(0, 'part', 0, all.length);
  for (let k = from; k < to; k++) kept.add(all[order[k]!]!);
  if (kept.size === 0)
    throw emptyPart(source.origin, part, all.length, source.facts?.unit?.[1] ?? 'examples');
  const at: number[] = [];
  for (let i = 0; i < count; i++) if (kept.has(group(i))) at.push(i);
  return withHow(chosen(source, at), `part ${part[0]} to ${part[1]} of ${number(count)}`);
}

export function emptyPart(origin: string, [from, to]: Part, of: number, what: string): UserError {
  return new UserError(`part ${from} to ${to} of the ${number(of)} ${what} of ${origin} holds none`, {
    hint: 'take a larger part, or give more data',
  });
}

/** The source, with how it was read said in its facts. */
export function withHow(source: RawSource, how: string): RawSource {
  return { ...source, facts: { ...source.facts, how: [...(source.facts?.how ?? []), how] } };
}

/** The class of each example, by number. `classes`: how many there are. */
export async function classesIn(field: RawField, count: number, classes: number): Promise<Int32Array> {
  const size = sizeOf(field.shape);
  const out = new Int32Array(count);
  const see = (values: Float32Array, first: number, examples: number) => {
    for (let i = 0; i < examples; i++) {
      // A class is its number, or a vector of which the largest entry says it. What is neither is refused elsewhere.
      out[first + i] = size === 1 ? values[i]! : largest(values.subarray(i * size, i * size + classes));
    }
  };
  if (await visit(field, count, see)) return out;
  const value = new Float32Array(size);
  for (let i = 0; i < count; i++) {
    const waiting = field.read(i, value, 0);
    if (waiting !== undefined) await waiting;
    see(value, i, 1);
  }
  return out;
}

function largest(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** The examples of these classes of `label`, whose field is `field`. */
export async function onlyClasses(
  source: RawSource,
  field: RawField,
  label: Declared,
  only: readonly (number | string)[],
): Promise<RawSource> {
  const kept = new Set(
    only.map((c) => (typeof c === 'number' ? c : numberOf(c, field, label, source.origin))),
  );
  const classes = await classesIn(field, source.count, classCount(label));
  const at: number[] = [];
  classes.forEach((c, i) => {
    if (kept.has(c)) at.push(i);
  });
  const names = [...kept].map((c) => field.names?.[c] ?? String(c));
  const words = `${names.length === 1 ? 'class' : 'classes'} ${listed(names, 10)}`;
  if (at.length === 0) {
    throw new UserError(`${source.origin} holds no example of ${words} of \`${label.name}\``, {
      hint: `\`only\` keeps the classes that it names; ${found(classes, field)}`,
    });
  }
  return withHow(chosen(source, at), `only ${words} of \`${label.name}\``);
}

function found(classes: Int32Array, field: RawField): string {
  const there = [...new Set(classes)].sort((a, b) => a - b).map((c) => field.names?.[c] ?? String(c));
  return `there are ${listed(there, 10)}`;
}

/** The number of a class that is named. */
function numberOf(name: string, field: RawField, label: Declared, origin: string): number {
  const { names } = field;
  if (names === undefined) {
    throw new UserError(
      `the classes of ${origin} have numbers and no names, so there is no class "${name}"`,
      {
        hint: `name the classes of \`${label.name}\` by number, from 0: only = [3, 5]`,
      },
    );
  }
  const at = names.indexOf(name);
  if (at >= 0) return at;
  const near = nearName(name, names);
  throw new UserError(`${origin} has no class "${name}"`, {
    hint: near === null ? `its classes are ${listed(names, 10)}` : `did you mean "${near}"?`,
  });
}
