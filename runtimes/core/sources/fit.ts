/**
 * Fits what a source holds to what a declaration says: fields to fields, shape to shape, bytes of pictures to [−1, 1],
 * classes to one-hot vectors. What does not fit is an error that names the file, the declaration and both shapes.
 */
import type { Dataset } from '../data.ts';
import { UserError } from '../errors.ts';
import { type ClassFacts, counted, type DataFacts, none } from '../facts.ts';
import type { TypeSpec } from '../model.ts';
import { missingClasses } from './classes.ts';
import { limitOf } from './join.ts';
import { Broken, type RawField, type RawSource } from './raw.ts';
import { each } from './several.ts';

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
  /** From one example's raw numbers to the values of its type. Throws for a value that does not fit. */
  convert(values: Float32Array, out: Float32Array, at: number, index: number): void;
}

/** The source as a data set of this record. Reads the first examples, so that misfits show before training. */
export async function fit(source: RawSource, record: readonly Declared[]): Promise<Dataset> {
  const conversions = assign(source, record).map((raw, i) => conversion(source, raw, record[i]!));
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
  await dataset.read(Int32Array.from({ length: Math.min(16, source.count) }, (_, i) => i));
  return { ...dataset, facts: await factsOf(source, conversions, record) };
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
    return `${counted(size, 'file')} of ${this.source.origin} turned out to be damaged and ${size === 1 ? 'was' : 'were'} skipped; the next stood in:\n${this.names()}`;
  }
}

/** What the reader found, and what is counted here: the classes that numbers say. */
async function factsOf(
  source: RawSource,
  conversions: readonly Conversion[],
  record: readonly Declared[],
): Promise<DataFacts> {
  const facts = { ...none, ...source.facts, origin: source.origin, count: source.count };
  const at = record.findIndex((d) => d.type.meaning === 'label');
  if (at < 0) return facts;
  const label = record[at]!;
  const classes = facts.classes ?? (await countedClasses(conversions[at]!, source.count, label));
  if (classes === null) return facts;
  return { ...facts, classes, notices: [...facts.notices, ...missingClasses(label, classes)] };
}

/** Where each number has to be fetched from a disk, so many are counted at most. */
const COUNTED = 100_000;

/** Counts them; throws for a number that is no class, wherever it stands. */
async function countedClasses(
  { raw, convert }: Conversion,
  count: number,
  label: Declared,
): Promise<ClassFacts[] | null> {
  if (raw.content !== 'class') return null;
  const declared = label.type.shape[0] ?? 1;
  const value = new Float32Array(1);
  const vector = new Float32Array(declared);
  const counts = new Array<number>(declared).fill(0);
  for (let i = 0; i < count; i++) {
    const waiting = raw.read(i, value, 0);
    if (waiting !== undefined) {
      if (count > COUNTED) return null;
      await waiting;
    }
    const c = value[0]!;
    if (!Number.isInteger(c) || c < 0 || c >= declared) convert(value, vector, 0, i);
    counts[c]!++;
  }
  return counts.map((n, i) => ({ name: raw.names?.[i] ?? String(i), count: n }));
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

function conversion(source: RawSource, raw: RawField, declared: Declared): Conversion {
  const { type } = declared;
  const size = sizeOf(type.shape);
  const where = (index: number) => source.example?.(index) ?? `example ${index} of ${source.origin}`;
  const misfit = (hint?: string): never => {
    throw new UserError(
      `\`${declared.name}\` is declared ${typeText(type)}, but ${source.origin} holds examples of [${raw.shape.join(', ')}]`,
      hint === undefined ? {} : { hint },
    );
  };
  const rawSize = sizeOf(raw.shape);
  if (type.meaning === 'label' && rawSize === 1) return { raw, size, convert: oneHot(declared, where) };
  if (rawSize !== size) {
    const [h, w, c] = type.shape;
    misfit(
      type.meaning === 'image' && raw.shape.length >= 2 && c !== undefined
        ? `declare image[${[...raw.shape, 1].slice(0, 3).join(', ')}], or give a folder of pictures, which is resized to ${h}×${w}`
        : undefined,
    );
  }
  const flat = raw.shape.length <= 1;
  if (
    trimmed(raw.shape) !== trimmed(type.shape) &&
    !flat &&
    !(raw.content === 'picture' && type.meaning === 'tensor')
  ) {
    const [a, b, c] = raw.shape;
    const channelsFirst = type.meaning === 'image' && [b, c, a].join() === type.shape.join();
    misfit(channelsFirst ? 'channels go last: np.transpose(x, (0, 2, 3, 1))' : undefined);
  }
  const isPicture = raw.content === 'picture' || (raw.content === 'bytes' && type.meaning === 'image');
  const scale = isPicture
    ? 127.5
    : type.meaning === 'sound' && raw.content === 'integers'
      ? (raw.scale ?? 1)
      : 1;
  const shift = isPicture ? -1 : 0;
  const bounded = type.meaning === 'image' || type.meaning === 'sound';
  return {
    raw,
    size,
    convert(values, out, at, index) {
      for (let i = 0; i < size; i++) {
        const value = values[i]! / scale + shift;
        if (!Number.isFinite(value))
          throw new UserError(`${where(index)} holds ${values[i]} for \`${declared.name}\``);
        if (bounded && (value < -1.001 || value > 1.001)) {
          throw new UserError(
            `${where(index)} holds ${values[i]} for \`${declared.name}\`, but values of ${typeText(type)} lie in [−1, 1]`,
            { hint: 'scale the data, or save pictures as bytes (uint8, 0 to 255), which are scaled here' },
          );
        }
        out[at + i] = value;
      }
    },
  };
}

function oneHot(declared: Declared, where: (index: number) => string): Conversion['convert'] {
  const classes = declared.type.shape[0] ?? 1;
  return (values, out, at, index) => {
    const value = values[0]!;
    if (!Number.isInteger(value) || value < 0 || value >= classes) {
      throw new UserError(
        `${where(index)} is of class ${value}, but \`${declared.name}\` is declared ${typeText(declared.type)}: classes 0 to ${classes - 1}`,
      );
    }
    out[at + value] = 1;
  };
}
