/** Nets: declared types, bodies typed for each signature, calls, and results held to what was declared. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { sameShape } from '../../ir/ndarray.ts';
import type { NetBody, NetCall, ParamTerm, ResultTerm, Term } from '../../model/model.ts';
import type { Declared } from '../../names/scope.ts';
import type { Name, NetDecl } from '../../syntax/ast.ts';
import { argumentRepair, resultRepair } from '../repair/repair.ts';
import type { Unit } from '../reuse.ts';
import { matchArguments } from './arguments.ts';
import { chainNotes } from './chain.ts';
import { type Checker, type Env, type Frame, type NetFrame, type NetState, turnsOf } from './context.ts';
import { declaredType, evaluate } from './expressions.ts';
import { toTerm } from './terms.ts';
import { type Fn, type Given, showShape, termValue, unknown, type Value } from './value.ts';
import { givenWeights, weightsOf } from './weights.ts';

/** `written`: the declaration in the text, which for a net of a list is the list. */
export function netState(c: Checker, declared: Declared, written: Declared): NetState {
  const before = c.nets.get(declared.name.text);
  if (before?.declared === declared) return before;
  const node = declared.node as NetDecl;
  const env: Env = {
    module: declared.module,
    locals: null,
    frame: { net: null },
    body: true,
    numbered: false,
  };
  const { result } = node;
  const results =
    result.kind === 'single'
      ? [{ name: null, type: declaredType(c, result.type, env) }]
      : result.fields.map((f) => ({ name: f.name.text, type: declaredType(c, f.type, env) }));
  const state: NetState = {
    declared,
    written,
    params: node.params.map((p) => ({ name: p.name.text, type: declaredType(c, p.type, env) })),
    results,
    bodies: new Map(),
    frame: null,
  };
  if (before) {
    // Two files may each have a net of this name as long as no program needs both: weights are named by it.
    c.report(
      'GAN0203',
      declared.name.span,
      { name: declared.name.text },
      {
        labels: [{ span: before.declared.name.span, text: 'the other net of this name' }],
      },
    );
  } else c.nets.set(declared.name.text, state);
  if (result.kind === 'named')
    twice(
      c,
      result.fields.map((f) => f.name),
    );
  return state;
}

function twice(c: Checker, names: readonly { readonly text: string; readonly span: Span }[]): void {
  const seen = new Map<string, Span>();
  for (const { text, span } of names) {
    const first = seen.get(text);
    if (first)
      c.report('GAN0203', span, { name: text }, { labels: [{ span: first, text: 'first declared here' }] });
    else seen.set(text, span);
  }
}

export function callNet(
  c: Checker,
  fn: Extract<Fn, { kind: 'net' }>,
  given: readonly Given[],
  span: Span,
  env: Env,
): Value {
  const { decl, variant } = fn;
  const state = c.nets.get(decl.name.text);
  if (!state || c.names.isCyclic(state.written)) return unknown;
  const name = decl.name.text;
  const formals = state.params.map((p) => ({ name: p.name, required: true }));
  // A parameter of that name hides it.
  const own = (g: Given) => g.name?.text === 'weights' && !formals.some((f) => f.name === 'weights');
  const replaced = given.find(own);
  const matched = matchArguments(c, { name, formals }, replaced ? given.filter((g) => !own(g)) : given, span);
  if (!matched) return unknown;
  const weights = replaced ? givenWeights(c, state, replaced) : undefined;
  if (weights === null) return unknown;
  env.frame.net?.calls.add(name);
  const args: Term[] = [];
  // What is unknown counts as per example: one mistake, one message.
  let key = '';
  for (const [i, param] of state.params.entries()) {
    const argument = matched.get(param.name)![0]!;
    const term = toTerm(c, argument.value, argument.span, `\`${param.name}\` of \`${name}\``);
    key += term?.batch === false ? 'w' : 'e';
    if (!term) continue;
    args.push(term);
    if (param.type && !sameShape(term.shape, param.type.shape)) mismatch(c, state, i, term, argument.span);
  }
  // Results have their declared shapes even where an argument is wrong.
  c.reuse.recorder?.bodies.push({ net: name, key });
  const body = netBody(c, state, key);
  const replacing = weights ? { weights } : {};
  const call: NetCall = { net: name, variant, args, body: key, ...replacing, ...turnsOf(env), span };
  c.addCall(call);
  if (!c.room(span)) return unknown;
  const results = state.results.map((result, index): Value => {
    if (!result.type) return unknown;
    const batch = body?.results[index]?.batch ?? key.includes('e');
    const term: ResultTerm = {
      kind: 'result',
      call,
      index,
      shape: result.type.shape,
      batch,
      span,
      name: null,
    };
    return termValue(term);
  });
  if (state.results.length === 1 && state.results[0]!.name === null) return results[0]!;
  return { kind: 'tuple', items: results, names: state.results.map((r) => r.name) };
}

