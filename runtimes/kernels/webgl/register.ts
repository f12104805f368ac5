/** Starts tfjs's webgl backend with our kernels before its own, on a context of its own. */
import * as tf from '@tensorflow/tfjs';
import { MathBackendWebGL, setWebGLContext } from '@tensorflow/tfjs-backend-webgl';
import { UserError } from '../../core/errors.ts';
import { plainExecutor, registerFused } from '../../core/formula/fused.ts';
import { inParts } from '../../core/run/parts.ts';
import type { WebGLBackend } from './backend.ts';
import { fusedExecutor } from './fused.ts';
import { registerKernels } from './kernels.ts';
import { judge, openContext, type WebGLFound } from './look.ts';
import { type ContextLost, watchContext } from './lost.ts';

let registered = false;

/**
 * After this tfjs computes on webgl. Called again, after `lost` was, it starts anew: all tensors of before are
 * gone, and the old backend with them. A device without 32-bit floats is refused.
 */
export async function startWebgl(lost: (error: ContextLost) => void): Promise<WebGLFound> {
  const context = openContext();
  const found = judge(context?.gl ?? null);
  if (context === null || !found.available) throw new UserError(`webgl cannot be used: ${found.why}`);
  const { canvas, gl } = context;
  // What tfjs finds out about its context it then finds out about this one.
  setWebGLContext(2, gl);
  tf.env().set('WEBGL_VERSION', 2);
  tf.env().set('WEBGL_FORCE_F16_TEXTURES', false);
  // One program of tfjs's for all shapes of a kind would be sooner compiled, but its cache takes textures that are as wide as
  // their tensors for those that are not: wrong numbers on devices with small textures.
  tf.env().set('WEBGL_USE_SHAPES_UNIFORMS', false);
  if (tf.findBackendFactory('webgl') !== null) tf.removeBackend('webgl');
  tf.registerBackend('webgl', () => new MathBackendWebGL(canvas), 2);
  if (!registered) {
    registerKernels();
    registerFused('webgl', fusedExecutor(plainExecutor, inParts));
    registered = true;
  }
  if (!(await tf.setBackend('webgl'))) throw new UserError('the webgl backend does not start');
  await tf.ready();
  watchContext(tf.backend() as unknown as WebGLBackend, canvas, lost);
  return found;
}
