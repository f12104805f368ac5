/** Applies operations of the table: arguments against the record's signature, attributes, shapes, weights. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { nearest } from '../../diagnostics/nearest.ts';
import { type Code, isProblem, type Problem } from '../../diagnostics/table.ts';
import type { HostExpr } from '../../ir/host.ts';
import type { Attr } from '../../ir/types.ts';
import type { OpTerm, Term } from '../../model/model.ts';
import { anyOperation, initializerNames } from '../../names/operations.ts';
import type { Parameter } from '../../ops/record.ts';
import { tooLarge } from '../../ops/room.ts';
import type { Name } from '../../syntax/ast.ts';
import { repairHelp } from '../repair/repair.ts';
import type { Application } from './application.ts';
import { booleanOf, integerOf, integersOf, matchArguments, numberOf, of } from './arguments.ts';
import { chainNotes } from './chain.ts';
import { applyConstant, hostBinary, hostUnary, isHostUnary } from './constants.ts';
import { type Checker, type Env, turnsOf } from './context.ts';
import { finite, hostValue } from './folded.ts';
import { makeLayer } from './layers.ts';
import {
  arrayOf,
  asHost,
  constantTerm,
  describe,
  fnKind,
  type Given,
  hostTerm,
  shapedOf,
  termValue,
  unknown,
  type Value,
} from './value.ts';

/** A value as an operand; null (reported) where it cannot be one. */
export function toTerm(c: Checker, value: Value, span: Span, what: string): Term | null {
  switch (value.kind) {
    case 'unknown':
      return null;
    case 'term':
      return value.term;
    case 'host':
      return hostTerm(value.expr, span);
    case 'constant': {
      const array = arrayOf(value.value);
      if (array) return constantTerm(array, span);
      c.report('GAN0224', span, { what, expected: 'a tensor or numbers', found: describe(value) });
      return null;
    }
    case 'tuple': {
      const fields = value.names.filter((n) => n !== null);
      c.report(
        'GAN0346',
        span,
        { what, items: value.items.length },
        {
          help:
            fields.length > 0
              ? `take one of its values: ${fields.map((f) => `\`.${f}\``).join(', ')}`
              : 'take it apart with `let (a, b) = …`',
        },
      );
      return null;
    }
    case 'function': {
      const name = `${fnKind(value.fn) === 'operation' ? 'an' : 'a'} ${fnKind(value.fn)}`;
      c.report(
        'GAN0213',
        span,
        { name: c.text(span), what: name },
        { help: `call it: \`${c.text(span)}(…)\`` },
      );
      return null;
    }
    case 'initializer':
      c.report(
        'GAN0224',
        span,
        { what, expected: 'a tensor or numbers', found: describe(value) },
        {
          help: 'to draw random numbers write `draw`, as in `draw normal(0, 1)[8]`',
        },
      );
      return null;
  }
}

/** An operator on values that are not all constants. `sign` is how the reader wrote it. */
export function operate(
  c: Checker,
  name: string,
  sign: string,
  values: readonly Value[],
  spans: readonly Span[],
  span: Span,
  env: Env,
): Value {
  const record = anyOperation(name);
  const args = values.map((v, i) => toTerm(c, v, spans[i]!, `\`${sign}\``));
  if (!record || args.some((a) => a === null)) return unknown;
  const operands = args as Term[];
  return makeTerm(c, { name, record, operands, attrs: {}, span, spans, env, argumentSpan: () => span });
}

