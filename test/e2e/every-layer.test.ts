/** A game of every layer (every-layer.gan): its first steps on every backend against the same plan in float64. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import { backends, start } from '../backends/execute.ts';
import { loadModule } from '../emitted/load.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';

const seed = 5;
const steps = 4;
const text = readFileSync(new URL('every-layer.gan', import.meta.url), 'utf8');
const analysis = analyse({ source: { path: 'every-layer.gan', text }, set: {}, load: () => undefined });

async function reference(): Promise<Record<string, number>[]> {
  const plan = planOf(analysis.model!, analysis.sources);
  const trainer = new ReferenceTrainer(plan, supply(plan, seed));
  trainer.begin(plan.phases[0]!);
  const notes: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++) notes.push(await trainer.step(step));
  return notes;
}

test('is checked without a finding', () => {
  expect(analysis.diagnostics.map((d) => `${d.code} ${d.message}`)).toEqual([]);
});

describe.each(backends())('%s', (backend) => {
  beforeAll(() => start(backend));

  test('losses as in float64, and as many tensors after each step', async () => {
    const expected = await reference();
    const program = loadModule(moduleOf(analysis.model!, analysis.sources).code);
    const run = new TrainingRun(program, { seed, datasets: {} });
    run.state.initialise(seed);
    const [phase] = program.phases;
    run.state.phase = 0;
    run.beginPhase(phase!);
    const tensors: number[] = [];
    for (let step = 0; step < steps; step++) {
      run.beginStep(true);
      await phase!.step(run);
      const found = await run.readNotes();
      run.endStep();
      tensors.push(tf.memory().numTensors);
      for (const [loss, value] of Object.entries(expected[step]!)) {
        const error = Math.abs(found[loss]! - value) / Math.max(1, Math.abs(value));
        if (!(error <= 1e-3)) expect.fail(`${loss} at step ${step}: ${found[loss]}, in float64 ${value}`);
      }
      expect(Object.keys(found).sort()).toEqual(['critic', 'generator', 'sequence']);
    }
    run.dispose();
    expect(new Set(tensors.slice(1)).size).toBe(1);
  });
});
