/**
 * From the numbers of a file to the values of a type. The type decides, not how the numbers are stored: a plain tensor
 * takes them as they are; `image` scales whole numbers to [−1, 1], `sound` those of integer samples. What does not look
 * like the type is said, with the remedy; what lies outside it is refused.
 */
import { UserError } from '../errors.ts';
import type { Notice } from '../run/facts.ts';
import type { TypeSpec } from '../run/model.ts';
import { type Declared, typeText } from './declared.ts';
import type { RawField } from './raw.ts';
import type { Range } from './survey.ts';

/** A value is number / scale + shift. */
export interface Scaling {
  readonly scale: number;
  readonly shift: number;
  readonly notices: readonly Notice[];
}

interface Given {
  /** Of the record. */
  readonly name: string;
  readonly type: TypeSpec;
  readonly origin: string;
  readonly raw: RawField;
  /** null: not known (pictures and sounds that are decoded when they are needed). */
  readonly range: Range | null;
}

/** Bytes of a picture: 0 is −1, 255 is 1. */
const bytes = { scale: 127.5, shift: -1 };
/** Black and white: 0 is −1, 1 is 1. */
const bits = { scale: 0.5, shift: -1 };
/** Unsigned bytes of sound, as in WAV: 128 is silence. */
const byteSamples = { scale: 128, shift: -1 };
const asTheyAre = { scale: 1, shift: 0 };

/** Values may be off by this much: rounding of those who scaled them. */
export const SLACK = 1e-3;

export function scalingOf(given: Given): Scaling {
  const { name, type, range } = given;
  const constant =
    range !== null && range.min === range.max
      ? [note(`every number of \`${name}\` is ${shown(range.min)}: there is nothing to learn`)]
      : [];
  const scaling = byMeaning[type.meaning](given);
  if (range !== null) refuseOutside(given, scaling, range);
  return { ...scaling, notices: constant.length > 0 ? constant : scaling.notices };
}

/** What can be said of pictures and sounds that are decoded when they are needed, by the first of them. */
export function firstLook(
  { name, type }: Declared,
  raw: RawField,
  values: Float32Array,
  of: number,
): Notice[] {
  // A few say little.
  if (raw.block !== undefined || type.meaning === 'label' || of < 8) return [];
  const min = values.reduce((a, b) => Math.min(a, b));
  const max = values.reduce((a, b) => Math.max(a, b));
  const first = `the first ${of} examples`;
  if (min === max) return [note(`\`${name}\`: every number of ${first} is ${shown(min)}`)];
  if (raw.content !== 'picture' || max - min >= 0.25) return [];
  return [
    note(
      `\`${name}\`: ${first} lie in [${shown(min)}, ${shown(max)}] of [−1, 1], hardly any contrast`,
      'pictures that use few of their bits are saved with all of them: x * (255 / x.max())',
    ),
  ];
}

const byMeaning: Record<TypeSpec['meaning'], (given: Given) => Scaling> = {
  tensor,
  image,
  sound,
  label,
  // One-hot as it is read.
  text: () => ({ ...asTheyAre, notices: [] }),
};

/** Decoded pictures have the values of pictures; numbers of arrays stay what they are. */
function tensor({ name, raw, range }: Given): Scaling {
  const kept = { ...asTheyAre, notices: [] };
  if (raw.content === 'picture') {
    // Zeros and ones are a mask, or one-hot letters.
    if (range !== null && range.max <= 1) return kept;
    return { ...bytes, notices: [note(`\`${name}\`: bytes of pictures are scaled to [−1, 1]`)] };
  }
  if (raw.content !== 'bytes' || range === null || range.max <= 1) return kept;
  const wide = raw.shape.filter((n) => n > 1).length;
  if (wide < 2 && range.max < 200) return kept;
  return {
    ...kept,
    notices: [
      note(
        `\`${name}\`: bytes ${range.min} to ${range.max} stay as they are in a plain tensor`,
        `if they are pictures, declare ${imageOf(raw.shape)}, which scales them to [−1, 1]`,
      ),
    ],
  };
}

const imageOf = (shape: readonly number[]) =>
  shape.length < 2 ? 'image[h, w, c]' : `image[${[...shape, 1].slice(0, 3).join(', ')}]`;

function image({ name, raw, range }: Given): Scaling {
  if (raw.content === 'picture' && range === null) return { ...bytes, notices: [] };
  if (range === null) return { ...asTheyAre, notices: [] };
  const { min, max } = range;
  const asBytes = raw.content === 'bytes' || raw.content === 'picture';
  if (asBytes || raw.content === 'integers' || raw.content === 'class') {
    if (min >= 0 && max <= 1) {
      return { ...bits, notices: [note(`\`${name}\`: 0 and 1 are read as −1 and 1, black and white`)] };
    }
    if (min >= 0 && max <= 255) {
      return { ...bytes, notices: [...(asBytes ? [] : [wholeNumbers(name, range)]), ...faint(name, range)] };
    }
    return { ...asTheyAre, notices: [] };
  }
  return { ...asTheyAre, notices: floats(name, range) };
}

function wholeNumbers(name: string, { min, max }: Range): Notice {
  return note(
    `\`${name}\`: whole numbers ${shown(min)} to ${shown(max)} are read as bytes of pictures: 0 is −1, 255 is 1`,
  );
}

