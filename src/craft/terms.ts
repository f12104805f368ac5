/** Ways of looking at checked terms: what they are made of, through calls of nets, and as linear combinations. */
import type { Action, ConstantTerm, Model, NetCall, OpTerm, Term, UpdateAction } from '../model/model.ts';
import { operandsOf, postorder } from '../model/walk.ts';

/** Each term below the roots once, parts before what is made of them; what is `done` is left out with all below it. */
export function inOrder(roots: Iterable<Term>, done: (term: Term) => boolean = () => false): Term[] {
  const open = (terms: readonly Term[]) => terms.filter((term) => !done(term));
  return postorder(open([...roots]), (term) => open(operandsOf(term)));
}

/** True if `what` holds for the term or anything that it is made of. */
export function contains(term: Term, what: (part: Term) => boolean): boolean {
  return inOrder([term]).some(what);
}

/** A term as seen from outside the nets that it stands in: a parameter is the argument of the call. */
export interface View {
  readonly term: Term;
  readonly frame: Frame | null;
}
interface Frame {
  readonly call: NetCall;
  readonly outer: Frame | null;
}

export function view(term: Term, frame: Frame | null = null): View {
  return { term, frame };
}

export class Terms {
  readonly model: Model;
  readonly #nets;

  constructor(model: Model) {
    this.model = model;
    this.#nets = new Map(model.nets.map((net) => [net.name, net]));
  }

  /** Steps into calls and out of parameters until something is computed; the shape alone does not matter. */
  through(from: View): View {
    let { term, frame } = from;
    for (;;) {
      if (term.kind === 'result') {
        const body = this.#nets.get(term.call.net)?.bodies.get(term.call.body);
        const inner = body?.results[term.index];
        if (!inner) return { term, frame };
        frame = { call: term.call, outer: frame };
        term = inner;
      } else if (term.kind === 'param') {
        if (frame === null) return { term, frame };
        term = frame.call.args[term.index] ?? term;
        frame = frame.outer;
      } else if (term.kind === 'op' && PASSES.has(term.op) && term.args[0]) term = term.args[0];
      else return { term, frame };
    }
  }

  /** The operation there, if it is one of these. */
  op(
    from: View,
    ...names: readonly string[]
  ): { readonly term: OpTerm; readonly frame: Frame | null } | null {
    const { term, frame } = this.through(from);
    return term.kind === 'op' && names.includes(term.op) ? { term, frame } : null;
  }

  /** `a` where the value is 1 − a (or −a + 1). */
  oneMinus(from: View): View | null {
    const sum = this.op(from, 'sub', 'add');
    if (!sum) return null;
    const [left, right] = sum.term.args as [Term, Term];
    if (sum.term.op === 'sub') return everywhere(left) === 1 ? view(right, sum.frame) : null;
    const negated = everywhere(left) === 1 ? right : everywhere(right) === 1 ? left : null;
    const neg = negated && this.op(view(negated, sum.frame), 'neg');
    return neg ? view(neg.term.args[0]!, neg.frame) : null;
  }

  /**
   * The summands of a linear combination with their factors, expectations and sums taken apart. A factor whose sign is not
   * known at compile time is NaN. A net's result is a summand and is not looked into.
   */
  summands(from: Term): { readonly term: Term; readonly factor: number }[] {
    const found: { term: Term; factor: number }[] = [];
    const open: { term: Term; factor: number }[] = [{ term: from, factor: 1 }];
    for (let top = open.pop(); top; top = open.pop()) {
      const { term, factor } = top;
      if (term.kind !== 'op') {
        found.push(top);
        continue;
      }
      const [a, b] = term.args;
      if (term.op === 'add' || term.op === 'sub') {
        open.push({ term: b!, factor: term.op === 'add' ? factor : -factor }, { term: a!, factor });
      } else if (term.op === 'neg') open.push({ term: a!, factor: -factor });
      else if (LINEAR.has(term.op)) open.push({ term: a!, factor });
      else if (term.op === 'mul' && everywhere(a!) !== null) {
        open.push({ term: b!, factor: factor * everywhere(a!)! });
      } else if ((term.op === 'mul' || term.op === 'div') && b && everywhere(b) !== null) {
        const c = everywhere(b)!;
        open.push({ term: a!, factor: term.op === 'mul' ? factor * c : factor / c });
      } else if (term.op === 'mul' && (a!.kind === 'host' || b!.kind === 'host')) {
        open.push({ term: a!.kind === 'host' ? b! : a!, factor: Number.NaN });
      } else found.push(top);
    }
    return found;
  }
}

/** Operations that leave the values as they are. */
const PASSES = new Set(['reshape', 'flatten', 'transpose', 'stop']);

/** Reductions that are linear and don't change a sign. */
const LINEAR = new Set(['expect', 'mean', 'sum', 'reshape', 'flatten']);

/** The one number that a constant is made of. */
export function everywhere(term: Term): number | null {
  if (term.kind !== 'constant') return null;
  const { data } = (term as ConstantTerm).value;
  return data.length > 0 && data.every((value) => value === data[0]) ? data[0]! : null;
}

/** All statements of all phases, at any depth. */
export function actionsOf(model: Model): Action[] {
  const found: Action[] = [];
  const visit = (actions: readonly Action[]) => {
    for (const action of actions) {
      found.push(action);
      if (action.kind === 'together') found.push(...action.updates);
      else if ('body' in action) visit(action.body);
    }
  };
  for (const phase of model.phases) visit(phase.body);
  return found;
}

/** All updates of all phases, at any depth. */
export function updates(model: Model): UpdateAction[] {
  return actionsOf(model).filter((action) => action.kind === 'update');
}
