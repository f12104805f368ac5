/** A weight that an update's loss does not reach is left alone: not even its momentum moves it, and its steps don't count. */
import { beforeAll, expect, test } from 'vitest';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { start } from '../backends/execute.ts';
import { compileText } from './load.ts';

beforeAll(() => start('cpu'));

/** Three steps: both weights, then `a` alone twice. The gradient of `both` is 2 for each weight, that of `one` 2 for `a`. */
const text = (optimizer: string) => `noise z ~ normal[1]
net N(z: [1]) -> (a: [1], b: [1]) = {
  let a = weight([1], init = constant(1))
  let b = weight([1], init = constant(1))
  return (a = 2 * a + 0 * z, b = 2 * b + 0 * z)
}
let both = expect(N(z).a) + expect(N(z).b)
let one = expect(N(z).a)
optimizer shared = ${optimizer}
train (batch = 2, steps = 3) {
  sample z
  once { update N to minimize both with shared }
  repeat (if step > 0 then 1 else 0) { update N to minimize one with shared }
}
`;

async function weights(optimizer: string): Promise<{ a: number; b: number }> {
  const model = compileText('unreached.gan', text(optimizer));
  const run = new TrainingRun(model, { seed: 0, datasets: {} });
  run.state.initialise(0);
  run.beginPhase(model.phases[0]!);
  for (let step = 0; step < 3; step++) {
    run.beginStep(false);
    await model.phases[0]!.step(run);
    run.endStep();
  }
  const [a, b] = model.weights.map(({ name }) => run.state.live[name]!.dataSync()[0]!);
  run.dispose();
  return { a: a!, b: b! };
}

// With a gradient of 2 at each step and momentum 0.5 the steps are 0.1 times 2, 3 and 3.5 (Sutskever's form, as in PyTorch).
test('momentum', async () => {
  const { a, b } = await weights('sgd(0.1, momentum = 0.5)');
  expect(a).toBeCloseTo(1 - 0.2 - 0.3 - 0.35, 6);
  expect(b).toBeCloseTo(1 - 0.2, 6);
});

// With a constant gradient each of Adam's steps is the learning rate; with a gradient of 0 it would go on moving b.
test('Adam', async () => {
  const { a, b } = await weights('adam(0.1)');
  expect(a).toBeCloseTo(1 - 0.3, 5);
  expect(b).toBeCloseTo(1 - 0.1, 5);
});
