/** The WebGL backend, loaded when it is chosen; after its context was lost it is started anew. */
import * as tf from '@tensorflow/tfjs';
import { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import { UserError } from '../core/errors.ts';

/** `lost` is called when the context is gone, with all that it held. */
export async function start(lost: (why: string) => void): Promise<void> {
  if (tf.findBackend('webgl') !== null) tf.removeBackend('webgl');
  if (tf.findBackendFactory('webgl') === null) tf.registerBackend('webgl', () => new MathBackendWebGL(), 2);
  if (!(await tf.setBackend('webgl'))) throw new UserError('the webgl backend does not start');
  if (tf.env().get('WEBGL_RENDER_FLOAT32_ENABLED') !== true) {
    throw new UserError(
      'this GPU cannot render to 32-bit float textures, and training in 16 bits does not converge',
    );
  }
  const { gl } = (tf.backend() as MathBackendWebGL).gpgpu;
  gl.canvas.addEventListener('webglcontextlost', () => lost('the GPU’s context was lost'));
}
