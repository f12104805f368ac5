/** The chain of shapes that led to a value, for the notes of a diagnostic. */

import type { Term } from '../../model/model.ts';
import type { Checker } from './context.ts';
import { showShape } from './value.ts';

const shown = 8;

/** The stages behind a value, nearest first, along first operands; the last one is where the chain begins. */
export function chainOf(term: Term, most = Number.POSITIVE_INFINITY): Term[] {
  const chain: Term[] = [term];
  let at = term;
  while (chain.length < most && (at.kind === 'op' || at.kind === 'layer') && at.args.length > 0) {
    at = at.args[0]!;
    chain.push(at);
  }
  return chain;
}

/** One note, a line for each stage and its shape; none where there is no chain to speak of. */
export function chainNotes(c: Checker, term: Term): string[] {
  const chain = chainOf(term, shown + 1);
  if (chain.length < 2) return [];
  const cut = chain.length > shown;
  const links = chain
    .slice(0, shown)
    .reverse()
    .map((t, i) => [`${i === 0 && !cut ? '' : '|> '}${label(c, t)}`, showShape(t.shape)] as const);
  const width = Math.max(...links.map(([text]) => text.length));
  const lines = links.map(([text, shape]) => `  ${text.padEnd(width)}  ${shape}`);
  return [['the shapes that led here:', ...(cut ? ['  …'] : []), ...lines].join('\n')];
}

/** A stage as the reader wrote it, or the name of what it applies. */
function label(c: Checker, term: Term): string {
  switch (term.kind) {
    case 'param':
    case 'source':
    case 'state':
      return term.name ?? '?';
    case 'op':
    case 'layer': {
      const text = c.text(term.span);
      const name = term.kind === 'op' ? term.op : term.layer;
      return text.startsWith(name) && !text.includes('…') && !text.includes('|>') ? text : name;
    }
    case 'result':
      return c.text(term.call.span);
    default:
      return term.name ?? c.text(term.span);
  }
}
