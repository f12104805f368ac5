/** Text as numbers and back: an example of `text[n, k]` is n characters, one-hot among k symbols. */

import type { TypeSpec } from './model.ts';

/** The symbols of a source of text, by index. Symbol 0 is empty: what comes after the end of a line. */
export interface Alphabet {
  /** Of the type: k. There may be fewer symbols. */
  readonly size: number;
  readonly symbols: readonly string[];
}

/** Stands for an index without a symbol. */
const UNKNOWN = '\uFFFD';

/**
 * The examples as text: at each place the symbol of the largest number, up to the end. `shape` is [n, k]. Without an alphabet
 * the indices are written.
 */
export function textsOf(
  values: Float32Array,
  shape: readonly number[],
  symbols: readonly string[] | null,
): string[] {
  const [length = 1, size = 1] = shape;
  const texts: string[] = [];
  for (let at = 0; at < values.length; at += length * size) {
    const indices: number[] = [];
    for (let i = 0; i < length; i++) {
      const index = largest(values, at + i * size, size);
      if (symbols !== null && symbols[index] === '') break;
      indices.push(index);
    }
    texts.push(
      symbols === null ? indices.join(' ') : indices.map((index) => symbols[index] ?? UNKNOWN).join(''),
    );
  }
  return texts;
}

function largest(values: Float32Array, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}

/** A text for each example, one below the other; a rule between those of several lines. */
export function joined(texts: readonly string[]): string {
  const several = texts.some((text) => text.includes('\n'));
  return `${texts.join(several ? '\n────────\n' : '\n')}\n`;
}

/**
 * The symbols for values of this type: nothing where it is no text, or where none fit. The first that fit: of two sources with
 * as many symbols the first one's.
 */
export function symbolsOf(
  { meaning, shape }: TypeSpec,
  alphabets: readonly Alphabet[] = [],
): { symbols?: readonly string[] } {
  const found = meaning === 'text' ? alphabets.find(({ size }) => size === shape[1]) : undefined;
  return found === undefined ? {} : { symbols: found.symbols };
}
