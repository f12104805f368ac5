/** Values drawn with different counts don't mix: what each phase's updates and metrics would put together (rule 18). */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Count } from '../ir/types.ts';
import type { Checker } from './context.ts';
import { Meetings } from './meetings.ts';
import type { Action, NamedValue, NetBody, NetCall, Term, UpdateAction } from './model.ts';
import type { CheckedPhase } from './schedule.ts';
import { postorder } from './walk.ts';

/** How many examples a source may hold at a point of the text: several where a `sample` may or may not have run. */
type Held = ReadonlyMap<string, ReadonlySet<Count>>;

/** `metrics`: those that this phase works out, at the end of its steps. */
export function checkCounts(
  c: Checker,
  { phase, updates }: CheckedPhase,
  metrics: readonly NamedValue[],
): void {
  // Without a count anywhere all values have the phase's batch.
  if (!hasCount(phase.body)) return;
  const terms = new Map<UpdateAction, { term: Term; span: Span }>(
    updates.map((u) => [u.action, { term: u.term, span: u.statement.objective.span }]),
  );
  const meetings = new Meetings((call) => bodyOf(c, call));
  const reported = new Set<string>();
  const use = (term: Term, span: Span, held: Held): void => {
    for (const t of postorder([term])) {
      if (t.kind !== 'source') continue;
      const possible = [...(held.get(t.source) ?? [])];
      if (possible.length < 2 || reported.has(t.source)) continue;
      reported.add(t.source);
      c.report('GAN0513', span, { source: t.source, counts: possible });
    }
    const source = (name: string): Count => [...(held.get(name) ?? [])][0] ?? 'batch';
    const { conflict } = meetings.of([term], { source });
    if (!conflict) return;
    const { left, right } = conflict;
    c.report('GAN0512', conflict.span, {
      left: left.source,
      right: right.source,
      counts: [left.count, right.count],
    });
  };
  const end = walk(c, phase.body, new Map(), (action, held) => {
    const update = terms.get(action);
    if (update) use(update.term, update.span, held);
  });
  for (const { term, span } of metrics) use(term, span, end);
}

/** Bodies are whole here: a file with errors in its nets does not come this far. */
function bodyOf(c: Checker, call: NetCall): NetBody {
  const body = c.nets.get(call.net)?.bodies.get(call.body);
  if (!body || body === 'working') throw new Error(`internal: ${call.net} has no body ${call.body}`);
  return body;
}

function hasCount(actions: readonly Action[]): boolean {
  return actions.some((a) => (a.kind === 'sample' ? a.count !== null : 'body' in a && hasCount(a.body)));
}
function walk(
  c: Checker,
  actions: readonly Action[],
  start: Held,
  use: (action: UpdateAction, held: Held) => void,
): Held {
  let held = start;
  for (const a of actions) {
    switch (a.kind) {
      case 'sample': {
        const next = new Map(held);
        for (const name of a.sources) {
          const declared = c.program.main.names.get(name);
          const fields = declared?.node.kind === 'data' ? declared.node.names.map((n) => n.text) : [name];
          for (const field of fields) next.set(field, new Set([a.count ?? 'batch']));
        }
        held = next;
        break;
      }
      case 'update':
        use(a, held);
        break;
      case 'together':
        for (const u of a.updates) use(u, held);
        break;
      case 'repeat': {
        // The body may meet what its own end left behind.
        const once = walk(c, a.body, held, () => {});
        const runs = a.count.kind === 'number' && a.count.value >= 1;
        const end = walk(c, a.body, runs && a.count.value < 2 ? held : union(held, once), use);
        held = runs ? end : union(held, end);
        break;
      }
      case 'every':
      case 'once':
        held = union(held, walk(c, a.body, held, use));
        break;
    }
  }
  return held;
}

function union(a: Held, b: Held): Held {
  const result = new Map(a);
  for (const [name, counts] of b) result.set(name, new Set([...(result.get(name) ?? []), ...counts]));
  return result;
}
