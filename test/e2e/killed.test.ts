/** A run that was killed, or interrupted, and resumed ends with the same numbers as one never stopped: bit for bit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RunFolder } from '../../runtimes/node/folder.ts';

describe('killed with SIGKILL', () => {
  // Inside the project, so that the bundle finds tfjs.
  const work = join('node_modules', '.cache', `ganc-test-${process.pid}`);
  const runs = mkdtempSync(join(tmpdir(), 'ganc-test-'));
  const program = join(work, 'program.js');

  beforeAll(async () => {
    mkdirSync(work, { recursive: true });
    await build({
      entryPoints: ['test/runtime/program.ts'],
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['@tensorflow/*', 'sharp'],
      loader: { '.wasm': 'binary' },
      banner: {
        js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);",
      },
      logLevel: 'error',
    });
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
    rmSync(runs, { recursive: true, force: true });
  });

  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [program, ...args], { stdio: 'pipe' });
  const ended = (child: ChildProcess) =>
    new Promise<{ code: number | null; text: string }>((done) => {
      let text = '';
      child.stdout!.on('data', (d) => {
        text += d;
      });
      child.stderr!.on('data', (d) => {
        text += d;
      });
      child.on('exit', (code) => done({ code, text }));
    });
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
  const options = [
    '--backend',
    'wasm',
    '--steps',
    '60',
    '--checkpoint-every',
    '4',
    '--samples-every',
    '1000',
  ];
  const end = (folder: string) => readFileSync(new RunFolder(folder).latest()!.path);
  const steps = (folder: string) => new RunFolder(folder).entries().map((e) => e.step);

  test('again and again, it ends as if never killed; so does its log', async () => {
    const whole = join(runs, 'whole');
    const { code, text } = await ended(start(...options, '--out', whole));
    expect(code, text).toBe(0);

    const killed = join(runs, 'killed');
    let kills = 0;
    for (let attempt = 0; ; attempt++) {
      const from = new RunFolder(killed).record() === null ? [] : ['--from', killed];
      const child = start(...options, '--out', killed, ...from);
      const result = ended(child);
      // Every third attempt is killed at any moment, the others at a random moment of their training.
      const grown = steps(killed).length + 1;
      if (attempt % 3 === 0) await pause(Math.random() * 600);
      else while (child.exitCode === null && steps(killed).length < grown) await pause(5);
      await pause(Math.random() * 150);
      child.kill('SIGKILL');
      const { code, text } = await result;
      if (code === 0) break;
      expect(code, text).toBe(null);
      kills++;
    }
    expect(kills).toBeGreaterThan(0);
    expect(Buffer.compare(end(killed), end(whole))).toBe(0);
    expect(steps(killed)).toEqual(steps(whole));
  });

  test('SIGINT finishes the step, checkpoints, says how to go on, and gives 130', async () => {
    const folder = join(runs, 'stopped');
    const child = start(...options, '--out', folder);
    const result = ended(child);
    while (steps(folder).length < 5 && child.exitCode === null) await pause(20);
    child.kill('SIGINT');
    const { code, text } = await result;
    expect(code).toBe(130);
    expect(text).toContain(`--from ${folder}`);
    const { step } = new RunFolder(folder).latest()!;
    expect(step).toBeGreaterThanOrEqual(5);
    expect(step).toBe(steps(folder).at(-1));
    expect((await ended(start('--from', folder))).code).toBe(0);
    expect(Buffer.compare(end(folder), end(join(runs, 'whole')))).toBe(0);
  });
});
