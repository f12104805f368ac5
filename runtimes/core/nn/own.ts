/** Kernels that a backend of ours brings beside those that tfjs has names for: one for what is many operations elsewhere. */
import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** What the current backend's kernel of this name computes; null where it has none. */
export function own(name: string, inputs: Record<string, Tensor>, attrs: object = {}): Tensor | null {
  if (!tf.getKernel(name, tf.getBackend())) return null;
  return tf.engine().runKernel(name, inputs as NamedTensorMap, attrs as never) as Tensor;
}
