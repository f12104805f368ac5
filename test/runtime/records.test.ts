/** Records over several folders: files of one stem belong together, and what is left out is named. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openSource } from '../../runtimes/node/sources/open.ts';
import { declared, filesIn, scratchFolder } from './given.ts';

const root = scratchFolder();
const { pictures } = filesIn(root);

/** Of every record the greys, 0 to 255, of its fields, which are a, b, … */
async function greys(source: string, fields = 2): Promise<number[][]> {
  const record = Array.from({ length: fields }, (_, i) => declared('abc'[i]!, 'image', 2, 2, 1));
  const dataset = await openSource(source, record, { directory: root });
  const values = await dataset.read(Int32Array.from({ length: dataset.count }, (_, i) => i));
  return Array.from({ length: dataset.count }, (_, i) =>
    values.map((v) => Math.round((v[4 * i]! + 1) * 127.5)),
  );
}
const skippedOf = async (source: string) => {
  const record = ['a', 'b'].map((name) => declared(name, 'image', 2, 2, 1));
  const { facts, count } = await openSource(source, record, { directory: root });
  return { count, skipped: facts!.skipped.map(({ what, why }) => `${what}: ${why}`.replaceAll(root, '')) };
};

/** Numbered pictures whose grey is their number: equal greys belong together. */
const numbered = (folder: string, name: (k: number) => string, ks: readonly number[]) =>
  pictures(Object.fromEntries(ks.map((k) => [`${folder}/${name(k)}.png`, 10 * k])));
const twelve = Array.from({ length: 12 }, (_, k) => k);
const padded = (k: number) => String(k).padStart(2, '0');
const pairsOf = (ks: readonly number[]) => ks.map((k) => [10 * k, 10 * k]);

