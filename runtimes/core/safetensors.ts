/**
 * The safetensors format (Hugging Face): 8 bytes of header length, a JSON header, then the tensors' bytes, little
 * endian and without gaps. Reading trusts nothing.
 */
import { UserError } from './errors.ts';

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

/** Reads a whole file. F64, F16 and BF16 tensors come out as float32; other types are refused. */
export function decodeSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const refuse = (why: string): never => {
    throw new UserError(`${path} is not a safetensors file: ${why}`);
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
  for (const [name, entry] of Object.entries(header as Record<string, unknown>)) {
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries((entry ?? {}) as Record<string, unknown>)) {
        if (typeof value === 'string') metadata[key] = value;
      }
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    if (!wholeNumbers(shape) || !wholeNumbers(offsets) || offsets.length !== 2 || typeof dtype !== 'string') {
      return refuse(`the entry of ${name} is not understood`);
    }
    const width = { F32: 4, F64: 8, F16: 2, BF16: 2 }[dtype];
    if (width === undefined) return refuse(`${name} has type ${dtype}; F32, F64, F16 and BF16 are read`);
    const count = shape.reduce((a, b) => a * b, 1);
    const [from, to] = offsets as [number, number];
    if (to - from !== count * width) refuse(`${name} is ${shape.join('×')} but has ${to - from} bytes`);
    if (from > to || start + to > bytes.length) {
      refuse(`${name} ends at byte ${start + to}, the file at ${bytes.length}: it was cut off`);
    }
    tensors.set(name, { shape, data: toFloat32(bytes.slice(start + from, start + to), dtype) });
  }
  return { tensors, metadata };
}

function wholeNumbers(x: unknown): x is number[] {
  return Array.isArray(x) && x.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function toFloat32(bytes: Uint8Array, dtype: string): Float32Array {
  if (dtype === 'F32') return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  if (dtype === 'F64') return Float32Array.from(new Float64Array(bytes.buffer));
  const words = new Uint16Array(bytes.buffer);
  if (dtype === 'BF16') {
    const wide = new Uint32Array(words.length);
    for (let i = 0; i < words.length; i++) wide[i] = words[i]! << 16;
    return new Float32Array(wide.buffer);
  }
  return Float32Array.from(words, halfToNumber);
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
