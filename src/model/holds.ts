/** Whether a term of some kind stands in an expression, in the nets that it calls too. */
import type { NetBody, NetCall, OpTerm, Term } from './model.ts';
import { postorder } from './walk.ts';

export class Holds {
  readonly #is: (term: Term) => boolean;
  readonly #bodyOf: (call: NetCall) => NetBody;
  readonly #known = new Map<NetBody, boolean>();

  constructor(bodyOf: (call: NetCall) => NetBody, is: (term: Term) => boolean) {
    this.#bodyOf = bodyOf;
    this.#is = is;
  }

  /** In these expressions, or in a net that they call. */
  in(roots: Iterable<Term>): boolean {
    return postorder(roots).some((t) => this.#is(t) || (t.kind === 'result' && this.inCall(t.call)));
  }

  /** In the body of the net that is called, or in a net that it calls. */
  inCall(call: NetCall): boolean {
    const body = this.#bodyOf(call);
    let found = this.#known.get(body);
    if (found === undefined) {
      found = this.in(body.results);
      this.#known.set(body, found);
    }
    return found;
  }
}

/** A `draw`, or an operation that draws in training (dropout). */
export function isDraw(term: Term): boolean {
  return term.kind === 'draw' || (term.kind === 'op' && term.place !== null);
}

/** `batch` or `examples`: what makes the number of examples a part of the shapes. */
export function crossesBatch(term: Term): term is OpTerm {
  return term.kind === 'op' && (term.op === 'batch' || term.op === 'examples');
}
