/**
 * The tree that loses nothing: every word and sign of a text in order, each with all that stands before it (blanks, line
 * ends, comments, characters that begin no word). Its nodes are the rules of `grammar/parser.ts`. Joined together again it
 * is the text, byte for byte, also where the parser found mistakes. `ast.ts` is the short view of it that the checker
 * reads: without brackets, commas and comments.
 */

export interface Token {
  readonly kind: 'token';
  /** The name that the grammar takes it by: `Word` for an argument's name, though the word itself may be a keyword. */
  readonly role: string;
  /** As written. Empty for a closing bracket that is missing, and for the end of the file. */
  readonly image: string;
  readonly startOffset: number;
  /** The text between the token before and this one; `triviaOf` takes it apart. */
  readonly before: string;
}

export interface TreeNode {
  /** A rule of the grammar; `file` for the root; `skipped` for tokens that the parser could do nothing with. */
  readonly kind: string;
  readonly children: readonly Element[];
  /** From its first token to the end of its last one. What stands before the first token is not counted. */
  readonly start: number;
  readonly end: number;
  /** The parser met a mistake in it: something is missing in it, or was skipped. */
  readonly broken: boolean;
}

export type Element = TreeNode | Token;

export function isToken(element: Element): element is Token {
  return element.kind === 'token';
}

export function startOf(element: Element): number {
  return isToken(element) ? element.startOffset : element.start;
}

export function endOf(element: Element): number {
  return isToken(element) ? element.startOffset + element.image.length : element.end;
}

/** The tokens of an element in the order of the text. */
export function* tokensOf(element: Element): Generator<Token> {
  // A stack instead of recursion: this is called for whole files.
  const rest: Element[] = [element];
  for (let top = rest.pop(); top; top = rest.pop()) {
    if (isToken(top)) yield top;
    else for (let i = top.children.length - 1; i >= 0; i--) rest.push(top.children[i]!);
  }
}

/** The text of an element, with what stands before its first token. Of the root it is the whole file. */
export function textOf(element: Element): string {
  const parts: string[] = [];
  for (const { before, image } of tokensOf(element)) parts.push(before, image);
  return parts.join('');
}

/** A piece of what stands between two tokens. */
export interface Trivia {
  readonly kind: 'blank' | 'comment' | 'unknown';
  readonly text: string;
  readonly start: number;
}

// The same three kinds of comment that `grammar/tokens.ts` reads; everything else here is blank or begins no token.
const piece = /([\s\uFEFF]+)|(\/\/[^\r\n]*|#[^\r\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?)|./gsu;

/** What stands before a token, in pieces that together are its `before`. */
export function triviaOf(token: Token): Trivia[] {
  const { before } = token;
  if (before === '') return [];
  const first = token.startOffset - before.length;
  return [...before.matchAll(piece)].map((match) => ({
    kind: match[1] !== undefined ? 'blank' : match[2] !== undefined ? 'comment' : 'unknown',
    text: match[0],
    start: first + match.index,
  }));
}

/** How many empty lines a blank holds: a formatter keeps one of them. */
export function emptyLines(blank: string): number {
  return Math.max(0, blank.split(/\r\n|\r|\n/).length - 2);
}
