/** The schedule: statements to actions, with what a phase needs to work (rules 18–24). */

import type { Span } from '../../diagnostics/diagnostic.ts';
import type { HostExpr } from '../../ir/host.ts';
import { sameShape, sizeOf } from '../../ir/ndarray.ts';
import type {
  Action,
  Bounds,
  NamedValue,
  OptimizerSpec,
  Phase,
  SetAction,
  Term,
  UpdateAction,
} from '../../model/model.ts';
import { postorder } from '../../model/walk.ts';
import { suggestName } from '../../names/scope.ts';
import { didYouMean } from '../../names/words.ts';
import { isOptimiser } from '../../ops/optimisers.ts';
import type {
  Branch,
  ClipBounds,
  Expr,
  Name,
  Statement,
  TrainDecl,
  UpdateStatement,
} from '../../syntax/ast.ts';
import { onOneLine } from '../../syntax/on-one-line.ts';
import { integerOf, matchArguments, of } from '../evaluate/arguments.ts';
import { hostBinary, hostUnary } from '../evaluate/constants.ts';
import type { Checker, Env } from '../evaluate/context.ts';
import { declaredValue, fileEnv } from '../evaluate/declarations.ts';
import { evaluate, evaluateArguments } from '../evaluate/expressions.ts';
import { hostValue } from '../evaluate/folded.ts';
import { toTerm } from '../evaluate/terms.ts';
import { describe, showNumber, showShape } from '../evaluate/value.ts';
import { holdScalar } from '../evaluate/values.ts';
import { hostScalar, optimizerRule } from './optimizers.ts';

/** An update as written, with what the rules of the whole phase look at. */
export interface CheckedUpdate {
  readonly action: UpdateAction;
  readonly statement: UpdateStatement;
  readonly term: Term;
}

export interface CheckedSet {
  readonly action: SetAction;
  readonly statement: Extract<Statement, { kind: 'set' }>;
  readonly term: Term;
}

export interface Schedule {
  readonly phases: readonly CheckedPhase[];
  /** Optimisers written in updates. */
  readonly optimizers: readonly OptimizerSpec[];
}

export interface CheckedPhase {
  readonly phase: Phase;
  readonly node: TrainDecl;
  readonly updates: readonly CheckedUpdate[];
  /** Every statement of it checks. */
  readonly complete: boolean;
  readonly sets: readonly CheckedSet[];
}

const TRUE: HostExpr = { kind: 'number', value: 1 };

export function checkSchedule(
  c: Checker,
  declared: readonly OptimizerSpec[],
  losses: readonly NamedValue[],
): Schedule {
  const phases: CheckedPhase[] = [];
  const optimizers: OptimizerSpec[] = [];
  const names = new Map<string, Span>();
  let unnamed = 0;
  for (const node of c.program.main.file.declarations) {
    if (node.kind !== 'train') continue;
    if (!node.name) unnamed++;
    const name = node.name?.text ?? (unnamed === 1 ? 'train' : `train_${unnamed}`);
    const at = node.name?.span ?? node.keyword;
    const before = names.get(name);
    if (before)
      c.report('GAN0203', at, { name }, { labels: [{ span: before, text: 'first declared here' }] });
    names.set(name, before ?? at);
    const statements = new Statements(c, name, declared, losses, optimizers);
    const limits = phaseArguments(c, node, fileEnv(c.program.main, false));
    const body = statements.list(node.body);
    if (limits)
      phases.push({
        phase: { name, ...limits, leastBatch: 1, fixedBatch: false, body, span: node.span },
        node,
        updates: statements.updates,
        complete: statements.complete && !node.broken,
        sets: statements.sets,
      });
  }
  return { phases, optimizers };
}

/** `(batch = 64, steps = 20_000)`. */
function phaseArguments(
  c: Checker,
  node: TrainDecl,
  env: Env,
): Pick<Phase, 'batch' | 'steps' | 'epochs'> | null {
  const keys = ['batch', 'steps', 'epochs'];
  const formals = keys.map((name) => ({ name, required: false }));
  const matched = matchArguments(
    c,
    { name: 'train', formals },
    evaluateArguments(c, node.args, env),
    node.keyword,
  );
  if (!matched) return null;
  let ok = true;
  const number = (key: string): number | null => {
    const given = matched.get(key)?.[0];
    if (!given) return null;
    const value = integerOf(c, given.value, given.span, of(key, 'train'), 1);
    if (value === null) ok = false;
    return value;
  };
  const [batch, steps, epochs] = keys.map(number);
  const [forSteps, forEpochs] = [matched.get('steps')?.[0], matched.get('epochs')?.[0]];
  if (forSteps && forEpochs) {
    c.report(
      'GAN0509',
      forEpochs.span,
      { both: true },
      { labels: [{ span: forSteps.span, text: 'the other limit' }] },
    );
    ok = false;
  } else if (!forSteps && !forEpochs) {
    c.report(
      'GAN0509',
      node.keyword,
      { both: false },
      { help: 'write how long it runs: `train (batch = 64, steps = 20_000)`' },
    );
    ok = false;
  }
  if (!matched.has('batch')) {
    c.report(
      'GAN0511',
      node.keyword,
      {},
      { help: 'write how many examples a step draws: `train (batch = 64, …)`' },
    );
    ok = false;
  }
  return ok ? { batch: batch!, steps: steps!, epochs: epochs! } : null;
}

