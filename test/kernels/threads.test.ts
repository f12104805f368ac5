/** Threads as people meet them: one that dies is an error, the process ends by itself, memory grows under them. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import type { Engine, EngineHost } from '../../runtimes/kernels/wasm/engine.ts';
import { registerWasm } from '../../runtimes/kernels/wasm/register.ts';
import { kernelHost } from '../../runtimes/node/threads.ts';
import { numbers, use, variants } from './engines.ts';

tf.enableProdMode();

const DIED = /^a worker thread of the wasm kernels has died/;
const ENTERED = 1;
const LEFT = 2;

/** Two threads on a backend of their own. */
async function start(name: string, change: Partial<EngineHost> = {}): Promise<Engine> {
  const { host } = kernelHost({ build: 'simd-shared', threads: 2 })!;
  const engine = registerWasm({ ...host, ...change }, name);
  await tf.setBackend(name);
  await tf.ready();
  return engine;
}

/** The control block that the threads share. */
const control = (engine: Engine) => new Int32Array(engine.memory.buffer, 1024, 16);
const milliseconds = (n: number) => new Promise((done) => setTimeout(done, n));
/** A job that is large enough for all threads. */
const product = (n = 96) =>
  tf.tidy(() => {
    const ones = tf.ones([n, n]);
    return tf
      .matMul(ones, ones)
      .dataSync()
      .every((x) => x === n);
  });

/** A worker with this program where the kernels' would be. */
function instead(program: string): Pick<EngineHost, 'startWorker'> {
  return {
    startWorker(init) {
      const head = `
        const { workerData: d } = require('node:worker_threads');
        const control = new Int32Array(d.memory.buffer, d.control, 16);`;
      const worker = new Worker(head + program, { eval: true, workerData: init });
      worker.unref();
      return { stop: () => void worker.terminate() };
    },
  };
}

/** What a job throws, once it does. */
async function thrown(seconds: number): Promise<string> {
  for (const from = performance.now(); performance.now() - from < seconds * 1000; await milliseconds(5)) {
    try {
      product();
    } catch (error) {
      return (error as Error).message;
    }
  }
  return 'nothing was thrown';
}

describe('a worker that dies', () => {
  test('by an error of its own', async () => {
    const { host } = kernelHost({ build: 'simd-shared', threads: 2 })!;
    // It has no `serve`, so the worker fails.
    const empty = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    await start('fails', { startWorker: (init) => host.startWorker({ ...init, module: empty }) });
    expect(await thrown(10)).toMatch(DIED);
    expect(() => product(), 'and again').toThrow(DIED);
  });

  test('ended from outside while jobs go on', async () => {
    const born = new Promise<Worker>((done) => process.once('worker', done));
    const engine = await start('ended');
    const worker = await born;
    for (const c = control(engine); Atomics.load(c, LEFT) === 0; await milliseconds(1)) product();
    worker.terminate();
    // Wherever it was: in a job, between two, asleep.
    expect(await thrown(20)).toMatch(DIED);
  });

  test('within a job, without a word', async () => {
    const engine = await start('silent', {
      patience: 0.3,
      ...instead(`Atomics.add(control, ${ENTERED}, 1); setTimeout(() => {}, 1e6);`),
    });
    for (const c = control(engine); Atomics.load(c, ENTERED) === 0; ) await milliseconds(1);
    const from = performance.now();
    expect(() => product()).toThrow(DIED);
    expect(performance.now() - from).toBeGreaterThan(290);
    expect(performance.now() - from).toBeLessThan(5_000);
    engine.close();
  });

  test('a worker that is only late is waited for', async () => {
    const late = `
      Atomics.add(control, ${ENTERED}, 1);
      setTimeout(() => { Atomics.add(control, ${LEFT}, 1); setTimeout(() => {}, 1e6); }, 400);`;
    const engine = await start('late', instead(late));
    for (const c = control(engine); Atomics.load(c, ENTERED) === 0; ) await milliseconds(1);
    const from = performance.now();
    expect(product()).toBe(true);
    expect(performance.now() - from).toBeGreaterThan(200);
    engine.close();
  });
});

describe.each(variants.filter((v) => v.threads > 1))('$name', (variant) => {
  test('memory that grows between jobs: old tensors are whole, new ones are computed by all threads', async () => {
    const engine = await use(variant);
    const first = tf.tensor2d(numbers(300 * 300, 1), [300, 300]);
    const squared = tf.matMul(first, first);
    const before = squared.dataSync();
    const bytes = engine.memory.buffer.byteLength;
    const kept: tf.Tensor[] = [];
    let grown = 0;
    let size = bytes;
    while (engine.memory.buffer.byteLength < bytes + (96 << 20)) {
      kept.push(tf.add(tf.matMul(first, first), kept.length));
      kept.push(tf.fill([1 << 20], kept.length).add(1));
      if (engine.memory.buffer.byteLength !== size) grown++;
      size = engine.memory.buffer.byteLength;
    }
    expect(grown).toBeGreaterThan(1);
    expect(squared.dataSync()).toEqual(before);
    for (const [i, t] of kept.entries()) {
      const data = t.dataSync();
      const wrong =
        i % 2
          ? data.findIndex((x) => x !== i + 1)
          : data.findIndex((x, j) => x !== Math.fround(before[j]! + i));
      expect(wrong).toBe(-1);
    }
    tf.dispose([first, squared, ...kept]);
  });
});

test('the process ends by itself, its threads asleep', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernels-'));
  try {
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    await build({
      stdin: {
        contents: `
          import * as tf from '@tensorflow/tfjs';
          import { registerWasm } from './runtimes/kernels/wasm/register.ts';
          import { kernelHost } from './runtimes/node/threads.ts';
          tf.enableProdMode();
          registerWasm(kernelHost({ threads: 3, build: 'simd-shared' }).host, 'threads');
          await tf.setBackend('threads');
          const x = tf.ones([200, 200]);
          for (let i = 0; i < 20; i++) tf.matMul(x, x).dispose();
          await new Promise((done) => setTimeout(done, 100));
          console.log(tf.matMul(x, x).dataSync()[39_999]);`,
        resolveDir: resolve('.'),
        loader: 'ts',
      },
      outfile: join(folder, 'main.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      loader: { '.wasm': 'binary' },
      logLevel: 'error',
    });
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(folder, 'main.mjs')], {
      timeout: 30_000,
    });
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('200');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
