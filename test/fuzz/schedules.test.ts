/**
 * Schedules made up at random: whatever is shared, hoisted out of loops or kept across blocks, a planned run has the losses
 * and weights of a run that evaluates each update anew. At the borders of a block whatever it changes counts as another
 * value, so there batch norm's averages may move where the plain run finds the same numbers again: averages are compared in
 * schedules without blocks. What is emitted follows its plan, in the losses of each step and the weights of the last.
 */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import { outline } from '../../src/plan/outline.ts';
import { verifyLifetimes } from '../../src/plan/verify.ts';
import { loadModule } from '../emitted/load.ts';
import { PlainTrainer } from '../oracle/plain-trainer.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply, withoutCalls } from '../oracle/supply.ts';

/** Nets with everything that remembers: averages of batch norm, dropout, power iterations, draws of their own. */
const declarations = (norm: string) => `
data  x ~ [2] from "ring"
noise z ~ normal[2]
net H(z: [2]) -> [3] = z |> dense(3) ${norm} |> tanh
net G(z: [2]) -> [2] = z |> dense(3) |> batch_norm |> tanh |> dense(2)
net D(x: [2]) -> [1] = {
  let h = x |> dense(3, norm = "spectral") |> tanh |> dropout(0.3 * (1 - progress))
  return (h + 0.1 * draw normal[3]) |> dense(1)
}
// Linear: the gradient of \`level\` is the same whatever L's weights are, so several updates share it.
net L(x: [2]) -> [1] = x |> dense(1)
let fake = G(z)
let mix = draw uniform(0, 1)[1]
let mixed = mix * x + (1 - mix) * fake
let h = H(fake)
loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake)))
loss g_loss = expect(softplus(-D(fake)))
loss slope = expect(square(norm(grad(D(mixed), mixed)) - 1))
loss kept = expect(mean(square(h - H.frozen(z)))) + expect(mean(square(H.live(z) - H.averaged(fake))))
loss level = expect(L(x))
metric gap = expect(D(x)) - expect(D(fake))
state pace = 0.5
state trail ~ normal[2]
state bag ~ 5 of normal[2]
loss behind = expect(mean(square(trail - fake))) + pace * expect(D(bag)) + expect(D(trail))
optimizer d_opt = adam(0.02, beta1 = 0.5 * progress)
optimizer g_opt = sgd(0.05, momentum = 0.5)
`;

const plainStatements = [
  'sample x',
  'sample z',
  'sample x, z',
  'update D to minimize d_loss with d_opt',
  'update G to minimize g_loss with g_opt',
  'update D to minimize d_loss + slope with rmsprop(0.01)',
  'update G, H to minimize g_loss + kept with g_opt',
  'update H to minimize kept with g_opt',
  'update G to maximize d_loss with sgd(0.02)',
  'together { update D to minimize d_loss with d_opt  update G to minimize g_loss with g_opt }',
  'update L to minimize level with sgd(0.02)',
  'update L to maximize 2 * level with adam(0.01)',
  'together { update L to minimize level with sgd(0.01)  update D to minimize d_loss + level with d_opt }',
  'clip D to [-0.9, 0.9]',
  'clip G to norm 1.5 - progress',
  'average H decay 0.9 * (1 - progress)',
  'update G, D to minimize behind with sgd(0.02)',
  'set pace to 0.9 * pace + 0.1 * expect(D(x))',
  'set trail to 0.5 * trail + 0.5 * fake',
  'set trail to trail - 0.1 * grad(D(trail), trail)',
  'set trail to pace',
  'set bag to bag + pace * draw normal[2]',
  'save D, G',
  'restore D',
  'restore G, D',
  'together { restore G, D  update D to minimize d_loss with d_opt  update G to minimize g_loss with g_opt }',
];

const blocks = [
  'repeat 2',
  'repeat step',
  'repeat (if step < 2 then 1 else 0)',
  'every 2',
  'once',
  'if step % 2 == 0',
  'if step > 1 { set pace to 1 } else if step > 0',
  'if step > 1 { sample x  update D to minimize d_loss with d_opt } else',
];

const { statement } = fc.letrec<{ statement: string; block: string; plain: string }>((tie) => ({
  statement: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('plain'), tie('block')),
  plain: fc.constantFrom(...plainStatements),
  block: fc
    .tuple(fc.constantFrom(...blocks), fc.array(tie('statement'), { minLength: 1, maxLength: 4 }))
    .map(([head, body]) => `${head} {\n${body.join('\n')}\n}`),
}));

const schedule = (statements: fc.Arbitrary<string>) =>
  fc.array(statements, { minLength: 1, maxLength: 7 }).map((body) =>
    [
      'train (batch = 3, steps = 4) {',
      'sample x, z',
      'once { save D, G }',
      ...body,
      // Every net is trained and averaged somewhere, as the checker asks.
      'update D to minimize d_loss with d_opt',
      'update G, H to minimize g_loss + kept with g_opt',
      'update L to minimize level with sgd(0.01)',
      'update G, D to minimize behind with sgd(0.01)',
      'set pace to 0.5 * pace',
      'set trail to trail + 0.1 * x',
      'set bag to 0.9 * bag',
      'average H decay 0.9',
      '}',
    ].join('\n'),
  );

