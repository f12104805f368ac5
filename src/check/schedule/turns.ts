/** What may not stand in the turns of a loop that is trained through: a batch norm moves its averages once in an evaluation. */
import type { Loop, NetBody, NetCall, Term } from '../../model/model.ts';
import { operandsOf, postorder } from '../../model/walk.ts';

type BodyOf = (call: NetCall) => NetBody;

/** The layer, or the call of a net with such a layer, that is evaluated anew at each turn. */
export function normInTurns(loop: Loop, bodyOf: BodyOf): Term | undefined {
  const { position, carried, scanned } = loop;
  const given = new Set<Term>([position, ...[...carried, ...scanned].map(({ turn }) => turn)]);
  const changing = new Set<Term>();
  for (const term of postorder([...carried.map(({ next }) => next), ...loop.collected])) {
    const draws = 'call' in term ? term.call.turns : 'turns' in term ? term.turns : undefined;
    const changes = given.has(term) || operandsOf(term).some((t) => changing.has(t));
    if (!changes && !draws?.includes(position)) continue;
    changing.add(term);
    if (isNorm(term) || (term.kind === 'result' && callsNorm(term.call, bodyOf))) return term;
  }
  return undefined;
}

function isNorm(term: Term): boolean {
  return term.kind === 'layer' && term.layer === 'batch_norm';
}

/** Frozen, averaged and live nets run as outputs do: they move nothing. */
function callsNorm(call: NetCall, bodyOf: BodyOf): boolean {
  if (call.variant !== 'self') return false;
  const body = bodyOf(call);
  let found = known.get(body);
  if (found === undefined) {
    found = postorder(body.results).some(
      (term) => isNorm(term) || (term.kind === 'result' && callsNorm(term.call, bodyOf)),
    );
    known.set(body, found);
  }
  return found;
}

const known = new WeakMap<NetBody, boolean>();
