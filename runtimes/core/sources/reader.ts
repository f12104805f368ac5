/** Reads examples, converts them, and moves and pairs them by chance. */
import { UserError } from '../errors.ts';
import { counted } from '../run/facts.ts';
import type { ReadingSpec } from '../run/model.ts';
import { sizeOf } from '../shape.ts';
import { limitOf } from './join.ts';
import type { Partners } from './pairs.ts';
import { Broken, type RawField, type RawSource } from './raw.ts';
import { each } from './several.ts';
import { drawMove, firstVisit, type Move, moved, type Visit, wordsOf } from './transform.ts';

/** How one field is read: from the numbers of its file to the values of its type. */
export interface FieldReader {
  readonly raw: RawField;
  /** Of one example as it is converted: with the margin of a crop. */
  readonly size: number;
  /** Pictures that are moved by chance, of this shape; with a margin there are pixels on every side of it. */
  readonly moves: { readonly shape: readonly number[]; readonly margin: boolean } | null;
  /** From one example's raw numbers to the values of its type. Throws for a value that does not fit. */
  convert(values: Float32Array, out: Float32Array, at: number, index: number): void;
}

/** What is read for one example of a field. */
interface Part {
  readonly index: number;
  readonly move: Move | null;
}

export class RecordReader {
  private readonly slow: boolean;
  private readonly chance: boolean;
  private readonly damage: Damage;
  private readonly sizes: readonly number[];

  /** `record`: its first name, by which chance is drawn. `partners`: of the second field, where there are pairs. */
  constructor(
    source: RawSource,
    private readonly record: string,
    private readonly fields: readonly FieldReader[],
    private readonly reading: ReadingSpec,
    private readonly partners: Partners | null,
  ) {
    this.damage = new Damage(source);
    this.slow = fields.some(({ raw }) => raw.slow === true);
    this.chance = partners !== null || fields.some(({ moves }) => moves !== null);
    this.sizes = fields.map(({ moves, size }) => (moves === null ? size : sizeOf(moves.shape)));
  }

  async read(indices: ArrayLike<number>, visit: Visit = firstVisit): Promise<Float32Array[]> {
    const outs = this.sizes.map((size) => new Float32Array(indices.length * size));
    if (this.slow) {
      await each(indices, (index, i) => this.readWhole(outs, index, i, visit));
    } else {
      for (let k = 0; k < this.fields.length; k++) await this.readField(k, outs[k]!, indices, visit);
    }
    return outs;
  }

  /** Words about files that turned out to be damaged. */
  report(): string | null {
    return this.damage.report();
  }

  private async readField(k: number, out: Float32Array, indices: ArrayLike<number>, visit: Visit) {
    const { raw } = this.fields[k]!;
    const example = new Float32Array(sizeOf(raw.shape));
    for (let i = 0; i < indices.length; i++) {
      const part = this.part(k, indices[i]!, visit);
      const waiting = raw.read(part.index, example, 0);
      if (waiting !== undefined) await waiting;
      this.write(k, example, out, i, part);
    }
  }

  /** Reads the record at `index`, or the next one whose files are whole, as example `i` of a batch. */
  private async readWhole(
    outs: readonly Float32Array[],
    index: number,
    i: number,
    visit: Visit,
  ): Promise<void> {
    for (const at of this.damage.from(index)) {
      // All fields are read before one is written: a record is whole or it is another one.
      const parts = this.fields.map((_, k) => this.part(k, at, visit));
      const read = await Promise.allSettled(
        this.fields.map(async ({ raw }, k) => {
          const example = new Float32Array(sizeOf(raw.shape));
          await raw.read(parts[k]!.index, example, 0);
          return example;
        }),
      );
      const failed = read.findIndex((r) => r.status === 'rejected');
      if (failed < 0) {
        for (const [k, part] of parts.entries())
          this.write(k, (read[k] as PromiseFulfilledResult<Float32Array>).value, outs[k]!, i, part);
        return;
      }
      this.damage.note(parts[failed]!.index, (read[failed] as PromiseRejectedResult).reason);
    }
  }

  private write(k: number, values: Float32Array, out: Float32Array, i: number, { index, move }: Part): void {
    const { size, moves, convert } = this.fields[k]!;
    if (moves === null || move === null) {
      convert(values, out, i * size, index);
      return;
    }
    const whole = new Float32Array(size);
    convert(values, whole, 0, index);
    moved(whole, out, i * this.sizes[k]!, moves.shape, move, this.reading.crop ?? 0, moves.margin);
  }

  /** Which example field `k` of the record at `index` reads, and how it is moved: pictures of a record alike. */
  private part(k: number, index: number, visit: Visit): Part {
    if (!this.chance) return { index, move: null };
    const words = wordsOf(this.record, visit, index);
    const partner = this.partners?.of(index, words) ?? index;
    const move = drawMove(words, this.reading);
    if (k !== 1 || this.partners === null) return { index, move };
    return { index: partner, move: drawMove(words, this.reading) };
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
