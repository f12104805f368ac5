/** `ganc setup tfjs-node` before it acts: what it refuses and why, and a dry run; with programs made up for the purpose. */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run, scratch, trace } from './command.ts';

const folder = scratch();
const bin = path.join(folder, 'bin');
const project = path.join(folder, 'project');

/** A program that does no more than say something. */
function program(name: string, script: string): string {
  const file = path.join(bin, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A folder as a wheel unpacks it, as far as it is looked at; and a Python that says so. */
function pythonWith(name: string, files: readonly string[]): string {
  const wheel = path.join(folder, name, 'tensorflow');
  for (const file of files) {
    mkdirSync(path.dirname(path.join(wheel, file)), { recursive: true });
    writeFileSync(path.join(wheel, file), '');
  }
  const found = { folder: wheel, name: 'tensorflow-cpu', version: '2.21.0' };
  return program(`python-${name}`, `echo '${JSON.stringify({ python: '3.11.7', tensorflow: found })}'`);
}

const [tensorflow, framework] =
  process.platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

let whole: string;
beforeAll(() => {
  for (const made of [bin, path.join(project, 'deep')]) mkdirSync(made, { recursive: true });
  writeFileSync(path.join(project, 'package.json'), '{ "private": true }\n');
  program('c++', 'echo "c++ (Made up) 1.0"');
  program(
    'npm',
    'case "$1" in --version) echo 10.0.0;; view) echo 4.22.0;; *) echo "npm error code E404" >&2; exit 1;; esac',
  );
  whole = pythonWith('whole', [tensorflow, framework, 'include/tensorflow/c/eager/c_api.h']);
});

/** In the project, where only these programs are found. */
const setup = (...args: string[]) =>
  run(['setup', 'tfjs-node', ...args], { cwd: path.join(project, 'deep'), env: { PATH: bin, CXX: '' } });

/** Nothing but what was there. */
function untouched(): void {
  expect(readdirSync(project).sort()).toEqual(['deep', 'package.json']);
}

describe.skipIf(process.platform === 'win32')('ganc setup tfjs-node', () => {
  test('a dry run looks at everything, says what it would do, and does nothing', async () => {
    const ran = await setup('--python', whole, '--dry-run');
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    for (const title of ['platform', 'Python', 'TensorFlow', 'compiler', 'headers', 'npm', 'disk', 'place'])
      expect(ran.stderr).toMatch(new RegExp(`^✓ ${title} +\\S`, 'm'));
    expect(ran.stderr).toContain('2.21.0 (tensorflow-cpu)');
    expect(ran.stderr).toContain('It would:\n  1. fetch @tensorflow/tfjs-node 4.22.0');
    expect(ran.stderr).toContain(`4. move it to ${path.join(project, 'node_modules/.ganc/tfjs-node')}`);
    expect(ran.stderr).toContain('Nothing was done');
    untouched();
  });

  test.each([
    [
      'no Python',
      () => '/nowhere/python',
      /✗ Python +there is no Python at \/nowhere\/python\n +help: .*--python/,
    ],
    [
      'what is no Python',
      () => program('snake', 'echo "I only hiss" >&2; exit 3'),
      /✗ Python .*does not run as a Python 3\.8 or newer: I only hiss/,
    ],
    [
      'a Python without TensorFlow',
      () => program('bare', `echo '{"python": "3.12.1", "tensorflow": null}'`),
      /✓ Python +3\.12\.1 [\s\S]*✗ TensorFlow +.*has no TensorFlow\n +help: .*bare -m pip install tensorflow-cpu, or with CUDA: .*'tensorflow\[and-cuda\]'/,
    ],
    [
      'a TensorFlow without its library',
      () => pythonWith('old', [framework, 'include/tensorflow/c/eager/c_api.h']),
      /✗ TensorFlow +tensorflow-cpu 2\.21\.0 in \S+ has no libtensorflow_cc\S*\n +help: .*--upgrade tensorflow-cpu/,
    ],
  ])('%s', async (_, python, words) => {
    const ran = await setup('--python', python());
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(words);
    expect(ran.stderr).toMatch(/error: tfjs-node cannot be set up here: see \w+ above/);
    expect(ran.stderr).not.toMatch(trace);
    untouched();
  });

  test('no compiler, and no network', async () => {
    const none = await run(['setup', 'tfjs-node', '--python', whole], {
      cwd: project,
      env: { PATH: '/nowhere', CXX: '' },
    });
    expect(none.code).toBe(2);
    expect(none.stderr).toMatch(
      /✗ compiler +no C\+\+ compiler: c\+\+, g\+\+, clang\+\+ do not run\n +help: /,
    );
    expect(none.stderr).toMatch(/✗ npm +npm does not run\n +help: /);
    expect(none.stderr).toMatch(/see compiler and npm above/);

    const offline = path.join(folder, 'offline');
    mkdirSync(offline);
    const npm = path.join(offline, 'npm');
    writeFileSync(
      npm,
      '#!/bin/sh\n[ "$1" = --version ] && echo 10.0.0 && exit\necho "npm error code ENOTFOUND" >&2; exit 1\n',
    );
    chmodSync(npm, 0o755);
    const ran = await run(['setup', 'tfjs-node', '--python', whole], {
      cwd: project,
      env: { PATH: `${offline}:${bin}`, CXX: '' },
    });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(
      /✗ npm +10\.0\.0, but its registry does not give @tensorflow\/tfjs-node@4\.22\.0: ENOTFOUND/,
    );
    untouched();
  });

  test('a fetch that fails half-way leaves nothing', async () => {
    const ran = await setup('--python', whole);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(
      /^1\/4 fetch …\nerror: npm could not fetch @tensorflow\/tfjs-node@4\.22\.0.*:\nnpm error code E404/m,
    );
    expect(ran.stderr).toContain('nothing was changed');
    untouched();
  });

  test('nothing to remove, and nothing else to set up', async () => {
    const gone = await setup('--remove');
    expect(gone).toMatchObject({ code: 2, stdout: '' });
    expect(gone.stderr).toContain('error: nothing was set up in ');
    const other = await run(['setup', 'jax']);
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/Allowed choices are tfjs-node/);
    expect(existsSync(path.join(project, 'node_modules'))).toBe(false);
  });
});
