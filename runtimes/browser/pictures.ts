/**
 * Decodes pictures with the browser's own decoders. Cropping, transparency and grey are as under Node (sharp); scaling
 * is the browser's filter and not Lanczos', so a scaled picture differs from Node's by a few of 255 levels.
 */

const linear = Float64Array.from({ length: 256 }, (_, i) => {
  const c = i / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
});

export async function decodePicture(
  file: Blob,
  height: number,
  width: number,
  channels: number,
): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  try {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    if (channels !== 4) {
      // What is transparent becomes white, as on paper.
      context.fillStyle = '#ffffff';
      context.fillRect(0, 0, width, height);
    }
    context.imageSmoothingQuality = 'high';
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    const [w, h] = [width / scale, height / scale];
    context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return channels === 4 ? new Uint8Array(data) : opaque(data, channels);
  } finally {
    bitmap.close();
  }
}

function opaque(rgba: Uint8ClampedArray, channels: number): Uint8Array {
  const count = rgba.length / 4;
  const out = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    if (channels === 1) out[i] = grey(rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!);
    else for (let c = 0; c < channels; c++) out[channels * i + c] = rgba[4 * i + c]!;
  }
  return out;
}

/** Luminance (Rec. 709) of linear light, with sRGB's curve. */
function grey(r: number, g: number, b: number): number {
  if (r === g && g === b) return r;
  const y = 0.2126 * linear[r]! + 0.7152 * linear[g]! + 0.0722 * linear[b]!;
  return Math.round(255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055));
}
