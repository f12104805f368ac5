/** Our kernels on WebGL, in a browser. */
import { expect, test } from 'vitest';
import { inChromium } from './chromium.ts';

const entry = new URL('./webgl.page.ts', import.meta.url);
type Page = typeof import('./webgl.page.ts');

inChromium('webgl', (browser) => {
  test('every operation, its gradients, and theirs, against float64', async () => {
    const { call } = await browser().load<Page>(entry);
    expect(await call('start')).toMatchObject({ hardware: false, backend: 'webgl' });
    const { tried, wrong } = await call('operationsOf', 0, 1);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(500);
  });
});
