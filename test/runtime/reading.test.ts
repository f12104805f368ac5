import { join } from 'node:path';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { Feed } from '../../runtimes/core/run/data.ts';
import { factLines } from '../../runtimes/core/run/facts.ts';
import type { ReadingSpec } from '../../runtimes/core/run/model.ts';
import type { Declared } from '../../runtimes/core/sources/declared.ts';
import { writeNpy } from '../../runtimes/core/sources/npy.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';
import { encodeWav } from '../../runtimes/node/wav.ts';
import { declared, filesIn, scratchFolder } from './given.ts';

const folder = scratchFolder();
const { write } = filesIn(folder);
const open = (path: string, record: Declared[], reading: ReadingSpec) =>
  openSource(path, record, { directory: folder, reading });
async function all(path: string, record: Declared[], reading: ReadingSpec, visit = { seed: 0, pass: 0 }) {
  const dataset = await open(path, record, reading);
  const values = await dataset.read(
    Int32Array.from({ length: dataset.count }, (_, i) => i),
    visit,
  );
  await dataset.close?.();
  return { count: dataset.count, values: values.map((v) => [...v]), facts: dataset.facts! };
}
const headline = async (path: string, record: Declared[], reading: ReadingSpec) =>
  factLines(['x'], (await all(path, record, reading)).facts)[0]!.replace(folder, '');
async function refused(path: string, record: Declared[], reading: ReadingSpec) {
  const error = await open(path, record, reading).catch((e) => e);
  expect(error.name).toBe('UserError');
  return `${error.message.replaceAll(`${folder}/`, '')} | ${error.options?.hint ?? error.hint}`;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const npy = (name: string, shape: number[], values: number[]) =>
  write(name, writeNpy(shape, Float32Array.from(values)));

describe('windows of a series', () => {
  const series = npy('series.npy', [10, 2], range(20));

  test('are all that fit, in order, from an array', async () => {
    const { count, values } = await all(series, [declared('x', 'tensor', 3, 2)], { stride: 1 });
    expect(count).toBe(8);
    expect(values[0]!.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(values[0]!.slice(-6)).toEqual([14, 15, 16, 17, 18, 19]);
  });

  test('begin a stride apart', async () => {
    const { count, values } = await all(series, [declared('x', 'tensor', 4, 2)], { stride: 3 });
    expect(count).toBe(3);
    expect(values[0]!.filter((_, i) => i % 8 === 0)).toEqual([0, 6, 12]);
  });

  test('are cut from a CSV too, of all its columns or of those that are named', async () => {
    const rows = range(30).map((t) => `2026-01-${t + 1},${t},${100 + t},${2 * t}`);
    const path = write('prices.csv', `date,open,high,close\n${rows.join('\n')}\n`);
    const { count, values } = await all(path, [declared('x', 'tensor', 24, 2)], {
      stride: 1,
      fields: [['close', 'open']],
    });
    expect(count).toBe(7);
    expect(values[0]!.slice(0, 4)).toEqual([0, 0, 2, 1]);
    expect(await headline(path, [declared('x', 'tensor', 24)], { stride: 2, fields: ['high'] })).toBe(
      'x: 4 windows from /prices.csv; 24 rows each, one every 2 rows of 30',
    );
  });

  test('of several arrays begin at the same row, each as long as its type', async () => {
    const path = write(
      'two.npz',
      zipSync({
        'a.npy': writeNpy([6], Float32Array.from(range(6))),
        'b.npy': writeNpy(
          [6, 1],
          Float32Array.from(range(6), (v) => 10 * v),
        ),
        'words.npy': new Uint8Array([1, 2, 3]),
      }),
    );
    const record = [declared('p', 'tensor', 2), declared('q', 'tensor', 3)];
    const { count, values } = await all(path, record, { stride: 1, fields: ['b', 'a'] });
    expect(count).toBe(4);
    expect(values).toEqual([
      [0, 10, 10, 20, 20, 30, 30, 40],
      [0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5],
    ]);
  });

  test('are scaled as the type says: 16-bit samples in a long array are sound', async () => {
    const head = "{'descr': '<i2', 'fortran_order': False, 'shape': (6,), }".padEnd(117);
    const bytes = Buffer.concat([
      Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0]),
      Buffer.from(`${head}\n`),
      Buffer.from(new Int16Array([0, 16384, -16384, 8192, 0, -32768]).buffer),
    ]);
    const { values } = await all(write('wave.npy', bytes), [declared('x', 'sound', 2, 1)], { stride: 2 });
    expect(values[0]).toEqual([0, 0.5, -0.5, 0.25, 0, -1]);
  });

  test('of two parts share no row', async () => {
    const parts = await Promise.all(
      (
        [
          [0, 0.6],
          [0.6, 1],
        ] as const
      ).map((part) => all(series, [declared('x', 'tensor', 2, 2)], { stride: 1, part })),
    );
    expect(parts.map((p) => p.count)).toEqual([5, 3]);
    const rows = parts.map((p) => new Set(p.values[0]));
    expect([...rows[0]!].filter((v) => rows[1]!.has(v))).toEqual([]);
    expect(parts[1]!.facts.how[0]).toContain('part 0.6 to 1 in time');
  });

  test('are refused in words where there are none', async () => {
    const x = (...shape: number[]) => [declared('x', 'tensor', ...shape)];
    expect(await refused(series, x(24, 2), { stride: 1 })).toBe(
      'series.npy has 10 rows, fewer than the 24 of a window of `x` | declare a shorter window, or give a longer series',
    );
    expect(await refused(series, x(2, 2), {})).toContain('write (stride = 1) behind the source');
    expect(await refused(series, x(4), { stride: 1 })).toContain('declare windows of 4 such rows: [4, 2]');
    expect(await refused(npy('cut.npy', [3, 4, 2], range(24)), x(4, 2), { stride: 1 })).toContain(
      'these are windows already: leave `stride` out',
    );
    const csv = write('bare.csv', '1,2,3\n4,5,6\n7,8,9\n1.5,2,3\n');
    expect(await refused(csv, x(2, 3), {})).toContain(
      'to cut windows of 2 rows from them, write (stride = 1)',
    );
    expect(await refused('tones', [declared('x', 'sound', 64, 1)], { stride: 8 })).toContain(
      'leave `stride` out',
    );
    expect(
      await refused('ring', [declared('x', 'tensor', 4, 2), declared('c', 'label', 8)], { stride: 1 }),
    ).toContain('windows of a series have no class');
  });

  test('NaN in a series is named by its row, once', async () => {
    const path = npy('gap.npy', [5, 1], [0, 1, Number.NaN, 3, 4]);
    expect(await refused(path, [declared('x', 'tensor', 3, 1)], { stride: 1 })).toContain(
      'row 2 of gap.npy holds NaN for `x`',
    );
  });
});

