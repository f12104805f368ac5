/**
 * The data protocol, and the order in which examples are visited: shuffled passes without repetition, the last
 * incomplete batch dropped, the next batch read while this one trains.
 */
import { UserError } from '../errors.ts';
import { dataStream, permutation } from '../random.ts';
import type { Visit } from '../sources/transform.ts';
import type { DataFacts } from './facts.ts';
import type { Alphabet } from './text.ts';

/** A source of examples. Platforms make them (files, folders, generated points). */
export interface Dataset {
  /** What it was made of, for messages and `run.json`. */
  readonly origin: string;
  readonly count: number;
  /**
   * For each field of the record its values of these examples, row-major, already of the declared type. `visit` fixes what is
   * left to chance (mirrored pictures, partners of pairs); without it, it is that of seed 0 and pass 0.
   */
  read(indices: ArrayLike<number>, visit?: Visit): Promise<Float32Array[]>;
  /** Words worth telling at the end (pictures that were skipped). */
  report?(): string | null;
  /** Of sound: samples a second. */
  readonly sampleRate?: number;
  /** Of text: the symbols of each of its fields. */
  readonly alphabets?: readonly Alphabet[];
  /** What it is made of, for people: classes, what was left out, what is worth knowing. */
  readonly facts?: DataFacts;
  close?(): Promise<void>;
}

/** Where a record stands: full passes made, and examples visited in the current one. */
export interface Position {
  pass: number;
  offset: number;
}

interface Batch {
  values: Float32Array[];
  after: Position;
}

export class Feed {
  position: Position = { pass: 0, offset: 0 };
  /** Size of the latest batch: what a pass is counted in. */
  latest = 0;
  private order: { pass: number; indices: Int32Array }[] = [];
  private ahead: { from: Position; count: number; batch: Promise<Batch> } | null = null;

  constructor(
    readonly record: string,
    readonly dataset: Dataset,
    private readonly seed: number,
  ) {}

  /** Which examples a batch of `count` at this place holds, and the place after it. */
  plan(from: Position, count: number): { indices: Int32Array; pass: number; after: Position } {
    const total = this.dataset.count;
    if (count > total) {
      throw new UserError(
        `a batch of ${count} is larger than \`${this.record}\`'s data: ${this.dataset.origin} holds ${total}`,
        {
          hint: `train with a batch of at most ${total}, or give more data`,
        },
      );
    }
    let { pass, offset } = from;
    if (offset + count > total) {
      pass++;
      offset = 0;
    }
    const indices = this.orderOf(pass).slice(offset, offset + count);
    offset += count;
    // A rest too small for another batch is dropped, so the pass ends here.
    const after = offset + count > total ? { pass: pass + 1, offset: 0 } : { pass, offset };
    return { indices, pass, after };
  }

  private orderOf(pass: number): Int32Array {
    let known = this.order.find((o) => o.pass === pass);
    if (known === undefined) {
      known = { pass, indices: permutation(this.seed, dataStream(this.record), pass, this.dataset.count) };
      // The current pass and the one that is read ahead into.
      this.order = [...this.order.slice(-1), known];
    }
    return known.indices;
  }

  /** The next batch: values for each field. Starts reading the one after it. */
  async next(count: number): Promise<Float32Array[]> {
    const { ahead } = this;
    const fits =
      ahead !== null &&
      ahead.count === count &&
      ahead.from.pass === this.position.pass &&
      ahead.from.offset === this.position.offset;
    const batch = await (fits ? ahead.batch : this.fetch(this.position, count));
    this.position = batch.after;
    this.latest = count;
    const next = this.fetch(batch.after, count);
    // An error belongs to the step that needs the batch; until then it is not unhandled.
    next.catch(() => {});
    this.ahead = { from: batch.after, count, batch: next };
    return batch.values;
  }

  private async fetch(from: Position, count: number): Promise<Batch> {
    const { indices, pass, after } = this.plan(from, count);
    return { values: await this.dataset.read(indices, { seed: this.seed, pass }), after };
  }

  /** A phase begins with a fresh pass. */
  beginPass(): void {
    if (this.position.offset > 0) this.position = { pass: this.position.pass + 1, offset: 0 };
  }

  /** Passes made, with the fraction of the current one in batches of `batch` (or the latest size). */
  passes(batch: number): number {
    const size = this.latest || batch;
    const usable = this.dataset.count - (this.dataset.count % size);
    return this.position.pass + Math.min(1, this.position.offset / Math.max(1, usable));
  }
}
