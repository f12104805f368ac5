/** Our kernels on WebGL, in a browser. */
import { expect, test } from 'vitest';
import { fusible } from '../../runtimes/core/formula/fused.ts';
import { triedOperations } from '../kernels/random-formula.ts';
import { inChromium } from './chromium.ts';

const entry = new URL('./webgl.page.ts', import.meta.url);
type Page = typeof import('./webgl.page.ts');

inChromium('webgl', (browser) => {
  /** A page whose tfjs computes on webgl with our kernels. */
  async function ours() {
    const page = await browser().load<Page>(entry);
    expect(await page.call('start')).toMatchObject({ hardware: false, backend: 'webgl' });
    return page;
  }

  test('every operation, its gradients, and some of theirs, against float64', async () => {
    const { call } = await ours();
    const { tried, wrong } = await call('operationsOf', 12);
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(500);
  });

  test('random formulas, chains and reductions of any axes, against float64', async () => {
    expect([...triedOperations].sort()).toEqual([...fusible].sort());
    const { call } = await ours();
    expect(await call('chains', 20)).toBe(null);
    expect(await call('groups', 20)).toBe(null);
  });

  test('random products, convolutions and pools with their gradients, against float64', async () => {
    const { call } = await ours();
    expect(await call('products', 12)).toBe(null);
    expect(await call('convolutions', 20)).toBe(null);
    expect(await call('pools', 12)).toBe(null);
  });

  test('the same where textures are small', async () => {
    const { call } = await ours();
    await call('useSmallTextures');
    for (const search of ['chains', 'groups', 'products', 'convolutions', 'pools'] as const) {
      expect(await call(search, 8), search).toBe(null);
    }
  });

  test('large and small arguments, and what is no number', async () => {
    const { call } = await ours();
    const points = [
      -1e30, -300, -100, -20, -3, -1, -0.1, -1e-3, -1e-6, 0, 1e-6, 1e-3, 0.1, 1, 3, 20, 80, 300,
    ];
    const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    const exact: [string, (x: number) => number][] = [
      ['tanh(x)', Math.tanh],
      ['sigmoid(x)', (x) => 1 / (1 + Math.exp(-x))],
      ['softplus(x)', softplus],
      ['elu(x)', (x) => (x < 0 ? Math.expm1(x) : x)],
      ['exp(x)', Math.exp],
      ['log(abs(x))', (x) => Math.log(Math.abs(x))],
      ['sqrt(x)', Math.sqrt],
      ['rsqrt(abs(x) + 0.001)', (x) => 1 / Math.sqrt(Math.abs(x) + 0.001)],
      ['x / (abs(x) + 3)', (x) => x / (Math.abs(x) + 3)],
    ];
    for (const [text, f] of exact) {
      const got = await call('values', `y = ${text}`, points);
      points.forEach((x, i) => {
        const expected = Math.fround(f(Math.fround(x)));
        // Numbers too small to be normal may be 0.
        if (Math.abs(expected) < 1e-37) expect(Math.abs(got[i]!), `${text} at ${x}`).toBeLessThan(1e-37);
        else if (!Number.isFinite(expected)) expect(got[i], `${text} at ${x}`).toBe(expected);
        else expect(got[i]! / expected, `${text} at ${x}: ${got[i]}`).toBeCloseTo(1, 5);
      });
    }
    for (const [name, f] of [
      ['sin', Math.sin],
      ['cos', Math.cos],
    ] as const) {
      const angles = [-50, -3, -1.5707, -0.1, 0, 1e-4, 0.7, 1, 2, 3.1, 4, 6, 100];
      const got = await call('valuesOf', name, angles);
      angles.forEach((x, i) => {
        expect(got[i], `${name} of ${x}`).toBeCloseTo(f(Math.fround(x)), 5);
      });
    }
    const nan =
      'relu(x) leaky_relu(x,0.1) maximum(x,0) minimum(0,x) clamp(x,0,1) step(x,0) tanh(x) softplus(x)';
    for (const text of nan.split(' ')) {
      // Made on the GPU, so that nothing on the way there can lose it.
      const [value] = await call(
        'values',
        `let n = (x - x) / (x - x); y = ${text.replace(/\bx\b/, 'n')}`,
        [3],
      );
      expect(value, text).toBeNaN();
    }
  });

  test('launches of a DCGAN-28 step, and the same numbers as by hand', async () => {
    const small = { name: 'w2', set: { width: '4', examples: '3' } } as const;
    const full = { name: 'w2', set: {} } as const;
    const mine = await ours();
    const compiled = await mine.call('compiled', small, 3);
    // At its own size the draws are counted and not made: a processor takes a minute for them.
    const large = await mine.call('compiled', full, 2, true);
    const theirs = await browser().load<Page>(entry);
    await theirs.call('startTheirs');
    const byHand = await theirs.call('handWritten', small, 3);
    const largeByHand = await theirs.call('handWritten', full, 2, true);
    console.log(
      `launches of a DCGAN-28 step on webgl: ${large.launches[1]}, by hand ${largeByHand.launches[1]};`,
      `with 4 channels and 3 examples: ${compiled.launches[2]}, by hand ${byHand.launches[2]}`,
    );
    // The first step makes fewer of an optimiser's slots, and uploads all weights.
    expect(large.launches[1]).toBeLessThanOrEqual(200);
    expect(compiled.launches[2]).toBeLessThanOrEqual(200);
    expect(largeByHand.launches[1]).toBeGreaterThan(1000);
    compiled.losses.forEach((losses, i) => {
      for (const [name, value] of Object.entries(losses)) {
        expect(Math.abs(value - byHand.losses[i]![name]!), `${name} of step ${i}`).toBeLessThan(1e-4);
      }
    });
    expect(new Set(compiled.tensors).size, 'tensors after each step').toBe(1);
    expect(new Set(compiled.bytes).size, 'bytes after each step').toBe(1);
  });

  test('a context that is lost is an error at once, and a run goes on from its last state on a new one', async () => {
    const small = { name: 'w2', set: { width: '2', examples: '2' } } as const;
    const { call } = await ours();
    const whole = await call('compiled', small, 5);
    for (const midway of [false, true]) {
      const { losses, told, failed } = await call('lose', small, 5, 3, midway);
      expect(failed).toEqual(midway ? Array(3).fill('ContextLost') : Array(2).fill('ContextLost'));
      expect(told).toEqual(['ContextLost']);
      expect(losses).toEqual(whole.losses);
    }
  });
});
