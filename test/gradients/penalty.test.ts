/**
 * The gradients of a WGAN-GP critic's loss through its penalty (penalty.gan), from the text to the weights after one step:
 * in float64 and on every backend against PyTorch's double backward. `penalty.py` beside this file wrote the numbers.
 */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { backends, start } from '../backends/execute.ts';
import { loadModule } from '../emitted/load.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';

type Arrays = Record<string, { shape: number[]; data: number[] }>;
interface Numbers {
  samples: Arrays;
  weights: Arrays;
  penalty: number;
  critic: number;
  penalty_gradients: Arrays;
  critic_gradients: Arrays;
}

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
const numbers = JSON.parse(read('penalty.json')) as Numbers;

function compiled(objective: string) {
  const text = read('penalty.gan').replace('to minimize critic', `to minimize ${objective}`);
  const { model, sources } = analyse({ source: { path: 'penalty.gan', text }, load: () => undefined });
  return { plan: planOf(model!, sources), module: moduleOf(model!, sources).code };
}

const array = ({ shape, data }: Arrays[string]): NDArray => ({ shape, data: Float64Array.from(data) });

/** The greatest distance from PyTorch's gradient, relative to the greatest entry of each weight's. */
function expectGradients(
  expected: Arrays,
  after: (name: string) => ArrayLike<number>,
  tolerance: number,
): void {
  for (const [name, { data }] of Object.entries(numbers.weights)) {
    const values = after(name);
    const slope = expected[name]?.data ?? data.map(() => 0);
    const size = Math.max(1e-3, ...slope.map(Math.abs));
    for (const [i, before] of data.entries()) {
      const found = before - values[i]!;
      if (!(Math.abs(found - slope[i]!) <= tolerance * size)) {
        expect.fail(`${name}[${i}] has gradient ${found}, in PyTorch ${slope[i]}`);
      }
    }
  }
}

const objectives = [
  ['penalty', { penalty: numbers.penalty }, numbers.penalty_gradients],
  ['critic', { penalty: numbers.penalty, critic: numbers.critic }, numbers.critic_gradients],
] as const;

test.each(objectives)('%s, in float64', async (objective, losses, gradients) => {
  const { plan } = compiled(objective);
  const trainer = new ReferenceTrainer(plan, {
    sample: (names) => Object.fromEntries(names.map((name) => [name, array(numbers.samples[name]!)])),
    draw: () => {
      throw new Error('nothing is drawn here');
    },
    weight: ({ name }) => array(numbers.weights[name]!),
    state: (name) => {
      throw new Error(`there is no ${name}`);
    },
    stat: ({ name }) => {
      throw new Error(`there is no ${name}`);
    },
  });
  trainer.begin(plan.phases[0]!);
  const found = await trainer.step(0);
  for (const [name, value] of Object.entries(losses)) expect(found[name]).toBeCloseTo(value, 9);
  expectGradients(gradients, (name) => trainer.state.live[name]!.data, 1e-9);
});

describe.each(backends())('on %s', (backend) => {
  beforeAll(() => start(backend));

  test.each(objectives)('%s', async (objective, losses, gradients) => {
    const program = loadModule(compiled(objective).module);
    const run = new TrainingRun(program, { seed: 1, datasets: {} });
    const { state } = run;
    const tensor = ({ shape, data }: Arrays[string]) => tf.tensor(data, shape, 'float32');
    for (const [name, value] of Object.entries(numbers.weights)) state.live[name] = tensor(value);
    run.sample = async (names) => {
      for (const name of names) state.replace(state.samples, name, tensor(numbers.samples[name]!));
    };
    run.beginPhase(program.phases[0]!);
    run.beginStep(true);
    await program.phases[0]!.step(run);
    const found = await run.readNotes();
    for (const [name, value] of Object.entries(losses)) {
      expect(Math.abs(found[name]! - value)).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(value)));
    }
    const after = Object.fromEntries(
      await Promise.all(Object.entries(state.live).map(async ([name, t]) => [name, await t.data()] as const)),
    );
    expectGradients(gradients, (name) => after[name]!, 1e-4);
    run.dispose();
  });
});
