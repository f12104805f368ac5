/** Elementwise functions and reductions that tfjs has in another form: truth is 0 and 1 here, and any axis will do. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { own } from './own.ts';

type Value = Tensor | number;

/** A truth value of tfjs as 0 and 1. */
function number(f: () => Tensor): Tensor {
  return tf.tidy(() => tf.cast(f(), 'float32'));
}

export const equal = (a: Value, b: Value): Tensor => number(() => tf.equal(a, b));
export const notEqual = (a: Value, b: Value): Tensor => number(() => tf.notEqual(a, b));
export const less = (a: Value, b: Value): Tensor => number(() => tf.less(a, b));
export const lessEqual = (a: Value, b: Value): Tensor => number(() => tf.lessEqual(a, b));
export const greater = (a: Value, b: Value): Tensor => number(() => tf.greater(a, b));
export const greaterEqual = (a: Value, b: Value): Tensor => number(() => tf.greaterEqual(a, b));

/** Not 0. A cast to bool would round 0.5 down on some backends. */
const truth = (x: Value): Tensor => tf.notEqual(x, 0);

export const not = (x: Value): Tensor => number(() => tf.equal(x, 0));
export const and = (a: Value, b: Value): Tensor => number(() => tf.logicalAnd(truth(a), truth(b)));
export const or = (a: Value, b: Value): Tensor => number(() => tf.logicalOr(truth(a), truth(b)));

/** `a` where `condition` is not 0, else `b`; all three broadcast. */
export const where = (condition: Value, a: Value, b: Value): Tensor =>
  tf.tidy(() => tf.where(truth(condition), a as Tensor, b as Tensor));

/** The Euclidean norm over `axes` of the run-time array. */
export const norm = (x: Tensor, axes: number[], keep = false): Tensor =>
  tf.tidy(() => tf.sqrt(tf.sum(tf.square(x), axes, keep)));

/** log Σ eˣ over `axes` of the run-time array. */
export const logSumExp = (x: Tensor, axes: number[], keep = false): Tensor =>
  own('LogSumExpOver', { x }, { axes, keep }) ?? tf.logSumExp(x, axes, keep);

/** Softmax along any axis; tfjs's own knows the last. */
export const softmax = (x: Tensor, axis: number): Tensor =>
  own('SoftmaxAlong', { x }, { axis }) ??
  tf.tidy(() => {
    const powers = tf.exp(tf.sub(x, tf.max(x, axis, true)));
    return tf.div(powers, tf.sum(powers, axis, true));
  });

export const logSoftmax = (x: Tensor, axis: number): Tensor =>
  own('LogSoftmaxAlong', { x }, { axis }) ??
  tf.tidy(() => {
    const shifted = tf.sub(x, tf.max(x, axis, true));
    return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), axis, true)));
  });
