/** What can be wrong with a text before it is parsed: its size, its characters, its strings and numbers. */
import { type IToken, tokenMatcher } from 'chevrotain';
import { Identifier, type Lexed, NumberLiteral, StringLiteral } from '../../grammar/tokens.ts';
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import { diagnose, type Extras } from '../diagnostics/table.ts';
import { type Context, tokenSpan } from './cst.ts';
import { numberValue } from './expressions.ts';

export const sizeLimit = 1024 * 1024;

/** Why the text is refused as a whole, if it is. */
export function refuse({ path, text }: Source): Diagnostic | undefined {
  const start = { file: path, start: 0, end: 0 };
  const bytes = text.length > sizeLimit ? text.length : utf8Length(text);
  if (bytes > sizeLimit) return diagnose('GAN0101', start, { bytes, limit: sizeLimit });
  const bad = text.search(/[\0\uFFFD]/);
  if (bad < 0) return undefined;
  const what = text[bad] === '\0' ? 'a NUL byte' : 'bytes that are not UTF-8';
  const line = text.slice(0, bad).split('\n').length;
  return diagnose('GAN0102', { file: path, start: bad, end: bad + 1 }, { what, line });
}

function utf8Length(text: string): number {
  if (text.length * 3 <= sizeLimit) return text.length;
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // Each half of a surrogate pair counts for two of its four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}

/** What to write instead of characters that people type or paste. */
const instead: Readonly<Record<string, { readonly text?: string; readonly help: string }>> = {
  ';': { text: '', help: 'nothing needs a `;`: every declaration begins with a keyword' },
  '&': { text: '&&', help: '“and” is written `&&`' },
  '|': { text: '|>', help: 'a stage begins with `|>`; “or” is written `||`' },
  "'": { help: 'a string stands in double quotes: `"…"`' },
  '`': { help: 'a string stands in double quotes: `"…"`' },
  '“': { text: '"', help: 'a string stands in straight quotes: `"…"`' },
  '”': { text: '"', help: 'a string stands in straight quotes: `"…"`' },
  '„': { text: '"', help: 'a string stands in straight quotes: `"…"`' },
  '−': { text: '-', help: 'minus is written `-`' },
  '–': { text: '-', help: 'minus is written `-`' },
  '×': { text: '*', help: '“times” is written `*`' },
  '·': { text: '*', help: '“times” is written `*`' },
  '÷': { text: '/', help: '“divided by” is written `/`' },
  '≤': { text: '<=', help: 'write `<=`' },
  '≥': { text: '>=', help: 'write `>=`' },
  '≠': { text: '!=', help: 'write `!=`' },
  '→': { text: '->', help: 'write `->`' },
  '∼': { text: '~', help: 'write `~`' },
  '²': { text: '^2', help: 'a power is written `^`; a name takes plain digits (`σ2`)' },
  '³': { text: '^3', help: 'a power is written `^`; a name takes plain digits (`σ2`)' },
  '∇': { help: 'a gradient is written `grad(y, x)`' },
  '√': { help: 'a square root is written `sqrt(x)`' },
  '∑': { help: 'a sum is written `sum(x)`' },
  '?': { help: 'a choice is written `if c then a else b`' },
};

export function reportUnknown(context: Context, text: string, unknown: Lexed['unknown']): void {
  for (const { offset, length } of unknown) {
    const characters = text.slice(offset, offset + length);
    const first = String.fromCodePoint(characters.codePointAt(0)!);
    const span = { file: context.path, start: offset, end: offset + length };
    const hint = characters === first ? instead[first] : undefined;
    const extras: Extras =
      hint === undefined
        ? {}
        : hint.text === undefined
          ? { help: hint.help }
          : { help: hint.help, fix: [{ span, text: hint.text }] };
    context.report(diagnose('GAN0103', span, { character: shown(characters) }, extras));
  }
}

function shown(characters: string): string {
  const visible = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u.test(characters);
  if (visible && characters.length <= 8) return characters;
  return `U+${characters.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A string without its closing quote. */
export function isUnended({ tokenType, image }: IToken): boolean {
  return tokenType === StringLiteral && (image.length < 2 || image.at(-1) !== image[0]);
}

/** Characters of a name. */
const nameLimit = 200;

/** Strings and numbers that were lexed although they are malformed, so that parsing could go on; and names too long. */
export function reportLiterals(context: Context, tokens: readonly IToken[]): void {
  const long = new Set<string>();
  for (const token of tokens) {
    const { length } = token.image;
    if (length > nameLimit && tokenMatcher(token, Identifier) && !long.has(token.image)) {
      long.add(token.image);
      context.report(diagnose('GAN0129', tokenSpan(context, token), { length, limit: nameLimit }));
    }
    if (token.tokenType === NumberLiteral) reportNumber(context, token);
    if (token.image.startsWith("'")) {
      const text = `"${token.image.slice(1, -1)}"`;
      const span = tokenSpan(context, token);
      const extras = { help: 'a string stands in double quotes', fix: [{ span, text }] };
      context.report(diagnose('GAN0103', span, { character: "'" }, extras));
    } else if (isUnended(token)) {
      context.report(
        diagnose('GAN0104', tokenSpan(context, token), {}, { help: 'a string ends on its line with a `"`' }),
      );
    }
  }
}

const wellFormed = /^\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?(?:[eE][+-]?\d+)?$/;

function reportNumber(context: Context, token: IToken): void {
  const { image } = token;
  const span = tokenSpan(context, token);
  if (wellFormed.test(image)) {
    if (!Number.isFinite(numberValue(image))) context.report(diagnose('GAN0107', span, { number: image }));
    return;
  }
  if (/^\.|\.(?!\d)/.test(image)) {
    const mended = image.replace(/^\./, '0.').replace(/\.(?!\d)/, '.0');
    const extras = wellFormed.test(mended)
      ? { help: `write \`${mended}\``, fix: [{ span, text: mended }] }
      : {};
    context.report(diagnose('GAN0106', span, { number: image }, extras));
    return;
  }
  const split = /^(\d[\d_.]*?(?:[eE][+-]?\d+)?)([\p{L}_].*)$/u.exec(image);
  const [, digits, letters] = split ?? [];
  const based = /^0[xob][\da-f]+$/i.test(image);
  const product = !based && digits !== undefined && /^\p{L}/u.test(letters!) && wellFormed.test(digits);
  const help = based
    ? `numbers are decimal: write \`${Number(image)}\``
    : product
      ? `to multiply, write \`${digits} * ${letters}\``
      : 'an underscore stands between digits, as in `20_000`';
  context.report(diagnose('GAN0105', span, { number: image }, { help }));
}
