/**
 * Values that are above 0 though their interval begins at 0. Two things an interval of a whole tensor does not see: that a
 * quotient of positive numbers is positive, and which entries a mask of zeros and ones leaves.
 */
import { sizeOf } from '../ir/ndarray.ts';
import type { Shape } from '../ir/types.ts';
import type { OpTerm, Term } from '../model/model.ts';
import type { Interval, Operation } from '../ops/record.ts';
import type { Ranges } from './ranges.ts';

/** Entries that are looked at one by one. */
const MOST = 4096;

/** The smallest positive number stands for "above 0": `exp` and quotients of positive numbers. */
const ABOVE_ZERO = Number.MIN_VALUE;

export class Positive {
  readonly #ranges: Ranges;
  readonly #operations: Readonly<Record<string, Operation>>;

  constructor(ranges: Ranges, operations: Readonly<Record<string, Operation>>) {
    this.#ranges = ranges;
    this.#operations = operations;
  }

  /** Whether every entry is above 0, as long as nothing overflows. */
  is(term: Term): boolean {
    if (this.#ranges.of(term).lo > 0) return true;
    const entries = sizeOf(term.shape) <= MOST ? this.#entries(term, DEPTH) : null;
    return entries?.every(({ lo }) => lo > 0) ?? false;
  }

  /** Each entry's bounds, in row-major order. */
  #entries(term: Term, depth: number): readonly Interval[] | null {
    const size = sizeOf(term.shape);
    if (size > MOST) return null;
    if (term.kind === 'constant') return Array.from(term.value.data, (x) => ({ lo: x, hi: x }));
    const all = (interval: Interval) => new Array<Interval>(size).fill(interval);
    const known = this.#ranges.of(term);
    if (term.kind !== 'op' || depth === 0) return all(known);
    const args: (readonly Interval[])[] = [];
    for (const arg of term.args) {
      const entries = this.#entries(arg, depth - 1);
      if (entries === null) return all(known);
      args.push(entries);
    }
    const record = this.#operations[term.op];
    if (record?.kind === 'primitive' && record.elementwise)
      return Array.from({ length: size }, (_, i) =>
        this.#entry(
          term,
          args.map((entries, k) => entries[narrowed(i, term.shape, term.args[k]!.shape)]!),
        ),
      );
    if (term.op === 'sum' || term.op === 'mean') return reduced(term, args[0]!) ?? all(known);
    if (term.op === 'reshape' || term.op === 'flatten' || term.op === 'stop') return args[0]!;
    return all(known);
  }

  #entry(term: OpTerm, args: readonly Interval[]): Interval {
    const record = this.#operations[term.op];
    if (record?.kind !== 'primitive') return { lo: -Infinity, hi: Infinity };
    const scalars = args.map(() => ({ shape: [], batch: false }));
    const { lo, hi } = record.range(args, term.attrs, scalars);
    const positive =
      term.op === 'exp' || (POSITIVE_OF_POSITIVE.has(term.op) && args.every((arg) => arg.lo > 0));
    return { lo: lo === 0 && positive ? ABOVE_ZERO : lo, hi };
  }
}

/** How far back entries are followed. */
const DEPTH = 12;

const POSITIVE_OF_POSITIVE = new Set(['mul', 'div', 'sqrt', 'square', 'pow']);

/** The index into an operand that broadcasts, of the result's entry `i`. */
function narrowed(i: number, shape: Shape, operand: Shape): number {
  let [rest, at, stride] = [i, 0, 1];
  for (let axis = 1; axis <= shape.length; axis++) {
    const d = shape.at(-axis)!;
    const own = operand.at(-axis) ?? 1;
    if (axis <= operand.length && own > 1) at += (rest % d) * stride;
    if (axis <= operand.length) stride *= own;
    rest = Math.floor(rest / d);
  }
  return at;
}

/** Sums and means over the axes of an example. */
function reduced(term: OpTerm, entries: readonly Interval[]): readonly Interval[] | null {
  const { shape } = term.args[0]!;
  const axes = term.attrs.axes as readonly number[] | undefined;
  if (axes === undefined) return null;
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const result = new Array<Interval>(sizeOf(kept)).fill({ lo: 0, hi: 0 });
  const share = term.op === 'mean' ? sizeOf(axes.map((a) => shape[a]!)) : 1;
  entries.forEach(({ lo, hi }, i) => {
    const at = narrowed(i, shape, kept);
    const before = result[at]!;
    result[at] = { lo: before.lo + lo / share, hi: before.hi + hi / share };
  });
  return result;
}
