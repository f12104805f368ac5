/**
 * What lives on from step to step: states and saved weights, in emitted code, against what each statement says; and bit for
 * bit the same in a run that was stopped and resumed.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { chooseBackend } from '../../runtimes/node/backends.ts';
import { analyse, moduleOf } from '../../src/compile.ts';
import { compileText } from './load.ts';

beforeAll(async () => {
  await chooseBackend('cpu');
});

function start(model: CompiledModel, seed = 3): TrainingRun {
  const run = new TrainingRun(model, { seed, datasets: {} });
  run.state.initialise(seed);
  run.beginPhase(model.phases[0]!);
  return run;
}

async function step(run: TrainingRun): Promise<void> {
  run.beginStep(true);
  await run.phase.step(run);
  await run.readNotes();
  run.endStep();
}

async function bytesOf(run: TrainingRun): Promise<Uint8Array> {
  const { tensors, metadata } = await captureCheckpoint(run);
  return Buffer.concat(encodeSafetensors(tensors, metadata));
}

const rows = (t: tf.Tensor): string[] =>
  (t.arraySync() as unknown[]).map((row) => JSON.stringify(row)) as string[];

/** A net that learns something, so that a schedule may stand around it. */
const player = `
noise z ~ normal[2]
net D(x: [2]) -> [1] = x |> dense(1)
loss l = expect(D(z)) + expect(square(D(z)))
`;
const learn = 'update D to minimize l with sgd(0.01)';

