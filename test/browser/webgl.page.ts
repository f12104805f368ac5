/** What webgl.test.ts asks of a page. */
import * as tf from '@tensorflow/tfjs';
import { startWebgl } from '../../runtimes/kernels/webgl/register.ts';

export { operationsOf } from './operations.page.ts';

export async function start(): Promise<{ device: string | null; hardware: boolean; backend: string }> {
  tf.enableProdMode();
  const { device, hardware } = await startWebgl(() => {});
  return { device, hardware, backend: tf.getBackend() };
}
