/**
 * Fits what a source holds to what a declaration says: fields to fields, shape to shape, bytes of pictures to [−1, 1],
 * classes to one-hot vectors. What does not fit is an error that names the file, the declaration and both shapes.
 */

import { UserError } from '../errors.ts';
import type { Dataset } from '../run/data.ts';
import { counted, type DataFacts, type Notice, none } from '../run/facts.ts';
import type { TypeSpec } from '../run/model.ts';
import { missingClasses } from './classes.ts';
import { type Counted, countClasses } from './counting.ts';
import { limitOf } from './join.ts';
import { Broken, type RawField, type RawSource } from './raw.ts';
import { firstLook, SLACK, scalingOf } from './scaling.ts';
import { each } from './several.ts';
import { survey, visit } from './survey.ts';

export interface Declared {
  readonly name: string;
  readonly type: TypeSpec;
}

/** A type as it is written in a `.gan` file. */
export function typeText({ meaning, shape }: TypeSpec): string {
  return `${meaning === 'tensor' ? '' : meaning}[${shape.join(', ')}]`;
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const trimmed = (shape: readonly number[]) => shape.filter((n) => n !== 1).join();

interface Conversion {
  raw: RawField;
  size: number;
  /** What is worth knowing of its numbers. */
  notices: readonly Notice[];
  /** From one example's raw numbers to the values of its type. Throws for a value that does not fit. */
  convert(values: Float32Array, out: Float32Array, at: number, index: number): void;
}

/** The source as a data set of this record. Reads the first examples, so that misfits show before training. */
export async function fit(source: RawSource, record: readonly Declared[]): Promise<Dataset> {
  const conversions: Conversion[] = [];
  for (const [i, raw] of assign(source, record).entries()) {
    conversions.push(await conversion(source, raw, record[i]!));
  }
  const damage = new Damage(source);
  const dataset: Dataset = {
    origin: source.origin,
    count: source.count,
    ...(source.sampleRate === undefined ? {} : { sampleRate: source.sampleRate }),
    report: () => damage.report(),
    close: async () => source.close?.(),
    async read(indices) {
      const outs = conversions.map(({ size }) => new Float32Array(indices.length * size));
      if (conversions.some(({ raw }) => raw.slow === true)) {
        await each(indices, (index, i) => readRecord(conversions, outs, damage, index, i));
      } else {
        for (const [k, c] of conversions.entries()) await readField(c, outs[k]!, indices);
      }
      return outs;
    },
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
  return { ...dataset, facts: await factsOf(source, conversions, record, notices) };
}

async function readField({ raw, size, convert }: Conversion, out: Float32Array, indices: ArrayLike<number>) {
  const example = new Float32Array(sizeOf(raw.shape));
  for (let i = 0; i < indices.length; i++) {
    const waiting = raw.read(indices[i]!, example, 0);
    if (waiting !== undefined) await waiting;
    convert(example, out, i * size, indices[i]!);
  }
}

/** Reads the record at `index`, or the next one whose files are whole, as example `i` of a batch. */
async function readRecord(
  conversions: readonly Conversion[],
  outs: readonly Float32Array[],
  damage: Damage,
  index: number,
  i: number,
): Promise<void> {
  for (const at of damage.from(index)) {
    // All fields are read before one is written: a record is whole or it is another one.
    const read = await Promise.allSettled(
      conversions.map(async ({ raw }) => {
        const example = new Float32Array(sizeOf(raw.shape));
        await raw.read(at, example, 0);
        return example;
      }),
    );
    const failed = read.find((r) => r.status === 'rejected');
    if (failed === undefined) {
      for (const [k, { size, convert }] of conversions.entries()) {
        convert((read[k] as PromiseFulfilledResult<Float32Array>).value, outs[k]!, i * size, at);
      }
      return;
    }
    damage.note(at, failed.reason);
  }
}

/** Files that turn out to be damaged while training reads them: the next record stands in. */
class Damage {
  private readonly found = new Map<number, Broken>();

  constructor(private readonly source: RawSource) {}

  /** Records from this one on that may be whole; which they are depends on the files alone, so runs can be repeated. */
  *from(index: number): Generator<number> {
    const { count, origin } = this.source;
    for (let k = 0; k < count; k++) {
      const at = (index + k) % count;
      if (!this.found.has(at)) yield at;
    }
    throw new UserError(`no file of ${origin} can be read:\n${this.names()}`);
  }

  note(index: number, error: unknown): void {
    if (!(error instanceof Broken)) throw error;
    this.found.set(index, error);
    const limit = limitOf(this.source.count);
    if (this.found.size > limit) {
      throw new UserError(
        `${this.found.size} of ${this.source.count} files of ${this.source.origin} cannot be read (at most ${limit} are skipped):\n${this.names()}`,
      );
    }
  }

  private names(): string {
    const lines = [...this.found.values()].slice(0, 10).map(({ path, why }) => `  ${path}: ${why}`);
    if (this.found.size > 10) lines.push(`  … and ${this.found.size - 10} more`);
    return lines.join('\n');
  }

  report(): string | null {
    const { size } = this.found;
    if (size === 0) return null;
    return `${counted(size, 'file')} of ${this.source.origin} turned out to be damaged and ${size === 1 ? 'was' : 'were'} skipped; the next ${size === 1 ? 'one was' : 'ones were'} used instead:\n${this.names()}`;
  }
}

/** What the reader found, and what is counted here: the classes that numbers say. */
async function factsOf(
  source: RawSource,
  conversions: readonly Conversion[],
  record: readonly Declared[],
  notices: readonly Notice[],
): Promise<DataFacts> {
  const found = { ...none, ...source.facts, origin: source.origin, count: source.count };
  const facts = { ...found, notices: [...found.notices, ...notices] };
  const at = record.findIndex((d) => d.type.meaning === 'label');
  if (at < 0) return facts;
  const label = record[at]!;
  const counted =
    facts.classes === null ? await counts(source, conversions[at]!, label) : { ...facts, notices: [] };
  const { classes } = counted;
  return {
    ...facts,
    classes,
    notices: [
      ...facts.notices,
      ...counted.notices,
      ...(classes === null ? [] : missingClasses(label, classes, conversions[at]!.raw.names !== undefined)),
    ],
  };
}

/** Arrays of other names are taken in their order, which is said. */
function otherNames(
  source: RawSource,
  conversions: readonly Conversion[],
  record: readonly Declared[],
): Notice[] {
  const others = conversions.filter(({ raw }, i) => raw.name !== null && raw.name !== record[i]!.name);
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
    label.type.shape[0] ?? 1,
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
  const named = record.map((d) => take(left.find((f) => f.name === d.name)));
  return record.map((declared, i) => {
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

async function conversion(source: RawSource, raw: RawField, declared: Declared): Promise<Conversion> {
  const { name, type } = declared;
  const { origin, count } = source;
  const size = sizeOf(type.shape);
  const where = exampleOf(source);
  if (type.meaning === 'label' && sizeOf(raw.shape) === 1) {
    await checkClasses(raw, count, declared, where);
    return { raw, size, convert: oneHot(declared, where), notices: [] };
  }
  checkShape(origin, raw, declared);
  const range = await survey(raw, count, name, where);
  const { scale, shift, notices } = scalingOf({ name, type, origin, raw, range });
  // What is read at its place was looked at; what is decoded, and parts of very large arrays, were not.
  const bounded = type.meaning === 'image' || type.meaning === 'sound';
  return {
    raw,
    size,
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
  const classes = declared.type.shape[0] ?? 1;
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
  const classes = declared.type.shape[0] ?? 1;
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
