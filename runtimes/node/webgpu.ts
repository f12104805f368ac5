/**
 * WebGPU under Node, through npm's `webgpu` (Dawn): a GPU of any maker, with no more installed than its driver. All of
 * it is loaded when it is asked for.
 */
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { said, UserError } from '../core/errors.ts';
import { plainExecutor, registerFused, shapesOf } from '../core/fused.ts';
import { find, type Outcome } from './outcome.ts';

/** What npm's `webgpu` exports. */
interface Dawn {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

/** Kept for as long as the process lives: devices do not survive what they came from. */
let gpu: GPU | undefined;

/**
 * Makes tfjs compute on the GPU. Where there is none it says why; it throws for nothing that a user can mend.
 * `software`: a program that plays a graphics card will do.
 */
export async function startWebgpu(allow: { software: boolean }): Promise<Outcome> {
  const path = find('webgpu');
  if (path === null) {
    return { available: false, why: 'the package webgpu is not installed', get: 'npm install webgpu' };
  }
  let dawn: Dawn;
  try {
    dawn = (await import(pathToFileURL(path).href)) as Dawn;
  } catch (error) {
    return {
      available: false,
      why: `the package webgpu does not load on ${process.platform} ${process.arch}: ${said(error)}`,
      get: 'npm install webgpu@latest, or another --backend',
    };
  }
  for (const [name, value] of Object.entries(dawn.globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  gpu ??= dawn.create([]);
  const { registerWebgpu } = await import('../kernels/webgpu/register.ts');
  const registered = await registerWebgpu({
    gpu,
    software: allow.software,
    problem: (message, hint) => new UserError(message, { hint, code: 2 }),
    plainExecutor,
    registerFused,
    shapesOf,
  });
  if (!registered.available) {
    return { available: false, why: registered.why, get: 'a graphics driver (on Linux: Vulkan)' };
  }
  await tf.setBackend('webgpu');
  await tf.ready();
  return { available: true, device: registered.device, memory: null, hardware: registered.hardware };
}
