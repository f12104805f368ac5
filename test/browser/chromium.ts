/**
 * A headless Chromium for tests: starts it, serves a folder to it, opens pages and notes what goes wrong in them.
 * WebGL and WebGPU are SwiftShader's, so a machine needs no GPU. Where Chromium does not start, tests are left out and
 * their name says why.
 *
 *   inChromium('kernels on webgl', (browser) => {
 *     test('sum', async () => {
 *       const page = await browser().load<typeof import('./sum.page.ts')>(new URL('./sum.page.ts', import.meta.url));
 *       expect(await page.call('sum', [1, 2])).toBe(3);
 *     });
 *   });
 */
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core';
import sirv from 'sirv';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { type BundleOptions, bundle } from './bundle.ts';
import { chromiumHere, type Unpacked } from './unpack.ts';

const FLAGS = [
  // Containers have neither the rights for Chromium's sandbox nor room in /dev/shm; what it loads is our own.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // Three lost contexts in a row, and Chromium would refuse WebGL to the page's address.
  '--disable-domain-blocking-for-3d-apis',
  // Pages under test are never in sight.
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
];

/** What a page may go wrong by: an uncaught error, `console.error`, or a file that is not there. */
export type Problem = string;

// biome-ignore lint/suspicious/noExplicitAny: functions of any kind, called through JSON.
type Calls = Record<string, (...args: any[]) => unknown>;

/** A page whose entry is a module of the tests; `call` runs one of its exports. Arguments and result are plain data. */
export interface Loaded<E> {
  page: Page;
  call<N extends keyof E & string>(
    name: N,
    ...args: E[N] extends (...args: infer A) => unknown ? A : never
  ): Promise<E[N] extends (...args: never[]) => infer R ? Awaited<R> : never>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** Path and query in the folder; `/` where nothing is said. */
  path?: string;
  /** Cross-origin isolated (threads over shared memory); true where nothing is said. */
  isolated?: boolean;
}

export class Chromium {
  readonly #browser: Browser;
  readonly #servers = new Map<string, Promise<Server>>();
  readonly #folders: string[] = [];
  readonly #problems = new Map<Page, Problem[]>();

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start({ executable, env }: Unpacked): Promise<Chromium> {
    const browser = await playwright.launch({
      executablePath: executable,
      args: FLAGS,
      env: { ...(process.env as Record<string, string>), ...env },
      timeout: 60_000,
    });
    return new Chromium(browser);
  }

  /** Serves the folder and opens a page of it, in a profile of its own (storage, downloads, colour scheme). */
  async open(folder: string, options: OpenOptions = {}): Promise<Page> {
    const { path = '/', isolated = true, ...contextOptions } = options;
    const url = await this.serve(folder, isolated);
    const context = await this.#browser.newContext(contextOptions);
    const page = await context.newPage();
    this.#note(page);
    await page.goto(new URL(path, url).href);
    return page;
  }

  /** Bundles a module of the tests, opens it as a page and gives its exports. */
  async load<E extends object = Calls>(
    entry: string | URL,
    options: OpenOptions & { bundle?: BundleOptions } = {},
  ): Promise<Loaded<E>> {
    const { bundle: how, ...open } = options;
    const folder = await bundle(entry, how);
    this.#folders.push(folder);
    const page = await this.open(folder, open);
    try {
      await page.waitForFunction('globalThis.entry !== undefined', undefined, { timeout: 60_000 });
    } catch (error) {
      throw new Error(`${entry} does not load: ${this.takeProblems(page).join('\n') || error}`);
    }
    return {
      page,
      call: (name, ...args) =>
        page.evaluate(([f, a]) => (globalThis as unknown as { entry: Calls }).entry[f]!(...a), [
          name,
          args as unknown[],
        ] as const) as never,
    };
  }

  /** The address under which a folder is served, ending with `/`. */
  async serve(folder: string, isolated = true): Promise<string> {
    const key = `${isolated} ${folder}`;
    if (!this.#servers.has(key)) this.#servers.set(key, startServer(folder, isolated));
    const { port } = (await this.#servers.get(key)!).address() as AddressInfo;
    // localhost is a secure place, as WebGPU and shared memory want it.
    return `http://localhost:${port}/`;
  }

  /** What went wrong in a page (or in all of them) so far, and is expected to: it then fails no test. */
  takeProblems(page?: Page): Problem[] {
    const lists = page === undefined ? [...this.#problems.values()] : [this.#problems.get(page) ?? []];
    return lists.flatMap((list) => list.splice(0));
  }

  async close(): Promise<void> {
    await this.#browser.close();
    for (const server of this.#servers.values()) {
      const running = await server;
      running.closeAllConnections();
      await new Promise((done) => running.close(done));
    }
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  #note(page: Page): void {
    const problems: Problem[] = [];
    this.#problems.set(page, problems);
    page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
    page.on('crash', () => problems.push('the page crashed'));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`console.error: ${message.text()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) problems.push(`${response.status()} ${response.url()}`);
    });
  }
}

async function startServer(folder: string, isolated: boolean): Promise<Server> {
  const files = sirv(folder, {
    dev: true,
    setHeaders(response) {
      if (!isolated) return;
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    },
  });
  const server = createServer((request, response) => {
    files(request, response, () => {
      response.statusCode = 404;
      response.end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

const here = await chromiumHere();

// A run that is killed leaves its workers behind, and with them the browser: Chromium ends when its pipe closes.
process.once('disconnect', () => process.exit(1));

/**
 * A describe block with one Chromium for all its tests. A problem in a page that no test takes (`takeProblems`) fails the
 * test in which it came up.
 */
export function inChromium(title: string, tests: (browser: () => Chromium) => void): void {
  const { unpacked, problem } = here;
  if (unpacked === null) {
    describe.skip(`${title} (not run: ${problem})`, () => tests(notHere));
    return;
  }
  describe(title, () => {
    let browser: Chromium | undefined;
    beforeAll(async () => {
      browser = await Chromium.start(unpacked);
    }, 120_000);
    afterEach(() => {
      expect(browser?.takeProblems() ?? [], 'problems in the page').toEqual([]);
    });
    afterAll(async () => {
      await browser?.close();
    }, 30_000);
    tests(() => browser!);
  });
}

function notHere(): never {
  throw new Error('Chromium does not start here.');
}
