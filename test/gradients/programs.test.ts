/**
 * Small whole programs against PyTorch, from the text to the weights after one step, in float64 and on every backend: forward
 * mode, lists of nets, `map`, weights as values. `programs.py` beside this file wrote the numbers.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import { sizeOf } from '../../src/ir/ndarray.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { backends, start } from '../backends/execute.ts';
import { loadModule } from '../emitted/load.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';

type Arrays = Record<string, { shape: number[]; data: number[] }>;
interface Program {
  text: string;
  samples: Arrays;
  weights: Arrays;
  losses: Record<string, number>;
  gradients: Arrays;
}

const programs = Object.entries(
  JSON.parse(readFileSync(new URL('programs.json', import.meta.url), 'utf8')) as Record<string, Program>,
);

function checked({ text }: Program) {
  const found = analyse({ source: { path: 'program.gan', text }, load: () => undefined });
  expect(found.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([]);
  return { model: found.model!, sources: found.sources };
}

const array = ({ shape, data }: Arrays[string]): NDArray => ({ shape, data: Float64Array.from(data) });

/** What each weight has lost, relative to the greatest entry of its gradient in PyTorch. */
function expectGradients(
  { weights, gradients }: Program,
  after: (name: string) => ArrayLike<number>,
  tolerance: number,
): void {
  for (const [name, { data }] of Object.entries(weights)) {
    const values = after(name);
    const slope = gradients[name]!.data;
    const size = Math.max(1e-2, ...slope.map(Math.abs));
    for (const [i, before] of data.entries()) {
      const found = before - values[i]!;
      if (!(Math.abs(found - slope[i]!) <= tolerance * size)) {
        expect.fail(`${name}[${i}] has gradient ${found}, in PyTorch ${slope[i]}`);
      }
    }
  }
}

test.each(programs)('%s, in float64', async (_, program) => {
  const { model, sources } = checked(program);
  const plan = planOf(model, sources);
  const trainer = new ReferenceTrainer(plan, {
    sample: (names) => Object.fromEntries(names.map((name) => [name, array(program.samples[name]!)])),
    draw: () => {
      throw new Error('nothing is drawn here');
    },
    weight: ({ name }) => array(program.weights[name]!),
    state: (name) => {
      throw new Error(`there is no ${name}`);
    },
    stat: ({ shape, init }) => ({
      shape,
      data: new Float64Array(sizeOf(shape)).fill(init === 'ones' ? 1 : 0),
    }),
  });
  trainer.begin(plan.phases[0]!);
  const found = await trainer.step(0);
  for (const [name, value] of Object.entries(program.losses)) expect(found[name]).toBeCloseTo(value, 9);
  expectGradients(program, (name) => trainer.state.live[name]!.data, 1e-8);
});

describe.each(backends())('on %s', (backend) => {
  beforeAll(() => start(backend));

  test.each(programs)('%s', async (_, given) => {
    const { model, sources } = checked(given);
    const program = loadModule(moduleOf(model, sources).code);
    const run = new TrainingRun(program, { seed: 1, datasets: {} });
    const { state } = run;
    const tensor = ({ shape, data }: Arrays[string]) => tf.tensor(data, shape, 'float32');
    for (const [name, value] of Object.entries(given.weights)) state.live[name] = tensor(value);
    for (const { name, shape, init } of model.nets.flatMap((net) => net.stats))
      state.live[name] = init === 'ones' ? tf.ones([...shape]) : tf.zeros([...shape]);
    run.sample = async (names) => {
      for (const name of names) state.replace(state.samples, name, tensor(given.samples[name]!));
    };
    run.beginPhase(program.phases[0]!);
    run.beginStep(true);
    await program.phases[0]!.step(run);
    const found = await run.readNotes();
    for (const [name, value] of Object.entries(given.losses)) {
      expect(Math.abs(found[name]! - value)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(value)));
    }
    const after = Object.fromEntries(
      await Promise.all(Object.entries(state.live).map(async ([name, t]) => [name, await t.data()] as const)),
    );
    expectGradients(given, (name) => after[name]!, 2e-4);
    run.dispose();
  });
});
