/** Mistakes at the start of a run, and at going on with one: they are said with the way out, and change nothing. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run, scratch, trace } from './command.ts';

const folder = scratch();
const at = (...names: string[]) => path.join(folder, ...names);
const text = (name: string) => readFileSync(at(name), 'utf8');
const ganc = (...args: string[]) => run(args, { cwd: folder });
const train = (...args: string[]) => ganc('train', ...args, '--backend', 'cpu');

const model = (data: string, phases: string) => `data x ~ [2] from "${data}"
param latent = 3
noise z ~ normal[latent]
net G(z: [latent]) -> [2] = z |> dense(latent) |> dense(2)
net H(x: [2]) -> [2] = x |> dense(2)
loss l = expect(mean(square(H(G(z)) - x)))
output samples = G(z)
${phases}`;
const phase = (name: string, steps: number) => `train ${name} (batch = 8, steps = ${steps}) {
  sample x, z
  update G, H to minimize l with adam(1e-3)
}
`;

/** The points of a CSV file. */
const csv = (count: number) =>
  `a,b\n${Array.from({ length: count }, (_, i) => `${i % 7},${i % 5}`).join('\n')}\n`;

writeFileSync(at('points.csv'), csv(40));
writeFileSync(at('mini.gan'), model('points.csv', phase('', 9)));
writeFileSync(at('two.gan'), model('points.csv', phase('first', 4) + phase('second', 9)));

/** The same files hold the same. */
async function unchanged(names: string[], work: () => Promise<void>): Promise<void> {
  const before = names.map(text);
  await work();
  expect(names.map(text)).toEqual(before);
}

const kept = (name: string) => [`${name}/run.json`, `${name}/log.jsonl`];

beforeAll(async () => {
  expect((await train('mini.gan', '--steps', '6', '--out', 'rep', '--checkpoint-every', '3')).code).toBe(0);
  expect((await train('two.gan', '--steps', 'second=6', '--out', 'both')).code).toBe(0);
});

describe('--steps below where a run stands', () => {
  test.each([
    ['rep', '4', '--steps 4: the run has done 6 steps already', '--steps 10 makes 4 more'],
    ['both', '5', 'the phase second has done 6 steps already', '--steps second=11 makes 5 more'],
    ['both', 'second=5', 'the phase second has done 6 steps already', '--steps second=11 makes 5 more'],
    ['both', 'first=3', 'the phase first is over', 'only second'],
    ['both', 'first=30', 'the phase first is over', 'only second'],
  ])('%s, --steps %s', async (name, steps, why, out) => {
    await unchanged(kept(name), async () => {
      const ran = await train('--from', name, '--steps', steps);
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain(why);
      expect(ran.stderr).toContain(out);
      expect(ran.stderr).not.toMatch(trace);
    });
  });

  test('a larger total goes on, beside the length that a phase had', async () => {
    const ran = await train('--from', 'both', '--steps', 'first=4', '--steps', 'second=8');
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toContain('done after 12 steps');
  });
});

describe('a checkpoint that is whole and does not fit', () => {
  test('of another model: the nets that fit can be kept, and no other checkpoint is named', async () => {
    await unchanged(kept('rep'), async () => {
      const { code, stderr } = await train('--from', 'rep', '--set', 'latent=8');
      expect(code).toBe(1);
      expect(stderr).toContain('of another model');
      expect(stderr).toMatch(
        /help: start a new run .* or undo the change of the model; .*`net H\(…\) … from "/,
      );
      expect(stderr).not.toMatch(/net G|older/);
    });
  });

  test('other data: the weights can be kept, as the message says', async () => {
    writeFileSync(at('fewer.csv'), csv(39));
    const { code, stderr } = await train('--from', 'rep', '--data', 'x=fewer.csv');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /had 40 examples .* holds 39\n {2}help: give the same data with --data x=…; to keep/,
    );
    const [, from] = /`net G\(…\) … (from "[^"]*")`, `net H/.exec(stderr)!;
    writeFileSync(at('kept.gan'), text('mini.gan').replace('-> [2] = z', `-> [2] ${from} = z`));
    expect((await train('kept.gan', '--data', 'x=fewer.csv', '--out', 'kept')).code).toBe(0);
  });

  test('a damaged one: an older one is named', async () => {
    cpSync(at('rep'), at('cut'), { recursive: true });
    const newest = at('cut', 'checkpoints', readdirSync(at('cut', 'checkpoints')).at(-1)!);
    writeFileSync(newest, readFileSync(newest).subarray(0, -4));
    expect((await train('mini.gan', '--from', 'cut')).stderr).toMatch(
      /older checkpoint may be whole: .*000003/,
    );
  });
});

test('a run that does not begin leaves nothing behind', async () => {
  const { code, stderr } = await train('mini.gan', '--batch', '70');
  expect(code).toBe(1);
  expect(stderr).toContain('a batch of 70 is larger');
  expect(existsSync(at('runs'))).toBe(false);
});

test('numbers are not written under the name of a picture', async () => {
  const { code, stderr } = await ganc('sample', 'rep', '--format', 'npy', '-o', 'a.png');
  expect(code).toBe(2);
  expect(stderr).toContain('a name that ends in .npy');
  expect(existsSync(at('a.png'))).toBe(false);
});

test('a run of a compiled folder is drawn from with --model', async () => {
  cpSync(at('rep'), at('bare'), { recursive: true });
  const record = JSON.parse(text('bare/run.json'));
  writeFileSync(at('bare', 'run.json'), JSON.stringify({ ...record, about: {} }));
  expect((await ganc('sample', 'bare')).stderr).toContain('ganc sample bare --model FILE.gan');
});
