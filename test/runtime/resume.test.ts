/** A run that was stopped and resumed ends with the same numbers as one never stopped: bit for bit. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawValues } from '../../runtimes/core/random.ts';
import { captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import type { Dataset } from '../../runtimes/core/run/data.ts';
import { type LoopHost, trainLoop } from '../../runtimes/core/run/loop.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { tinyModel } from './tiny.ts';

const COUNT = 100;
const values = drawValues(0, 'test', 0, { kind: 'normal', mean: 1, std: 1 }, [COUNT, 2]);
const dataset: Dataset = {
  origin: 'test',
  count: COUNT,
  read: async (indices) => [
    Float32Array.from({ length: indices.length * 2 }, (_, i) => values[2 * indices[i >> 1]! + (i & 1)]!),
  ],
};

const cadence = { log: 3, checkpoint: 1000, pictures: 1000 };

function host(stopAt: number, run: TrainingRun): LoopHost {
  return {
    now: () => performance.now(),
    breathe: async () => {},
    stopping: () => run.state.total === stopAt,
    phaseBegins() {},
    step() {},
    logged() {},
    checkpointDue: () => false,
    async checkpoint() {},
    async pictures() {},
  };
}

/** Everything that a checkpoint holds, as bytes. */
async function bytesOf(run: TrainingRun): Promise<Uint8Array> {
  const { tensors, metadata } = await captureCheckpoint(run);
  return Buffer.concat(encodeSafetensors(tensors, metadata));
}

async function runTo(model: CompiledModel, stopAt: number, from?: Uint8Array): Promise<Uint8Array> {
  const run = new TrainingRun(model, { seed: 4, datasets: { x: dataset } });
  run.state.initialise(4);
  if (from !== undefined) restoreCheckpoint(run, decodeSafetensors(from, 'memory'), 'memory');
  await trainLoop(run, cadence, host(stopAt, run));
  const bytes = await bytesOf(run);
  run.dispose();
  return bytes;
}

describe('stopped after any step', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  test.each([
    ['one phase', tinyModel({ steps: 15 }), 15],
    [
      'phases, frozen copies, batches that do not divide the data',
      tinyModel(
        { name: 'a', steps: 5, batch: 30, frozen: ['G'] },
        { name: 'b', steps: 6, batch: 7, frozen: ['D'], averaged: [] },
      ),
      11,
    ],
    ['a phase counted in epochs', tinyModel({ steps: null, epochs: 2, batch: 16 }), 12],
  ])('%s', async (_, model, total) => {
    const whole = await runTo(model, -1);
    const before = tf.memory().numTensors;
    for (let k = 1; k < total; k++) {
      const part = await runTo(model, k);
      expect(Buffer.compare(await runTo(model, -1, part), whole)).toBe(0);
    }
    // Runs that are disposed of leave nothing behind.
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each(['optimizer:toString:m:toString', 'optimizer:d:m:toString', 'optimizer:constructor:m:name'])(
    'a tensor of a name that every object has is refused: %s',
    async (name) => {
      const model = tinyModel({ steps: 15 });
      const { tensors, metadata } = decodeSafetensors(await runTo(model, 3), 'memory');
      tensors.set(name, { shape: [1], data: new Float32Array(1) });
      const counts = { ...JSON.parse(metadata.ganc!), tensors: tensors.size };
      const bytes = Buffer.concat(encodeSafetensors(tensors, { ganc: JSON.stringify(counts) }));
      await expect(runTo(model, -1, bytes)).rejects.toMatchObject({
        name: 'UserError',
        message: `memory is damaged: ${name} belongs to no optimiser`,
      });
    },
  );

  test('other steps give other numbers (the comparison can fail)', async () => {
    const model = tinyModel({ steps: 15 });
    expect(Buffer.compare(await runTo(model, 9), await runTo(model, 10))).not.toBe(0);
  });
});
