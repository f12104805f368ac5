/** From a file to a run and out of it again, by the commands alone. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { root, run, runNode, scratch, trace } from './command.ts';

const folder = scratch();
const small = [
  '--set',
  'width=4',
  '--set',
  'latent=3',
  '--batch',
  '8',
  '--log-every',
  '1',
  '--backend',
  'cpu',
];

/** Every logged number of a run, without the times. */
function logOf(at: string): unknown[] {
  const lines = readFileSync(path.join(at, 'log.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => ({ ...JSON.parse(line), ms: 0 }));
}

const png = (file: string): boolean => readFileSync(file).subarray(1, 4).toString() === 'PNG';

beforeAll(() => {
  mkdirSync(path.join(folder, 'lib'));
  writeFileSync(path.join(folder, 'lib/nets.gan'), 'def block(h, n) = h |> dense(n) |> relu\n');
  const ring = readFileSync(path.join(root, 'models/ring.gan'), 'utf8');
  const used = ring.replace('  |> dense(width)\n  |> relu\n', '  |> block(width)\n');
  if (used === ring) throw new Error('models/ring.gan has no such line any more');
  writeFileSync(path.join(folder, 'game.gan'), `use "lib/nets.gan"\n${used}`);
});

describe('train', () => {
  test('leaves a run: log, pictures, curves, a checkpoint, and its own sources', async () => {
    const ran = await run(['train', 'game.gan', ...small, '--steps', '4', '--out', 'runs/a'], {
      cwd: folder,
    });
    expect(ran.stderr).not.toMatch(trace);
    expect(ran.code).toBe(0);
    expect(ran.stdout + ran.stderr).toContain('runs/a/samples/samples-000004.png');
    const at = path.join(folder, 'runs/a');
    expect(logOf(at)).toHaveLength(4);
    expect(png(path.join(at, 'samples/samples-000004.png'))).toBe(true);
    expect(readFileSync(path.join(at, 'curves.svg'), 'utf8')).toContain('<svg');
    expect(readdirSync(path.join(at, 'checkpoints'))).toEqual(['step-000004.safetensors']);
    expect(readdirSync(path.join(at, 'source')).sort()).toEqual(['game.gan', 'nets.gan']);
    expect(JSON.parse(readFileSync(path.join(at, 'run.json'), 'utf8'))).toMatchObject({
      params: { width: 4, latent: 3 },
      about: { set: { width: '4', latent: '3' } },
    });
  });

  test('--from goes on from the run alone, to the bit; so does sample', async () => {
    const whole = await run(['train', 'game.gan', ...small, '--steps', '6', '--out', 'whole'], {
      cwd: folder,
    });
    expect(whole.code).toBe(0);
    const part = await run(['train', 'game.gan', ...small, '--steps', '4', '--out', 'part'], { cwd: folder });
    expect(part.code).toBe(0);

    // The file and what it uses are gone; the run is carried to another place.
    const there = scratch();
    cpSync(path.join(folder, 'part'), path.join(there, 'moved'), { recursive: true });
    const on = await run(['train', '--from', 'moved', '--steps', '6', '--log-every', '1'], { cwd: there });
    expect(on.stderr).not.toMatch(trace);
    expect(on.code).toBe(0);
    expect(logOf(path.join(there, 'moved'))).toEqual(logOf(path.join(folder, 'whole')));

    const drawn = await run(['sample', 'moved', '--count', '5', '--format', 'npy', '-o', 'five.npy'], {
      cwd: there,
    });
    expect(drawn.stderr).not.toMatch(trace);
    expect(drawn).toMatchObject({ code: 0, stdout: 'five.npy\n' });
    const npy = readFileSync(path.join(there, 'five.npy')).toString('latin1');
    expect(npy).toContain("'shape': (5, 2)");
    expect((await run(['sample', 'moved', '--seed', '3', '-o', 'p.png'], { cwd: there })).code).toBe(0);
    expect(png(path.join(there, 'p.png'))).toBe(true);
  });

  test('a checkpoint alone can be drawn from, and gone on with; one that carries no model says what it needs', async () => {
    const made = await run(['train', 'game.gan', ...small, '--steps', '2', '--out', 'one'], { cwd: folder });
    expect(made.code).toBe(0);
    const there = scratch();
    const bytes = readFileSync(path.join(folder, 'one/checkpoints/step-000002.safetensors'));
    writeFileSync(path.join(there, 'down.safetensors'), bytes);
    const npy = (...args: string[]) =>
      run(['sample', 'down.safetensors', '--count', '5', '--format', 'npy', '-o', 'five.npy', ...args], {
        cwd: there,
      });
    const drawn = await npy();
    expect(drawn).toMatchObject({ code: 0, stdout: 'five.npy\n' });
    const five = readFileSync(path.join(there, 'five.npy'));
    const same = await run(['sample', 'one', '--count', '5', '--format', 'npy', '-o', 'five.npy'], {
      cwd: folder,
    });
    expect(same.code).toBe(0);
    expect(readFileSync(path.join(folder, 'five.npy')).equals(five)).toBe(true);
    const on = await run(['train', '--from', 'down.safetensors', '--steps', '3', '--out', 'on'], {
      cwd: there,
    });
    expect(on.stderr).toContain('from step 2');
    expect(on.code).toBe(0);

    // As a page or a compiled folder gives it: weights and counts, without the program.
    const { tensors, metadata } = decodeSafetensors(bytes, 'x');
    const { 'ganc.program': _, ...rest } = metadata;
    writeFileSync(path.join(there, 'down.safetensors'), Buffer.concat(encodeSafetensors(tensors, rest)));
    const lone = await npy();
    expect(lone.code).toBe(2);
    expect(lone.stderr).toMatch(/down\.safetensors holds weights, and not the model that they are of/);
    expect(lone.stderr).toContain('ganc sample down.safetensors --model FILE.gan');
    const model = path.join(folder, 'game.gan');
    expect((await npy('--model', model)).stderr).toMatch(/of another model; these weights differ/);
    expect(await npy('--model', model, '--set', 'width=4', '--set', 'latent=3')).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(there, 'five.npy')).equals(five)).toBe(true);
  });

  test('what cannot be done is said', async () => {
    const say = async (args: string[]) => {
      const ran = await run(args, { cwd: folder });
      expect(ran.stderr).not.toMatch(trace);
      expect(ran.stdout).toBe('');
      // Which backend was chosen is told before the data is looked for, after what that says itself.
      return `${ran.code} ${ran.stderr.replace(/^[\s\S]*?^computing on .*\n/m, '').trim()}`;
    };
    expect(await say(['train'])).toMatch(/^2 error: train needs a \.gan file, or a run to go on with/);
    expect(await say(['train', '--from', 'nowhere'])).toMatch(/^[12] error: nowhere does not exist/);
    expect(await say(['sample', 'lib'])).toMatch(/^[12] error: lib is not a run/);
    expect(await say(['train', 'game.gan', '--steps', 'many'])).toMatch(/^[12] error: .*many/);
    expect(await say(['train', 'game.gan', '--data', 'y=ring'])).toMatch(/^[12] error: .*y/);
    expect(await say(['train', 'game.gan', '--data', 'x=missing.npy'])).toMatch(
      /^[12] error: .*missing\.npy/,
    );
    expect(await say(['train', 'game.gan', '--backend', 'abacus'])).toMatch(
      /^2 .*auto, webgpu, tensorflow, wasm, cpu/,
    );
    // The rest is set as the run was.
    const wider = ['train', 'game.gan', '--from', 'runs/a', '--set', 'width=5', '--steps', '9'];
    expect(await say(wider)).toMatch(/^[12] .*G\/dense_1\/kernel/s);
    writeFileSync(path.join(folder, 'bad.gan'), 'net G(z: [2]) -> [3] = z |> dense(2)\n');
    expect(await say(['train', 'bad.gan'])).toMatch(/^1 error\[GAN03\d\d\].*1 error in 1 file$/s);
    expect(existsSync(path.join(folder, 'runs/bad-1'))).toBe(false);
  });
});

