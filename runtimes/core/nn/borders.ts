/** Padding with what lies at a border, and its transpose: on every backend of tfjs alike, where it has no kernel of its own. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { own } from './own.ts';

/** Before and after each axis of the tensor. */
type Paddings = [number, number][];
type Mode = 'reflect' | 'edge';

/** Positions `from` to `to` of an axis. */
function part(x: Tensor, axis: number, from: number, to: number): Tensor {
  const begin = x.shape.map((_, d) => (d === axis ? from : 0));
  const size = x.shape.map((n, d) => (d === axis ? to - from : n));
  return tf.slice(x, begin, size);
}

/** The value between what is mirrored at its border positions (`reflect`), or these repeated (`edge`). */
export function borderPad(x: Tensor, paddings: Paddings, mode: Mode): Tensor {
  const padded = own('BorderPad', { x }, { paddings, mode });
  if (padded) return padded;
  return tf.tidy(() => {
    let y = x;
    for (const [axis, [before, after]] of paddings.entries()) {
      const n = y.shape[axis]!;
      const border = (count: number, mirrored: number, at: number): Tensor => {
        if (mode === 'reflect') return tf.reverse(part(y, axis, mirrored, mirrored + count), axis);
        const times = y.shape.map((_, d) => (d === axis ? count : 1));
        return tf.tile(part(y, axis, at, at + 1), times);
      };
      const parts = [
        ...(before > 0 ? [border(before, 1, 0)] : []),
        y,
        ...(after > 0 ? [border(after, n - 1 - after, n - 1)] : []),
      ];
      if (parts.length > 1) y = tf.concat(parts, axis);
    }
    return tf.clone(y);
  });
}

/** The transpose of `borderPad`: each number is the sum of those that repeat it. */
export function borderPadGradient(dy: Tensor, paddings: Paddings, mode: Mode): Tensor {
  const dx = own('BorderPadGradient', { dy }, { paddings, mode });
  if (dx) return dx;
  return tf.tidy(() => {
    let y = dy;
    for (const [axis, [before, after]] of paddings.entries()) {
      const n = y.shape[axis]! - before - after;
      if (before + after === 0) continue;
      const put = (t: Tensor, at: number): Tensor =>
        tf.pad(
          t,
          t.shape.map((size, d): [number, number] => (d === axis ? [at, n - at - size] : [0, 0])),
        );
      const border = (from: number, count: number, mirrored: number, at: number): Tensor => {
        const t = part(y, axis, from, from + count);
        return mode === 'reflect' ? put(tf.reverse(t, axis), mirrored) : put(tf.sum(t, axis, true), at);
      };
      let sum = part(y, axis, before, before + n);
      if (before > 0) sum = tf.add(sum, border(0, before, 1, 0));
      if (after > 0) sum = tf.add(sum, border(before + n, after, n - 1 - after, n - 1));
      y = sum;
    }
    return tf.clone(y);
  });
}
