/** Runs formulas as programs of the GPU: what `registerFused` is given for tfjs's webgpu backend. */
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Executor, Formula } from '../../core/fused.ts';
import { type Written, writeChain } from './chain.ts';
import { type Part, partOf } from './formula.ts';
import { type WrittenGroup, writeGroup } from './group.ts';
import { grid, launch, makeProgram, type Program, type WebgpuBackend } from './launch.ts';

/** What is taken from runtimes/core/fused.ts: there is one registry of executors in a process. */
export interface Fused {
  registerFused: (backend: string, executor: Executor) => void;
  plainExecutor: Executor;
  shapesOf: (formula: Formula, inputs: readonly (Tensor | number)[]) => { wide: number[]; narrow: number[] };
}

/** A launch that is ready for operands of some shapes. */
interface Ready extends Written {
  program: Program;
}
interface Launches {
  first: Ready;
  second: Ready | null;
  partials: number;
  outputs: readonly number[];
}
/** A formula for operands of some shapes. */
interface Prepared {
  wide: number[];
  narrow: number[];
  /** Several where one would bind more buffers than the device can. null: nothing of ours runs it. */
  launches: Launches[] | null;
}

export function fusedExecutor(backend: WebgpuBackend, { plainExecutor, shapesOf }: Fused): Executor {
  const prepared = new WeakMap<Formula, Map<string, Prepared>>();
  // By their text: the same chain in another place is the same program.
  const programs = new Map<string, Program>();

  const ready = (written: Written): Ready => {
    let program = programs.get(written.code);
    if (program === undefined) {
      program = makeProgram(backend.device, written.label, written.code);
      programs.set(written.code, program);
    }
    return { ...written, program };
  };

  const prepare = (formula: Formula, operands: readonly (Tensor | number)[]): Prepared => {
    const { wide, narrow } = shapesOf(formula, operands);
    const isNumber = (input: number) => typeof operands[input] === 'number';
    const shapeOf = (input: number) => (operands[input] as Tensor).shape;
    const launches: Launches[] = [];
    const none: Prepared = { wide, narrow, launches: null };
    if (tf.util.sizeFromShape(wide) === 0) return none;
    const most = backend.device.limits.maxStorageBuffersPerShaderStage;
    for (const part of fitting(formula, isNumber, most)) {
      const written = write(part, wide, shapeOf, isNumber);
      if (written === null) return none;
      const { first, second, partials } = written;
      launches.push({
        first: ready(first),
        second: second && ready(second),
        partials,
        outputs: part.outputs,
      });
    }
    return { wide, narrow, launches: launches.length === 0 ? null : launches };
  };

  return (formula, operands) => {
    let key = '';
    for (const x of operands) {
      if (typeof x === 'number') key += 'n;';
      else if (x.dtype !== 'float32') return plainExecutor(formula, operands);
      else key += `${x.shape};`;
    }
    let shapes = prepared.get(formula);
    if (shapes === undefined) {
      shapes = new Map();
      prepared.set(formula, shapes);
    }
    let p = shapes.get(key);
    if (p === undefined) {
      p = prepare(formula, operands);
      shapes.set(key, p);
    }
    const { launches, wide, narrow } = p;
    if (launches === null) return plainExecutor(formula, operands);
    const results: TensorInfo[] = formula.outputs.map((o) =>
      backend.makeTensorInfo([...(o.narrow ? narrow : wide)], 'float32'),
    );
    for (const l of launches) run(backend, formula, l, operands, results);
    return results.map((r) => tf.engine().makeTensorFromTensorInfo(r));
  };
}

function write(
  part: Part,
  wide: readonly number[],
  shapeOf: (input: number) => readonly number[],
  isNumber: (input: number) => boolean,
): WrittenGroup | null {
  // Outputs of a group may all be wide, where only they are asked for in this part.
  if (part.steps.some((s) => s.narrow)) return writeGroup(part, wide, shapeOf, isNumber);
  const first = writeChain(part, wide, shapeOf, isNumber);
  return first && { first, second: null, partials: 0 };
}

/** The formula in as few parts as bind at most `most` buffers each; none: one output alone needs more. */
function fitting(formula: Formula, isNumber: (input: number) => boolean, most: number): Part[] {
  const parts: Part[] = [];
  let outputs: number[] = [];
  /** Partial sums between two launches may take one more. */
  const fits = ({ wide, narrow, outputs }: Part): boolean =>
    new Set([...wide, ...narrow]).size + outputs.length + (narrow.length > 0 ? 1 : 0) <= most;
  let last: Part | null = null;
  for (let o = 0; o < formula.outputs.length; o++) {
    let part = partOf(formula, [...outputs, o], isNumber);
    if (!fits(part)) {
      if (last !== null) parts.push(last);
      part = partOf(formula, [o], isNumber);
      if (!fits(part)) return [];
      outputs = [];
    }
    outputs.push(o);
    last = part;
  }
  if (last !== null) parts.push(last);
  return parts;
}

function run(
  backend: WebgpuBackend,
  formula: Formula,
  { first, second, partials, outputs }: Launches,
  operands: readonly (Tensor | number)[],
  results: readonly TensorInfo[],
): void {
  const start = (l: Ready, given: readonly TensorInfo[], written: readonly TensorInfo[]): void => {
    const tensors = l.inputs.map((i) => operands[i] as Tensor);
    const floats = l.floats.values().map((v) => (typeof v === 'number' ? v : (operands[v.at] as number)));
    launch(
      backend,
      l.program,
      [...tensors, ...given, ...written],
      { whole: l.whole, floats },
      grid(backend.device, l.workgroups),
    );
  };
  if (second === null) {
    start(
      first,
      [],
      outputs.map((o) => results[o]!),
    );
    return;
  }
  const of = (narrow: boolean) =>
    outputs.filter((o) => formula.outputs[o]!.narrow === narrow).map((o) => results[o]!);
  const between = backend.makeTensorInfo([partials], 'float32');
  start(first, [], [...of(false), between]);
  start(second, [between], of(true));
  backend.disposeData(between.dataId);
}
