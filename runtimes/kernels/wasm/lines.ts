/** Order, the place of an extreme, and running sums and recurrences along one axis (assembly/lines.ts). */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { JOB } from './engine.ts';
import type { Kernel } from './fallback.ts';

/** The axis as the middle one of [outer, n, inner]. */
function linesOf(shape: readonly number[], axis: number): [number, number, number] {
  const size = (part: readonly number[]) => tf.util.sizeFromShape(part as number[]);
  return [size(shape.slice(0, axis)), shape[axis]!, size(shape.slice(axis + 1))];
}

const argsort: Kernel = ({ inputs, attrs, backend }) => {
  const b = backend as WasmBackend;
  const x = inputs.x!;
  const { axis, descending } = attrs as { axis: number; descending: boolean };
  const lines = linesOf(x.shape, axis);
  const count = tf.util.sizeFromShape(x.shape);
  const out = b.output(x.shape);
  const room = b.engine.allocate(8 * count);
  // Memory may grow here, so addresses come before words.
  const from = b.entry(x).floats();
  b.engine.words.set([from, b.entry(out).address, room, ...lines, Number(descending)]);
  b.engine.run(JOB.argsort, count * 4 * (1 + Math.log2(lines[1])));
  b.engine.release(room);
  return out;
};

const extremeAt: Kernel = ({ inputs, attrs, backend }) => {
  const b = backend as WasmBackend;
  const x = inputs.x!;
  const { axis, keep, largest } = attrs as { axis: number; keep: boolean; largest: boolean };
  const out = b.output(x.shape.flatMap((n, i) => (i === axis ? (keep ? [1] : []) : [n])));
  const from = b.entry(x).floats();
  b.engine.words.set([from, b.entry(out).address, ...linesOf(x.shape, axis), Number(largest)]);
  b.engine.run(JOB.extremeAt, tf.util.sizeFromShape(x.shape));
  return out;
};

/** `a` is left out where it is 1 everywhere: a running sum. */
function recurrence(
  b: WasmBackend,
  a: tf.TensorInfo | null,
  x: tf.TensorInfo,
  attrs: Record<string, unknown>,
): tf.TensorInfo {
  const { axis, reverse } = attrs as { axis: number; reverse: boolean };
  const out = b.output(x.shape);
  const factors = a === null ? 0 : b.entry(a).floats();
  const terms = b.entry(x).floats();
  const lines = linesOf(x.shape, axis);
  b.engine.words.set([factors, terms, b.entry(out).address, ...lines, Number(reverse)]);
  b.engine.run(JOB.recurrence, 2 * tf.util.sizeFromShape(x.shape));
  return out;
}

export function lineKernels(): [string, Kernel][] {
  return [
    ['ArgSort', argsort],
    ['ExtremeAt', extremeAt],
    [
      'RunningSum',
      ({ inputs, attrs, backend }) => recurrence(backend as WasmBackend, null, inputs.x!, attrs),
    ],
    [
      'LinearRecurrence',
      ({ inputs, attrs, backend }) => recurrence(backend as WasmBackend, inputs.a!, inputs.b!, attrs),
    ],
  ];
}
