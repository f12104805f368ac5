/**
 * Formulas with reductions: one pass over the wide operands gives the wide results and all sums (assembly/group.ts), then
 * the narrow steps are a chain over what is left.
 */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Executor, type Formula, reductions } from '../../core/formula/fused.ts';
import {
  backendNow,
  CODE,
  chainWords,
  type Job,
  jobOf,
  Plans,
  readingOf,
  runJob,
  type Shapes,
  type Value,
  writeChain,
  writeReading,
} from './chains.ts';
import { BLOCK, floatBits } from './elementwise.ts';
import { JOB, MOST_WORDS } from './engine.ts';
import { compile, type Program, stepsOf, writeNumbers } from './program.ts';
import { axesApart, reduceRuns, runOf, runsOf } from './reductions.ts';

interface Plan {
  wideShape: number[];
  narrowShape: number[];
  /** Elements of a narrow value. */
  size: number;
  wide: Program;
  /** The words of the group's job without addresses and numbers, and where its segment begins. */
  words: Int32Array;
  segment: number;
  operations: number;
  /** Of each reduction: its place in the formula, and by what its sums are multiplied. */
  sums: { place: number; scale: number }[];
  /** The sums of chunks, as [outer, chunks, cols], are added up afterwards. */
  outer: number;
  chunks: number;
  cols: number;
  /** Where the axes do not lie together, the reductions of those that the pass leaves, by their sizes. */
  rest: [number, number, number][];
  narrow: { program: Program; job: Job } | null;
}

/** Words before the chain's own (assembly/group.ts). */
const HEAD = 7;
/** Numbers that a chunk has at least, about, and rows that it has at most, so that single precision is enough. */
const CHUNK = 4096;
const LEAST_ROWS = 32;
const MOST_ROWS = 128;
/** Numbers of a piece, about. */
const PIECE = 8192;

/** Rows whose sum is made in one go. It does not depend on the number of threads, so that the result does not. */
function chunkOf(rows: number, cols: number): number {
  if (cols === 1) return Math.min(rows, CHUNK);
  const wide = cols % 4 === 0 || cols * 4 > BLOCK;
  // Four rows side by side are added up lane by lane, see sumRows.
  const most = wide ? MOST_ROWS : 4 * MOST_ROWS;
  const n = Math.min(most, Math.max(LEAST_ROWS, CHUNK / cols)) & ~3;
  return Math.min(rows, n);
}

/** null: the machine cannot run it so. */
function planOf(f: Formula, shapes: Shapes, threads: number): Plan | null {
  let wideShape: number[] = [];
  shapes.forEach((s, i) => {
    if (s !== null && f.reads[i]!.wide)
      wideShape = tf.backend_util.assertAndGetBroadcastShape(wideShape, s as number[]);
  });
  const narrowShape = wideShape.flatMap((n, axis) => (f.axes.includes(axis) ? (f.keep ? [1] : []) : [n]));
  const reduced = f.steps.filter((s) => reductions.has(s.op));
  if (reduced.length === 0) return null;
  // Of axes that do not lie together, those that reduce the most come first.
  const product = (axes: readonly number[]) => axes.reduce((p, axis) => p * wideShape[axis]!, 1);
  const [first = [], ...others] = axesApart(wideShape, f.axes).sort((p, q) => product(q) - product(p));
  const [outer, rows, cols] = runOf(wideShape, first)!;
  const between = wideShape.map((n, axis) => (first.includes(axis) ? 1 : n));
  const rest = others.length > 0 ? runsOf(between, others.flat()) : [];
  const isNumber = (at: number) => shapes[at] === null;
  const outputsOf = (narrow: boolean) => f.outputs.filter((o) => o.narrow === narrow).map((o) => o.at);
  const inputsOf = (kind: 'wide' | 'narrow') => f.inputs.flatMap((_, i) => (f.reads[i]![kind] ? [i] : []));
  const summed = reduced.map(({ args: [x] }) => (typeof x === 'number' ? -1 : x!.at));
  const wide = compile(
    {
      inputs: inputsOf('wide'),
      steps: stepsOf(f.steps, false),
      wanted: [...outputsOf(false), ...summed],
    },
    isNumber,
  );
  const how = wide && readingOf(wide, shapes, wideShape);
  if (wide === null || how === null || outer * rows * cols === 0) return null;
  const size = (outer * cols) / product(others.flat());

  const chunk = chunkOf(rows, cols);
  const chunks = Math.ceil(rows / chunk);
  const written = wide.outputs.slice(0, wide.outputs.length - summed.length);
  const segment = HEAD + chainWords(wide, written);
  const words = new Int32Array(segment + wide.inputs.length * 6 + written.length + summed.length * 3);
  if (words.length > MOST_WORDS) return null;
  // Of short rows as many as fill a block are one unit.
  const unit = chunk * Math.min(cols, BLOCK);
  const units = Math.max(1, Math.round(PIECE / (cols === 1 && rows <= BLOCK / 2 ? BLOCK : unit)));
  words.set([outer, rows, cols, chunk, chunks, units, summed.length]);
  writeChain(wide, written, words, HEAD);
  let at = writeReading(how, words, segment) + written.length;
  const sums = reduced.map(({ op, result }, i) => {
    const scale = op === 'mean' ? 1 / product(f.axes) : 1;
    words[at] = wide.outputs[written.length + i]!;
    words[at + 2] = floatBits(chunks === 1 && rest.length === 0 ? scale : 1);
    at += 3;
    return { place: result.at, scale };
  });

  let narrow: Plan['narrow'] = null;
  const after = stepsOf(f.steps, true);
  if (after.length > 0) {
    const places = sums.map((s) => s.place);
    const program = compile(
      {
        inputs: [...inputsOf('narrow'), ...places],
        steps: after,
        wanted: outputsOf(true).filter((o) => !places.includes(o)),
      },
      isNumber,
    );
    const given = [...shapes];
    for (const place of places) given[place] = narrowShape;
    const reading = program && readingOf(program, given, narrowShape);
    const job = program && reading && jobOf(program, [{ size, how: reading }], threads);
    if (!job) return null;
    narrow = { program, job };
  }
  const operations = outer * rows * cols * (1 + wide.code.length / 5 + summed.length);
  return {
    ...{ wideShape, narrowShape, size, wide, words, segment, operations },
    ...{ sums, outer, chunks, cols, rest, narrow },
  };
}

