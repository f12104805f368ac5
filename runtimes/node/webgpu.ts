/**
 * WebGPU under Node, through npm's `webgpu` (Dawn): a GPU of any maker, with no more installed than its driver. All of
 * it is loaded when it is asked for.
 */
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { said, UserError } from '../core/errors.ts';
import { plainExecutor, registerFused, shapesOf } from '../core/formula/fused.ts';
import { find, type Outcome, type Started } from './outcome.ts';

/** What npm's `webgpu` exports. */
interface Dawn {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

/** Kept for as long as the process lives: devices do not survive what they came from. */
let gpu: GPU | undefined;
/** What was started before: a process has one device. */
let started: Started | undefined;

/**
 * Makes tfjs compute on the GPU. Where there is none it says why; it throws for nothing that a user can mend.
 * `software`: a program that plays a graphics card will do.
 */
export async function startWebgpu({ software }: { software: boolean }): Promise<Outcome> {
  if (started !== undefined && (software || started.hardware)) return use(started);
  const path = find('webgpu');
  if (path === null) {
    return { available: false, why: 'the package webgpu is not installed', get: 'npm install webgpu' };
  }
  // Without one Dawn would say so itself, at length.
  if (process.platform === 'linux' && !vulkanHere()) {
    return {
      available: false,
      why: 'no Vulkan driver is installed',
      get: 'the driver of the graphics card, with Vulkan (Debian: mesa-vulkan-drivers, or NVIDIA’s own)',
    };
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
    software,
    problem: (message, hint) => new UserError(message, { hint, code: 2 }),
    plainExecutor,
    registerFused,
    shapesOf,
  });
  if (!registered.available) {
    const { why, software: isSoftware } = registered;
    const get = isSoftware ? '--backend webgpu takes it all the same' : 'a graphics card with its driver';
    return { available: false, why, get };
  }
  const { device, hardware, backend } = registered;
  void backend.device.lost.then(() => {
    started = undefined;
  });
  started = { available: true, device, memory: null, hardware };
  return use(started);
}

async function use(outcome: Started): Promise<Outcome> {
  await tf.setBackend('webgpu');
  await tf.ready();
  return outcome;
}

/** Whether any Vulkan driver has announced itself where its loader looks. */
function vulkanHere(): boolean {
  const { env } = process;
  if (env.VK_DRIVER_FILES || env.VK_ICD_FILENAMES || env.VK_ADD_DRIVER_FILES) return true;
  const roots = [
    env.XDG_CONFIG_HOME ?? join(homedir(), '.config'),
    env.XDG_DATA_HOME ?? join(homedir(), '.local/share'),
    ...(env.XDG_CONFIG_DIRS ?? '/etc/xdg').split(':'),
    ...(env.XDG_DATA_DIRS ?? '/usr/local/share:/usr/share').split(':'),
    '/etc',
    '/usr/local/etc',
    '/usr/local/share',
    '/usr/share',
    '/run/opengl-driver/share',
  ];
  return roots.some((root) => {
    try {
      return readdirSync(join(root, 'vulkan/icd.d')).some((name) => name.endsWith('.json'));
    } catch {
      return false;
    }
  });
}
