/** The WebGPU backend, loaded when it is chosen; after its device was lost it is started anew. */
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../../core/errors.ts';
import { plainExecutor, registerFused, shapesOf } from '../../core/formula/fused.ts';
import { registerWebgpu } from '../../kernels/webgpu/register.ts';

/** `lost` is called when the device is gone, with all that it held. */
export async function start(lost: (why: string) => void): Promise<void> {
  const registered = await registerWebgpu({
    gpu: navigator.gpu,
    software: true,
    problem: (message, hint) => new UserError(message, { hint }),
    plainExecutor,
    registerFused,
    shapesOf,
  });
  if (!registered.available) throw new UserError(`webgpu cannot be used: ${registered.why}`);
  if (!(await tf.setBackend('webgpu'))) throw new UserError('the webgpu backend does not start');
  void registered.backend.device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') lost(`the GPU was lost${message === '' ? '' : ` (${message})`}`);
  });
}
