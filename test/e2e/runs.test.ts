/** Runs among the accidents of a machine: another run, a folder that goes, a closed terminal, a full disk. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { RunFolder } from '../../runtimes/node/folder.ts';
import { ganc, type Ran, run, scratch, trace } from './command.ts';

const folder = scratch();
const at = (name: string) => path.join(folder, name);
writeFileSync(
  at('ring.gan'),
  `data x ~ [2] from "ring"
noise z ~ normal[3]
net G(z: [3]) -> [2] = z |> dense(4) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(4) |> relu |> dense(1)
loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(G(z))))
loss g_loss = expect(softplus(-D(G(z))))
output samples = G(z)
train (batch = 8, steps = 1_000_000) {
  sample x, z
  update D to minimize d_loss with adam(1e-3)
  update G to minimize g_loss with adam(1e-3)
}
`,
);
const training = (...more: string[]) => [
  'train',
  at('ring.gan'),
  '--backend',
  'cpu',
  '--log-every',
  '1',
  ...more,
];

/** A command that is not over yet, and what came of it. `before` are lines of the shell that starts it. */
function begin(args: readonly string[], { before = '', output = '' } = {}) {
  const child = spawn(
    'bash',
    ['-c', `${before} exec "$@" ${output}`, 'bash', process.execPath, ganc, ...args],
    {
      cwd: folder,
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ran>((done) => {
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Waits until the run has made so many steps, or is over. */
async function steps(name: string, n: number, { child }: ReturnType<typeof begin>): Promise<void> {
  while (child.exitCode === null && new RunFolder(at(name)).entries().length < n) {
    await new Promise((done) => setTimeout(done, 20));
  }
}

test('one that is stopped while it reads its data leaves no folder behind', async () => {
  writeFileSync(at('many.csv'), '1,2\n3,4\n'.repeat(300_000));
  const one = begin(training('--out', 'runs/early', '--data', `x=${at('many.csv')}`));
  while (one.child.exitCode === null && !existsSync(at('runs/early/run.lock'))) {
    await new Promise((done) => setTimeout(done, 5));
  }
  one.child.kill('SIGINT');
  const { code, stdout } = await one.ended;
  expect([code, stdout]).toEqual([130, '']);
  expect(existsSync(at('runs'))).toBe(false);
});

test('two into one folder: one trains, the other is refused and changes nothing', async () => {
  const both = [begin(training('--out', 'one')), begin(training('--out', 'one'))];
  const first = await Promise.race(both.map(async (b) => ({ b, ran: await b.ended })));
  expect(first.ran.code).toBe(2);
  expect(first.ran.stderr).toMatch(/one is in use: process \d+ trains into it/);
  expect(first.ran.stderr).not.toMatch(trace);
  const other = both.find((b) => b !== first.b)!;
  await steps('one', 5, other);
  other.child.kill('SIGTERM');
  const { code, stdout } = await other.ended;
  expect(code).toBe(143);
  expect(stdout).toMatch(/stopped after \d+ steps[\s\S]*go on with +ganc train .*--from one$/m);
  const { step } = new RunFolder(at('one')).latest()!;
  expect(readdirSync(at('one/samples'))).toContain(`samples-${String(step).padStart(6, '0')}.png`);
  expect(readdirSync(at('one')).filter((name) => name.startsWith('.') || name.endsWith('.lock'))).toEqual([]);
});

test('two without a folder of their own get two', async () => {
  const both = await Promise.all([
    run(training('--steps', '1'), { cwd: folder }),
    run(training('--steps', '1'), { cwd: folder }),
  ]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  for (const n of [1, 2]) expect(new RunFolder(at(`runs/ring-${n}`)).latest()!.step).toBe(1);
});

test('a folder that is removed meanwhile: said, exit code 2, and not made anew', async () => {
  const training1 = begin(training('--out', 'gone'));
  await steps('gone', 3, training1);
  rmSync(at('gone'), { recursive: true });
  const { code, stderr } = await training1.ended;
  expect(stderr).toMatch(/gone was removed, or taken by another run, while this one trained into it/);
  expect(stderr).not.toMatch(trace);
  expect(code).toBe(2);
  expect(existsSync(at('gone'))).toBe(false);
});

test.skipIf(process.platform === 'win32')(
  'a closed terminal: a checkpoint and a last picture; twice is once',
  async () => {
    const closed = begin(training('--out', 'hung'));
    await steps('hung', 3, closed);
    // As a terminal goes: who listened is gone, and shells send the signal on.
    closed.child.stdout.destroy();
    closed.child.stderr.destroy();
    closed.child.kill('SIGHUP');
    closed.child.kill('SIGHUP');
    expect((await closed.ended).code).toBe(129);
    const hung = new RunFolder(at('hung'));
    const { step } = hung.latest()!;
    expect(step).toBe(hung.entries().at(-1)!.step);
    expect(readdirSync(at('hung/samples'))).toContain(`samples-${String(step).padStart(6, '0')}.png`);
  },
);

test.skipIf(!existsSync('/dev/full'))('standard output on a full disk: said, exit code 2', async () => {
  for (const args of [
    ['check', at('ring.gan'), '--format', 'json'],
    training('--steps', '2', '--out', 'spoken'),
  ]) {
    const { code, stderr } = await begin(args, { output: '> /dev/full' }).ended;
    expect(stderr).toContain('standard output could not be written: the disk is full');
    expect(stderr).not.toMatch(trace);
    expect(code).toBe(2);
  }
  expect(new RunFolder(at('spoken')).latest()!.step).toBe(2);
});

/** Where root may mount, a disk of 120 KiB. */
const disk = at('disk');
mkdirSync(disk);
const mounted =
  process.platform === 'linux' &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=120k', 'none', disk]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', ['-l', disk]);
});

describe('a disk that gets full', () => {
  test.skipIf(!mounted)(
    'in the middle of a run: said in words, and what was saved before is whole',
    async () => {
      const { code, stderr } = await begin(training('--out', 'disk/run', '--checkpoint-every', '1')).ended;
      expect(stderr).toMatch(
        /disk\/run could not be written: the disk is full; the last good checkpoint is disk\/run/,
      );
      expect(stderr).not.toMatch(trace);
      expect(code).toBe(1);
      const { path: good } = new RunFolder(path.join(disk, 'run')).latest()!;
      const drawn = await run(['sample', good, '--format', 'npy', '-o', at('good.npy'), '--backend', 'cpu'], {
        cwd: folder,
      });
      expect(drawn.code, drawn.stderr).toBe(0);
      const full = await run(
        [
          'sample',
          good,
          '--count',
          '10000',
          '--format',
          'npy',
          '-o',
          path.join(disk, 'x.npy'),
          '--backend',
          'cpu',
        ],
        { cwd: folder },
      );
      expect(full.stderr).toContain('x.npy could not be written: the disk is full');
      expect(full.code).toBe(2);
      expect(readdirSync(disk)).toEqual(['run']);
    },
  );

  test.skipIf(process.platform === 'win32')('or a file that may not grow', async () => {
    const { code, stderr } = await begin(training('--out', 'small', '--samples-every', '1000000'), {
      before: 'ulimit -f 8;',
    }).ended;
    expect(stderr).toMatch(/small could not be written: the file would be larger than is allowed here/);
    expect(stderr).not.toMatch(trace);
    expect(code).toBe(1);
    expect(readFileSync(at('small/run.json'), 'utf8')).toContain('"format": 1');
  });
});