class Statements {
  readonly updates: CheckedUpdate[] = [];
  complete = true;
  readonly sets: CheckedSet[] = [];
  private readonly named = new Map<string, number>();
  private readonly env: Env;

  constructor(
    private readonly c: Checker,
    private readonly phase: string,
    private readonly declared: readonly OptimizerSpec[],
    private readonly losses: readonly NamedValue[],
    private readonly optimizers: OptimizerSpec[],
  ) {
    this.env = fileEnv(c.program.main, false);
  }

  list(statements: readonly Statement[]): Action[] {
    return statements.flatMap((s) =>
      s.kind === 'if' ? this.branches(s.branches, s.span) : (this.kept(this.statement(s)) ?? []),
    );
  }

  /** Notes where a statement gives no action. */
  private kept<T>(action: T | null): T | null {
    if (action === null) this.complete = false;
    return action;
  }

  /** The branch of an `if` that is known while compiling; else one block for each, with a condition of its own. */
  private branches(branches: readonly Branch[], span: Span): Action[] {
    const actions: Action[] = [];
    let before: HostExpr | null = null;
    for (const { condition, body, span: own } of branches) {
      const holds = condition ? this.condition(condition) : TRUE;
      if (holds?.kind === 'number' && holds.value === 0) continue;
      const inner = this.list(body);
      if (!holds) this.complete = false;
      if (!holds) return actions;
      const always = holds.kind === 'number';
      if (always && before === null) return [...actions, ...inner];
      const not: HostExpr | null = before && hostUnary('not', before);
      const here = always ? not! : not ? hostBinary('and', not, holds) : holds;
      // Said where it is too large.
      if (hostValue(this.c, here, own).kind !== 'host') return actions;
      actions.push({ kind: 'if', condition: here, body: inner, span: before ? own : span });
      if (always) break;
      before = before ? hostBinary('or', before, holds) : holds;
    }
    return actions;
  }

  /** A constant is 0 or 1. */
  private condition(expr: Expr): HostExpr | null {
    const { c } = this;
    const value = this.evaluate(expr);
    if (value.kind === 'constant' && typeof value.value !== 'boolean') {
      c.report('GAN0245', expr.span, { found: describe(value) });
      return null;
    }
    return hostScalar(c, value, expr.span, 'the condition of `if`');
  }

  private set(s: Extract<Statement, { kind: 'set' }>): SetAction | null {
    const { c } = this;
    const value = this.evaluate(s.value);
    const declared = c.program.main.names.get(s.state.text);
    if (declared?.kind !== 'state') {
      const near = suggestName(c.program, c.program.main, s.state.text, (d) => d.kind === 'state');
      c.report(
        'GAN0525',
        s.state.span,
        { name: s.state.text, kind: declared?.kind ?? null },
        declared
          ? { labels: [{ span: declared.name.span, text: 'declared here' }] }
          : didYouMean(near, s.state.span),
      );
      return null;
    }
    const state = c.states.get(declared);
    const term = toTerm(c, value, s.value.span, `the new value of \`${s.state.text}\``);
    if (!state || !term) return null;
    const fills = sizeOf(term.shape) === 1 || sameShape(term.shape, state.shape);
    const fits = fills && (!term.batch || state.count !== null);
    if (!fits) {
      const text = c.text(s.value.span);
      c.report(
        'GAN0526',
        s.value.span,
        {
          state: state.name,
          holds: typeText(state.count !== null, state.shape),
          found: typeText(term.batch, term.shape),
        },
        term.batch && state.count === null
          ? {
              help: `average it over the batch: \`expect(${text})\`, or let the state hold examples: \`state ${state.name} ~ …\``,
            }
          : {},
      );
      return null;
    }
    const action: SetAction = { kind: 'set', state: state.name, value: term, span: s.span };
    this.sets.push({ action, statement: s, term });
    return action;
  }

  private nets(names: readonly Name[], statement: string): string[] {
    return names.flatMap((name) => this.net(name, statement) ?? []);
  }

