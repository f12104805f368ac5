/** What a whole schedule must satisfy: samples before use, updates that can learn, nets that are not forgotten. */

import type { Span } from '../../diagnostics/diagnostic.ts';
import { crossesBatch, Holds } from '../../model/holds.ts';
import type { Action, NamedValue, Phase, Term } from '../../model/model.ts';
import { postorder } from '../../model/walk.ts';
import type { Checker } from '../evaluate/context.ts';
import { Influence } from '../evaluate/influence.ts';
import { type BatchLimits, bodyOf, checkCounts } from './counts.ts';
import { fieldsWith } from './examples.ts';
import { type CheckedPhase, type CheckedUpdate, netsCalled, type Schedule } from './schedule.ts';

/** Returns what a run may change of each phase's `batch`. */
export function checkRules(
  c: Checker,
  schedule: Schedule,
  values: readonly NamedValue[],
): ReadonlyMap<Phase, BatchLimits> {
  const limits = new Map<Phase, BatchLimits>();
  const learns = new Influence(c, 'gradient');
  for (const phase of schedule.phases) limits.set(phase.phase, phaseRules(c, phase, values, learns));
  averagedNeedsAverage(c, schedule);
  savedBeforeRestored(c, schedule);
  outputsKeepExamplesApart(c, values);
  if (schedule.phases.length > 0) {
    forgotten(c, schedule, values);
    neverSet(c, schedule);
    metricsHaveSamples(c, schedule, values);
  }
  return limits;
}

/** What a phase must satisfy for itself. All that it needs has to check. Returns what a run may change of its `batch`. */
export function phaseRules(
  c: Checker,
  phase: CheckedPhase,
  values: readonly NamedValue[],
  learns = new Influence(c, 'gradient'),
): BatchLimits {
  sampledBeforeUse(c, phase);
  epochsNeedData(c, phase);
  const limits = checkCounts(c, phase, metricsOf(c, phase, values));
  for (const update of phase.updates) influences(c, update, learns);
  return limits;
}

export function sourcesOf(term: Term): Set<string> {
  const sources = new Set<string>();
  for (const t of postorder([term])) if (t.kind === 'source') sources.add(t.source);
  return sources;
}

function sampledBeforeUse(c: Checker, { updates, sets, phase }: CheckedPhase): void {
  const evaluated = new Map<Action, { term: Term; span: Span; what: string }>([
    ...updates.map(
      (u) => [u.action, { term: u.term, span: u.statement.objective.span, what: 'update' }] as const,
    ),
    ...sets.map(
      (s) => [s.action, { term: s.term, span: s.statement.value.span, what: 'statement' }] as const,
    ),
  ]);
  const sampled = new Set<string>();
  const reported = new Set<string>();
  const later = new Map<string, Action>();
  const collect = (actions: readonly Action[]): void => {
    for (const a of actions) {
      if (a.kind === 'sample') for (const s of a.sources) for (const f of fieldsWith(c, s)) later.set(f, a);
      else if ('body' in a) collect(a.body);
    }
  };
  collect(phase.body);
  const use = (action: Action): void => {
    const known = evaluated.get(action);
    if (!known) return;
    const { term, span, what } = known;
    const missing = [...sourcesOf(term)].filter((s) => !sampled.has(s) && !reported.has(s));
    for (const source of missing) {
      reported.add(source);
      const below = later.get(source);
      c.report(
        'GAN0501',
        span,
        { source, objective: c.text(span) },
        {
          labels: below ? [{ span: below.span, text: 'it is sampled only here' }] : [],
          help: `write \`sample ${missing.join(', ')}\` above this ${what}`,
        },
      );
    }
  };
  const walk = (actions: readonly Action[]): void => {
    for (const a of actions) {
      if (a.kind === 'sample') for (const s of a.sources) for (const f of fieldsWith(c, s)) sampled.add(f);
      else if (a.kind === 'update' || a.kind === 'set') use(a);
      else if (a.kind === 'together') for (const u of a.updates) use(u);
      else if ('body' in a) walk(a.body);
    }
  };
  walk(phase.body);
}

/** `restore N` puts back what a `save N` has kept: one that stands above it, or in an earlier phase. */
function savedBeforeRestored(c: Checker, { phases }: Schedule): void {
  const saved = new Set<string>();
  const restore = (nets: readonly string[], span: Span): void => {
    for (const net of nets) {
      if (saved.has(net)) continue;
      saved.add(net);
      c.report('GAN0527', span, { net }, { help: `write \`save ${net}\` above it` });
    }
  };
  const walk = (actions: readonly Action[]): void => {
    for (const a of actions) {
      if (a.kind === 'save') for (const net of a.nets) saved.add(net);
      else if (a.kind === 'restore') restore(a.nets, a.span);
      else if (a.kind === 'together') restore(a.restored, a.span);
      else if ('body' in a) walk(a.body);
    }
  };
  for (const { phase } of phases) walk(phase.body);
}

/** A state that nothing sets is a constant. */
function neverSet(c: Checker, schedule: Schedule): void {
  const set = new Set(schedule.phases.flatMap((p) => p.sets.map(({ action }) => action.state)));
  for (const [declared, { name }] of c.states) {
    if (c.names.isUsed(declared) && !set.has(name))
      c.report(
        'GAN0528',
        declared.name.span,
        { state: name },
        { help: `write \`set ${name} to …\` in a \`train\`` },
      );
  }
}

