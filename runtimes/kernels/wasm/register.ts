/** Puts the backend together and registers it with tfjs. */
import * as tf from '@tensorflow/tfjs';
import { plainExecutor, registerFused } from '../../core/formula/fused.ts';
import { registerFusedEach } from '../../core/nn/segments.ts';
import { inParts } from '../../core/run/parts.ts';
import { BACKEND, makeBackend } from './backend.ts';
import { chainExecutors } from './chains.ts';
import { elementwiseKernels } from './elementwise.ts';
import { Engine, type EngineHost } from './engine.ts';
import { cpuKernel } from './fallback.ts';
import { groupExecutor } from './groups.ts';
import { lineKernels } from './lines.ts';
import { matrixKernels } from './matrices.ts';
import { moveKernels } from './moves.ts';
import { poolKernels } from './pools.ts';
import { productKernels } from './products.ts';
import { reductionKernels } from './reductions.ts';
import { rowKernels } from './rows.ts';
import { softmaxKernels } from './softmax.ts';

/**
 * After this `tf.setBackend(name)` works. What has no kernel here is the cpu backend's. Several engines may live side by
 * side under names of their own.
 */
export function registerWasm(host: EngineHost, name: string = BACKEND): Engine {
  const engine = new Engine(host);
  tf.registerBackend(name, () => makeBackend(engine) as unknown as tf.KernelBackend, 3);
  const ours = [
    ...elementwiseKernels(),
    ...productKernels(),
    ...reductionKernels(),
    ...softmaxKernels(),
    ...poolKernels(),
    ...moveKernels(),
    ...lineKernels(),
    ...rowKernels(),
    ...matrixKernels(),
  ];
  const names = new Set(ours.map(([n]) => n));
  for (const k of tf.getKernelsForBackend('cpu')) {
    if (names.has(k.kernelName)) continue;
    const kernelFunc = cpuKernel(k.kernelName) as unknown as tf.KernelFunc;
    tf.registerKernel({ ...k, backendName: name, kernelFunc });
  }
  for (const [kernelName, kernelFunc] of ours)
    tf.registerKernel({
      kernelName,
      backendName: name,
      kernelFunc: kernelFunc as unknown as tf.KernelFunc,
    });
  const chains = chainExecutors(engine.threads, plainExecutor);
  registerFused(name, groupExecutor(engine.threads, chains.one, inParts(chains.one)));
  registerFusedEach(name, chains.each);
  return engine;
}
