/** What webgl.test.ts asks of a page. */
import * as tf from '@tensorflow/tfjs';
import { captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import type { WebGLBackend } from '../../runtimes/kernels/webgl/backend.ts';
import type { ContextLost } from '../../runtimes/kernels/webgl/lost.ts';
import { startWebgl } from '../../runtimes/kernels/webgl/register.ts';
import { prepared, stepOf, type Workload } from './workload.page.ts';

export { chains, convolutions, groups, pools, products, values, valuesOf } from './formulas.page.ts';
export { operationsOf } from './operations.page.ts';
export { compiled, handWritten } from './workload.page.ts';

export async function start(): Promise<{ device: string | null; hardware: boolean; backend: string }> {
  tf.enableProdMode();
  const { device, hardware } = await startWebgl(() => {});
  return { device, hardware, backend: tf.getBackend() };
}

/** As on a device whose textures are small: most are then not as wide as their tensors. */
export function useSmallTextures(): void {
  tf.env().set('WEBGL_MAX_TEXTURE_SIZE', 160);
}

/** tfjs's own webgl backend, as its users have it. */
export async function startTheirs(): Promise<void> {
  tf.enableProdMode();
  tf.env().set('SOFTWARE_WEBGL_ENABLED', true);
  await tf.setBackend('webgl');
  await tf.ready();
}

/** Takes the GPU away after `at` steps: at once, or while a step's losses are on their way. Goes on from the last state. */
export async function lose(workload: Workload, steps: number, at: number, midway: boolean) {
  const losses: Record<string, number>[] = [];
  const told: string[] = [];
  const tell = (error: ContextLost) => told.push(error.name);
  await startWebgl(tell);
  const first = prepared(workload);
  for (let i = 0; i < at; i++) losses.push(await stepOf(first.run, first.samples(i)));
  const state = await captureCheckpoint(first.run);
  const { gl } = (tf.backend() as unknown as WebGLBackend).gpgpu;
  const takeAway = () => gl.getExtension('WEBGL_lose_context')!.loseContext();
  const failed: string[] = [];
  const attempt = async (f: () => Promise<unknown>) => {
    try {
      failed.push(`did not fail: ${JSON.stringify(await f())}`);
    } catch (error) {
      failed.push((error as Error).name);
    }
  };
  if (midway) {
    await attempt(async () => {
      const step = stepOf(first.run, first.samples(at));
      setTimeout(takeAway, 2);
      return await step;
    });
  } else takeAway();
  await attempt(() => stepOf(first.run, first.samples(at)));
  await attempt(() => captureCheckpoint(first.run));
  await new Promise((done) => setTimeout(done, 50));
  first.run.dispose();
  await startWebgl(tell);
  const second = prepared(workload);
  restoreCheckpoint(second.run, state, 'the last state');
  for (let i = at; i < steps; i++) losses.push(await stepOf(second.run, second.samples(i)));
  second.run.dispose();
  return { losses, told, failed };
}
