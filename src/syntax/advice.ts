/** The way out of a syntax error, where one can be seen: words, and an edit where a machine can make it. */
import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import * as t from '../../grammar/tokens.ts';
import { nearest } from '../diagnostics/nearest.ts';
import type { Extras } from '../diagnostics/table.ts';
import { type Context, tokenSpan } from './cst.ts';
import { type Stumble, startsOperand } from './stumble.ts';

const replace = (context: Context, token: IToken, text: string): Extras => ({
  help: `write \`${text}\``,
  fix: [{ span: tokenSpan(context, token), text }],
});

const wordOperators: Readonly<Record<string, string>> = { and: '&&', or: '||', mod: '%', is: '==' };

/** For two values side by side. */
export function joinAdvice(context: Context, s: Stumble): Extras {
  const found = s.found!;
  const previous = s.previous!;
  if (isFilter(s)) return { help: noFilter };
  if (Object.hasOwn(wordOperators, found.image)) return replace(context, found, wordOperators[found.image]!);
  if (previous.image === 'not') return replace(context, previous, '!');
  if (found.image === 'as')
    return { help: 'only a stage is named by `as`: `x |> conv(64, kernel = 3) as stem`' };
  if (found.tokenType === t.LSquare) {
    return {
      help: 'there are no indices: `slice(x, axis, from, to)` takes a part, `let (a, b) = …` a tuple apart',
    };
  }
  if (s.rule === 'statements') return { help: 'put a comma between them, or begin a statement' };
  return {
    help: s.kind === 'rest' ? 'put an operator between them' : 'put an operator or a comma between them',
  };
}

/** `data x ~ [2] from "a.csv" where y == 3`. */
function isFilter({ found, previous, rules }: Stumble): boolean {
  return found?.image === 'where' && previous?.tokenType === t.StringLiteral && !rules.includes('expression');
}

const noFilter =
  'which examples are read stands in parentheses: `from "…" (only = [3, 5])` keeps classes, `(part = [0, 0.9])` a share';

/** The signs that one writes for another. */
const relations = new Set<TokenType>([t.Is, t.Tilde, t.Colon, t.Arrow]);
const relationOf: Readonly<Record<string, string>> = { Is: '=', Tilde: '~', Colon: ':', Arrow: '->' };

/** For all else: the first that knows something. */
export function advice(context: Context, s: Stumble): Extras {
  for (const adviser of advisers) {
    const given = adviser(context, s);
    if (given !== undefined) return typeof given === 'string' ? { help: given } : given;
  }
  return {};
}

type Adviser = (context: Context, s: Stumble) => string | Extras | undefined;

const advisers: readonly Adviser[] = [habit, misspelled, argumentSign, form, otherSign, missingSign];

/** What other languages have, and this one has not. */
function habit(_: Context, stumble: Stumble): string | undefined {
  const { rule, kind, expected, found, previous } = stumble;
  if (found === undefined) return undefined;
  if (isFilter(stumble)) return noFilter;
  if (rule === 'primary' || rule === 'expression') {
    if (found.image === '*' && previous?.image === '*') return 'a power is written `^`';
    if (found.image === '+') return 'there is no `+` before a value, only `-` and `!`';
    if (found.image === '>' && previous?.image === '<') return '“not equal” is written `!=`';
    if (found.image === '>' && previous?.image === '=')
      return 'there are no functions without a name: write a `def`';
    if (found.tokenType === t.If) return 'put the `if` into parentheses';
    if (found.tokenType === t.Each) return 'an `each` is a stage: `x |> each i in 1..4 { … }`';
  }
  if (rule === 'distribution' && previous?.tokenType === t.Draw) return 'write `draw normal[3]`';
  if (rule === 'suffix') return 'a tuple is taken apart by `let (a, b) = …`';
  if (found.tokenType === t.Comma && previous?.tokenType === t.Comma) return 'take one of the commas away';
  const compares = rule === 'conditional' || kind === 'rest' || expected.startsWith('R');
  if (found.tokenType === t.Is && compares) return 'to compare, write `==`';
  if (found.tokenType === t.Arrow && kind === 'rest') return 'a stage begins with `|>`';
  return undefined;
}

/** A word that is nearly the one that was expected. */
function misspelled(context: Context, { kind, rule, expected, found }: Stumble): Extras | undefined {
  if (found === undefined || !tokenMatcher(found, t.Word)) return undefined;
  const words = kind === 'choice' && rule === 'update' ? ['minimize', 'maximize'] : [expected.toLowerCase()];
  const meant = nearest(found.image, words);
  if (meant === undefined) return undefined;
  return { help: `did you mean \`${meant}\`?`, fix: [{ span: tokenSpan(context, found), text: meant }] };
}

