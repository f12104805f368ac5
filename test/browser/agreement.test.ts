/**
 * The same model, seed and data give the same losses and gradients on every backend of this machine, in Node and in a
 * browser. What is found is the table of runtimes/README.md: GANC_WRITE=1 writes it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { chooseBackend } from '../../runtimes/node/backends.ts';
import { tensorflowEntry } from '../../runtimes/node/outcome.ts';
import { dawnHere, useSwiftShader } from '../backends/dawn.ts';
import { tiny } from '../oracle/tiny.ts';
import { type Case, type Found, follow, gradientDifference, inFloat64, lossDifference } from './agreement.ts';
import { inChromium } from './chromium.ts';

const root = join(import.meta.dirname, '../..');
const readme = join(root, 'runtimes/README.md');

/** Adam's first steps have the size of its rate wherever a gradient's sign is, so a deep net's rounding grows. */
const cases: readonly (Case & { title: string; loss: number })[] = [
  // Small: tfjs's products of many short rows take SwiftShader's WebGPU long.
  { title: 'GAN on a ring', file: 'ring.gan', loss: 1e-4, set: { width: '4', latent: '4' }, batch: 4 },
  { title: 'VAE', file: 'vae.gan', loss: 1e-4 },
  { title: 'DCGAN', file: 'dcgan.gan', loss: 1e-2 },
].map(({ file, ...more }) => ({
  ...tiny[file]!,
  ...more,
  name: file,
  text: readFileSync(join(root, 'models', file), 'utf8'),
}));
/** Of each net's gradient at the first weights. */
const GRADIENT = 1e-5;

const exact: Found[] = [];
/** By backend, as the table names it. */
const found = new Map<string, Found[]>();

beforeAll(async () => {
  for (const one of cases) exact.push(await inFloat64(one));
});

function agrees(backend: string, results: Found[]): void {
  found.set(backend, results);
  for (const [i, { title, loss }] of cases.entries()) {
    expect(lossDifference(exact[i]!, results[i]!), `losses of ${title}`).toBeLessThanOrEqual(loss);
    expect(gradientDifference(results[i]!, exact[i]!), `gradients of ${title}`).toBeLessThanOrEqual(GRADIENT);
    // From each other no more than from the truth.
    for (const [other, theirs] of found) {
      expect(
        lossDifference(theirs[i]!, results[i]!),
        `losses of ${title} beside ${other}`,
      ).toBeLessThanOrEqual(loss);
    }
  }
}

async function here(): Promise<Found[]> {
  const results: Found[] = [];
  for (const one of cases) results.push(await follow(one));
  return results;
}

const dawn = await dawnHere();

describe('in Node', () => {
  test('wasm', async () => {
    await chooseBackend('wasm');
    agrees('wasm, Node', await here());
  });

  test.skipIf(dawn.problem !== null)(
    `webgpu${dawn.problem === null ? '' : ` (not run: ${dawn.problem})`}`,
    async () => {
      await useSwiftShader();
      await chooseBackend('webgpu');
      agrees('webgpu, Node', await here());
    },
  );

  test.skipIf(tensorflowEntry() === null)('tensorflow', async () => {
    await chooseBackend('tensorflow');
    agrees('tensorflow, Node', await here());
  });
});

inChromium('in Chromium', (browser) => {
  test.each(['webgl', 'webgpu', 'wasm'] as const)('%s', async (backend) => {
    const entry = new URL('./agreement.page.ts', import.meta.url);
    // The page's own thread may not wait for others, so it has none.
    const { call } = await browser().load<typeof import('./agreement.page.ts')>(entry, { isolated: false });
    agrees(
      `${backend}, Chromium`,
      await call(
        'all',
        backend,
        cases.map(({ name, text, set, batch }) => ({ name, text, set, batch })),
      ),
    );
  });
});

describe('runtimes/README.md', () => {
  const marks = /(<!-- agreement -->\n)([\s\S]*?)(<!-- end -->)/;
  const rowsOf = (text: string) =>
    new Map(
      (marks.exec(text)?.[2] ?? '')
        .split('\n')
        .filter((line) => /^\| \w/.test(line))
        .map((line) => line.slice(2, -2).split(' | '))
        .map(([name, ...cells]) => [name!, cells]),
    );

  /** Losses and gradients of each model. */
  const cellsOf = (results: Found[]) =>
    results.flatMap((result, i) =>
      [lossDifference(exact[i]!, result), gradientDifference(result, exact[i]!)].map((x) =>
        x.toExponential(0),
      ),
    );

  test.runIf(process.env.GANC_WRITE === '1')('is written', () => {
    const text = readFileSync(readme, 'utf8');
    // What cannot run here keeps what was found where it could.
    const rows = new Map([
      ...rowsOf(text),
      ...[...found].map(([name, results]) => [name, cellsOf(results)] as const),
    ]);
    const head = ['', ...cases.flatMap(({ title }) => [title, 'gradient'])];
    const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
    const table = [
      line(head),
      line(head.map((_, i) => (i === 0 ? '---' : '---:'))),
      ...[...rows].map(([name, cells]) => line([name, ...cells])),
    ];
    writeFileSync(
      readme,
      text.replace(marks, (_, begin, _old, end) => `${begin}${table.join('\n')}\n${end}`),
    );
  });

  test('has every backend, within the bounds', () => {
    const rows = rowsOf(readFileSync(readme, 'utf8'));
    const names = [
      'wasm, Node',
      'webgpu, Node',
      'tensorflow, Node',
      'webgl, Chromium',
      'webgpu, Chromium',
      'wasm, Chromium',
    ];
    expect([...rows.keys()].sort()).toEqual([...names].sort());
    for (const [name, cells] of rows) {
      expect(cells.length, name).toBe(2 * cases.length);
      for (const [i, { loss }] of cases.entries()) {
        expect(Number(cells[2 * i]), name).toBeLessThanOrEqual(loss);
        expect(Number(cells[2 * i + 1]), name).toBeLessThanOrEqual(GRADIENT);
      }
    }
  });
});
