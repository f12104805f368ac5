/** Every kind of data file: read rightly, fitted to the declared type, and refused in words where it does not fit. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { writeNpy } from '../../runtimes/core/sources/npy.ts';
import { openBytes } from '../../runtimes/node/sources/bytes.ts';
import { declared, filesIn, scratchFolder } from './given.ts';

const folder = scratchFolder();
const { write, open, all, fails } = filesIn(folder);

/** An IDX file by its description: two zeros, type, axes, sizes, big-endian numbers. */
function idx(type: number, sizes: number[], body: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + 4 * sizes.length);
  head.set([0, 0, type, sizes.length]);
  sizes.forEach((n, i) => {
    head.writeUInt32BE(n, 4 + 4 * i);
  });
  return Buffer.concat([head, body]);
}
/** An NPY file by its description. */
function npy(version: number, header: string, body: Uint8Array): Uint8Array {
  const wide = version > 1;
  const length = Buffer.alloc(wide ? 4 : 2);
  if (wide) length.writeUInt32LE(header.length);
  else length.writeUInt16LE(header.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.from([version, 0]),
    length,
    Buffer.from(header),
    body,
  ]);
}
const dict = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

const pixels = new Uint8Array([0, 51, 102, 255, 255, 0, 0, 0]);
const scaled = [...pixels].map((p) => Math.fround(p / 127.5 - 1));

describe('IDX', () => {
  const images = idx(8, [2, 2, 2], pixels);
  const labels = idx(8, [2], new Uint8Array([2, 0]));

  test('bytes of pictures are brought to [−1, 1]; into a plain tensor too', async () => {
    const path = write('t-images-idx3-ubyte', images);
    expect(await all(path, declared('x', 'image', 2, 2, 1))).toEqual([scaled]);
    expect(await all(path, declared('x', 'tensor', 4))).toEqual([scaled]);
  });

  test('gzipped, with the classes that lie beside it', async () => {
    const path = write('g-images-idx3-ubyte.gz', gzipSync(images));
    write('g-labels-idx1-ubyte.gz', gzipSync(labels));
    expect(await all(path, declared('x', 'image', 2, 2, 1), declared('y', 'label', 3))).toEqual([
      scaled,
      [0, 0, 1, 1, 0, 0],
    ]);
    expect(
      await all(
        `${path},${join(folder, 'g-labels-idx1-ubyte.gz')}`,
        declared('a', 'image', 2, 2, 1),
        declared('b', 'label', 3),
      ),
    ).toEqual([scaled, [0, 0, 1, 1, 0, 0]]);
  });

  test.each([
    [9, new Int8Array([-1, 2])],
    [11, Buffer.from([255, 255, 0, 2])],
    [12, Buffer.from([255, 255, 255, 255, 0, 0, 0, 2])],
    [13, Buffer.from([0xbf, 0x80, 0, 0, 0x40, 0, 0, 0])],
    [14, Buffer.from([0xbf, 0xf0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0])],
  ])('type %i is big-endian', async (type, body) => {
    const path = write(
      'typed',
      idx(type, [1, 2], new Uint8Array(body.buffer, body.byteOffset, body.byteLength)),
    );
    expect(await all(path, declared('x', 'tensor', 2))).toEqual([[-1, 2]]);
  });

  test('hostile: cut off, huge, none at all, a class out of range', async () => {
    const x = [declared('x', 'image', 2, 2, 1)];
    await fails(write('cut', images.slice(0, -1)), x, 'cut off', join(folder, 'cut'));
    await fails(write('short', images.slice(0, 7)), x, 'short');
    await fails(write('huge', idx(8, [0xffffffff, 0xffffffff, 0xffffffff], pixels)), x, 'cut off');
    await fails(write('none', idx(8, [0, 2, 2], new Uint8Array())), x, 'no examples');
    await fails(
      write('class', idx(8, [2], new Uint8Array([1, 9]))),
      [declared('y', 'label', 3)],
      'example 1',
      'class 9',
    );
  });
});

