/** What a file's names stand for: params, sources and functions at first need; values in the order of the text. */
import { nearest } from '../../diagnostics/nearest.ts';
import type { DataRecord, NoiseSource, SourceTerm, StateSpec } from '../../model/model.ts';
import type { Declared, Module } from '../../names/scope.ts';
import type { Expr, Name, StateDecl } from '../../syntax/ast.ts';
import { kindInWords, parseSetting } from '../settings.ts';
import { integerOf, listMeant } from './arguments.ts';
import type { Checker, Env, Inits } from './context.ts';
import { distribution, initializerOf } from './distributions.ts';
import { declaredType, evaluate, evaluateArguments, partsOf } from './expressions.ts';
import { netState, replay } from './nets.ts';
import { overlappingParts, readingOf } from './reading.ts';
import {
  arrayOf,
  type Constant,
  constant,
  type DefDeclared,
  describe,
  type NetDeclared,
  termValue,
  unknown,
  type Value,
} from './value.ts';

export function fileEnv(module: Module, body: boolean): Env {
  return {
    module,
    locals: null,
    frame: { net: null },
    body,
    numbered: false,
  };
}

export function declaredValue(c: Checker, declared: Declared): Value {
  const known = c.values.get(declared);
  if (known === 'working' || c.names.isCyclic(declared)) return unknown;
  if (known) return known;
  c.values.set(declared, 'working');
  const isConstant = CONSTANTS.has(declared.kind);
  const value = isConstant ? constantOrSource(c, declared) : makeValue(c, declared);
  // What was made of a broken text is a guess; nets and defs have their names and types at least.
  const isGuess = declared.node.broken && value.kind !== 'function';
  c.values.set(declared, isGuess ? unknown : value);
  return isGuess ? unknown : value;
}

const CONSTANTS: ReadonlySet<Declared['kind']> = new Set(['param', 'data', 'noise', 'state']);

/** Of a param, source or state: that of an earlier check, where it still holds. */
function constantOrSource(c: Checker, declared: Declared): Value {
  const make = () => {
    const value = makeValue(c, declared);
    return {
      value,
      noise: c.noise.get(declared),
      type: c.fieldTypes.get(declared),
      state: c.states.get(declared),
    };
  };
  const { value, noise, type, state } = c.reuse.unit(declared, 'value', make, (unit) => replay(c, unit));
  if (noise) c.noise.set(declared, noise);
  if (type) c.fieldTypes.set(declared, type);
  if (state) c.states.set(declared, state);
  return value;
}

function makeValue(c: Checker, declared: Declared): Value {
  const { node } = declared;
  switch (node.kind) {
    case 'param':
      return paramValue(c, declared);
    case 'data':
    case 'noise':
      return sourceValue(c, declared);
    case 'state':
      return stateValue(c, declared);
    case 'net':
      return netValue(c, declared as NetDeclared);
    case 'def':
      return { kind: 'function', fn: { kind: 'def', decl: declared as DefDeclared } };
    // Values get theirs in the order of the text; one that is named earlier has been reported.
    default:
      return unknown;
  }
}

/** A net, or the nets of a list, each with a name and weights of its own. */
function netValue(c: Checker, decl: NetDeclared): Value {
  const { node, name, module } = decl;
  if (!node.count) {
    netState(c, decl, decl);
    return { kind: 'function', fn: { kind: 'net', decl, variant: 'self' } };
  }
  const what = `the length of the list \`${name.text}\``;
  const { span } = node.count;
  const count = integerOf(c, evaluate(c, node.count, fileEnv(module, true)), span, what, 1);
  if (count === null) return unknown;
  if (count > mostNets) {
    c.report('GAN0242', span, { what, value: count, rule: `at most ${mostNets}` });
    return unknown;
  }
  const nets = Array.from({ length: count }, (_, i) => ({
    ...decl,
    name: { text: `${name.text}_${i + 1}`, span: name.span },
  }));
  for (const net of nets) netState(c, net, decl);
  return { kind: 'function', fn: { kind: 'nets', decl, nets } };
}

const mostNets = 1000;

