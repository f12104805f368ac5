/** Reading a tree that the parser may have recovered in: any part of it can be missing. */
import type { TokenType } from 'chevrotain';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Name } from './ast.ts';
import { isToken, type Token, type TreeNode } from './tree.ts';

/** What the tree builders share: where they are, and whom to tell. */
export interface Context {
  readonly path: string;
  readonly text: string;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Operators around what is being built, brackets or not: keeps a tree's depth within what walkers can recurse on. */
  operatorsAround: number;
}

export function nodes(parent: TreeNode, rule: string): TreeNode[] {
  return parent.children.filter((child): child is TreeNode => child.kind === rule);
}

export function node(parent: TreeNode, rule: string, index = 0): TreeNode | undefined {
  return index === 0
    ? (parent.children.find((child) => child.kind === rule) as TreeNode | undefined)
    : nodes(parent, rule)[index];
}

/** The tokens that the grammar takes by this type; closing brackets that are missing are among them. */
export function tokens(parent: TreeNode, { name }: TokenType): Token[] {
  return parent.children.filter((child): child is Token => isToken(child) && child.role === name);
}

export function token(parent: TreeNode, type: TokenType, index = 0): Token | undefined {
  if (index > 0) return tokens(parent, type)[index];
  for (const child of parent.children) if (isToken(child) && child.role === type.name) return child;
  return undefined;
}

/** Of a token of ours or of the lexer's. */
type Written = Pick<Token, 'image' | 'startOffset'>;

export function tokenSpan(context: Context, { image, startOffset }: Written): Span {
  return { file: context.path, start: startOffset, end: startOffset + image.length };
}

export function nodeSpan(context: Context, { start, end }: TreeNode): Span {
  return { file: context.path, start, end };
}

export function join(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: Math.max(first.end, last.end) };
}

/** Names are compared as text, so both ways to write `é` are made one. */
export function nameText(image: string): string {
  return image.normalize('NFC');
}

export function toName(context: Context, token: Written): Name {
  return { text: nameText(token.image), span: tokenSpan(context, token) };
}
