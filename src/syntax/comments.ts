/** What comments say to the compiler: documentation (`///`), and `// allow CODE`. */
import type { IToken } from 'chevrotain';
import type { File } from './ast.ts';

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
      if (isDoc(comment)) lines.push(comment.image.slice(3).replace(/^ /, '').trimEnd());
      else if (lines.length > 0) break;
    }
    next = end;
    return lines.reverse().join('\n').trim();
  };
}

function isDoc(comment: IToken): boolean {
  return comment.image.startsWith('///') && !comment.image.startsWith('////');
}

const allowPattern = /^\/\/\s*allow\s+(GAN\d+(?:\s*,\s*GAN\d+)*)(?![\w])/;

export function allowancesIn(path: string, text: string, comments: readonly IToken[]): File['allowances'] {
  const found: File['allowances'][number][] = [];
  let line = 0;
  let counted = 0;
  for (const comment of comments) {
    const match = allowPattern.exec(comment.image);
    if (match === null) continue;
    for (; counted < comment.startOffset; counted++) if (text[counted] === '\n') line++;
    const { startOffset: start, image } = comment;
    const codes = match[1]!.split(',').map((code) => code.trim());
    found.push({ line, codes, span: { file: path, start, end: start + image.length } });
  }
  return found;
}
