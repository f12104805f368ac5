/** A compiled program that remembers all there is to remember (resume.gan): stopped after any step it goes on bit for bit. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawValues } from '../../runtimes/core/random.ts';
import { adjustPhases, captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import type { Dataset } from '../../runtimes/core/run/data.ts';
import { type LogEntry, trainLoop } from '../../runtimes/core/run/loop.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { start } from '../backends/execute.ts';
import { compileText } from '../emitted/load.ts';

const model = compileText('resume.gan', readFileSync(new URL('resume.gan', import.meta.url), 'utf8'));
const count = 22;
const points = drawValues(0, 'points', 0, { kind: 'normal', mean: 1, std: 1 }, [count, 2]);
const dataset: Dataset = {
  origin: 'points',
  count,
  read: async (indices) => [
    Float32Array.from({ length: indices.length * 2 }, (_, i) => points[2 * indices[i >> 1]! + (i & 1)]!),
  ],
};

interface Part {
  readonly bytes: Uint8Array;
  readonly log: readonly Omit<LogEntry, 'ms'>[];
}

async function runTo(program: CompiledModel, stopAt: number, from?: Part): Promise<Part> {
  const run = new TrainingRun(program, { seed: 4, datasets: { x: dataset } });
  run.state.initialise(4);
  if (from) restoreCheckpoint(run, decodeSafetensors(from.bytes, 'memory'), 'memory');
  const log: Omit<LogEntry, 'ms'>[] = [...(from?.log ?? [])];
  await trainLoop(
    run,
    { log: 2, checkpoint: 1000, pictures: 1000 },
    {
      now: () => 0,
      breathe: async () => {},
      stopping: () => run.state.total === stopAt,
      phaseBegins() {},
      step() {},
      logged: ({ ms: _, ...entry }) => log.push(entry),
      checkpointDue: () => false,
      async checkpoint() {},
      // Pictures move nothing.
      pictures: async () => (await run.evaluate(program.outputs[0]!, 3, 'look')).dispose(),
    },
  );
  const { tensors, metadata } = await captureCheckpoint(run);
  run.dispose();
  return { bytes: Buffer.concat(encodeSafetensors(tensors, metadata)), log };
}

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => start(backend));

  test('stopped after any step', async () => {
    const whole = await runTo(model, -1);
    const total = whole.log.at(-1)!.step;
    expect(total).toBeGreaterThan(15);
    for (let k = 1; k < total; k++) {
      const resumed = await runTo(model, -1, await runTo(model, k));
      expect(Buffer.compare(resumed.bytes, whole.bytes), `stopped after step ${k}`).toBe(0);
      expect(resumed.log).toEqual(whole.log);
    }
  });

  test('with another batch from there on, twice the same', async () => {
    const part = await runTo(model, 9);
    const wider = adjustPhases(model, ['second=9'], ['second=6']);
    const whole = await runTo(wider, -1, part);
    expect(whole.log.at(-1)).toMatchObject({ phase: 'second', phaseStep: 9 });
    for (const k of [10, 13]) {
      const resumed = await runTo(wider, -1, await runTo(wider, k, part));
      expect(Buffer.compare(resumed.bytes, whole.bytes)).toBe(0);
    }
    expect(Buffer.compare(whole.bytes, (await runTo(model, -1, part)).bytes)).not.toBe(0);
  });
});

test('the checkpoint of another model is refused, by the weights that differ', async () => {
  const part = await runTo(model, 3);
  const text = readFileSync(new URL('resume.gan', import.meta.url), 'utf8').replace('dense(6,', 'dense(5,');
  await expect(runTo(compileText('other.gan', text), -1, part)).rejects.toThrow(
    /D\/dense_1\/kernel is \[2, 6\] there and \[2, 5\] here/,
  );
});