function run(plan: Plan, f: Formula, values: readonly Value[]): Tensor[] {
  const backend = backendNow();
  const { engine } = backend;
  const { wide, narrow, words, sums, size, outer, chunks, cols, rest } = plan;
  /** Addresses by place in the formula. */
  const address: number[] = [];
  values.forEach((x, i) => {
    if (typeof x !== 'number') address[i] = backend.entry(x).floats();
  });
  const outs = f.outputs.map(({ at, narrow }) => {
    const info = backend.output(narrow ? plan.narrowShape : plan.wideShape);
    address[at] = backend.entry(info).address;
    return tf.engine().makeTensorFromTensorInfo(info as never);
  });
  // Sums that are no results, then those of chunks, then those of axes that others follow.
  const passing = sums.filter(({ place }) => address[place] === undefined);
  const partial = chunks === 1 ? 0 : outer * cols * chunks;
  const before = rest.length === 0 ? 0 : outer * cols;
  const floats = passing.length * size + sums.length * (partial + before);
  const scratch = floats > 0 ? engine.allocate(floats * 4) : 0;
  passing.forEach(({ place }, i) => {
    address[place] = scratch + i * size * 4;
  });
  const behind = scratch + passing.length * size * 4;
  const partials = (i: number) => behind + i * partial * 4;
  /** Where the sums of the pass go. */
  const passed = (i: number) =>
    before === 0 ? address[sums[i]!.place]! : behind + (sums.length * partial + i * before) * 4;

  const w = engine.words;
  w.set(words);
  writeNumbers(wide, w, HEAD + CODE, values);
  let at = plan.segment;
  for (const place of wide.inputs) {
    w[at] = address[place]!;
    at += 6;
  }
  for (const o of f.outputs) if (!o.narrow) w[at++] = address[o.at]!;
  sums.forEach((_, i) => {
    w[at + 1] = partial === 0 ? passed(i) : partials(i);
    at += 3;
  });
  engine.run(JOB.group, plan.operations);
  for (const [i, { place, scale }] of sums.entries()) {
    const by = rest.length === 0 ? scale : 1;
    if (partial > 0) reduceRuns(engine, partials(i), passed(i), [[outer, chunks, cols]], 0, by);
    if (rest.length > 0) reduceRuns(engine, passed(i), address[place]!, rest, 0, scale);
  }
  if (narrow !== null) {
    const { program, job } = narrow;
    const places = [...program.inputs, ...f.outputs.flatMap((o) => (isAfter(plan, o) ? [o.at] : []))];
    runJob(
      engine,
      program,
      job,
      places.map((place) => address[place]!),
      values,
    );
  }
  if (scratch > 0) engine.release(scratch);
  return outs;
}

/** Whether an output is made by a narrow step. */
const isAfter = ({ sums }: Plan, { at, narrow }: Formula['outputs'][number]) =>
  narrow && !sums.some(({ place }) => place === at);

/** Runs any formula: those without axes by `chain`, those with by one pass, and what is left by `fallback`. */
export function groupExecutor(threads: number, chain: Executor, fallback: Executor): Executor {
  const plans = new Plans<Plan>();
  return (f, values) => {
    if (f.axes.length === 0) return chain(f, values);
    const plan = plans.find(f, [values], (g, [shapes]) => planOf(g, shapes!, threads));
    return plan === null ? fallback(f, values) : run(plan, f, values);
  };
}
