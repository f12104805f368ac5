/** Whole training steps on webgpu: losses and gradients of small models against float64, and the launches of DCGAN-28. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { type Dataset, Feed } from '../../runtimes/core/run/data.ts';
import type { Hyper } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import type { DataRecord } from '../../src/model/model.ts';
import '@tensorflow/tfjs-backend-webgpu';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { byHand } from '../bench/peers/by-hand.ts';
import { compileText, loadModule } from '../emitted/load.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';
import { tiny } from '../oracle/tiny.ts';
import { launchesOf, onSwiftShader } from './dawn.ts';

const seed = 5;

type Fields = readonly { type: { meaning: string; shape: readonly number[] } }[];

/** Values that are no data set's: a sine through each example, and classes in turn. */
function madeUp(fields: Fields): Dataset {
  return {
    origin: 'made up',
    count: 64,
    read: async (indices) =>
      fields.map(({ type }) => {
        const size = type.shape.reduce((a, b) => a * b, 1);
        return Float32Array.from({ length: indices.length * size }, (_, k) => {
          const [example, j] = [indices[Math.floor(k / size)]!, k % size];
          return type.meaning === 'label' ? Number(j === example % size) : Math.sin(example * 0.7 + j * 1.3);
        });
      }),
  };
}

/** The first gradients of each update, by the weight's name. */
type Gradients = Record<string, ArrayLike<number>>;

class Recorded extends TrainingRun {
  readonly gradients: Record<string, tf.Tensor> = {};
  override update(optimizer: string, gradients: Record<string, tf.Tensor>, hyper: Hyper): void {
    for (const [name, g] of Object.entries(gradients)) this.gradients[name] ??= tf.keep(tf.clone(g));
    super.update(optimizer, gradients, hyper);
  }
}

function compiled(path: string, set: Record<string, string>, batch: number) {
  const source = { path, text: readFileSync(path, 'utf8') };
  const { model, sources } = analyse({ source, set, load: () => undefined });
  const plan = planOf(model!, sources);
  const program = loadModule(moduleOf(model!, sources).code);
  for (const phase of program.phases) phase.batch = batch;
  return { plan: { ...plan, phases: plan.phases.map((phase) => ({ ...phase, batch })) }, program };
}
type Compiled = ReturnType<typeof compiled>;

async function inFloat64({ plan }: Compiled, steps: number) {
  const feeds = new Map<DataRecord, Feed>();
  const trainer = new ReferenceTrainer(
    plan,
    supply(plan, seed, (record, count) => {
      const known = feeds.get(record) ?? new Feed(record.fields[0]!.name, madeUp(record.fields), seed);
      feeds.set(record, known);
      return known.next(count);
    }),
  );
  const gradients: Gradients = {};
  const { state } = trainer;
  const update = state.update.bind(state);
  state.update = (optimizer, weights, given: readonly NDArray[]) => {
    weights.forEach((name, i) => {
      gradients[name] ??= given[i]!.data;
    });
    update(optimizer, weights, given);
  };
  trainer.begin(plan.phases[0]!);
  const losses: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++) losses.push(await trainer.step(step));
  return { losses, gradients };
}

async function onTheGpu({ program }: Compiled, steps: number) {
  const datasets = Object.fromEntries(program.data.map((d) => [d.fields[0]!.name, madeUp(d.fields)]));
  const run = new Recorded(program, { seed, datasets });
  run.state.initialise(seed);
  const phase = program.phases[0]!;
  run.beginPhase(phase);
  const losses: Record<string, number>[] = [];
  const alive: { tensors: number; bytes: number }[] = [];
  for (let step = 0; step < steps; step++) {
    run.beginStep(true);
    await phase.step(run);
    losses.push(await run.readNotes());
    run.endStep();
    const memory = tf.memory() as tf.MemoryInfo & { numBytesInGPU: number };
    alive.push({ tensors: memory.numTensors, bytes: memory.numBytesInGPU });
  }
  const gradients: Gradients = {};
  for (const [name, g] of Object.entries(run.gradients)) gradients[name] = await g.data();
  tf.dispose(run.gradients);
  run.dispose();
  return { losses, gradients, alive };
}

