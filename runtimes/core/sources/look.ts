/**
 * A look at a picture's file without decoding it: its size, and whether its end is there. What only a decoder can judge
 * (another kind of file, an end that looks wrong) is left to the decoder.
 */
import { JPG } from 'image-size/types/jpg';
import { PNG } from 'image-size/types/png';
import { WEBP } from 'image-size/types/webp';
import type { Place } from './place.ts';

export interface Look {
  /** Width and height as the picture is shown, turned as its EXIF says; null: not found near the beginning. */
  size: readonly [number, number] | null;
  /** Header and end are there. */
  whole: boolean;
  /** Of the file. */
  bytes: number;
}

/** A JPEG's size stands behind its colour profile and its thumbnail. */
const HEAD = 64 * 1024;
const TAIL = 12;
const IEND = [0x49, 0x45, 0x4e, 0x44];

export async function lookAt(path: string, place: Place): Promise<Look> {
  const file = await place.open(path, true);
  try {
    const head = await file.read(0, Math.min(HEAD, file.size));
    const tail = await file.read(Math.max(0, file.size - TAIL), Math.min(TAIL, file.size));
    return { ...looked(head, tail, file.size), bytes: file.size };
  } finally {
    await file.close();
  }
}

function looked(head: Uint8Array, tail: Uint8Array, bytes: number): Omit<Look, 'bytes'> {
  try {
    if (JPG.validate(head)) {
      const { width, height, orientation = 1 } = JPG.calculate(head);
      const ends = tail.at(-2) === 0xff && tail.at(-1) === 0xd9;
      return { size: orientation > 4 ? [height, width] : [width, height], whole: ends };
    }
    if (PNG.validate(head)) {
      const { width, height } = PNG.calculate(head);
      return { size: [width, height], whole: IEND.every((b, i) => tail[4 + i] === b) };
    }
    if (WEBP.validate(head)) {
      const { width, height } = WEBP.calculate(head);
      const says = new DataView(head.buffer, head.byteOffset).getUint32(4, true);
      return { size: [width, height], whole: says + 8 <= bytes };
    }
  } catch {
    // A header that is cut off or damaged.
  }
  return { size: null, whole: false };
}
