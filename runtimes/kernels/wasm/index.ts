/**
 * Kernels for training that tfjs's wasm backend lacks or has only naively, composed from its fast ones (one plain product
 * of matrices) and from loops on its heap.
 */
import { registerConvolution } from './convolution.ts';
import { registerDepthwise } from './depthwise.ts';
import { registerMatMul } from './matmul.ts';
import { registerPooling } from './pooling.ts';

let done = false;

/** To be called after `@tensorflow/tfjs-backend-wasm` is imported; before or after the backend starts. */
export function registerWasmKernels(): void {
  if (done) return;
  done = true;
  registerMatMul();
  registerConvolution();
  registerDepthwise();
  registerPooling();
}
