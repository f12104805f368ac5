/** IDX files (LeCun's MNIST format): two zero bytes, a type, the number of axes, big-endian sizes, the numbers. */
import { UserError } from '../errors.ts';
import type { Bytes } from './place.ts';
import { arrayField, type NumberType, numberTypes, type RawField } from './raw.ts';

const types: Record<number, NumberType> = {
  8: numberTypes.u1,
  9: numberTypes.i1,
  11: numberTypes.i2,
  12: numberTypes.i4,
  13: numberTypes.f4,
  14: numberTypes.f8,
};

export async function isIdx(bytes: Bytes): Promise<boolean> {
  if (bytes.size < 8) return false;
  const [a, b, type, axes] = await bytes.read(0, 4);
  return a === 0 && b === 0 && types[type!] !== undefined && axes! >= 1 && axes! <= 8;
}

export async function readIdx(
  bytes: Bytes,
  name: string | null,
): Promise<{ count: number; field: RawField }> {
  if (!(await isIdx(bytes)))
    throw new UserError(`${bytes.path} is not an IDX file: its first bytes are not IDX's`);
  const head = await bytes.read(0, 4);
  const axes = head[3]!;
  const offset = 4 + 4 * axes;
  if (bytes.size < offset) throw new UserError(`${bytes.path} was cut off: its IDX header is not complete`);
  const sizes = await bytes.read(4, 4 * axes);
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.byteLength);
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 * i));
  const array = arrayField(bytes, { name, type: types[head[2]!]!, little: false, offset, shape });
  // What MNIST and its kin are: bytes with two axes or three.
  const picture = array.field.content === 'bytes' && (axes === 3 || axes === 4);
  return picture ? { ...array, field: { ...array.field, content: 'picture' } } : array;
}
