/** Text to syntax tree: lexes, parses declaration by declaration, and builds the AST, with all its findings. */
import type { CstNode, IRecognitionException, IToken } from 'chevrotain';
import { GanParser } from '../../grammar/parser.ts';
import { Let, Pipe, statementKeywords, tokenize } from '../../grammar/tokens.ts';
import type { Diagnostic, Outcome, Source } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Declaration, File } from './ast.ts';
import { allowancesIn, docsBefore, reportAllowances, reportDivisions } from './comments.ts';
import { TreeBuilder } from './concrete.ts';
import type { Context } from './cst.ts';
import { buildDeclaration } from './declarations.ts';
import { explainError, misplaced } from './errors.ts';
import { type Known, knownIn, movedDeclaration, type Parsed } from './known.ts';
import { type Chunk, reportOpen, structure } from './structure.ts';
import { isUnended, refuse, reportLiterals, reportUnknown } from './text.ts';
import type { TreeNode } from './tree.ts';

/** More would only repeat what the first ones say. */
const errorLimit = 50;

export interface ParseOutcome extends Outcome<File> {
  /** How many declarations were parsed, and not taken from a previous text. */
  readonly parsed: number;
}

// Made once: its self-analysis costs some milliseconds.
let parser: GanParser | undefined;

/**
 * The value is missing only where the text is refused as a whole. Beside errors it is what could be made of the rest: what
 * was broken is an `error`: an expression, a stage, a statement or a whole declaration. Declarations that are the same in a
 * `previous` text of the file are taken from there; the result is as without it.
 */
export function parse(source: Source, previous?: Parsed): ParseOutcome {
  const refused = refuse(source);
  if (refused !== undefined) return { diagnostics: [refused], parsed: 0 };
  const { path, text } = source;
  const diagnostics: Diagnostic[] = [];
  const context: Context = { path, text, report: (d) => diagnostics.push(d), operatorsAround: 0 };

  const { tokens, comments, blockComments, hashComments, unknown } = tokenize(text);
  reportUnknown(context, text, unknown);
  reportLiterals(context, tokens);
  for (const { startOffset: start, image } of blockComments) {
    const span = { file: path, start, end: start + image.length };
    context.report(diagnose('GAN0126', span, {}, { help: 'begin each of its lines with `//`' }));
  }

  for (const { startOffset: start } of hashComments) {
    const span = { file: path, start, end: start + 1 };
    const extras = { help: 'a comment begins with `//`', fix: [{ span, text: '//' }] };
    context.report(diagnose('GAN0103', span, { character: '#' }, extras));
  }

  const [outside, ...chunks] = structure(context, tokens);
  if (outside?.tokens[0] !== undefined) context.report(misplaced(context, outside.tokens[0]));
  const unreadable = unknown.map(({ offset }) => offset);
  const unended = [
    ...tokens.filter(isUnended).map((token) => token.startOffset),
    ...blockComments.map((comment) => comment.startOffset),
  ];
  const docs = docsBefore(text, comments);
  const tree = new TreeBuilder(text, tokens);
  const starts = chunks.map((chunk) => chunk.tokens[0]!.startOffset);
  const stray = tree.skipped(starts[0] ?? Number.POSITIVE_INFINITY);
  const known = previous?.file.path === path ? knownIn(previous) : new Map<string, Known[]>();
  const declarations: Declaration[] = [];
  let parsed = 0;
  const parts = chunks.map((chunk, i): TreeNode => {
    const doc = docs(starts[i]!);
    const limit = starts[i + 1] ?? Number.POSITIVE_INFINITY;
    const own =
      chunk.refused || chunk.open.length > 0
        ? ''
        : text.slice(starts[i], chunk.tokens.at(-1)!.endOffset! + 1);
    const same = known.get(own)?.shift();
    const moved = same && tree.known(same.node, chunk.tokens, limit);
    if (moved) {
      declarations.push(movedDeclaration(same.declaration, moved.start - same.node.start, doc));
      return moved;
    }
    parsed++;
    const { cst, errors } = chunk.refused ? { cst: undefined, errors: [] } : parseChunk(chunk.tokens);
    const whole = tree.declaration(cst, limit, errors.length > 0);
    // That it is too deep has been said; its brackets are most likely all open.
    if (!chunk.refused)
      reportChunk(context, chunk, errors, { unreadable, unended, last: i === chunks.length - 1 });
    // Behind a stumble the tree is a guess, of which nothing is to be said.
    const trusted = Math.min(...errors.map(({ token }) => token.startOffset || Number.POSITIVE_INFINITY));
    let isClean = true;
    const report = (d: Diagnostic) => {
      isClean = false;
      if (d.span.start < trusted) context.report(d);
    };
    const built = buildDeclaration({ ...context, report }, whole, doc);
    declarations.push(isClean ? built : { ...built, broken: true });
    return whole;
  });

  const allowances = allowancesIn(source, comments);
  reportAllowances(context, allowances);
  reportDivisions(context, text, tokens, comments);
  const file: File = { path, declarations, tree: tree.file(stray ? [stray, ...parts] : parts), allowances };
  return { value: file, diagnostics: limited(diagnostics), parsed };
}

