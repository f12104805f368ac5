/** Windows that are cut from one long series: an array or table whose first axis is time. */
import { UserError } from '../errors.ts';
import { number } from '../run/facts.ts';
import type { ReadingSpec, TypeSpec } from '../run/model.ts';
import { sizeOf } from '../shape.ts';
import { type Declared, typeText } from './declared.ts';
import type { RawField, RawSource } from './raw.ts';
import { bounds, emptyPart, oneByOne, withHow } from './select.ts';

/** What one row of a series holds for this type: `[6]` for `[24, 6]`. */
function rowType({ meaning, shape }: TypeSpec): TypeSpec {
  return { meaning: meaning === 'label' ? meaning : 'tensor', shape: shape.slice(1) };
}

/** The record as a reader of tables and arrays is asked for it where windows are cut: a row at a time. */
export function rowsRecord(record: readonly Declared[], { stride }: ReadingSpec): readonly Declared[] {
  if (stride === undefined) return record;
  return record.map((d) => (d.type.meaning === 'label' ? d : { ...d, type: rowType(d.type) }));
}

/**
 * All windows of a source whose examples are rows in time, every `stride` rows. Each field is as long as its type says;
 * windows of all fields begin at the same row. A `part` is a stretch of time, so that its windows share no row with another
 * part's.
 */
export function windowsOf(
  source: RawSource,
  record: readonly Declared[],
  { stride = 1, part }: ReadingSpec,
): RawSource {
  const { origin } = source;
  const label = record.find((d) => d.type.meaning === 'label');
  if (label !== undefined) {
    throw new UserError(
      `windows of a series have no class, and \`${label.name}\` is declared ${typeText(label.type)}`,
      {
        hint: `leave \`${label.name}\` out, or declare it as numbers of the series: [n]`,
      },
    );
  }
  const sound = source.fields.find((field) => field.content === 'sound');
  if (sound !== undefined) {
    throw new UserError(
      `${origin} makes sounds of the declared length, so there is nothing to cut windows from`,
      {
        hint: 'leave `stride` out, or give WAV files',
      },
    );
  }
  const lengths = record.map((d) => d.type.shape[0] ?? 1);
  for (const [k, d] of record.entries()) holdsRows(origin, source.fields[k]!, d);
  const [from, to] = part === undefined ? [0, source.count] : bounds(part, source.count);
  const rows = to - from;
  if (part !== undefined && rows === 0) throw emptyPart(origin, part, source.count, 'rows');
  const longest = lengths.reduce((a, b) => Math.max(a, b));
  if (rows < longest) {
    const d = record[lengths.indexOf(longest)]!;
    throw new UserError(
      `${origin} has ${number(rows)} rows${part === undefined ? '' : ` in part ${part[0]} to ${part[1]}`}, fewer than the ${number(longest)} of a window of \`${d.name}\``,
      { hint: 'declare a shorter window, or give a longer series' },
    );
  }
  const count = Math.floor((rows - longest) / stride) + 1;
  const row = (index: number) => source.example?.(index) ?? `row ${index} of ${origin}`;
  const { paths: _p, keys: _k, broken: _b, ...rest } = source;
  const whole = {
    ...rest,
    count,
    fields: source.fields.map((field, k) => windowed(field, lengths[k]!, from, rows, stride, row)),
    example: (i: number) => `the window from ${row(from + i * stride)}`,
    facts: { ...source.facts, unit: ['window', 'windows'] as const },
  };
  const sizes = [...new Set(lengths)].map(number).join(' and ');
  const apart = stride === 1 ? 'one at each row' : `one every ${number(stride)} rows`;
  const stretch = part === undefined ? '' : `, part ${part[0]} to ${part[1]} in time`;
  return withHow(whole, `${sizes} rows each, ${apart} of ${number(source.count)}${stretch}`);
}

/** Refuses a source whose rows are not what the type says of them. */
function holdsRows(origin: string, { shape, slow }: RawField, { name, type }: Declared): void {
  const row = rowType(type).shape;
  if (slow !== true && sizeOf(shape) === sizeOf(row)) return;
  throw new UserError(
    `\`${name}\` is declared ${typeText(type)} with a stride, so windows are cut from rows of [${row.join(', ')}], but ${origin} holds examples of [${shape.join(', ')}]`,
    {
      hint:
        shape.join() === type.shape.join()
          ? 'these are windows already: leave `stride` out'
          : `declare windows of ${type.shape[0]} such rows: ${typeText({ ...type, shape: [type.shape[0] ?? 1, ...shape] })}`,
    },
  );
}

/** `rows` rows from `from` on are the series. */
function windowed(
  field: RawField,
  length: number,
  from: number,
  rows: number,
  stride: number,
  row: (index: number) => string,
): RawField {
  const size = sizeOf(field.shape);
  const { block } = field;
  const content = field.content === 'class' ? (field.otherwise ?? 'integers') : field.content;
  const read: RawField['read'] =
    block === undefined
      ? async (index, out, at) => {
          for (let t = 0; t < length; t++) {
            const waiting = field.read(from + index * stride + t, out, at + t * size);
            if (waiting !== undefined) await waiting;
          }
        }
      : (index, out, at) => block(from + index * stride, length, out.subarray(at, at + length * size));
  return {
    ...field,
    content,
    shape: [length, ...field.shape],
    read,
    ...(block === undefined
      ? {}
      : {
          block: oneByOne(read, length * size),
          series: {
            count: rows,
            field: { ...field, content, block: (first, count, out) => block(from + first, count, out) },
            example: (i: number) => row(from + i),
          },
        }),
  };
}
