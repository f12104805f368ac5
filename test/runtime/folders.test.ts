/** Folders as data: their classes in natural order, what is left out, and what is said of them when training starts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { factLines, noticeWords } from '../../runtimes/core/run/facts.ts';
import { natural } from '../../runtimes/core/sources/classes.ts';
import type { Declared } from '../../runtimes/core/sources/declared.ts';
import { fit } from '../../runtimes/core/sources/fit.ts';
import { byName, pathsIn } from '../../runtimes/core/sources/paths.ts';
import { Broken, type RawField, type RawSource } from '../../runtimes/core/sources/raw.ts';
import { AT_ONCE, each } from '../../runtimes/core/sources/several.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';
import { declared, filesIn, scratchFolder } from './given.ts';

const root = scratchFolder();
const { pictures } = filesIn(root);
const x = declared('x', 'image', 2, 2, 1);
const open = (name: string, ...record: Declared[]) =>
  openSource(join(root, name), record, { directory: root });

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

/** What is left out of a record of two fields. */
const skippedOf = async (source: string) => {
  const record = ['a', 'b'].map((name) => declared(name, 'image', 2, 2, 1));
  const { facts, count } = await openSource(source, record, { directory: root });
  return { count, skipped: facts!.skipped.map(({ what, why }) => `${what}: ${why}`.replaceAll(root, '')) };
};

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
    expect(facts!.notices[0]!.message).toBe(
      '`y` is declared label[4], and folder 2 (class 2) is missing or empty',
    );
  });

  test('numbers from 1 are said', async () => {
    await pictures({ 'one/1/a.png': 10, 'one/2/a.png': 20 });
    expect(await greysAndClasses('one', 2)).toEqual([
      [10, 0],
      [20, 1],
    ]);
    const { facts } = await open('one', x, declared('y', 'label', 2));
    expect(facts!.notices[0]!.message).toBe(
      'the folders are counted from 1: folder 1 is class 0 of `y`, folder 2 is class 1',
    );
  });

  test('numbers beyond the declared classes go by their order', async () => {
    await pictures({ 'sparse/10/a.png': 10, 'sparse/9/a.png': 9, 'sparse/200/a.png': 200 });
    expect((await greysAndClasses('sparse', 3)).sort((a, b) => a[1] - b[1])).toEqual([
      [9, 0],
      [10, 1],
      [200, 2],
    ]);
  });

  test.each([
    [
      'numbers from 1 with a gap',
      ['1', '2', '4'],
      4,
      '1 2 3 4',
      [
        'the folders are counted from 1: folder 1 is class 0 of `y`, folder 4 is class 3',
        '`y` is declared label[4], and folder 3 (class 2) is missing or empty',
      ],
    ],
    [
      'numbers that are too large',
      ['1', '2', '10'],
      3,
      '1 2 10',
      [
        'the folders are classes of `y` in the order of their names: folder 1 is class 0, folder 2 is class 1, folder 10 is class 2; declare label[11] to keep their numbers',
      ],
    ],
    [
      'numbers and a word',
      ['1', '3', 'zero'],
      4,
      '1 3 zero no folder for class 3',
      [
        'the folders are classes of `y` in the order of their names: folder 1 is class 0, folder 3 is class 1, folder zero is class 2',
        '`y` is declared label[4], and a folder for class 3 is missing or empty',
      ],
    ],
    ['words', ['cats', 'dogs'], 2, 'cats dogs', []],
    [
      'words, too few',
      ['cats', 'dogs'],
      3,
      'cats dogs no folder for class 2',
      ['`y` is declared label[3], and a folder for class 2 is missing or empty'],
    ],
  ])('which folder is which class is said: %s', async (name, folders, classes, names, said) => {
    await pictures(Object.fromEntries(folders.map((f) => [`said ${name}/${f}/a.png`, 1])));
    const { facts } = await open(`said ${name}`, x, declared('y', 'label', classes));
    expect(facts!.classes!.map((c) => c.name).join(' ')).toBe(names);
    expect(new Set(facts!.classes!.map((c) => c.name)).size).toBe(classes);
    expect(facts!.notices).toHaveLength(said.length);
    for (const [i, words] of said.entries()) expect(noticeWords(facts!.notices[i]!)).toContain(words);
  });

  test('more folders than classes: what to declare', async () => {
    await pictures({ 'many/a/a.png': 1, 'many/b/a.png': 1, 'many/c/a.png': 1 });
    await expect(open('many', x, declared('y', 'label', 2))).rejects.toMatchObject({
      message: expect.stringContaining('3 classes (a, b, c)'),
      hint: 'declare label[3], or give fewer folders',
    });
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
      'row 91',
    );
  });
});

