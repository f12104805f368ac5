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
      const r = runOf(x.shape, axes);
      if (x.dtype !== 'float32' || !r || (kind !== 0 && r[2] !== 1) || r[0] * r[1] * r[2] === 0)
        return cpu(args);
      const shape = x.shape.flatMap((n, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [n]));
      const out = backend.output(shape);
      const from = backend.entry(x).floats(),
        to = backend.entry(out).address;
      const w = backend.engine.words;
      const scale = floatBits(mean ? 1 / r[1] : 1);
      if (r[2] === 1) {
        w.set([from, to, r[0], r[1], kind, scale]);
        backend.engine.run(JOB.rows, r[0] * r[1]);
      } else {
        w.set([from, to, r[0], r[1], r[2], scale]);
        backend.engine.run(JOB.columns, r[0] * r[1] * r[2]);
      }
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
