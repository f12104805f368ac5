/** The arguments of a `data` declaration: how its source is read, and what the record must have for it. */

import { sizeOf } from '../../ir/ndarray.ts';
import type { DeclaredType } from '../../ir/types.ts';
import type { DataReading, DataRecord } from '../../model/model.ts';
import type { DataDecl } from '../../syntax/ast.ts';
import { booleanOf, integerOf, matchArguments, of } from './arguments.ts';
import type { Checker } from './context.ts';
import { type Constant, describe, type Given, unknown } from './value.ts';

type Values = Required<DataReading>;
type Option = keyof Values;
/** The record's types in order. */
type Types = readonly DeclaredType[];

interface OptionRule<K extends Option> {
  /** Reads the argument; null where it is wrong, which is reported. */
  readonly read: (c: Checker, given: Given, types: Types) => Values[K] | null;
  /** What the record lacks for it; null: nothing. */
  readonly lacks: (types: Types, value: Values[K]) => string | null;
}

const options: { readonly [K in keyof Values]: OptionRule<K> } = {
  fields: {
    read: fieldNames,
    lacks: () => null,
  },
  stride: {
    read: (c, given) => integerOf(c, given.value, given.span, of('stride', 'data'), 1),
    lacks: (types) =>
      types.some(isImage)
        ? 'cuts windows from a series, and an `image` is none'
        : types.some((t) => t.meaning !== 'label' && t.shape.length > 0)
          ? null
          : 'cuts windows from a series, and no field has a length: declare `[24, 6]` for 24 rows of 6 numbers, `sound[n]` or `text[n, k]`',
  },
  part: {
    read: (c, given) => {
      const list = constantOf(c, given, 'part', 'a list of two shares, such as `[0, 0.9]`');
      if (list === null) return null;
      if (Array.isArray(list) && list.length === 2) {
        const [from, to] = list as readonly Constant[];
        if (typeof from === 'number' && typeof to === 'number' && from >= 0 && from < to && to <= 1)
          return [from, to];
      }
      refuse(
        c,
        given,
        'part',
        'is a list of two shares, the first below the second, both from 0 to 1: `[0, 0.9]`',
      );
      return null;
    },
    lacks: () => null,
  },
  only: {
    read: (c, given, types) => {
      const found = constantOf(c, given, 'only', 'a class or a list of classes, by number or name');
      if (found === null) return null;
      const list: readonly Constant[] = Array.isArray(found) ? found : [found];
      const classes = types.find(isLabel)?.shape[0] ?? Number.POSITIVE_INFINITY;
      const wrong = list.find(
        (v) =>
          !(typeof v === 'string' && v !== '') &&
          !(typeof v === 'number' && Number.isInteger(v) && v >= 0 && v < classes),
      );
      if (wrong === undefined && list.length > 0) return list as readonly (number | string)[];
      refuse(
        c,
        given,
        'only',
        list.length === 0
          ? 'names the classes to keep, and this names none'
          : typeof wrong === 'number'
            ? `holds classes of \`label[${classes}]\`, 0 to ${classes - 1}, and one of these is ${wrong}`
            : 'holds classes by number or name, such as `[3, 5]` or `["cat", "dog"]`',
      );
      return null;
    },
    lacks: (types) =>
      types.some(isLabel)
        ? null
        : 'keeps some classes, and the record has no `label`: declare `data (x, c) ~ (…, label[10])`',
  },
  pairs: {
    read: (c, given) => booleanOf(c, given.value, given.span, of('pairs', 'data')),
    lacks: (types, wanted) => {
      if (!wanted) return null;
      const [a, b] = types;
      if (!types.some(isLabel))
        return 'joins two examples of one class, and the record has no `label`: declare `data (a, b, c) ~ (…, …, label[10])`';
      if (
        !a ||
        !b ||
        isLabel(a) ||
        isLabel(b) ||
        a.meaning !== b.meaning ||
        a.shape.join() !== b.shape.join()
      )
        return 'makes the first two fields two examples of one class, so these need the same type and are no labels';
      return null;
    },
  },
  flip: {
    read: (c, given) => booleanOf(c, given.value, given.span, of('flip', 'data')),
    lacks: (types, wanted) =>
      !wanted || types.some(isImage) ? null : 'mirrors pictures, and the record has no `image`',
  },
  crop: {
    read: (c, given) => integerOf(c, given.value, given.span, of('crop', 'data'), 1),
    lacks: (types, pixels) => {
      const small = types.find((t) => isImage(t) && pixels >= Math.min(t.shape[0]!, t.shape[1]!));
      if (small)
        return `moves pictures by fewer pixels than they are high and wide, ${small.shape[0]}×${small.shape[1]}`;
      const sizes = new Set(types.filter(isImage).map((t) => `${t.shape[0]}×${t.shape[1]}`));
      if (sizes.size > 1)
        return `moves all pictures of a record alike, and these are ${[...sizes].join(' and ')}`;
      return sizes.size > 0 ? null : 'moves pictures, and the record has no `image`';
    },
  },
};

