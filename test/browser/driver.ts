/** The page with a worker that plays, and the hands of a person: what the tests of the page do to it. */
import { mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Chromium } from './chromium.ts';
import { canvasColours } from './look.ts';

export const root = join(import.meta.dirname, '../..');
const sources = join(root, 'runtimes/browser/page');
const shots = process.env.GANC_SHOTS ?? null;

/** How long a canvas is looked at again. */
export const WAIT = { timeout: 15_000, interval: 60 };

export const WIDE = { width: 1360, height: 900 };
export const PHONE = { width: 360, height: 740 };

type Options = Parameters<Chromium['open']>[1];

export interface Stage {
  /** The page with a model that is played (`pictures`, `points`, `mixed`, and what else replay.ts knows). */
  played(browser: Chromium, model: string, options?: Options): Promise<Page>;
  /** Closed after the test; Start can be pressed. */
  ready(page: Page): Promise<Page>;
  /** A file to be given to the page; its path. */
  file(name: string, content: string): Promise<string>;
  /** A path for a file, or a folder, of that name. */
  place(name: string): string;
}

/** Builds the page before the tests of a file, and takes it away after them. */
export function setStage(): Stage {
  let site = '';
  let files = '';
  const pages: Page[] = [];
  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'ganc-page-'));
    files = await mkdtemp(join(tmpdir(), 'ganc-files-'));
    await build({
      entryPoints: [`${sources}/page.ts`, `${sources}/page.css`, join(import.meta.dirname, 'replay.ts')],
      entryNames: '[name]',
      outdir: site,
      bundle: true,
      format: 'esm',
      target: 'chrome113',
      logLevel: 'warning',
    });
    if (shots !== null) mkdirSync(shots, { recursive: true });
  }, 60_000);
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
  });
  afterAll(async () => {
    await rm(site, { recursive: true, force: true });
    await rm(files, { recursive: true, force: true });
  });
  const stage: Stage = {
    async played(browser, model, options = {}) {
      const name = `${model.replace(/\W/g, '-')}.html`;
      const template = await readFile(`${sources}/index.html`, 'utf8');
      const filled = template
        .replaceAll('{{title}}', 'played')
        .replaceAll('{{description}}', 'A model that is only played.')
        .replaceAll('{{model}}', `./replay.js?${model}`);
      await writeFile(join(site, name), filled);
      const path = `/${name}`;
      return stage.ready(
        await browser.open(site, { viewport: WIDE, acceptDownloads: true, path, ...options }),
      );
    },
    async ready(page) {
      pages.push(page);
      page.setDefaultTimeout(30_000);
      await page.getByRole('button', { name: 'Start', exact: true }).waitFor();
      return page;
    },
    async file(name, content) {
      const path = join(files, name);
      await writeFile(path, content);
      return path;
    },
    place: (name) => join(files, name),
  };
  return stage;
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** The step that the page says it is at. */
export async function step(page: Page): Promise<number> {
  const text = (await page.locator('#where').textContent()) ?? '';
  return Number(/step ([\d,]+)/.exec(text)?.[1]?.replace(/,/g, '') ?? Number.NaN);
}

export async function reach(page: Page, least: number): Promise<void> {
  await page.waitForFunction((n) => {
    const text = document.getElementById('where')!.textContent!;
    return Number(/step ([\d,]+)/.exec(text)?.[1]?.replace(/,/g, '') ?? -1) >= n;
  }, least);
}

/** Trains to this step and pauses. */
export async function pausedAt(page: Page, least: number): Promise<void> {
  await button(page, 'Start').click();
  await reach(page, least);
  await button(page, 'Pause').click();
  await button(page, 'Resume').waitFor();
}

/** Two frames, so that what was asked for is drawn. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 80)),
  );
}

export const shown = (page: Page, selector: string) =>
  page.locator(selector).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());

/** What a canvas shows once it shows something else than before, and rests. */
export async function changed(page: Page, selector: string, before: string): Promise<string> {
  let last = before;
  for (let tries = 0; tries < 150; tries++) {
    await drawn(page);
    const now = await shown(page, selector);
    if (now !== before && now === last) return now;
    last = now;
  }
  throw new Error(`${selector} ${last === before ? 'does not change' : 'does not come to rest'}`);
}

/** A walk can be begun: its sliders are there, and what they stand for is drawn. */
export async function walkOpens(page: Page): Promise<void> {
  await page.getByRole('slider', { name: 'Direction 1' }).waitFor();
  await expect.poll(() => canvasColours(page, '.walk-view canvas'), WAIT).toBeGreaterThan(1);
  await drawn(page);
}

/** Drags files from outside over the page and lets go over the middle of an element. */
export async function drop(page: Page, paths: string[], selector: string): Promise<void> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const target = page.locator(selector);
  await target.scrollIntoViewIfNeeded();
  const box = (await target.boundingBox())!;
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  }
}

/** A picture of the whole page, where someone wants to look at it. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (shots === null) return;
  await drawn(page);
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}
