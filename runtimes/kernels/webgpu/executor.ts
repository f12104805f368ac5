/** Runs formulas as programs of the GPU: what `registerFused` is given for tfjs's webgpu backend. */
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Executor, Formula } from '../../core/formula/fused.ts';
import { type Written, writeChain } from './chain.ts';
import { type Operands, type Part, partOf } from './formula.ts';
import { type WrittenGroup, writeGroup } from './group.ts';
import { grid, launch, makeProgram, type Program, type WebgpuBackend } from './launch.ts';

/** What is taken from runtimes/core/formula/fused.ts: there is one registry of executors in a process. */
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

  const isWhole = (x: Tensor) => backend.tensorMap.get(x.dataId).dtype !== 'float32';

  const prepare = (formula: Formula, operands: readonly (Tensor | number)[]): Prepared => {
    const { wide, narrow } = shapesOf(formula, operands);
    const known: Operands = {
      isNumber: (input) => typeof operands[input] === 'number',
      shape: (input) => (operands[input] as Tensor).shape,
      isWhole: (input) => isWhole(operands[input] as Tensor),
    };
    const launches: Launches[] = [];
    const none: Prepared = { wide, narrow, launches: null };
    if (tf.util.sizeFromShape(wide) === 0) return none;
    const most = backend.device.limits.maxStorageBuffersPerShaderStage;
    for (const part of fitting(formula, known, most)) {
      const written = write(part, wide, known);
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
      else key += isWhole(x) ? `${x.shape}w;` : `${x.shape};`;
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

function write(part: Part, wide: readonly number[], operands: Operands): WrittenGroup | null {
  // Outputs of a group may all be wide, where only they are asked for in this part.
  if (part.steps.some((s) => s.narrow)) return writeGroup(part, wide, operands);
  const first = writeChain(part, wide, operands);
  return first && { first, second: null, partials: 0 };
}

/** The formula in as few parts as bind at most `most` buffers each; none: one output alone needs more. */
function fitting(formula: Formula, operands: Operands, most: number): Part[] {
  const parts: Part[] = [];
  let outputs: number[] = [];
  const fits = ({ wide, narrow, outputs }: Part): boolean =>
    new Set([...wide, ...narrow]).size + outputs.length <= most;
  let last: Part | null = null;
  for (let o = 0; o < formula.outputs.length; o++) {
    let part = partOf(formula, [...outputs, o], operands);
    if (!fits(part)) {
      if (last !== null) parts.push(last);
      part = partOf(formula, [o], operands);
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
      { sizes: l.sizes, floats },
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
