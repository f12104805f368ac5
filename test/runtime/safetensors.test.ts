/** Safetensors: the bytes as the format says, hostile headers, and Python's own reader where it is installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../runtimes/core/run/safetensors.ts';

const tensors = new Map([
  ['b', { shape: [2, 1], data: new Float32Array([1, -2]) }],
  ['a/kernel', { shape: [], data: new Float32Array([0.5]) }],
  ['none', { shape: [0, 3], data: new Float32Array() }],
]);
const encoded = () => new Uint8Array(Buffer.concat(encodeSafetensors(tensors, { ganc: '{"é":1}' })));

/** A file with this header text and body. */
function file(header: string, body: number[] = []): Uint8Array {
  const json = new TextEncoder().encode(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return new Uint8Array(Buffer.concat([length, json, Buffer.from(body)]));
}

test('bytes: length, padded JSON, tensors in order of names without gaps', () => {
  const bytes = encoded();
  const length = Number(Buffer.from(bytes).readBigUInt64LE());
  expect(length % 8).toBe(0);
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString());
  expect(header).toEqual({
    __metadata__: { ganc: '{"é":1}' },
    'a/kernel': { dtype: 'F32', shape: [], data_offsets: [0, 4] },
    b: { dtype: 'F32', shape: [2, 1], data_offsets: [4, 12] },
    none: { dtype: 'F32', shape: [0, 3], data_offsets: [12, 12] },
  });
  expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
});

test('what is written is read', () => {
  const read = decodeSafetensors(encoded(), 'x');
  expect(read.metadata).toEqual({ ganc: '{"é":1}' });
  expect(read.tensors).toEqual(tensors);
});

test('tensors that all lie at one place are refused before they are read', () => {
  // 4 MiB of numbers that a thousand tensors share: read one by one they would take 4 GiB.
  const size = 4 * 2 ** 20;
  const entry = { dtype: 'F32', shape: [size / 4], data_offsets: [0, size] };
  const header = JSON.stringify(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`t${i}`, entry])));
  const head = file(header);
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  const before = process.memoryUsage().arrayBuffers;
  expect(() => decodeSafetensors(bytes, 'x')).toThrow('t1 begins at byte 0 of the tensors');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * size);
});

test('half and double precision come out as float32', () => {
  const header =
    '{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"d":{"dtype":"F64","shape":[1],"data_offsets":[8,16]},"w":{"dtype":"BF16","shape":[1],"data_offsets":[6,8]}}';
  // 1, −2, 2⁻²⁴ (subnormal); 1.5 in bfloat16; −0.25 in double.
  const read = decodeSafetensors(
    file(header, [0, 0x3c, 0, 0xc0, 1, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 0xd0, 0xbf]),
    'x',
  );
  expect([...read.tensors.get('h')!.data]).toEqual([1, -2, 2 ** -24]);
  expect([...read.tensors.get('w')!.data]).toEqual([1.5]);
  expect([...read.tensors.get('d')!.data]).toEqual([-0.25]);
});

test('whole numbers of all widths come out as float32 (PyTorch counts its batches in I64)', () => {
  const body: number[] = [];
  const entries = Object.entries({
    I64: [-1, 255, 255, 255, 255, 255, 255, 255, 255],
    U64: [5, 5, 0, 0, 0, 0, 0, 0, 0],
    I32: [-2, 254, 255, 255, 255],
    U32: [4_294_967_295, 255, 255, 255, 255],
    I16: [-3, 253, 255],
    U16: [65_535, 255, 255],
    I8: [-4, 252],
    U8: [252, 252],
    BOOL: [1, 1],
  }).map(([dtype, [value, ...bytes]]) => {
    const from = body.length;
    body.push(...bytes);
    return { dtype, value, offsets: [from, body.length] };
  });
  const header = entries.map(
    ({ dtype, offsets }) =>
      `"${dtype}":{"dtype":"${dtype}","shape":[],"data_offsets":${JSON.stringify(offsets)}}`,
  );
  const { tensors } = decodeSafetensors(file(`{${header.join()}}`, body), 'x');
  for (const { dtype, value } of entries) {
    expect([...tensors.get(dtype)!.data], dtype).toEqual([Math.fround(value!)]);
  }
});