describe('NPY', () => {
  const floats = new Float32Array([1, 2, 3, -4, 5, 6]);
  const body = new Uint8Array(floats.buffer);
  const x = declared('x', 'tensor', 3);

  test.each([1, 2, 3])('version %i', async (version) => {
    expect(await all(write('v.npy', npy(version, dict('<f4', '(2, 3)'), body)), x)).toEqual([[...floats]]);
  });
  test('gzipped', async () => {
    expect(await all(write('v.npy.gz', gzipSync(npy(1, dict('<f4', '(2, 3)'), body))), x)).toEqual([
      [...floats],
    ]);
  });
  test.each([
    ['|u1', new Uint8Array([1, 2, 255])],
    ['|i1', new Int8Array([1, 2, -1])],
    ['<u2', new Uint16Array([1, 2, 65535])],
    ['<i2', new Int16Array([1, 2, -1])],
    ['<u4', new Uint32Array([1, 2, 4294967295])],
    ['<i4', new Int32Array([1, 2, -1])],
    ['<i8', new BigInt64Array([1n, 2n, -1n])],
    ['<u8', new BigUint64Array([1n, 2n, 3n])],
    ['<f8', new Float64Array([1, 2, 0.5])],
  ])('%s', async (descr, array) => {
    const path = write('t.npy', npy(1, dict(descr, '(1, 3)'), new Uint8Array(array.buffer)));
    expect(await all(path, x)).toEqual([
      Array.from(array as ArrayLike<number>, (v) => Math.fround(Number(v))),
    ]);
  });

  test('bytes stay what they are in a plain tensor, and are scaled where a picture is declared', async () => {
    const square = write('p.npy', npy(1, dict('|u1', '(2, 2, 2)'), pixels));
    expect(await all(square, declared('x', 'tensor', 4))).toEqual([[...pixels]]);
    expect(await all(square, declared('x', 'image', 2, 2, 1))).toEqual([scaled]);
    const flat = write('f.npy', npy(1, dict('|u1', '(2, 4)'), pixels));
    expect(await all(flat, declared('x', 'tensor', 4))).toEqual([[...pixels]]);
    expect(await all(flat, declared('x', 'image', 2, 2, 1))).toEqual([scaled]);
  });

  test('16-bit numbers are sound where sound is declared', async () => {
    const path = write(
      's.npy',
      npy(1, dict('<i2', '(1, 2)'), new Uint8Array(new Int16Array([-32768, 16384]).buffer)),
    );
    expect(await all(path, declared('x', 'sound', 2, 1))).toEqual([[-1, 0.5]]);
  });

  test('what is refused', async () => {
    await fails(write('h.npy', npy(1, dict('<f4', '(-2, 3)'), body)), [x], 'whole numbers');
    await fails(write('h.npy', npy(1, dict('<f4', '(99999999999, 99999999999)'), body)), [x], 'cut off');
    await fails(write('h.npy', npy(1, dict('<f4', '(2, 3)', 'True'), body)), [x], 'Fortran');
    await fails(write('h.npy', npy(1, dict('<c8', '(2, 3)'), body)), [x], '<c8', 'float32');
    await fails(write('h.npy', npy(1, dict('|O', '(2, 3)'), body)), [x], '|O');
    await fails(write('h.npy', npy(1, dict('<f4', '()'), body)), [x], 'single number');
    await fails(write('h.npy', npy(9, dict('<f4', '(2, 3)'), body)), [x], 'version 9');
    await fails(write('h.npy', npy(1, dict('<f4', '(2, 3)'), body.slice(0, 20))), [x], 'cut off');
    await fails(write('h.npy', npy(1, dict('<f4', '(2, 3)'), body).slice(0, 30)), [x], 'cut off');
    await fails(write('h.npy', npy(1, dict('<f4', '(3, 2)'), body)), [x], '`x` is declared [3]', '[2]');
    await fails(
      write(
        'h.npy',
        npy(1, dict('<f4', '(6, 1)'), new Uint8Array(new Float32Array([0, 1, 2, Number.NaN, 0, 0]).buffer)),
      ),
      [declared('x', 'tensor', 1)],
      'example 3',
      'NaN',
    );
    await fails(
      write('h.npy', npy(1, dict('<f4', '(1, 2, 3)'), body)),
      [declared('x', 'image', 2, 3, 1)],
      'holds -4 to 6',
      '[−1, 1]',
    );
    await fails(
      write('h.npy', npy(1, dict('|u1', '(1, 3, 2, 2)'), new Uint8Array(12))),
      [declared('x', 'image', 2, 2, 3)],
      '[3, 2, 2]',
    );
  });

  test('what is written is read', async () => {
    expect(await all(write('w.npy', writeNpy([2, 3], floats)), x)).toEqual([[...floats]]);
    expect((writeNpy([2, 3], floats).length - floats.byteLength) % 64).toBe(0);
  });
});

