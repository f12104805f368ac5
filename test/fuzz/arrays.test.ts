/** Arrays of any type and shape: what the declared type says becomes of them, or words; damaged files too. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { afterAll, expect, test } from 'vitest';
import type { TypeSpec } from '../../runtimes/core/run/model.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 300);
const folder = mkdtempSync(join(tmpdir(), 'ganc-arrays-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** NumPy's types: bytes of a number, and how it is written. */
const types: Record<string, { bytes: number; write: (view: DataView, at: number, value: number) => void }> = {
  '|b1': { bytes: 1, write: (v, at, n) => v.setUint8(at, n) },
  '|u1': { bytes: 1, write: (v, at, n) => v.setUint8(at, n) },
  '|i1': { bytes: 1, write: (v, at, n) => v.setInt8(at, n) },
  '<u2': { bytes: 2, write: (v, at, n) => v.setUint16(at, n, true) },
  '>i2': { bytes: 2, write: (v, at, n) => v.setInt16(at, n) },
  '<i4': { bytes: 4, write: (v, at, n) => v.setInt32(at, n, true) },
  '>u4': { bytes: 4, write: (v, at, n) => v.setUint32(at, n) },
  '<i8': { bytes: 8, write: (v, at, n) => v.setBigInt64(at, BigInt(n), true) },
  '<f4': { bytes: 4, write: (v, at, n) => v.setFloat32(at, n, true) },
  '>f4': { bytes: 4, write: (v, at, n) => v.setFloat32(at, n) },
  '<f8': { bytes: 8, write: (v, at, n) => v.setFloat64(at, n, true) },
};

function npy(type: string, shape: readonly number[], values: readonly number[]): Uint8Array {
  const { bytes, write } = types[type]!;
  const head = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }\n`;
  const out = new Uint8Array(10 + head.length + bytes * values.length);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, head.length, 0]);
  out.set(new TextEncoder().encode(head), 10);
  const view = new DataView(out.buffer);
  values.forEach((v, i) => {
    write(view, 10 + head.length + i * bytes, v);
  });
  return out;
}

/** Whole numbers that every chosen type holds, in one of the ranges that people have. */
const array = fc
  .record({
    type: fc.constantFrom(...Object.keys(types)),
    count: fc.integer({ min: 1, max: 6 }),
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    range: fc.constantFrom<[number, number]>([0, 1], [0, 255], [0, 16], [-1, 1], [-128, 127], [0, 0]),
    meaning: fc.constantFrom<TypeSpec['meaning']>('tensor', 'image', 'sound'),
    zip: fc.boolean(),
    seed: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
  })
  .filter(({ type, range: [min, max] }) => {
    if (type === '|b1') return min === 0 && max <= 1;
    if (type === '|i1') return max <= 127;
    return min >= 0 || !/u/.test(type);
  })
  .map(({ seed, ...a }) => {
    const size = a.shape.reduce((x, y) => x * y, 1);
    const [min, max] = a.range;
    const values = Array.from(
      { length: a.count * size },
      () => min + Math.floor(seed.next().value! * (max - min + 1)),
    );
    return { ...a, values };
  });

let files = 0;
async function read(bytes: Uint8Array, end: string, meaning: TypeSpec['meaning'], shape: readonly number[]) {
  const path = join(folder, `${files++ % 8}.${end}`);
  writeFileSync(path, bytes);
  const dataset = await openSource(path, [{ name: 'x', type: { meaning, shape: [...shape] } }], {
    directory: folder,
  });
  try {
    const [values] = await dataset.read(Int32Array.from({ length: dataset.count }, (_, i) => i));
    return [...values!];
  } finally {
    await dataset.close?.();
  }
}

/** What the language says; null: refused. */
function wanted(type: string, values: readonly number[], meaning: TypeSpec['meaning']): number[] | null {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const float = type.includes('f');
  const fit = (of: number[]) => (of.every((v) => v >= -1 && v <= 1) ? of.map(Math.fround) : null);
  if (meaning === 'tensor') return values.map(Math.fround);
  if (meaning === 'image') {
    if (!float && min >= 0 && max <= 1) return values.map((v) => 2 * v - 1);
    return fit(!float && min >= 0 && max <= 255 ? values.map((v) => v / 127.5 - 1) : [...values]);
  }
  if (float) return fit([...values]);
  if (type === '|u1' || type === '|b1') return fit(values.map((v) => v / 128 - 1));
  return fit(values.map((v) => v / 2 ** (8 * types[type]!.bytes - 1)));
}

test('the type decides, not the storage', async () => {
  await fc.assert(
    fc.asyncProperty(array, async ({ type, count, shape, values, meaning, zip }) => {
      // A number by itself may be a class, which no image or sound is.
      fc.pre(meaning === 'tensor' || shape.some((n) => n > 1));
      const file = npy(type, [count, ...shape], values);
      const out = await read(
        zip ? zipSync({ 'x.npy': file }) : file,
        zip ? 'npz' : 'npy',
        meaning,
        shape,
      ).catch((error) => {
        expect(error.name, String(error.stack)).toBe('UserError');
        return null;
      });
      expect(out?.map((v) => v + 0) ?? null).toEqual(
        wanted(type, values, meaning)?.map((v) => v + 0) ?? null,
      );
    }),
    { numRuns: runs },
  );
});

test('damaged files: finite numbers or words', async () => {
  const damage = fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), cut: fc.option(fc.nat()) });
  await fc.assert(
    fc.asyncProperty(
      array,
      damage,
      async ({ type, count, shape, values, meaning, zip }, { at, byte, cut }) => {
        const file = npy(type, [count, ...shape], values);
        const whole = zip ? zipSync({ 'x.npy': file }) : file;
        const spoilt = whole.slice(0, cut === null ? whole.length : cut % whole.length);
        if (spoilt.length > 0) spoilt[at % spoilt.length] = byte;
        const out = await read(spoilt, zip ? 'npz' : 'npy', meaning, shape).catch((error) => {
          expect(error.name, String(error.stack)).toBe('UserError');
          return [];
        });
        expect(out.every(Number.isFinite)).toBe(true);
      },
    ),
    { numRuns: runs },
  );
});