test('a file in a Buffer that shares its memory with others is read from its own bytes', () => {
  const shared = Buffer.concat([Buffer.from([1, 2, 3]), encoded()]).subarray(3);
  expect(decodeSafetensors(shared, 'x').tensors).toEqual(tensors);
});

describe('hostile files are refused by name', () => {
  const f32 = (shape: string, offsets: string) =>
    file(`{"w":{"dtype":"F32","shape":${shape},"data_offsets":${offsets}}}`, [0, 0, 0, 0]);
  const two = (a: string, b: string, bytes: number) =>
    file(
      `{"a":{"dtype":"F32","shape":[1],"data_offsets":${a}},"b":{"dtype":"F32","shape":[1],"data_offsets":${b}}}`,
      new Array(bytes).fill(0),
    );
  test.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(), '0 bytes'],
    [
      'a header longer than the file',
      new Uint8Array([255, 255, 255, 255, 255, 255, 255, 127, 0]),
      'header says',
    ],
    ['not JSON', file('{"w":'), 'not JSON'],
    ['not an object', file('[1]'), 'not an object'],
    ['not UTF-8', new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff]), 'not JSON'],
    ['a negative size', f32('[-1]', '[0,4]'), 'not understood'],
    ['a fractional size', f32('[1.5]', '[0,4]'), 'not understood'],
    ['a huge shape', f32('[4294967296,4294967296]', '[0,4]'), 'w is'],
    ['offsets beyond the end', f32('[2]', '[0,8]'), 'cut off'],
    ['offsets backwards', f32('[1]', '[4,0]'), 'w is'],
    [
      'another type of numbers',
      file('{"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}', [0]),
      'F8_E4M3',
    ],
    [
      'a type that every object has',
      file('{"w":{"dtype":"constructor","shape":[1],"data_offsets":[0,1]}}', [0]),
      'constructor',
    ],
    ['tensors that overlap', two('[0,4]', '[2,6]', 6), 'b begins at byte 2 of the tensors'],
    ['two tensors of the same bytes', two('[0,4]', '[0,4]', 4), 'b begins at byte 0'],
    ['a gap', two('[0,4]', '[8,12]', 12), 'b begins at byte 8'],
    ['bytes before the first', two('[4,8]', '[8,12]', 12), 'a begins at byte 4'],
    ['bytes after the last', two('[0,4]', '[4,8]', 9), 'end at byte'],
    ['an entry that is null', file('{"w":null}'), 'not understood'],
  ])('%s', (_, bytes, words) => {
    expect(() => decodeSafetensors(bytes, 'bad.safetensors')).toThrow(
      expect.objectContaining({ name: 'UserError', message: expect.stringContaining(words) }),
    );
    expect(() => decodeSafetensors(bytes, 'bad.safetensors')).toThrow('bad.safetensors');
  });

  test('cut at any byte', () => {
    const whole = encoded();
    for (let n = 0; n < whole.length; n++) {
      expect(() => decodeSafetensors(whole.slice(0, n), 'cut')).toThrow(
        expect.objectContaining({ name: 'UserError' }),
      );
    }
  });
});

const python = process.env.PYTHON ?? 'python3';
const hasReader = spawnSync(python, ['-c', 'import safetensors, numpy']).status === 0;

test.skipIf(!hasReader)('Python’s safetensors reads it, and is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ganc-test-'));
  const path = join(folder, 'x.safetensors');
  writeFileSync(path, encoded());
  const script = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import save
import numpy as np
with safe_open(sys.argv[1], "np") as f:
    print(json.dumps([f.metadata(), {k: [list(f.get_tensor(k).shape), f.get_tensor(k).ravel().tolist()] for k in f.keys()}]))
open(sys.argv[1], "wb").write(save({"m": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"k": "v"}))`;
  const out = execFileSync(python, ['-c', script, path]).toString();
  expect(JSON.parse(out)).toEqual([
    { ganc: '{"é":1}' },
    {
      b: [
        [2, 1],
        [1, -2],
      ],
      'a/kernel': [[], [0.5]],
      none: [[0, 3], []],
    },
  ]);

  const read = decodeSafetensors(new Uint8Array(readFileSync(path)), path);
  expect(read.metadata).toEqual({ k: 'v' });
  expect(read.tensors.get('m')).toEqual({ shape: [2, 3], data: new Float32Array([0, 1, 2, 3, 4, 5]) });
});
