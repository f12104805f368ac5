/**
 * Decodes pictures with the browser's own decoders, by the rules of Node's (sharp): turned as their EXIF says, cropped in
 * the middle, white behind what is transparent, grey by luma. Scaled ones differ by a level or two of 255, large JPEGs
 * by more: sharp decodes those smaller at once.
 */
import { luma } from '../../core/sources/luma.ts';
import { cover } from './resize.ts';

export async function decodePicture(
  file: Blob,
  height: number,
  width: number,
  channels: number,
): Promise<Uint8Array> {
  const rgba = await pixelsOf(file, channels !== 4);
  const same = rgba.width === width && rgba.height === height;
  const data = same ? rgba.data : scaled(rgba, width, height);
  if (channels === 4) return new Uint8Array(data);
  const count = width * height;
  const out = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    if (channels === 1) out[i] = luma(data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!);
    else for (let c = 0; c < channels; c++) out[channels * i + c] = data[4 * i + c]!;
  }
  return out;
}

async function pixelsOf(file: Blob, opaque: boolean): Promise<ImageData> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    if (opaque) {
      // What is transparent becomes white, as on paper.
      context.fillStyle = '#ffffff';
      context.fillRect(0, 0, width, height);
    }
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } finally {
    bitmap.close();
  }
}

/** Colours count by how opaque they are. */
function scaled({ data, width: w, height: h }: ImageData, width: number, height: number): Uint8ClampedArray {
  const weighted = Float32Array.from(data, (v, i) => (i % 4 === 3 ? v : (v * data[i | 3]!) / 255));
  const out = cover({ data: weighted, width: w, height: h }, width, height);
  // A clamped array rounds.
  return Uint8ClampedArray.from(out, (v, i) => {
    const alpha = out[i | 3]!;
    return i % 4 === 3 || alpha <= 0 ? v : (v * 255) / alpha;
  });
}
