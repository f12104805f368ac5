/**
 * Elementwise formulas as jobs: one pass over memory for a whole chain, of one set of operands or of many at once. The
 * words of a job are made once for operands of the same shapes; a call writes addresses and numbers into them.
 */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Executor, Formula } from '../../core/formula/fused.ts';
import type { EachExecutor } from '../../core/nn/segments.ts';
import type { WasmBackend } from './backend.ts';
import { BLOCK, type Broadcast, broadcastOf, piecesOf } from './elementwise.ts';
import { type Engine, JOB, MOST_WORDS } from './engine.ts';
import { compile, type Program, stepsOf, writeNumbers } from './program.ts';

export type Value = Tensor | number;
export type Shapes = (readonly number[] | null)[];

/** The shapes of operands; null for a number. */
const shapesIn = (values: readonly Value[]): Shapes =>
  values.map((x) => (typeof x === 'number' ? null : x.shape));

/** Whether operands have these shapes, and are floats. */
function haveShapes(values: readonly Value[], shapes: Shapes): boolean {
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    const shape = shapes[i]!;
    if (typeof x === 'number') {
      if (shape !== null) return false;
    } else if (shape === null || x.dtype !== 'float32' || !sameShape(x.shape, shape)) return false;
  }
  return true;
}
function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A chain's own words before its code (assembly/chain.ts). */
export const CODE = 3;
/** Writes a chain's own words at `at`; gives the place behind them. Numbers are still missing. */
export function writeChain(p: Program, outputs: readonly number[], w: Int32Array, at: number): number {
  w[at] = p.inputs.length;
  w[at + 1] = p.code.length / 5;
  w[at + 2] = outputs.length;
  w.set(p.code, at + CODE);
  w.set(outputs, at + CODE + p.code.length);
  return at + chainWords(p, outputs);
}
export const chainWords = (p: Program, outputs: readonly number[]): number =>
  CODE + p.code.length + outputs.length;

/** How each of a program's inputs is read for a result of this shape; null: one of them cannot be. */
export function readingOf(
  { inputs }: Program,
  shapes: Shapes,
  result: readonly number[],
): Broadcast[] | null {
  const how = inputs.map((place) => broadcastOf(shapes[place]!, result));
  return how.includes(null) ? null : (how as Broadcast[]);
}

/** Writes a segment's inputs without their addresses. */
export function writeReading(how: readonly Broadcast[], w: Int32Array, at: number): number {
  for (const h of how) {
    w.set(h, at + 1);
    at += 6;
  }
  return at;
}

/** What was made for a formula and operands of certain shapes. Shapes seldom change: a few are kept, the latest first. */
export class Plans<T> {
  private readonly of = new WeakMap<Formula, { shapes: Shapes[]; plan: T | null }[]>();
  private readonly most = 8;

  /** null: `make` gave null for these shapes, or an operand is not of floats. */
  find(
    f: Formula,
    sets: readonly (readonly Value[])[],
    make: (f: Formula, shapes: Shapes[]) => T | null,
  ): T | null {
    let known = this.of.get(f);
    if (known === undefined) {
      known = [];
      this.of.set(f, known);
    }
    for (let i = 0; i < known.length; i++) {
      const { shapes, plan } = known[i]!;
      if (!fits(sets, shapes)) continue;
      if (i > 0) known.unshift(...known.splice(i, 1));
      return plan;
    }
    const shapes = sets.map(shapesIn);
    if (!fits(sets, shapes)) return null;
    const plan = make(f, shapes);
    known.unshift({ shapes, plan });
    if (known.length > this.most) known.length = this.most;
    return plan;
  }
}

function fits(sets: readonly (readonly Value[])[], shapes: readonly Shapes[]): boolean {
  if (shapes.length !== sets.length) return false;
  for (let i = 0; i < sets.length; i++) if (!haveShapes(sets[i]!, shapes[i]!)) return false;
  return true;
}

/** One formula for sets of operands of certain shapes. */
interface Plan extends Job {
  program: Program;
  /** Of each set: the shape of its results, and how many elements they have. */
  results: { shape: number[]; size: number }[];
}

/** The words of a chain's job, without addresses and numbers. */
export interface Job {
  words: Int32Array;
  /** The word where the first segment begins. */
  first: number;
  operations: number;
}

/** Words before the chain's own (assembly/chain.ts), and before a segment's operands. */
const HEAD = 3;
const SEGMENT = 2;

