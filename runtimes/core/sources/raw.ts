/** What a source holds before it is fitted to the types of a declaration: fields of numbers, example by example. */

import { UserError } from '../errors.ts';
import type { SourceFacts } from '../run/facts.ts';
import { halfToNumber } from '../run/safetensors.ts';
import { sizeOf } from '../shape.ts';
import type { Bytes } from './place.ts';

/**
 * `picture`: pixels 0 to 255. `class`: one whole number. `sound`: already in [−1, 1]. `numbers`: floats. `bytes`: unsigned
 * ones and booleans. `integers` are the other whole numbers; `scale` is half the count of their kind, by which samples of
 * sound are brought to [−1, 1].
 */
export interface RawField {
  readonly name: string | null;
  /** Of one example. */
  readonly shape: readonly number[];
  readonly content: 'picture' | 'class' | 'sound' | 'numbers' | 'bytes' | 'integers';
  readonly scale?: number;
  /** Examples take a while each (they are decoded), so several are read at a time. */
  readonly slow?: boolean;
  /** Of whole numbers that may be classes: what they are where they are none. */
  readonly otherwise?: 'bytes' | 'integers';
  /** Of windows: the rows that they are cut from, so that these are looked at once. */
  readonly series?: {
    readonly count: number;
    readonly field: RawField;
    example(row: number): string;
  };
  /** Of text: what each entry of a one-hot vector stands for; the first is empty, the end. */
  readonly symbols?: readonly string[];
  /** Of classes: their names, by number. */
  readonly names?: readonly string[];
  /** Writes one example's numbers, row-major, to `out` from `at`. Throws `Broken` where its file is damaged. */
  read(index: number, out: Float32Array, at: number): void | Promise<void>;
  /** Of arrays: writes many examples at once. */
  block?(first: number, count: number, out: Float32Array): void | Promise<void>;
}

/** A file that cannot be read: the example is skipped. */
export class Broken extends Error {
  constructor(
    readonly path: string,
    readonly why: string,
  ) {
    super(`${path}: ${why}`);
  }
}

export interface RawSource {
  /** Path or name, for messages. */
  readonly origin: string;
  readonly count: number;
  readonly fields: readonly RawField[];
  readonly sampleRate?: number;
  /** What the reader found; notices of its own go here. */
  readonly facts?: SourceFacts;
  /** Examples that belong together (clips of one file), by a number that they share: a part takes all of them or none. */
  group?(index: number): number;
  /** Sound or text that was cut into windows: a stride has been heeded. */
  readonly clips?: boolean;
  /** A stretch of time was taken as the part. */
  readonly parted?: boolean;
  /** What a message calls one example; else "example 3 of …". */
  example?(index: number): string;
  /** Where examples are files: their paths, and the paths below the folder without their endings. */
  readonly paths?: readonly string[];
  readonly keys?: readonly string[];
  /** Examples whose files cannot be read, and why. */
  readonly broken?: ReadonlyMap<number, string>;
  close?(): Promise<void>;
}

/** Types of numbers in files, and how one is read. Endianness is the file's. */
export interface NumberType {
  readonly bytes: number;
  readonly kind: 'unsigned' | 'signed' | 'float';
  readonly get: (view: DataView, at: number, little: boolean) => number;
}

export const numberTypes = {
  u1: { bytes: 1, kind: 'unsigned', get: (v, at) => v.getUint8(at) },
  i1: { bytes: 1, kind: 'signed', get: (v, at) => v.getInt8(at) },
  u2: { bytes: 2, kind: 'unsigned', get: (v, at, le) => v.getUint16(at, le) },
  i2: { bytes: 2, kind: 'signed', get: (v, at, le) => v.getInt16(at, le) },
  u4: { bytes: 4, kind: 'unsigned', get: (v, at, le) => v.getUint32(at, le) },
  i4: { bytes: 4, kind: 'signed', get: (v, at, le) => v.getInt32(at, le) },
  u8: { bytes: 8, kind: 'unsigned', get: (v, at, le) => Number(v.getBigUint64(at, le)) },
  i8: { bytes: 8, kind: 'signed', get: (v, at, le) => Number(v.getBigInt64(at, le)) },
  f2: { bytes: 2, kind: 'float', get: (v, at, le) => halfToNumber(v.getUint16(at, le)) },
  f4: { bytes: 4, kind: 'float', get: (v, at, le) => v.getFloat32(at, le) },
  f8: { bytes: 8, kind: 'float', get: (v, at, le) => v.getFloat64(at, le) },
} as const satisfies Record<string, NumberType>;

export interface ArrayLayout {
  readonly name: string | null;
  readonly type: NumberType;
  readonly little: boolean;
  /** Where the first number lies. */
  readonly offset: number;
  /** With the count of examples first. */
  readonly shape: readonly number[];
}

/** Checks that an array's numbers are all in the file, and gives its examples. */
export function arrayField(bytes: Bytes, layout: ArrayLayout): { count: number; field: RawField } {
  const { type, little, offset, shape } = layout;
  const [count = 0, ...example] = shape;
  const total = sizeOf(shape) * type.bytes;
  if (!Number.isSafeInteger(total) || offset + total > bytes.size) {
    throw new UserError(
      `${bytes.path} says it holds ${shape.join('×')} numbers of ${type.bytes} bytes, but it has ${bytes.size - offset} bytes of them: it is cut off or not what its header says`,
    );
  }
  if (count === 0) throw new UserError(`${bytes.path} holds no examples (${shape.join('×')})`);
  const size = sizeOf(example);
  const decode = (data: Uint8Array, out: Float32Array, at: number) => {
    if (type === numberTypes.u1) {
      out.set(data, at);
      return;
    }
    // Most arrays are these: their bytes are the numbers already, as every machine that runs JavaScript keeps them.
    if (type === numberTypes.f4 && little && data.byteOffset % 4 === 0) {
      out.set(new Float32Array(data.buffer, data.byteOffset, data.length / 4), at);
      return;
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const numbers = data.length / type.bytes;
    for (let i = 0; i < numbers; i++) out[at + i] = type.get(view, i * type.bytes, little);
  };
  const stride = size * type.bytes;
  const take = (first: number, examples: number, out: Float32Array, at: number) => {
    const data = bytes.read(offset + first * stride, examples * stride);
    return data instanceof Uint8Array ? decode(data, out, at) : data.then((d) => decode(d, out, at));
  };
  const field: RawField = {
    name: layout.name,
    shape: example,
    content: contentOf(type, example),
    ...(type.kind === 'float' ? {} : { otherwise: type === numberTypes.u1 ? 'bytes' : 'integers' }),
    scale: type.kind === 'float' ? 1 : 2 ** (8 * type.bytes - 1),
    read: (index, out, at) => take(index, 1, out, at),
    block: (first, examples, out) => take(first, examples, out, 0),
  };
  return { count, field };
}

/** One whole number is a class. */
function contentOf(type: NumberType, example: readonly number[]): RawField['content'] {
  if (type.kind === 'float') return 'numbers';
  if (!example.some((n) => n > 1)) return 'class';
  return type === numberTypes.u1 ? 'bytes' : 'integers';
}
