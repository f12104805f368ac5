/** Products with one matrix over the last axis, means over parts of a batch, and one-hot vectors. */
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { own } from './own.ts';

/** [..., k] by [k, n] gives [..., n]; with `transpose` the matrix is [n, k]. */
export function linear(x: Tensor, w: Tensor2D, transpose = false): Tensor {
  return tf.tidy(() => {
    const y = tf.matMul(rows(x), w, false, transpose);
    return tf.reshape(y, [...x.shape.slice(0, -1), y.shape[1]!]);
  });
}

/** [..., k] and [..., n] give [k, n]: the sum of all products over the axes before the last. */
export function linearKernelGradient(x: Tensor, dy: Tensor): Tensor {
  return tf.tidy(() => tf.matMul(rows(x), rows(dy), true));
}

function rows(x: Tensor): Tensor2D {
  return tf.reshape(x, [-1, x.shape.at(-1)!]);
}

/** Each example becomes the mean of its group: the batch in `groups` equal runs, fewer where it does not divide so. */
export function groupMean(x: Tensor, groups: number): Tensor {
  return tf.tidy(() => {
    const batch = x.shape[0]!;
    let n = Math.min(groups, batch);
    while (batch % n !== 0) n--;
    const runs = tf.reshape(x, [n, batch / n, x.size / batch]);
    return tf.reshape(tf.broadcastTo(tf.mean(runs, 1, true), runs.shape), x.shape);
  });
}

/** Class numbers as one-hot vectors of n along a new last axis. */
export function oneHot(x: Tensor, n: number): Tensor {
  const vectors = own('OneHotFloats', { x }, { n });
  if (vectors) return vectors;
  return tf.tidy(() => {
    // tf.oneHot wants two classes at least, and some backends take no notice of the type that it is asked for.
    const hot = tf.cast(tf.oneHot(tf.cast(x, 'int32') as Tensor1D, Math.max(n, 2)), 'float32');
    return n === 1
      ? tf.slice(
          hot,
          hot.shape.map(() => 0),
          [...x.shape, 1],
        )
      : hot;
  });
}
