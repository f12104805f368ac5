/** Decodes pictures with sharp. */
import { said, UserError } from '../../core/errors.ts';
import type { DecodePicture } from '../../core/sources/place.ts';

export async function pictureDecoder(): Promise<DecodePicture> {
  const sharp = await loadSharp();
  return async (path, height, width, channels) => {
    let image = sharp(path, { failOn: 'error' })
      .rotate()
      .resize(width, height, { fit: 'cover', position: 'centre' });
    if (channels === 4) image = image.toColourspace('srgb').ensureAlpha();
    else {
      // What is transparent becomes white, as on paper.
      image = image.flatten({ background: '#ffffff' });
      image = channels === 1 ? image.toColourspace('b-w') : image.toColourspace('srgb');
    }
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    if (info.channels !== channels) throw new Error(`it has ${info.channels} channels, not ${channels}`);
    return new Uint8Array(data);
  };
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