test.each([
  [['a', 'b'], ['B2', 'a'], 'a B2'],
  [['a', 'b'], ['B', 'a'], 'a B'],
  [['a', 'b'], ['B', 'A'], 'A B'],
  [['a', 'b'], ['b', 'z'], 'z b'],
  [['a', 'b'], ['1', '2'], '1 2'],
  [['a', 'b', 'c'], ['1', '2', 'b'], '1 b 2'],
  [['a', 'A'], ['A', 'a'], 'a A'],
  [['a', 'b'], ['A', 'a'], 'a A'],
])('fields %j of %j', (fields, items, chosen) => {
  expect(byName(items, fields, (item) => item).join(' ')).toBe(chosen);
});

test('what is not there: the name that was meant', async () => {
  mkdirSync(join(root, 'near'));
  writeFileSync(join(root, 'near/moons.csv'), '1,2');
  mkdirSync(join(root, 'near/photos'));
  const hintOf = (source: string) =>
    openSource(source, [x], { directory: root }).then(
      () => '',
      (error) => String(error.hint).replace(root, ''),
    );
  expect(await hintOf('fasion')).toMatch(/^did you mean `fashion`\?/);
  expect(await hintOf('near/moonz.csv')).toBe('did you mean /near/moons.csv?');
  expect(await hintOf('near/phtoos')).toBe('did you mean /near/photos?');
  expect(await hintOf('near/photos/*.png')).toBe('a source is no pattern: give the folder, /near/photos/');
  expect(await hintOf('near/nothing-like-it')).toMatch(/^a source is a path or one of/);
  expect(await hintOf('nowhere/moons.csv')).toMatch(/^a source is a path or one of/);
});

test.each([
  ['a', 1, ['a']],
  ['a,b', 1, ['a,b']],
  ['a,b', 2, ['a,b']],
  ['a,c', 2, ['a', 'c']],
  ['a,b,c', 2, ['a,b', 'c']],
  ['a,b,a,b', 2, ['a,b', 'a,b']],
  ['c,a,b,c', 3, ['c', 'a,b', 'c']],
  ['c,c,c', 2, ['c', 'c', 'c']],
  ['c,missing', 2, ['c', 'missing']],
])('%s in %i parts', async (text, count, parts) => {
  const there = ['a', 'a,b', 'c'];
  expect(await pathsIn(text, count, (p) => there.includes(p))).toEqual(parts);
});

test('a file that turns out to be damaged in training is skipped, and the next record stands in whole', async () => {
  const value = (at: number, field: string, fail: boolean): RawField => ({
    name: field,
    shape: [],
    content: 'numbers',
    slow: true,
    read(index, out, to) {
      if (fail && index === at) throw new Broken(`${field}${index}.png`, 'it is damaged');
      return new Promise((done) => {
        setTimeout(
          () => {
            out[to] = index;
            done();
          },
          (7 * index) % 5,
        );
      });
    },
  });
  const source: RawSource = {
    origin: 'here',
    count: 40,
    fields: [value(20, 'a', true), value(39, 'b', true)],
  };
  const dataset = await fit(source, [declared('a', 'tensor', 1), declared('b', 'tensor', 1)]);
  const [a, b] = await dataset.read([19, 20, 21, 39]);
  expect([...a!]).toEqual([19, 21, 21, 0]);
  expect([...b!]).toEqual([19, 21, 21, 0]);
  expect(dataset.report!()).toMatch(/2 files of here.*a20.png: it is damaged.*b39.png/s);
});

test('few files are open at a time', async () => {
  let open = 0;
  let most = 0;
  await each(Array.from({ length: 100 }), async () => {
    most = Math.max(most, ++open);
    await new Promise((done) => setTimeout(done, 1));
    open--;
  });
  expect(most).toBe(AT_ONCE);
  await expect(
    each([1, 2, 3], async (n) => {
      if (n > 1) throw new Error(`no ${n}`);
    }),
  ).rejects.toThrow('no 2');
});

