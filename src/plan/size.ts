/** How many operations a program may become, at most: found without building it, so that most need not be tried. */
import type { Action, Model, Net, Term } from '../model/model.ts';
import { operandsOf, postorder } from '../model/walk.ts';

/** Operations that a layer or another composite is made of, at most. */
const ofComposite = 16;
/** Of a gradient for each operation that it is taken of, with those themselves. */
const ofGradient = 8;

/** An upper bound of the operations of all phases and outputs; it may be far above them, and infinite. */
export function estimate(model: Model): number {
  const nets = new Map(model.nets.map((net) => [net.name, net]));
  const bodies = new Map<string, number>();
  const differentiated = new Map<Term, number>();
  let visited = 0;

  /** Of a value and all that it is made of, each once; a gradient makes its own copy of what it is taken of. */
  function of(roots: readonly Term[]): number {
    let sum = 0;
    const calls = new Set<object>();
    const gradients = new Set<readonly Term[]>();
    const terms = visited > mostVisited ? [] : postorder(roots);
    visited += terms.length;
    if (visited > mostVisited) return Number.POSITIVE_INFINITY;
    for (const term of terms) {
      sum += 1;
      if (term.kind === 'layer' || (term.kind === 'op' && term.place !== null)) sum += ofComposite;
      else if (term.kind === 'op') sum += operandsOf(term).length + 4;
      else if (term.kind === 'grad' && !gradients.has(term.xs)) {
        gradients.add(term.xs);
        sum += ofGradient * underGradient(term.y);
      }
      // The gradient, and the gradient of that.
      else if (term.kind === 'jvp') sum += ofGradient * ofGradient * underGradient(term.y);
      else if (term.kind === 'result' && !calls.has(term.call)) {
        calls.add(term.call);
        sum += body(term.call.net, term.call.body);
      }
      if (!(sum < most)) return Number.POSITIVE_INFINITY;
    }
    return sum;
  }

  function underGradient(y: Term): number {
    const known = differentiated.get(y) ?? of([y]);
    differentiated.set(y, known);
    return known;
  }

  function body(name: string, key: string): number {
    const id = `${name} ${key}`;
    let known = bodies.get(id);
    if (known === undefined) {
      // Nets that call each other in a circle have been refused.
      bodies.set(id, 0);
      known = of(nets.get(name)?.bodies.get(key)?.results ?? []);
      bodies.set(id, known);
    }
    return known;
  }

  let sum = 0;
  for (const value of model.values) {
    if (value.kind === 'output') sum += of([value.term]);
    else if (value.kind === 'metric') sum += model.phases.length * of([value.term]);
    if (sum > most) return sum;
  }
  const losses = new Map(model.values.filter((v) => v.kind === 'loss').map((v) => [v.name, v.term]));
  const visit = (actions: readonly Action[]): void => {
    for (const action of actions) {
      if (sum > most) return;
      if ('body' in action) visit(action.body);
      if (action.kind === 'set') sum += of([action.value]);
      const updates = action.kind === 'update' ? [action] : action.kind === 'together' ? action.updates : [];
      for (const update of updates) {
        const terms = [update.objective, ...update.losses.flatMap((name) => losses.get(name) ?? [])];
        sum += ofGradient * of(terms) + weightsOf(update.nets.map((name) => nets.get(name)));
        if (sum > most) return;
      }
    }
  };
  for (const { body: actions } of model.phases) visit(actions);
  return sum;
}

function weightsOf(nets: readonly (Net | undefined)[]): number {
  return nets.reduce((sum, net) => sum + (net?.weights.length ?? 0), 0);
}

/** Beyond it a number says nothing more. */
const most = 1e12;
/** What would take longer to estimate is tried. */
const mostVisited = 2_000_000;
