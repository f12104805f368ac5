/** Rules about the game: who pulls D(fake) which way, and what keeps a Wasserstein critic Lipschitz. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Model, ResultTerm, UpdateAction } from '../model/model.ts';
import type { Pull } from './pull.ts';
import { actionsOf, contains, inOrder, updates } from './terms.ts';
import type { Craft } from './view.ts';

/**
 * An update of D that tells real from fake, and one of a net behind D(fake) that pulls it the same way. What two updates want
 * together (a decoder and an encoder, a classifier and G) tells nothing apart and is left in peace.
 */
export function* samePull({ model, pulls }: Craft): Generator<Diagnostic> {
  const all = updates(model);
  const asked = new Map(all.map((update) => [update, netsIn(update)]));
  for (const critic of all) {
    for (const net of critic.nets) {
      const others = all.filter((update) => !update.nets.includes(net) && asked.get(update)!.has(net));
      if (others.length === 0) continue;
      const own = [...pulls.of(critic, net)].filter(([, { term }]) => (term.shape.at(-1) ?? 1) === 1);
      for (const maker of others) {
        const makers = maker.nets.filter((name) => !critic.nets.includes(name));
        const made = ({ term }: Pull) => madeBy(term, makers);
        const fakes = own.filter(([, pull]) => made(pull));
        const reals = own.filter(([, pull]) => !made(pull));
        const theirs = pulls.of(maker, net);
        const verdicts = fakes.flatMap(([key, fake]) => {
          const other = theirs.get(key);
          return other ? reals.map(([, real]) => sameWay(fake, real, other)) : [];
        });
        const way = verdicts[0];
        if (!way || verdicts.includes(null) || !agree(reals.map(([, real]) => real))) continue;
        yield diagnose(
          'GAN0409',
          maker.span,
          { critic: net, maker: makers, way },
          {
            labels: [{ span: critic.span, text: `this update of \`${net}\` pulls it there too` }],
            help: `one of the two losses has the wrong sign: perhaps real and fake are swapped, or \`minimize\` and \`maximize\``,
          },
        );
      }
    }
  }
}

/** A net that takes its own examples to different places is a classifier, and a generator may well serve one of its classes. */
function agree(reals: readonly Pull[]): boolean {
  return new Set(reals.map(restOf)).size === 1;
}

/** The nets whose results stand in an objective. */
function netsIn({ objective }: UpdateAction): ReadonlySet<string> {
  return new Set(inOrder([objective]).flatMap((term) => (term.kind === 'result' ? [term.call.net] : [])));
}

function madeBy({ call }: ResultTerm, nets: readonly string[]): boolean {
  return call.args.some((arg) =>
    contains(
      arg,
      (part) => part.kind === 'result' && part.call.variant === 'self' && nets.includes(part.call.net),
    ),
  );
}

/**
 * Where each is pulled to: D's update takes fakes and reals to different places, and the maker's takes fakes to D's place for
 * fakes, or still farther from the place of reals. Where both places are at the same end D tells nothing apart, and helps.
 * null: a game, or not to be told.
 */
function sameWay(fake: Pull, real: Pull, other: Pull): 'up' | 'down' | 'away' | null {
  const [f, r, g] = [restOf(fake), restOf(real), restOf(other)];
  if (f === null || r === null || g === null) return null;
  const towards = (to: number, from: number) => (to === from ? 0 : Math.sign(to - from));
  // One place in the middle is a common aim, as of a regression.
  if (f === r && Number.isFinite(f)) return null;
  const apart = f !== r && towards(g, f) * towards(r, f) <= 0;
  if (!apart && !(f === r && g === f)) return null;
  return f === Infinity ? 'up' : f === -Infinity ? 'down' : 'away';
}

/** To which value the pull leads: −∞ or ∞ where it goes one way for ever; null where something else decides. */
function restOf({ values, slopes }: Pull): number | null {
  const sorted = values
    .map((value, i) => ({ value, slope: slopes[i]! }))
    .filter(({ slope }) => Math.abs(slope) > 1e-12)
    .sort((p, q) => p.value - q.value);
  const first = sorted.findIndex(({ slope }) => slope > 0);
  if (first === -1) return Infinity;
  if (sorted.slice(first).some(({ slope }) => slope < 0)) return null;
  return first === 0 ? -Infinity : sorted[first]!.value;
}

/** A critic's loss is linear in what it says, up here and down there, and nothing bounds its slope. */
export function* looseCritic({ model, pulls, ranges }: Craft): Generator<Diagnostic> {
  const all = updates(model);
  const clipped = new Set(actionsOf(model).flatMap((action) => (action.kind === 'clip' ? [action.net] : [])));
  const said = new Set<string>();
  for (const update of all) {
    for (const net of update.nets) {
      if (said.has(net) || clipped.has(net)) continue;
      const own = all.filter(({ nets }) => nets.includes(net));
      if (own.some((each) => penalised(each, net)) || bounded(model, net)) continue;
      const held = own.flatMap((each) => [...pulls.of(each, net).values()]);
      const unbounded = held.every(({ term }) => {
        const { lo, hi } = ranges.of(term);
        return lo === -Infinity && hi === Infinity;
      });
      if (!unbounded || !held.every(isLinear)) continue;
      const here = [...pulls.of(update, net).values()];
      if (!here.some(({ slopes }) => slopes[0]! > 0) || !here.some(({ slopes }) => slopes[0]! < 0)) continue;
      said.add(net);
      yield diagnose(
        'GAN0410',
        update.span,
        { net },
        {
          help: `add a penalty, \`+ 10 * gradient_penalty(${net}, x, fake)\`, or \`clip ${net} to [-0.01, 0.01]\`, or \`norm = "spectral"\` on its layers`,
        },
      );
    }
  }
}

/** The same slope everywhere. */
function isLinear({ slopes }: Pull): boolean {
  const size = slopes.reduce((most, slope) => Math.max(most, Math.abs(slope)), 0);
  return slopes.every((slope) => Math.abs(slope - slopes[0]!) <= 1e-9 * size);
}

/** A gradient of the net stands in the objective. */
function penalised({ objective }: UpdateAction, net: string): boolean {
  return inOrder([objective]).some(
    (term) =>
      term.kind === 'grad' && contains(term.y, (part) => part.kind === 'result' && part.call.net === net),
  );
}

/** Its layers are normalised by their spectral norm, or it does something of its own with bare weights. */
function bounded(model: Model, name: string, seen = new Set<string>()): boolean {
  const net = model.nets.find((each) => each.name === name);
  if (!net || seen.has(name)) return false;
  seen.add(name);
  for (const { results } of net.bodies.values()) {
    for (const term of inOrder(results)) {
      if (term.kind === 'layer' && (term.attrs.norm === 'spectral' || term.layer === 'weight')) return true;
    }
  }
  return net.calls.some((called) => bounded(model, called, seen));
}