export function applyOperation(
  c: Checker,
  name: string,
  given: readonly Given[],
  span: Span,
  env: Env,
  as?: Name,
): Value {
  if (!as) {
    const folded = fold(c, name, given, span);
    if (folded) return folded;
  }
  const record = anyOperation(name)!;
  const signature = record.signature!;
  const formals = signature.map((p) => ({
    name: p.name,
    required: p.default === undefined,
    ...(p.rest ? { rest: true } : {}),
  }));
  const matched = matchArguments(c, { name, formals }, given, span);
  if (!matched) return unknown;
  if (as && record.kind !== 'layer') c.report('GAN0227', as.span, { name: as.text, callee: name });

  const operands: Term[] = [];
  const spans: Span[] = [];
  let ok = true;
  for (const parameter of signature) {
    if (parameter.kind !== 'value') continue;
    for (const { value, span: at } of matched.get(parameter.name) ?? []) {
      const term = toTerm(c, value, at, of(parameter.name, name));
      if (term) {
        operands.push(term);
        spans.push(at);
      } else ok = false;
    }
  }
  const attrs: Record<string, Attr> = {};
  for (const parameter of signature) {
    if (parameter.kind === 'value') continue;
    const value = attribute(c, name, parameter, matched.get(parameter.name) ?? []);
    if (value === undefined) ok = false;
    else attrs[parameter.name] = value;
  }
  if (!ok) return unknown;
  const argumentSpan = (argument: string) => matched.get(argument)?.[0]?.span ?? span;
  return makeTerm(c, {
    name,
    record,
    operands,
    attrs,
    span,
    spans,
    env,
    argumentSpan,
    layout: new Map([...matched].flatMap(([key, [g]]) => (g ? [[key, g.span] as const] : []))),
    ...(as ? { as } : {}),
  });
}

/** Functions of constants and of the host's scalars are worked out; undefined where it is none. */
function fold(c: Checker, name: string, given: readonly Given[], span: Span): Value | undefined {
  if (given.length === 0 || given.some((g) => g.name)) return undefined;
  const values = given.map((g) => g.value);
  if (values.every((v) => v.kind === 'constant')) {
    const result = applyConstant(
      name,
      values.map((v) => v.value),
    );
    return result === undefined ? undefined : finite(c, result, span);
  }
  const hosts = values.map(asHost);
  if (hosts.some((h) => h === null)) return undefined;
  if (hosts.length === 1 && isHostUnary(name)) return hostValue(c, hostUnary(name, hosts[0]!), span);
  const made = ofHosts(name, hosts as HostExpr[]);
  return made && hostValue(c, made, span);
}

/** Functions of several scalars of the host, and those that are said in others. */
function ofHosts(name: string, hosts: readonly HostExpr[]): HostExpr | undefined {
  const [a, b, c] = hosts as [HostExpr, HostExpr, HostExpr];
  if (hosts.length === 2 && (name === 'minimum' || name === 'maximum')) return hostBinary(name, a, b);
  if (hosts.length === 1 && name === 'relu') return hostBinary('maximum', a, { kind: 'number', value: 0 });
  if (hosts.length === 3 && name === 'clamp') return hostBinary('minimum', hostBinary('maximum', a, b), c);
  return undefined;
}

/** An argument that is not a tensor, as the record's `kind` wants it; undefined where it is wrong (reported). */
function attribute(
  c: Checker,
  callee: string,
  parameter: Parameter,
  given: readonly Given[],
): Attr | undefined {
  const what = of(parameter.name, callee);
  const [first] = given;
  if (!first) {
    return parameter.default ?? null;
  }
  const { value, span } = first;
  if (value.kind === 'constant' && parameter.orNumber && typeof value.value === 'number') {
    return (parameter.kind === 'string' ? integerOf(c, value, span, what, 0) : value.value) ?? undefined;
  }
  switch (parameter.kind) {
    case 'number':
      return numberOf(c, value, span, what) ?? undefined;
    case 'scalar': {
      if (value.kind === 'host') return { host: value.expr } as unknown as Attr;
      return numberOf(c, value, span, what) ?? undefined;
    }
    case 'integer':
      return integerOf(c, value, span, what) ?? undefined;
    case 'boolean':
      return booleanOf(c, value, span, what) ?? undefined;
    case 'string':
      return word(c, callee, parameter, first);
    case 'integers': {
      if (given.length === 1) return integersOf(c, value, span, what) ?? undefined;
      const items = given.map((g) => integerOf(c, g.value, g.span, what));
      return items.every((i) => i !== null) ? items : undefined;
    }
    // A number or a list, as written; what it means for values of one or two directions the records say.
    case 'size': {
      const sizes = integersOf(c, value, span, what);
      if (!sizes) return undefined;
      return value.kind === 'constant' && Array.isArray(value.value) ? sizes : sizes[0]!;
    }
    case 'initializer': {
      if (value.kind === 'unknown') return undefined;
      if (value.kind === 'initializer') return value.init as unknown as Attr;
      // One without arguments may be written as its bare name.
      if (
        value.kind === 'function' &&
        (initializerNames as readonly string[]).includes(value.fn.kind === 'builtin' ? value.fn.name : '')
      )
        return { kind: (value.fn as { name: string }).name };
      const expected = 'an initialiser, such as `normal(0, 0.02)`';
      c.report('GAN0224', span, { what, expected, found: describe(value) });
      return undefined;
    }
    case 'value':
      return undefined;
  }
}