describe('NPZ', () => {
  const xs = writeNpy([2, 2], new Float32Array([1, 2, 3, 4]));
  const ys = npy(1, dict('<i8', '(2,)'), new Uint8Array(new BigInt64Array([1n, 0n]).buffer));
  const record = [declared('x', 'tensor', 2), declared('y', 'label', 2)];

  test.each([0, 6] as const)('level %i: by name, whatever the order', async (level) => {
    const path = write('z.npz', zipSync({ 'y.npy': ys, 'x.npy': xs }, { level }));
    expect(await all(path, ...record)).toEqual([
      [1, 2, 3, 4],
      [0, 1, 1, 0],
    ]);
  });
  test('one array needs no name', async () => {
    expect(await all(write('one.npz', zipSync({ 'arr_0.npy': xs })), record[0]!)).toEqual([[1, 2, 3, 4]]);
  });
  test('what is refused', async () => {
    const whole = zipSync({ 'x.npy': xs, 'y.npy': ys });
    await fails(write('c.npz', whole.slice(0, -30)), record, 'zip');
    await fails(write('e.npz', zipSync({ 'a.txt': new Uint8Array(3) })), record, 'without NPY');
    await fails(
      write('t.xlsx', zipSync({ 'xl/workbook.xml': new Uint8Array(3) })),
      record,
      'is a spreadsheet',
    );
    await fails(
      write('n.npz', zipSync({ 'a.npy': xs, 'b.npy': ys, 'c.npy': ys })),
      record,
      'a, b, c',
      'x, y',
    );
    await fails(
      write('d.npz', zipSync({ 'x.npy': xs, 'y.npy': writeNpy([3], new Float32Array(3)) })),
      record,
      'disagree',
    );
    // Every byte of the directory spoilt in turn: an error in words or the right numbers, never anything else.
    for (let i = whole.length - 120; i < whole.length; i++) {
      const spoilt = whole.slice();
      spoilt[i] = spoilt[i]! ^ 0xff;
      const result = await all(write('s.npz', spoilt), ...record).catch((error) => error.name);
      expect(['UserError', '[[1,2,3,4],[0,1,1,0]]']).toContain(
        Array.isArray(result) ? JSON.stringify(result) : result,
      );
    }
  });
});

describe('CSV', () => {
  test('with a header, without, gzipped, with a class', async () => {
    const two = declared('p', 'tensor', 2);
    expect(await all(write('a.csv', 'lat,long\n1,2\n3.5,-4e1\n'), two)).toEqual([[1, 2, 3.5, -40]]);
    expect(await all(write('b.csv', '1,2\r\n3.5,-40\r\n'), two)).toEqual([[1, 2, 3.5, -40]]);
    expect(await all(write('c.csv.gz', gzipSync('1,2\n3.5,-40')), two)).toEqual([[1, 2, 3.5, -40]]);
    expect(await all(write('d.csv', '1,2,0\n3,4,2\n'), two, declared('y', 'label', 3))).toEqual([
      [1, 2, 3, 4],
      [1, 0, 0, 0, 0, 1],
    ]);
    expect(await all(write('e.csv', '1,2,0,1\n'), two, declared('y', 'label', 2))).toEqual([
      [1, 2],
      [0, 1],
    ]);
  });
  test('columns by name where each field is one column', async () => {
    const record = [declared('b', 'tensor', 1), declared('a', 'tensor')];
    expect(await all(write('n.csv', 'a,x,b\n1,2,3\n4,5,6\n'), ...record)).toEqual([
      [3, 6],
      [1, 4],
    ]);
  });
  test('what is refused', async () => {
    const two = [declared('p', 'tensor', 2)];
    await fails(write('x.csv', '1,2\n3,x\n'), two, 'row 2', 'column 2', '"x"');
    await fails(write('x.csv', '1,2\n3,\n'), two, 'nothing');
    await fails(write('x.csv', '1,2\n3\n'), two, 'x.csv');
    await fails(write('x.csv', '1,2,3\n'), two, '3 columns', 'needs 2');
    await fails(write('x.csv', 'a,b\n'), two, 'no examples');
    await fails(write('x.bin', new Uint8Array([1, 0, 2, 0, 9, 9, 9, 9])), two, 'no kind that is read');
    await fails(write('x.gz', gzipSync('1,2\n').slice(0, 12)), two, 'cut off');
    await fails(write('empty.csv', ''), two, 'is empty');
    await fails(join(folder, 'missing.csv'), two, 'does not exist');
  });
});

