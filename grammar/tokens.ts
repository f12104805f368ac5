/**
 * The words and signs of a `.gan` file: Chevrotain token types, and the tables that say which words are reserved and how
 * tightly the operators bind.
 */
import { createToken, type IToken, Lexer, type TokenType } from 'chevrotain';

// Chevrotain drops the `u` flag of a plain pattern, so Unicode classes need a function.
const wordPattern = /[\p{L}_][\p{L}\p{M}0-9_]*/uy;
// Also what a number may not be (`3x`, `1.`, `1.e5`): one token and one message instead of three of each. `1..4` stays a range.
const numberPattern =
  /(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?(?:[eE][+-]?\d[\d_]*)?|(?<![\p{L}\p{M}\d_)\].])\.\d[\d_]*(?:[eE][+-]?\d[\d_]*)?)[\p{L}\p{M}0-9_]*/uy;

const sticky = (pattern: RegExp) => (text: string, offset: number) => {
  pattern.lastIndex = offset;
  return pattern.exec(text) as RegExpExecArray | null;
};

// The lexer goes by first characters, which it cannot see in a function. Codes above 255 it takes by buckets of 255, so one
// of each stands for all; a character that begins no word after all costs one vain try.
const digits = [...'0123456789'].map((c) => c.charCodeAt(0));
const letters = [
  ...[...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_'].map((c) => c.charCodeAt(0)),
  ...Array.from({ length: 128 }, (_, i) => 128 + i),
  ...Array.from({ length: 257 }, (_, i) => Math.max(256, Math.min(65_535, (i + 1) * 255))),
];

/** Any word, keywords included: it may name an argument or a field. */
export const Word = createToken({ name: 'Word', pattern: Lexer.NA, label: 'a name' });
export const Identifier = createToken({
  name: 'Identifier',
  pattern: sticky(wordPattern),
  start_chars_hint: letters,
  line_breaks: false,
  categories: [Word],
  label: 'a name',
});

export const NumberLiteral = createToken({
  name: 'Number',
  pattern: sticky(numberPattern),
  start_chars_hint: [...digits, '.'],
  line_breaks: false,
  label: 'a number',
});
// An unclosed string ends with its line; parse.ts gives the error.
export const StringLiteral = createToken({ name: 'String', pattern: /"[^"\r\n]*"?/, label: 'a string' });

/** Not of the language: lexed whole, and taken for the string that is meant, so that it gives one error. Not `x'`. */
const quotedPattern = /(?<![\p{L}\p{M}\d_)\]])'[^'\r\n]*'/uy;
const SingleQuoted = createToken({
  name: 'SingleQuoted',
  pattern: sticky(quotedPattern),
  start_chars_hint: ["'"],
  line_breaks: false,
});

export const WhiteSpace = createToken({
  name: 'WhiteSpace',
  pattern: /[\s\uFEFF]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});
export const Comment = createToken({ name: 'Comment', pattern: /\/\/[^\r\n]*/, group: 'comments' });
/** Not of the language: lexed whole so that its inside gives no errors. */
export const BlockComment = createToken({
  name: 'BlockComment',
  pattern: /\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/,
  group: 'blockComments',
  line_breaks: true,
});

/** Likewise. */
export const HashComment = createToken({
  name: 'HashComment',
  pattern: /#[^\r\n]*/,
  group: 'hashComments',
});

/** A binary operator, and one before an operand. */
export const Operator = createToken({ name: 'Operator', pattern: Lexer.NA, label: 'an operator' });
export const Prefix = createToken({ name: 'Prefix', pattern: Lexer.NA, label: '`-` or `!`' });

const signs: TokenType[] = [];
function sign(name: string, text: string, ...categories: TokenType[]): TokenType {
  const type = createToken({ name, pattern: text, label: `\`${text}\``, categories });
  signs.push(type);
  return type;
}
// Longer signs come before those that they begin with.
export const Pipe = sign('Pipe', '|>');
export const Arrow = sign('Arrow', '->');
export const DotDot = sign('DotDot', '..');
sign('Or', '||', Operator);
sign('And', '&&', Operator);
sign('Equal', '==', Operator);
sign('NotEqual', '!=', Operator);
sign('LessEqual', '<=', Operator);
sign('GreaterEqual', '>=', Operator);
sign('Less', '<', Operator);
sign('Greater', '>', Operator);
sign('Plus', '+', Operator);
sign('Minus', '-', Operator, Prefix);
sign('Times', '*', Operator);
sign('Divide', '/', Operator);
sign('Modulo', '%', Operator);
sign('Power', '^', Operator);
sign('Not', '!', Prefix);
export const Is = sign('Is', '=');
export const Tilde = sign('Tilde', '~');
export const Colon = sign('Colon', ':');
export const Comma = sign('Comma', ',');
export const Dot = sign('Dot', '.');
export const LParen = sign('LParen', '(');
export const RParen = sign('RParen', ')');
export const LSquare = sign('LSquare', '[');
export const RSquare = sign('RSquare', ']');
export const LCurly = sign('LCurly', '{');
export const RCurly = sign('RCurly', '}');

/** How tightly binary operators bind: a higher number, tighter. `^` goes to the right, comparisons don't chain. */
export const precedence: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '==': 3,
  '!=': 3,
  '<': 3,
  '<=': 3,
  '>': 3,
  '>=': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': 5,
  '^': 7,
};
/** Of `-` and `!` before an operand: looser than `^`, tighter than `*`. */
export const prefixPrecedence = 6;

