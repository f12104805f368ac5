/** Loops at run time: `repeat` hands a value from turn to turn, `scan` goes along a sequence and keeps each state. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { sameShape } from '../../ir/ndarray.ts';
import type { Loop, LoopTerm, Term, TurnTerm } from '../../model/model.ts';
import type { EachList, Expr, Name, Stage } from '../../syntax/ast.ts';
import { integerOf, numberOf } from './arguments.ts';
import { bind } from './binding.ts';
import { chainNotes } from './chain.ts';
import type { Checker, Env, Locals } from './context.ts';
import { operate, toTerm } from './terms.ts';
import {
  arrayOf,
  type Constant,
  constant,
  constantTerm,
  describe,
  type Given,
  showShape,
  type TupleValue,
  termValue,
  unknown,
  type Value,
} from './value.ts';

/** How what stands in a loop is worked out; `expressions.ts` gives it. */
export interface Evaluator {
  evaluate(c: Checker, expr: Expr, env: Env): Value;
  runStage(c: Checker, piped: Given, stage: Stage, env: Env): Value;
  eachElements(c: Checker, list: EachList, env: Env, stage: 'each' | 'repeat'): readonly Constant[] | null;
}

type RepeatStage = Extract<Stage, { kind: 'repeat' }>;
type ScanStage = Extract<Stage, { kind: 'scan' }>;

const mostTurns = 1_000_000;

/** `state |> repeat i in 1000..1 { step(i) }`: the last state. */
export function repeat(c: Checker, piped: Given, stage: RepeatStage, env: Env, by: Evaluator): Value {
  const count = countOf(c, stage.list, env, by);
  const start = tensorsOf(c, piped.value, piped.span, 'what `repeat` begins with');
  if (!count || !start || !c.room(stage.span)) return unknown;
  const { turns, values } = count;
  const list = values && arrayOf(values);
  const loop = makeLoop(c, env, {
    stage,
    turns,
    start,
    sequence: list && { terms: [constantTerm(list, stage.list.span)], form: null },
    run: (state, entry, position, inner) => {
      const index = list ? entry : indexValue(c, count, position, stage, inner);
      if (index.kind === 'term') index.term.name ??= stage.variable.text;
      const names = new Map([[stage.variable, index]]);
      return runStages(c, { ...piped, value: state, named: false }, stage.stages, within(inner, names), by);
    },
  });
  return loop ? resultOf(loop, start, false) : unknown;
}

/** `xs |> scan h = h0 { … }`: all states, stacked along the first axis. */
export function scan(c: Checker, piped: Given, stage: ScanStage, env: Env, by: Evaluator): Value {
  const initial = by.evaluate(c, stage.initial, env);
  const start = tensorsOf(c, initial, stage.initial.span, 'what `scan` begins with');
  const sequence = tensorsOf(c, piped.value, piped.span, 'what `scan` goes along');
  if (!start || !sequence) return unknown;
  const lengths = new Set(sequence.terms.map(({ shape }) => shape[0]));
  const [turns] = lengths;
  if (turns === undefined || lengths.size > 1) {
    c.report('GAN0391', piped.span, { shapes: sequence.terms.map(({ shape }) => shape) });
    return unknown;
  }
  if (!c.room(stage.span)) return unknown;
  const loop = makeLoop(c, env, {
    stage,
    turns,
    start,
    sequence,
    run: (state, entry, _, inner) => {
      const names = new Map<Name, Value>();
      bind(c, stage.state, state, (name, value) => names.set(name, value));
      return runStages(c, { ...piped, value: entry, named: false }, stage.stages, within(inner, names), by);
    },
  });
  return loop ? resultOf(loop, start, true) : unknown;
}

function within(env: Env, values: Map<Name, Value>): Env {
  return { ...env, locals: { values, outer: env.locals } satisfies Locals };
}

function runStages(c: Checker, piped: Given, stages: readonly Stage[], env: Env, by: Evaluator): Value {
  let given = piped;
  for (const stage of stages) {
    if (!c.tick(stage.span)) return unknown;
    given = { value: by.runStage(c, given, stage, env), span: stage.span, named: false };
  }
  return given.value;
}

