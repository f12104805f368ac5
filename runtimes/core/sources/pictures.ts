/**
 * Folders of pictures: decoded when they are needed, resized and centre-cropped to the declared type; the classes are
 * the sub-folders. What does not decode is named, counted and replaced by the next one, up to a limit.
 */
import { said, UserError } from '../errors.ts';
import type { TypeSpec } from '../model.ts';
import { classesOf, classFacts, type Files } from './classes.ts';
import { type Declared, typeText } from './fit.ts';
import type { DecodePicture, Place } from './place.ts';
import type { RawField, RawSource } from './raw.ts';

/** Decoded pictures are kept in memory up to here. */
const MEMORY = 256 * 2 ** 20;

export async function openPictures(
  folder: string,
  found: Files,
  record: readonly Declared[],
  place: Place,
): Promise<RawSource> {
  const { files } = found;
  const picture = record.find((d) => d.type.meaning !== 'label');
  if (picture?.type.meaning === 'sound') {
    throw new UserError(
      `${folder} holds pictures, but \`${picture.name}\` is declared ${typeText(picture.type)}`,
      { hint: 'give a folder of WAV, or declare it image[h, w, c]' },
    );
  }
  const label = record.find((d) => d.type.meaning === 'label');
  const classes = classesOf(folder, found, record);
  const fields: RawField[] = [];
  let decoder: Decoder | null = null;
  if (picture !== undefined) {
    decoder = new Decoder(folder, files, sideOf(picture, folder), await place.pictures());
    fields.push(decoder.field);
  }
  if (classes !== null) {
    const shift = decoder;
    fields.push({
      name: null,
      shape: [],
      content: 'class',
      slow: true,
      // The class of the picture that is shown, which is another one where the picture could not be decoded.
      read(index, out, at) {
        if (shift === null) {
          out[at] = classes.of[index]!;
          return;
        }
        return shift.pixels(index).then(({ shown }) => {
          out[at] = classes.of[shown]!;
        });
      },
    });
  }
  return {
    origin: folder,
    count: files.length,
    fields,
    report: () => decoder?.report() ?? null,
    facts: {
      unit: ['picture', 'pictures'],
      hidden: found.hidden,
      ...(classes === null
        ? {}
        : { classes: classFacts(classes.names, classes.of, label?.type.shape[0]), notices: classes.notices }),
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
  private readonly size: number;
  private readonly kept: (Uint8Array | undefined)[] | null;
  private readonly broken = new Map<number, string>();
  private readonly limit: number;
  /** Being decoded: a picture and its class ask for the same file at the same time. */
  private readonly pending = new Map<number, Promise<Uint8Array | null>>();

  constructor(
    private readonly folder: string,
    private readonly files: readonly string[],
    private readonly shape: [number, number, number],
    private readonly decodePicture: DecodePicture,
  ) {
    this.size = shape[0] * shape[1] * shape[2];
    this.kept = this.size * files.length <= MEMORY ? new Array(files.length) : null;
    this.limit = Math.max(10, Math.floor(files.length / 100));
    this.field = {
      name: null,
      shape,
      content: 'picture',
      slow: true,
      read: (index, out, at) =>
        this.pixels(index).then(({ data }) => {
          out.set(data, at);
        }),
    };
  }

  /** The picture, or the next one that decodes: which it is depends on the files alone, so runs can be repeated. */
  async pixels(index: number): Promise<{ data: Uint8Array; shown: number }> {
    for (let k = 0; k < this.files.length; k++) {
      const i = (index + k) % this.files.length;
      const data = this.kept?.[i] ?? (await this.decodeOnce(i));
      if (data === null) continue;
      if (this.kept !== null) this.kept[i] = data;
      return { data, shown: i };
    }
    throw new UserError(`none of the ${this.files.length} pictures of ${this.folder} can be decoded`);
  }

  private decodeOnce(index: number): Promise<Uint8Array | null> {
    const known = this.pending.get(index);
    if (known !== undefined) return known;
    const decoding = this.decode(index).finally(() => this.pending.delete(index));
    this.pending.set(index, decoding);
    return decoding;
  }

  private async decode(index: number): Promise<Uint8Array | null> {
    if (this.broken.has(index)) return null;
    const [height, width, channels] = this.shape;
    try {
      return await this.decodePicture(this.files[index]!, height, width, channels);
    } catch (error) {
      this.broken.set(index, said(error));
      if (this.broken.size > this.limit) {
        throw new UserError(
          `${this.broken.size} of ${this.files.length} pictures of ${this.folder} cannot be decoded (at most ${this.limit} are skipped):\n${this.names()}`,
        );
      }
      return null;
    }
  }

  private names(): string {
    const lines = [...this.broken].slice(0, 10).map(([i, why]) => `  ${this.files[i]}: ${why}`);
    if (this.broken.size > 10) lines.push(`  … and ${this.broken.size - 10} more`);
    return lines.join('\n');
  }

  report(): string | null {
    if (this.broken.size === 0) return null;
    const pictures = this.broken.size === 1 ? 'picture' : 'pictures';
    return `${this.broken.size} ${pictures} of ${this.folder} could not be decoded and ${this.broken.size === 1 ? 'was' : 'were'} skipped:\n${this.names()}`;
  }
}
