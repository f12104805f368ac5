/** A compiled folder in Chromium: it trains as Node does, its checkpoints go both ways, and nothing fails without words. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { NamedBytes } from '../../runtimes/browser/protocol.ts';
import type { LogEntry } from '../../runtimes/core/run/loop.ts';
import { decodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { run, scratch } from '../e2e/command.ts';
import { inChromium } from './chromium.ts';
import { compiled, Talk } from './talk.ts';

const tiny = `/// Points on a ring.
data  x ~ [2] from "ring"
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> batch_norm |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> leaky_relu(0.2) |> dense(1)

let fake = G(z)
loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake)))
loss g_loss = expect(softplus(-D(fake)))
output samples = fake

train (batch = 8, steps = 15) {
  sample x, z
  update D to minimize d_loss with adam(1e-2, beta1 = 0.5)
  sample z
  update G to minimize g_loss with adam(1e-2, beta1 = 0.5)
  average G decay 0.9
}
`;

const scratchFolder = scratch();
const source = join(scratchFolder, 'tiny.gan');

/** Losses by step as Node logs them, and its newest checkpoint. */
async function inNode(
  name: string,
  args: readonly string[],
): Promise<{ losses: number[][]; file: NamedBytes }> {
  await writeFile(source, tiny);
  const out = join(scratchFolder, name);
  const more = ['--backend', 'wasm', '--log-every', '1', '--out', out];
  const { code, stderr } = await run(['train', source, ...args, ...more]);
  expect(code, stderr).toBe(0);
  const entries = readFileSync(join(out, 'log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: number; d_loss: number; g_loss: number });
  const steps = String(entries.at(-1)!.step).padStart(6, '0');
  const bytes = readFileSync(join(out, `checkpoints/step-${steps}.safetensors`));
  return {
    losses: entries.map((e) => [e.step, e.d_loss, e.g_loss]),
    file: { name: `${name}.safetensors`, bytes: Uint8Array.from(bytes).buffer },
  };
}

const lossesOf = (entries: readonly LogEntry[]) =>
  entries.map(({ step, values }) => [step, values.d_loss!, values.g_loss!]);

function expectSame(ours: readonly number[][], theirs: readonly number[][]): void {
  expect(ours.map(([step]) => step)).toEqual(theirs.map(([step]) => step));
  ours.forEach((row, i) => {
    row.forEach((value, k) => {
      const other = theirs[i]![k]!;
      expect(Math.abs(value - other), `step ${row[0]}`).toBeLessThanOrEqual(
        1e-4 * Math.max(1, Math.abs(other)),
      );
    });
  });
}

function expectClose(ours: Float32Array, theirs: Float32Array): void {
  expect(ours).toHaveLength(theirs.length);
  for (const [i, value] of ours.entries()) expect(value).toBeCloseTo(theirs[i]!, 5);
}

/** A worker that can be told to lose its GPU, to find its storage full, and to count its tensors. */
const fragile = `
import * as tf from './tfjs.js';
const contexts = [];
const getContext = OffscreenCanvas.prototype.getContext;
OffscreenCanvas.prototype.getContext = function (...args) {
  const context = getContext.apply(this, args);
  if (args[0] === 'webgl2') contexts.push(context);
  return context;
};
const devices = [];
const requestDevice = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (...args) {
  const device = await requestDevice.apply(this, args);
  let lose;
  const lost = new Promise((done) => { lose = () => done({ reason: 'unknown', message: 'its driver started anew' }); });
  Object.defineProperty(device, 'lost', { value: lost });
  devices.push(() => { device.destroy(); lose(); });
  return device;
};
const put = IDBObjectStore.prototype.put;
let full = false;
IDBObjectStore.prototype.put = function (...args) {
  if (full) throw new DOMException('no room', 'QuotaExceededError');
  return put.apply(this, args);
};
addEventListener('message', ({ data }) => {
  if (data.type === 'lose') {
    for (const gl of contexts) gl.getExtension('WEBGL_lose_context')?.loseContext();
    for (const lose of devices.splice(0)) lose();
  }
  if (data.type === 'count') postMessage({ type: 'count', tensors: tf.memory().numTensors, bytes: tf.memory().numBytes });
  if (data.type === 'full') full = data.full;
});
await import('./tiny.js');
`;

inChromium('a compiled folder', (browser) => {
  let folder: string | undefined;
  const begin = async (model = 'tiny', options: { isolated?: boolean } = {}) => {
    folder ??= await compiled('tiny', tiny);
    await writeFile(join(folder, 'fragile.js'), fragile);
    return Talk.begin(browser(), folder, model, options);
  };
  const straight = inNode('straight', []);
  const ten = { train: 10 };

  test.each(['wasm', 'webgl'] as const)('trains on %s as Node does', async (backend) => {
    const talk = await begin();
    const entries = await talk.train({ backend, steps: ten });
    expectSame(lossesOf(entries), (await straight).losses.slice(0, 10));
    const state = await talk.hears('state', ({ state }) => state === 'finished');
    expect(state.step).toBe(10);
  });

  test('without cross-origin isolation it has one thread, and says so', async () => {
    const talk = await begin('tiny', { isolated: false });
    const { isolated, backends } = await talk.hears('ready');
    expect(isolated).toBe(false);
    expect(backends.find((b) => b.name === 'wasm')?.device).toMatch(/^1 thread\b/);
    const entries = await talk.train({ steps: ten });
    expectSame(lossesOf(entries), (await straight).losses.slice(0, 10));
    const { message, hint } = await talk.hears('notice', ({ about }) => about === 'backend');
    expect(message).toContain('one thread');
    expect(hint).toContain('Cross-Origin-Opener-Policy');
  });

  test('a software GPU is not what auto takes', async () => {
    const talk = await begin();
    const { backends } = await talk.hears('ready');
    expect(backends.filter((b) => b.chosen).map((b) => b.name)).toEqual(['wasm']);
    expect(backends.find((b) => b.name === 'webgl')).toMatchObject({ available: true, chosen: false });
    await talk.train({ backend: 'auto', steps: { train: 1 } });
    expect((await talk.hears('started')).line).toMatch(/WebAssembly \(\d threads?.*; WebGL: .*processor/);
  });

  describe('checkpoints', () => {
    test('a run begun in the browser goes on under Node, and back', async () => {
      const talk = await begin();
      const all = (await straight).losses;
      expectSame(lossesOf(await talk.train({ steps: { train: 5 } })), all.slice(0, 5));
      const saved = await talk.ask({ type: 'checkpoint' }, 'checkpoint');
      if (saved.type === 'problem') throw new Error(saved.message);
      expect(saved).toMatchObject({ name: 'tiny-5.safetensors', step: 5 });
      const path = join(scratchFolder, saved.name);
      await writeFile(path, new Uint8Array(saved.bytes));

      const there = await inNode('on', ['--from', path, '--steps', '10']);
      expectSame(there.losses, all.slice(5, 10));

      const back = await talk.train({ checkpoint: there.file });
      expect((await talk.hears('started')).step).toBe(10);
      expectSame(lossesOf(back), all.slice(10));
    });

    test('what it is: told before it is used', async () => {
      const talk = await begin();
      const { file } = await straight;
      expect(await talk.ask({ type: 'describe', checkpoint: file }, 'described')).toMatchObject({
        model: 'tiny',
        seed: 0,
        step: 15,
        fits: true,
      });
    });

    test('of another model, cut off, no checkpoint at all: words, and the page goes on', async () => {
      const talk = await begin();
      const { file } = await straight;
      const other = await compiled('other', tiny.replaceAll('16', '24'));
      const wide = await Talk.begin(browser(), other, 'other');
      await wide.train({ steps: { train: 1 } });
      const saved = await wide.ask({ type: 'checkpoint' }, 'checkpoint');
      if (saved.type === 'problem') throw new Error(saved.message);

      const refused = async (checkpoint: NamedBytes) => {
        talk.forget();
        await talk.send({
          type: 'start',
          settings: { backend: 'wasm', seed: 0, data: {}, checkpoint, keep: false },
        });
        const problem = await talk.hears('problem');
        expect(problem).toMatchObject({ about: 'checkpoint', ends: 'run' });
        await talk.hears('state', ({ state }) => state === 'idle');
        return problem.message;
      };
      expect(await refused(saved)).toMatch(
        /other-1\.safetensors is a checkpoint of another model \(other\); these weights differ:\n {2}G\/dense_1\/kernel is \[4, 24\] there and \[4, 16\] here/,
      );
      expect(await refused({ name: 'cut.safetensors', bytes: file.bytes.slice(0, 2000) })).toMatch(
        /cut\.safetensors is not a safetensors file/,
      );
      const text = new TextEncoder().encode('a,b\n1,2\n').buffer as ArrayBuffer;
      expect(await refused({ name: 'table.csv', bytes: text })).toMatch(
        /table\.csv is not a safetensors file/,
      );
      expect(await talk.ask({ type: 'describe', checkpoint: saved }, 'described')).toMatchObject({
        model: 'other',
        fits: false,
      });
      expect(await talk.train({ steps: { train: 1 } })).toHaveLength(1);
    });
  });

  test('pauses, steps, goes on, stops', async () => {
    const talk = await begin();
    await talk.send({
      type: 'start',
      settings: {
        backend: 'wasm',
        seed: 0,
        data: {},
        steps: { train: 1_000_000 },
        paused: true,
        keep: false,
      },
    });
    expect((await talk.hears('state', ({ state }) => state === 'paused')).step).toBe(0);
    await talk.send({ type: 'step', count: 3 });
    await talk.hears('state', ({ state, step }) => state === 'paused' && step === 3);
    talk.forget();
    await talk.send({ type: 'resume' });
    await talk.hears('progress', ({ progress }) => progress.step > 50);
    await talk.send({ type: 'pause' });
    const { step } = await talk.hears('state', ({ state }) => state === 'paused');
    talk.forget();
    await new Promise((done) => setTimeout(done, 300));
    expect((await talk.all()).filter((m) => m.type === 'progress')).toEqual([]);
    await talk.send({ type: 'stop' });
    expect((await talk.hears('state', ({ state }) => state === 'stopped')).step).toBe(step);
    // What it learnt is still there.
    const saved = await talk.ask({ type: 'checkpoint' }, 'checkpoint');
    expect(saved).toMatchObject({ type: 'checkpoint', step });
  });

  test('a start that fails after the next has been asked for does not end that one', async () => {
    const talk = await begin();
    const settings = { seed: 0, data: {}, steps: { train: 3 }, keep: false };
    // Its backend is fetched before its data are looked at, so that the second start comes in between.
    const fails = { ...settings, backend: 'webgl', data: { x: { kind: 'built-in', name: 'nothing' } } };
    const both = [fails, { ...settings, backend: 'wasm' }].map((each) => ({ type: 'start', settings: each }));
    await talk.page.evaluate(`for (const message of ${JSON.stringify(both)}) worker.postMessage(message)`);
    expect(await talk.hears('state', ({ state }) => state === 'finished')).toMatchObject({ step: 3 });
    const heard = await talk.all();
    expect(heard.filter((m) => m.type === 'problem')).toEqual([]);
    expect(heard.filter((m) => m.type === 'started')).toHaveLength(1);
  });

  test('asked to go on while it gets ready to pause', async () => {
    const talk = await begin();
    const settings = { seed: 0, data: {}, steps: { train: 6 }, paused: true, keep: false };
    await talk.send({ type: 'start', settings: { ...settings, backend: 'webgl' } });
    await talk.hears('state', ({ state }) => state === 'paused');
    // Its pictures are drawn before it waits; the state of a GPU takes longer to be there than this answer.
    await talk.page.evaluate(`worker.addEventListener('message', ({ data }) => {
      if (data.type === 'samples' && data.step === 2) worker.postMessage({ type: 'resume' });
    })`);
    await talk.send({ type: 'step', count: 2 });
    const end = await talk.hears('state', ({ state, step }) => state === 'finished' || step === 6, 20);
    expect(end).toMatchObject({ state: 'finished', step: 6 });
  });

  test('memory is that of the first steps, however often it is drawn and saved', async () => {
    const talk = await begin('fragile');
    await talk.send({ type: 'watch', every: 0 });
    // What is asked while the run is being prepared is done when it is.
    await talk.send({
      type: 'start',
      settings: { backend: 'wasm', seed: 0, data: {}, steps: { train: 100 }, paused: true, keep: false },
    });
    const counts: unknown[] = [];
    for (const step of [5, 10, 40]) {
      await talk.send({ type: 'step', count: step - 5 * counts.length });
      await talk.hears('state', (m) => m.state === 'paused' && m.step >= step);
      await talk.ask({ type: 'checkpoint' }, 'checkpoint');
      await talk.ask({ type: 'sample', output: 'samples', count: 3, from: { kind: 'fixed' } }, 'sample');
      talk.forget();
      await talk.send({ type: 'count' } as never);
      counts.push(await talk.hears('count' as never));
    }
    expect(counts[1]).toEqual(counts[0]);
    expect(counts[2]).toEqual(counts[0]);
  });

  test('the same latents from step to step; others, and one’s own, when asked for', async () => {
    const talk = await begin();
    await talk.train({ steps: ten });
    const drawn = (await talk.all()).filter((m) => m.type === 'samples');
    expect(drawn.map((m) => m.step)).toEqual([0, 10]);
    const ask = async (from: Parameters<typeof talk.ask>[0] & { type: 'sample' }) => {
      const answer = await talk.ask(from, 'sample');
      if (answer.type === 'problem') throw new Error(answer.message);
      return answer;
    };
    const request = { type: 'sample' as const, output: 'samples', count: 70 };
    const fixed = await ask({ ...request, from: { kind: 'fixed' } });
    expect([...fixed.values]).toEqual([...drawn[1]!.values.slice(0, 140)]);
    expect(fixed.latents.z).toHaveLength(280);
    const other = await ask({ ...request, from: { kind: 'seed', seed: 3 } });
    expect([...other.values]).not.toEqual([...fixed.values]);
    const again = await ask({ ...request, from: { kind: 'values', values: other.latents } });
    expectClose(again.values, other.values);
    const one = { z: other.latents.z!.slice(4, 8) };
    const single = await ask({ ...request, count: 1, from: { kind: 'values', values: one } });
    expect(single.values[0]).toBeCloseTo(other.values[2]!, 5);
    const short = await talk.ask({ ...request, from: { kind: 'values', values: one } }, 'sample');
    expect(short).toMatchObject({
      type: 'problem',
      about: 'drawing',
      ends: 'nothing',
      message: '70 examples of `samples` need 280 numbers of `z`, not 4',
    });
  });

  test.each(['webgl', 'webgpu'] as const)(
    '%s lost: back to the last state, and on as if nothing had been',
    async (backend) => {
      const talk = await begin('fragile');
      // Nothing is drawn: a GPU that is played takes seconds for it.
      await talk.send({ type: 'watch', outputs: {}, surface: null });
      await talk.send({
        type: 'start',
        settings: { backend, seed: 0, data: {}, steps: { train: 9 }, paused: true, keep: false },
      });
      await talk.hears('state', ({ state }) => state === 'paused');
      await talk.send({ type: 'step', count: 4 });
      await talk.hears('state', ({ state, step }) => state === 'paused' && step === 4);
      talk.forget();
      await talk.send({ type: 'resume' });
      await talk.send({ type: 'lose' } as never);
      const restored = await talk.hears('restored');
      expect(restored.step).toBe(4);
      await talk.hears('state', ({ state }) => state === 'finished');
      const entries = (await talk.all()).flatMap((m) => (m.type === 'logged' ? m.entries : []));
      const after = entries.filter((e) => e.step > 4);
      // Those after the restoration are the latest.
      const latest = [...new Map(after.map((e) => [e.step, e])).values()];
      expectSame(lossesOf(latest), (await straight).losses.slice(4, 9));
      expect((await talk.all()).filter((m) => m.type === 'problem')).toEqual([]);
    },
  );

  test('a context lost after the end: what was learnt can still be drawn from and saved', async () => {
    const talk = await begin('fragile');
    await talk.train({ backend: 'webgl', steps: { train: 2 } });
    const request = {
      type: 'sample' as const,
      output: 'samples',
      count: 5,
      from: { kind: 'fixed' as const },
    };
    const before = await talk.ask(request, 'sample');
    await talk.send({ type: 'lose' } as never);
    expect((await talk.hears('restored')).lostSteps).toBe(0);
    const after = await talk.ask(request, 'sample');
    if (before.type === 'problem' || after.type === 'problem') throw new Error('not drawn');
    expectClose(after.values, before.values);
  });

  test('a loss that leaves the numbers ends the run, whose last good state can be saved', async () => {
    const explosive = tiny
      .replaceAll('adam(1e-2, beta1 = 0.5)', 'sgd(1e3 * step ^ 6)')
      .replace('batch_norm |>', '');
    const out = await compiled('explosive', explosive);
    const talk = await Talk.begin(browser(), out, 'explosive');
    await talk.send({
      type: 'start',
      settings: { backend: 'wasm', seed: 0, data: {}, steps: { train: 1000 }, paused: true, keep: false },
    });
    await talk.hears('state', ({ state }) => state === 'paused');
    await talk.send({ type: 'step', count: 1 });
    await talk.hears('state', ({ state, step }) => state === 'paused' && step === 1);
    await talk.send({ type: 'resume' });
    const problem = await talk.hears('problem');
    expect(problem).toMatchObject({ about: 'training', ends: 'run' });
    expect(problem.message).toMatch(
      /_loss became (NaN|-?Infinity) at step \d+; the last good state is of step 1$/,
    );
    expect(problem.hint).toContain('learning rate');
    await talk.hears('state', ({ state }) => state === 'failed');
    const saved = await talk.ask({ type: 'checkpoint' }, 'checkpoint');
    if (saved.type === 'problem') throw new Error(saved.message);
    expect(saved.step).toBe(1);
    const { tensors } = decodeSafetensors(new Uint8Array(saved.bytes), saved.name);
    for (const { data } of tensors.values()) expect(data.every(Number.isFinite)).toBe(true);
  });

  describe('the browser’s storage', () => {
    test('a closed tab’s run goes on', async () => {
      const talk = await begin();
      expect((await talk.hears('ready')).kept).toBeNull();
      await talk.train({ steps: { train: 5 }, keep: true, seed: 0 });
      await talk.hears('kept', ({ kept }) => kept?.step === 5);
      await talk.page.reload();
      const { kept } = await talk.connect('tiny');
      expect(kept).toMatchObject({ step: 5, seed: 0, files: [], backend: 'wasm' });
      const entries = await talk.train({ checkpoint: 'kept', steps: ten });
      expectSame(lossesOf(entries), (await straight).losses.slice(5, 10));
      await talk.send({ type: 'forget' });
      await talk.hears('kept', ({ kept }) => kept === null);
      expect((await talk.connect('tiny')).kept).toBeNull();
      await talk.send({
        type: 'start',
        settings: { backend: 'wasm', seed: 0, data: {}, checkpoint: 'kept' },
      });
      expect((await talk.hears('problem')).message).toBe('no run is kept in this browser');
    });

    test('full: told in words, and the older state stays', async () => {
      const talk = await begin('fragile');
      await talk.train({ steps: { train: 2 }, keep: true });
      await talk.hears('kept', ({ kept }) => kept?.step === 2);
      await talk.send({ type: 'full', full: true } as never);
      await talk.send({
        type: 'start',
        settings: { backend: 'wasm', seed: 0, data: {}, steps: ten, keep: true },
      });
      const problem = await talk.hears('problem');
      expect(problem).toMatchObject({ about: 'storage', ends: 'nothing' });
      expect(problem.message).toMatch(/not kept in this browser: its storage has no room for 0\.\d MiB/);
      expect(problem.hint).toContain('download');
      await talk.hears('state', ({ state, step }) => state === 'finished' && step === 10);
      expect((await talk.connect('fragile')).kept?.step).toBe(2);
    });
  });

  test('a module that is not there, one that fails: the page hears of it', async () => {
    const { call } = await browser().load<typeof import('./connection.page.ts')>(
      new URL('./connection.page.ts', import.meta.url),
    );
    expect(await call('firstWord', './gone.js')).toMatchObject({
      type: 'problem',
      about: 'program',
      ends: 'worker',
      message: expect.stringContaining('does not load'),
    });
    const failing = `data:text/javascript,${encodeURIComponent('throw new Error("torn")')}`;
    expect(await call('firstWord', failing)).toMatchObject({ message: expect.stringContaining('torn') });
  });
});
