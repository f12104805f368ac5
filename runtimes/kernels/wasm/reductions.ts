/** Sums, means, maxima and minima: over trailing axes, or over leading ones with the last kept. */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { floatBits } from './elementwise.ts';
import { JOB } from './engine.ts';
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

/** Reduced axes as runs that lie together, the last run first: [outer, reduced, inner] sizes of each, what is before being reduced. */
function runsOf(shape: readonly number[], axes: readonly number[]): [number, number, number][] {
  const runs: [number, number, number][] = [];
  let left = [...shape];
  let rest = axes.filter((a) => shape[a] !== 1).sort((p, q) => q - p);
  while (rest.length > 0) {
    let length = 1;
    const lastsTo = (a: number) =>
      left.slice(a + 1, rest[0]! + 1).every((n, i) => n === 1 || rest.includes(a + 1 + i));
    while (length < rest.length && lastsTo(rest[length]!)) length++;
    const run = rest.slice(0, length);
    runs.push(runOf(left, run)!);
    left = left.map((n, i) => (run.includes(i) ? 1 : n));
    rest = rest.slice(length);
  }
  return runs.length > 0 ? runs : [[tf.util.sizeFromShape([...shape]), 1, 1]];
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
      const { engine } = backend;
      // What is left after each run but the last is in passing.
      const passing = runs.slice(0, -1).map(([outer, , inner]) => engine.allocate(outer * inner * 4));
      const count = runs.reduce((p, [, n]) => p * n, 1);
      let from = backend.entry(x).floats();
      for (const [i, [outer, rows, cols]] of runs.entries()) {
        const to = passing[i] ?? backend.entry(out).address;
        const scale = floatBits(mean && i === runs.length - 1 ? 1 / count : 1);
        if (cols === 1) {
          engine.words.set([from, to, outer, rows, kind, scale]);
          engine.run(JOB.rows, outer * rows);
        } else {
          engine.words.set([from, to, outer, rows, cols, scale, kind]);
          engine.run(JOB.columns, outer * rows * cols);
        }
        from = to;
      }
      for (const address of passing) engine.release(address);
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
