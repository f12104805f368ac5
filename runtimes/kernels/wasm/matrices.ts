/** Inverses, determinants and triangular systems of small matrices (assembly/matrices.ts). */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { JOB } from './engine.ts';
import type { Kernel } from './fallback.ts';

const sizeOf = (shape: readonly number[]): number => tf.util.sizeFromShape(shape as number[]);

function elimination(inverse: boolean): Kernel {
  return ({ inputs, backend }) => {
    const b = backend as WasmBackend;
    const x = inputs.x!;
    const n = x.shape.at(-1)!;
    const count = sizeOf(x.shape) / (n * n);
    const out = b.output(inverse ? x.shape : x.shape.slice(0, -2));
    const room = b.engine.allocate(8 * n * n * count * (inverse ? 2 : 1));
    const from = b.entry(x).floats();
    b.engine.words.set([from, b.entry(out).address, room, count, n, inverse ? 0 : 1]);
    b.engine.run(JOB.matrices, 2 * n * n * n * count);
    b.engine.release(room);
    return out;
  };
}

const triangularSolve: Kernel = ({ inputs, attrs, backend }) => {
  const b = backend as WasmBackend;
  const [a, right] = [inputs.a!, inputs.b!];
  const { lower, transpose } = attrs as { lower: boolean; transpose: boolean };
  const [n, m] = right.shape.slice(-2) as [number, number];
  const count = sizeOf(right.shape) / (n * m);
  const out = b.output(right.shape);
  const [matrices, from] = [b.entry(a).floats(), b.entry(right).floats()];
  const to = b.entry(out).address;
  b.engine.words.set([matrices, from, to, count, n, m, Number(lower), Number(transpose)]);
  b.engine.run(JOB.triangularSolve, n * n * m * count);
  return out;
};

export function matrixKernels(): [string, Kernel][] {
  return [
    ['MatrixInverse', elimination(true)],
    ['MatrixDeterminant', elimination(false)],
    ['TriangularSolve', triangularSolve],
  ];
}
