/** Folders as data: their classes in natural order, what is left out, and what is said of them when training starts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { factLines } from '../../runtimes/core/facts.ts';
import type { TypeSpec } from '../../runtimes/core/model.ts';
import { natural } from '../../runtimes/core/sources/classes.ts';
import type { Declared } from '../../runtimes/core/sources/fit.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';

const root = mkdtempSync(join(tmpdir(), 'ganc-folders-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const declared = (name: string, meaning: TypeSpec['meaning'], ...shape: number[]): Declared => ({
  name,
  type: { meaning, shape },
});
const x = declared('x', 'image', 2, 2, 1);
const open = (name: string, ...record: Declared[]) =>
  openSource(join(root, name), record, { directory: root });

/** A picture of one grey at each path. */
async function pictures(greys: Record<string, number>, width = 2, height = 2): Promise<void> {
  for (const [path, grey] of Object.entries(greys)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    await sharp(Buffer.alloc(width * height, grey), { raw: { width, height, channels: 1 } })
      .png()
      .toFile(join(root, path));
  }
}

/** Of every example its grey, 0 to 255, and its class. */
async function greysAndClasses(name: string, classes: number): Promise<[number, number][]> {
  const dataset = await open(name, x, declared('y', 'label', classes));
  const indices = Int32Array.from({ length: dataset.count }, (_, i) => i);
  const [values, labels] = await dataset.read(indices);
  return Array.from(indices, (i) => [
    Math.round((values![4 * i]! + 1) * 127.5),
    labels!.subarray(i * classes, (i + 1) * classes).indexOf(1),
  ]);
}

describe('natural order', () => {
  test.each([
    [
      ['10', '2', '1'],
      ['1', '2', '10'],
    ],
    [
      ['class10', 'class9', 'class1'],
      ['class1', 'class9', 'class10'],
    ],
    [
      ['b', 'a', 'B'],
      ['B', 'a', 'b'],
    ],
    [
      ['007', '7', '07', '6'],
      ['6', '007', '07', '7'],
    ],
    [
      ['a', 'a1', 'a1b', ''],
      ['', 'a', 'a1', 'a1b'],
    ],
    [
      ['99999999999999999999', '100000000000000000000'],
      ['99999999999999999999', '100000000000000000000'],
    ],
  ])('%j', (given, sorted) => {
    expect([...given].sort(natural)).toEqual(sorted);
    expect([...given].reverse().sort(natural)).toEqual(sorted);
  });
});

describe('classes', () => {
  test('folders 0 to 11 are classes 0 to 11', async () => {
    await pictures(Object.fromEntries(Array.from({ length: 12 }, (_, k) => [`twelve/${k}/a.png`, 20 * k])));
    const found = await greysAndClasses('twelve', 12);
    expect(found).toHaveLength(12);
    for (const [grey, c] of found) expect(grey).toBe(20 * c);
  });

  test('a number that is not there leaves its class empty, and it is said', async () => {
    await pictures({ 'gap/0/a.png': 0, 'gap/1/a.png': 10, 'gap/3/a.png': 30 });
    expect(await greysAndClasses('gap', 4)).toEqual([
      [0, 0],
      [10, 1],
      [30, 3],
    ]);
    const { facts } = await open('gap', x, declared('y', 'label', 4));
    expect(facts!.classes).toEqual([
      { name: '0', count: 1 },
      { name: '1', count: 1 },
      { name: '2', count: 0 },
      { name: '3', count: 1 },
    ]);
    expect(facts!.notices[0]!.message).toBe('`y` is declared label[4], and of class 2 there is no example');
  });

  test('numbers from 1 are said', async () => {
    await pictures({ 'one/1/a.png': 10, 'one/2/a.png': 20 });
    expect(await greysAndClasses('one', 2)).toEqual([
      [10, 0],
      [20, 1],
    ]);
    const { facts } = await open('one', x, declared('y', 'label', 2));
    expect(facts!.notices[0]!.message).toBe('folder 1 is class 0 of `y`, 2 is class 1');
  });

  test('numbers beyond the declared classes go by their order', async () => {
    await pictures({ 'sparse/10/a.png': 10, 'sparse/9/a.png': 9, 'sparse/200/a.png': 200 });
    expect((await greysAndClasses('sparse', 3)).sort((a, b) => a[1] - b[1])).toEqual([
      [9, 0],
      [10, 1],
      [200, 2],
    ]);
  });

  test('hidden folders and files are no classes, and are named', async () => {
    await pictures({
      'hidden/.ipynb_checkpoints/a.png': 1,
      'hidden/cats/a.png': 2,
      'hidden/cats/._a.png': 3,
      'hidden/dogs/a.png': 4,
      'hidden/dogs/.trash/b.png': 5,
      'hidden/__MACOSX/cats/a.png': 6,
    });
    expect(await greysAndClasses('hidden', 2)).toEqual([
      [2, 0],
      [4, 1],
    ]);
    const { facts } = await open('hidden', x);
    expect(facts!.hidden).toEqual(['.ipynb_checkpoints/', '__MACOSX/', 'cats/._a.png', 'dogs/.trash/']);
  });

  test('a file beside the sub-folders has no class, and is named', async () => {
    await pictures({ 'stray/cats/a.png': 1, 'stray/b.png': 2 });
    await expect(open('stray', x, declared('y', 'label', 2))).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('b.png does not lie in a sub-folder'),
    });
    expect((await open('stray', x)).count).toBe(2);
  });

  test('a class number that is out of range is found wherever it stands', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},${i === 90 ? 7 : i % 3}`).join('\n');
    writeFileSync(join(root, 'wrong.csv'), rows);
    await expect(open('wrong.csv', declared('v', 'tensor', 1), declared('y', 'label', 3))).rejects.toThrow(
      'example 90',
    );
  });
});

describe('what is said', () => {
  test('a line a record, and one for what was left out', async () => {
    await pictures({
      'said/cats/a.png': 1,
      'said/cats/b.png': 1,
      'said/dogs/c.png': 1,
      'said/.git/x.png': 1,
    });
    const { facts } = await open('said', x, declared('y', 'label', 2));
    expect(factLines(['x', 'y'], { ...facts!, origin: 'said' })).toEqual([
      'x, y: 3 pictures of said; 2 classes: cats (2), dogs (1)',
      '  hidden, left out: .git/',
    ]);
  });

  test('classes of numbers are counted', async () => {
    const { facts } = await openSource('ring', [declared('p', 'tensor', 2), declared('y', 'label', 8)], {
      directory: root,
    });
    expect(factLines(['p', 'y'], facts!)).toEqual([
      'p, y: 50,000 examples of ring; 8 classes, 0 to 7, 6,250 each',
    ]);
  });
});
