/** Kernels that tfjs's wasm backend lacks for training. */
export function registerWasmKernels(): void {}