describe('clips of a sound', () => {
  const ramp = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 100) / 128);
  const wave = (name: string, samples: number) =>
    write(name, encodeWav({ count: 1, shape: [samples, 1], values: ramp(samples) }, 8000));

  test('overlap by a stride, and a part of one file is a stretch of it', async () => {
    const path = wave('long.wav', 100);
    const record = [declared('x', 'sound', 40, 1)];
    const { count, values, facts } = await all(path, record, { stride: 20 });
    expect(count).toBe(4);
    expect(values[0]!.filter((_, i) => i % 40 === 0).map((v) => Math.round(v * 128))).toEqual([
      0, 20, 40, 60,
    ]);
    expect(facts.how).toEqual(['one every 20 samples']);
    const part = await all(path, record, { stride: 10, part: [0.5, 1] });
    expect(part.count).toBe(2);
    expect(Math.round(part.values[0]![0]! * 128)).toBe(50);
    expect(await refused(path, record, { part: [0.9, 1] })).toContain(
      'part 0.9 to 1 of long.wav has 10 samples',
    );
  });

  test('of one file stay in one part', async () => {
    for (let k = 0; k < 6; k++) wave(`sounds/${k}.wav`, 100 + k);
    const parts = await Promise.all(
      (
        [
          [0, 0.5],
          [0.5, 1],
        ] as const
      ).map((part) => all(join(folder, 'sounds'), [declared('x', 'sound', 50, 1)], { part })),
    );
    expect(parts.map((p) => p.count)).toEqual([6, 6]);
  });

  test('of two files for two fields are cut and taken in part once', async () => {
    const both = `${wave('left.wav', 100)},${wave('right.wav', 100)}`;
    const record = [declared('x', 'sound', 40, 1), declared('y', 'sound', 40, 1)];
    const { count, values, facts } = await all(both, record, { stride: 10, part: [0.5, 1] });
    expect(count).toBe(2);
    expect(values.map(([first]) => Math.round(first! * 128))).toEqual([50, 50]);
    expect(facts.how).toEqual(['one every 10 samples', 'part 0.5 to 1 in time']);
  });

  test('too many are refused with a stride that would do', async () => {
    const path = wave('hour.wav', 1_200_000);
    expect(await refused(path, [declared('x', 'sound', 16, 1)], { stride: 1 })).toContain(
      'take a stride of 2 or more',
    );
  });
});

