/**
 * Fits what a source holds to what a declaration says: fields to fields, shape to shape, bytes of pictures to [−1, 1],
 * classes to one-hot vectors. What does not fit is an error that names the file, the declaration and both shapes.
 */

import { UserError } from '../errors.ts';
import type { Dataset } from '../run/data.ts';
import { counted, type DataFacts, type LabelFacts, listed, type Notice, none } from '../run/facts.ts';
import type { ReadingSpec } from '../run/model.ts';
import { sizeOf } from '../shape.ts';
import { missingClasses } from './classes.ts';
import { type Counted, countClasses } from './counting.ts';
import { classCount, type Declared, sourceName, typeText } from './declared.ts';
import { nearName } from './near.ts';
import { type Partners, partnersOf, unpaired } from './pairs.ts';
import type { RawField, RawSource } from './raw.ts';
import { type FieldReader, RecordReader } from './reader.ts';
import { firstLook, SLACK, scalingOf } from './scaling.ts';
import { onlyClasses, partOf, withHow } from './select.ts';
import { survey, visit } from './survey.ts';
import { withMargin } from './transform.ts';
import { windowsOf } from './windows.ts';

const trimmed = (shape: readonly number[]) => shape.filter((n) => n !== 1).join();

interface Conversion extends FieldReader {
  /** What is worth knowing of its numbers. */
  readonly notices: readonly Notice[];
}

/**
 * The source as a data set of this record, read as the declaration says. Reads the first examples, so that misfits show
 * before training.
 */
export async function fit(
  opened: RawSource,
  record: readonly Declared[],
  reading: ReadingSpec = {},
): Promise<Dataset> {
  const { source, partners } = await select(opened, record, reading);
  const conversions: Conversion[] = [];
  for (const [i, raw] of source.fields.entries()) {
    conversions.push(await conversion(source, raw, record[i]!, reading));
  }
  const reader = new RecordReader(source, record[0]!.name, conversions, reading, partners);
  const dataset: Dataset = {
    origin: source.origin,
    count: source.count,
    ...(source.sampleRate === undefined ? {} : { sampleRate: source.sampleRate }),
    ...alphabetsOf(source, record),
    report: () => reader.report(),
    close: async () => source.close?.(),
    read: (indices, visit) => reader.read(indices, visit),
  };
  const first = Int32Array.from({ length: Math.min(16, source.count) }, (_, i) => i);
  const values = await dataset.read(first);
  const notices = [
    ...otherNames(source, conversions, record),
    ...conversions.flatMap((c, k) => [
      ...c.notices,
      ...firstLook(record[k]!, c.raw, values[k]!, first.length),
    ]),
  ];
  return { ...dataset, facts: await factsOf(source, conversions, record, reading, notices) };
}

function alphabetsOf({ fields }: RawSource, record: readonly Declared[]): Pick<Dataset, 'alphabets'> {
  const alphabets = fields.flatMap(({ symbols }, i) =>
    symbols === undefined ? [] : [{ size: record[i]!.type.shape[1] ?? 1, symbols }],
  );
  return alphabets.length === 0 ? {} : { alphabets };
}

/** The fields in the record's order, of the examples that the declaration asks for. */
async function select(
  opened: RawSource,
  record: readonly Declared[],
  reading: ReadingSpec,
): Promise<{ source: RawSource; partners: Partners | null }> {
  const { stride, part, only, pairs = false, flip = false, crop = 0 } = reading;
  const wanted = unpaired(record, reading);
  let source: RawSource = { ...opened, fields: assign(opened, wanted) };
  if (stride !== undefined && source.clips !== true) source = windowsOf(source, wanted, reading);
  else if (part !== undefined && source.parted !== true) source = partOf(source, part);
  const at = wanted.findIndex((d) => d.type.meaning === 'label');
  const label = wanted[at];
  if (only !== undefined && label !== undefined)
    source = await onlyClasses(source, source.fields[at]!, label, only);
  let partners: Partners | null = null;
  if (pairs && label !== undefined) {
    partners = await partnersOf(source, source.fields[at]!, label);
    const [a, ...others] = source.fields;
    source = withHow(
      { ...source, fields: [a!, a!, ...others] },
      `pairs of one class of \`${label.name}\`, drawn by chance`,
    );
  }
  if (flip) source = withHow(source, 'mirrored left to right by chance');
  if (crop > 0) source = withHow(source, `moved by up to ${counted(crop, 'pixel')} by chance`);
  return { source, partners };
}