function paramValue(c: Checker, declared: Declared): Value {
  const { node, name, module } = declared;
  if (node.kind !== 'param') return unknown;
  const written = evaluate(c, node.value, fileEnv(module, true));
  if (written.kind === 'unknown') return unknown;
  if (written.kind !== 'constant') {
    const list = listMeant(written, node.value.span) ?? {};
    c.report('GAN0240', node.value.span, { what: `\`${name.text}\``, found: describe(written) }, list);
    return unknown;
  }
  if (!isParamValue(written.value)) {
    c.report('GAN0224', node.value.span, {
      what: `the param \`${name.text}\``,
      expected: 'a number, a string, true or false, or a list of numbers',
      found: describe(written),
    });
    return unknown;
  }
  const setting = c.settings.get(name.text);
  const reachable = c.program.main.names.get(name.text) === declared;
  if (setting === undefined || !reachable) return written;
  const value = parseSetting(setting, written.value);
  if (value !== undefined) return constant(value);
  c.report('GAN0212', name.span, { name: name.text, setting, kind: kindInWords(written.value) });
  return unknown;
}

export function isParamValue(value: Constant): value is number | string | boolean | readonly number[] {
  return !Array.isArray(value) || value.every((item) => typeof item === 'number');
}

/** `--set` of a name that no param has. */
export function checkSettings(c: Checker): void {
  const { main } = c.program;
  const params = [...main.names.values()].filter((d) => d.kind === 'param');
  for (const name of c.settings.keys()) {
    if (params.some((p) => p.name.text === name)) continue;
    const near = nearest(
      name,
      params.map((p) => p.name.text),
    );
    const at = { file: main.source.path, start: 0, end: 0 };
    const help = near
      ? `did you mean \`--set ${near}=…\`?`
      : params.length > 0
        ? `this file has: ${params.map((p) => `\`${p.name.text}\``).join(', ')}`
        : 'this file declares no `param`';
    c.report('GAN0211', at, { name }, { help });
  }
}

/** A source's own type, for pictures of it and for loading. */
function sourceValue(c: Checker, declared: Declared): Value {
  const { node, name, module, index } = declared;
  const env = fileEnv(module, true);
  if (node.kind === 'noise') {
    const known = distribution(c, node.dist, partsOf(c, node.dist, env));
    if (!known) return unknown;
    c.noise.set(declared, { name: name.text, ...known, doc: node.doc, span: node.span });
    return termValue(sourceTerm(declared, known.shape));
  }
  if (node.kind !== 'data') return unknown;
  const type = node.types[index] ? declaredType(c, node.types[index], env) : null;
  if (!type) return unknown;
  c.fieldTypes.set(declared, type);
  return termValue(sourceTerm(declared, type.shape));
}

function sourceTerm(declared: Declared, shape: readonly number[]): SourceTerm {
  return {
    kind: 'source',
    source: declared.name.text,
    shape,
    batch: true,
    span: declared.name.span,
    name: declared.name.text,
  };
}

function stateValue(c: Checker, declared: Declared): Value {
  const { node, name, module } = declared;
  if (node.kind !== 'state') return unknown;
  const env = fileEnv(module, true);
  const start =
    node.start.kind === 'value'
      ? startValue(c, node.start.value, name, env)
      : startDraw(c, node.start, name, env);
  if (!start) return unknown;
  const spec: StateSpec = { name: name.text, ...start, doc: node.doc, span: node.span };
  c.states.set(declared, spec);
  return termValue({
    kind: 'state',
    state: spec.name,
    count: spec.count,
    shape: spec.shape,
    batch: spec.count !== null,
    span: name.span,
    name: name.text,
  });
}

type Start = Pick<StateSpec, 'shape' | 'count' | 'start'>;

/** A whole value: numbers that are known while compiling. */
function startValue(c: Checker, expr: Expr, name: Name, env: Env): Start | null {
  const value = evaluate(c, expr, env);
  if (value.kind === 'unknown') return null;
  const what = `the start of \`${name.text}\``;
  if (value.kind !== 'constant') {
    c.report('GAN0240', expr.span, { what, found: describe(value) }, listMeant(value, expr.span) ?? {});
    return null;
  }
  const array = arrayOf(value.value);
  if (array) return { shape: array.shape, count: null, start: { kind: 'value', value: array } };
  c.report('GAN0224', expr.span, { what, expected: 'a number or a list of numbers', found: describe(value) });
  return null;
}

