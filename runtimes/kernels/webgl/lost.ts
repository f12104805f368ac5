/**
 * A context may be lost at any time: the driver restarts, the computer slept, another page took the GPU. tfjs goes on as if
 * nothing had happened, and every number is 0. Here everything that would compute or read on a lost context throws.
 */
import type { WebGLBackend } from './backend.ts';

/** All that was on the GPU is gone: weights, optimisers, samples. A run goes on from its last state, on a new context. */
export class ContextLost extends Error {
  override readonly name = 'ContextLost';
  constructor() {
    super('the GPU’s context was lost');
  }
}

type Listened = Pick<EventTarget, 'addEventListener'>;

/**
 * Makes the backend's reads fail where its context is lost, before or while they wait (tfjs would wait for ever). `lost` is
 * called once, soon after the loss.
 */
export function watchContext(
  backend: WebGLBackend,
  canvas: Listened,
  lost: (error: ContextLost) => void,
): void {
  const { gl } = backend.gpgpu;
  const loss = new Promise<never>((_, fail) => {
    const once = () => {
      const error = new ContextLost();
      fail(error);
      lost(error);
    };
    canvas.addEventListener('webglcontextlost', once, { once: true });
  });
  // Whoever reads learns of it; where nobody does, it is no unhandled rejection.
  loss.catch(() => {});
  const { read, readSync } = backend;
  const check = () => {
    if (gl.isContextLost()) throw new ContextLost();
  };
  backend.read = async (dataId) => {
    check();
    const values = await Promise.race([read.call(backend, dataId), loss]);
    check();
    return values;
  };
  backend.readSync = (dataId) => {
    check();
    const values = readSync.call(backend, dataId);
    check();
    return values;
  };
}
