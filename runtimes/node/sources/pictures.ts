/** Decodes pictures with sharp. */
import { said, UserError } from '../../core/errors.ts';
import { luma } from '../../core/sources/luma.ts';
import type { DecodePicture } from '../../core/sources/place.ts';

export async function pictureDecoder(): Promise<DecodePicture> {
  const sharp = await loadSharp();
  return async (path, height, width, channels) => {
    const read = async () => {
      let image = sharp(path, { failOn: 'error' })
        .rotate()
        .resize(width, height, { fit: 'cover', position: 'centre' });
      if (channels === 4) image = image.toColourspace('srgb').ensureAlpha();
      else {
        // What is transparent becomes white, as on paper.
        image = image.flatten({ background: '#ffffff' }).toColourspace('srgb');
      }
      const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
      const decoded = channels === 1 ? 3 : channels;
      if (info.channels !== decoded) throw new Error(`it has ${info.channels} channels, not ${decoded}`);
      if (channels !== 1) return new Uint8Array(data);
      return Uint8Array.from({ length: width * height }, (_, i) =>
        luma(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!),
      );
    };
    return read().catch((error) => {
      throw inWords(path, said(error));
    });
  };
}

/** What libvips and its decoders say, and what it means. Where the machine is at fault the picture is not broken. */
const REASONS: readonly [RegExp, string][] = [
  [
    /unsupported image format|not a known file format/i,
    'it is no picture that can be read (PNG, JPEG, WebP)',
  ],
  [/pixel limit|exceeds/i, 'it has more pixels than are decoded (268 million)'],
  [/input file is missing/i, 'it is not there any more'],
  // Which of the decoder's complaints comes first differs from time to time.
  [
    /premature|read error|end of|truncated|out of|not enough|crc|corrupt|invalid|bad|bogus|unknown error|spng|jpeg|webp/i,
    'it is damaged or cut off',
  ],
];

function inWords(path: string, text: string): Error {
  if (/too many open files|EMFILE|ENFILE/i.test(text)) {
    return new UserError(`${path} cannot be read: too many files are open`, {
      hint: 'allow more of them: ulimit -n 1024',
      code: 2,
    });
  }
  if (/out of memory|cannot allocate|ENOMEM/i.test(text)) {
    return new UserError(`${path} cannot be decoded: there is not enough memory`, { code: 2 });
  }
  return new Error(REASONS.find(([pattern]) => pattern.test(text))?.[1] ?? text);
}

async function loadSharp(): Promise<typeof import('sharp').default> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw new UserError(`pictures are read with sharp, which does not load: ${said(error)}`, {
      hint: 'npm install sharp',
      code: 2,
    });
  }
}