describe('parts', () => {
  const record = [declared('x', 'tensor')];
  const path = npy('ten.npy', [10], [0.5, ...range(10).slice(1)]);

  test('are the same at every time, share nothing and leave nothing out', async () => {
    const [a, b, c] = await Promise.all(
      (
        [
          [0, 0.5],
          [0.5, 0.8],
          [0.8, 1],
        ] as const
      ).map((part) => all(path, record, { part })),
    );
    expect([a!.count, b!.count, c!.count]).toEqual([5, 3, 2]);
    const seen = [a!, b!, c!].flatMap((p) => p.values[0]!);
    expect(seen.sort((p, q) => p - q)).toEqual([0.5, ...range(10).slice(1)]);
    expect(a!.values[0]).not.toEqual([0.5, 1, 2, 3, 4]);
    expect((await all(path, record, { part: [0, 0.5] })).values).toEqual(a!.values);
    expect(a!.facts.how).toEqual(['part 0 to 0.5 of 10']);
  });

  test('that hold nothing are refused', async () => {
    expect(await refused(path, record, { part: [0, 0.05] })).toContain(
      'part 0 to 0.05 of the 10 examples of ten.npy holds none',
    );
  });

  test('messages call an example by its place in the whole', async () => {
    const bad = npy('bad.npy', [4], [0.5, 1, 2, Number.NaN]);
    expect(await refused(bad, record, { part: [0, 1] })).toContain('example 3 of bad.npy holds NaN');
  });
});

describe('some classes', () => {
  const csv = write(
    'classed.csv',
    `x,y\n${range(12)
      .map((i) => `${i}.5,${i % 3}`)
      .join('\n')}\n`,
  );
  const record = [declared('x', 'tensor'), declared('y', 'label', 3)];

  test('are kept, and the vector keeps its length', async () => {
    const { count, values, facts } = await all(csv, record, { only: [2, 0] });
    expect(count).toBe(8);
    expect(values[0]).toEqual([0.5, 2.5, 3.5, 5.5, 6.5, 8.5, 9.5, 11.5]);
    expect(values[1]!.slice(0, 6)).toEqual([1, 0, 0, 0, 0, 1]);
    expect(facts.classes!.map((c) => c.count)).toEqual([4, 0, 4]);
    expect(facts.notices).toEqual([]);
    expect(facts.how).toEqual(['only classes 2, 0 of `y`']);
  });

  test('go by the names of folders', async () => {
    const pixel = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    for (const path of ['cat/a', 'cat/b', 'dog/a', 'hen/a']) write(`pets/${path}.png`, pixel);
    const pets = [declared('x', 'image', 4, 4, 3), declared('y', 'label', 3)];
    const { count, values } = await all(join(folder, 'pets'), pets, { only: ['cat', 'hen'] });
    expect(count).toBe(3);
    expect(values[1]).toEqual([1, 0, 0, 1, 0, 0, 0, 0, 1]);
    expect(await refused(join(folder, 'pets'), pets, { only: ['cats'] })).toBe(
      'pets has no class "cats" | did you mean "cat"?',
    );
  });

  test('a name where there are none, and a class without examples, are refused', async () => {
    expect(await refused(csv, record, { only: ['two'] })).toContain('have numbers and no names');
    const four = [declared('x', 'tensor'), declared('y', 'label', 4)];
    expect(await refused(csv, four, { only: [3] })).toBe(
      'classed.csv holds no example of class 3 of `y` | `only` keeps the classes that it names; there are 0, 1, 2',
    );
  });
});