/** What the reader found, and what is counted here: the classes that numbers say. */
async function factsOf(
  source: RawSource,
  conversions: readonly Conversion[],
  record: readonly Declared[],
  { only }: ReadingSpec,
  notices: readonly Notice[],
): Promise<DataFacts> {
  const found = { ...none, ...source.facts, origin: source.origin, count: source.count };
  const labels: LabelFacts[] = [];
  const told: Notice[] = [];
  for (const [at, label] of record.entries()) {
    if (label.type.meaning !== 'label') continue;
    const conversion = conversions[at]!;
    const { classes, notices } =
      labels.length === 0 && found.classes !== null
        ? { ...found, notices: [] }
        : await counts(source, conversion, label);
    told.push(...notices);
    // Classes that `only` leaves out are not missed.
    if (classes !== null && (only === undefined || labels.length > 0))
      told.push(...missingClasses(label, classes, conversion.raw.names !== undefined));
    labels.push({ name: label.name, classes });
  }
  const [first, ...others] = labels;
  return {
    ...found,
    classes: first?.classes ?? null,
    labels: others,
    notices: [...found.notices, ...notices, ...told],
  };
}

/** Arrays of other names are taken in their order, which is said. */
function otherNames(
  source: RawSource,
  conversions: readonly Conversion[],
  record: readonly Declared[],
): Notice[] {
  const others = conversions.filter(({ raw }, i) => raw.name !== null && raw.name !== sourceName(record[i]!));
  if (record.length === 1 || others.length === 0) return [];
  const reads = conversions.map(({ raw }, i) => `\`${record[i]!.name}\` is ${raw.name}`).join(', ');
  return [
    {
      message: `the arrays of ${source.origin} have other names than the fields, and are taken in their order: ${reads}`,
      hint: 'name them as the fields, so that none is taken for another',
    },
  ];
}

function counts(source: RawSource, { raw }: Conversion, label: Declared): Promise<Counted> {
  const where = exampleOf(source);
  return countClasses(
    raw,
    source.count,
    label.name,
    classCount(label),
    (value, index) => {
      throw noClass(label, value, where(index));
    },
    where,
  );
}

/** What messages call an example. */
function exampleOf({ example, paths, origin }: RawSource): (index: number) => string {
  return (index) => example?.(index) ?? paths?.[index] ?? `example ${index} of ${origin}`;
}

/** Fields by name where the source has names, else by what they hold. */
function assign(source: RawSource, record: readonly Declared[]): RawField[] {
  const left = [...source.fields];
  const take = (field: RawField | undefined): RawField | undefined => {
    if (field !== undefined) left.splice(left.indexOf(field), 1);
    return field;
  };
  const named = record.map((d) => take(left.find((f) => f.name === sourceName(d))));
  return record.map((declared, i) => {
    if (declared.source !== undefined && named[i] === undefined)
      throw noneNamed(source, sourceName(declared));
    const isClass = (f: RawField) => f.content === 'class';
    const found =
      named[i] ?? take(left.find((f) => isClass(f) === (declared.type.meaning === 'label'))) ?? take(left[0]);
    if (found !== undefined) return found;
    const has = source.fields.map((f) => `${f.name ?? ''}[${f.shape.join(', ')}]`).join(', ');
    throw new UserError(
      `${source.origin} has ${source.fields.length === 1 ? 'one field' : `${source.fields.length} fields`} (${has}), but the record declares ${record.map((d) => `${d.name}: ${typeText(d.type)}`).join(', ')}`,
    );
  });
}

/** `fields = ["images"]`, where the source has no part of that name. */
function noneNamed({ origin, fields }: RawSource, name: string): UserError {
  const names = fields.flatMap((f) => f.name ?? []);
  if (names.length === 0) {
    return new UserError(`${origin} has no names, so nothing in it is called "${name}"`, {
      hint: '`fields` names the arrays of an NPZ, the columns of a CSV, or the folders of a record: leave it out',
    });
  }
  const near = nearName(name, names);
  return new UserError(`nothing in ${origin} is called "${name}"`, {
    hint: near === null ? `it holds ${listed(names, 10)}` : `did you mean "${near}"?`,
  });
}

