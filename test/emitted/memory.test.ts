/** Emitted steps, run: every loss is a number, and as many tensors and bytes are alive after step 20 as after step 5. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Dataset } from '../../runtimes/core/run/data.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { chooseBackend } from '../../runtimes/node/backends.ts';
import { tensorflowEntry } from '../../runtimes/node/outcome.ts';
import { compileText } from './load.ts';

const root = join(import.meta.dirname, '../..');

/** Values that are no data set's, of the declared shapes: a sine through each example. */
function madeUp(model: CompiledModel): Record<string, Dataset> {
  return Object.fromEntries(
    model.data.map(({ fields }) => {
      const dataset: Dataset = {
        origin: 'made up',
        count: 64,
        read: async (indices) =>
          fields.map(({ type }) => {
            const size = type.shape.reduce((a, b) => a * b, 1);
            const values = new Float32Array(indices.length * size);
            for (let i = 0; i < indices.length; i++) {
              for (let j = 0; j < size; j++) {
                const hot = j === indices[i]! % size ? 1 : 0;
                values[i * size + j] = type.meaning === 'label' ? hot : Math.sin(indices[i]! * 0.7 + j * 1.3);
              }
            }
            return values;
          }),
      };
      return [fields[0]!.name, dataset];
    }),
  );
}

interface Reading {
  tensors: number;
  bytes: number;
}

/** Trains every phase, and gives what was alive after each step of the last one, and every loss noted. */
async function trained(
  model: CompiledModel,
  steps: number,
): Promise<{ readings: Reading[]; notes: number[] }> {
  const run = new TrainingRun(model, { seed: 1, datasets: madeUp(model) });
  run.state.initialise(1);
  const notes: number[] = [];
  let readings: Reading[] = [];
  for (const [i, phase] of model.phases.entries()) {
    run.state.phase = i;
    run.beginPhase(phase);
    readings = [];
    for (let step = 0; step < steps; step++) {
      run.beginStep(step % 2 === 0);
      await phase.step(run);
      notes.push(...Object.values(await run.readNotes()));
      run.endStep();
      const { numTensors, numBytes } = tf.memory();
      readings.push({ tensors: numTensors, bytes: numBytes });
    }
  }
  for (const output of model.outputs) {
    const before = tf.memory().numTensors;
    const result = await run.evaluate(output, 3, 'test');
    expect(result.shape).toEqual([3, ...output.type.shape]);
    expect([...(await result.data())].every(Number.isFinite)).toBe(true);
    result.dispose();
    expect(tf.memory().numTensors).toBe(before);
  }
  run.dispose();
  return { readings, notes };
}

const emitted = (name: string) =>
  [name, readFileSync(join(root, 'test/golden/emit', name), 'utf8'), {}] as const;
const planned = (name: string) =>
  [name, readFileSync(join(root, 'test/golden/plan', name), 'utf8'), {}] as const;
const zoo = (name: string, set: Record<string, string>) =>
  [name, readFileSync(join(root, 'models', name), 'utf8').replace(/batch = \d+/, 'batch = 4'), set] as const;

const cases = [
  emitted('ring.gan'),
  emitted('conv.gan'),
  emitted('schedule.gan'),
  emitted('ownership.gan'),
  planned('turns.gan'),
  zoo('gan.gan', { width: '8', latent: '4', pieces: '2' }),
  zoo('dcgan.gan', { width: '2', latent: '4', window: '3' }),
  zoo('wgan-gp.gan', { width: '2', latent: '4', window: '3', critic_steps: '2' }),
  zoo('vae.gan', { width: '8', latent: '3' }),
  zoo('ring.gan', { width: '8', latent: '4' }),
];

const native = tensorflowEntry() === null ? [] : (['tensorflow'] as const);

describe.each(['cpu', 'wasm', ...native] as const)('on %s', (backend) => {
  beforeAll(async () => {
    await chooseBackend(backend);
  });

  test.each(cases)('%s', async (name, text, set) => {
    const before = tf.memory().numTensors;
    const { readings, notes } = await trained(compileText(name, text, set), 20);
    expect(notes.length).toBeGreaterThan(20);
    expect(notes.filter((value) => !Number.isFinite(value))).toEqual([]);
    expect(readings[19]).toEqual(readings[4]);
    expect(Math.max(...readings.slice(5).map((r) => r.tensors))).toBe(readings[4]!.tensors);
    expect(tf.memory().numTensors).toBe(before);
  });
});