function parseChunk(tokens: IToken[]): {
  cst: CstNode | undefined;
  errors: readonly IRecognitionException[];
} {
  parser ??= new GanParser();
  parser.input = tokens;
  const cst = parser.declaration();
  return { cst, errors: parser.errors };
}

interface Circumstances {
  /** Where characters were left out that begin no token. */
  readonly unreadable: readonly number[];
  /** Where strings without an end and block comments begin, which may have swallowed a bracket. */
  readonly unended: readonly number[];
  /** Nothing follows in the file. */
  readonly last: boolean;
}

/** What the parser says of one declaration, without what only follows from something else that was said. */
function reportChunk(
  context: Context,
  chunk: Chunk,
  errors: readonly IRecognitionException[],
  { unreadable, unended, last }: Circumstances,
): void {
  const expectedEnds = new Map<IToken, IToken>();
  let lastError = Number.NEGATIVE_INFINITY;
  // Each costs a search through the declaration, and no more than the limit are shown.
  for (const error of errors.slice(0, errorLimit + 1)) {
    const at = chunk.tokens.indexOf(error.token);
    const position = at < 0 ? chunk.tokens.length : at;
    const follows = lastError >= 0 && !chunk.tokens.slice(lastError, position).some(restarts);
    lastError = position;
    if (follows) continue;
    const offset = at < 0 ? Number.POSITIVE_INFINITY : error.token.startOffset;
    const inside = chunk.open.find(
      ({ bracket, noticed }) =>
        offset > bracket.startOffset && (noticed === null || offset <= noticed.startOffset),
    );
    if (inside !== undefined) {
      const closes = /^mismatch \w+ R(Paren|Square|Curly)$/.test(error.message);
      if (closes && error.token.image !== '' && at >= 0 && !expectedEnds.has(inside.bracket)) {
        expectedEnds.set(inside.bracket, error.token);
      }
      continue;
    }
    const before = (at < 0 ? chunk.tokens.at(-1) : chunk.tokens[at - 1])?.startOffset ?? 0;
    if (unreadable.some((there) => there > before && there < offset)) continue;
    context.report(explainError(context, error, chunk.tokens, last));
  }
  for (const open of chunk.open) {
    const end = open.noticed?.startOffset ?? Number.POSITIVE_INFINITY;
    if (unended.some((at) => at > open.bracket.startOffset && at < end)) continue;
    reportOpen(context, open, expectedEnds.get(open.bracket));
  }
}

/** Where one can trust the parser again after an error: the next stage, line of a block, or statement. */
function restarts({ tokenType }: IToken): boolean {
  return tokenType === Pipe || tokenType === Let || statementKeywords.has(tokenType);
}

/** In the order of the text, cut off where there are too many. */
function limited(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = [...diagnostics].sort((a, b) => a.span.start - b.span.start);
  const errors = sorted.filter((d) => d.severity === 'error');
  const last = errors[errorLimit - 1];
  if (last === undefined || errors.length === errorLimit) return sorted;
  const note = 'the file has more syntax errors than are shown';
  const kept = new Set(errors.slice(0, errorLimit));
  return sorted
    .filter((d) => d.severity !== 'error' || kept.has(d))
    .map((d) => (d === last ? { ...d, notes: [...d.notes, note] } : d));
}