describe('built-in', () => {
  test('ring and grid lie on their modes, evenly', async () => {
    const [points, labels] = await all('ring', declared('x', 'tensor', 2), declared('y', 'label', 8));
    const counts = new Array(8).fill(0);
    for (let i = 0; i < points!.length / 2; i++) {
      const k = labels!.slice(8 * i, 8 * i + 8).indexOf(1);
      counts[k]++;
      const away = Math.hypot(
        points![2 * i]! - 2 * Math.cos((k * Math.PI) / 4),
        points![2 * i + 1]! - 2 * Math.sin((k * Math.PI) / 4),
      );
      expect(away).toBeLessThan(0.02 * 6);
    }
    expect(Math.max(...counts) - Math.min(...counts)).toBe(0);
    const [grid] = await all('grid', declared('x', 'tensor', 2));
    expect(grid!.every((v) => Math.abs(v / 2 - Math.round(v / 2)) * 2 < 0.05 * 6)).toBe(true);
  });
  test('spiral and tones keep their bounds', async () => {
    const [spiral] = await all('spiral', declared('x', 'tensor', 2));
    expect(spiral!.every((v) => Math.abs(v) < 2.3)).toBe(true);
    const tones = await open('tones', declared('x', 'sound', 256, 1), declared('y', 'label', 12));
    const [sound, note] = await tones.read([3]);
    expect(sound!.every((v) => Math.abs(v) <= 1)).toBe(true);
    expect(Math.max(...sound!)).toBeGreaterThan(0.1);
    expect(note!.indexOf(1)).toBe(3);
  });
  test('fashion comes along', async () => {
    const fashion = await open('fashion', declared('x', 'image', 28, 28, 1), declared('y', 'label', 10));
    expect(fashion.count).toBe(10_000);
    const [, labels] = await fashion.read([0, 1, 2]);
    // An ankle boot, then two shirts: the beginning of Fashion-MNIST.
    expect([0, 1, 2].map((i) => labels!.slice(10 * i, 10 * i + 10).indexOf(1))).toEqual([9, 0, 0]);
    await fails(
      'fashion',
      [declared('x', 'image', 32, 32, 1)],
      '`x` is declared image[32, 32, 1]',
      'fashion',
      '[28, 28]',
    );
    await fails('ring', [declared('x', 'tensor', 3)], '`x` is declared [3]', '[2]');
  });
});

test('gzip that unpacks to more than may stay in memory goes to a temporary file', async () => {
  const body = new Uint8Array(100_000).map((_, i) => i % 251);
  const bytes = await openBytes(write('big.gz', gzipSync(body)), 10_000);
  expect(bytes.size).toBe(body.length);
  expect(await bytes.read(99_990, 10)).toEqual(body.slice(99_990));
  await bytes.close();
});

test('where there is no room to unpack a file, that is said', () => {
  const path = write('zeros.gz', gzipSync(new Uint8Array(1_200_000)));
  const script = `
import { openBytes } from ${JSON.stringify(resolve('runtimes/node/sources/bytes.ts'))};
openBytes(${JSON.stringify(path)}, 10_000).then(() => console.log('read'), (e) => console.log(e.name, e.message));`;
  const built = buildSync({
    stdin: { contents: script, resolveDir: process.cwd() },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  const run = (command: string) =>
    execFileSync('sh', ['-c', command], { input: built.outputFiles[0]!.text }).toString();
  // No file may be longer than 200 blocks of 512 or 1,024 bytes: what happens on a disk that is full.
  expect(run('ulimit -f 200; node -')).toMatch(
    /^UserError .*zeros\.gz cannot be unpacked into .*: the file would be larger/,
  );
  expect(run(`TMPDIR=${folder}/nowhere node -`)).toMatch(
    /^UserError .*zeros\.gz cannot be unpacked into .*nowhere: there is no such/,
  );
});

test('an NPZ that was gzipped as well is read, packed or only stored', async () => {
  const x = writeNpy([3, 2], new Float32Array([1, 2, 3, 4, 5, 6]));
  for (const level of [0, 6] as const) {
    const path = write(`twice${level}.npz.gz`, gzipSync(zipSync({ 'x.npy': x }, { level })));
    expect(await all(path, declared('x', 'tensor', 2))).toEqual([[1, 2, 3, 4, 5, 6]]);
  }
});

const python = process.env.PYTHON ?? 'python3';
const hasNumpy = spawnSync(python, ['-c', 'import numpy']).status === 0;

test.skipIf(!hasNumpy)('NumPy’s own files are read, and ours by NumPy', async () => {
  const script = `
import sys, numpy as np
d = sys.argv[1] + "/"
x = np.arange(12, dtype=np.float64).reshape(4, 3) / 8
np.save(d + "np.npy", x.astype(np.float16))
np.savez(d + "np.npz", x=x, y=np.array([0, 1, 2, 1]))
np.savez_compressed(d + "npc.npz", x=x, y=np.array([0, 1, 2, 1], dtype=np.uint8))
open(d + "ours.npy", "wb").write(bytes.fromhex(sys.argv[2]))
print(np.load(d + "ours.npy").tolist(), np.load(d + "ours.npy").dtype)`;
  const ours = Buffer.from(writeNpy([2, 2], new Float32Array([1, 2, 3, 4]))).toString('hex');
  const said = execFileSync(python, ['-c', script, folder, ours]).toString();
  expect(said.trim()).toBe('[[1.0, 2.0], [3.0, 4.0]] float32');
  const x = Array.from({ length: 12 }, (_, i) => i / 8);
  expect(await all(join(folder, 'np.npy'), declared('x', 'tensor', 3))).toEqual([x]);
  for (const name of ['np.npz', 'npc.npz']) {
    expect(await all(join(folder, name), declared('x', 'tensor', 3), declared('y', 'label', 3))).toEqual([
      x,
      [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0],
    ]);
  }
});
