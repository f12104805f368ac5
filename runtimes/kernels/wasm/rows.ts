/** Rows by position, and the transpose: rows added up at their positions (assembly/rows.ts). */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { JOB } from './engine.ts';
import type { Kernel } from './fallback.ts';

const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape(shape as number[]);

const takeRows: Kernel = ({ inputs, attrs, backend }) => {
  const b = backend as WasmBackend;
  const [x, index] = [inputs.x!, inputs.index!];
  const shared = attrs.shared as number;
  const rest = x.shape.slice(shared + 1);
  const groups = sizeOf(x.shape.slice(0, shared));
  const out = b.output([...index.shape, ...rest]);
  const [inner, k] = [sizeOf(rest), sizeOf(index.shape) / groups];
  const [from, at] = [b.entry(x).floats(), b.entry(index).floats()];
  b.engine.words.set([from, at, b.entry(out).address, groups, x.shape[shared]!, inner, k]);
  b.engine.run(JOB.takeRows, groups * k * inner);
  return out;
};

const putRows: Kernel = ({ inputs, attrs, backend }) => {
  const b = backend as WasmBackend;
  const [rows, index] = [inputs.rows!, inputs.index!];
  const { shared, n } = attrs as { shared: number; n: number };
  const lead = index.shape.slice(0, shared);
  const rest = rows.shape.slice(index.shape.length);
  const groups = sizeOf(lead);
  const out = b.output([...lead, n, ...rest]);
  const [inner, k] = [sizeOf(rest), sizeOf(index.shape) / groups];
  const [from, at] = [b.entry(rows).floats(), b.entry(index).floats()];
  b.engine.words.set([from, at, b.entry(out).address, groups, n, inner, k]);
  b.engine.run(JOB.putRows, groups * (k + n) * inner);
  return out;
};

export function rowKernels(): [string, Kernel][] {
  return [
    ['TakeRows', takeRows],
    ['PutRows', putRows],
  ];
}
