/** Values drawn with different counts don't mix: what each phase's updates would put together (rule 18). */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Count } from '../ir/types.ts';
import type { Checker } from './context.ts';
import type { Action, Term, UpdateAction } from './model.ts';
import type { CheckedPhase } from './schedule.ts';
import { operandsOf, postorder } from './walk.ts';

/** How many examples a source may hold at a point of the text: several where a `sample` may or may not have run. */
type Held = ReadonlyMap<string, ReadonlySet<Count>>;

export function checkCounts(c: Checker, { phase, updates }: CheckedPhase): void {
  // Without a count anywhere all values have the phase's batch.
  if (!updates.length || !hasCount(phase.body)) return;
  const terms = new Map<UpdateAction, { term: Term; span: Span }>(
    updates.map((u) => [u.action, { term: u.term, span: u.statement.objective.span }]),
  );
  const reported = new Set<string>();
  const use = (action: UpdateAction, held: Held): void => {
    const update = terms.get(action);
    if (!update) return;
    const counts = new Map<string, Count>();
    for (const t of postorder([update.term])) {
      if (t.kind !== 'source') continue;
      const possible = [...(held.get(t.source) ?? ['batch' as const])];
      if (possible.length > 1 && !reported.has(t.source)) {
        reported.add(t.source);
        c.report('GAN0513', update.span, { source: t.source, counts: possible });
      }
      counts.set(t.source, possible[0]!);
    }
    const conflict = conflictIn(update.term, counts);
    if (conflict) c.report('GAN0512', conflict.span, conflict.args);
  };
  walk(c, phase.body, new Map(), use);
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

interface Conflict {
  readonly span: Span;
  readonly args: { readonly left: string; readonly right: string; readonly counts: readonly [Count, Count] };
}

/** The first operation at which values of different counts meet. Draws take the count of what they meet. */
function conflictIn(root: Term, counts: ReadonlyMap<string, Count>): Conflict | null {
  // For each per-example value: one source that it comes from, which decides its count.
  const origin = new Map<Term, string>();
  for (const term of postorder([root])) {
    if (term.kind === 'source') {
      origin.set(term, term.source);
      continue;
    }
    const from = operandsOf(term)
      .filter((t) => t.batch)
      .flatMap((t) => origin.get(t) ?? []);
    const [first] = from;
    if (first === undefined) continue;
    const other = from.find((s) => counts.get(s) !== counts.get(first));
    if (other !== undefined)
      return {
        span: term.span,
        args: { left: first, right: other, counts: [counts.get(first)!, counts.get(other)!] },
      };
    if (term.batch) origin.set(term, first);
  }
  return null;
}
