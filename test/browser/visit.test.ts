/** A first visit to a compiled folder: how much is fetched, and the whole of `ring.gan` trained in it, as a person would see it. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { FromWorker } from '../../runtimes/browser/protocol.ts';
import { root } from '../e2e/command.ts';
import { inChromium } from './chromium.ts';
import { compiled } from './talk.ts';

const ring = await readFile(join(root, 'models/ring.gan'), 'utf8');

/** Where pictures lie that a person may look at. */
const pictures = process.env.GANC_SHOTS ?? join(root, 'node_modules/.cache/ganc/shots');

/** What the page fetches, by path, until it has been quiet for a second. */
async function fetched(page: Page): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  page.on('response', async (response) => {
    const body = await response.body().catch(() => Buffer.alloc(0));
    sizes.set(new URL(response.url()).pathname, gzipSync(body, { level: 9 }).length);
  });
  await page.reload();
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => document.querySelector('#go-word')?.textContent === 'Start');
  return sizes;
}

inChromium('a visit', (browser) => {
  test('fetches under 2 MB compressed, nothing from elsewhere, and no backend that is not chosen', async () => {
    const page = await browser().open(await compiled('ring', ring), { path: '/' });
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).hostname !== 'localhost') elsewhere.push(request.url());
    });
    const sizes = await fetched(page);
    for (const name of ['', 'page.js', 'page.css', 'ring.js', 'tfjs.js', 'runtime.js']) {
      expect([...sizes.keys()]).toContain(`/${name}`);
    }
    for (const name of ['webgl.js', 'webgpu.js']) expect([...sizes.keys()]).not.toContain(`/${name}`);
    const total = [...sizes.values()].reduce((a, b) => a + b, 0);
    expect(total).toBeGreaterThan(100_000);
    // A third of what is allowed.
    expect(total).toBeLessThan(700_000);
    expect(elsewhere).toEqual([]);
  });

  test('ring.gan to its own number of steps on wasm: all eight modes, and the points on them', async () => {
    const page = await browser().open(await compiled('ring', ring), {
      path: '/',
      viewport: { width: 1280, height: 1400 },
    });
    // The page's worker is listened to as well: what it draws is measured here, not by the page.
    await page.addInitScript(() => {
      const { Worker } = globalThis;
      globalThis.Worker = class extends Worker {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(url, options);
          this.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
            if (data.type === 'samples')
              Object.assign(globalThis, { newest: [...data.values], at: data.step });
          });
        }
      };
    });
    await page.reload();
    await page.locator('input[name=backend][value=wasm]').check();
    await page.getByRole('button', { name: /Start/ }).click();
    await page.waitForFunction(() => (globalThis as unknown as { at?: number }).at === 5000, undefined, {
      timeout: 240_000,
      polling: 500,
    });
    await mkdir(pictures, { recursive: true });
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(pictures, 'ring.png') });

    const values = await page.evaluate(() => (globalThis as unknown as { newest: number[] }).newest);
    expect(values).toHaveLength(2000);
    // The data: eight Gaussians of σ 0.02 on a circle of radius 2.
    const modes = Array.from({ length: 8 }, (_, k) => [
      2 * Math.cos((k * Math.PI) / 4),
      2 * Math.sin((k * Math.PI) / 4),
    ]);
    const nearest = Array.from({ length: 1000 }, (_, i) => {
      const distances = modes.map(([x, y]) => Math.hypot(values[2 * i]! - x!, values[2 * i + 1]! - y!));
      const distance = Math.min(...distances);
      return { mode: distances.indexOf(distance), distance };
    });
    const close = nearest.filter(({ distance }) => distance < 0.2);
    const counts = modes.map((_, k) => close.filter(({ mode }) => mode === k).length);
    // Eighths would be 125 each.
    expect(Math.min(...counts), counts.join(' ')).toBeGreaterThan(60);
    expect(close.length, 'of 1000 points lie at a mode').toBeGreaterThan(850);
    const radii = Array.from({ length: 1000 }, (_, i) => Math.hypot(values[2 * i]!, values[2 * i + 1]!));
    expect(radii.filter((r) => Math.abs(r - 2) < 0.2).length).toBeGreaterThan(900);
  }, 300_000);
});
