/** A run that goes on after its file was edited: each optimiser keeps its state, or it is said that it cannot. */
import { beforeAll, describe, expect, test } from 'vitest';
import { captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/run/checkpoint.ts';
import { trainLoop } from '../../runtimes/core/run/loop.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { start } from '../backends/execute.ts';
import { compileText } from './load.ts';

const D = 'update D to minimize d_loss with adam(rate, beta1 = 0.5)';
const G = 'update G to minimize g_loss with adam(rate, beta1 = 0.5)';
const both = `sample x, z
  ${D}
  ${G}`;

const program = (body: string, before = '') =>
  compileText(
    'edited.gan',
    `param rate = 1e-2
noise x ~ normal[2]
noise z ~ normal[2]
net G(z: [2]) -> [2] = z |> dense(3) |> tanh |> dense(2)
net D(x: [2]) -> [1] = x |> dense(3) |> tanh |> dense(1)
let fake = G(z)
loss d_loss = nonsaturating_d(D(x), D(fake))
loss g_loss = nonsaturating_g(D(fake))
output samples = fake
${before}
train (batch = 4, steps = 6) {
  ${body}
}
`,
  );

interface End {
  readonly bytes: Uint8Array;
  readonly weights: Record<string, number[]>;
  readonly notices: readonly string[];
}

async function runTo(model: CompiledModel, stopAt: number, from?: Uint8Array): Promise<End> {
  const run = new TrainingRun(model, { seed: 1, datasets: {} });
  run.state.initialise(1);
  const notices = from ? restoreCheckpoint(run, decodeSafetensors(from, 'memory'), 'memory') : [];
  const cadence = { log: 100, checkpoint: 100, pictures: 100 };
  if (run.state.total !== stopAt)
    await trainLoop(run, cadence, {
      now: () => 0,
      breathe: async () => {},
      stopping: () => run.state.total === stopAt,
      phaseBegins() {},
      step() {},
      logged() {},
      checkpointDue: () => false,
      async checkpoint() {},
      async pictures() {},
    });
  const { tensors, metadata } = await captureCheckpoint(run);
  const weights = Object.fromEntries(
    Object.entries(run.state.live).map(([name, tensor]) => [name, [...tensor.dataSync()]]),
  );
  run.dispose();
  return { bytes: Buffer.concat(encodeSafetensors(tensors, metadata)), weights, notices };
}

/** Three steps of one file, then as many of another. */
async function goesOn(before: CompiledModel, after: CompiledModel): Promise<End> {
  return runTo(after, 6, (await runTo(before, 3)).bytes);
}

beforeAll(() => start('cpu'));

describe('an edit that leaves an update what it is', () => {
  test.each([
    [
      'an update of the same net and objective before it',
      `sample x, z
  every 1000 { update D to minimize d_loss with adam(1e-9) }
  ${D}
  ${G}`,
      ['`adam(1e-9)` in `update D to minimize d_loss` starts anew: the checkpoint has no state for it'],
    ],
    [
      'an update of another kind before it',
      `sample x, z
  every 1000 { update D to minimize d_loss + 1 with sgd(1e-9) }
  ${D}
  ${G}`,
      ['`sgd(1e-9)` in `update D to minimize d_loss + 1` starts anew: the checkpoint has no state for it'],
    ],
    [
      'white space, comments, a block around it',
      `sample x, z\n repeat 1 { ${D} } // so\n every 1 {${G}}`,
      [],
    ],
    [
      'a setting of the same value, written in another way',
      both.replaceAll('beta1 = 0.5', 'beta1 = 1 / 2'),
      [],
    ],
  ])('%s', async (_, body, notices) => {
    const model = program(both);
    const whole = await runTo(model, 6);
    const edited = await goesOn(model, program(body));
    expect(edited.notices).toEqual(notices);
    expect(edited.weights).toEqual(whole.weights);
  });
});

test('updates that trade places take their states along', async () => {
  const [first, second] = ['adam(0.01)', 'adam(0.02)'].map((o) => `update D to minimize d_loss with ${o}`);
  const play = (one: string, other: string) => program(`sample x, z\n ${one}\n ${other}\n ${G}`);
  const before = await runTo(play(first!, second!), 3);
  const after = await runTo(play(second!, first!), 3, before.bytes);
  const slots = (end: End) => {
    const file = decodeSafetensors(end.bytes, 'memory');
    const specs = JSON.parse(file.metadata.ganc!).optimizerSpecs as CompiledModel['optimizers'];
    return Object.fromEntries(
      specs.map(({ name, update }) => [
        `${update!.nets} ${update!.settings}`,
        [...file.tensors]
          .filter(([key]) => key.startsWith(`optimizer:${name}:`))
          .map(([, { data }]) => [...data]),
      ]),
    );
  };
  expect(after.notices).toEqual([]);
  expect(slots(after)).toEqual(slots(before));
  expect(slots(before)['D adam(0.01)']).not.toEqual(slots(before)['D adam(0.02)']);
});

describe('what cannot be carried over is said', () => {
  test.each([
    [
      'another objective',
      both.replace('d_loss', '2 * d_loss'),
      '',
      [
        '`adam(rate, beta1 = 0.5)` in `update D to minimize d_loss` is dropped: no update moves D for this objective with adam now',
        '`adam(rate, beta1 = 0.5)` in `update D to minimize 2 * d_loss` starts anew: the checkpoint has no state for it',
      ],
    ],
    [
      'another kind of optimiser',
      both.replace('adam(rate, beta1 = 0.5)', 'rmsprop(rate)'),
      '',
      [
        '`adam(rate, beta1 = 0.5)` in `update D to minimize d_loss` is dropped: no update moves D for this objective with adam now',
        '`rmsprop(rate)` in `update D to minimize d_loss` starts anew: the checkpoint has no state for it',
      ],
    ],
    [
      'an optimiser that gets a name',
      both.replace('adam(rate, beta1 = 0.5)', 'd_opt'),
      'optimizer d_opt = adam(rate, beta1 = 0.5)',
      [
        '`adam(rate, beta1 = 0.5)` in `update D to minimize d_loss` is dropped: no update moves D for this objective with adam now',
        'optimizer d_opt (adam) starts anew: the checkpoint has no state for it',
      ],
    ],
  ])('%s', async (_, body, before, notices) => {
    const { notices: found } = await goesOn(program(both), program(body, before));
    expect(found).toEqual(
      notices.map((line) => line.replace(/^(.*) is dropped/, 'the state of $1 is dropped')),
    );
  });

  test('a named optimiser of another kind, and one that is gone', async () => {
    const model = (line: string, opt: string) => program(both.replace('adam(rate, beta1 = 0.5)', opt), line);
    const adam = model('optimizer d_opt = adam(rate)', 'd_opt');
    expect((await goesOn(adam, model('optimizer d_opt = rmsprop(rate)', 'd_opt'))).notices).toEqual([
      'the state of optimizer d_opt (adam) is dropped: it is rmsprop now',
      'optimizer d_opt (rmsprop) starts anew: the checkpoint has no state for it',
    ]);
    expect((await goesOn(adam, model('optimizer e_opt = adam(rate)', 'e_opt'))).notices).toEqual([
      'the state of optimizer d_opt (adam) is dropped: the file has no optimizer of this name now',
      'optimizer e_opt (adam) starts anew: the checkpoint has no state for it',
    ]);
    expect((await goesOn(adam, model('optimizer d_opt = adam(2 * rate)', 'd_opt'))).notices).toEqual([]);
  });
});
