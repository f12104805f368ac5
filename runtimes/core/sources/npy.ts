/** NumPy's NPY format, versions 1 to 3 (numpy.lib.format), and its writer for what a model draws. */
import { UserError } from '../errors.ts';
import type { Bytes } from './place.ts';
import { arrayField, type NumberType, numberTypes, type RawField } from './raw.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy itself refuses longer headers unless told otherwise. */
const HEADER_LIMIT = 10_000;

export async function isNpy(bytes: Bytes): Promise<boolean> {
  if (bytes.size < 10) return false;
  const head = await bytes.read(0, 6);
  return MAGIC.every((b, i) => head[i] === b);
}

export async function readNpy(
  bytes: Bytes,
  name: string | null,
): Promise<{ count: number; field: RawField }> {
  const refuse = (why: string): never => {
    throw new UserError(`${bytes.path} cannot be read as an NPY file: ${why}`);
  };
  if (!(await isNpy(bytes))) refuse('its first bytes are not NumPy’s');
  const start = await bytes.read(6, 6);
  const version = start[0]!;
  if (version < 1 || version > 3) refuse(`it is of version ${version}`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const wide = version > 1;
  const length = wide ? view.getUint32(2, true) : view.getUint16(2, true);
  const at = wide ? 12 : 10;
  if (length > HEADER_LIMIT || at + length > bytes.size) refuse('its header is cut off');
  const header = new TextDecoder().decode(await bytes.read(at, length));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const dims = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || dims === undefined) {
    return refuse('its header does not say type, order and shape');
  }
  const [, order = '', code = ''] = /^([<>|=]?)(\w+)$/.exec(descr) ?? [];
  const type = (numberTypes as Record<string, NumberType>)[code === 'b1' ? 'u1' : code];
  if (type === undefined)
    return refuse(`numbers of type '${descr}' are not read; save it as float32 or uint8`);
  if (fortran === 'True') refuse('it is in Fortran order; save np.ascontiguousarray of it');
  const shape = dims
    .split(',')
    .map((d) => d.trim())
    .filter((d) => d !== '')
    .map((d) => (/^\d+$/.test(d) ? Number(d) : refuse(`its shape (${dims}) is not made of whole numbers`)));
  if (shape.length === 0) refuse('it is a single number, not an array of examples');
  return arrayField(bytes, { name, type, little: order !== '>', offset: at + length, shape });
}

/** A float32 array as an NPY file (version 1). */
export function writeNpy(shape: readonly number[], data: Float32Array): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + head.length + 1) / 64) * 64;
  const out = new Uint8Array(length + data.byteLength);
  out.set(MAGIC);
  out[6] = 1;
  new DataView(out.buffer).setUint16(8, length - 10, true);
  out.set(new TextEncoder().encode(`${head.padEnd(length - 11)}\n`), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return out;
}