/** Bytes that use a small part of 0 to 255, such as digits in 17 shades. */
function faint(name: string, { min, max }: Range): Notice[] {
  if (max - min >= 64) return [];
  return [
    note(
      `\`${name}\`: bytes lie between ${min} and ${max} of 0 to 255, so pictures have hardly any contrast: ${shown(min / 127.5 - 1)} to ${shown(max / 127.5 - 1)}`,
      `if ${max} is white, save (x * (255 / ${max})).astype(np.uint8)`,
    ),
  ];
}

/** Floats inside [−1, 1] that look as if they were made for another range. */
function floats(name: string, { min, max }: Range): Notice[] {
  const lie = `\`${name}\`: values lie in [${shown(min)}, ${shown(max)}], but those of an image in [−1, 1]`;
  if (min >= 0) return [note(lie, 'if 0 is black and 1 is white, save x * 2 - 1')];
  const most = Math.max(-min, max);
  if (most > 0.5 + SLACK) return [];
  return [note(lie, `save x * ${shown(1 / most)}, if ±${shown(most)} are black and white`)];
}

function sound({ name, raw, range }: Given): Scaling {
  const unsigned = raw.content === 'bytes' || (raw.content === 'picture' && range !== null);
  const scale = raw.content === 'integers' ? (raw.scale ?? 1) : 1;
  const scaling = unsigned ? byteSamples : { scale, shift: 0 };
  if (range === null) return { ...scaling, notices: [] };
  const [min, max] = [range.min, range.max].map((v) => v / scaling.scale + scaling.shift) as [number, number];
  const most = Math.max(-min, max);
  const notices: Notice[] = [];
  if (most < 0.02) {
    notices.push(
      note(
        `\`${name}\`: samples stay within ±${shown(most)} of ±1, nearly silent`,
        scale > 1 && Math.max(-range.min, range.max) * 100 < scale
          ? 'save them as integers of the bits that they have (16: x.astype(np.int16)), or louder'
          : `save them louder: x / ${shown(most)}`,
      ),
    );
  } else if (min >= 0) {
    notices.push(
      note(
        `\`${name}\`: samples lie in [${shown(min)}, ${shown(max)}], never below 0, though sound swings around 0`,
        'if 0.5 is silence, save x * 2 - 1',
      ),
    );
  }
  return { ...scaling, notices };
}

/** A vector for each example: one-hot, or how likely each class is. */
function label({ name, type, origin, range }: Given): Scaling {
  if (range !== null && (range.min < -SLACK || range.max > 1 + SLACK)) {
    throw new UserError(
      `\`${name}\` is declared ${typeText(type)}, a class or its one-hot vector, but ${origin} holds ${shown(range.min)} to ${shown(range.max)} for it`,
      { hint: 'save the number of the class, one for each example, from 0' },
    );
  }
  return { ...asTheyAre, notices: [] };
}

function refuseOutside({ name, type, origin, raw }: Given, { scale, shift }: Scaling, range: Range): void {
  if (type.meaning !== 'image' && type.meaning !== 'sound') return;
  const [min, max] = [range.min / scale + shift, range.max / scale + shift];
  if (min >= -1 - SLACK && max <= 1 + SLACK) return;
  const remedy = type.meaning === 'image' ? imageRemedy(raw, range) : soundRemedy(range);
  throw new UserError(
    `\`${name}\` is declared ${typeText(type)}, with values in [−1, 1], but ${origin} holds ${shown(range.min)} to ${shown(range.max)}`,
    { hint: remedy },
  );
}

const depths = [10, 12, 14, 16];

/** How to get numbers of such a range to [−1, 1]. */
function imageRemedy(raw: RawField, { min, max }: Range): string {
  const whole = raw.content === 'integers';
  if (min >= -1.2 && max <= 1.2) return 'if they were meant to lie in [−1, 1], save np.clip(x, -1, 1)';
  if (min >= 0 && max <= 255.5 && !whole) {
    return 'if 255 is white, save bytes, which are scaled here: x.round().astype(np.uint8); or x / 127.5 - 1';
  }
  const depth = min >= 0 ? depths.find((n) => max < 2 ** n) : undefined;
  if (depth !== undefined && max > 255) {
    const top = 2 ** depth - 1;
    return `if they have ${depth} bits, save bytes: (x * (255 / ${top})).astype(np.uint8); or x / ${top / 2} - 1`;
  }
  return `scale them to [−1, 1]: 2 * (x ${min < 0 ? '+' : '-'} ${shown(Math.abs(min))}) / ${shown(max - min)} - 1`;
}

function soundRemedy({ min, max }: Range): string {
  const most = Math.max(-min, max);
  if (most <= 1.2) return 'if they were meant to lie in [−1, 1], save np.clip(x, -1, 1)';
  const top = [2 ** 7, 2 ** 15, 2 ** 23, 2 ** 31].find((n) => most <= n);
  return top === undefined
    ? `scale them to [−1, 1]: x / ${shown(most)}`
    : `if they are samples of ${Math.log2(top) + 1} bits, save x / ${top}`;
}

const note = (message: string, hint: string | null = null): Notice => ({ message, hint });

/** Four digits are enough to see what a range is. */
const shown = (v: number) => String(Number.isInteger(v) ? v : Number(v.toPrecision(4)));
