/** Starts the wasm kernels in a worker: picks the build, and runs its helpers as workers of its own. */
import { DEAD, type EngineHost } from '../../kernels/wasm/engine.ts';
import { type Build, bestBuild } from '../../kernels/wasm/modules.ts';

/** More helpers than this have never been worth their waiting for each other. */
const MOST = 16;
/** Milliseconds for a helper to come up. */
const PATIENCE = 10_000;

/** How many threads the kernels may use here: shared memory needs a page that is cross-origin isolated. */
export function threadsHere(): number {
  return globalThis.crossOriginIsolated ? Math.max(1, Math.min(MOST, navigator.hardwareConcurrency)) : 1;
}

/** null: this browser's WebAssembly has no SIMD. */
export function kernelBuild(threads: number): Build | null {
  return bestBuild(threads > 1) ?? null;
}

export interface Kernels {
  host: EngineHost;
  /** Settles when every helper is up: until then its parent must not sleep, or they would never be. */
  ready(): Promise<void>;
}

export function kernelHost(build: Build, threads: number): Kernels {
  const starting: Promise<void>[] = [];
  return {
    ready: () => Promise.all(starting).then(() => {}),
    host: {
      module: new WebAssembly.Module(build.bytes),
      shared: build.shared,
      threads: build.shared ? threads : 1,
      startWorker(init) {
        const worker = new Worker(new URL('./thread.js', import.meta.url), {
          type: 'module',
          name: 'wasm kernels',
        });
        const control = new Int32Array(init.memory.buffer as unknown as ArrayBuffer, init.control, 16);
        starting.push(
          new Promise((done, fail) => {
            const late = setTimeout(() => fail(new Error('a thread did not start')), PATIENCE);
            worker.onmessage = () => {
              clearTimeout(late);
              done();
            };
            worker.onerror = (event) => {
              Atomics.store(control, DEAD, 1);
              clearTimeout(late);
              fail(new Error(event.message || 'a thread did not start'));
            };
          }),
        );
        worker.postMessage(init);
        return { stop: () => worker.terminate() };
      },
    },
  };
}
