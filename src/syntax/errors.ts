/** What the parser stumbled over, in words: exceptions of Chevrotain become diagnostics. */
import { type IRecognitionException, type IToken, tokenMatcher } from 'chevrotain';
import * as t from '../../grammar/tokens.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { diagnose } from '../diagnostics/table.ts';
import { advice, joinAdvice } from './advice.ts';
import { type Context, tokenSpan } from './cst.ts';
import { awaitsEnd, beginsLine, endsOperand, type Stumble, spanOf, startsOperand } from './stumble.ts';

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
  if (previous!.endOffset! + 1 === found.startOffset) return undefined;
  if (s.kind !== 'rest' && s.rule !== 'block' && !awaitsEnd(s)) return undefined;
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
  const inEach = /^(each|repeated|scan)$/.test(s.rule) && s.previous?.tokenType === t.LCurly;
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
        : 'a stage is a name (`relu`), a call (`dense(10)`), an `each` or `repeat`, or a choice in parentheses';
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
  // `sample x z`: no statement was meant.
  if (meant === undefined && !beginsLine(context, s) && endsOperand(s.previous)) return undefined;
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
  if (!beginsLine(context, s)) return undefined;
  const looksSo =
    next !== undefined &&
    (tokenMatcher(next, t.Word) ||
      next.tokenType === t.Is ||
      next.tokenType === t.Tilde ||
      (next.tokenType === t.LParen && declarationMeant(found) === 'train'));
  return looksSo ? misplaced(context, found) : undefined;
}

/** What other languages say. */
const synonyms: Readonly<Record<string, string>> = {
  import: 'use',
  include: 'use',
  const: 'param',
  var: 'let',
  dataset: 'data',
  network: 'net',
  model: 'net',
  function: 'def',
  func: 'def',
  fn: 'def',
  training: 'train',
  schedule: 'train',
};

function declarationMeant(found: IToken): string | undefined {
  if (Object.hasOwn(synonyms, found.image)) return synonyms[found.image];
  return tokenMatcher(found, t.Word) ? nearest(found.image, declarationWords) : undefined;
}

/** A text that belongs to no declaration. */
export function misplaced(context: Context, found: IToken): Diagnostic {
  const span = tokenSpan(context, found);
  const meant = declarationMeant(found);
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

/** Two values with nothing between them. */
function sideBySide(context: Context, s: Stumble): Diagnostic | undefined {
  const { found, previous } = s;
  if (found === undefined || !endsOperand(previous) || !startsOperand(found)) return undefined;
  if (s.kind !== 'rest' && !awaitsEnd(s)) return undefined;
  return diagnose(
    'GAN0127',
    tokenSpan(context, found),
    { left: previous!.image, right: found.image },
    joinAdvice(context, s),
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
  clip: 'a range, like `[-0.01, 0.01]`, or `norm`',
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
  return diagnose('GAN0112', spanOf(context, s), { expected, found }, advice(context, s));
}

function closing(s: Stumble): string | undefined {
  const sign = { RParen: '`)`', RSquare: '`]`' }[s.expected];
  if (sign === undefined) return undefined;
  if (s.previous?.tokenType === t.Comma)
    return s.rule === 'args' ? `an argument or ${sign}` : `an item or ${sign}`;
  return s.rule === 'choice' || s.rule === 'index' ? sign : `\`,\` or ${sign}`;
}

function end(s: Stumble): string {
  return s.last ? 'the end of the file' : 'the end of the declaration';
}

function alternatives(words: readonly string[]): string {
  const quoted = words.map((word) => `\`${word}\``);
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}