test('CycleGAN’s pool: fills, then shows an old example half of the time and keeps the new one in its place', async () => {
  const slots = 4;
  const model = compileText(
    'pool.gan',
    `
noise z ~ normal[3]
state pool ~ normal[${slots}, 3]
state filled = 0
state seen ~ normal[3]
net D(x: [3]) -> [1] = x |> dense(1)
let (shown, kept) = pooled(pool, z, filled)
loss l = expect(D(shown)) + expect(square(D(z)))
train (batch = 2, steps = 60) {
  sample z
  update D to minimize l with sgd(0.01)
  set seen to shown
  set pool to kept
  set filled to filled + 1
}`,
  );
  const before = tf.memory().numTensors;
  const run = start(model);
  let old = 0;
  const used = new Set<number>();
  for (let i = 0; i < 60; i++) {
    const pools = (run.states.pool!.arraySync() as number[][][]).map((lane) => lane.map((r) => r.join()));
    await step(run);
    const after = (run.states.pool!.arraySync() as number[][][]).map((lane) => lane.map((r) => r.join()));
    const fresh = (run.samples.z!.arraySync() as number[][]).map((r) => r.join());
    const seen = (run.states.seen!.arraySync() as number[][]).map((r) => r.join());
    for (let lane = 0; lane < 2; lane++) {
      if (i < slots) {
        expect(seen[lane]).toBe(fresh[lane]);
        expect(after[lane]).toEqual(pools[lane]!.with(i, fresh[lane]!));
      } else if (seen[lane] === fresh[lane]) {
        expect(after[lane]).toEqual(pools[lane]);
      } else {
        const slot = pools[lane]!.indexOf(seen[lane]!);
        expect(slot).toBeGreaterThanOrEqual(0);
        expect(after[lane]).toEqual(pools[lane]!.with(slot, fresh[lane]!));
        used.add(slot);
        old++;
      }
    }
  }
  expect(run.states.filled!.dataSync()[0]).toBe(60);
  expect(used.size).toBe(slots);
  expect(old / (2 * (60 - slots))).toBeGreaterThan(0.35);
  expect(old / (2 * (60 - slots))).toBeLessThan(0.65);
  run.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

const bilinear = (schedule: string) => `
net X() -> [1] = weight([1], constant(1))
net Y() -> [1] = weight([1], constant(0.5))
loss value = sum(X() * Y())
train (batch = 1, steps = 50) { ${schedule} }
`;
const both = 'update X to minimize value with sgd(0.3)  update Y to maximize value with sgd(0.3)';

test('extragradient comes to rest in a bilinear game, where simultaneous steps fly apart', async () => {
  const model = compileText(
    'extra.gan',
    bilinear(`save X, Y  together { ${both} }  together { restore X, Y  ${both} }`),
  );
  const run = start(model);
  let [x, y] = [1, 0.5];
  const now = () => Object.values(run.live).map((w) => w.dataSync()[0]!);
  for (let i = 0; i < 50; i++) {
    await step(run);
    const [ahead_x, ahead_y] = [x - 0.3 * y, y + 0.3 * x];
    [x, y] = [x - 0.3 * ahead_y, y + 0.3 * ahead_x];
    expect(now()[0]).toBeCloseTo(x, 5);
    expect(now()[1]).toBeCloseTo(y, 5);
  }
  expect(Math.hypot(...now())).toBeLessThan(0.3);
  run.dispose();
  const simultaneous = start(compileText('apart.gan', bilinear(`together { ${both} }`)));
  for (let i = 0; i < 50; i++) await step(simultaneous);
  expect(Math.hypot(...Object.values(simultaneous.live).map((w) => w.dataSync()[0]!))).toBeGreaterThan(5);
  simultaneous.dispose();
});

describe('if', () => {
  const text = `${player}
param more = true
state a = 0
state b = 0
state c = 0
metric sum_of_all = a + b + c
train (batch = 2, steps = 7) {
  sample z
  if step % 3 == 0 { set a to a + 1 } else if step % 3 == 1 { set b to b + 1 } else { set c to c + 1 }
  if more { ${learn} } else { sample 5 of z }
  if step > 100 { set a to 100 }
}`;

  test('takes the first branch that holds', async () => {
    const run = start(compileText('if.gan', text));
    for (let i = 0; i < 7; i++) await step(run);
    expect(['a', 'b', 'c'].map((name) => run.states[name]!.dataSync()[0])).toEqual([3, 2, 2]);
    run.dispose();
  });

  test('is an if of the emitted code, and what is known while compiling is chosen there', () => {
    const { model, sources } = analyse({ source: { path: 'if.gan', text }, load: () => undefined });
    const { code } = moduleOf(model!, sources);
    const lines = code.split('\n').map((line) => line.trim());
    expect(lines.filter((line) => /^(if|\} else)/.test(line))).toEqual([
      'if (run.step % 3 === 0) {',
      '} else if (run.step % 3 === 1) {',
      '} else {',
      'if (run.step > 100) {',
      'if (run.logging) {',
    ]);
    expect(code).not.toContain("run.sample(['z'], 5)");
  });
});

const everything = `${player}
state level = 0.5
state trail ~ normal[2]
state bag ~ 5 of normal[2]
metric shown = expect(D(bag)) + expect(D(trail)) + level
output chain = trail
train (batch = 3, steps = 6) {
  sample z
  if step % 2 == 0 { save D } else { restore D }
  repeat 2 { set trail to trail - 0.1 * grad(D(trail), trail) + 0.1 * draw normal[2] }
  ${learn}
  set level to 0.9 * level + 0.1 * expect(D(trail))
  set bag to bag + level * draw normal[2]
}`;

async function trained(model: CompiledModel, to: number, from?: Uint8Array): Promise<Uint8Array> {
  const run = start(model);
  if (from) expect(restoreCheckpoint(run, decodeSafetensors(from, 'memory'), 'memory')).toEqual([]);
  while (run.state.step < to) await step(run);
  const bytes = await bytesOf(run);
  run.dispose();
  return bytes;
}

test('a run stopped after any step goes on with the same bits', async () => {
  const model = compileText('all.gan', everything);
  const before = tf.memory().numTensors;
  const whole = await trained(model, 6);
  const { tensors } = decodeSafetensors(whole, 'memory');
  expect([...tensors.keys()].filter((key) => /^(state|saved):/.test(key)).sort()).toEqual([
    'saved:D/dense_1/bias',
    'saved:D/dense_1/kernel',
    'state:bag',
    'state:level',
    'state:trail',
  ]);
  expect(tensors.get('state:bag')!.shape).toEqual([5, 2]);
  for (let k = 1; k < 6; k++) {
    const resumed = await trained(model, 6, await trained(model, k));
    expect(Buffer.compare(resumed, whole), `after ${k}`).toBe(0);
  }
  expect(tf.memory().numTensors).toBe(before);
});

test('values that are read before a set are the old ones', async () => {
  const model = compileText(
    'old.gan',
    `${player}
state a = 1
state b = 10
metric shown = a + b
train (batch = 2, steps = 3) { sample z  ${learn}  set a to a + b  set b to a * b }`,
  );
  const run = start(model);
  let [a, b] = [1, 10];
  for (let i = 0; i < 2; i++) {
    await step(run);
    a = a + b;
    b = a * b;
    expect([run.states.a!.dataSync()[0], run.states.b!.dataSync()[0]]).toEqual([a, b]);
  }
  run.dispose();
});

test('an output has as many examples as are asked for, from the first again', async () => {
  const model = compileText('all.gan', everything);
  const run = start(model);
  await step(run);
  const output = model.outputs[0]!;
  const held = rows(run.states.trail!);
  const drawn = await run.evaluate(output, 4, 'test', 0);
  const next = await run.evaluate(output, 4, 'test', 1);
  expect([...rows(drawn), ...rows(next)]).toEqual([0, 1, 2, 0, 1, 2, 0, 1].map((i) => held[i]!));
  tf.dispose([drawn, next]);
  run.dispose();
});

test('a state of the batch is drawn again for another batch, all others live on into the next phase', async () => {
  const phase = (batch: number) =>
    `train (batch = ${batch}, steps = 1) { sample z  ${learn}  set level to level + 1  set bag to 2 * bag  set trail to 2 * trail }`;
  const model = compileText(
    'phases.gan',
    `${player}
state level = [0.5, 1]
state trail ~ normal[2]
state bag ~ 5 of uniform(1, 2)[1]
metric shown = sum(level) + expect(sum(bag)) + expect(sum(trail))
${phase(3)}${phase(3)}${phase(4)}`,
  );
  const run = start(model);
  await step(run);
  const [trail, bag] = [rows(run.states.trail!), rows(run.states.bag!)];
  run.state.phase = 1;
  run.beginPhase(model.phases[1]!);
  expect(rows(run.states.trail!)).toEqual(trail);
  await step(run);
  run.state.phase = 2;
  run.beginPhase(model.phases[2]!);
  expect(run.states.trail!.shape).toEqual([4, 2]);
  expect(rows(run.states.bag!)).toEqual(
    bag.map((r) => JSON.stringify((JSON.parse(r) as number[]).map((v) => 2 * v))),
  );
  expect([...run.states.level!.dataSync()]).toEqual([2.5, 3]);
  run.dispose();
});

test('what an edited file’s states do not go on with is said', async () => {
  const half = await trained(compileText('all.gan', everything), 3);
  const edited = everything
    .replace('state level = 0.5', 'state level = 0.5\nstate new = 1')
    .replace('5 of normal', '6 of normal')
    .replaceAll('trail', 'path')
    .replace('set level', 'set new to new + level set level');
  const run = start(compileText('all.gan', edited));
  const notices = restoreCheckpoint(run, decodeSafetensors(half, 'memory'), 'memory');
  expect(notices).toEqual([
    'the state `new` begins anew: the checkpoint has none',
    'the state `path` begins anew: the checkpoint has none',
    'the state `bag` begins anew: it was [5, 2] and is [6, 2] now',
    'the state `trail` is dropped: the file has none of this name now',
  ]);
  await step(run);
  run.dispose();
});

test('a state that left the numbers is not saved as good', async () => {
  const model = compileText(
    'wrong.gan',
    `${player}
state a = 1
metric shown = a
train (batch = 2, steps = 3) { sample z  ${learn}  set a to log(a - 2) }`,
  );
  const run = start(model);
  await step(run);
  await expect(captureCheckpoint(run)).rejects.toThrow('the state `a` holds numbers that are not finite');
  run.dispose();
});
