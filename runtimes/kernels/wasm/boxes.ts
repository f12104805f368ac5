/**
 * Boxes for assembly/move.ts: which numbers of one strided layout go to which places of another, brought to the form
 * that moves the most at once. It knows nothing of tfjs.
 */
import { type Engine, JOB, MOST_WORDS } from './engine.ts';

/** Steps are counted in numbers, not in bytes. A step of 0 in the source repeats, a negative one goes backwards. */
export interface Box {
  shape: readonly number[];
  /** The address of the first number, and the step of each axis. */
  from: number;
  source: readonly number[];
  /** Likewise; the last axis longer than 1 need not have step 1. No place is written twice. */
  to: number;
  target: readonly number[];
  /** Added to what is there, instead of written over it. */
  add?: boolean;
}

const KIND = { run: 0, same: 1, back: 2, strided: 3, turned: 4, added: 5 } as const;
/** Words of a box, and where its outer axes begin (assembly/move.ts). */
const WORDS = 40;
const AXES = 13;
const MOST_AXES = (WORDS - AXES) / 3;
/** Numbers of a piece, about. */
const PIECE = 16_384;
/** A run is cut into pieces of this many numbers. */
const CHUNK = 32_768;

interface Axis {
  n: number;
  /** Steps in source and target. */
  s: number;
  t: number;
}

/** Axes of 1 left out, and neighbours that go on where the other ends made one; null: there is nothing to move. */
function merged({ shape, source, target }: Box): Axis[] | null {
  const axes: Axis[] = [];
  for (let d = 0; d < shape.length; d++) {
    const [n, s, t] = [shape[d]!, source[d]!, target[d]!];
    if (n === 0) return null;
    if (n === 1) continue;
    const outer = axes.at(-1);
    if (outer && outer.s === s * n && outer.t === t * n) {
      outer.n *= n;
      outer.s = s;
      outer.t = t;
    } else axes.push({ n, s, t });
  }
  return axes;
}

/** Steps of an array of this shape that lies row by row. */
export function stepsOf(shape: readonly number[]): number[] {
  const steps = new Array<number>(shape.length);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    steps[d] = step;
    step *= shape[d]!;
  }
  return steps;
}

/** How rows are read whose numbers lie so far apart. */
const kindOf = (step: number): number =>
  step === 1 ? KIND.run : step === 0 ? KIND.same : step === -1 ? KIND.back : KIND.strided;

/** Writes a box's words at `at`; the pieces that it has. */
function write(w: Int32Array, at: number, { from, to, add = false }: Box, axes: Axis[]): void {
  const last = axes.at(-1);
  const inner = last && last.t === 1 ? axes.pop()! : { n: 1, s: 1, t: 1 };
  const across =
    !add && inner.s !== 0 && Math.abs(inner.s) !== 1 ? axes.findIndex((a) => a.s === 1 && a.n > 3) : -1;
  const kind = add ? KIND.added : across >= 0 ? KIND.turned : kindOf(inner.s);
  const row = across >= 0 ? axes.splice(across, 1)[0]! : (axes.pop() ?? { n: 1, s: 0, t: 0 });
  if (axes.length > MOST_AXES) throw new Error('A box of too many axes.');
  const blocks = axes.reduce((p, a) => p * a.n, 1);
  const block = inner.n * row.n;
  // Turned, a strip has whole squares.
  const each = block <= PIECE ? 0 : Math.max(kind === KIND.turned ? 4 : 1, Math.floor(PIECE / inner.n) & -4);
  const together = each > 0 ? 1 : Math.ceil(PIECE / block);
  const pieces = each > 0 ? blocks * Math.ceil(row.n / each) : Math.ceil(blocks / together);
  w[at] = pieces;
  w[at + 1] = kind;
  w[at + 2] = from;
  w[at + 3] = to;
  w[at + 4] = inner.n;
  w[at + 5] = inner.s * 4;
  w[at + 6] = row.n;
  w[at + 7] = row.s * 4;
  w[at + 8] = row.t * 4;
  w[at + 9] = each;
  w[at + 10] = together;
  w[at + 11] = blocks;
  w[at + 12] = axes.length;
  let next = at + AXES;
  for (const a of axes) {
    w[next++] = a.n;
    w[next++] = a.s * 4;
    w[next++] = a.t * 4;
  }
}

/** Moves all boxes; where they are few, in one job. */
export function moveBoxes(engine: Engine, boxes: readonly Box[]): void {
  let count = 0;
  let numbers = 0;
  const flush = () => {
    if (count === 0) return;
    engine.words[0] = count;
    engine.run(JOB.move, numbers);
    count = 0;
    numbers = 0;
  };
  const put = (box: Box, axes: Axis[]) => {
    if (1 + (count + 1) * WORDS > MOST_WORDS) flush();
    numbers += axes.reduce((p, a) => p * a.n, 1);
    write(engine.words, 1 + count * WORDS, box, axes);
    count++;
  };
  for (const box of boxes) {
    const axes = merged(box);
    if (axes === null) continue;
    const [only] = axes;
    if (axes.length !== 1 || only!.t !== 1 || only!.n <= CHUNK) {
      put(box, axes);
      continue;
    }
    // A long run is cut: chunks, and what is left.
    const { n, s } = only!;
    const whole = Math.floor(n / CHUNK);
    const cut = whole * CHUNK;
    put(box, [
      { n: whole, s: CHUNK * s, t: CHUNK },
      { n: CHUNK, s, t: 1 },
    ]);
    const rest = { ...box, from: box.from + 4 * cut * s, to: box.to + 4 * cut };
    if (cut < n) put(rest, [{ n: n - cut, s, t: 1 }]);
  }
  flush();
}
