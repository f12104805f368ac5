/**
 * Products of matrices for tfjs's wasm backend, whose own are fast (30 GFLOP/s) for one pair that lies straight, and 15
 * times slower for transposed operands and for batches.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { multiply, output, part, register, release, transposed, type WasmBackend } from './heap.ts';

const size = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

function batchMatMul(
  backend: WasmBackend,
  a: TensorInfo,
  b: TensorInfo,
  ta: boolean,
  tb: boolean,
): TensorInfo {
  const [leadA, leadB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [m, k] = ta ? [columnsA, rowsA] : [rowsA, columnsA];
  const n = tb ? rowsB : columnsB;
  const [countA, countB] = [size(leadA), size(leadB)];
  const count = Math.max(countA, countB);
  const out = output(backend, [...(countA >= countB ? leadA : leadB), m, n]);
  for (let i = 0; i < count; i++) {
    // A single matrix on one side serves for all of the other.
    const [atA, atB] = [(countA === 1 ? 0 : i) * m * k, (countB === 1 ? 0 : i) * k * n];
    const whole = count === 1;
    const left = ta
      ? transposed(backend, a, rowsA, columnsA, atA)
      : whole
        ? a
        : part(backend, a, atA, [m, k]);
    const right = tb
      ? transposed(backend, b, rowsB, columnsB, atB)
      : whole
        ? b
        : part(backend, b, atB, [k, n]);
    const result = whole ? out : part(backend, out, i * m * n, [m, n]);
    multiply(backend, left, right, result, [m, k, n]);
    for (const [made, turned, of] of [
      [left, ta, a],
      [right, tb, b],
      [result, false, out],
    ] as const) {
      if (turned) backend.disposeData(made.dataId);
      else if (made !== of) release(backend, made);
    }
  }
  return out;
}

export function registerMatMul(): void {
  register('BatchMatMul', (own) => (args) => {
    const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
    const { transposeA, transposeB } = args.attrs as { transposeA: boolean; transposeB: boolean };
    const straight = !transposeA && !transposeB && a.shape.length === 2 && b.shape.length === 2;
    if (own !== null && (straight || !simple(a, b))) return own(args);
    return batchMatMul(args.backend, a, b, transposeA, transposeB);
  });
}

/** Equally many matrices on both sides, or a single one on one of them. */
function simple(a: TensorInfo, b: TensorInfo): boolean {
  const [leadA, leadB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const [countA, countB] = [size(leadA), size(leadB)];
  const floats = a.dtype === 'float32' && b.dtype === 'float32';
  return floats && (tf.util.arraysEqual(leadA, leadB) || countA === 1 || countB === 1);
}