/** Relative L2 distance over all of a net's gradient. */
function distance(net: string, got: Gradients, expected: Gradients): number {
  let [error, size] = [0, 0];
  for (const [name, values] of Object.entries(expected)) {
    if (!name.startsWith(`${net}/`)) continue;
    const here = got[name]!;
    expect(here.length, name).toBe(values.length);
    for (let i = 0; i < values.length; i++) {
      error += (here[i]! - values[i]!) ** 2;
      size += values[i]! ** 2;
    }
  }
  return Math.sqrt(error / size);
}

/** tfjs's own kernels, of which ours replace some once its backend is started. */
const theirs = tf.getKernelsForBackend('webgpu');

async function withTheirs<V>(work: () => Promise<V>): Promise<V> {
  const ours = tf.getKernelsForBackend('webgpu');
  const register = (kernels: tf.KernelConfig[]) => {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, 'webgpu');
      tf.registerKernel(kernel);
    }
  };
  register(theirs);
  try {
    return await work();
  } finally {
    register(ours);
  }
}

const launches = { ganc: 120, byHand: 606 };

onSwiftShader('training on webgpu', () => {
  test.each(['ring.gan', 'dcgan.gan', 'wgan-gp.gan'])('%s in float64', async (name) => {
    const { set, batch } = tiny[name]!;
    const model = compiled(`models/${name}`, set, batch);
    const steps = 4;
    const [expected, got] = [await inFloat64(model, steps), await onTheGpu(model, steps)];
    for (const net of new Set(Object.keys(expected.gradients).map((weight) => weight.split('/')[0]!))) {
      expect(distance(net, got.gradients, expected.gradients), `gradient of ${net}`).toBeLessThan(1e-5);
    }
    for (const [step, losses] of expected.losses.entries()) {
      for (const [loss, value] of Object.entries(losses)) {
        const error = Math.abs(got.losses[step]![loss]! - value) / Math.max(1, Math.abs(value));
        expect(error, `${loss} at step ${step}: ${got.losses[step]![loss]}, not ${value}`).toBeLessThan(1e-4);
      }
    }
    // The first step has no optimiser's memory yet.
    expect(got.alive.at(-1), 'what is alive after the last step').toEqual(got.alive[1]);
  });

  test(`DCGAN-28: at most ${launches.ganc} launches a step, where the hand-written one takes ${launches.byHand}`, async () => {
    // At its real size, so that tfjs chooses the programs that it takes for it; a software GPU would compute for minutes.
    const model = compileText('w2.gan', readFileSync('test/bench/workloads/w2.gan', 'utf8'));
    const phase = model.phases[0]!;
    const run = new TrainingRun(model, { seed, datasets: { x: madeUp(model.data[0]!.fields) } });
    run.state.initialise(seed);
    run.beginPhase(phase);
    const ours = async () => {
      run.beginStep(true);
      await phase.step(run);
      await run.readNotes();
      run.endStep();
    };
    // Adam's first step has no moments to read.
    await launchesOf(ours, { skip: true });
    const labels = await launchesOf(ours, { skip: true });
    expect(labels.length).toBeGreaterThan(50);
    expect(labels.length, labels.join('\n')).toBeLessThanOrEqual(launches.ganc);

    const weights = model.weights.map((w): [string, tf.Tensor] => [w.name, run.state.live[w.name]!]);
    const step = byHand('w2', weights);
    const given = () => ({ x: tf.zeros([64, 28, 28, 1]), z: tf.zeros([64, 100]) });
    const counted = await withTheirs(async () => {
      await launchesOf(() => step([given(), given()]), { skip: true });
      return launchesOf(() => step([given(), given()]), { skip: true });
    });
    expect(counted).toHaveLength(launches.byHand);
    tf.disposeVariables();
    run.dispose();
  });
});
