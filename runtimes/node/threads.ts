/** Starts the wasm kernels under Node: picks the build, and runs its helpers as worker threads. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DEAD, type EngineHost } from '../kernels/wasm/engine.ts';
import { type Build, bestBuild, builds } from '../kernels/wasm/modules.ts';

/** A helper's whole life. A thread that fails leaves a mark, so that nobody waits for it. */
const helper = `
const { workerData: d } = require('node:worker_threads');
const control = new Int32Array(d.memory.buffer, d.control, 16);
process.on('exit', (code) => {
  if (code !== 0) Atomics.store(control, ${DEAD}, 1);
});
const kernels = new WebAssembly.Instance(d.module, { env: { memory: d.memory } }).exports;
kernels.serve(d.control, d.work);
`;

export interface KernelChoice {
  /** Threads in all, the main one included; default: as many as the machine has. */
  threads?: number;
  /** A build by name, for tests and comparisons. */
  build?: string;
}

/** null: this machine's WebAssembly has no SIMD. */
export function kernelHost(choice: KernelChoice = {}): { host: EngineHost; build: Build } | null {
  const threads = Math.max(1, choice.threads ?? availableParallelism());
  const build =
    choice.build === undefined ? bestBuild(threads > 1) : builds.find((b) => b.name === choice.build);
  if (build === undefined) return null;
  return {
    build,
    host: {
      module: new WebAssembly.Module(build.bytes),
      shared: build.shared,
      threads: build.shared ? threads : 1,
      startWorker(init) {
        const worker = new Worker(helper, { eval: true, workerData: init });
        // The process ends by itself when the main thread has no more to do.
        worker.unref();
        const control = new Int32Array(init.memory.buffer, init.control, 16);
        let stopped = false;
        const died = () => {
          if (!stopped) Atomics.store(control, DEAD, 1);
        };
        // One that was ended from outside leaves no mark itself. An error without a listener would end the process.
        worker.on('error', died).on('exit', died);
        return {
          stop() {
            stopped = true;
            void worker.terminate();
          },
        };
      },
    },
  };
}