const isImage = (t: DeclaredType) => t.meaning === 'image';
const isLabel = (t: DeclaredType) => t.meaning === 'label' && sizeOf(t.shape) > 0;

/** The arguments of a record, evaluated by `given`; null where it has none, or where they are wrong, which is reported. */
export function readingOf(
  c: Checker,
  node: DataDecl,
  types: Types,
  given: () => readonly Given[],
): DataReading | null {
  if (node.args.length === 0) return null;
  const bare = node.args.find((arg) => arg.name === undefined);
  if (bare) {
    c.report(
      'GAN0235',
      bare.value.span,
      { what: 'the arguments of `data` are given by name' },
      {
        help: 'write `(stride = 1)` for windows of a series, `(part = [0, 0.9])` for a share of the examples',
      },
    );
    return null;
  }
  const formals = Object.keys(options).map((name) => ({ name, required: false }));
  const matched = matchArguments(c, { name: 'data', formals }, given(), node.span);
  if (!matched) return null;
  const reading: Partial<Record<Option, unknown>> = {};
  const take = <K extends Option>(name: K, argument: Given) => {
    if (argument.value === unknown) return;
    const rule = options[name];
    const value = rule.read(c, argument, types);
    if (value === null) return;
    const lacks = rule.lacks(types, value);
    if (lacks !== null) refuse(c, argument, name, lacks);
    // `flip = false` is as if it had not been written.
    else if (value !== false) reading[name] = value;
  };
  for (const [name, [argument]] of matched) take(name as Option, argument!);
  return Object.keys(reading).length === 0 ? null : (reading as DataReading);
}

/** Parts of one source that share examples: what is held out in one record is trained on in the other. */
export function overlappingParts(c: Checker, records: readonly DataRecord[]): void {
  const whole = [0, 1] as const;
  for (const [i, record] of records.entries()) {
    for (const other of records.slice(0, i)) {
      if (record.from === null || record.from !== other.from) continue;
      if (!record.reading?.part && !other.reading?.part) continue;
      const [a, b] = [record.reading?.part ?? whole, other.reading?.part ?? whole];
      if (Math.max(a[0], b[0]) >= Math.min(a[1], b[1])) continue;
      const [name, first] = [record.fields[0]?.name, other.fields[0]?.name];
      if (name === undefined || first === undefined) continue;
      c.report(
        'GAN0236',
        record.span,
        { name, other: first, from: record.from },
        {
          labels: [{ span: other.span, text: `part ${b[0]} to ${b[1]}` }],
          help: `give each its share: \`(part = [0, 0.9])\` and \`(part = [0.9, 1])\``,
        },
      );
    }
  }
}

function refuse(c: Checker, given: Given, name: Option, why: string): void {
  c.report('GAN0235', given.span, { what: `${of(name, 'data')} ${why}` });
}

function constantOf(c: Checker, { value, span }: Given, name: Option, expected: string): Constant | null {
  if (value.kind === 'constant') return value.value;
  if (value.kind !== 'unknown')
    c.report('GAN0224', span, { what: of(name, 'data'), expected, found: describe(value) });
  return null;
}

const isWord = (v: Constant): v is string => typeof v === 'string' && v !== '';

/** A name for each field; for a field of several numbers perhaps a list, a column for each. Of one field the name alone. */
function fieldNames(c: Checker, given: Given, types: Types): readonly (string | readonly string[])[] | null {
  const found = constantOf(c, given, 'fields', 'a name, or a list of names');
  if (found === null) return null;
  const one = types.length === 1 && Array.isArray(found) && found.length > 1 && found.every(isWord);
  const list: readonly Constant[] = one ? [found] : Array.isArray(found) ? found : [found];
  const wrong = namesWrong(list, types);
  if (wrong === null) return list as readonly (string | readonly string[])[];
  refuse(c, given, 'fields', wrong);
  return null;
}

function namesWrong(list: readonly Constant[], types: Types): string | null {
  if (!list.flat().every(isWord)) return 'holds names in quotes, such as `["images", "labels"]`';
  if (list.length !== types.length)
    return `names a part of the source for each field, and this has ${list.length} for ${types.length}`;
  const names = list.flat();
  return new Set(names).size < names.length
    ? 'gives each field a name of its own, and this has one twice'
    : null;
}
