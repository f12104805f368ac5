/**
 * Folders of pictures: looked at when they are opened, decoded when they are needed, resized and centre-cropped to the
 * declared type; the classes are the sub-folders.
 */
import { said, UserError } from '../errors.ts';
import { type CropFacts, counted, type Notice } from '../run/facts.ts';
import type { ReadingSpec, TypeSpec } from '../run/model.ts';
import { classesOf, type Files, keysOf } from './classes.ts';
import { type Declared, typeText } from './declared.ts';
import { type Look, lookAt } from './look.ts';
import type { DecodePicture, Place } from './place.ts';
import { Broken, type RawField, type RawSource } from './raw.ts';
import { each } from './several.ts';
import { withMargin } from './transform.ts';

/** Decoded pictures are kept in memory up to here. */
const MEMORY = 256 * 2 ** 20;
/** Folders up to here are decoded when they are opened, so that every broken picture is known before the first step. */
const DECODED = { files: 2000, bytes: 64 * 2 ** 20 };
/** Of larger folders so many files are looked at, evenly. */
const LOOKED = 20_000;

/** So many small pictures are named. */
const FEW = 3;

export async function openPictures(
  folder: string,
  found: Files,
  record: readonly Declared[],
  place: Place,
  { crop }: ReadingSpec,
): Promise<RawSource> {
  const { files } = found;
  const picture = record.find((d) => d.type.meaning !== 'label');
  if (picture?.type.meaning === 'sound') {
    throw new UserError(
      `${folder} holds pictures, but \`${picture.name}\` is declared ${typeText(picture.type)}`,
      { hint: 'give a folder of WAV, or declare it image[h, w, c]' },
    );
  }
  const classes = classesOf(folder, found, record);
  const source = {
    origin: folder,
    count: files.length,
    keys: keysOf(folder, files),
    paths: files,
    facts: {
      unit: ['picture', 'pictures'] as const,
      hidden: found.hidden,
      notices: classes?.notices ?? [],
    },
  };
  const classFields = classes === null ? [] : [classes.field((index) => index)];
  if (picture === undefined) return { ...source, fields: classFields };
  // A crop by chance takes real pixels on every side.
  const shape = sideOf({ ...picture, type: withMargin(picture.type, crop) }, folder);
  const decoder = new Decoder(files, shape, await place.pictures());
  const { sizes, named, broken } = await lookAtAll(files, decoder, place);
  return {
    ...source,
    fields: [decoder.field, ...classFields],
    broken,
    facts: {
      ...source.facts,
      crop: cropOf(sizes, shape),
      notices: [...source.facts.notices, ...enlarged(picture, sizes, named, shape)],
    },
  };
}

/** Height, width and channels to decode to. A plain tensor must say them too, or be a square of grey or colour. */
function sideOf({ name, type }: Declared, folder: string): [number, number, number] {
  const { shape } = type as TypeSpec;
  if (shape.length === 3 && [1, 3, 4].includes(shape[2]!)) return shape as [number, number, number];
  if (shape.length === 2) return [shape[0]!, shape[1]!, 1];
  if (shape.length === 1) {
    for (const channels of [1, 3, 4]) {
      const side = Math.sqrt(shape[0]! / channels);
      if (Number.isInteger(side)) return [side, side, channels];
    }
  }
  throw new UserError(`${folder} holds pictures, but \`${name}\` is declared ${typeText(type)}`, {
    hint: `declare it image[h, w, c] with c = 1, 3 or 4`,
  });
}

class Decoder {
  readonly field: RawField;
  private readonly kept: (Uint8Array | undefined)[] | null;

  constructor(
    private readonly files: readonly string[],
    private readonly shape: [number, number, number],
    private readonly decodePicture: DecodePicture,
  ) {
    const size = shape[0] * shape[1] * shape[2];
    this.kept = size * files.length <= MEMORY ? new Array(files.length) : null;
    this.field = {
      name: null,
      shape,
      content: 'picture',
      slow: true,
      read: (index, out, at) => {
        const known = this.kept?.[index];
        if (known !== undefined) return void out.set(known, at);
        return this.pixels(index).then((data) => void out.set(data, at));
      },
    };
  }

