/** Operations along one axis and by position, where tfjs has them in another form. Positions are float32 values. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { own } from './own.ts';

const sizeOf = (shape: readonly number[]): number => shape.reduce((p, n) => p * n, 1);

/** The positions of an axis in the order of their entries, the smallest first unless `descending`; ties keep their order. */
export function argsort(x: Tensor, axis: number, descending = false): Tensor {
  const sorted = own('ArgSort', { x }, { axis, descending });
  if (sorted) return sorted;
  return tf.tidy(() => {
    const last = x.rank - 1;
    // topk knows the last axis, and gives the largest first.
    const exchanged = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
    const lines = axis === last ? x : tf.transpose(x, exchanged);
    const { indices } = tf.topk(descending ? lines : tf.neg(lines), x.shape[axis]!, true);
    const order = tf.cast(indices, 'float32');
    return axis === last ? order : tf.transpose(order, exchanged);
  });
}

/** The position of the largest entry along an axis, of several the first. */
export function argMax(x: Tensor, axis: number, keep = false): Tensor {
  return (
    own('ExtremeAt', { x }, { axis, keep, largest: true }) ??
    positionOf(() => tf.argMax(x, axis), x, axis, keep)
  );
}

export function argMin(x: Tensor, axis: number, keep = false): Tensor {
  return (
    own('ExtremeAt', { x }, { axis, keep, largest: false }) ??
    positionOf(() => tf.argMin(x, axis), x, axis, keep)
  );
}

function positionOf(f: () => Tensor, x: Tensor, axis: number, keep: boolean): Tensor {
  return tf.tidy(() => {
    const position = tf.cast(f(), 'float32');
    return keep
      ? tf.reshape(
          position,
          x.shape.map((n, i) => (i === axis ? 1 : n)),
        )
      : position;
  });
}

/** Running sums along an axis, from its end where `reverse`: ⌈log₂ n⌉ passes. tfjs's webgpu cumsum confuses lengths (4.22). */
export function cumsum(x: Tensor, axis: number, reverse = false): Tensor {
  const sums = own('RunningSum', { x }, { axis, reverse });
  if (sums) return sums;
  return tf.tidy(() => {
    const n = x.shape[axis]!;
    let sum = x;
    for (let by = 1; by < n; by *= 2) sum = tf.add(sum, before(sum, by, axis, reverse));
    return tf.clone(sum);
  });
}

/** s[i] = a[i] · s[i − 1] + b[i] along an axis, from its end where `reverse`: ⌈log₂ n⌉ passes. */
export function linearRecurrence(a: Tensor, b: Tensor, axis: number, reverse = false): Tensor {
  const states = own('LinearRecurrence', { a, b }, { axis, reverse });
  if (states) return states;
  return tf.tidy(() => {
    const n = a.shape[axis]!;
    let [factor, state] = [a, b];
    for (let by = 1; by < n; by *= 2) {
      state = tf.add(state, tf.mul(factor, before(state, by, axis, reverse)));
      if (2 * by < n) factor = tf.mul(factor, before(factor, by, axis, reverse));
    }
    return tf.clone(state);
  });
}

/** The entries `by` positions before (behind, where `reverse`) along an axis; 0 comes in. */
function before(t: Tensor, by: number, axis: number, reverse: boolean): Tensor {
  const begin = t.shape.map((_, i) => (i === axis && reverse ? by : 0));
  const size = t.shape.map((n, i) => (i === axis ? n - by : n));
  const margin: [number, number] = reverse ? [0, by] : [by, 0];
  return tf.pad(
    tf.slice(t, begin, size),
    t.shape.map((_, i): [number, number] => (i === axis ? margin : [0, 0])),
  );
}

/**
 * Rows by position: x [G…, n, …] and positions [G…, K…] give [G…, K…, …], where `shared` counts the axes G. The fraction
 * of a position is cut off; one outside 0 to n − 1 gives zeros.
 */
export function take(x: Tensor, index: Tensor, shared: number): Tensor {
  const rows = own('TakeRows', { x, index }, { shared });
  if (rows) return rows;
  return tf.tidy(() => {
    const n = x.shape[shared]!;
    const shape = [...index.shape, ...x.shape.slice(shared + 1)];
    const groups = sizeOf(x.shape.slice(0, shared));
    const [k, inner] = [index.size / groups, sizeOf(x.shape.slice(shared + 1))];
    const { place, inside } = places(index, n);
    const found = tf.gather(
      tf.reshape(x, [groups * n, inner]),
      whole(tf.reshape(tf.add(tf.reshape(place, [groups, k]), offsets(groups, n)), [-1])),
    );
    return tf.reshape(tf.mul(found, tf.reshape(inside, [-1, 1])), shape);
  });
}

/** The transpose of `take`: rows [G…, K…, …] are added up at their positions [G…, K…] in [G…, n, …]. */
export function put(rows: Tensor, index: Tensor, shared: number, n: number): Tensor {
  const sums = own('PutRows', { rows, index }, { shared, n });
  if (sums) return sums;
  return tf.tidy(() => {
    const lead = index.shape.slice(0, shared);
    const rest = rows.shape.slice(index.rank);
    const groups = sizeOf(lead);
    const [k, inner] = [index.size / groups, sizeOf(rest)];
    const { place, inside } = places(index, n);
    const at = tf.add(tf.reshape(place, [groups, k]), offsets(groups, n));
    const sum = tf.scatterND(
      whole(tf.reshape(at, [-1, 1])),
      tf.mul(tf.reshape(rows, [-1, inner]), tf.reshape(inside, [-1, 1])),
      [groups * n, inner],
    );
    return tf.reshape(sum, [...lead, n, ...rest]);
  });
}

/** Whole positions within 0 to n − 1, and 1 for those that were there before, 0 for others. */
function places(index: Tensor, n: number): { place: Tensor; inside: Tensor } {
  const inside = tf.cast(tf.logicalAnd(tf.greater(index, -1), tf.less(index, n)), 'float32');
  const place = tf.floor(tf.minimum(tf.maximum(index, 0), n - 1));
  return { place, inside };
}

const whole = (x: Tensor): Tensor => tf.cast(x, 'int32');

/** Where the rows of each group begin. */
function offsets(groups: number, n: number): Tensor {
  return tf.tensor(
    Float32Array.from({ length: groups }, (_, g) => g * n),
    [groups, 1],
  );
}

/** A matrix that is 1 where `from` ≤ column − row ≤ `to`, and 0 elsewhere. */
export function band(rows: number, cols: number, from: number, to: number): Tensor {
  const data = new Float32Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    const [first, end] = [Math.max(0, row + from), Math.min(cols, row + to + 1)];
    if (first < end) data.fill(1, row * cols + first, row * cols + end);
  }
  return tf.tensor(data, [rows, cols]);
}