/** `D.weights`: a net's weights as a value. They are known when a body is. */
export function netWeights(c: Checker, fn: Extract<Fn, { kind: 'net' }>, span: Span, env: Env): Value {
  const net = fn.decl.name.text;
  const state = c.nets.get(net);
  if (!state || c.names.isCyclic(state.written)) return unknown;
  const key = [...state.bodies.keys()][0] ?? 'e'.repeat(state.params.length);
  c.reuse.recorder?.bodies.push({ net, key });
  if (!netBody(c, state, key)) return unknown;
  c.addCall({ net, variant: fn.variant, args: [], body: key, span });
  env.frame.net?.calls.add(net);
  const weights = weightsOf(state, fn, span);
  if (weights.items.length > 0) return weights;
  c.report('GAN0376', span, { net });
  return unknown;
}

/** G's output against D's input. */
function mismatch(c: Checker, state: NetState, i: number, term: Term, span: Span): void {
  const { declared, params } = state;
  const { name, type } = params[i]!;
  const node = declared.node as NetDecl;
  // Where the argument is another net's result, the chain that matters is inside that net.
  const inner = innerTerm(c, term) ?? term;
  const repair = argumentRepair(c, inner, type!.shape, term, span);
  c.report(
    'GAN0342',
    span,
    { net: declared.name.text, param: name, expected: type!.shape, found: term.shape },
    {
      labels: [{ span: node.params[i]!.type.span, text: `\`${name}\` is ${showShape(type!.shape)}` }],
      notes: chainNotes(c, inner),
      ...(repair ? { help: repair.help, ...(repair.fix.length > 0 ? { fix: repair.fix } : {}) } : {}),
    },
  );
}

function innerTerm(c: Checker, term: Term): Term | null {
  if (term.kind !== 'result') return null;
  const body = c.nets.get(term.call.net)?.bodies.get(term.call.body);
  return body && body !== 'working' ? (body.results[term.index] ?? null) : null;
}

/** A net's body with these of its parameters per example; null where it is wrong (reported once). */
export function netBody(c: Checker, state: NetState, key: string): NetBody | null {
  const before = state.bodies.get(key);
  if (before === 'working') {
    // Through functions given as arguments; plain recursion has been found by name.
    const name = state.declared.name.text;
    c.report('GAN0207', state.declared.name.span, { kind: 'net', chain: [name, name] });
    return null;
  }
  if (before !== undefined) return before;
  state.bodies.set(key, 'working');
  const { declared, written } = state;
  const made = c.reuse.unit(
    written,
    written === declared ? key : `${declared.name.text} ${key}`,
    () => makeBody(c, state, key),
    (unit) => replay(c, unit),
  );
  // Names and weights are the same in every body.
  if (made) state.frame ??= { ...made.frame, name: declared.name.text, module: declared.module };
  const body = made?.body ?? null;
  state.bodies.set(key, body);
  return body;
}

/** Says again what came of a unit that is reused, and sees that the bodies are there that it needs. */
export function replay(c: Checker, unit: Unit): void {
  c.replay(unit);
  for (const { net, key } of unit.bodies) {
    const state = c.nets.get(net);
    if (state) netBody(c, state, key);
  }
}

interface MadeBody {
  readonly frame: Omit<NetFrame, 'name' | 'module'>;
  readonly body: NetBody | null;
}