describe('compile', () => {
  test('the folder runs by itself, and computes what train computes', async () => {
    const made = await run(['compile', 'game.gan', '--set', 'width=4', '--set', 'latent=3', '-o', 'out'], {
      cwd: folder,
    });
    expect(made.stderr).not.toMatch(trace);
    expect(made.code).toBe(0);
    const out = path.join(folder, 'out');
    expect(made.stdout.trim().split('\n').sort()).toEqual(
      readdirSync(out)
        .sort()
        .map((name) => `out/${name}`),
    );
    // In place of npm install.
    symlinkSync(path.join(root, 'node_modules'), path.join(out, 'node_modules'));
    // Nothing of the sources is needed any more.
    for (const name of readdirSync(out)) if (name.endsWith('.gan')) rmSync(path.join(out, name));

    const options = ['--batch', '8', '--log-every', '1', '--backend', 'cpu', '--steps', '4'];
    const alone = await runNode(['game.js', ...options, '--out', 'run'], { cwd: out });
    expect(alone.stderr).not.toMatch(trace);
    expect(alone.code).toBe(0);
    expect(logOf(path.join(out, 'run'))).toEqual(logOf(path.join(folder, 'runs/a')));
    const help = await runNode(['game.js', '--help'], { cwd: out });
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('--checkpoint-every');
  });

  test.each([
    ['ast', /^ {2}net G\n {4}parameter z$/m],
    ['model', /G\/dense_1/],
    ['ir', /softplus/],
    ['grad', /update D/],
    ['plan', /sample x, z/],
    ['js', /import \* as tf from '@tensorflow\/tfjs'/],
  ])('--emit %s', async (stage, part) => {
    const ran = await run(['compile', 'game.gan', '--emit', stage], { cwd: folder });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(part);
  });

  test('what cannot be done is said', async () => {
    const say = async (args: string[]) => {
      const ran = await run(['compile', ...args], { cwd: folder });
      expect(ran.stderr).not.toMatch(trace);
      return `${ran.code} ${ran.stderr.trim()}`;
    };
    expect(await say(['game.gan'])).toMatch(/^2 error: compile writes a folder, and none is named/);
    expect(await say(['game.gan', '-o', 'x', '--emit', 'js'])).toMatch(
      /^2 error: --emit prints to standard output/,
    );
    expect(await say(['game.gan', '-o', 'game.gan'])).toMatch(/^2 error: cannot write the folder game\.gan/);
    expect(await say(['bad.gan', '-o', 'never'])).toMatch(/^1 error\[GAN03/);
    expect(existsSync(path.join(folder, 'never'))).toBe(false);
  });
});

test('summary: layers, shapes, weights, and what a step costs', async () => {
  const ran = await run(['summary', 'models/dcgan.gan']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  // 5·5·64·128, and PyTorch's count of the same two networks.
  expect(ran.stdout).toMatch(/conv_2 +│ \[7, 7, 128\] +│ 204,800/);
  expect(ran.stdout).toContain('weights in all: 1,046,978');
});
