/** Talks to the worker of a compiled folder as its page would, from a page that shows nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, expect } from 'vitest';
import type { FromWorker, Settings, ToWorker } from '../../runtimes/browser/protocol.ts';
import { run } from '../e2e/command.ts';
import type { Chromium } from './chromium.ts';

export type Said<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** Compiles a text for browsers, as `NAME.gan`, into a folder that goes when the tests of the file are over. */
export async function compiled(name: string, text: string, set: readonly string[] = []): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ganc-browser-'));
  folders.push(folder);
  const source = join(folder, `${name}.gan`);
  await writeFile(source, text);
  const out = join(folder, 'page');
  const sets = set.flatMap((s) => ['--set', s]);
  const { code, stderr } = await run(['compile', source, '--target', 'browser', '-o', out, ...sets]);
  expect(stderr + code).toMatch(/0$/);
  await writeFile(
    join(out, 'blank.html'),
    '<!doctype html><link rel="icon" href="data:,"><title>blank</title>',
  );
  return out;
}

/** Messages that are answered, without the number that `ask` gives them. */
type Without<M> = M extends { id: number } ? Omit<M, 'id'> : never;
type Request = Without<ToWorker>;

/** Typed arrays and buffers do not survive JSON: they cross as lists of numbers under a mark. */
interface Packed {
  $floats?: number[];
  $bytes?: number[];
}

const inPage = `
  globalThis.said = [];
  globalThis.pack = (key, value) => value instanceof Float32Array ? { $floats: [...value] }
    : value instanceof ArrayBuffer ? { $bytes: [...new Uint8Array(value)] } : value;
  globalThis.unpack = (key, value) => value && value.$floats ? Float32Array.from(value.$floats)
    : value && value.$bytes ? Uint8Array.from(value.$bytes).buffer
    : value && value.$file ? new File([Uint8Array.from(value.$file)], value.name) : value;
`;

export class Talk {
  private heard: FromWorker[] = [];
  private next = 1;

  private constructor(readonly page: Page) {}

  static async begin(
    browser: Chromium,
    folder: string,
    model: string,
    options: { isolated?: boolean } = {},
  ): Promise<Talk> {
    const page = await browser.open(folder, { path: '/blank.html', ...options });
    const talk = new Talk(page);
    await talk.connect(model);
    return talk;
  }

  /** Starts the worker; what an earlier one said is forgotten. */
  async connect(model: string): Promise<Said<'ready'>> {
    this.heard = [];
    await this.page.evaluate(`{
      ${inPage}
      globalThis.worker = new Worker('./${model}.js', { type: 'module' });
      worker.onmessage = ({ data }) => said.push(JSON.stringify(data, pack));
      worker.onerror = (e) => said.push(JSON.stringify({ type: 'problem', message: 'onerror: ' + e.message }));
    }`);
    return this.hears('ready');
  }

  async send(message: ToWorker): Promise<void> {
    const json = JSON.stringify(message, (_, value) =>
      value instanceof Float32Array
        ? ({ $floats: [...value] } satisfies Packed)
        : value instanceof ArrayBuffer
          ? ({ $bytes: [...new Uint8Array(value)] } satisfies Packed)
          : value,
    );
    await this.page.evaluate(`worker.postMessage(JSON.parse(${JSON.stringify(json)}, unpack))`);
  }

  /** Messages so far, oldest first. */
  async all(): Promise<FromWorker[]> {
    const lines = (await this.page.evaluate('said.splice(0)')) as string[];
    for (const line of lines) {
      this.heard.push(
        JSON.parse(line, (_, value: Packed | null) => {
          if (Array.isArray(value?.$floats)) return Float32Array.from(value.$floats);
          if (Array.isArray(value?.$bytes)) return Uint8Array.from(value.$bytes).buffer;
          return value;
        }) as FromWorker,
      );
    }
    return this.heard;
  }

  /** The first message of a kind (that fits), from those said so far and to come. */
  async hears<T extends FromWorker['type']>(
    type: T,
    fits: (message: Said<T>) => boolean = () => true,
    seconds = 60,
  ): Promise<Said<T>> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const found = (await this.all()).find((m) => m.type === type && fits(m as Said<T>));
      if (found !== undefined) return found as Said<T>;
      if (Date.now() > end) {
        const last = this.heard.slice(-8).map((m) => JSON.stringify(m).slice(0, 300));
        throw new Error(`no \`${type}\` in ${seconds} s; the last messages:\n${last.join('\n')}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  /** A request and its answer, which may be a problem. */
  async ask<T extends FromWorker['type']>(message: Request, type: T): Promise<Said<T> | Said<'problem'>> {
    const id = this.next++;
    await this.send({ ...message, id } as ToWorker);
    const end = Date.now() + 60_000;
    while (Date.now() < end) {
      const heard = await this.all();
      const found = heard.find((m) => (m.type === type || m.type === 'problem') && 'id' in m && m.id === id);
      if (found !== undefined) return found as Said<T> | Said<'problem'>;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`no answer to ${message.type}`);
  }

  /** Trains by these settings until the run is over; gives its logged steps. */
  async train(settings: Partial<Settings>, seconds = 60): Promise<Said<'logged'>['entries']> {
    this.forget();
    await this.send({
      type: 'start',
      settings: { backend: 'wasm', seed: 0, data: {}, keep: false, ...settings },
    });
    const over = await this.hears('state', ({ state }) => OVER.has(state), seconds);
    const problems = this.heard.filter((m) => m.type === 'problem');
    if (over.state === 'failed' || over.state === 'idle' || problems.length > 0)
      throw new Error(JSON.stringify(problems));
    return this.heard.flatMap((m) => (m.type === 'logged' ? m.entries : []));
  }

  /** What was said before does not count any more. */
  forget(): void {
    this.heard = [];
  }
}

/** `idle`: it did not even begin. */
const OVER = new Set(['finished', 'stopped', 'failed', 'idle']);