async function conversion(
  source: RawSource,
  raw: RawField,
  declared: Declared,
  { crop, flip = false }: ReadingSpec,
): Promise<Conversion> {
  const { name } = declared;
  const { origin, count } = source;
  const where = exampleOf(source);
  if (declared.type.meaning === 'label' && sizeOf(raw.shape) === 1) {
    await checkClasses(raw, count, declared, where);
    return {
      raw,
      size: sizeOf(declared.type.shape),
      moves: null,
      convert: oneHot(declared, where),
      notices: [],
    };
  }
  // A source of larger pictures gives a crop its margin.
  const large = withMargin(declared.type, crop);
  const margin = large !== declared.type && sizeOf(raw.shape) === sizeOf(large.shape);
  const type = margin ? large : declared.type;
  const size = sizeOf(type.shape);
  const chance = type.meaning === 'image' && (flip || crop !== undefined);
  const moves = chance ? { shape: declared.type.shape, margin } : null;
  checkShape(origin, raw, { name, type });
  const series = raw.series;
  const range = await (series === undefined
    ? survey(raw, count, name, where)
    : survey(series.field, series.count, name, series.example));
  const { scale, shift, notices } = scalingOf({ name, type, origin, raw, range });
  // What is read at its place was looked at; what is decoded, and parts of very large arrays, were not.
  const bounded = type.meaning === 'image' || type.meaning === 'sound';
  return {
    raw,
    size,
    moves,
    notices,
    convert(values, out, at, index) {
      for (let i = 0; i < size; i++) {
        const value = values[i]! / scale + shift;
        if (!Number.isFinite(value))
          throw new UserError(`${where(index)} holds ${values[i]} for \`${name}\``);
        if (bounded && Math.abs(value) > 1 + SLACK) {
          throw new UserError(
            `${where(index)} holds ${values[i]} for \`${name}\`, but values of ${typeText(type)} lie in [−1, 1]`,
            {
              hint:
                type.meaning === 'sound'
                  ? 'divide the sound by its largest sample'
                  : 'scale the data, or save pictures as bytes (uint8, 0 to 255), which are scaled here',
            },
          );
        }
        out[at + i] = value;
      }
    },
  };
}

/** As many numbers as declared, in the declared order of axes; a row of numbers may be of any shape. */
function checkShape(origin: string, raw: RawField, { name, type }: Declared): void {
  const misfit = (hint?: string): never => {
    throw new UserError(
      `\`${name}\` is declared ${typeText(type)}, but ${origin} holds examples of [${raw.shape.join(', ')}]`,
      hint === undefined ? {} : { hint },
    );
  };
  if (sizeOf(raw.shape) !== sizeOf(type.shape)) {
    const [h, w, c] = type.shape;
    const rows = type.meaning === 'tensor' || type.meaning === 'sound';
    if (rows && raw.block !== undefined && sizeOf(raw.shape) === sizeOf(type.shape.slice(1)))
      misfit(`to cut windows of ${h} rows from them, write (stride = 1) behind the source`);
    misfit(
      type.meaning === 'image' && raw.shape.length >= 2 && c !== undefined
        ? `declare image[${[...raw.shape, 1].slice(0, 3).join(', ')}], or give a folder of pictures, which is resized to ${h}×${w}`
        : undefined,
    );
  }
  const pixels = raw.content === 'picture' || (raw.content === 'bytes' && raw.shape.length <= 3);
  if (
    trimmed(raw.shape) !== trimmed(type.shape) &&
    raw.shape.length > 1 &&
    !(pixels && type.meaning === 'tensor')
  ) {
    const [a, b, c] = raw.shape;
    const channelsFirst = type.meaning === 'image' && [b, c, a].join() === type.shape.join();
    misfit(channelsFirst ? 'channels go last: np.transpose(x, (0, 2, 3, 1))' : undefined);
  }
}

function oneHot(declared: Declared, where: (index: number) => string): Conversion['convert'] {
  const classes = classCount(declared);
  return (values, out, at, index) => {
    const value = values[0]!;
    if (!Number.isInteger(value) || value < 0 || value >= classes)
      throw noClass(declared, value, where(index));
    out[at + value] = 1;
  };
}

/** Looks at all classes before one is refused: whether there is a class 0 tells what the way out is. */
async function checkClasses(
  raw: RawField,
  count: number,
  declared: Declared,
  where: (index: number) => string,
): Promise<void> {
  const classes = classCount(declared);
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let whole = true;
  const bad: { value: number; index: number }[] = [];
  await visit(raw, count, (values, first) => {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      min = Math.min(min, value);
      max = Math.max(max, value);
      const isWhole = Number.isInteger(value);
      if (!isWhole) whole = false;
      if (bad.length === 0 && (!isWhole || value < 0 || value >= classes))
        bad.push({ value, index: first + i });
    }
  });
  const [first] = bad;
  if (first === undefined) return;
  throw noClass(declared, first.value, where(first.index), whole ? { min, max } : null);
}

/** `range`: of all classes, where they are whole numbers. */
function noClass(
  { name, type }: Declared,
  value: number,
  example: string,
  range: { min: number; max: number } | null = null,
): UserError {
  const classes = type.shape[0] ?? 1;
  let hint: string | null = null;
  if (range !== null && range.min === 1 && range.max === classes)
    hint = 'classes are counted from 0, and these from 1: save y - 1';
  else if (range !== null && range.min >= 0 && range.max < 10_000)
    hint = `the classes go from ${range.min} to ${range.max}: declare label[${range.max + 1}]`;
  return new UserError(
    `${example} is of class ${value}, but \`${name}\` is declared ${typeText(type)}: classes 0 to ${classes - 1}`,
    hint === null ? {} : { hint },
  );
}
