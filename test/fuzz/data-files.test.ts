/**
 * Damaged data files: IDX, NPY, NPZ and gzip, cut, changed in their bytes and in their headers, and small ones that unpack to
 * gigabytes. Each is read rightly or refused in words, in bounded memory. DATA_FILES says how many of each (default 120),
 * DATA_FILES_SEED where to begin.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGzip, deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { writeNpy } from '../../runtimes/core/sources/npy.ts';
import { unpack } from '../../runtimes/node/sources/bytes.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';

const count = Number(process.env.DATA_FILES ?? 120);
const seed = Number(process.env.DATA_FILES_SEED ?? 1);
const root = mkdtempSync(join(tmpdir(), 'ganc-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let state = 0;
function below(n: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}

const N = 12;
const values = Float32Array.from({ length: N * 4 }, (_, i) => Math.sin(i));
const npy = Buffer.from(writeNpy([N, 4], values));

function idx(): Buffer {
  const head = Buffer.from([0, 0, 13, 2, 0, 0, 0, N, 0, 0, 0, 4]);
  const body = Buffer.alloc(values.length * 4);
  values.forEach((v, i) => {
    body.writeFloatBE(v, 4 * i);
  });
  return Buffer.concat([head, body]);
}

/** A zip of one entry, `x.npy`; `size` is what it says that the entry unpacks to. */
function zip(content: Buffer, method: 0 | 8, size = content.length): Buffer {
  const data = method === 8 ? deflateRawSync(content) : content;
  return packedZip(data, method, size);
}

function packedZip(data: Buffer, method: 0 | 8, size: number): Buffer {
  const name = Buffer.from('x.npy');
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(method, 4);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(Math.min(size, 0xffffffff), 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, data]);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\x00', 'latin1'),
    common,
    Buffer.alloc(14),
    name,
  ]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

const kinds: Readonly<Record<string, Buffer>> = {
  'x.npy': npy,
  'x.idx': idx(),
  'x.npy.gz': gzipSync(npy),
  'x.npz': zip(npy, 0),
  'packed.npz': zip(npy, 8),
};

/** All numbers of a file as a run would read them. */
async function read(path: string): Promise<Float32Array> {
  const dataset = await openSource(path, [{ name: 'x', type: { meaning: 'tensor', shape: [4] } }], {
    directory: root,
  });
  try {
    const [numbers] = await dataset.read(Int32Array.from({ length: dataset.count }, (_, i) => i));
    return numbers!;
  } finally {
    await dataset.close?.();
  }
}

function broken(bytes: Buffer): Buffer {
  const at = below(bytes.length);
  const length = 1 + below(16);
  const [before, part, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ];
  switch (below(6)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, part, part, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(part.map(() => below(256))), after]);
    case 4:
      // A length or a count that is huge.
      return Buffer.concat([
        before,
        Buffer.alloc(Math.min(4, part.length), 0xff),
        bytes.subarray(at + Math.min(4, part.length)),
      ]);
    default: {
      const copy = Buffer.from(bytes);
      copy[at]! ^= 1 << below(8);
      return copy;
    }
  }
}

describe.each(Object.entries(kinds))('%s', (name, bytes) => {
  const path = join(root, name);

  test('as it was written', async () => {
    writeFileSync(path, bytes);
    expect(await read(path)).toEqual(values);
  });

  test('damaged', async () => {
    let refused = 0;
    const before = process.memoryUsage().rss;
    for (let k = 0; k < count; k++) {
      state = seed + k;
      writeFileSync(path, broken(bytes));
      try {
        expect((await read(path)).length % 4).toBe(0);
      } catch (error) {
        const { name: kind, message, stack } = error as Error;
        expect(kind, `seed ${seed + k}: ${stack}`).toBe('UserError');
        expect(message, `seed ${seed + k}`).not.toMatch(/undefined|\[object|is not a function/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(count / 10);
    expect(process.memoryUsage().rss - before).toBeLessThan(512 * 2 ** 20);
  });
});

describe('a file that unpacks to gigabytes is refused, before it has taken them', () => {
  const zeros = Buffer.alloc(2 ** 22);
  /** 3 GiB of zeros, packed. */
  async function bomb(): Promise<Buffer> {
    const gzip = createGzip();
    const parts: Buffer[] = [];
    gzip.on('data', (part) => parts.push(part));
    const end = new Promise((done) => gzip.on('end', done));
    for (let k = 0; k < 768; k++)
      if (!gzip.write(zeros)) await new Promise((done) => gzip.once('drain', done));
    gzip.end();
    await end;
    return Buffer.concat(parts);
  }

  test('gzip, and an entry of an NPZ', async () => {
    const packed = await bomb();
    writeFileSync(join(root, 'bomb.npy.gz'), packed);
    // Its header has ten bytes, its end eight: between them stands what a zip holds.
    writeFileSync(join(root, 'bomb.npz'), packedZip(packed.subarray(10, -8), 8, 3 * 2 ** 30));
    const before = process.memoryUsage().rss;
    for (const name of ['bomb.npy.gz', 'bomb.npz']) {
      await expect(read(join(root, name))).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringMatching(/unpacks to more than 1\.0 GiB/),
      });
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(1.5 * 2 ** 30);
  });

  test('one that is merely packed well is read', async () => {
    const { createReadStream } = await import('node:fs');
    const path = join(root, 'small.gz');
    writeFileSync(path, gzipSync(zeros));
    const bytes = await unpack(createReadStream(path), 'gzip', path, 2 ** 20);
    expect(bytes.size).toBe(zeros.length);
    await bytes.close();
  });
});
