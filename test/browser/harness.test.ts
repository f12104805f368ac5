/** The browser that the tests of this folder stand on: it starts, has WebGL2 and WebGPU, tells errors, and ends. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inChromium } from './chromium.ts';

const entry = new URL('./harness.page.ts', import.meta.url);

inChromium('Chromium', (browser) => {
  test('calls what a module exports; WebGL2 with 32-bit floats, WebGPU, shared memory', async () => {
    const { call } = await browser().load<typeof import('./harness.page.ts')>(entry);
    expect(await call('add', 1, 2)).toBe(3);
    expect(await call('isolated')).toBe(true);
    expect(await call('webgl')).toMatch(/SwiftShader/);
    expect(await call('webgpu')).toMatch(/swiftshader/);
  });

  test('a page without the headers is not isolated', async () => {
    const { call } = await browser().load<typeof import('./harness.page.ts')>(entry, { isolated: false });
    expect(await call('isolated')).toBe(false);
  });

  test('an error in a page is noted, and a file that is not there', async () => {
    const { call, page } = await browser().load<typeof import('./harness.page.ts')>(entry);
    await call('fail', 'as expected');
    await page.evaluate(() => fetch('missing.json'));
    await expect.poll(() => browser().takeProblems(page).join('\n')).toMatch(/as expected/);
    browser().takeProblems(page);
  });

  test('letters are drawn', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ganc-text-'));
    const text = '<!doctype html><link rel="icon" href="data:,"><p style="font-size:60px;margin:0">';
    await writeFile(join(folder, 'index.html'), text);
    await writeFile(join(folder, 'letters.html'), `${text}Generator`);
    const page = await browser().open(folder);
    const empty = await page.screenshot();
    await page.goto(new URL('letters.html', page.url()).href);
    const letters = await page.screenshot();
    expect(letters.length).toBeGreaterThan(empty.length + 1000);
    await rm(folder, { recursive: true });
  });
});