function word(c: Checker, callee: string, parameter: Parameter, { value, span }: Given): Attr | undefined {
  if (value.kind === 'unknown') return undefined;
  const words = parameter.words ?? [];
  const choices = [...words.map((w) => `"${w}"`), ...(parameter.orNumber ? ['a number'] : [])];
  const expected =
    choices.length > 1
      ? `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
      : (choices[0] ?? 'a string');
  if (value.kind !== 'constant' || typeof value.value !== 'string') {
    c.report('GAN0224', span, { what: of(parameter.name, callee), expected, found: describe(value) });
    return undefined;
  }
  if (words.length > 0 && !words.includes(value.value)) {
    const near = nearest(value.value, words);
    c.report(
      'GAN0225',
      span,
      { what: of(parameter.name, callee), value: value.value, expected },
      near ? { help: `did you mean \`"${near}"\`?`, fix: [{ span, text: `"${near}"` }] } : {},
    );
    return undefined;
  }
  return value.value;
}

/** Types an application and makes its term. */
export function makeTerm(c: Checker, application: Application): Value {
  const { name, record, operands, span, env } = application;
  if (!c.room(span)) return unknown;
  const shaped = operands.map(shapedOf);
  const attrs = record.resolve ? record.resolve(shaped, application.attrs) : application.attrs;
  if (isProblem(attrs)) return reportProblem(c, attrs, application);
  const shape = record.shape(shaped, attrs);
  if (isProblem(shape)) return reportProblem(c, shape, application);
  const large = tooLarge(`the result of \`${name}\``, shape);
  if (large) return reportProblem(c, large, application);
  const batch = record.batch ? record.batch(shaped, attrs) : shaped.some((s) => s.batch);
  let term: Term;
  if (record.kind === 'layer') {
    const layer = makeLayer(c, application, record, attrs, shape, batch);
    if (!layer) return unknown;
    term = layer;
  } else {
    const place = record.kind === 'composite' && record.draws ? c.place(env.frame, name) : null;
    term = {
      kind: 'op',
      op: name,
      args: operands,
      attrs,
      place,
      ...(place === null ? {} : turnsOf(env)),
      shape,
      batch,
      span,
      name: null,
    } satisfies OpTerm;
  }
  c.written.set(term, application.attrs);
  if (application.layout && !env.numbered) c.layouts.set(term, { span, arguments: application.layout });
  return termValue(term);
}

function reportProblem(c: Checker, problem: Problem, application: Application): Value {
  const { operands, spans, span, argumentSpan } = application;
  const { extras } = problem;
  const operand = operands[problem.operand ?? 0];
  const place =
    problem.argument !== undefined
      ? argumentSpan(problem.argument)
      : problem.operand !== undefined && operands.length > 1
        ? (spans[problem.operand] ?? span)
        : span;
  const chains = operands.length > 1 ? operands.slice(0, 2) : operand ? [operand] : [];
  // Shapes that meet in no memory are not mended by shapes that meet.
  const repair = problem.code === 'GAN0357' ? null : repairHelp(c, application);
  const general = repair && extras.help ? [extras.help] : [];
  c.report(problem.code as Code, place, problem.args as never, {
    ...extras,
    notes: [...(extras.notes ?? []), ...chains.flatMap((t) => chainNotes(c, t)), ...general],
    ...(repair ? { help: repair.help, fix: repair.fix } : {}),
  });
  return unknown;
}
