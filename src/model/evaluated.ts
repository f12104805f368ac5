/** What an update or a metric works out, inside the nets that it calls too, and how many examples each value holds there. */
import type { Count } from '../ir/types.ts';
import type { Given, Meetings } from './meetings.ts';
import type { NetBody, NetCall, Term } from './model.ts';
import { postorder } from './walk.ts';

export interface Evaluated {
  readonly term: Term;
  /** null: the value is whole. */
  readonly count: Count | null;
  /** False inside `N.frozen`, `N.averaged` and `N.live`, which run as outputs do. */
  readonly training: boolean;
}

/** Each value once for every count and mode that it has. */
export function* evaluated(
  root: Term,
  known: Pick<Given, 'source' | 'state' | 'batch'>,
  meetings: Meetings,
  bodyOf: (call: NetCall) => NetBody,
): Generator<Evaluated> {
  const seen = new Set<string>();
  const ids = new Map<NetBody, number>();
  const open: {
    roots: readonly Term[];
    params?: readonly (Count | null)[];
    results?: readonly (Count | null)[];
    training: boolean;
  }[] = [{ roots: [root], training: true }];
  for (let top = open.pop(); top; top = open.pop()) {
    const { roots, training, ...given } = top;
    const counts = meetings.of(roots, { ...known, ...given });
    for (const term of postorder(roots)) {
      yield { term, count: counts.of(term), training };
      if (term.kind !== 'result') continue;
      const { call } = term;
      const body = bodyOf(call);
      const inner = {
        roots: body.results,
        params: call.args.map((arg) => counts.of(arg)),
        results: counts.results(call),
        training: training && call.variant === 'self',
      };
      const id = ids.get(body) ?? ids.size;
      ids.set(body, id);
      const key = `${id} ${inner.params} ${inner.results} ${inner.training}`;
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(inner);
    }
  }
}
