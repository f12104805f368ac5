/**
 * tfjs's webgpu backend on a device that is asked for here, with programs of our own for fused formulas. Under Node and
 * in browsers alike; whoever calls says where WebGPU comes from.
 */
import * as tf from '@tensorflow/tfjs';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { openDevice, Watch } from './device.ts';
import { type Fused, fusedExecutor } from './executor.ts';
import { replaceKernels } from './kernels.ts';
import type { WebgpuBackend } from './launch.ts';

export interface WebgpuHost extends Fused {
  /** `navigator.gpu`, or what stands for it. */
  gpu: GPU;
  /** Whether a program that plays a graphics card will do (`software`); else only hardware. */
  software: boolean;
  /** Makes the error that ends a run: of what happened, and the way out. */
  problem: (message: string, hint: string) => Error;
}

/** tfjs computes on it from now on (once `tf.setBackend('webgpu')` was called), or why it cannot, in words. */
export type Registered =
  | { available: true; device: string; hardware: boolean; backend: WebgpuBackend }
  | { available: false; why: string /** There is an adapter, but it is a program. */; software: boolean };

export async function registerWebgpu(host: WebgpuHost): Promise<Registered> {
  const { gpu, software, problem } = host;
  const opened = await openDevice(gpu, software);
  if (opened.device === null) return { available: false, why: opened.why, software: opened.software };
  const { device, info, name, hardware } = opened;
  const backend = withGpu(gpu, () => new WebGPUBackend(device, info)) as unknown as WebgpuBackend;
  watched(backend, new Watch(device, name), problem);
  // In a browser tfjs has registered one already, which would ask for a device of its own.
  if (tf.findBackendFactory('webgpu') !== null) tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => backend as unknown as tf.KernelBackend, 3);
  const executor = fusedExecutor(backend, host);
  host.registerFused('webgpu', executor);
  replaceKernels(executor);
  return { available: true, device: name, hardware, backend };
}

/** The backend looks for `navigator.gpu` when it is made. Node has none, and would not end while one is there. */
function withGpu<V>(gpu: GPU, make: () => V): V {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  if ((globalThis.navigator as Navigator | undefined)?.gpu !== undefined) return make();
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  try {
    return make();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', before);
  }
}

/** Trouble on the device is an error at the next thing that is asked of it, instead of numbers that nobody computed. */
function watched(backend: WebgpuBackend, watch: Watch, problem: WebgpuHost['problem']): void {
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    watch.check(problem);
    try {
      return await read(dataId);
    } catch (error) {
      // That the device was lost is known a moment after what came of it.
      await new Promise((done) => setTimeout(done));
      throw error;
    } finally {
      watch.check(problem);
    }
  };
  const submit = backend.submitQueue.bind(backend);
  backend.submitQueue = () => {
    watch.check(problem);
    submit();
  };
}