const keywords = new Map<string, TokenType>();
function keyword(text: string, ...categories: TokenType[]): TokenType {
  const name = text[0]!.toUpperCase() + text.slice(1);
  const type = createToken({ name, pattern: Lexer.NA, label: `\`${text}\``, categories });
  keywords.set(text, type);
  return type;
}

// Reserved words that begin a declaration.
export const Param = keyword('param', Word);
export const Data = keyword('data', Word);
export const Noise = keyword('noise', Word);
export const Init = keyword('init', Word);
export const Net = keyword('net', Word);
export const Optimizer = keyword('optimizer', Word);
export const Def = keyword('def', Word);
export const Let = keyword('let', Word);
export const Loss = keyword('loss', Word);
export const Metric = keyword('metric', Word);
export const Output = keyword('output', Word);
export const Train = keyword('train', Word);
export const Use = keyword('use', Word);
const beginsDeclaration = [...keywords.values()];

// Reserved words of expressions.
export const Return = keyword('return', Word);
export const If = keyword('if', Word);
export const Then = keyword('then', Word);
export const Else = keyword('else', Word);
export const Each = keyword('each', Word);
export const Draw = keyword('draw', Word);
export const True = keyword('true', Word);
export const False = keyword('false', Word);
export const reservedWords: ReadonlySet<string> = new Set(keywords.keys());
/** A name everywhere but at the beginning of a declaration: `tokenize` tells it by what follows. */
export const State = createToken({
  name: 'State',
  pattern: Lexer.NA,
  label: '`state`',
  categories: [Word],
});
export const declarationKeywords: ReadonlySet<TokenType> = new Set([...beginsDeclaration, State]);
/** Names that are always in reach, so nothing else may be called so. */
export const givenNames: ReadonlySet<string> = new Set(['step', 'epoch', 'progress', 'pi']);

// Words with a meaning in their place only; elsewhere they are names like any other.
export const Sample = keyword('sample', Identifier);
export const Update = keyword('update', Identifier);
export const Together = keyword('together', Identifier);
export const Repeat = keyword('repeat', Identifier);
export const Every = keyword('every', Identifier);
export const Once = keyword('once', Identifier);
export const Clip = keyword('clip', Identifier);
export const Average = keyword('average', Identifier);
export const Assign = keyword('set', Identifier);
export const Save = keyword('save', Identifier);
export const Restore = keyword('restore', Identifier);
export const statementKeywords: ReadonlySet<TokenType> = new Set([
  Sample,
  Update,
  Together,
  Repeat,
  Every,
  Once,
  Clip,
  Average,
  Assign,
  Save,
  Restore,
]);
export const From = keyword('from', Identifier);
export const Of = keyword('of', Identifier);
export const To = keyword('to', Identifier);
export const With = keyword('with', Identifier);
export const Minimize = keyword('minimize', Identifier);
export const Maximize = keyword('maximize', Identifier);
export const Decay = keyword('decay', Identifier);
export const Norm = keyword('norm', Identifier);
export const As = keyword('as', Identifier);
export const In = keyword('in', Identifier);
export const Scan = keyword('scan', Identifier);

export const vocabulary: readonly TokenType[] = [
  WhiteSpace,
  Comment,
  BlockComment,
  HashComment,
  Word,
  Identifier,
  NumberLiteral,
  StringLiteral,
  SingleQuoted,
  Operator,
  Prefix,
  ...signs,
  ...keywords.values(),
  State,
];

/** The vocabulary is validated in tests, not at every start. */
export function createLexer(options: { readonly validate: boolean }): Lexer {
  return new Lexer([...vocabulary], {
    positionTracking: 'onlyOffset',
    ensureOptimizations: true,
    skipValidations: !options.validate,
  });
}

const lexer = createLexer({ validate: false });

/** `state pool ~ …` and `state p = …`: elsewhere `state` is a name like any other. */
function declaresState(tokens: readonly IToken[], i: number): boolean {
  const [name, sign] = [tokens[i + 1], tokens[i + 2]];
  if (tokens[i]!.image !== 'state' || name?.tokenType !== Identifier) return false;
  return sign?.tokenType === Is || sign?.tokenType === Tilde;
}

export interface Lexed {
  readonly tokens: IToken[];
  readonly comments: readonly IToken[];
  readonly blockComments: readonly IToken[];
  readonly hashComments: readonly IToken[];
  /** Runs of characters that begin no token. */
  readonly unknown: readonly { readonly offset: number; readonly length: number }[];
}

export function tokenize(text: string): Lexed {
  const { tokens, groups, errors } = lexer.tokenize(text);
  // Keywords are words looked up, not patterns of their own: fifty patterns fewer to try at every word.
  for (const [i, token] of tokens.entries()) {
    token.endOffset = token.startOffset + token.image.length - 1;
    if (token.tokenType === SingleQuoted) {
      token.tokenType = StringLiteral;
      token.tokenTypeIdx = StringLiteral.tokenTypeIdx!;
    }
    if (token.tokenType !== Identifier) continue;
    const type = declaresState(tokens, i) ? State : keywords.get(token.image);
    if (type !== undefined) {
      token.tokenType = type;
      token.tokenTypeIdx = type.tokenTypeIdx!;
    }
  }
  return {
    tokens,
    comments: groups.comments ?? [],
    blockComments: groups.blockComments ?? [],
    hashComments: groups.hashComments ?? [],
    unknown: errors,
  };
}