function read(text: string) {
  const source = { path: 'random.gan', text };
  const { model, diagnostics, sources } = analyse({ source, load: () => undefined });
  expect(diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([]);
  const plan = planOf(model!, sources);
  expect(verifyLifetimes(plan)).toEqual([]);
  expect(verifyLifetimes(outline(plan))).toEqual([]);
  return { model: model!, sources, plan };
}

async function holds(text: string, statistics: boolean): Promise<void> {
  const { model, plan } = read(text);
  const planned = new ReferenceTrainer(plan, withoutCalls(supply(plan, 3)));
  const plain = new PlainTrainer(model, withoutCalls(supply(plan, 3)));
  planned.begin(plan.phases[0]!);
  plain.begin(model.phases[0]!);
  for (let step = 0; step < 4; step++) {
    const losses = await planned.step(step, { logging: step % 2 === 0 });
    const expected = await plain.step(step);
    for (const [name, value] of Object.entries(expected)) near(losses[name]!, value, `${name} at ${step}`);
  }
  for (const { name } of statistics ? [...plan.weights, ...plan.stats] : plan.weights) {
    for (const [i, value] of plain.state.live[name]!.data.entries()) {
      near(planned.state.live[name]!.data[i]!, value, name);
    }
  }
  for (const [name, { data }] of Object.entries(plain.state.states)) {
    data.forEach((value, i) => {
      near(planned.state.states[name]!.data[i]!, value, name);
    });
  }
}

it('schedules with loops and conditions', async () => {
  await fc.assert(
    fc.asyncProperty(schedule(statement), (train) => holds(`${declarations('')}${train}\n`, false)),
    { numRuns: 50, seed: 1, interruptAfterTimeLimit: 60_000 },
  );
}, 100_000);

it('schedules without, and averages of batch norm', async () => {
  const straight = fc.constantFrom(...plainStatements);
  await fc.assert(
    fc.asyncProperty(schedule(straight), (train) =>
      holds(`${declarations('|> batch_norm')}${train}\n`, true),
    ),
    { numRuns: 50, seed: 1, interruptAfterTimeLimit: 60_000 },
  );
}, 100_000);

/** Samples are noise alone, so that the run draws what the oracle is given. */
const noiseOnly = declarations('').replace('data  x ~ [2] from "ring"', 'noise x ~ normal[2]');

async function runsAsPlanned(text: string): Promise<void> {
  const { model, plan, sources } = read(text);
  const planned = new ReferenceTrainer(plan, supply(plan, 3));
  planned.begin(plan.phases[0]!);
  const program = loadModule(moduleOf(model, sources).code);
  const [phase] = program.phases;
  const before = tf.memory().numTensors;
  const run = new TrainingRun(program, { seed: 3, datasets: {} });
  run.state.initialise(3);
  run.beginPhase(phase!);
  for (let step = 0; step < 4; step++) {
    const logging = step % 2 === 0 || step === 3;
    const losses = await planned.step(step, { logging });
    run.beginStep(logging);
    await phase!.step(run);
    const found = await run.readNotes();
    run.endStep();
    expect(tf.memory().numTensors - before, `tensors beside the run's own at ${step}`).toBe(held(run.state));
    expect(Object.keys(found).sort()).toEqual(Object.keys(losses).sort());
    for (const [name, value] of Object.entries(losses)) near(found[name]!, value, `${name} at ${step}`, 1e-3);
  }
  for (const { name } of plan.weights) {
    const found = run.state.live[name]!.dataSync();
    for (const [i, value] of planned.state.live[name]!.data.entries()) near(found[i]!, value, name, 1e-3);
  }
  for (const [name, { data }] of Object.entries(planned.state.states)) {
    const found = run.states[name]!.dataSync();
    data.forEach((value, i) => {
      near(found[i]!, value, name, 1e-3);
    });
  }
  run.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

it('schedules with loops and conditions, emitted', async () => {
  await tf.setBackend('cpu');
  await fc.assert(
    fc.asyncProperty(schedule(statement), (train) => runsAsPlanned(`${noiseOnly}${train}\n`)),
    { numRuns: 30, seed: 1, interruptAfterTimeLimit: 60_000 },
  );
}, 100_000);

it('a loop that draws new samples after it has used the old ones', async () => {
  await tf.setBackend('cpu');
  await runsAsPlanned(`${noiseOnly}
train (batch = 3, steps = 4) {
  sample x, z
  repeat 3 {
    update D to minimize d_loss with d_opt
    every 2 { update G, H to minimize g_loss + kept with g_opt }
    sample x
  }
  update L to minimize level with sgd(0.01)
  average H decay 0.9
}
`);
});

/** How many tensors a run holds between its steps. */
function held({ live, frozen, averages, samples, states, saved, optimizers }: TrainingRun['state']): number {
  const slots = Object.values(optimizers).flatMap((states) => Object.values(states).map((s) => s.slots));
  return [live, frozen, averages, samples, states, saved, ...slots].reduce(
    (n, group) => n + Object.keys(group).length,
    0,
  );
}

it('an update in a block that is skipped reads the gradient of one before it', async () => {
  await tf.setBackend('cpu');
  await runsAsPlanned(`${noiseOnly}
train (batch = 3, steps = 4) {
  sample x, z
  update L to minimize level with sgd(0.02)
  every 3 { update L to minimize level with sgd(0.01) }
  once { update L to minimize level with sgd(0.03) }
  update D to minimize d_loss with d_opt
  update G, H to minimize g_loss + kept with g_opt
  average H decay 0.9
}
`);
});

function near(found: number, expected: number, what: string, tolerance = 1e-7): void {
  if (!(Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected)))) {
    throw new Error(`${what} is ${found}, and should be ${expected}`);
  }
}
