/** A helper of the wasm kernels: a worker that takes its share of every job, until it is told to stop. */
import { DEAD } from '../../kernels/wasm/engine.ts';

interface Init {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  control: number;
  work: number;
}

addEventListener('message', ({ data }: MessageEvent<Init>) => {
  const control = new Int32Array(data.memory.buffer, data.control, 16);
  try {
    const kernels = new WebAssembly.Instance(data.module, { env: { memory: data.memory } })
      .exports as unknown as { serve(control: number, work: number): void };
    postMessage('ready');
    kernels.serve(data.control, data.work);
  } catch (error) {
    // A thread that fails leaves a mark, so that nobody waits for it.
    Atomics.store(control, DEAD, 1);
    throw error;
  }
});
