/**
 * The type decides what becomes of the numbers of an array, not how they are stored: a plain tensor keeps them, an image
 * scales whole numbers. What does not look like the type is said when the data are opened, and what is no number is named.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import type { UserError } from '../../runtimes/core/errors.ts';
import type { TypeSpec } from '../../runtimes/core/run/model.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'ganc-scaling-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const arrays = {
  '|b1': Uint8Array,
  '|u1': Uint8Array,
  '|i1': Int8Array,
  '<u2': Uint16Array,
  '<i2': Int16Array,
  '<i4': Int32Array,
  '<i8': BigInt64Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
};
type Stored = keyof typeof arrays;
const stored = Object.keys(arrays) as Stored[];

/** An NPY file as NumPy writes it. */
function npy(type: Stored, shape: readonly number[], values: readonly number[]): Uint8Array {
  const wide = type === '<i8' ? values.map(BigInt) : values;
  const body = new Uint8Array((arrays[type] as { from(v: unknown): Uint8Array }).from(wide).buffer);
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const head = `{'descr': '${type}', 'fortran_order': False, 'shape': (${dims}), }\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(head.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(head), body]);
}
/** An IDX file of bytes. */
function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.set([0, 0, 8, shape.length]);
  for (const [i, n] of shape.entries()) head.writeUInt32BE(n, 4 + 4 * i);
  return Buffer.concat([head, Buffer.from(values)]);
}

let files = 0;
async function open(
  bytes: Uint8Array | string,
  meaning: TypeSpec['meaning'],
  shape: number[],
  name = 'a.npy',
) {
  const path = join(folder, `${files++}-${name}`);
  writeFileSync(path, bytes);
  const dataset = await openSource(path, [{ name: 'x', type: { meaning, shape } }], { directory: folder });
  const [values] = await dataset.read(Int32Array.from({ length: dataset.count }, (_, i) => i));
  return {
    values: [...values!],
    classes: dataset.facts!.classes,
    notes: dataset.facts!.notices.map(({ message, hint }) => `${message} ${hint ?? ''}`.trim()).join('\n'),
  };
}
async function refusal(...args: Parameters<typeof open>): Promise<string> {
  const error: UserError = await open(...args).then(
    ({ values }) => expect.fail(`read as ${values.slice(0, 8)}`),
    (e) => e,
  );
  expect(error.name, String(error.stack)).toBe('UserError');
  return `${error.message}\n${error.hint}`;
}

const bits = [0, 1, 1, 0, 1, 0, 0, 1];
const blackAndWhite = bits.map((b) => 2 * b - 1);
const pixels = [0, 51, 102, 255, 255, 0, 1, 2];
const scaled = pixels.map((p) => Math.fround(p / 127.5 - 1));

describe('a plain tensor keeps its numbers', () => {
  test.each(stored)('0 and 1 as %s: two letters, one-hot', async (type) => {
    expect(await open(npy(type, [2, 2, 2], bits), 'tensor', [2, 2])).toMatchObject({
      values: bits,
      notes: '',
    });
    expect(await open(npy(type, [1, 8], bits), 'tensor', [8])).toMatchObject({ values: bits, notes: '' });
  });
  test.each(stored.filter((t) => t !== '|b1' && t !== '|i1'))('0 to 255 as %s', async (type) => {
    expect((await open(npy(type, [2, 2, 2], pixels), 'tensor', [2, 2])).values).toEqual(pixels);
    const npz = zipSync({ 'x.npy': npy(type, [2, 2, 2], pixels) });
    expect((await open(npz, 'tensor', [2, 2], 'a.npz')).values).toEqual(pixels);
  });
  test('bytes that look like pictures are said', async () => {
    const { notes } = await open(npy('|u1', [2, 2, 2], pixels), 'tensor', [4]);
    expect(notes).toMatch(/bytes 0 to 255 stay as they are.*declare image\[2, 2, 1\]/);
    expect((await open(npy('|u1', [2, 4], [0, 3, 2, 9, 1, 0, 1, 2]), 'tensor', [4])).notes).toBe('');
  });
  test('files of pictures have the values of pictures; letters in such a file stay', async () => {
    const pictures = await open(idx([2, 2, 2], pixels), 'tensor', [4], 'idx');
    expect(pictures).toMatchObject({ values: scaled, notes: '`x`: bytes of pictures are scaled to [−1, 1]' });
    expect(await open(idx([2, 2, 2], bits), 'tensor', [2, 2], 'idx')).toMatchObject({
      values: bits,
      notes: '',
    });
    expect((await open(idx([2, 4], pixels), 'tensor', [4], 'idx')).values).toEqual(pixels);
  });
});

describe('an image scales whole numbers', () => {
  const shape = [2, 2, 1];
  test.each(stored.filter((t) => !t.startsWith('<f')))('0 and 1 as %s', async (type) => {
    const { values, notes } = await open(npy(type, [2, 2, 2], bits), 'image', shape);
    expect(values).toEqual(blackAndWhite);
    expect(notes).toBe('`x`: 0 and 1 are read as −1 and 1, black and white');
  });
  test.each(['|u1', '<u2', '<i2', '<i4', '<i8'] as const)('0 to 255 as %s', async (type) => {
    const { values, notes } = await open(npy(type, [2, 2, 2], pixels), 'image', shape);
    expect(values).toEqual(scaled);
    expect(notes).toMatch(type === '|u1' ? /^$/ : /whole numbers 0 to 255 are read as bytes of pictures/);
  });
  test('from IDX and CSV too', async () => {
    expect((await open(idx([2, 2, 2], pixels), 'image', shape, 'idx')).values).toEqual(scaled);
    expect((await open(idx([2, 2, 2], bits), 'image', shape, 'idx')).values).toEqual(blackAndWhite);
    const rows = `a,b,c,d\n${pixels.slice(0, 4)}\n${pixels.slice(4)}\n`;
    expect((await open(rows, 'image', shape, 'a.csv')).values).toEqual(scaled);
  });
  test('floats and −1 to 1 stay', async () => {
    const floats = [-1, 0.5, 1, 0, 0.25, -0.5, 0, 1];
    expect(await open(npy('<f8', [2, 2, 2], floats), 'image', shape)).toMatchObject({
      values: floats,
      notes: '',
    });
    const signs = bits.map((b) => 2 * b - 1);
    expect((await open(npy('|i1', [2, 2, 2], signs), 'image', shape)).values).toEqual(signs);
  });
});

describe('what does not look like its type is said, with the remedy', () => {
  test.each<[string, TypeSpec['meaning'], Stored, number[], RegExp]>([
    [
      '0 to 1',
      'image',
      '<f4',
      [0, 0.25, 0.5, 1],
      /lie in \[0, 1\], but those of an image in \[−1, 1\].*x \* 2 - 1/,
    ],
    ['0.1 to 0.9', 'image', '<f8', [0.1, 0.25, 0.5, 0.9], /\[0\.1, 0\.9\].*x \* 2 - 1/],
    ['−0.5 to 0.5', 'image', '<f4', [-0.5, 0.25, 0.5, 0], /\[-0\.5, 0\.5\].*x \* 2/],
    ['sixteen greys', 'image', '|u1', [0, 3, 16, 7], /between 0 and 16 of 0 to 255.*255 \/ 16/],
    ['all zero', 'image', '|u1', [0, 0, 0, 0], /every number of `x` is 0/],
    ['all zero', 'image', '<f4', [0, 0, 0, 0], /every number of `x` is 0/],
    ['all true', 'image', '|b1', [1, 1, 1, 1], /every number of `x` is 1/],
    ['all alike', 'tensor', '<f4', [3.5, 3.5, 3.5, 3.5], /every number of `x` is 3\.5/],
    ['silence', 'sound', '<i2', [0, 0, 0, 0], /every number of `x` is 0/],
    ['16 bits in 32', 'sound', '<i4', [-30000, 100, 5, 32000], /nearly silent.*astype\(np\.int16\)/],
    ['quiet floats', 'sound', '<f4', [-0.001, 0.002, 0, 0.001], /±0\.002 of ±1, nearly silent/],
    ['sound of 0 to 1', 'sound', '<f4', [0, 0.5, 1, 0.25], /never below 0.*x \* 2 - 1/],
  ])('%s as %s', async (_, meaning, type, values, words) => {
    const shape = { image: [2, 2, 1], sound: [4, 1], tensor: [4], label: [4], text: [2, 2] }[meaning];
    expect((await open(npy(type, [1, ...shape], values), meaning, shape)).notes).toMatch(words);
  });

  test.each<[string, TypeSpec['meaning'], Stored, number[], RegExp]>([
    ['0 to 255', 'image', '<f4', [0, 12, 255, 3], /0 to 255[\s\S]*astype\(np\.uint8\); or x \/ 127\.5 - 1/],
    ['16 bits', 'image', '<u2', [0, 12, 65535, 3], /0 to 65535[\s\S]*16 bits.*x \/ 32767\.5 - 1/],
    ['12 bits', 'image', '<f4', [0, 12, 4000, 3], /12 bits.*x \/ 2047\.5 - 1/],
    ['standardised', 'image', '<f4', [-2.1, 1, 2.6, 0], /-2\.1 to 2\.6[\s\S]*2 \* \(x \+ 2\.1\) \/ 4\.7 - 1/],
    ['a little too much', 'image', '<f4', [-1.1, 0.5, 1, 0], /np\.clip/],
    ['samples of 16 bits', 'sound', '<f4', [-32768, 5, 100, 32767], /16 bits, save x \/ 32768/],
    ['a vector of another kind', 'label', '<f4', [-3, 5, 1, 0], /`x` is declared label\[4\].*-3 to 5/],
  ])('refused: %s', async (_, meaning, type, values, words) => {
    const shape = { image: [2, 2, 1], sound: [4, 1], tensor: [4], label: [4], text: [2, 2] }[meaning];
    expect(await refusal(npy(type, [1, ...shape], values), meaning, shape)).toMatch(words);
  });
});

test('vectors of a label that are not one-hot', async () => {
  const good = npy('<f4', [3, 2], [0, 1, 1, 0, 0, 1]);
  const bad = npy('<f4', [3, 2], [0, 1, 0, 0, 0.5, 0.5]);
  expect((await open(good, 'label', [2])).notes).toBe('');
  expect((await open(good, 'label', [2])).classes).toEqual([
    { name: '0', count: 1 },
    { name: '1', count: 2 },
  ]);
  expect((await open(bad, 'label', [2])).notes).toMatch(
    /2 of 3 vectors of `x` are not one-hot, the first example 1/,
  );
});

test('arrays of other names than the fields are said', async () => {
  const path = join(folder, 'names.npz');
  const x = npy('<f4', [2, 2], [1, 2, 3, 4]);
  const types = { x: 'tensor', y: 'tensor' } as const;
  const record = Object.entries(types).map(([name, meaning]) => ({ name, type: { meaning, shape: [2] } }));
  const notes = async (names: string[]) => {
    writeFileSync(path, zipSync(Object.fromEntries(names.map((name) => [`${name}.npy`, x]))));
    return (await openSource(path, record, { directory: folder }))
      .facts!.notices.map((n) => n.message)
      .join();
  };
  expect(await notes(['y', 'x'])).toBe('');
  expect(await notes(['y', 'inputs'])).toMatch(/`x` is inputs, `y` is y/);
});

test('the first pictures of a folder, all black or nearly', async () => {
  const { default: sharp } = await import('sharp');
  const notes = async (name: string, greys: number[]) => {
    mkdirSync(join(folder, name));
    for (const [i, grey] of greys.entries()) {
      const raw = { width: 2, height: 2, channels: 1 as const };
      await sharp(Buffer.alloc(4, grey), { raw })
        .png()
        .toFile(join(folder, name, `${i}.png`));
    }
    const dataset = await openSource(
      join(folder, name),
      [{ name: 'x', type: { meaning: 'image', shape: [2, 2, 1] } }],
      { directory: folder },
    );
    return dataset.facts!.notices.map((n) => n.message).join();
  };
  expect(await notes('black', Array(9).fill(0))).toMatch(/every number of the first 9 examples is -1/);
  expect(await notes('dark', [0, 9, 0, 1, 2, 3, 4, 5])).toMatch(/hardly any contrast/);
  expect(await notes('whole', [0, 200, 1, 2, 3, 4, 5, 6])).toBe('');
});

describe('samples of sound', () => {
  test.each<[Stored, number[], number[]]>([
    ['|i1', [-128, 64, 127, 0], [-1, 0.5, 127 / 128, 0]],
    ['<i2', [-32768, 16384, 32767, 0], [-1, 0.5, 32767 / 32768, 0]],
    ['<i4', [-(2 ** 31), 2 ** 30, 0, 1], [-1, 0.5, 0, Math.fround(2 ** -31)]],
    ['|u1', [0, 192, 255, 128], [-1, 0.5, 127 / 128, 0]],
    ['<f4', [-1, 0.5, 1, 0], [-1, 0.5, 1, 0]],
  ])('%s', async (type, values, wanted) => {
    expect((await open(npy(type, [1, 4], values), 'sound', [4, 1])).values).toEqual(wanted);
    expect((await open(npy(type, [1, 4, 1], values), 'sound', [4, 1])).values).toEqual(wanted);
  });
});

describe('what is no number is named when the data are opened', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])('%s, far from the beginning', async (bad) => {
    const values = Array.from({ length: 3 * 4 * 1000 }, (_, i) => (i % 7) / 7);
    values[12 * 900 + 6] = bad;
    values[12 * 901 + 6] = bad;
    expect(await refusal(npy('<f4', [1000, 4, 3], values), 'tensor', [4, 3])).toMatch(
      new RegExp(
        `example 900 of .* holds ${bad} for .x. at \\[2, 0\\] \\(2 of 1000 examples hold such\\)\\n.*isfinite`,
      ),
    );
  });
  test('a double that is too large for 32 bits', async () => {
    expect(await refusal(npy('<f8', [2, 2], [0, 1, 2, 1e300]), 'tensor', [2])).toMatch(
      /example 1 .*Infinity/,
    );
  });
  test('a class far from the beginning, however it is stored', async () => {
    for (const type of ['<i8', '<f4', '|u1'] as const) {
      const values = Array.from({ length: 1000 }, (_, i) => i % 3);
      values[900] = 3;
      expect(await refusal(npy(type, [1000], values), 'label', [3]), type).toMatch(
        /example 900 .*is of class 3.*classes 0 to 2\nthe classes go from 0 to 3: declare label\[4\]/,
      );
      // Without a class 0 they are counted from 1.
      const ones = Array.from({ length: 1000 }, (_, i) => 1 + (i % 3));
      expect(await refusal(npy(type, [1000], ones), 'label', [3]), type).toMatch(
        /example 2 .*is of class 3.*\n.*these from 1: save y - 1/,
      );
    }
  });
});