/** Tensors, and how a tuple holds them. */
interface Tensors {
  readonly terms: readonly Term[];
  readonly form: Form;
}
/** null: one tensor. */
type Form = { readonly of: TupleValue; readonly items: readonly Form[] } | null;

/** null (reported) where one of them is no tensor. */
function tensorsOf(c: Checker, value: Value, span: Span, what: string): Tensors | null {
  if (value.kind !== 'tuple') {
    const term = toTerm(c, value, span, what);
    return term && { terms: [term], form: null };
  }
  const items = value.items.map((item) => tensorsOf(c, item, span, what));
  if (items.length === 0 || !items.every((item) => item !== null)) return null;
  return {
    terms: items.flatMap((item) => item.terms),
    form: { of: value, items: items.map((item) => item.form) },
  };
}

/** The same tuples around other tensors. */
function inForm(form: Form, terms: Iterator<Term>): Value {
  if (form === null) return termValue(terms.next().value as Term);
  return { ...form.of, items: form.items.map((item) => inForm(item, terms)) };
}

function sameForm(a: Form, b: Form): boolean {
  if (a === null || b === null) return a === b;
  return a.items.length === b.items.length && a.items.every((item, i) => sameForm(item, b.items[i]!));
}

/** What a `repeat` counts: `first + stride · k` in turn k, or a list's numbers. */
interface Count {
  readonly turns: number;
  readonly first: number;
  readonly stride: number;
  readonly values: readonly number[] | null;
}

function countOf(c: Checker, list: EachList, env: Env, by: Evaluator): Count | null {
  const what = 'the number of turns of `repeat`';
  const counted = (turns: number, rest: Omit<Count, 'turns'>): Count | null => {
    if (turns >= 1 && turns <= mostTurns) return { turns, ...rest };
    const rule = turns < 1 ? 'at least 1' : `at most ${mostTurns.toLocaleString('en')}`;
    c.report('GAN0242', list.span, { what, value: turns, rule });
    return null;
  };
  if (list.kind === 'range') {
    const [from, to] = [list.from, list.to].map((end) =>
      integerOf(c, by.evaluate(c, end, env), end.span, 'an end of a range'),
    ) as [number | null, number | null];
    if (from === null || to === null) return null;
    const stride = to < from ? -1 : 1;
    return counted(Math.abs(to - from) + 1, { first: from, stride, values: null });
  }
  const elements = by.eachElements(c, list, env, 'repeat');
  const values: number[] = [];
  for (const element of elements ?? []) {
    const value = numberOf(c, constant(element), list.span, 'an entry of the list of `repeat`');
    if (value === null) return null;
    values.push(value);
  }
  const [first = 0, second = 0] = values;
  const stride = second - first;
  const even = values.every((value, k) => value === first + stride * k);
  return elements && counted(values.length, { first, stride, values: even ? null : values });
}

/** The loop's variable in a turn: a whole scalar, known only while running. */
function indexValue(c: Checker, count: Count, position: TurnTerm, stage: RepeatStage, env: Env): Value {
  const { span } = stage.variable;
  const { first, stride } = count;
  const apply = (op: 'add' | 'sub' | 'mul', a: Value, b: Value): Value =>
    operate(c, op, op, [a, b], [span, span], span, env);
  const size = Math.abs(stride);
  let value: Value = termValue(position);
  if (size !== 1) value = apply('mul', value, constant(size));
  if (stride < 0) value = apply('sub', constant(first), value);
  else if (first !== 0) value = apply('add', value, constant(first));
  return value;
}

interface LoopParts {
  readonly stage: RepeatStage | ScanStage;
  readonly turns: number;
  readonly start: Tensors;
  readonly sequence: Tensors | null;
  /** One turn: what it makes of the state, and of an entry of the sequence. */
  readonly run: (state: Value, entry: Value, position: TurnTerm, env: Env) => Value;
}

