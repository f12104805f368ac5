/** The workloads by hand (by-hand.ts) as a contender, on tfjs's wasm backend or on TensorFlow. */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { startTensorflow } from '../../../runtimes/node/tensorflow.ts';
import { readInputs, serve } from '../serve.ts';
import { byHand } from './by-hand.ts';
import { registerFilterGradient } from './filter-gradient.ts';

const settings = JSON.parse(process.argv[2]!) as {
  workload: string;
  inputs: string;
  backend: 'wasm' | 'tensorflow';
};
tf.enableProdMode();
if (settings.backend === 'wasm') {
  await tf.setBackend('wasm');
  await tf.ready();
  registerFilterGradient();
} else {
  const outcome = await startTensorflow();
  if (!outcome.available) throw new Error(outcome.why);
}

const inputs = readInputs(settings.inputs);
const weights = [...inputs.weights].map(([name, { data, shape }]): [string, tf.Tensor] => [
  name,
  tf.tensor(data, shape),
]);
const step = byHand(settings.workload, weights);
await serve({
  async step(i) {
    const feeds = inputs.samples[i]!.map((given) =>
      Object.fromEntries(
        Object.entries(given).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]),
      ),
    );
    const losses = await step(feeds);
    tf.dispose(feeds);
    return losses;
  },
  memory: () => ({
    ...(settings.backend === 'wasm' && { wasm: heap() / 2 ** 20 }),
    tensors: tf.memory().numTensors,
  }),
});

function heap(): number {
  return (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.buffer.byteLength;
}