/** null: the machine cannot run it. `f` is elementwise. */
function planOf(f: Formula, shapes: Shapes[], threads: number): Plan | null {
  const program = compile(
    {
      inputs: f.inputs.flatMap((_, i) => (f.reads[i]!.wide ? [i] : [])),
      steps: stepsOf(f.steps, false),
      wanted: f.outputs.map((o) => o.at),
    },
    (at) => shapes[0]![at] === null,
  );
  if (program === null) return null;
  const results = shapes.map((of) => {
    let shape: number[] = [];
    of.forEach((s, i) => {
      if (s !== null && f.reads[i]!.wide)
        shape = tf.backend_util.assertAndGetBroadcastShape(shape, s as number[]);
    });
    return { shape, size: tf.util.sizeFromShape(shape) };
  });
  const how = shapes.map((of, i) => readingOf(program, of, results[i]!.shape));
  if (how.includes(null)) return null;
  const full = results.flatMap(({ size }, i) => (size > 0 ? [{ size, how: how[i]! }] : []));
  const job = jobOf(program, full, threads);
  return job && { ...job, program, results };
}

/** A chain over segments. null: too many for one job. */
export function jobOf(
  program: Program,
  segments: readonly { size: number; how: readonly Broadcast[] }[],
  threads: number,
): Job | null {
  const segment = SEGMENT + program.inputs.length * 6 + program.outputs.length;
  const words = new Int32Array(HEAD + chainWords(program, program.outputs) + segments.length * segment);
  if (words.length > MOST_WORDS) return null;
  const total = segments.reduce((n, { size }) => n + size, 0);
  const { per } = piecesOf(total, threads);
  const first = writeChain(program, program.outputs, words, HEAD);
  let at = first;
  let pieces = 0;
  for (const { size, how } of segments) {
    words[at] = size;
    words[at + 1] = pieces;
    pieces += Math.ceil(size / (per * BLOCK));
    at = writeReading(how, words, at + SEGMENT) + program.outputs.length;
  }
  words[0] = segments.length;
  words[1] = pieces;
  words[2] = per;
  return { words, first, operations: total * (1 + program.code.length / 5) };
}

/** Runs a chain: `addresses` of each segment's inputs, then its outputs; `values` are the formula's operands by place. */
export function runJob(
  engine: Engine,
  program: Program,
  { words, first, operations }: Job,
  addresses: readonly number[],
  values: readonly unknown[],
): void {
  const w = engine.words;
  w.set(words);
  writeNumbers(program, w, HEAD + CODE, values);
  const inputs = program.inputs.length;
  const outputs = program.outputs.length;
  for (let at = first, i = 0; at < words.length; at += outputs) {
    at += SEGMENT;
    for (let q = 0; q < inputs; q++, at += 6) w[at] = addresses[i++]!;
    for (let o = 0; o < outputs; o++) w[at + o] = addresses[i++]!;
  }
  engine.run(JOB.chain, operations);
}

/** Computes what `plan` is for: of each set its results, as new tensors. */
function run(backend: WasmBackend, plan: Plan, sets: readonly (readonly Value[])[]): Tensor[][] {
  const { program, results } = plan;
  const { engine } = backend;
  const all: Tensor[][] = [];
  const addresses: number[] = [];
  // Allocation and moving operands into shared memory may grow it, so words are written after.
  for (let i = 0; i < sets.length; i++) {
    const { shape, size } = results[i]!;
    const values = sets[i]!;
    const outs: Tensor[] = [];
    if (size > 0)
      for (const at of program.inputs) addresses.push(backend.entry(values[at] as Tensor).floats());
    for (let o = 0; o < program.outputs.length; o++) {
      const info = backend.output(shape);
      if (size > 0) addresses.push(backend.entry(info).address);
      outs.push(tf.engine().makeTensorFromTensorInfo(info as never));
    }
    all.push(outs);
  }
  if (addresses.length > 0) runJob(engine, program, plan, addresses, sets[0]!);
  return all;
}

export const backendNow = () => tf.backend() as unknown as WasmBackend;

/** Runs elementwise formulas on an engine of so many threads; `fallback` takes what the machine cannot run. */
export function chainExecutors(threads: number, fallback: Executor): { one: Executor; each: EachExecutor } {
  const plans = new Plans<Plan>();
  const make = (f: Formula, shapes: Shapes[]) => planOf(f, shapes, threads);
  const one: Executor = (f, values) => {
    const plan = plans.find(f, [values], make);
    return plan === null ? fallback(f, values) : run(backendNow(), plan, [values])[0]!;
  };
  const each: EachExecutor = (f, sets) => {
    if (sets.length === 0) return [];
    const plan = plans.find(f, sets, make);
    if (plan !== null) return run(backendNow(), plan, sets);
    if (sets.length === 1) return [fallback(f, sets[0]!)];
    // Too many for one job, or one among them that the machine cannot run.
    const half = sets.length >> 1;
    return [...each(f, sets.slice(0, half)), ...each(f, sets.slice(half))];
  };
  return { one, each };
}
