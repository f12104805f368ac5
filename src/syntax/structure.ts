/**
 * Brackets and declarations, before parsing. A bracket left open is closed where the next declaration begins and reported
 * where it was opened; the parser then sees balanced text, one declaration at a time, and an error never spills over.
 */
import { type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import * as t from '../../grammar/tokens.ts';
import type { Label } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import { type Context, tokenSpan } from './cst.ts';

export const nestingLimit = 64;

/** The tokens of one declaration. */
export interface Chunk {
  readonly tokens: IToken[];
  /** Too deeply nested to be parsed. */
  refused: boolean;
  /** Brackets that were left open: what the parser has to say from there on comes of it. */
  readonly open: Open[];
}

export interface Open {
  readonly bracket: IToken;
  /** Where it was noticed; null: at the end of the file. */
  readonly noticed: IToken | null;
  /** Brackets around it that were left open as well. */
  readonly around: readonly IToken[];
}

interface Entry {
  readonly token: IToken;
  /** An `if` counts while its `else` is awaited: `then` nests without brackets. */
  readonly kind: '(' | '[' | '{' | 'if';
  /** `{ let … return … }`, whose `let`s begin no declaration. */
  readonly block: boolean;
  returned: boolean;
}

interface Place {
  readonly at: number;
  readonly entry: Entry;
}

const closers = new Map<TokenType, Entry['kind']>([
  [t.RParen, '('],
  [t.RSquare, '['],
  [t.RCurly, '{'],
]);
const closerOf = { '(': t.RParen, '[': t.RSquare, '{': t.RCurly };
const openers = new Set<TokenType>([t.LParen, t.LSquare, t.LCurly]);

/** Opening braces that have their closing one, seen without any other bracket. */
function closedBraces(tokens: readonly IToken[]): Set<IToken> {
  const closed = new Set<IToken>();
  const open: IToken[] = [];
  for (const token of tokens) {
    if (token.tokenType === t.LCurly) open.push(token);
    if (token.tokenType !== t.RCurly) continue;
    const opener = open.pop();
    if (opener !== undefined) closed.add(opener);
  }
  return closed;
}

/** The first chunk holds what stands before any declaration; it is usually empty. */
export function structure(context: Context, tokens: readonly IToken[]): Chunk[] {
  const chunks: Chunk[] = [newChunk()];
  const stack: Entry[] = [];
  const closed = closedBraces(tokens);
  let chunk = chunks[0]!;

  const dropIfs = () => {
    while (stack.at(-1)?.kind === 'if') stack.pop();
  };

  /** Closes everything above `depth`, as if its brackets stood before `noticed`. */
  const close = (depth: number, noticed: IToken | null) => {
    const left: IToken[] = [];
    while (stack.length > depth) {
      const entry = stack.pop()!;
      if (entry.kind === 'if') continue;
      left.push(entry.token);
      chunk.tokens.push(virtual(closerOf[entry.kind], chunk.tokens.at(-1)!));
    }
    const [bracket, ...around] = left;
    if (bracket !== undefined) chunk.open.push({ bracket, noticed, around });
  };

  /** Open braces, those of blocks, and those that are closed further on: places in the stack, some of which have gone. */
  const [braces, blocks, closedOnes]: [Place[], Place[], Place[]] = [[], [], []];

  /** Where the innermost of them stands that is still open and of use; -1 where there is none. */
  const innermost = (places: Place[], isOfUse: (entry: Entry) => boolean = () => true): number => {
    for (let last = places.at(-1); last; last = places.at(-1)) {
      if (stack[last.at] === last.entry && isOfUse(last.entry)) return last.at;
      places.pop();
    }
    return -1;
  };

  const begin = (noticed: IToken) => {
    close(0, noticed);
    chunk = newChunk();
    chunks.push(chunk);
  };

  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const type = token.tokenType;

    if (t.declarationKeywords.has(type) && beginsDeclaration(tokens, i, stack.length > 0)) {
      const block = type === t.Let ? innermost(blocks, (e) => !e.returned) : -1;
      // Inside braces that are closed further on it is no new beginning but a mistake, which the parser will name.
      const brace = innermost(closedOnes);
      if (block >= 0 || brace >= 0) close(Math.max(block, brace) + 1, token);
      else begin(token);
    } else if (type === t.Return) {
      const brace = innermost(braces);
      if (brace >= 0) stack[brace]!.returned = true;
      dropIfs();
    } else if (openers.has(type)) {
      const next = tokens[i + 1]?.tokenType;
      const block = type === t.LCurly && (next === t.Let || next === t.Return);
      const place = {
        at: stack.length,
        entry: { token, kind: token.image as Entry['kind'], block, returned: false },
      };
      stack.push(place.entry);
      if (type === t.LCurly) braces.push(place);
      if (block) blocks.push(place);
      if (closed.has(token)) closedOnes.push(place);
    } else if (type === t.If) {
      stack.push({ token, kind: 'if', block: false, returned: false });
    } else if (type === t.Else) {
      if (stack.at(-1)?.kind === 'if') stack.pop();
    } else if (type === t.Comma) {
      dropIfs();
    } else if (closers.has(type)) {
      dropIfs();
      if (!closeBy(token, closers.get(type)!, tokens[i + 1])) continue;
      // The block of a statement `if`, which need not have an `else`.
      if (type === t.RCurly && endsStatement(tokens[i + 1])) dropIfs();
    }

    if (stack.length > nestingLimit && !chunk.refused) {
      chunk.refused = true;
      context.report(diagnose('GAN0110', tokenSpan(context, token), { limit: nestingLimit }));
    }
    chunk.tokens.push(token);
  }
  close(0, null);
  return chunks;

  /** Whether the closing bracket is to be kept. */
  function closeBy(token: IToken, kind: Entry['kind'], next: IToken | undefined): boolean {
    let match = stack.length - 1;
    while (match >= 0 && stack[match]!.kind !== kind) {
      // A `)` never closes what lies outside a `{`.
      if (kind !== '{' && stack[match]!.kind === '{') match = 0;
      match--;
    }
    if (match >= 0) {
      close(match + 1, token);
      stack.pop();
      return true;
    }
    const top = stack.at(-1);
    const nextCloses = next === undefined ? undefined : closers.get(next.tokenType);
    // `[1, 2)`: a bracket of the wrong kind, unless the right one follows.
    if (
      top !== undefined &&
      top.kind !== 'if' &&
      nextCloses !== top.kind &&
      kind !== '{' &&
      top.kind !== '{'
    ) {
      const should = closerOf[top.kind].PATTERN as string;
      context.report(
        diagnose(
          'GAN0109',
          tokenSpan(context, token),
          { bracket: token.image, opened: top.token.image },
          {
            labels: [{ span: tokenSpan(context, top.token), text: 'opened here' }],
            help: `write \`${should}\``,
            fix: [{ span: tokenSpan(context, token), text: should }],
          },
        ),
      );
      stack.pop();
      chunk.tokens.push(virtual(closerOf[top.kind], token));
      return false;
    }
    context.report(
      diagnose(
        'GAN0109',
        tokenSpan(context, token),
        { bracket: token.image, opened: null },
        { help: 'take it away, or open it where it should begin' },
      ),
    );
    return false;
  }
}

