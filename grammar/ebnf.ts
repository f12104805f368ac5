/** The grammar as EBNF, told by the parser itself: `gan.ebnf` is this text, and a test fails where it is stale. */
import type { ISerializedGast } from 'chevrotain';
import { GanParser } from './parser.ts';
import * as t from './tokens.ts';

/** The serialized shapes of Chevrotain that this grammar uses. */
interface Production {
  readonly type: string;
  readonly name?: string;
  readonly nonTerminalName?: string;
  readonly definition?: readonly Production[];
}

/** What the generated rules can't say. */
const preamble = `(* The grammar of .gan, generated from grammar/parser.ts by grammar/ebnf.ts. Do not edit.

   [ x ]    x or nothing                { x }    x any number of times
   x | y    x or y                      "x"      this text

   White space and comments separate tokens and mean nothing else, but for two rules: the "(" of args in suffix,
   application and distribution touches what stands before it, and so does the "[" of index in suffix and application;
   anywhere else a "(" or "[" begins an expression.

   Binary operators, from loosest to tightest; all group to the left but "^", and comparisons do not chain:
${ladder()}
*)
`;

/** Tokens that are no fixed text. */
const lexical: readonly [string, string][] = [
  [
    'Identifier',
    '( letter | "_" ) { letter | mark | digit | "_" }   (* Unicode letters and marks; no reserved word *)',
  ],
  ['Word', 'Identifier | reserved word'],
  [
    'Number',
    'digits [ "." digits ] [ ( "e" | "E" ) [ "+" | "-" ] digit { digit } ]   (* touches no letter *)',
  ],
  ['digits', 'digit { [ "_" ] digit }'],
  ['digit', '"0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9"'],
  ['String', `'"' { any character but '"' and the end of the line } '"'`],
  ['comment', '"//" { any character but the end of the line }'],
];

export function ebnf(): string {
  const rules = new GanParser({ validate: true }).getSerializedGastProductions() as ISerializedGast[];
  const productions = (rules as unknown as readonly Production[]).map(
    (rule) => `${rule.name} =\n${alternatives(rule.definition ?? [])} ;`,
  );
  const reserved = [...t.reservedWords].map((word) => `"${word}"`).join(' | ');
  const tokens = [
    ...lexical,
    ['Operator', members(t.Operator.name)],
    ['Prefix', members(t.Prefix.name)],
    ['reserved word', reserved],
  ].map(([name, text]) => `${name} =\n${wrap(text!, 2)} ;`);
  return `${preamble}\n${productions.join('\n\n')}\n\n(* Tokens *)\n\n${tokens.join('\n\n')}\n`;
}

function members(category: string): string {
  return t.vocabulary
    .filter((type) => type.CATEGORIES?.some((c) => c.name === category))
    .map((type) => quoted(type.PATTERN as string))
    .join(' | ');
}

const quoted = (text: string): string => `"${text}"`;

const texts = new Map(
  t.vocabulary.flatMap((type) => {
    const word = /^`(.+)`$/.exec(type.LABEL ?? '')?.[1];
    const abstract = type === t.Operator || type === t.Prefix;
    return word === undefined || abstract ? [] : [[type.name, quoted(word)] as const];
  }),
);

/** A rule that is one alternation has its alternatives on lines of their own. */
function alternatives(definition: readonly Production[]): string {
  const [only] = definition;
  if (definition.length === 1 && only?.type === 'Alternation') {
    return (only.definition ?? [])
      .map((option, i) => `  ${i === 0 ? ' ' : '|'} ${sequence(option.definition ?? [])}`)
      .join('\n');
  }
  return wrap(sequence(definition), 2);
}

const sequence = (definition: readonly Production[]): string => definition.map(term).join(' ');

function term(p: Production): string {
  const inner = p.definition ?? [];
  switch (p.type) {
    case 'NonTerminal':
      return p.nonTerminalName ?? p.name!;
    case 'Terminal':
      return texts.get(p.name!) ?? p.name!;
    case 'Option':
      return `[ ${sequence(inner)} ]`;
    case 'Repetition':
      return `{ ${sequence(inner)} }`;
    case 'Alternation':
      return `( ${inner.map((option) => sequence(option.definition ?? [])).join(' | ')} )`;
    case 'Alternative':
      return sequence(inner);
    default:
      throw new Error(`no EBNF for ${p.type}`);
  }
}

function ladder(): string {
  const levels = new Map<number, string[]>();
  for (const [operator, level] of Object.entries(t.precedence)) {
    levels.set(level, [...(levels.get(level) ?? []), operator]);
  }
  levels.set(t.prefixPrecedence, ['- ! before an operand']);
  return [...levels.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, operators]) => `     ${operators.join(' ')}`)
    .join('\n');
}

/** Breaks lines at 110 columns, between terms. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current !== '' && indent + current.length + 1 + word.length > 110) {
      lines.push(current);
      current = `  ${word}`;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current].map((l) => ' '.repeat(indent) + l).join('\n');
}