describe('names of a source', () => {
  const path = write(
    'set.npz',
    zipSync({
      'train.npy': writeNpy(
        [2, 3],
        Float32Array.from(range(6), (v) => v + 0.5),
      ),
      'test.npy': writeNpy([1, 3], Float32Array.from([7.5, 8, 9])),
      'class.npy': writeNpy([2], Float32Array.from([1, 0])),
    }),
  );

  test('choose one array of an NPZ', async () => {
    const x = [declared('x', 'tensor', 3)];
    expect((await all(path, x, { fields: ['test'] })).values[0]).toEqual([7.5, 8, 9]);
    const both = await all(path, [...x, declared('c', 'label', 2)], { fields: ['train', 'class'] });
    expect(both.values[1]).toEqual([0, 1, 1, 0]);
    expect(both.facts.notices).toEqual([]);
    expect(await refused(path, x, { fields: ['tests'] })).toBe(
      'set.npz has no array "tests" | did you mean "test"?',
    );
  });

  test('choose columns of a CSV, and several labels', async () => {
    const csv = write('many.csv', 'a,kind,b,colour\n1.5,0,2,1\n2.5,1,4,2\n');
    const record = [declared('v', 'tensor', 2), declared('k', 'label', 2), declared('c', 'label', 3)];
    const { values } = await all(csv, record, { fields: [['b', 'a'], 'kind', 'colour'] });
    expect(values).toEqual([
      [2, 1.5, 4, 2.5],
      [1, 0, 0, 1],
      [0, 1, 0, 0, 0, 1],
    ]);
    expect(await refused(csv, [declared('v', 'tensor')], { fields: ['kinds'] })).toBe(
      'many.csv has no column "kinds" | did you mean "kind"?',
    );
    expect(await refused(csv, [declared('v', 'tensor', 3)], { fields: [['a', 'b']] })).toContain(
      '`v` reads 3 columns of many.csv, and `fields` names 2',
    );
    const bare = write('noheader.csv', '1.5,2\n3,4\n');
    expect(await refused(bare, [declared('v', 'tensor')], { fields: ['a'] })).toContain('has no header');
  });

  test('several labels are counted each, also from a table beside a folder of pictures', async () => {
    const csv = write('two-labels.csv', 'kind,x,colour\n0,1.5,2\n1,2.5,0\n1,3.5,2\n');
    const labels = [declared('kind', 'label', 2), declared('colour', 'label', 3)];
    const one = await all(csv, [declared('x', 'tensor'), ...labels], { only: [1] });
    expect(one.values).toEqual([
      [2.5, 3.5],
      [0, 1, 0, 1],
      [1, 0, 0, 0, 0, 1],
    ]);
    const { facts } = await all(csv, [declared('x', 'tensor'), ...labels], {});
    expect(factLines(['x', 'kind', 'colour'], facts)[0]!.replace(folder, '')).toBe(
      'x, kind, colour: 3 rows from /two-labels.csv; 2 classes: 0 (1), 1 (2); colour: 3 classes: 0 (1), 1 (0), 2 (2)',
    );
    expect(facts.notices.map((n) => n.message)).toEqual([
      '`colour` is declared label[3], and of class 1 there is no example',
    ]);
    const grey = (v: number) =>
      sharp({ create: { width: 4, height: 4, channels: 3, background: { r: v, g: v, b: v } } })
        .png()
        .toBuffer();
    for (const v of [0, 1, 2]) write(`greys/${v}.png`, await grey(85 * v));
    const both = await all(
      `${join(folder, 'greys')},${csv}`,
      [declared('x', 'image', 4, 4, 1), ...labels],
      {},
    );
    expect(both.values[0]!.filter((_, i) => i % 16 === 0).map((v) => Math.round(v * 3))).toEqual([-3, -1, 1]);
    expect(both.values[1]).toEqual([1, 0, 0, 1, 0, 1]);
    expect(both.values[2]).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 1]);
  });

  test('are refused where a source has none', async () => {
    expect(
      await refused(npy('plain.npy', [2], [1.5, 2]), [declared('v', 'tensor')], { fields: ['a'] }),
    ).toContain('plain.npy has no names, so nothing in it is called "a"');
  });
});

describe('pairs of one class', () => {
  const csv = write(
    'pairs.csv',
    `x,y\n${range(12)
      .map((i) => `${i}.5,${i % 3}`)
      .join('\n')}\n`,
  );
  const record = [declared('x', 'tensor'), declared('other', 'tensor'), declared('y', 'label', 3)];

  test('hold two different examples, others in another pass, the same for the same seed', async () => {
    const { values } = await all(csv, record, { pairs: true }, { seed: 3, pass: 0 });
    const [a, b] = values as [number[], number[], number[]];
    expect(a).toEqual(range(12).map((i) => i + 0.5));
    b.forEach((v, i) => {
      expect(v).not.toBe(a[i]);
      expect(Math.floor(v) % 3).toBe(i % 3);
    });
    expect((await all(csv, record, { pairs: true }, { seed: 3, pass: 0 })).values).toEqual(values);
    expect((await all(csv, record, { pairs: true }, { seed: 3, pass: 1 })).values[1]).not.toEqual(b);
    expect((await all(csv, record, { pairs: true }, { seed: 4, pass: 0 })).values[1]).not.toEqual(b);
  });

  test('draw each partner about equally often', async () => {
    const dataset = await open(csv, record, { pairs: true });
    const counts = new Map<number, number>();
    for (let pass = 0; pass < 300; pass++) {
      const [, b] = await dataset.read([0], { seed: 0, pass });
      counts.set(b![0]!, (counts.get(b![0]!) ?? 0) + 1);
    }
    // Three partners: 100 each, a deviation of 8.
    expect([...counts.keys()].sort((p, q) => p - q)).toEqual([3.5, 6.5, 9.5]);
    for (const n of counts.values()) expect(Math.abs(n - 100)).toBeLessThan(41);
  });

  test('need two examples of each class', async () => {
    const path = write('alone.csv', 'x,y\n1.5,0\n2.5,0\n3.5,1\n');
    expect(
      await refused(path, [...record.slice(0, 2), declared('y', 'label', 2)], { pairs: true }),
    ).toContain('class 1 of alone.csv has one example each, so there is no pair');
  });
});