/** Whether what follows a block begins another statement or declaration, so that no `else` is awaited. */
function endsStatement(next: IToken | undefined): boolean {
  if (next === undefined) return true;
  const type = next.tokenType;
  return type === t.If || t.statementKeywords.has(type) || t.declarationKeywords.has(type);
}

function newChunk(): Chunk {
  return { tokens: [], refused: false, open: [] };
}

/** A bracket that isn't in the text, right after `previous`. */
function virtual(type: TokenType, previous: IToken): IToken {
  const start = previous.endOffset! + 1;
  return {
    image: '',
    startOffset: start,
    endOffset: start - 1,
    tokenType: type,
    tokenTypeIdx: type.tokenTypeIdx!,
  } as IToken;
}

/** Whether the declaration keyword at `i` begins a declaration; it may also be a field, an argument's name or a mistake. */
function beginsDeclaration(tokens: readonly IToken[], i: number, inBrackets: boolean): boolean {
  const keyword = tokens[i]!.tokenType;
  const before = tokens[i - 1];
  const after = tokens[i + 1];
  const previous = before?.tokenType;
  const next = after?.tokenType;
  // `x.data` is a field.
  if (previous === t.Dot && before!.endOffset! + 1 === tokens[i]!.startOffset) return false;
  const awaited = before !== undefined && (previous === t.Is || tokenMatcher(before, t.Operator));
  const named = after !== undefined && tokenMatcher(after, t.Word);
  if (named && (keyword !== t.Use || !(inBrackets || awaited))) return true;
  // `net data(x: …)`, `def loss(a) = …`, `let data = 3`: the keyword stands where a name should.
  const misnames = previous !== undefined && previous !== t.Use && t.declarationKeywords.has(previous);
  if (next === t.LParen) {
    if (previous === t.Net || previous === t.Def) return false;
    return keyword === t.Data || keyword === t.Let || keyword === t.Train;
  }
  if (keyword === t.Use && next === t.StringLiteral) return true;
  if (keyword === t.Train && next === t.LCurly) return true;
  // A name was forgotten: `loss = expect(…)`.
  if (inBrackets || misnames || awaited) return false;
  return next === undefined || next === t.Is || next === t.Tilde || next === t.Colon;
}

/** One finding for brackets left open together: at the innermost, with the place where one would expect its end. */
export function reportOpen(context: Context, open: Open, expectedEnd: IToken | undefined): void {
  const labels: Label[] = [];
  if (expectedEnd !== undefined) {
    labels.push({ span: tokenSpan(context, expectedEnd), text: 'it should be closed before this' });
  } else if (open.noticed !== null) {
    const what = closers.has(open.noticed.tokenType)
      ? 'this closes an outer one'
      : 'the next part begins here';
    labels.push({ span: tokenSpan(context, open.noticed), text: what });
  }
  for (const bracket of open.around) {
    labels.push({ span: tokenSpan(context, bracket), text: 'this one isn’t closed either' });
  }
  const closer = { '(': ')', '[': ']', '{': '}' }[open.bracket.image as '(' | '[' | '{'];
  context.report(
    diagnose(
      'GAN0108',
      tokenSpan(context, open.bracket),
      { bracket: open.bracket.image, closer },
      { labels },
    ),
  );
}