/**
 * The turns' terms are made once. What begins whole and becomes per example in the first turn is per example from the
 * beginning: then they are made again.
 */
function makeLoop(c: Checker, env: Env, parts: LoopParts): Loop | null {
  const { stage, turns, start, sequence, run } = parts;
  const { kind, span } = stage;
  const place = c.place(env.frame, kind);
  const turnTerm = (k: string, of: Pick<Term, 'shape' | 'batch' | 'span' | 'name'>): TurnTerm => {
    const { shape, batch, name } = of;
    const position = k === 'turn';
    return { kind: 'turn', place: `${place}/${k}`, position, shape, batch, span: of.span, name };
  };
  const position = turnTerm('turn', { shape: [], batch: false, span, name: null });
  const entries = sequence?.terms.map((s, k) => turnTerm(`entry_${k}`, { ...s, shape: s.shape.slice(1) }));
  const inner: Env = { ...env, frame: { ...env.frame, turns: [...(env.frame.turns ?? []), position] } };
  const entry = sequence && entries ? inForm(sequence.form, entries.values()) : unknown;
  const batch = start.terms.map(
    (t) => t.batch || (kind === 'scan' && entries?.some((e) => e.batch) === true),
  );
  for (;;) {
    const undo = c.remember(env.frame.net);
    const states = start.terms.map((t, k) => turnTerm(`state_${k}`, { ...t, batch: batch[k]! }));
    const value = run(inForm(start.form, states.values()), entry, position, inner);
    if (value.kind === 'unknown') return null;
    const next = tensorsOf(c, value, span, `what a turn of \`${kind}\` gives`);
    if (!next) return null;
    const fits = sameForm(start.form, next.form);
    const k = next.terms.findIndex((t, i) => !fits || !sameShape(t.shape, states[i]!.shape));
    if (k >= 0) {
      differs(c, stage, start, next, fits ? k : null);
      return null;
    }
    const wider = next.terms.map((t, i) => t.batch && !batch[i]!);
    if (wider.includes(true)) {
      undo();
      for (const [i, isWider] of wider.entries()) if (isWider) batch[i] = true;
      continue;
    }
    return {
      turns,
      position,
      carried: states.map((turn, i) => ({ start: start.terms[i]!, turn, next: next.terms[i]! })),
      scanned: (entries ?? []).map((turn, i) => ({ sequence: sequence!.terms[i]!, turn })),
      collected: kind === 'scan' ? next.terms : [],
      span,
    };
  }
}

/** After a turn the state is not what it was before: entry `k`, or (null) the tuple as a whole. */
function differs(
  c: Checker,
  stage: RepeatStage | ScanStage,
  start: Tensors,
  next: Tensors,
  k: number | null,
): void {
  const { kind, span, stages } = stage;
  const all = ({ terms, form }: Tensors) => describe(inForm(form, terms.values()));
  const [before, after] =
    k === null ? [all(start), all(next)] : [start, next].map(({ terms }) => showShape(terms[k]!.shape));
  const which = k === null || start.form === null ? null : k + 1;
  c.report(
    'GAN0390',
    stages.at(-1)?.span ?? span,
    { kind, before: before!, after: after!, which },
    {
      labels: [{ span, text: `each turn of this \`${kind}\` hands its result on to the next` }],
      notes: k === null ? [] : chainNotes(c, next.terms[k]!),
      help: 'begin with a value of the shape that a turn gives, or end the turn with the shape that it was given; `each` writes its turns out, and may change the shape',
    },
  );
}

/** The last state, or (`kept`) all states, in the form in which the state began. */
function resultOf(loop: Loop, { terms, form }: Tensors, kept: boolean): Value {
  const results = loop.carried.map(({ turn }, k): LoopTerm => {
    const index = kept ? terms.length + k : k;
    const shape = kept ? [loop.turns, ...turn.shape] : turn.shape;
    return { kind: 'loop', loop, index, shape, batch: turn.batch, span: loop.span, name: null };
  });
  return inForm(form, results.values());
}
