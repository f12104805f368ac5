/** Kinds of picture and sound by the endings of their names: those that are read, and those that are often given. */
import type { Notice, Skipped } from '../run/facts.ts';
import { filesOf } from './classes.ts';
import type { RawSource } from './raw.ts';
import { unpackLine } from './wav.ts';

export const PICTURE = /\.(png|jpe?g|webp)$/i;
export const SOUND = /\.wave?$/i;
/** Both. */
export const MEDIA = new RegExp(`${PICTURE.source}|${SOUND.source}`, 'i');

/** Pictures that are not read. */
export const OTHER_PICTURE =
  /\.(gif|bmp|tiff?|hei[cf]|avif|jxl|jp2|jfif|svg|tga|psd|p[bgpn]m|exr|dng|cr2|nef|arw)$/i;
/** Sound that is not read. */
export const OTHER_SOUND = /\.(mp3|flac|ogg|oga|opus|m4a|aac|aiff?|wma)$/i;

/** `a GIF`, `an AVIF` */
function kindWords(path: string): string {
  const kind = path.slice(path.lastIndexOf('.') + 1).toUpperCase();
  const vowel = /^(A|E|SVG|MP3|M4A|NEF|O)/.test(kind);
  return `${vowel ? 'an' : 'a'} ${kind}`;
}

/**
 * The source of a folder's pictures or sounds, with what was left out for its kind: files of a kind that is not read are
 * named one by one, files of the other kind (sounds among pictures) in a notice.
 */
export function withOthers(source: RawSource, all: readonly string[], kind: 'picture' | 'sound'): RawSource {
  const { origin, facts } = source;
  const [other, way, foreign] =
    kind === 'picture'
      ? [OTHER_PICTURE, () => 'convert it to PNG', SOUND]
      : [OTHER_SOUND, (path: string) => `convert it to WAV: ${unpackLine(path)}`, PICTURE];
  const skipped = filesOf(origin, all, other).files.map(
    (path): Skipped => ({ what: path, why: `${kindWords(path)}: ${way(path)}` }),
  );
  const left = filesOf(origin, all, foreign).files;
  const notices: Notice[] =
    left.length === 0
      ? []
      : [
          {
            message: `${origin} is read as a folder of ${kind}s: ${left.length} ${kind === 'picture' ? 'WAV' : 'picture'} ${left.length === 1 ? 'file is' : 'files are'} left out`,
            hint: null,
          },
        ];
  return {
    ...source,
    facts: {
      ...facts,
      skipped: [...(facts?.skipped ?? []), ...skipped],
      notices: [...(facts?.notices ?? []), ...notices],
    },
  };
}
