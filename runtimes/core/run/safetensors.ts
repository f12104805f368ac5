/**
 * The safetensors format (Hugging Face): 8 bytes of header length, a JSON header, then the tensors' bytes, little
 * endian and without gaps. Reading trusts nothing.
 */
import { DamagedError } from '../errors.ts';
import { sizeOf } from '../shape.ts';

export interface StoredTensor {
  shape: number[];
  data: Float32Array;
}

export interface SafetensorsFile {
  tensors: Map<string, StoredTensor>;
  metadata: Record<string, string>;
}

/** The header's limit in the format's own implementation. */
const HEADER_LIMIT = 100_000_000;

/** The file in pieces, ready to be written one after another. Tensors are float32, sorted by name. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Record<string, string>,
): Uint8Array[] {
  const names = [...tensors.keys()].sort();
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name)!;
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  let json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  if (padded > json.length) {
    const spaced = new Uint8Array(padded).fill(0x20);
    spaced.set(json);
    json = spaced;
  }
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  const bodies = names.map((name) => {
    const { data } = tensors.get(name)!;
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  });
  return [length, json, ...bodies];
}

/** Bytes of a number, and how a tensor of them is read. */
interface NumberType {
  width: number;
  read: (bytes: Uint8Array) => Float32Array;
}

/** Counts (PyTorch's `num_batches_tracked`) are whole numbers. */
const types: Readonly<Record<string, NumberType>> = {
  F32: { width: 4, read: (b) => new Float32Array(b.buffer) },
  F64: { width: 8, read: (b) => Float32Array.from(new Float64Array(b.buffer)) },
  F16: { width: 2, read: (b) => Float32Array.from(new Uint16Array(b.buffer), halfToNumber) },
  BF16: {
    width: 2,
    read: (b) => new Float32Array(Uint32Array.from(new Uint16Array(b.buffer), (w) => w << 16).buffer),
  },
  I64: { width: 8, read: (b) => Float32Array.from(new BigInt64Array(b.buffer), Number) },
  U64: { width: 8, read: (b) => Float32Array.from(new BigUint64Array(b.buffer), Number) },
  I32: { width: 4, read: (b) => Float32Array.from(new Int32Array(b.buffer)) },
  U32: { width: 4, read: (b) => Float32Array.from(new Uint32Array(b.buffer)) },
  I16: { width: 2, read: (b) => Float32Array.from(new Int16Array(b.buffer)) },
  U16: { width: 2, read: (b) => Float32Array.from(new Uint16Array(b.buffer)) },
  I8: { width: 1, read: (b) => Float32Array.from(new Int8Array(b.buffer)) },
  U8: { width: 1, read: (b) => Float32Array.from(b) },
  BOOL: { width: 1, read: (b) => Float32Array.from(b) },
};

/**
 * Reads a whole file. Numbers of all types come out as float32. As in the format's own implementation the tensors lie one
 * after another without gap or overlap, and fill the file.
 */
export function decodeSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const refuse = (why: string): never => {
    throw new DamagedError(`${path} is not a safetensors file: ${why}`);
  };
  if (bytes.length < 8) refuse(`it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getBigUint64(0, true);
  if (size > BigInt(HEADER_LIMIT) || size > BigInt(bytes.length - 8)) {
    refuse(`its header says ${size} bytes of ${bytes.length - 8}`);
  }
  const start = 8 + Number(size);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start)));
  } catch {
    refuse('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    refuse('its header is not an object');
  const tensors = new Map<string, StoredTensor>();
  const metadata: Record<string, string> = {};
  const places: { name: string; shape: number[]; type: NumberType; from: number; to: number }[] = [];
  for (const [name, entry] of Object.entries(header as Record<string, unknown>)) {
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries((entry ?? {}) as Record<string, unknown>)) {
        if (typeof value === 'string' && key !== '__proto__') metadata[key] = value;
      }
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    if (!wholeNumbers(shape) || !wholeNumbers(offsets) || offsets.length !== 2 || typeof dtype !== 'string') {
      return refuse(`the entry of ${name} is not understood`);
    }
    const type = Object.hasOwn(types, dtype) ? types[dtype]! : null;
    if (type === null) {
      return refuse(`${name} has type ${dtype}; ${Object.keys(types).join(', ')} are read`);
    }
    const count = sizeOf(shape);
    const [from, to] = offsets as [number, number];
    if (to - from !== count * type.width) {
      refuse(`${name} is ${shape.join('×')} but has ${to - from} bytes`);
    }
    if (start + to > bytes.length) {
      refuse(`${name} ends at byte ${start + to}, the file at ${bytes.length}: it was cut off`);
    }
    places.push({ name, shape, type, from, to });
  }
  let end = 0;
  for (const { name, from, to } of [...places].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from !== end) {
      refuse(`${name} begins at byte ${from} of the tensors, and the one before it ends at ${end}`);
    }
    end = to;
  }
  if (start + end !== bytes.length) {
    refuse(`its tensors end at byte ${start + end}, the file at ${bytes.length}`);
  }
  // Only now: tensors that all lie at the same place would take many times the memory of the file.
  for (const { name, shape, type, from, to } of places) {
    tensors.set(name, { shape, data: type.read(new Uint8Array(bytes.subarray(start + from, start + to))) });
  }
  return { tensors, metadata };
}

function wholeNumbers(x: unknown): x is number[] {
  return Array.isArray(x) && x.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** IEEE 754 binary16. */
export function halfToNumber(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
