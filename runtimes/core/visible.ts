/** Characters that end a line, give orders to a terminal or turn the direction of writing, made visible. */

/** Controls, line and paragraph separators, halves of surrogate pairs, and what reverses text (bidirectional controls). */
const HIDDEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\uFEFF]/gu;

/** A text on one line, in which every character shows: a line separator is written `\u{2028}`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (c) => (c === '\t' ? ' ' : `\\u{${c.codePointAt(0)!.toString(16)}}`));
}

/** The lines of a text, each visible. */
export function visibleLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/).map(visible);
}

/** A text of one or more lines for a terminal. */
export function visibleText(text: string): string {
  return visibleLines(text).join('\n');
}

/** At most `length` UTF-16 units, and no half of a character. */
export function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}