  /** A statement about a list of nets is one about each. */
  private statement(s: Exclude<Statement, { kind: 'if' }>): Action | readonly Action[] | null {
    const { c } = this;
    const { span } = s;
    switch (s.kind) {
      case 'sample': {
        const sources = s.sources.map((name) => this.source(name));
        const count = s.count
          ? integerOf(c, this.evaluate(s.count), s.count.span, 'the number of examples of a `sample`', 1)
          : null;
        if (sources.some((n) => n === null) || (s.count && count === null)) return null;
        return { kind: 'sample', sources: sources as string[], count, span };
      }
      case 'update':
        return this.update(s);
      case 'together': {
        const updates: UpdateAction[] = [];
        const restored: string[] = [];
        for (const inner of s.body) {
          if (inner.kind === 'error') continue;
          if (inner.kind === 'restore') restored.push(...this.nets(inner.nets, 'restore'));
          else if (inner.kind === 'update') {
            const action = this.kept(this.update(inner));
            if (action) updates.push(action);
          } else c.report('GAN0506', inner.span, { statement: inner.kind });
        }
        this.together(updates);
        return { kind: 'together', restored, updates, span };
      }
      case 'save':
      case 'restore':
        return { kind: s.kind, nets: this.nets(s.nets, s.kind), span };
      case 'set':
        return this.set(s);
      case 'repeat': {
        const count = hostScalar(c, this.evaluate(s.count), s.count.span, 'the count of `repeat`');
        if (count?.kind === 'number' && count.value < 1)
          c.report('GAN0504', s.count.span, { value: showNumber(count.value) });
        const body = this.list(s.body);
        return count ? { kind: 'repeat', count, body, span } : null;
      }
      case 'every': {
        const period = integerOf(c, this.evaluate(s.period), s.period.span, 'the period of `every`', 1);
        const body = this.list(s.body);
        return period === null ? null : { kind: 'every', period, body, span };
      }
      case 'once':
        return { kind: 'once', body: this.list(s.body), span };
      case 'clip': {
        const nets = this.net(s.net, 'clip');
        const to = this.bounds(s.to);
        return nets && to ? nets.map((net) => ({ kind: 'clip', net, to, span })) : null;
      }
      case 'average': {
        const nets = this.net(s.net, 'average');
        const decay = hostScalar(c, this.evaluate(s.decay), s.decay.span, 'the `decay` of `average`');
        if (decay?.kind === 'number' && (decay.value < 0 || decay.value > 1))
          c.report('GAN0522', s.decay.span, {
            what: 'the `decay` of `average`',
            value: showNumber(decay.value),
            rule: 'between 0 and 1',
          });
        return nets && decay ? nets.map((net) => ({ kind: 'average', net, decay, span })) : null;
      }
      case 'error':
        return null;
    }
  }

  private bounds(to: ClipBounds): Bounds | null {
    const { c } = this;
    if (to.kind === 'norm') {
      const what = 'the norm of `clip`';
      const most = hostScalar(c, this.evaluate(to.most), to.most.span, what);
      if (most?.kind === 'number' && !(most.value > 0))
        c.report('GAN0522', to.most.span, { what, value: showNumber(most.value), rule: 'above 0' });
      return most && { kind: 'norm', most };
    }
    const low = hostScalar(c, this.evaluate(to.low), to.low.span, 'the lower end of `clip`');
    const high = hostScalar(c, this.evaluate(to.high), to.high.span, 'the upper end of `clip`');
    if (!low || !high) return null;
    if (low.kind === 'number' && high.kind === 'number' && low.value > high.value)
      c.report('GAN0522', to.high.span, {
        what: 'the upper end of `clip`',
        value: showNumber(high.value),
        rule: `at least the lower end, ${showNumber(low.value)}`,
      });
    return { kind: 'range', low, high };
  }

  private evaluate(expr: Expr) {
    return evaluate(this.c, expr, this.env);
  }

  private source(name: Name): string | null {
    const { c } = this;
    const { main } = c.program;
    const declared = c.names.declaration(name);
    if (declared?.kind === 'data' || declared?.kind === 'noise') return name.text;
    const isSource = (d: { kind: string }) => d.kind === 'data' || d.kind === 'noise';
    const near = suggestName(c.program, main, name.text, isSource);
    c.report(
      'GAN0516',
      name.span,
      { name: name.text, kind: declared?.kind ?? null },
      declared
        ? { labels: [{ span: declared.name.span, text: 'declared here' }] }
        : didYouMean(near, name.span),
    );
    return null;
  }

