/** Sums, means, maxima and minima: over trailing axes, or over leading ones with the last kept. */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { floatBits } from './elementwise.ts';
import { type Engine, JOB } from './engine.ts';
import { cpuKernel, type Kernel } from './fallback.ts';

/** The axes as one run: [outer, reduced, inner] sizes; null where they don't lie together. */
export function runOf(shape: readonly number[], axes: readonly number[]): [number, number, number] | null {
  const big = axes.filter((a) => shape[a] !== 1).sort((p, q) => p - q);
  const isReduced = (i: number) => big.includes(i);
  const first = big[0] ?? shape.length;
  const last = big[big.length - 1] ?? shape.length - 1;
  for (let i = first; i <= last; i++) if (!isReduced(i) && shape[i] !== 1) return null;
  const size = (from: number, to: number) => shape.slice(from, to).reduce((p, n) => p * n, 1);
  return [size(0, first), size(first, last + 1), size(last + 1, shape.length)];
}

/** Reduced axes that lie together, the last first; those of 1 are left out. */
export function axesApart(shape: readonly number[], axes: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const axis of axes.filter((a) => shape[a] !== 1).sort((p, q) => q - p)) {
    const run = runs.at(-1);
    const next = run?.at(-1);
    if (run && shape.slice(axis + 1, next).every((n) => n === 1)) run.push(axis);
    else runs.push([axis]);
  }
  return runs;
}

/** Reductions that follow one another, as [outer, reduced, inner] sizes of each: of axes that lie together, the last first. */
export function runsOf(shape: readonly number[], axes: readonly number[]): [number, number, number][] {
  let left = [...shape];
  const runs = axesApart(shape, axes).map((run) => {
    const sizes = runOf(left, run)!;
    left = left.map((n, i) => (run.includes(i) ? 1 : n));
    return sizes;
  });
  return runs.length > 0 ? runs : [[tf.util.sizeFromShape(shape as number[]), 1, 1]];
}

/** Makes one reduction after another: sums (kind 0, multiplied by `scale` in the end), maxima (1) or minima (2). */
export function reduceRuns(
  engine: Engine,
  from: number,
  to: number,
  runs: readonly (readonly [number, number, number])[],
  kind: number,
  scale: number,
): void {
  // What is left after each but the last is in passing.
  const passing = runs.slice(0, -1).map(([outer, , inner]) => engine.allocate(outer * inner * 4));
  for (const [i, [outer, rows, cols]] of runs.entries()) {
    const out = passing[i] ?? to;
    const by = floatBits(i === runs.length - 1 ? scale : 1);
    if (cols === 1) {
      engine.words.set([from, out, outer, rows, kind, by]);
      engine.run(JOB.rows, outer * rows);
    } else {
      engine.words.set([from, out, outer, rows, cols, by, kind]);
      engine.run(JOB.columns, outer * rows * cols);
    }
    from = out;
  }
  for (const address of passing) engine.release(address);
}

function reduction(name: string, kind: 0 | 1 | 2, mean: boolean): [string, Kernel] {
  const cpu = cpuKernel(name);
  return [
    name,
    (args) => {
      const backend = args.backend as WasmBackend;
      const x = args.inputs.x as tf.TensorInfo;
      const {
        axis: plain,
        reductionIndices,
        keepDims,
      } = args.attrs as { axis?: number | number[]; reductionIndices?: number | number[]; keepDims: boolean };
      const axis = (plain ?? reductionIndices) as number | number[];
      const axes = tf.util.parseAxisParam(axis, x.shape);
      if (x.dtype !== 'float32' || tf.util.sizeFromShape(x.shape) === 0) return cpu(args);
      const runs = runsOf(x.shape, axes);
      const shape = x.shape.flatMap((n, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [n]));
      const out = backend.output(shape);
      const count = runs.reduce((p, [, n]) => p * n, 1);
      const from = backend.entry(x).floats();
      reduceRuns(backend.engine, from, backend.entry(out).address, runs, kind, mean ? 1 / count : 1);
      return out;
    },
  ];
}

export function reductionKernels(): [string, Kernel][] {
  return [
    reduction('Sum', 0, false),
    reduction('Mean', 0, true),
    reduction('Max', 1, false),
    reduction('Min', 2, false),
  ];
}
