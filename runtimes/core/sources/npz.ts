/**
 * NPZ: a zip of NPY files. Its directory is read by hand so that an array that is only stored (what `np.savez` writes)
 * is read where it lies, however large; a compressed one is unpacked once.
 */
import { UserError } from '../errors.ts';
import { listed } from '../run/facts.ts';
import { nearName } from './near.ts';
import { readNpy } from './npy.ts';
import type { Bytes, Place } from './place.ts';
import type { RawField } from './raw.ts';

interface Entry {
  name: string;
  method: number;
  packed: number;
  size: number;
  /** Of the local header. */
  offset: number;
}

export async function isZip(bytes: Bytes): Promise<boolean> {
  if (bytes.size < 22) return false;
  const [p, k, c, d] = await bytes.read(0, 4);
  return p === 0x50 && k === 0x4b && ((c === 3 && d === 4) || (c === 5 && d === 6));
}

/** The arrays of an NPZ, by name: all, or those that are asked for. */
export async function readNpz(
  bytes: Bytes,
  place: Place,
  asked: readonly string[] | null = null,
): Promise<{ count: number; field: RawField; bytes: Bytes }[]> {
  const out = [];
  const entries = await directory(bytes);
  const arrays = entries.map(({ name }) => name).filter((name) => name.endsWith('.npy'));
  for (const name of asked ?? [])
    if (!arrays.includes(`${name}.npy`)) throw noArray(bytes.path, name, arrays);
  for (const entry of entries) {
    if (!entry.name.endsWith('.npy')) continue;
    if (asked !== null && !asked.includes(entry.name.slice(0, -4))) continue;
    const part = await entryBytes(bytes, entry, place);
    out.push({ ...(await readNpy(part, entry.name.slice(0, -4))), bytes: part });
  }
  if (out.length === 0) {
    if (entries.some(({ name }) => /^(xl\/|content\.xml$)/.test(name))) {
      throw new UserError(`${bytes.path} is a spreadsheet`, { hint: 'save its table as "CSV UTF-8"' });
    }
    throw new UserError(`${bytes.path} is a zip without NPY arrays in it`);
  }
  return out;
}

function noArray(path: string, name: string, arrays: readonly string[]): UserError {
  const names = arrays.map((array) => array.slice(0, -4));
  const near = nearName(name, names);
  return new UserError(`${path} has no array "${name}"`, {
    hint: near === null ? `it holds ${listed(names, 10)}` : `did you mean "${near}"?`,
  });
}

const broken = (path: string) =>
  new UserError(`${path} is not a whole zip file: it is damaged or was cut off`);

async function directory(bytes: Bytes): Promise<Entry[]> {
  // The end record is 22 bytes and a comment of up to 65,535.
  const tailSize = Math.min(bytes.size, 22 + 65_535);
  const tailStart = bytes.size - tailSize;
  const tail = view(await bytes.read(tailStart, tailSize));
  let end = tailSize - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw broken(bytes.path);
  let count = tail.getUint16(end + 10, true);
  let size = tail.getUint32(end + 12, true);
  let offset = tail.getUint32(end + 16, true);
  if (
    (offset === 0xffffffff || count === 0xffff) &&
    end >= 20 &&
    tail.getUint32(end - 20, true) === 0x07064b50
  ) {
    const at = Number(tail.getBigUint64(end - 12, true));
    if (at + 56 > bytes.size) throw broken(bytes.path);
    const record = view(await bytes.read(at, 56));
    count = Number(record.getBigUint64(32, true));
    size = Number(record.getBigUint64(40, true));
    offset = Number(record.getBigUint64(48, true));
  }
  if (offset + size > bytes.size) throw broken(bytes.path);
  const data = await bytes.read(offset, size);
  const table = view(data);
  const entries: Entry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > size || table.getUint32(at, true) !== 0x02014b50) throw broken(bytes.path);
    const nameLength = table.getUint16(at + 28, true);
    const extraLength = table.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + table.getUint16(at + 32, true);
    if (next > size) throw broken(bytes.path);
    const entry: Entry = {
      name: new TextDecoder().decode(data.subarray(at + 46, at + 46 + nameLength)),
      method: table.getUint16(at + 10, true),
      packed: table.getUint32(at + 20, true),
      size: table.getUint32(at + 24, true),
      offset: table.getUint32(at + 42, true),
    };
    widen(entry, table, at + 46 + nameLength, extraLength);
    if (table.getUint16(at + 8, true) & 1) throw new UserError(`${bytes.path} is encrypted`);
    entries.push(entry);
    at = next;
  }
  return entries;
}

/** Zip64: sizes that don't fit stand in an extra field, in this order. NumPy writes it always. */
function widen(entry: Entry, table: DataView, start: number, length: number): void {
  let at = start;
  while (at + 4 <= start + length) {
    const size = table.getUint16(at + 2, true);
    if (table.getUint16(at, true) === 1) {
      let field = at + 4;
      for (const key of ['size', 'packed', 'offset'] as const) {
        if (entry[key] !== 0xffffffff || field + 8 > start + length) continue;
        entry[key] = Number(table.getBigUint64(field, true));
        field += 8;
      }
    }
    at += 4 + size;
  }
}

async function entryBytes(bytes: Bytes, entry: Entry, place: Place): Promise<Bytes> {
  if (entry.offset + 30 > bytes.size) throw broken(bytes.path);
  const local = view(await bytes.read(entry.offset, 30));
  if (local.getUint32(0, true) !== 0x04034b50) throw broken(bytes.path);
  const start = entry.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + entry.packed > bytes.size) throw broken(bytes.path);
  const path = `${bytes.path} (${entry.name})`;
  if (entry.method === 0) {
    return {
      path,
      size: entry.packed,
      read: (offset, length) => bytes.read(start + offset, length),
      close: async () => {},
    };
  }
  if (entry.method !== 8) {
    throw new UserError(
      `${path} is compressed by method ${entry.method}; save it with np.savez or np.savez_compressed`,
    );
  }
  if (entry.packed === 0) throw broken(bytes.path);
  return place.inflate(bytes, start, entry.packed, path);
}

function view(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
