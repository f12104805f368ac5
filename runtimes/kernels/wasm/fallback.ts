/**
 * Kernels of tfjs's cpu backend, which stand in where ours do not take the operands: plain JavaScript on one thread, on the
 * same memory. Who wants to know when one of them runs, says so here.
 */
import * as tf from '@tensorflow/tfjs';

export interface KernelArgs {
  inputs: Record<string, tf.TensorInfo>;
  attrs: Record<string, unknown>;
  backend: unknown;
}
export type Kernel = (args: KernelArgs) => tf.TensorInfo;

type Listener = (kernelName: string, inputs: Record<string, tf.TensorInfo>) => void;
let listener: Listener | null = null;

/** Calls `f` with each kernel of the cpu backend that computes numbers from now on; null ends that. */
export function onFallback(f: Listener | null): void {
  listener = f;
}

/** They give their operand another shape, name or owner, and compute nothing. */
const moveNothing = new Set(['Identity', 'Reshape', 'ExpandDims', 'Squeeze', 'Complex', 'Real', 'Imag']);

/** The cpu backend's kernel of this name, which may be missing until it is called. */
export function cpuKernel(name: string): Kernel {
  const kernel = tf.getKernel(name, 'cpu')?.kernelFunc as unknown as Kernel | undefined;
  return (args) => {
    if (kernel === undefined) throw new Error(`tfjs has no kernel ${name}`);
    if (listener !== null && !moveNothing.has(name)) listener(name, args.inputs);
    return kernel(args);
  };
}
