/**
 * ganc as a contender: a compiled workload on our wasm backend, with the threads and the build that are asked for, or on
 * TensorFlow.
 */
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { BACKEND, type WasmBackend } from '../../runtimes/kernels/wasm/backend.ts';
import { registerWasm } from '../../runtimes/kernels/wasm/register.ts';
import { startTensorflow } from '../../runtimes/node/tensorflow.ts';
import { kernelHost } from '../../runtimes/node/threads.ts';
import { countCpuKernels, countOurs } from './profile.ts';
import { type Inputs, readInputs, serve } from './serve.ts';

const settings = JSON.parse(process.argv[2]!) as {
  module: string;
  inputs: string;
} & ({ backend: 'tensorflow' } | { backend: 'wasm'; threads: number; build: string; profile: boolean });
const profiled = settings.backend === 'wasm' && settings.profile;

tf.enableProdMode();
if (profiled) countCpuKernels();
if (settings.backend === 'wasm') {
  const kernels = kernelHost({ threads: settings.threads, build: settings.build });
  if (kernels === null || kernels.host.threads !== settings.threads)
    throw new Error('These kernels do not start.');
  registerWasm(kernels.host);
  await tf.setBackend(BACKEND);
  await tf.ready();
} else {
  const outcome = await startTensorflow();
  if (!outcome.available) throw new Error(outcome.why);
}

const { model } = (await import(pathToFileURL(settings.module).href)) as { model: CompiledModel };
const inputs = readInputs(settings.inputs);

/** A run whose samples are given instead of drawn. */
class Given extends TrainingRun {
  given: Inputs['samples'][number] = [];
  private statement = 0;
  override async sample(names: string[]): Promise<void> {
    const values = this.given[this.statement++]!;
    for (const name of names) {
      const { data, shape } = values[name]!;
      this.state.replace(this.state.samples, name, tf.tensor(data, shape, 'float32'));
    }
    this.state.sampled++;
  }
  begin(given: Inputs['samples'][number]): void {
    this.given = given;
    this.statement = 0;
    this.beginStep(true);
  }
}

const run = new Given(model, { seed: 1, datasets: {} });
run.state.initialise(1);
for (const [name, { data, shape }] of inputs.weights) {
  if (run.state.live[name] === undefined) throw new Error(`${model.name} has no weight ${name}`);
  run.state.replace(run.state.live, name, tf.tensor(data, shape, 'float32'));
}
const phase = model.phases[0]!;
run.beginPhase(phase);

const engine = settings.backend === 'wasm' ? (tf.backend() as unknown as WasmBackend).engine : null;
const counted = profiled ? countOurs(engine!) : null;

await serve({
  async step(i) {
    run.begin(inputs.samples[i]!);
    const begin = performance.now();
    await phase.step(run);
    const losses = await run.readNotes();
    run.endStep();
    counted?.stepTook(performance.now() - begin);
    return losses;
  },
  memory: () => ({
    ...(engine && {
      wasm: engine.memory.buffer.byteLength / 2 ** 20,
      // The allocator's highest address: blocks are used again, but never moved or joined.
      used: (engine as unknown as { top: number }).top / 2 ** 20,
    }),
    tensors: tf.memory().numTensors,
  }),
  profile: () => counted?.lines() ?? [],
});
