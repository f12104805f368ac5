/** Inverses, determinants and triangular systems of small matrices [..., n, n]: about n rounds of a few operations. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { oneHot } from './contraction.ts';
import { band } from './lines.ts';
import { own } from './own.ts';

const sizeOf = (shape: readonly number[]): number => shape.reduce((p, n) => p * n, 1);

export function inverse(x: Tensor): Tensor {
  const result = own('MatrixInverse', { x });
  if (result) return result;
  return tf.tidy(() => {
    const n = x.shape.at(-1)!;
    const matrices = tf.reshape(x, [-1, n, n]);
    const unit = tf.broadcastTo(band(n, n, 0, 0), matrices.shape);
    const { rest, order } = eliminated(tf.concat([matrices, unit], 2), n, tf.div);
    return tf.reshape(tf.matMul(order, tf.slice(rest, [0, 0, n], [-1, -1, -1])), x.shape);
  });
}

export function determinant(x: Tensor): Tensor {
  const result = own('MatrixDeterminant', { x });
  if (result) return result;
  return tf.tidy(() => {
    const n = x.shape.at(-1)!;
    const { order, product } = eliminated(tf.reshape(x, [-1, n, n]), n, tf.divNoNan);
    // Each pair of rows that stands in the wrong order turns the sign.
    const row = tf.matMul(order, tf.broadcastTo(column(n), [order.shape[0]!, n, 1]));
    const wrong = tf.cast(tf.greater(row, tf.transpose(row, [0, 2, 1])), 'float32');
    const turns = tf.sum(tf.mul(wrong, band(n, n, 1, n)), [1, 2]);
    const sign = tf.sub(1, tf.mul(2, tf.mod(turns, 2)));
    return tf.reshape(tf.mul(product, sign), x.shape.slice(0, -2));
  });
}

function column(n: number): Tensor {
  return tf.tensor(
    Float32Array.from({ length: n }, (_, i) => i),
    [1, n, 1],
  );
}

/**
 * Gauss–Jordan elimination of the first n columns of [g, n, width]. Rows stay where they are: for each column the row with
 * the largest entry is taken of those not taken before. `order` [g, n, n] says by a 1 which row each column took.
 */
function eliminated(
  matrices: Tensor,
  n: number,
  divide: (a: Tensor, b: Tensor) => Tensor,
): { rest: Tensor; order: Tensor; product: Tensor } {
  const g = matrices.shape[0]!;
  let rest = matrices;
  let taken: Tensor = tf.zeros([g, n]);
  let product: Tensor = tf.ones([g]);
  const chosen: Tensor[] = [];
  for (let k = 0; k < n; k++) {
    const entries = tf.reshape(tf.slice(rest, [0, 0, k], [-1, -1, 1]), [g, n]);
    const score = tf.sub(tf.mul(tf.abs(entries), tf.sub(1, taken)), taken);
    const choice = oneHot(tf.cast(tf.argMax(score, 1), 'float32'), n);
    const row = tf.matMul(tf.reshape(choice, [g, 1, n]), rest);
    const pivot = tf.slice(row, [0, 0, k], [-1, 1, 1]);
    const factor = tf.reshape(tf.sub(entries, choice), [g, n, 1]);
    rest = tf.sub(rest, tf.mul(factor, divide(row, pivot)));
    taken = tf.add(taken, choice);
    product = tf.mul(product, tf.reshape(pivot, [g]));
    chosen.push(choice);
  }
  return { rest, order: tf.stack(chosen, 1), product };
}

/**
 * X with T · X = b, where T is the lower (else the upper) half of `a` with its diagonal, of `a` turned where `transpose`.
 * `a` is [..., n, n], `b` [..., n, m].
 */
export function triangularSolve(a: Tensor, b: Tensor, lower: boolean, transpose = false): Tensor {
  const result = own('TriangularSolve', { a, b }, { lower, transpose });
  if (result) return result;
  return tf.tidy(() => {
    const [n, m] = b.shape.slice(-2) as [number, number];
    const g = sizeOf(b.shape.slice(0, -2));
    const matrices = tf.reshape(a, [g, n, n]);
    const t = transpose ? tf.transpose(matrices, [0, 2, 1]) : matrices;
    const right = tf.reshape(b, [g, n, m]);
    /** Rows that are known: 0 to i − 1, or i + 1 to n − 1. */
    let known: Tensor | null = null;
    for (let step = 0; step < n; step++) {
      const i = lower ? step : n - 1 - step;
      let row: Tensor = tf.slice(right, [0, i, 0], [g, 1, m]);
      if (known) row = tf.sub(row, tf.matMul(tf.slice(t, [0, i, lower ? 0 : i + 1], [g, 1, step]), known));
      row = tf.div(row, tf.slice(t, [0, i, i], [g, 1, 1]));
      known = known ? tf.concat(lower ? [known, row] : [row, known], 1) : row;
    }
    return tf.reshape(known!, b.shape);
  });
}
