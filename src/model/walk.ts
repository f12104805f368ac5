/** Walks over terms, in loops: a chain of them may be ten thousand long. */
import type { Term } from './model.ts';

/** What a term is directly made of (a net's result: the call's arguments; a loop's: what its turns compute, too). */
export function operandsOf(term: Term): readonly Term[] {
  switch (term.kind) {
    case 'op':
    case 'layer':
      return term.args;
    case 'result':
      return term.call.weights ? [...term.call.args, ...term.call.weights.values()] : term.call.args;
    case 'grad':
      return [term.y, term.x];
    case 'loop': {
      const { carried, scanned, collected } = term.loop;
      const given = [...carried.map((c) => c.start), ...scanned.map((s) => s.sequence)];
      return [...given, ...carried.map((c) => c.next), ...collected];
    }
    case 'entry':
      return [term.over];
    case 'map':
      return [term.entry, term.result];
    case 'jvp':
      return [term.y, ...term.xs, ...term.vs];
    default:
      return [];
  }
}

/** Every term that the roots are made of, each once, operands before what uses them. Net bodies are not entered. */
export function postorder(
  roots: Iterable<Term>,
  operands: (term: Term) => readonly Term[] = operandsOf,
): Term[] {
  const order: Term[] = [];
  const state = new Map<Term, 'open' | 'done'>();
  const stack: Term[] = [...roots].reverse();
  while (stack.length > 0) {
    const term = stack.at(-1)!;
    const known = state.get(term);
    if (known === 'done') {
      stack.pop();
      continue;
    }
    if (known === 'open') {
      stack.pop();
      state.set(term, 'done');
      order.push(term);
      continue;
    }
    state.set(term, 'open');
    const next = operands(term);
    for (let i = next.length - 1; i >= 0; i--) if (!state.has(next[i]!)) stack.push(next[i]!);
  }
  return order;
}
