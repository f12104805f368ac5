/**
 * The one tfjs of a page, vendored as `tfjs.js`: everything that imports `@tensorflow/tfjs`, the emitted model too, gets
 * this. Its cpu backend is what the wasm kernels stand on; those of GPUs are loaded when they are chosen.
 */
import '@tensorflow/tfjs-backend-cpu';

export * from '@tensorflow/tfjs-core';
