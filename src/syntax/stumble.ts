/** Where the parser stumbled: the tokens around, and what it was about. */
import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import * as t from '../../grammar/tokens.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { type Context, tokenSpan } from './cst.ts';

/** An exception, with what `grammar/parser.ts` packed into its message. */
export interface Stumble {
  readonly kind: 'mismatch' | 'rest' | 'choice' | 'early';
  readonly rule: string;
  /** Name of the token type that was expected; `-` where there are several. */
  readonly expected: string;
  /** What stands in the way; undefined at the end of the declaration. */
  readonly found: IToken | undefined;
  readonly previous: IToken | undefined;
  readonly next: IToken | undefined;
  /** The rules around, outermost first. */
  readonly rules: readonly string[];
  readonly tokens: readonly IToken[];
  readonly last: boolean;
}

export function spanOf(context: Context, { found, previous }: Stumble): Span {
  const token = found ?? previous;
  return token === undefined ? { file: context.path, start: 0, end: 0 } : tokenSpan(context, token);
}

const operandEnds = new Set<TokenType>([
  t.NumberLiteral,
  t.StringLiteral,
  t.RParen,
  t.RSquare,
  t.RCurly,
  t.True,
  t.False,
]);

export function endsOperand(token: IToken | undefined): boolean {
  return token !== undefined && (operandEnds.has(token.tokenType) || tokenMatcher(token, t.Identifier));
}

const operandStarts = new Set<TokenType>([
  t.NumberLiteral,
  t.StringLiteral,
  t.LParen,
  t.LSquare,
  t.LCurly,
  t.True,
  t.False,
  t.Draw,
]);

export function startsOperand(token: IToken | undefined): boolean {
  return token !== undefined && (operandStarts.has(token.tokenType) || tokenMatcher(token, t.Identifier));
}

/** Whether the finding lies where a list, a call or a bracket should be closed or go on. */
export function awaitsEnd({ kind, expected }: Stumble): boolean {
  return kind === 'mismatch' && /^(RParen|RSquare|RCurly|Comma)$/.test(expected);
}

/** Whether white space with a line's end stands before the token. */
export function beginsLine({ text }: Context, { found, previous }: Stumble): boolean {
  return found !== undefined && /[\r\n]/.test(text.slice(previous?.endOffset ?? 0, found.startOffset));
}
