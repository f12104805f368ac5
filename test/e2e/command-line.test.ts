/** The command as a newcomer meets it: help, slips, files that are none, and what goes to which stream. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ganc, root, run, scratch, trace } from './command.ts';

const folder = scratch();
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(path.join(folder, name), content);
  return name;
};
const good =
  'param n = 4\nnoise z ~ normal[n]\nnet G(z: [n]) -> [2] = z |> dense(2)\noutput samples = G(z)\n';
const bad = good.replace('dense', 'dens');

describe('help', () => {
  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    [['--help']],
    ...['init', 'check', 'compile', 'train', 'sample', 'data', 'summary', 'explain'].map((c) => [
      [c, '--help'],
    ]),
  ])('%j gives examples, on stdout', async (args) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('  $ ganc ');
  });

  test('no command at all: the help, and exit code 2', async () => {
    const { code, stdout, stderr } = await run([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: ganc');
  });
});

describe('slips are named, with the nearest thing meant', () => {
  test.each([
    [['chekc', 'a.gan'], /unknown command 'chekc'\s+\(Did you mean check\?\)/],
    [['first.gan'], /what shall be done with first\.gan\?\s+help: ganc train first\.gan/],
    [['check', '--fromat', 'json', 'a.gan'], /unknown option '--fromat'\s+\(Did you mean --format\?\)/],
    [['check', '--format', 'xml', 'a.gan'], /Allowed choices are pretty, json, github/],
    [['check'], /missing required argument 'FILE'/],
    [['check', 'a.gan', '--set', 'n'], /write it as NAME=value/],
    [['compile', 'a.gan', '--emit', 'asm'], /Allowed choices are ast, model, ir, grad, plan, js/],
    [['explain', 'GAN9999'], /there is no code GAN9999/],
    [['train', 'a.gan', '--stpes', '3'], /--stpes.*--steps/s],
  ])('%j', async (args, message) => {
    file('a.gan', good);
    const ran = await run(args, { cwd: folder });
    expect(ran.code).toBe(2);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).not.toMatch(trace);
  });
});

describe('files that cannot be read', () => {
  test.each([
    ['missing', () => 'missing.gan', /cannot read missing\.gan: there is no such file/],
    [
      'the suffix forgotten',
      () => file('forgot.gan', good).replace('.gan', ''),
      /did you mean forgot\.gan\?/,
    ],
    [
      'a folder',
      () => {
        mkdirSync(path.join(folder, 'd.gan'), { recursive: true });
        return 'd.gan';
      },
      /d\.gan is a folder/,
    ],
    ['empty', () => file('empty.gan', ''), /empty\.gan is empty/],
    ['binary', () => file('b.gan', Buffer.from([1, 2, 0, 3])), /binary file \(a zero byte at offset 2\)/],
    [
      'Latin-1',
      () => file('l.gan', Buffer.from('// a\n// caf\xe9\n', 'latin1')),
      /not UTF-8 \(line 2, byte 11\)/,
    ],
    ['UTF-16', () => file('u.gan', Buffer.from('\ufeffparam a = 1', 'utf16le')), /UTF-16/],
    ['too large', () => file('large.gan', '/'.repeat(1024 * 1024 + 1)), /1\.0 MiB; .* at most 1 MiB/],
    ['a path through a file', () => `${file('f.gan', good)}/x.gan`, /a part of the path is a file/],
  ])('%s', async (_name, make, message) => {
    const name = make();
    for (const command of ['check', 'train', 'summary']) {
      const ran = await run([command, name], { cwd: folder });
      expect(ran.code).toBe(2);
      expect(ran.stderr).toMatch(message);
      expect(ran.stderr).not.toMatch(trace);
    }
  });

  test.skipIf(process.getuid?.() === 0)('no permission', async () => {
    const name = file('secret.gan', good);
    chmodSync(path.join(folder, name), 0o000);
    const ran = await run(['check', name], { cwd: folder });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('cannot read secret.gan: permission denied');
  });

  test('the other files are checked all the same', async () => {
    const ran = await run(['check', 'missing.gan', file('bad.gan', bad)], { cwd: folder });
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain('bad.gan:3');
    expect(ran.stderr).toContain('cannot read missing.gan');
  });
});

describe('check', () => {
  test('a good file: nothing on stdout', async () => {
    const ran = await run(['check', file('good.gan', good)], { cwd: folder });
    expect(ran).toMatchObject({ code: 0, stdout: '', stderr: 'no findings in 1 file\n' });
  });

  test('a mistake: a frame on stdout, a summary on stderr, exit code 1', async () => {
    const ran = await run(['check', file('bad.gan', bad)], { cwd: folder });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^error\[GAN02\d\d\]/);
    expect(ran.stdout).toContain('dense');
    expect(ran.stderr).toBe('1 error in 1 file\n');
  });

  test('a warning leaves the exit code 0, and can be allowed', async () => {
    const head =
      'noise z ~ normal[4]\nnet G(z: [4]) -> image[2, 2, 1] =\n  z |> dense(4) |> reshape(2, 2, 1)\n';
    const tail = '  |> sigmoid\noutput samples = G(z)\n';
    const warned = await run(['check', file('w.gan', head + tail)], { cwd: folder });
    expect(warned.code).toBe(0);
    expect(warned.stdout).toMatch(/^warning\[GAN0401\]/);
    expect(warned.stderr).toBe('1 warning in 1 file\n');
    const at = Number(/w\.gan:(\d+):/.exec(warned.stdout)![1]) - 1;
    const lines = (head + tail).split('\n');
    lines.splice(at, 0, '// allow GAN0401');
    const allowed = await run(['check', file('w.gan', lines.join('\n'))], { cwd: folder });
    expect(allowed).toMatchObject({ code: 0, stdout: '' });
  });

  test('findings in a used file are said where they are, once', async () => {
    file('used.gan', 'def f(x) = g(x)\n');
    const user = 'use "used.gan"\nnoise z ~ normal[4]\noutput o = f(z)\n';
    const ran = await run(['check', file('u1.gan', user), file('u2.gan', user)], { cwd: folder });
    expect(ran.code).toBe(1);
    expect(ran.stdout.match(/^error/gm)).toHaveLength(1);
    expect(ran.stdout).toContain('used.gan:1:12');
  });

  test('from standard input', async () => {
    const ran = await run(['check', '-'], { input: bad });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('<stdin>:3:');
  });

  test('JSON is an array, also where there is nothing to say', async () => {
    const none = await run(['check', '--format', 'json', file('good.gan', good)], { cwd: folder });
    expect(JSON.parse(none.stdout)).toEqual([]);
    const one = await run(['check', '--format', 'json', file('bad.gan', bad)], { cwd: folder });
    expect(JSON.parse(one.stdout)).toEqual([
      expect.objectContaining({
        severity: 'error',
        file: 'bad.gan',
        line: 3,
        column: 29,
        endLine: 3,
        endColumn: 33,
      }),
    ]);
  });

  test('annotations for GitHub', async () => {
    const ran = await run(['check', '--format', 'github', file('bad.gan', bad)], { cwd: folder });
    expect(ran.stdout).toMatch(
      /^::error file=bad\.gan,line=3,endLine=3,col=29,endColumn=33,title=GAN02\d\d[^\n]*\n$/,
    );
  });

  test('--set replaces a parameter', async () => {
    const ran = await run(['check', file('good.gan', good), '--set', 'n=many'], { cwd: folder });
    expect(ran.code).toBe(1);
    expect(ran.stdout + ran.stderr).toMatch(/\bn\b/);
  });

  test('colour where it is wanted, and not where NO_COLOR is set', async () => {
    const escapes = '\u001b[';
    const bare = ['check', file('bad.gan', bad)];
    expect((await run(bare, { cwd: folder })).stdout).not.toContain(escapes);
    expect((await run([...bare, '--color'], { cwd: folder })).stdout).toContain(escapes);
    expect((await run(bare, { cwd: folder, env: { FORCE_COLOR: '1' } })).stdout).toContain(escapes);
    expect((await run(bare, { cwd: folder, env: { NO_COLOR: '1', FORCE_COLOR: '1' } })).stdout).not.toContain(
      escape,
    );
  });
});

test('explain: a page with its example and the finding; a list without a code', async () => {
  const list = await run(['explain']);
  expect(list.code).toBe(0);
  const code = /GAN0[1-5]\d\d/.exec(list.stdout)![0];
  const page = await run(['explain', code.toLowerCase()]);
  expect(page.code).toBe(0);
  expect(page.stdout).toContain(code);
  expect(page.stdout).toContain(`[${code}]:`);
});

test('a reader that leaves early is no error', async () => {
  const child = spawn('sh', ['-c', `"${process.execPath}" "${ganc}" explain | head -n 1; echo "$?"`]);
  let out = '';
  let err = '';
  child.stdout.on('data', (c) => (out += c));
  child.stderr.on('data', (c) => (err += c));
  await new Promise((resolve) => child.on('close', resolve));
  expect(err).toBe('');
  expect(out.trim().split('\n')).toHaveLength(2);
});

describe('init', () => {
  test('writes a model that checks clean, and never replaces one', async () => {
    const here = scratch();
    const made = await run(['init', 'sub/dir'], { cwd: here });
    expect(made).toMatchObject({ code: 0, stdout: `${path.join('sub/dir', 'model.gan')}\n` });
    expect(await run(['check', 'sub/dir/model.gan'], { cwd: here })).toMatchObject({ code: 0, stdout: '' });

    writeFileSync(path.join(here, 'mine.gan'), 'mine');
    const again = await run(['init', 'mine.gan'], { cwd: here });
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('mine.gan is there already, and is left as it is');
    expect(readFileSync(path.join(here, 'mine.gan'), 'utf8')).toBe('mine');
    const through = await run(['init', 'mine.gan/x'], { cwd: here });
    expect(through.code).toBe(2);
    expect(through.stderr).not.toMatch(trace);
  });
});