describe('pictures are looked at', () => {
  test('what cropping keeps, and what is enlarged', async () => {
    await pictures({ 'wide/a.png': 1, 'wide/b.png': 2 }, 40, 20);
    await pictures({ 'wide/c.png': 3 }, 20, 20);
    await pictures({ 'wide/d.png': 3 }, 1, 1);
    const { facts } = await open('wide', x);
    expect(facts!.crop).toEqual({ mean: 0.75, least: 0.5, most: 1, of: 4 });
    expect(factLines(['x'], { ...facts!, origin: 'wide' })).toEqual([
      'x: 4 pictures from wide; cropping keeps 75 % of a picture on average, between 50 % and 100 %',
      `  note: 1 picture of 4 is smaller than \`x\` (image[2, 2, 1]) and enlarged: ${join(root, 'wide/d.png')} (1×1); leave it out if it is too coarse`,
    ]);
  });

  test('a JPEG that is turned by its EXIF is measured as it is shown', async () => {
    mkdirSync(join(root, 'turned'));
    await sharp(Buffer.alloc(3 * 40 * 10), { raw: { width: 40, height: 10, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toFile(join(root, 'turned/a.jpg'));
    const { facts } = await open('turned', declared('x', 'image', 40, 10, 3));
    expect(facts!.crop!.least).toBe(1);
  });
});

describe('what is said', () => {
  test('pictures of kinds that are not read are skipped by name, other files are not mentioned', async () => {
    await pictures({ 'kinds/a.png': 1, 'kinds/b.png': 1 });
    for (const file of ['c.GIF', 'd.bmp', 'e.tif', 'f.heic', 'g.avif', 'notes.txt', 'Thumbs.db', '.h.gif']) {
      writeFileSync(join(root, 'kinds', file), 'x');
    }
    writeFileSync(join(root, 'kinds/w.wav'), 'x');
    const { facts, count } = await open('kinds', x);
    expect(count).toBe(2);
    expect(facts!.skipped.map(({ what, why }) => `${what.slice(root.length)}: ${why}`)).toEqual([
      '/kinds/c.GIF: a GIF: convert it to PNG',
      '/kinds/d.bmp: a BMP: convert it to PNG',
      '/kinds/e.tif: a TIF: convert it to PNG',
      '/kinds/f.heic: a HEIC: convert it to PNG',
      '/kinds/g.avif: an AVIF: convert it to PNG',
    ]);
    expect(facts!.notices.map((n) => n.message.replace(root, ''))).toEqual([
      '/kinds is read as a folder of pictures: 1 WAV file is left out',
    ]);
    mkdirSync(join(root, 'gifs'));
    writeFileSync(join(root, 'gifs/a.gif'), 'GIF89a');
    await expect(open('gifs', x)).rejects.toThrow(/a kind that is not read: .*a\.gif/);
    await expect(open('gifs/a.gif', x)).rejects.toThrow('is one picture');
    // Of a record over several folders too.
    await pictures({ 'kinds2/a.png': 1, 'kinds2/b.png': 1 });
    expect((await skippedOf('kinds,kinds2')).skipped).toContain('/kinds/c.GIF: a GIF: convert it to PNG');
  });

  test('a line a record, and one for what was left out', async () => {
    await pictures({
      'said/cats/a.png': 1,
      'said/cats/b.png': 1,
      'said/dogs/c.png': 1,
      'said/.git/x.png': 1,
    });
    const { facts } = await open('said', x, declared('y', 'label', 2));
    expect(factLines(['x', 'y'], { ...facts!, origin: 'said' })).toEqual([
      'x, y: 3 pictures from said; 2 classes: cats (2), dogs (1); nothing is cropped',
      '  hidden, left out: .git/',
    ]);
  });

  test('classes of numbers are counted', async () => {
    const { facts } = await openSource('ring', [declared('p', 'tensor', 2), declared('y', 'label', 8)], {
      directory: root,
    });
    expect(factLines(['p', 'y'], facts!)).toEqual([
      'p, y: 50,000 examples from ring; 8 classes, 0 to 7, 6,250 each',
    ]);
  });
});
