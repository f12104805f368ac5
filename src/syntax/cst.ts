/** Reading a concrete syntax tree that the parser may have recovered in: any part of it can be missing. */
import type { CstNode, IToken, TokenType } from 'chevrotain';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Name } from './ast.ts';

/** What the tree builders share: where they are, and whom to tell. */
export interface Context {
  readonly path: string;
  readonly text: string;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Operators around what is being built, brackets or not: keeps a tree's depth within what walkers can recurse on. */
  operatorsAround: number;
}

export function nodes(node: CstNode, rule: string): CstNode[] {
  return (node.children[rule] ?? []) as CstNode[];
}

export function node(parent: CstNode, rule: string, index = 0): CstNode | undefined {
  return nodes(parent, rule)[index];
}

/** The tokens of this type that were really written. */
export function tokens(parent: CstNode, type: TokenType): IToken[] {
  const all = (parent.children[type.name] ?? []) as IToken[];
  return all.some((token) => token.isInsertedInRecovery) ? all.filter((t) => !t.isInsertedInRecovery) : all;
}

export function token(parent: CstNode, type: TokenType, index = 0): IToken | undefined {
  return tokens(parent, type)[index];
}

export function tokenSpan(context: Context, token: IToken): Span {
  return { file: context.path, start: token.startOffset, end: token.startOffset + token.image.length };
}

export function nodeSpan(context: Context, node: CstNode): Span {
  const start = node.location?.startOffset;
  if (start === undefined || Number.isNaN(start)) return { file: context.path, start: 0, end: 0 };
  const end = node.location?.endOffset;
  return { file: context.path, start, end: end === undefined || Number.isNaN(end) ? start : end + 1 };
}

export function join(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: Math.max(first.end, last.end) };
}

/** Names are compared as text, so both ways to write `é` are made one. */
export function nameText(image: string): string {
  return image.normalize('NFC');
}

export function toName(context: Context, token: IToken): Name {
  return { text: nameText(token.image), span: tokenSpan(context, token) };
}
