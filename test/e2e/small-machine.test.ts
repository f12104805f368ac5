/** Machines that give a process little: no WebAssembly, little address space, few files. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ganc, type Ran, scratch, trace } from './command.ts';

const folder = scratch();
writeFileSync(
  path.join(folder, 'points.gan'),
  `data x ~ [2] from "ring"
net D(x: [2]) -> [1] = x |> dense(1)
train (batch = 8, steps = 3) { sample x  update D to minimize expect(square(D(x))) with sgd(0.1) }
`,
);

/** `ganc …` in a shell that has run `before`, by Node with these options. */
function under(before: string, nodeOptions: readonly string[], args: readonly string[]): Promise<Ran> {
  const all = [process.execPath, ...nodeOptions, ganc, ...args];
  const child = spawn('bash', ['-c', `${before} exec "$@"`, 'bash', ...all], { cwd: folder });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((done) => {
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }));
  });
}

describe('without WebAssembly', () => {
  test('auto goes on to the next, and says why', async () => {
    const ran = await under('', ['--jitless'], ['train', 'points.gan', '--out', 'a']);
    expect(ran.stderr).toMatch(/computing on cpu.*no wasm: this Node runs without WebAssembly \(--jitless\)/);
    expect(ran.stderr).not.toMatch(trace);
    expect(ran.code).toBe(0);
  });

  test('asked for by name, it is refused in words', async () => {
    const ran = await under('', ['--jitless'], ['train', 'points.gan', '--out', 'b', '--backend', 'wasm']);
    expect(ran.stderr).toMatch(
      /error: the backend wasm is not here: .*--jitless\)\n {2}help: .*--backend cpu/,
    );
    expect(ran.code).toBe(2);
  });
});

describe.skipIf(process.platform !== 'linux')('with little address space', () => {
  test.each([
    ['16000000', /computing on wasm/],
    ['12000000', /computing on cpu.*no wasm: its memory cannot be allocated/],
    ['4000000', /computing on cpu.*no wasm: its memory cannot be allocated/],
  ])('ulimit -v %s', async (limit, words) => {
    const ran = await under(`ulimit -v ${limit};`, [], ['train', 'points.gan', '--out', `v${limit}`]);
    expect(ran.stderr).toMatch(words);
    expect(ran.stderr).not.toMatch(trace);
    expect(ran.code).toBe(0);
  });
});

test.skipIf(process.platform === 'win32')(
  'with few files it trains, or says that it may open no more',
  async () => {
    // Node itself has opened some twenty before it reads our first module.
    for (const files of [40, 64]) {
      const ran = await under(
        `ulimit -n ${files};`,
        [],
        ['train', 'points.gan', '--backend', 'cpu', '--out', `n${files}`],
      );
      expect(ran.stderr).not.toMatch(trace);
      expect(ran.code === 0 || /too many files are open/.test(ran.stderr), `${ran.code} ${ran.stderr}`).toBe(
        true,
      );
    }
  },
);
