/**
 * How many examples the values of each phase hold: what is drawn with different counts does not mix (rule 18), a batch norm
 * needs two values, and no value outgrows its array.
 */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { countAt } from '../../ir/count.ts';
import { sizeOf } from '../../ir/ndarray.ts';
import type { Count } from '../../ir/types.ts';
import { evaluated } from '../../model/evaluated.ts';
import { crossesBatch, Holds } from '../../model/holds.ts';
import { Meetings } from '../../model/meetings.ts';
import type {
  Action,
  NamedValue,
  NetBody,
  NetCall,
  OpTerm,
  SetAction,
  StateSpec,
  StateTerm,
  Term,
  UpdateAction,
} from '../../model/model.ts';
import { postorder } from '../../model/walk.ts';
import { MOST } from '../../ops/room.ts';
import type { Checker } from '../evaluate/context.ts';
import { fieldsWith } from './examples.ts';
import type { CheckedPhase } from './schedule.ts';
import { normInTurns } from './turns.ts';

/** How many examples a source may hold at a point of the text: several where a `sample` may or may not have run. */
type Held = ReadonlyMap<string, ReadonlySet<Count>>;

/** What a run may change of a phase's `batch`. */
export interface BatchLimits {
  /** 2 where a batch norm has one value of each example, else 1. */
  readonly leastBatch: 1 | 2;
  /** `batch(v)` makes the number of examples a part of the shapes. */
  readonly fixedBatch: boolean;
}

