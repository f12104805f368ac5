/**
 * Attention, a U-Net, a recurrence, a penalised critic, and choices by position and order, as compiled: no kernel of tfjs's
 * cpu backend in a whole step, and the float64 interpreter's losses.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { onFallback } from '../../runtimes/kernels/wasm/fallback.ts';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import { loadModule } from '../emitted/load.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';
import { use, variants } from './engines.ts';

const seed = 5;
const steps = 2;
const batch = 3;
const workloads: Record<string, Record<string, string>> = {
  attention: { width: '8', heads: '2', length: '6' },
  unet: { size: '8', base: '4' },
  recurrence: { length: '4' },
  penalised: { size: '8', base: '4' },
  choices: { size: '8', codes: '6' },
};

/** Its program, and its losses in float64. */
async function compiled(name: string) {
  const path = join(import.meta.dirname, 'workloads', `${name}.gan`);
  const source = { path, text: readFileSync(path, 'utf8') };
  const { model, sources, diagnostics } = analyse({ source, set: workloads[name]!, load: () => undefined });
  expect(diagnostics).toEqual([]);
  const program = loadModule(moduleOf(model!, sources).code);
  const plan = planOf(model!, sources);
  const phase = { ...plan.phases[0]!, batch };
  program.phases[0]!.batch = batch;
  const trainer = new ReferenceTrainer(
    { ...plan, phases: [phase] },
    supply(plan, seed, () => {
      throw new Error('no data');
    }),
  );
  trainer.begin(phase);
  const losses: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++) losses.push(await trainer.step(step));
  return { program, losses };
}
const known = new Map<string, Awaited<ReturnType<typeof compiled>>>();

const missed: string[] = [];
beforeAll(() => onFallback((name) => missed.push(name)));
afterAll(() => onFallback(null));

describe.each(variants.filter((v) => v.threads !== 1))('$name', (variant) => {
  beforeAll(async () => void (await use(variant)));

  test.each(Object.keys(workloads))('%s', async (name) => {
    if (!known.has(name)) known.set(name, await compiled(name));
    const { program, losses } = known.get(name)!;
    const run = new TrainingRun(program, { seed, datasets: {} });
    run.state.initialise(seed);
    const phase = program.phases[0]!;
    run.beginPhase(phase);
    missed.length = 0;
    for (const want of losses) {
      run.beginStep(true);
      await phase.step(run);
      const got = await run.readNotes();
      run.endStep();
      for (const [loss, value] of Object.entries(want))
        expect(Math.abs(got[loss]! - value), `${loss}: ${got[loss]}, not ${value}`).toBeLessThan(
          1e-4 * Math.max(1, Math.abs(value)),
        );
    }
    expect(missed, 'kernels of the cpu backend').toEqual([]);
    run.state.dispose();
  });
});