/** `kernel: 5`. */
function argumentSign(context: Context, { rule, found }: Stumble): Extras | undefined {
  if (found?.tokenType !== t.Colon || !/^(args|tuple|argument)$/.test(rule)) return undefined;
  return { help: 'an argument is named by `=`', fix: [{ span: tokenSpan(context, found), text: ' =' }] };
}

/** How the whole is written. */
function form(_: Context, { rule, rules, expected, found, previous, tokens }: Stumble): string | undefined {
  const name = (otherwise: string) => nameAfter(tokens, rule, found) ?? otherwise;
  if (rule === 'clip')
    return `write \`clip ${name('D')} to [-0.01, 0.01]\`, or \`clip ${name('D')} to norm 1\``;
  if ((rule === 'branch' && expected === 'LCurly') || (rule === 'statements' && found?.tokenType === t.Then))
    return 'statements stand in braces: `if step % 2 == 0 { … } else { … }`';
  if (rule === 'assign') return `write \`set ${nameAfter(tokens, 'set', found) ?? 'a'} to …\``;
  if (rule === 'startDraw' || rule === 'state')
    return 'write `state a = 0`, `state a ~ normal[2]` or `state a ~ 500 of normal[2]`';
  if (rule === 'average') return `write \`average ${name('G')} decay 0.999\``;
  if (rule === 'update') return `the form is \`update ${name('D')} to minimize d_loss with adam(2e-4)\``;
  if (rule === 'each') return 'write `each i in 1..4 { … }` or `each ch in [256, 128] { … }`';
  if (rule === 'repeated') return 'write `repeat i in 1..1000 { … }`, or `1000..1` to count down';
  if (rule === 'scan') return 'write `scan h = h0 { … }`, with the state that it begins with';
  if (rule === 'optimizer' && found?.tokenType === t.LParen) return 'write `optimizer d_opt = adam(2e-4)`';
  if (rule === 'init' && found?.tokenType === t.LParen) return 'write `init kernel ~ normal(0, 0.02)`';
  if (rule === 'use') return 'write `use "blocks.gan"`';
  if (rule === 'args' && expected === 'LParen' && rules.at(-2) === 'train') {
    return 'say how long: `train (batch = 64, steps = 20_000) { … }`';
  }
  if (rule === 'net' && expected === 'Arrow')
    return 'say what it gives: `net G(z: [100]) -> image[28, 28, 1] = …`';
  if (rule === 'typed' && expected === 'Colon') {
    return `give its type: \`${previous?.image ?? 'z'}: [100]\` or \`${previous?.image ?? 'x'}: image[28, 28, 1]\``;
  }
  if (rule === 'list' && expected === 'LSquare' && found?.tokenType === t.LParen) {
    return 'a shape stands in square brackets: `image[28, 28, 1]`';
  }
  if (rule === 'def' && found?.tokenType === t.Arrow) return 'only a `net` declares the type of its result';
  if (rule === 'let' && found?.tokenType === t.Comma)
    return 'several names stand in parentheses: `let (a, b) = …`';
  return undefined;
}

/** The name that a statement of this word, the last one before the stumble, is about. */
function nameAfter(tokens: readonly IToken[], word: string, found: IToken | undefined): string | undefined {
  const end = found?.startOffset ?? Number.POSITIVE_INFINITY;
  const at = tokens.findLastIndex(({ image, startOffset }) => image === word && startOffset < end);
  const name = at < 0 ? undefined : tokens[at + 1];
  return name !== undefined && name !== found && tokenMatcher(name, t.Identifier) ? name.image : undefined;
}

/** `param a: 3`, `data x = image[28, 28, 1]`, `let a == 3`. */
function otherSign(context: Context, { kind, expected, found, next }: Stumble): Extras | undefined {
  const sign = relationOf[expected];
  if (kind !== 'mismatch' || sign === undefined || found === undefined) return undefined;
  if (!relations.has(found.tokenType) && found.image !== '==') return undefined;
  const instead = replace(context, found, sign);
  // `:=` has the right sign in it.
  if (next?.image !== sign || next.startOffset !== found.endOffset! + 1) return instead;
  return { ...instead, fix: [{ span: tokenSpan(context, found), text: '' }] };
}

/** `param latent 100`, `def f(x) { … }`. */
function missingSign(context: Context, { kind, expected, found }: Stumble): Extras | undefined {
  if (kind !== 'mismatch' || expected !== 'Is' || !startsOperand(found)) return undefined;
  const { start } = tokenSpan(context, found!);
  return {
    help: 'write `=` before it',
    fix: [{ span: { file: context.path, start, end: start }, text: '= ' }],
  };
}