describe('records over several folders', () => {
  test('files of one stem belong together; what has no partner is left out and named', async () => {
    await numbered(
      'A3',
      padded,
      twelve.filter((k) => k !== 3),
    );
    await numbered(
      'B3',
      padded,
      twelve.filter((k) => k !== 9),
    );
    expect(await greys('A3,B3')).toEqual(pairsOf([0, 1, 2, 4, 5, 6, 7, 8, 10, 11]));
    expect(await skippedOf('A3,B3')).toEqual({ count: 10, skipped: ['09: not in /B3', '03: not in /A3'] });
  });

  test('numbers are compared as numbers where then all agree', async () => {
    await numbered('A4', String, twelve);
    await numbered('B4', padded, twelve);
    const found = await greys('A4,B4');
    expect(found.sort((a, b) => a[0]! - b[0]!)).toEqual(pairsOf(twelve));
    expect(await skippedOf('A4,B4')).toEqual({ count: 12, skipped: [] });
    // One is missing: only equal names agree, and the notice says what would.
    await numbered('B5', padded, twelve.slice(1));
    expect(await greys('A4,B5')).toEqual(pairsOf([10, 11]));
    const record = ['a', 'b'].map((name) => declared(name, 'image', 2, 2, 1));
    const { facts } = await openSource('A4,B5', record, { directory: root });
    expect(facts!.notices[0]!.message).toBe(
      '2 records agree by the names of their files; as numbers (7 for 007) 11 would',
    );
  });

  test('a broken file leaves out the record, however it is broken', async () => {
    await numbered('A6', padded, twelve);
    await numbered('B6', padded, twelve);
    const noise = Buffer.from(Array.from({ length: 3 * 64 * 64 }, (_, i) => (i * i * 31) % 251));
    const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    const png = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    const spoilt = Buffer.from(png);
    spoilt.fill(0x55, 60, 400);
    writeFileSync(join(root, 'A6/01.png'), 'no picture');
    writeFileSync(join(root, 'B6/04.png'), png.subarray(0, png.length / 2));
    writeFileSync(join(root, 'B6/05.png'), jpeg.subarray(0, jpeg.length / 2));
    writeFileSync(join(root, 'A6/07.png'), '');
    writeFileSync(join(root, 'A6/08.png'), spoilt);
    expect(await greys('A6,B6')).toEqual(pairsOf([0, 2, 3, 6, 9, 10, 11]));
    const { count, skipped } = await skippedOf('A6,B6');
    expect(count).toBe(7);
    expect(skipped).toEqual([
      '/A6/01.png: it is no picture that can be read (PNG, JPEG, WebP)',
      '/B6/04.png: it is damaged or cut off',
      '/B6/05.png: it is damaged or cut off',
      '/A6/07.png: it is empty',
      '/A6/08.png: it is damaged or cut off',
    ]);
  });

  test('other endings, sub-folders of the same names, three fields, a class', async () => {
    await pictures({ 'A7/cats/1.png': 10, 'A7/dogs/1.png': 20, 'B7/dogs/1.webp': 20, 'B7/cats/1.jpg': 10 });
    expect(await greys('A7,B7')).toEqual(pairsOf([1, 2]));
    expect(await greys('A7,B7,A7', 3)).toEqual([
      [10, 10, 10],
      [20, 20, 20],
    ]);
    const record = [declared('a', 'image', 2, 2, 1), declared('y', 'label', 2)];
    const dataset = await openSource('B7,A7', record, { directory: root });
    expect((await dataset.read([0, 1])).map((v) => [...v]).at(1)).toEqual([1, 0, 0, 1]);
    expect(dataset.facts!.classes!.map((c) => c.name)).toEqual(['cats', 'dogs']);
  });

  test('one folder with a folder for each field', async () => {
    await pictures({
      'facades/b/x.png': 20,
      'facades/b/y.png': 30,
      'facades/a/y.png': 30,
      'facades/a/x.png': 20,
    });
    expect(await greys('facades')).toEqual(pairsOf([2, 3]));
    await pictures({ 'other/train 2/x.png': 40, 'other/train 10/x.png': 50 });
    expect(await greys('other')).toEqual([[40, 50]]);
    // The names say nothing of which is which, so it is said.
    const record = ['a', 'b'].map((name) => declared(name, 'image', 2, 2, 1));
    const noticesOf = async (source: string) =>
      (await openSource(source, record, { directory: root })).facts!.notices;
    expect((await noticesOf('other')).map(({ message }) => message.replace(root, ''))).toContain(
      'the folders in /other do not have the names of the fields, and they are taken in the order of their names: a ← train 2, b ← train 10',
    );
    expect(JSON.stringify(await noticesOf('facades'))).not.toContain('order of their');
    // A folder that has a field's name is this field's, wherever the others stand.
    await pictures({ 'half/a/x.png': 40, 'half/B2/x.png': 50 });
    expect(await greys('half')).toEqual([[40, 50]]);
    expect(JSON.stringify(await noticesOf('half'))).toContain(
      'the others are taken in the order of their names: a ← a, b ← B2',
    );
    await pictures({ 'last/b/x.png': 40, 'last/z/x.png': 50 });
    expect(await greys('last')).toEqual([[50, 40]]);
  });

  test('a file of numbers goes with the files of a folder in their order', async () => {
    await numbered('A8', padded, [0, 1, 2]);
    writeFileSync(join(root, 'v.csv'), '0\n1\n2\n');
    writeFileSync(join(root, 'A8/01.png'), 'no');
    const record = [declared('a', 'image', 2, 2, 1), declared('v', 'tensor', 1)];
    const dataset = await openSource('A8,v.csv', record, { directory: root });
    expect([...(await dataset.read([0, 1]))[1]!]).toEqual([0, 2]);
    writeFileSync(join(root, 'w.csv'), '0\n1\n');
    await expect(openSource('A8,w.csv', record, { directory: root })).rejects.toThrow(/3 files.*2 examples/);
  });

  test('what cannot be joined is refused in words', async () => {
    await pictures({ 'A9/1_A.png': 1, 'B9/1_B.png': 1, 'C9/1_A.png': 2, 'C9/1_A.webp': 3 });
    await expect(greys('A9,B9')).rejects.toThrow(/no file has a partner.*1_A.*1_B/);
    await expect(greys('A9,C9')).rejects.toThrow(/1_A.png and .*1_A.webp have the same name/);
    await expect(greys('A9,B9,C9')).rejects.toThrow('3 sources are given for 2 fields (a, b)');
  });

  test('a comma in a name', async () => {
    await pictures({ 'k, 1/x.png': 10, 'k, 2/x.png': 10, 'k/x.png': 30 });
    expect(await greys('k, 1,k, 2')).toEqual([[10, 10]]);
    expect(await greys('k,k, 2')).toEqual([[30, 10]]);
    expect(await greys('k, 2', 1)).toEqual([[10]]);
    await expect(greys('k, 1,k, 3')).rejects.toThrow('4 sources');
  });
});