function samplesOf(actions: readonly Action[]): Extract<Action, { kind: 'sample' }>[] {
  return actions.flatMap((a) => (a.kind === 'sample' ? [a] : 'body' in a ? samplesOf(a.body) : []));
}

function epochsNeedData(c: Checker, { phase, node }: CheckedPhase): void {
  if (phase.epochs === null) return;
  const names = samplesOf(phase.body).flatMap((s) => s.sources);
  if (names.some((n) => c.program.main.names.get(n)?.kind === 'data')) return;
  const at = node.args.find((a) => a.name?.text === 'epochs')?.span ?? node.keyword;
  c.report('GAN0508', at, { phase: phase.name }, { help: 'count steps: `steps = 10_000`' });
}

function influences(c: Checker, { action, statement, term }: CheckedUpdate, learns: Influence): void {
  const nets = learns.netsOf(term);
  for (const name of statement.nets) {
    const missing = netsCalled(c, name).find((net) => action.nets.includes(net) && !nets.has(net));
    if (missing === undefined) continue;
    const uses = new Influence(c, 'use').netsOf(term).has(missing);
    const objective = c.text(statement.objective.span);
    c.report(
      'GAN0502',
      statement.objective.span,
      { net: missing, objective },
      {
        labels: [{ span: name.span, text: `\`${name.text}\` is to be updated` }],
        ...(uses
          ? {
              notes: [
                `it uses \`${missing}\`, but only through \`stop\` or a comparison, where no gradient passes`,
              ],
            }
          : nets.size > 0
            ? { help: `it depends on the weights of ${[...nets].map((n) => `\`${n}\``).join(', ')}` }
            : {}),
      },
    );
  }
}

/** A net whose weights a loss uses, and which no update lists, stays at its random start. */
function forgotten(c: Checker, schedule: Schedule, values: readonly NamedValue[]): void {
  const updates = schedule.phases.flatMap((p) => p.updates);
  const updated = new Set(updates.flatMap((u) => u.action.nets));
  const uses = new Influence(c, 'use');
  const terms = [
    ...values.filter((v) => v.kind === 'loss').map((v) => v.term),
    ...updates.map((u) => u.term),
  ];
  const used = new Set(terms.flatMap((t) => [...uses.netsOf(t)]));
  for (const name of used) {
    const state = c.nets.get(name);
    if (!state || updated.has(name)) continue;
    const { node } = state.declared;
    if (node.kind === 'net' && node.from) continue;
    c.report(
      'GAN0503',
      state.declared.name.span,
      { net: name },
      { help: `list it in an update, or use \`${name}.frozen\` if it is meant to stay as it is` },
    );
  }
}

/** An output is worked out for any number of examples. */
function outputsKeepExamplesApart(c: Checker, values: readonly NamedValue[]): void {
  const crossing = new Holds((call) => bodyOf(c, call), crossesBatch);
  for (const { kind, name, term, span } of values) {
    if (kind !== 'output') continue;
    const guilty = postorder([term]).find(
      (t) => crossesBatch(t) || (t.kind === 'result' && crossing.inCall(t.call)),
    );
    if (!guilty) continue;
    const what = guilty.kind === 'result' ? guilty.call.net : guilty.kind === 'op' ? guilty.op : '';
    const inFile = guilty.span.file === span.file;
    c.report('GAN0362', inFile ? guilty.span : span, { output: name, name: what });
  }
}

/** `N.averaged` is kept by an `average N` only. */
function averagedNeedsAverage(c: Checker, schedule: Schedule): void {
  const kept = new Set<string>();
  const collect = (actions: readonly Action[]): void => {
    for (const a of actions) {
      if (a.kind === 'average') kept.add(a.net);
      else if ('body' in a) collect(a.body);
    }
  };
  for (const { phase } of schedule.phases) collect(phase.body);
  const reported = new Set<string>();
  for (const call of c.netCalls) {
    if (call.variant !== 'averaged' || kept.has(call.net) || reported.has(call.net)) continue;
    reported.add(call.net);
    c.report(
      'GAN0514',
      call.span,
      { net: call.net },
      { help: `write \`average ${call.net} decay 0.999\` after its update` },
    );
  }
}

/** The metrics whose sources the phase samples. */
function metricsOf(c: Checker, { phase }: CheckedPhase, values: readonly NamedValue[]): NamedValue[] {
  const sampled = new Set(samplesOf(phase.body).flatMap((s) => s.sources.flatMap((n) => fieldsWith(c, n))));
  return values.filter((v) => v.kind === 'metric' && [...sourcesOf(v.term)].every((s) => sampled.has(s)));
}

/** A metric is worked out on the current samples; in a phase that lacks them it is left out. */
function metricsHaveSamples(c: Checker, schedule: Schedule, values: readonly NamedValue[]): void {
  const sampled = schedule.phases.map(
    ({ phase }) => new Set(samplesOf(phase.body).flatMap((s) => s.sources.flatMap((n) => fieldsWith(c, n)))),
  );
  for (const value of values) {
    if (value.kind !== 'metric') continue;
    const sources = [...sourcesOf(value.term)];
    if (sampled.some((s) => sources.every((source) => s.has(source)))) continue;
    const missing = sources.filter((source) => !sampled.some((s) => s.has(source)));
    c.report('GAN0523', value.span, { metric: value.name, sources: missing.length > 0 ? missing : sources });
  }
}