  /** Throws `Broken`. */
  async pixels(index: number): Promise<Uint8Array> {
    const [height, width, channels] = this.shape;
    const path = this.files[index]!;
    try {
      const data = await this.decodePicture(path, height, width, channels);
      if (this.kept !== null) this.kept[index] = data;
      return data;
    } catch (error) {
      throw error instanceof UserError ? error : new Broken(path, said(error));
    }
  }
}

interface LookedAt {
  /** Of the pictures whose size is known. */
  sizes: (readonly [number, number])[];
  /** Of each of these its file. */
  named: string[];
  broken: Map<number, string>;
}

/** Which it looks at and which it decodes depends on the files alone, so that runs can be repeated. */
async function lookAtAll(files: readonly string[], decoder: Decoder, place: Place): Promise<LookedAt> {
  const looks = new Map<number, Look>();
  const broken = new Map<number, string>();
  const stride = Math.max(1, files.length / LOOKED);
  const chosen = Array.from({ length: Math.min(files.length, LOOKED) }, (_, i) => Math.floor(i * stride));
  await each(chosen, async (index) => {
    try {
      looks.set(index, await lookAt(files[index]!, place));
    } catch (error) {
      if (!(error instanceof UserError) || error.code === 2) throw error;
      broken.set(index, error.message.replace(files[index]!, 'it'));
    }
  });
  const bytes = [...looks.values()].reduce((sum, look) => sum + look.bytes, 0);
  const few = files.length <= DECODED.files && bytes <= DECODED.bytes;
  const judged = [...looks].filter(([, { whole }]) => few || !whole).map(([index]) => index);
  await each(judged, async (index) => {
    try {
      await decoder.pixels(index);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      broken.set(index, error.why);
    }
  });
  const sized = chosen.flatMap((i) => {
    const size = broken.has(i) ? null : (looks.get(i)?.size ?? null);
    return size !== null && size[0] > 0 && size[1] > 0 ? [{ size, file: files[i]! }] : [];
  });
  return { sizes: sized.map((s) => s.size), named: sized.map((s) => s.file), broken };
}

/** Which share of its area is left of a picture that is scaled until it covers the shape, and cropped. */
function cropOf(sizes: LookedAt['sizes'], [height, width]: readonly number[]): CropFacts | null {
  if (sizes.length === 0) return null;
  const shares = sizes.map(([w, h]) => {
    const ratio = (w * height!) / (h * width!);
    return Math.min(ratio, 1 / ratio);
  });
  return {
    mean: shares.reduce((a, b) => a + b, 0) / shares.length,
    least: shares.reduce((a, b) => Math.min(a, b)),
    most: shares.reduce((a, b) => Math.max(a, b)),
    of: shares.length,
  };
}

/** Pictures that are smaller than what is declared show no detail of its size. */
function enlarged(
  { name, type }: Declared,
  sizes: LookedAt['sizes'],
  named: readonly string[],
  shape: readonly number[],
): Notice[] {
  const [height = 1, width = 1] = shape;
  const small = sizes.flatMap(([w, h], i) => (w < width || h < height ? [{ w, h, file: named[i]! }] : []));
  if (small.length === 0) return [];
  const least = small.reduce((a, b) => (a.w * a.h <= b.w * b.h ? a : b));
  const than = `than \`${name}\` (${typeText(type)})`;
  // A few strays are no reason to declare another size.
  if (small.length <= FEW && small.length < sizes.length / 2) {
    const files = small.map(({ w, h, file }) => `${file} (${h}×${w})`).join(', ');
    const one = small.length === 1;
    return [
      {
        message: `${counted(small.length, 'picture')} of ${sizes.length} ${one ? 'is' : 'are'} smaller ${than} and enlarged: ${files}`,
        hint: `leave ${one ? 'it' : 'them'} out if ${one ? 'it is' : 'they are'} too coarse`,
      },
    ];
  }
  const which =
    small.length === sizes.length ? 'all pictures' : `${small.length} of ${sizes.length} pictures`;
  return [
    {
      message: `${which} are smaller ${than} and enlarged; the smallest is ${least.h}×${least.w}: ${least.file}`,
      hint: 'declare a smaller size to learn from the pixels that there are',
    },
  ];
}