function makeBody(c: Checker, state: NetState, key: string): MadeBody | null {
  const { declared } = state;
  const node = declared.node as NetDecl;
  const name = declared.name.text;
  if (c.names.isCyclic(state.written)) return null;
  const frame: NetFrame = {
    name,
    module: declared.module,
    counters: new Map(),
    layerNames: new Map(),
    weights: [],
    stats: [],
    calls: new Set(),
  };
  const params: ParamTerm[] = [];
  const values = new Map<Name, Value>();
  for (const [index, param] of state.params.entries()) {
    const declares = node.params[index]!.name;
    if (!param.type) {
      values.set(declares, unknown);
      continue;
    }
    const term: ParamTerm = {
      kind: 'param',
      net: name,
      index,
      shape: param.type.shape,
      batch: key[index] === 'e',
      span: declares.span,
      name: param.name,
    };
    params.push(term);
    values.set(declares, termValue(term));
  }
  const place: Frame = { net: frame };
  const env: Env = {
    module: declared.module,
    locals: { values, outer: null },
    frame: place,
    body: true,
    numbered: false,
  };
  // A body stands by itself: what call led here first does not matter to its messages.
  const calls = c.calls.splice(0);
  const value = evaluate(c, node.body, env);
  const results = hold(c, state, node, value);
  c.calls.push(...calls);
  const { name: _, module: __, ...made } = frame;
  const isWhole = results && !node.broken && params.length === state.params.length;
  return { frame: made, body: isWhole ? { params, results } : null };
}

/** Holds a body's value to the declared results. */
function hold(c: Checker, state: NetState, node: NetDecl, value: Value): readonly Term[] | null {
  if (value.kind === 'unknown') return null;
  const { results, declared } = state;
  const name = declared.name.text;
  const span = lastSpan(node);
  if (results.length === 1 && results[0]!.name === null) {
    const term = value.kind === 'tuple' ? null : toTerm(c, value, span, `the result of \`${name}\``);
    if (value.kind === 'tuple')
      c.report('GAN0343', span, { net: name, declared: null, found: value.names, items: value.items.length });
    return term && holdResult(c, state, node, 0, term, span) ? [term] : null;
  }
  const expected = results.map((r) => r.name!);
  const given = value.kind === 'tuple' ? value.names.filter((n) => n !== null) : [];
  const byName = given.length > 0;
  const fits =
    value.kind === 'tuple' &&
    value.items.length === expected.length &&
    (!byName || expected.every((n) => value.names.includes(n)));
  if (!fits) {
    const items = value.kind === 'tuple' ? value.items.length : 1;
    const found = value.kind === 'tuple' ? value.names : [];
    c.report('GAN0343', span, { net: name, declared: expected, found, items });
    return null;
  }
  const terms: Term[] = [];
  for (const [i, field] of expected.entries()) {
    const item = value.items[byName ? value.names.indexOf(field) : i]!;
    const term = toTerm(c, item, span, `\`${field}\` of \`${name}\``);
    if (term && holdResult(c, state, node, i, term, span)) terms.push(term);
  }
  return terms.length === expected.length ? terms : null;
}

function holdResult(c: Checker, state: NetState, node: NetDecl, i: number, term: Term, span: Span): boolean {
  const { name, type } = state.results[i]!;
  if (!type || sameShape(term.shape, type.shape)) return type !== null;
  const repair = resultRepair(c, term, type.shape, span);
  const typeSpan = node.result.kind === 'single' ? node.result.type.span : node.result.fields[i]!.type.span;
  const net = state.declared.name.text;
  c.report(
    'GAN0341',
    span,
    { net: name === null ? net : `${net}'s ${name}`, declared: type.shape, found: term.shape },
    {
      labels: [{ span: typeSpan, text: `declared ${showShape(type.shape)}` }],
      notes: chainNotes(c, term),
      ...(repair ? { help: repair.help, ...(repair.fix.length > 0 ? { fix: repair.fix } : {}) } : {}),
    },
  );
  return false;
}

/** The last stage of a body, where its shape came about. */
function lastSpan(node: NetDecl): Span {
  let { body } = node;
  while (body.kind === 'block') body = body.result;
  return body.kind === 'pipe' ? (body.stages.at(-1)?.span ?? body.span) : body.span;
}
