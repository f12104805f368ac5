/** The part of a partial Model that stands by itself: what can be planned and costed while the rest is broken. */
import { sameShape } from '../ir/ndarray.ts';
import type { Action, Model, Net, NetCall, Phase, Term } from './model.ts';
import { postorder } from './walk.ts';

/**
 * The Model without values and phases that need what is broken: a net's body that does not check, or an average that no
 * phase keeps. A whole Model is returned as it is.
 */
export function soundPart(model: Model): Model {
  if (model.whole) return model;
  const soundness = new Soundness(model);
  const phases = model.phases.filter((phase) => soundness.phase(phase));
  const kept = new Set(phases.flatMap(({ body }) => [...averagedIn(body)]));
  const values = model.values.filter(({ term }) => soundness.term(term, kept));
  return {
    ...model,
    nets: model.nets.filter((net) => soundness.net(net)),
    values,
    phases: phases.filter((phase) => objectivesOf(phase.body).every((term) => soundness.term(term, kept))),
  };
}

class Soundness {
  private readonly bodies = new Map<string, boolean>();

  constructor(private readonly model: Model) {}

  net({ bodies }: Net): boolean {
    return bodies.size > 0 && [...bodies.values()].every(({ results }) => results.every((t) => this.term(t)));
  }

  phase({ body }: Phase): boolean {
    const isSound = (name: string) => {
      const net = this.netOf(name);
      return net !== undefined && this.net(net);
    };
    return objectivesOf(body).every((term) => this.term(term)) && [...netsIn(body)].every(isSound);
  }

  /** `averaged`: nets whose averages are kept; left out where that is not asked yet. */
  term(root: Term, averaged?: ReadonlySet<string>): boolean {
    const isKept = (net: string, variant: NetCall['variant']) =>
      variant !== 'averaged' || !averaged || averaged.has(net);
    return postorder([root]).every((term) => {
      if (term.kind === 'weight')
        return this.netOf(term.weight.net) !== undefined && isKept(term.weight.net, term.variant);
      if (term.kind !== 'result') return true;
      const { call } = term;
      return this.body(call) && this.fits(call) && isKept(call.net, call.variant);
    });
  }

  /** A call has its declared result even where an argument is wrong or missing. */
  private fits({ net, args }: NetCall): boolean {
    const params = this.netOf(net)?.params ?? [];
    return (
      args.length === params.length && args.every((arg, i) => sameShape(arg.shape, params[i]!.type.shape))
    );
  }

  private netOf(name: string): Net | undefined {
    return this.model.nets.find((net) => net.name === name);
  }

  private body({ net, body: key }: NetCall): boolean {
    const id = `${net} ${key}`;
    const known = this.bodies.get(id);
    if (known !== undefined) return known;
    // Nets that need themselves have no bodies; this only guards against going round.
    this.bodies.set(id, false);
    const body = this.netOf(net)?.bodies.get(key);
    const sound = body?.results.every((term) => this.term(term)) ?? false;
    this.bodies.set(id, sound);
    return sound;
  }
}

function objectivesOf(actions: readonly Action[]): Term[] {
  return actions.flatMap((action): Term[] => {
    if (action.kind === 'update') return [action.objective];
    if (action.kind === 'set') return [action.value];
    if (action.kind === 'together') return action.updates.map((update) => update.objective);
    return 'body' in action ? objectivesOf(action.body) : [];
  });
}

function* netsIn(actions: readonly Action[]): Generator<string> {
  for (const action of actions) {
    if ('nets' in action) yield* action.nets;
    else if (action.kind === 'together') yield* [...action.restored, ...netsIn(action.updates)];
    else if ('body' in action) yield* netsIn(action.body);
    else if ('net' in action) yield action.net;
  }
}

function* averagedIn(actions: readonly Action[]): Generator<string> {
  for (const action of actions) {
    if (action.kind === 'average') yield action.net;
    else if ('body' in action) yield* averagedIn(action.body);
  }
}