/** `metrics`: those that this phase works out, at the end of its steps. */
export function checkCounts(
  c: Checker,
  { phase, node, updates, sets }: CheckedPhase,
  metrics: readonly NamedValue[],
): BatchLimits {
  let leastBatch: 1 | 2 = 1;
  const batchSpan = node.args.find((a) => a.name?.text === 'batch')?.span ?? node.keyword;
  const terms = new Map<UpdateAction, { term: Term; span: Span }>(
    updates.map((u) => [u.action, { term: u.term, span: u.statement.objective.span }]),
  );
  const meetings = new Meetings((call) => bodyOf(c, call));
  const roots = [...updates, ...sets, ...metrics].map(({ term }) => term);
  const fixedBatch = new Holds((call) => bodyOf(c, call), crossesBatch).in(roots);
  const batch: Count = fixedBatch ? phase.batch : 'batch';
  const inPhase = (count: Count): Count => (count === 'batch' ? batch : count);
  const reported = new Set<string>();
  const given = new Map(sets.map((s) => [s.action, { term: s.term, span: s.statement.value.span }]));
  /** `to`: the state that takes the value. */
  const use = (term: Term, span: Span, held: Held, to: StateSpec | null = null): void => {
    for (const t of postorder([term])) {
      if (t.kind !== 'source') continue;
      const possible = [...(held.get(t.source) ?? [])];
      if (possible.length < 2 || reported.has(t.source)) continue;
      reported.add(t.source);
      c.report('GAN0513', span, { source: t.source, counts: possible });
    }
    const known = {
      source: (name: string) => inPhase([...(held.get(name) ?? [])][0] ?? 'batch'),
      state: (state: StateTerm) => inPhase(state.count ?? 'batch'),
      batch,
    };
    const kept = to && to.count !== null ? inPhase(to.count) : null;
    const whole = meetings.of([term], { ...known, results: to ? [kept] : [] });
    const own = whole.of(term);
    const differs = to !== null && own !== null && own !== kept;
    if (differs) c.report('GAN0512', span, { left: to.name, right: c.text(span), counts: [kept!, own] });
    const { conflict } = whole;
    if (conflict) {
      const { left, right } = conflict;
      c.report('GAN0512', conflict.span, {
        left: left.source,
        right: right.source,
        counts: [left.count, right.count],
      });
      return;
    }
    if (differs) return;
    const counts = new Map<Term, Count | null>();
    for (const value of evaluated(term, known, meetings, (call) => bodyOf(c, call))) {
      counts.set(value.term, value.count);
      if (crossesBatch(value.term)) crosses(value.term, counts.get(value.term.args[0]!) ?? null, term);
      if (value.training) turns(value.term);
      if (value.count === null) continue;
      const examples = countAt(value.count, phase.batch);
      hold(value.term, value.count, examples, span);
      if (value.training) normalises(value.term, value.count, examples);
    }
  };
  /** `within`: what the value is a part of, by a net's body too. */
  const crosses = ({ op, attrs, span }: OpTerm, count: Count | null, within: Term): void => {
    if (op !== 'batch' || typeof count !== 'number' || count === attrs.n) return;
    const held = new Set(postorder([within]).flatMap((t) => (t.kind === 'state' ? [t.state] : [])));
    const labels = [...c.states.values()]
      .filter((state) => held.has(state.name) && state.count === count)
      .map(({ name, span: at }) => ({ span: at, text: `\`${name}\` holds ${count} examples` }));
    c.report('GAN0363', span, { count, n: attrs.n as number }, { labels });
  };
  const drawn = (count: Count): Span =>
    typeof count === 'string' || count === batch
      ? batchSpan
      : (sampleOf(phase.body, count)?.span ?? node.keyword);
  const hold = (term: Term, count: Count, examples: number, span: Span): void => {
    if (sizeOf(term.shape) * examples <= MOST) return;
    const what = term.kind === 'layer' ? `the result of \`${term.layer}\`` : nameOf(c, term);
    c.report(
      'GAN0357',
      drawn(count),
      { what, shape: term.shape, count: examples },
      {
        labels: [{ span: term.span.file === span.file ? term.span : span, text: 'worked out here' }],
        help: 'take a smaller batch, or a smaller value',
      },
    );
  };
  const turns = (term: Term): void => {
    const norm = term.kind === 'loop' ? normInTurns(term.loop, (call) => bodyOf(c, call)) : undefined;
    if (term.kind !== 'loop' || !norm) return;
    const net = norm.kind === 'result' ? norm.call.net : null;
    c.report(
      'GAN0392',
      norm.span,
      { net },
      {
        labels: [{ span: term.loop.span, text: `${term.loop.turns} turns` }],
        help: `take \`layer_norm\` or \`group_norm\`, which move nothing${net === null ? '' : `; or \`${net}.live\`, which runs with the averages as they are`}`,
      },
    );
  };
  const normalises = (term: Term, count: Count, examples: number): void => {
    if (term.kind !== 'layer' || term.layer !== 'batch_norm') return;
    if (sizeOf(term.shape.slice(0, -1)) > 1) return;
    if (count === batch) leastBatch = 2;
    if (examples > 1) return;
    c.report(
      'GAN0524',
      term.span,
      { layer: term.path },
      {
        labels: [{ span: drawn(count), text: 'one example' }],
        help: 'draw at least 2 examples, or take `layer_norm`, which normalises each example by itself',
      },
    );
  };
  const states = new Map([...c.states.values()].map((state) => [state.name, state]));
  const end = walk(c, phase.body, new Map(), (action, held) => {
    const found = action.kind === 'set' ? given.get(action) : terms.get(action);
    const to = action.kind === 'set' ? (states.get(action.state) ?? null) : null;
    if (found) use(found.term, found.span, held, to);
  });
  for (const { term, span } of metrics) use(term, span, end);
  return { leastBatch, fixedBatch };
}

/** What a reader calls the value. */
function nameOf(c: Checker, term: Term): string {
  if (term.name !== null) return `\`${term.name}\``;
  return term.kind === 'op' ? `the result of \`${term.op}\`` : `\`${c.text(term.span)}\``;
}

/** Bodies are whole here: a file with errors in its nets does not come this far. */
export function bodyOf(c: Checker, call: NetCall): NetBody {
  const body = c.nets.get(call.net)?.bodies.get(call.body);
  if (!body || body === 'working') throw new Error(`internal: ${call.net} has no body ${call.body}`);
  return body;
}

/** The first statement that draws so many examples. */
function sampleOf(actions: readonly Action[], count: number): Action | undefined {
  for (const a of actions) {
    if (a.kind === 'sample' && a.count === count) return a;
    const inner = 'body' in a ? sampleOf(a.body, count) : undefined;
    if (inner) return inner;
  }
  return undefined;
}

type Sample = Extract<Action, { kind: 'sample' }>;

function fieldsOf(c: Checker, { sources }: Sample): string[] {
  return sources.flatMap((name) => fieldsWith(c, name));
}

/** What a block leaves in each source that it samples; `sure`: whichever way it is gone through. */
type Effect = ReadonlyMap<string, { readonly counts: ReadonlySet<Count>; readonly sure: boolean }>;

const effects = new WeakMap<readonly Action[], Effect>();

/** Worked out once for each block: loops in loops would be gone through twice at each depth. */
function effectOf(c: Checker, actions: readonly Action[]): Effect {
  const known = effects.get(actions);
  if (known) return known;
  const effect = new Map<string, { counts: ReadonlySet<Count>; sure: boolean }>();
  for (const a of actions) {
    if (a.kind === 'sample') {
      for (const field of fieldsOf(c, a))
        effect.set(field, { counts: new Set([a.count ?? 'batch']), sure: true });
    } else if ('body' in a) {
      const runs = a.kind === 'repeat' && a.count.kind === 'number' && a.count.value >= 1;
      for (const [field, { counts, sure }] of effectOf(c, a.body)) {
        const before = effect.get(field);
        if (runs && sure) effect.set(field, { counts, sure });
        else
          effect.set(field, {
            counts: new Set([...(before?.counts ?? []), ...counts]),
            sure: before?.sure ?? false,
          });
      }
    }
  }
  effects.set(actions, effect);
  return effect;
}

function after(held: Held, effect: Effect): Held {
  const next = new Map(held);
  for (const [field, { counts, sure }] of effect)
    next.set(field, sure ? counts : new Set([...(held.get(field) ?? []), ...counts]));
  return next;
}

function walk(
  c: Checker,
  actions: readonly Action[],
  start: Held,
  use: (action: UpdateAction | SetAction, held: Held) => void,
): Held {
  let held = start;
  for (const a of actions) {
    switch (a.kind) {
      case 'sample': {
        const next = new Map(held);
        for (const field of fieldsOf(c, a)) next.set(field, new Set([a.count ?? 'batch']));
        held = next;
        break;
      }
      case 'update':
      case 'set':
        use(a, held);
        break;
      case 'together':
        for (const u of a.updates) use(u, held);
        break;
      case 'repeat': {
        // The body may meet what its own end left behind.
        const once = after(held, effectOf(c, a.body));
        const runs = a.count.kind === 'number' && a.count.value >= 1;
        const end = walk(c, a.body, runs && a.count.value < 2 ? held : union(held, once), use);
        held = runs ? end : union(held, end);
        break;
      }
      case 'every':
      case 'once':
      case 'if':
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