describe('pictures moved by chance', () => {
  // A picture whose every pixel is another number: 5 rows of 4.
  const path = npy(
    'picture.npy',
    [2, 5, 4, 1],
    range(40).map((v) => v / 40),
  );
  const x = [declared('x', 'image', 5, 4, 1)];
  const first = range(20).map((v) => Math.fround(v / 40));
  const mirror = (rows: number[]) => rows.map((_, i) => rows[4 * Math.floor(i / 4) + 3 - (i % 4)]!);

  test('are mirrored, about every second one', async () => {
    const dataset = await open(path, x, { flip: true });
    let mirrored = 0;
    for (let pass = 0; pass < 200; pass++) {
      const [values] = await dataset.read([0], { seed: 1, pass });
      const seen = [...values!].join();
      expect([first.join(), mirror(first).join()]).toContain(seen);
      if (seen !== first.join()) mirrored++;
    }
    // A deviation of 7.
    expect(Math.abs(mirrored - 100)).toBeLessThan(36);
  });

  test('are moved by every amount up to the crop, mirrored at the border as np.pad(…, "reflect") does', async () => {
    const dataset = await open(path, x, { crop: 1 });
    const at = (y: number, c: number) => {
      const inside = (i: number, n: number) => (i < 0 ? -i : i >= n ? 2 * n - 2 - i : i);
      return first[4 * inside(y, 5) + inside(c, 4)]!;
    };
    const possible = [-1, 0, 1].flatMap((dy) =>
      [-1, 0, 1].map((dx) =>
        range(20)
          .map((i) => at(Math.floor(i / 4) + dy, (i % 4) + dx))
          .join(),
      ),
    );
    const seen = new Set<string>();
    for (let pass = 0; pass < 200; pass++) {
      const [values] = await dataset.read([0], { seed: 1, pass });
      seen.add([...values!].join());
    }
    expect([...seen].sort()).toEqual([...possible].sort());
  });

  test('of files are decoded with a margin, and all pictures of a record move alike', async () => {
    for (const side of ['photos', 'maps']) {
      const pixels = Buffer.from(range(100).map((v) => 2 * v));
      const png = await sharp(pixels, { raw: { width: 10, height: 10, channels: 1 } })
        .png()
        .toBuffer();
      write(`both/${side}/1.png`, png);
      write(`both/${side}/2.png`, png);
    }
    const record = [declared('photos', 'image', 8, 8, 1), declared('maps', 'image', 8, 8, 1)];
    const { values, facts } = await all(join(folder, 'both'), record, { flip: true, crop: 1 });
    expect(values[0]).toEqual(values[1]);
    const bytes = values[0]!.map((v) => Math.round((v + 1) * 127.5) / 2);
    // A row of eight neighbours, forwards or backwards.
    const step = bytes[1]! - bytes[0]!;
    expect(Math.abs(step)).toBe(1);
    expect(bytes.slice(0, 8)).toEqual(range(8).map((i) => bytes[0]! + step * i));
    expect(facts.how).toEqual(['mirrored left to right by chance', 'moved by up to 1 pixel by chance']);
  });

  test('a feed draws them by the pass, and a run that goes on draws the same', async () => {
    const dataset = await open(path, x, { flip: true, crop: 2 });
    const feed = new Feed('x', dataset, 7);
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) seen.push([...(await feed.next(1))[0]!].join());
    expect(new Set(seen).size).toBeGreaterThan(3);
    const later = new Feed('x', dataset, 7);
    later.position = { pass: 1, offset: 1 };
    expect([...(await later.next(1))[0]!].join()).toBe(seen[3]);
  });
});