function startDraw(
  c: Checker,
  { count, dist }: Extract<StateDecl['start'], { kind: 'draw' }>,
  name: Name,
  env: Env,
): Start | null {
  const known = distribution(c, dist, partsOf(c, dist, env));
  const what = `the number of examples of \`${name.text}\``;
  const own = count ? integerOf(c, evaluate(c, count, env), count.span, what, 1) : 'batch';
  if (!known || own === null) return null;
  return { shape: known.shape, count: own, start: { kind: 'draw', dist: known.dist } };
}

/** The file's states, in the order of the text. */
export function stateSpecs(c: Checker): StateSpec[] {
  return c.program.main.own.flatMap((declared) => {
    if (declared.kind !== 'state') return [];
    declaredValue(c, declared);
    return c.states.get(declared) ?? [];
  });
}

/** The sets that come along, by the names that the language gives them. */
export const SETS: readonly string[] = ['fashion', 'fashion-full', 'ring', 'grid', 'spiral', 'tones'];

/** The file's data, a record each, where their types are right. */
export function dataRecords(c: Checker): DataRecord[] {
  const records: DataRecord[] = [];
  const { main } = c.program;
  for (const node of main.file.declarations) {
    if (node.kind !== 'data') continue;
    const declared = main.own.filter((d) => d.node === node);
    for (const d of declared) declaredValue(c, d);
    // As many names as types: held where the text was read.
    if (node.names.length !== node.types.length) continue;
    const fields = declared.flatMap((d) => {
      const type = c.fieldTypes.get(d);
      return type ? [{ name: d.name.text, type, span: d.name.span }] : [];
    });
    const from = node.from;
    if (from) {
      const near = nearest(from.value, SETS);
      // A path has a slash or an ending; one word that nearly is a set's name is a slip.
      if (near && !SETS.includes(from.value) && /^[\w-]+$/.test(from.value))
        c.report('GAN0215', from.span, { from: from.value, near }, { help: `write \`from "${near}"\`` });
    }
    const types = fields.map((f) => f.type);
    const whole = fields.length === node.names.length;
    const given = () => evaluateArguments(c, node.args, fileEnv(main, true));
    const reading = whole ? readingOf(c, node, types, given) : null;
    records.push({ fields, from: from?.value ?? null, reading, doc: node.doc, span: node.span });
  }
  overlappingParts(c, records);
  return records;
}

export function noiseSources(c: Checker): NoiseSource[] {
  const sources: NoiseSource[] = [];
  for (const declared of c.program.main.own) {
    if (declared.kind !== 'noise') continue;
    declaredValue(c, declared);
    const source = c.noise.get(declared);
    if (source) sources.push(source);
  }
  return sources;
}

const slotNames = ['kernel', 'bias', 'gamma', 'beta', 'value'];

/** A file's `init` lines. They come before its nets: a net keeps those of its own file. */
export function moduleInits(c: Checker, module: Module): void {
  const inits: Inits = new Map();
  c.inits.set(module, inits);
  const env: Env = {
    module,
    locals: null,
    frame: { net: null },
    body: true,
    numbered: false,
  };
  for (const node of module.file.declarations) {
    if (node.kind !== 'init') continue;
    const { text: slot, span } = node.slot;
    const before = inits.get(slot);
    const init = initializerOf(c, node.dist, evaluateArguments(c, node.dist.args, env));
    if (!slotNames.includes(slot)) c.report('GAN0232', span, { slot, known: slotNames });
    else if (before)
      c.report(
        'GAN0203',
        span,
        { name: `init ${slot}` },
        { labels: [{ span: before.span, text: 'first declared here' }] },
      );
    else if (init) inits.set(slot, { init, span });
  }
}
