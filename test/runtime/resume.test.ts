/** A run that was stopped, or killed, and resumed ends with the same numbers as one never stopped: bit for bit. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { captureCheckpoint, restoreCheckpoint } from '../../runtimes/core/checkpoint.ts';
import type { Dataset } from '../../runtimes/core/data.ts';
import { type LoopHost, trainLoop } from '../../runtimes/core/loop.ts';
import type { CompiledModel } from '../../runtimes/core/model.ts';
import { drawValues } from '../../runtimes/core/random.ts';
import { TrainingRun } from '../../runtimes/core/run.ts';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/safetensors.ts';
import { RunFolder } from '../../runtimes/node/folder.ts';
import { tinyModel } from './tiny.ts';

const COUNT = 100;
const values = drawValues(0, 'test', 0, { kind: 'normal', mean: 1, std: 1 }, [COUNT, 2]);
const dataset: Dataset = {
  origin: 'test',
  count: COUNT,
  read: async (indices) => [
    Float32Array.from({ length: indices.length * 2 }, (_, i) => values[2 * indices[i >> 1]! + (i & 1)]!),
  ],
};

const cadence = { log: 3, checkpoint: 1000, pictures: 1000 };

function host(stopAt: number, run: TrainingRun): LoopHost {
  return {
    now: () => performance.now(),
    breathe: async () => {},
    stopping: () => run.state.total === stopAt,
    phaseBegins() {},
    step() {},
    logged() {},
    checkpointDue: () => false,
    async checkpoint() {},
    async pictures() {},
  };
}

/** Everything that a checkpoint holds, as bytes. */
async function bytesOf(run: TrainingRun): Promise<Uint8Array> {
  const { tensors, metadata } = await captureCheckpoint(run);
  return Buffer.concat(encodeSafetensors(tensors, metadata));
}

async function runTo(model: CompiledModel, stopAt: number, from?: Uint8Array): Promise<Uint8Array> {
  const run = new TrainingRun(model, { seed: 4, datasets: { x: dataset } });
  run.state.initialise(4);
  if (from !== undefined) restoreCheckpoint(run, decodeSafetensors(from, 'memory'), 'memory');
  await trainLoop(run, cadence, host(stopAt, run));
  const bytes = await bytesOf(run);
  run.dispose();
  return bytes;
}

describe('stopped after any step', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  test.each([
    ['one phase', tinyModel({ steps: 15 }), 15],
    [
      'phases, frozen copies, batches that do not divide the data',
      tinyModel(
        { name: 'a', steps: 5, batch: 30, frozen: ['G'] },
        { name: 'b', steps: 6, batch: 7, frozen: ['D'], averaged: [] },
      ),
      11,
    ],
    ['a phase counted in epochs', tinyModel({ steps: null, epochs: 2, batch: 16 }), 12],
  ])('%s', async (_, model, total) => {
    const whole = await runTo(model, -1);
    const before = tf.memory().numTensors;
    for (let k = 1; k < total; k++) {
      const part = await runTo(model, k);
      expect(Buffer.compare(await runTo(model, -1, part), whole)).toBe(0);
    }
    // Runs that are disposed of leave nothing behind.
    expect(tf.memory().numTensors).toBe(before);
  });

  test('other steps give other numbers (the comparison can fail)', async () => {
    const model = tinyModel({ steps: 15 });
    expect(Buffer.compare(await runTo(model, 9), await runTo(model, 10))).not.toBe(0);
  });
});

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
