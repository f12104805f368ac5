/** Text to syntax tree: lexes, parses declaration by declaration, and builds the AST, with all its findings. */
import type { IToken } from 'chevrotain';
import { GanParser } from '../../grammar/parser.ts';
import { declarationKeywords, tokenize } from '../../grammar/tokens.ts';
import type { Diagnostic, Outcome, Source } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Declaration, File } from './ast.ts';
import { allowancesIn, docsBefore } from './comments.ts';
import type { Context } from './cst.ts';
import { buildDeclaration } from './declarations.ts';

// Made once: its self-analysis costs some milliseconds.
let parser: GanParser | undefined;

export function parse(source: Source): Outcome<File> {
  const { path, text } = source;
  const diagnostics: Diagnostic[] = [];
  const context: Context = { path, report: (d) => diagnostics.push(d), operatorsAround: 0 };
  parser ??= new GanParser();
  const { tokens, comments } = tokenize(text);
  const declarations: Declaration[] = [];
  const docs = docsBefore(text, comments);
  for (const chunk of chunks(tokens)) {
    parser.input = chunk;
    const cst = parser.declaration();
    for (const error of parser.errors) {
      const token = error.token.startOffset >= 0 ? error.token : chunk.at(-1)!;
      context.report(
        diagnose(
          'GAN0112',
          { file: path, start: token.startOffset, end: token.startOffset + token.image.length },
          { expected: error.message, found: `\`${token.image}\`` },
        ),
      );
    }
    const built = cst && buildDeclaration(context, cst, docs(chunk[0]!.startOffset));
    if (built !== undefined) declarations.push(built);
  }
  const allowances = allowancesIn(path, text, comments);
  return { value: { path, declarations, allowances }, diagnostics };
}

/** The tokens of each declaration: a keyword outside brackets, and what follows. */
function chunks(tokens: readonly IToken[]): IToken[][] {
  const result: IToken[][] = [];
  let depth = 0;
  for (const token of tokens) {
    if ('([{'.includes(token.image)) depth++;
    if (')]}'.includes(token.image)) depth--;
    if (result.length === 0 || (depth === 0 && declarationKeywords.has(token.tokenType))) result.push([]);
    result.at(-1)!.push(token);
  }
  return result;
}
