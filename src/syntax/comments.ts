/** What comments say to the compiler: documentation (`///`), `// allow CODE`, and those that look like divisions. */
import type { IToken } from 'chevrotain';
import * as t from '../../grammar/tokens.ts';
import type { Source } from '../diagnostics/diagnostic.ts';
import { linesOf } from '../diagnostics/lines.ts';
import { Suggestions } from '../diagnostics/nearest.ts';
import { diagnose, table } from '../diagnostics/table.ts';
import type { File } from './ast.ts';
import { type Context, tokenSpan } from './cst.ts';
import { endsOperand } from './stumble.ts';

/** For an offset where a declaration begins: the run of `///` lines that ends on the line above, without the slashes. */
export function docsBefore(text: string, comments: readonly IToken[]): (offset: number) => string {
  // Walks along with the declarations, which come in order, so the whole costs one pass.
  let next = 0;
  return (offset) => {
    let end = next;
    while (end < comments.length && comments[end]!.startOffset < offset) end++;
    const lines: string[] = [];
    let below = offset;
    for (let i = end - 1; i >= next; i--) {
      const comment = comments[i]!;
      const between = text.slice(comment.startOffset + comment.image.length, below);
      if (!/^[^\S\n]*(?:\r?\n|\r)[^\S\n]*$/.test(between)) break;
      below = comment.startOffset;
      if (!beginsLine(text, below)) break;
      if (isDoc(comment)) lines.push(docLine(comment));
      else if (lines.length > 0) break;
    }
    next = end;
    return lines.reverse().join('\n').trim();
  };
}

/** Whether only blanks stand before this place on its line. */
function beginsLine(text: string, offset: number): boolean {
  let before = offset - 1;
  while (text[before] === ' ' || text[before] === '\t') before--;
  return before < 0 || text[before] === '\n' || text[before] === '\r' || text[before] === '\uFEFF';
}

/** What a file says of itself: the comment at its very top, with an empty line below (else it speaks of a declaration). */
export function fileDoc(text: string): string {
  const top = /^\uFEFF?((?:[^\S\r\n]*\/\/[^\r\n]*(?:\r\n|\r|\n))+)[^\S\r\n]*(?:[\r\n]|$)/.exec(text)?.[1];
  if (top === undefined) return '';
  return top
    .replace(/^[^\S\r\n]*\/{2,} ?/gm, '')
    .replace(/\r\n?/g, '\n')
    .trim();
}

function docLine(comment: IToken): string {
  return comment.image.slice(3).replace(/^ /, '').trimEnd();
}

function isDoc(comment: IToken): boolean {
  return comment.image.startsWith('///') && !comment.image.startsWith('////');
}

const allowPattern = /^\/\/\s*allow\s+(GAN\d+(?:\s*,\s*GAN\d+)*)(?![\w])/;

export function allowancesIn(source: Source, comments: readonly IToken[]): File['allowances'] {
  return comments.flatMap(({ startOffset: start, image }) => {
    const match = allowPattern.exec(image);
    if (match === null) return [];
    const { line } = linesOf(source).position(start);
    const codes = match[1]!.split(',').map((code) => code.trim());
    return [{ line, codes, span: { file: source.path, start, end: start + image.length } }];
  });
}

/** `// allow` of a code that doesn't exist silences nothing. */
export function reportAllowances(context: Context, allowances: File['allowances']): void {
  const known = Object.keys(table);
  const suggestions = new Suggestions();
  for (const { codes, span } of allowances) {
    for (const code of codes) {
      if (Object.hasOwn(table, code)) continue;
      const meant = suggestions.nearest(code, known);
      context.report(
        diagnose('GAN0121', span, { code }, meant === undefined ? {} : { help: `did you mean ${meant}?` }),
      );
    }
  }
}

const numberOnly = /^\/\/\s*[\d._]+(?:[eE][+-]?\d+)?[\s)\],]*$/;

/** `a // 2` is a comment and no division, whatever other languages do. */
export function reportDivisions(
  context: Context,
  text: string,
  tokens: readonly IToken[],
  comments: readonly IToken[],
): void {
  let next = 0;
  let depth = 0;
  for (const comment of comments) {
    if (comment.image.startsWith('///')) continue;
    for (; next < tokens.length && tokens[next]!.startOffset < comment.startOffset; next++) {
      const type = tokens[next]!.tokenType;
      if (type === t.LParen || type === t.LSquare) depth++;
      if ((type === t.RParen || type === t.RSquare) && depth > 0) depth--;
      // What a bracket left open would count does not reach the next declaration.
      if (t.declarationKeywords.has(type)) depth = 0;
    }
    const previous = tokens[next - 1];
    const straightAfter =
      depth > 0 &&
      endsOperand(previous) &&
      /^[^\S\r\n]*$/.test(text.slice(previous!.endOffset! + 1, comment.startOffset));
    if (!straightAfter && !numberOnly.test(comment.image)) continue;
    context.report(
      diagnose(
        'GAN0120',
        tokenSpan(context, comment),
        {},
        { help: 'to divide, write one `/`; a comment that explains a value stands on a line of its own' },
      ),
    );
  }
}