  /** The nets of this name, which own weights; an unknown name has been reported with the other names. */
  private net(name: Name, statement: string): readonly string[] | null {
    const { c } = this;
    const nets = netsCalled(c, name);
    for (const net of nets) c.scheduledNets.add(net);
    // The nets of a list have one body.
    const state = nets[0] === undefined ? undefined : c.nets.get(nets[0]);
    if (!state) return null;
    if (state.frame && state.frame.weights.length === 0 && !hasErrors(c)) {
      const calls = [...state.frame.calls];
      const help =
        calls.length > 0
          ? `the weights are those of ${calls.map((n) => `\`${n}\``).join(', ')}, which it calls: name these nets`
          : undefined;
      c.report('GAN0515', name.span, { net: name.text, statement }, help ? { help } : {});
      return null;
    }
    return nets;
  }

  private update(s: UpdateStatement): UpdateAction | null {
    const { c } = this;
    const nets: string[] = [];
    const written = new Set<string>();
    for (const name of s.nets) {
      if (written.has(name.text)) c.report('GAN0520', name.span, { net: name.text });
      else {
        const named = this.net(name, 'update');
        if (!named) continue;
        written.add(name.text);
        nets.push(...named);
      }
    }
    const value = this.evaluate(s.objective);
    const verb = s.direction;
    const term = holdScalar(c, value, s.objective.span, `the value to ${verb}`);
    const optimizer = this.optimizer(s, [...written]);
    if (!term || !optimizer || nets.length === 0) return null;
    const made = new Set(postorder([term]));
    const action: UpdateAction = {
      kind: 'update',
      nets,
      direction: s.direction,
      objective: term,
      losses: this.losses.filter((loss) => made.has(loss.term)).map(({ name }) => name),
      optimizer,
      span: s.span,
    };
    this.updates.push({ action, statement: s, term });
    return action;
  }

  /** `nets` as written: a list by its name, so that its state is found again when the list becomes longer. */
  private optimizer(s: UpdateStatement, nets: readonly string[]): string | null {
    const { c } = this;
    const expr = s.optimizer;
    if (expr.kind === 'name') {
      const declared = c.names.declaration(expr);
      if (declared?.kind === 'optimizer')
        return this.declared.some((o) => o.name === expr.name) ? expr.name : null;
      const names = this.declared.map((o) => o.name);
      const near = suggestName(c.program, c.program.main, expr.name, (d) => d.kind === 'optimizer');
      if (near && !isOptimiser(expr.name)) {
        c.report('GAN0518', expr.span, { name: expr.name, known: names }, didYouMean(near, expr.span));
        return null;
      }
    }
    const rule = optimizerRule(c, expr, this.env);
    if (!rule) return null;
    const objective = s.objective.kind === 'name' ? s.objective.name : 'objective';
    const name = this.fresh(`${this.phase}/${nets.join('+')}/${objective}/${rule.rule}`);
    const goal = `${s.direction} ${onOneLine(c.text(s.objective.span))}`;
    const update = { phase: this.phase, nets, goal, settings: onOneLine(c.text(expr.span)) };
    this.optimizers.push({ ...rule, name, update });
    return name;
  }

  /** A name that no other optimiser has: equal ones are numbered in the order of the text. */
  private fresh(wanted: string): string {
    const number = (this.named.get(wanted) ?? 0) + 1;
    this.named.set(wanted, number);
    return number === 1 ? wanted : `${wanted}_${number}`;
  }

  /** One optimiser may not touch a weight twice at the same time: which state would it keep? */
  private together(updates: readonly UpdateAction[]): void {
    const before = new Map<string, UpdateAction>();
    for (const update of updates)
      for (const net of update.nets) {
        const key = `${update.optimizer} ${net}`;
        const other = before.get(key);
        if (other)
          this.c.report(
            'GAN0507',
            update.span,
            { optimizer: update.optimizer, net },
            {
              labels: [{ span: other.span, text: 'the other update' }],
              help: 'add the two losses up in one update, or declare another optimizer',
            },
          );
        else before.set(key, update);
      }
  }
}

function typeText(batch: boolean, shape: readonly number[]): string {
  return `${showShape(shape)} ${batch ? 'for each example' : 'as a whole'}`;
}

/** The names of the nets that a name in a statement means: those of a list, all of them. */
export function netsCalled(c: Checker, name: Name): readonly string[] {
  const declared = c.names.declaration(name);
  const value = declared?.kind === 'net' ? declaredValue(c, declared) : undefined;
  if (value?.kind !== 'function') return [];
  if (value.fn.kind === 'nets') return value.fn.nets.map((net) => net.name.text);
  return c.nets.has(name.text) ? [name.text] : [];
}

/** With errors in the nets, what the schedule lacks may only be their consequence. */
export function hasErrors(c: Checker): boolean {
  return c.diagnostics.some((d) => d.severity === 'error');
}
