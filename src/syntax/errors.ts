/** What the parser stumbled over, in words: exceptions of Chevrotain become diagnostics. */
import { type IRecognitionException, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import * as t from '../../grammar/tokens.ts';
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { diagnose } from '../diagnostics/table.ts';
import { type Context, tokenSpan } from './cst.ts';

/** An exception, with what `grammar/parser.ts` packed into its message. */
interface Stumble {
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

/** `last`: nothing follows these tokens in the file. */
export function explainError(
  context: Context,
  error: IRecognitionException,
  tokens: readonly IToken[],
  last: boolean,
): Diagnostic {
  const [kind, rule, expected] = error.message.split(' ') as [Stumble['kind'], string, string];
  const at = tokens.indexOf(error.token);
  const found = at < 0 ? undefined : tokens[at];
  const previous = at < 0 ? tokens.at(-1) : tokens[at - 1];
  const stumble: Stumble = {
    kind,
    rule,
    expected,
    found,
    previous,
    next: at < 0 ? undefined : tokens[at + 1],
    rules: error.context.ruleStack,
    tokens,
    last,
  };
  for (const rule of sayings) {
    const said = rule(context, stumble);
    if (said !== undefined) return said;
  }
  return general(context, stumble);
}

type Saying = (context: Context, stumble: Stumble) => Diagnostic | undefined;

/** From the particular to the general; the first that has something to say says it. */
const sayings: readonly Saying[] = [
  reservedWord,
  looseParenthesis,
  emptyParentheses,
  operatorAfterStage,
  notAStage,
  missingReturn,
  incompleteIf,
  notAStatement,
  notADeclaration,
  sideBySide,
];

function spanOf(context: Context, { found, previous }: Stumble): Span {
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

function startsOperand(token: IToken | undefined): boolean {
  return token !== undefined && (operandStarts.has(token.tokenType) || tokenMatcher(token, t.Identifier));
}

/** A reserved word where a name or a value should stand. */
function reservedWord(context: Context, s: Stumble): Diagnostic | undefined {
  const { found } = s;
  if (found === undefined || !t.reservedWords.has(found.image)) return undefined;
  const inList = s.previous?.tokenType === t.Comma || s.previous?.tokenType === t.LParen;
  const wantsName =
    (s.kind === 'mismatch' && (s.expected === 'Identifier' || s.expected === 'Word')) ||
    (s.kind === 'choice' && s.rule === 'pattern') ||
    (s.expected === 'RParen' && inList && /^(def|net|pattern)$/.test(s.rule)) ||
    s.previous?.tokenType === t.Train;
  const wantsValue = s.kind === 'choice' && (s.rule === 'primary' || s.rule === 'expression');
  const declares = t.declarationKeywords.has(found.tokenType);
  if (!wantsName && !(wantsValue && declares)) return undefined;
  return diagnose('GAN0115', tokenSpan(context, found), { word: found.image, use: 'reserved' });
}

/** `f (x)`, `2 (x)`, and a block's result without `return`. */
function looseParenthesis(context: Context, s: Stumble): Diagnostic | undefined {
  const { found, previous } = s;
  if (found?.tokenType !== t.LParen || !endsOperand(previous)) return undefined;
  const span = tokenSpan(context, found);
  if (s.rule === 'block') {
    return diagnose(
      'GAN0114',
      span,
      { after: previous!.image, block: true },
      {
        help: 'for the block’s result, write `return` before it; to multiply, write `*`',
        fix: [{ span: { ...span, end: span.start }, text: 'return ' }],
      },
    );
  }
  const gap = { file: context.path, start: previous!.endOffset! + 1, end: found.startOffset };
  const callable = tokenMatcher(previous!, t.Identifier);
  return diagnose(
    'GAN0114',
    span,
    { after: previous!.image, block: false },
    callable
      ? {
          help: `to call it, write \`${previous!.image}(\` without the space; to multiply, write \`*\``,
          fix: [{ span: gap, text: '' }],
        }
      : { help: 'to multiply, write `*`', fix: [{ span: gap, text: ' * ' }] },
  );
}

function emptyParentheses(context: Context, s: Stumble): Diagnostic | undefined {
  if (s.found?.tokenType !== t.RParen || s.previous?.tokenType !== t.LParen) return undefined;
  if (!s.rules.includes('tuple') && s.rule !== 'tuple' && s.rule !== 'choice') return undefined;
  const span = { file: context.path, start: s.previous.startOffset, end: s.found.endOffset! + 1 };
  return diagnose('GAN0128', span, {});
}

/** `x |> f * 2`. */
function operatorAfterStage(context: Context, s: Stumble): Diagnostic | undefined {
  const { found } = s;
  if (found === undefined || !tokenMatcher(found, t.Operator) || s.kind === 'choice') return undefined;
  if (!s.tokens.some((token) => token.tokenType === t.Pipe && token.startOffset < found.startOffset)) {
    return undefined;
  }
  if (!endsOperand(s.previous)) return undefined;
  return diagnose(
    'GAN0116',
    tokenSpan(context, found),
    { what: 'operator', found: found.image },
    { help: 'put the pipeline into parentheses, `(x |> f) * 2`, or name it by a `let`' },
  );
}

function notAStage(context: Context, s: Stumble): Diagnostic | undefined {
  const inEach = s.rule === 'each' && s.previous?.tokenType === t.LCurly;
  if (s.rule !== 'stage' && !inEach) return undefined;
  const span = spanOf(context, s);
  if (s.found === undefined) {
    return diagnose('GAN0112', span, { expected: 'a stage after `|>`', found: end(s) });
  }
  const help =
    s.found.tokenType === t.If
      ? 'put the choice into parentheses: `|> (if flag then batch_norm else instance_norm)`'
      : s.found.tokenType === t.Let || s.found.tokenType === t.LCurly
        ? 'write what it does as a `def`, and name that here'
        : 'a stage is a name (`relu`), a call (`dense(10)`), an `each`, or a choice in parentheses';
  return diagnose('GAN0116', span, { what: 'stage', found: s.found.image }, { help });
}

function missingReturn(context: Context, s: Stumble): Diagnostic | undefined {
  if (s.rule !== 'block' || s.expected !== 'Return' || s.found === undefined) return undefined;
  const span = tokenSpan(context, s.found);
  const ends = s.found.tokenType === t.RCurly;
  return diagnose(
    'GAN0122',
    span,
    { found: ends ? null : s.found.image },
    ends || !startsOperand(s.found)
      ? { help: 'end the block by `return` and its result' }
      : {
          help: 'write `return` before the result',
          fix: [{ span: { ...span, end: span.start }, text: 'return ' }],
        },
  );
}

function incompleteIf(context: Context, s: Stumble): Diagnostic | undefined {
  if (s.rule !== 'conditional' || (s.expected !== 'Then' && s.expected !== 'Else')) return undefined;
  // `if a = b then`: the sign is wrong, not the `if`.
  if (s.found?.tokenType === t.Is) return undefined;
  const before = s.found?.startOffset ?? Number.POSITIVE_INFINITY;
  const opener = s.tokens.findLast((token) => token.tokenType === t.If && token.startOffset < before);
  const word = s.expected === 'Then' ? 'then' : 'else';
  return diagnose(
    'GAN0123',
    opener === undefined ? spanOf(context, s) : tokenSpan(context, opener),
    { missing: word },
    {
      labels:
        s.found === undefined
          ? []
          : [{ span: spanOf(context, s), text: `\`${word}\` is missing before this` }],
      help: 'an `if` always has both branches: `if c then a else b`',
    },
  );
}

const statementWords = [...t.statementKeywords].map((type) => type.name.toLowerCase());

function notAStatement(context: Context, s: Stumble): Diagnostic | undefined {
  const atStart = s.rule === 'statement' || (s.rule === 'statements' && s.expected === 'RCurly');
  if (!atStart || s.found === undefined) return undefined;
  const { image } = s.found;
  const meant = t.declarationKeywords.has(s.found.tokenType) ? undefined : nearest(image, statementWords);
  const span = tokenSpan(context, s.found);
  return diagnose(
    'GAN0119',
    span,
    { found: image },
    t.declarationKeywords.has(s.found.tokenType)
      ? { help: 'values and losses are declared outside the schedule, which only says when they are used' }
      : meant === undefined
        ? { help: `a statement begins with ${alternatives(statementWords)}` }
        : { help: `did you mean \`${meant}\`?`, fix: [{ span, text: meant }] },
  );
}

const declarationWords = [...t.declarationKeywords].map((type) => type.name.toLowerCase());

function notADeclaration(context: Context, s: Stumble): Diagnostic | undefined {
  const { found, next } = s;
  if (s.kind !== 'rest' || found === undefined || !tokenMatcher(found, t.Word)) return undefined;
  const beginsLine = /[\r\n]/.test(context.text.slice(s.previous?.endOffset ?? 0, found.startOffset));
  if (!beginsLine) return undefined;
  const looksSo =
    next !== undefined &&
    (tokenMatcher(next, t.Word) || next.tokenType === t.Is || next.tokenType === t.Tilde);
  return looksSo ? misplaced(context, found) : undefined;
}

/** A text that belongs to no declaration. */
export function misplaced(context: Context, found: IToken): Diagnostic {
  const span = tokenSpan(context, found);
  const meant = tokenMatcher(found, t.Word) ? nearest(found.image, declarationWords) : undefined;
  return diagnose(
    'GAN0113',
    span,
    { found: found.image },
    t.statementKeywords.has(found.tokenType)
      ? { help: 'statements stand inside a `train (batch = 64, steps = 20_000) { … }`' }
      : meant === undefined
        ? { help: `a declaration begins with ${alternatives(declarationWords)}` }
        : { help: `did you mean \`${meant}\`?`, fix: [{ span, text: meant }] },
  );
}

const wordOperators: Readonly<Record<string, string>> = { and: '&&', or: '||', mod: '%', is: '==' };

/** Two values with nothing between them. */
function sideBySide(context: Context, s: Stumble): Diagnostic | undefined {
  const { found, previous } = s;
  if (found === undefined || !endsOperand(previous) || !startsOperand(found)) return undefined;
  const closing = s.kind === 'mismatch' && /^(RParen|RSquare|RCurly|Comma)$/.test(s.expected);
  if (s.kind !== 'rest' && !closing) return undefined;
  const span = tokenSpan(context, found);
  const operator = wordOperators[found.image];
  return diagnose(
    'GAN0127',
    span,
    { left: previous!.image, right: found.image },
    operator !== undefined
      ? { help: `write \`${operator}\``, fix: [{ span, text: operator }] }
      : { help: closing ? 'put an operator or a comma between them' : 'put an operator between them' },
  );
}

/** What each token type is called where it was expected. */
const expectations: Readonly<Record<string, string>> = {
  Identifier: 'a name',
  Word: 'a name',
  String: 'a string in quotes',
  Number: 'a number',
};
/** What each rule with several beginnings is. */
const beginnings: Readonly<Record<string, string>> = {
  primary: 'an expression',
  expression: 'an expression',
  operand: 'an expression',
  pattern: 'a name, or names in parentheses',
  data: 'a type, like `image[28, 28, 1]`',
  net: 'the type of the result, like `[1]`',
  update: '`minimize` or `maximize`',
  value: 'a name',
  suffix: 'a name',
};

const signOf = new Map(t.vocabulary.map((type) => [type.name, type.LABEL ?? type.name]));

function general(context: Context, s: Stumble): Diagnostic {
  const expected =
    s.kind === 'choice'
      ? (beginnings[s.rule] ?? 'something else')
      : s.kind === 'rest'
        ? 'an operator or the next declaration'
        : (closing(s) ?? expectations[s.expected] ?? signOf.get(s.expected) ?? 'something else');
  const found = s.found === undefined ? end(s) : `\`${s.found.image}\``;
  const help = helpFor(s);
  return diagnose('GAN0112', spanOf(context, s), { expected, found }, help === undefined ? {} : { help });
}

function closing(s: Stumble): string | undefined {
  const sign = { RParen: '`)`', RSquare: '`]`' }[s.expected];
  if (sign === undefined) return undefined;
  if (s.previous?.tokenType === t.Comma)
    return s.rule === 'args' ? `an argument or ${sign}` : `an item or ${sign}`;
  return s.rule === 'choice' ? sign : `\`,\` or ${sign}`;
}

function helpFor(s: Stumble): string | undefined {
  const { found, previous } = s;
  if (s.rule === 'primary' && found !== undefined) {
    if (found.image === '*' && previous?.image === '*') return 'a power is written `^`';
    if (found.image === '+') return 'there is no `+` before a value, only `-` and `!`';
    if (found.image === 'if') return 'put the `if` into parentheses';
    if (found.image === '>' && previous?.image === '=')
      return 'there are no functions without a name: write a `def`';
  }
  if (found?.tokenType === t.Comma && previous?.tokenType === t.Comma) return 'take one of the commas away';
  if (
    found?.tokenType === t.Is &&
    (s.rule === 'conditional' || s.kind === 'rest' || s.expected.startsWith('R'))
  ) {
    return 'to compare, write `==`';
  }
  if (s.rule === 'train' && s.expected === 'LParen') {
    return 'say how long: `train (batch = 64, steps = 20_000) { … }`';
  }
  if (s.rule === 'args' && s.rules.at(-2) === 'train') {
    return 'say how long: `train (batch = 64, steps = 20_000) { … }`';
  }
  if (s.rule === 'clip') return 'write `clip D to [-0.01, 0.01]`';
  if (s.rule === 'average') return 'write `average G decay 0.999`';
  if (s.rule === 'update') return 'write `update D to minimize d_loss with adam(2e-4)`';
  if (s.rule === 'each') return 'write `each i in 1..4 { … }` or `each ch in [256, 128] { … }`';
  return undefined;
}

function end(s: Stumble): string {
  return s.last ? 'the end of the file' : 'the end of the declaration';
}

function alternatives(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
