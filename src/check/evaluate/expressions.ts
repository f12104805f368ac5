/** Expressions to values: constants are worked out, everything else becomes typed terms. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { DeclaredType } from '../../ir/types.ts';
import type { DrawTerm, NetCall } from '../../model/model.ts';
import { variants } from '../../names/operations.ts';
import { isDeclared, type Given as Provided } from '../../names/resolution.ts';
import type {
  Arg,
  Callee,
  DistExpr,
  EachList,
  Expr,
  ExprOf,
  Name,
  Stage,
  TypeExpr,
} from '../../syntax/ast.ts';
import { integerOf, listMeant } from './arguments.ts';
import { bind } from './binding.ts';
import { apply } from './calls.ts';
import { constantSize } from './constants.ts';
import { type Checker, type Env, type Locals, turnsOf } from './context.ts';
import { declaredValue } from './declarations.ts';
import { type DistributionParts, distribution, typeOf } from './distributions.ts';
import { hostValue } from './folded.ts';
import { type Evaluator, repeat, scan } from './loops.ts';
import { netWeights } from './nets.ts';
import { binary, prefix } from './operators.ts';
import {
  asHost,
  type Constant,
  constant,
  describe,
  type Fn,
  fnName,
  type Given,
  termValue,
  unknown,
  type Value,
} from './value.ts';

export function evaluate(c: Checker, expr: Expr, env: Env): Value {
  return c.nested(expr.span, unknown, () => evaluateHere(c, expr, env));
}

function evaluateHere(c: Checker, expr: Expr, env: Env): Value {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'boolean':
      return constant(expr.value);
    case 'name':
      return named(c, expr, env);
    case 'list':
      return list(c, expr, env);
    case 'tuple':
      return {
        kind: 'tuple',
        items: expr.items.map((item) => evaluate(c, item.value, env)),
        names: expr.items.map((item) => item.name?.text ?? null),
      };
    case 'binary':
      return operators(c, expr, env);
    case 'unary':
      return prefix(c, expr, evaluate(c, expr.operand, env), env);
    case 'if':
      return conditional(c, expr, env);
    case 'call':
      return call(c, expr.callee, evaluateArguments(c, expr.args, env), expr.span, env);
    case 'field':
      return field(c, expr, env);
    case 'index':
      return indexed(c, expr, env);
    case 'pipe':
      return pipe(c, expr, env);
    case 'block':
      return block(c, expr, env);
    case 'draw':
      return draw(c, expr.dist, expr.span, env);
    case 'error':
      return unknown;
  }
}

export function evaluateArguments(c: Checker, args: readonly Arg[], env: Env): Given[] {
  return args.map((arg) => ({
    ...(arg.name ? { name: arg.name } : {}),
    ...givenBy(arg.value, evaluate(c, arg.value, env)),
  }));
}

/** What a distribution is written with: its arguments, and the sizes of its shape where it has one. */
export function partsOf(c: Checker, { args, shape }: DistExpr, env: Env): DistributionParts {
  return {
    args: evaluateArguments(c, args, env),
    shape: shape === null ? null : shape.map((size) => evaluate(c, size, env)),
  };
}

/** A declared type; null where it is wrong, which is reported. */
export function declaredType(c: Checker, type: TypeExpr, env: Env): DeclaredType | null {
  const sizes = type.dims.map((size) => evaluate(c, size, env));
  return typeOf(c, type, sizes);
}

/** A value with what is known of how it was written. */
function givenBy(expr: Expr, value: Value): Given {
  const given = { value, span: expr.span, named: isNamed(expr) };
  if (expr.kind !== 'tuple' || value.kind !== 'tuple') return given;
  return { ...given, parts: expr.items.map((item, i) => givenBy(item.value, value.items[i]!)) };
}

function isNamed(expr: Expr): boolean {
  return expr.kind === 'name' || (expr.kind === 'field' && isNamed(expr.object));
}

function localValue(locals: Locals | null, declares: Name): Value | undefined {
  for (let at = locals; at; at = at.outer) {
    const found = at.values.get(declares);
    if (found) return found;
  }
  return undefined;
}

/** What a name means was looked up before; here it gets its value. */
function named(c: Checker, use: ExprOf<'name'>, env: Env): Value {
  const meaning = c.names.meaning(use);
  if (!meaning) return unknown;
  if (meaning.kind === 'local') return localValue(env.locals, meaning.name) ?? unknown;
  if (!isDeclared(meaning)) return provided(meaning);
  const outOfSight = env.body && !['param', 'net', 'def'].includes(meaning.kind);
  return outOfSight ? unknown : declaredValue(c, meaning);
}

function provided({ kind, name }: Provided): Value {
  if (kind !== 'scalar') return { kind: 'function', fn: { kind, name } };
  return name === 'pi'
    ? constant(Math.PI)
    : { kind: 'host', expr: { kind: name as 'step' | 'epoch' | 'progress' } };
}

function list(c: Checker, expr: ExprOf<'list'>, env: Env): Value {
  const items: Constant[] = [];
  let ok = true;
  for (const item of expr.items) {
    const value = evaluate(c, item, env);
    if (value.kind === 'constant') items.push(value.value);
    else {
      if (value.kind !== 'unknown') c.report('GAN0246', item.span, { found: describe(value) });
      ok = false;
    }
  }
  if (!ok) return unknown;
  const size = constantSize(items);
  if (size <= listLimit) return constant(items);
  c.report('GAN0242', expr.span, {
    what: 'the numbers of a list',
    value: size,
    rule: `at most ${listLimit}`,
  });
  return unknown;
}

/** Lists of lists that are named can double with each line. */
const listLimit = 1_000_000;

/** A chain that leans to the left is worked through in a loop: it may be 256 long. */
function operators(c: Checker, expr: ExprOf<'binary'>, env: Env): Value {
  const spine: ExprOf<'binary'>[] = [];
  let first: Expr = expr;
  while (first.kind === 'binary') {
    spine.push(first);
    first = first.left;
  }
  let left = evaluate(c, first, env);
  for (const { op, opSpan, left: leftExpr, right: rightExpr, span } of spine.reverse()) {
    const right = evaluate(c, rightExpr, env);
    left = binary(c, op, left, right, { span, opSpan, spans: [leftExpr.span, rightExpr.span], env });
  }
  return left;
}

/** Only the chosen branch is looked at further. A chain of `else if` is walked in a loop. */
function conditional(c: Checker, start: ExprOf<'if'>, env: Env): Value {
  let expr: Expr = start;
  while (expr.kind === 'if') {
    const condition = evaluate(c, expr.condition, env);
    if (condition.kind === 'unknown') return unknown;
    if (condition.kind === 'host') return hostConditional(c, expr, condition.expr, env);
    if (condition.kind !== 'constant') {
      c.report(
        'GAN0244',
        expr.condition.span,
        { found: describe(condition) },
        { help: 'to choose for each element while training, write `where(condition, a, b)`' },
      );
      return unknown;
    }
    if (typeof condition.value !== 'boolean') {
      c.report('GAN0245', expr.condition.span, { found: describe(condition) });
      return unknown;
    }
    expr = condition.value ? expr.then : expr.else;
  }
  return evaluate(c, expr, env);
}

/** A scalar of the schedule may depend on the step: both branches then must be such scalars. */
function hostConditional(
  c: Checker,
  expr: ExprOf<'if'>,
  condition: NonNullable<ReturnType<typeof asHost>>,
  env: Env,
): Value {
  const branches = [evaluate(c, expr.then, env), evaluate(c, expr.else, env)];
  const hosts = branches.map(asHost);
  if (branches.some((b) => b.kind === 'unknown')) return unknown;
  if (hosts.every((h) => h !== null))
    // biome-ignore lint/suspicious/noThenProperty: an expression, never awaited
    return hostValue(c, { kind: 'if', condition, then: hosts[0]!, else: hosts[1]! }, expr.span);
  c.report(
    'GAN0244',
    expr.condition.span,
    { found: 'a scalar that changes with the step' },
    {
      notes: [
        'an `if` chooses the graph, once, while compiling; it may look at `step` only to choose between scalars',
      ],
      help: 'to choose while training, write `where(condition, a, b)`',
    },
  );
  return unknown;
}

/** The function that a called name means (rule 6); 'unknown' where the name's mistake has been reported. */
export function findFunction(c: Checker, callee: Callee, env: Env): Fn | 'unknown' {
  const { text: name, span } = callee.name;
  const { locals, otherwise } = c.names.callable(callee.name);
  let fn: Fn | undefined;
  let hidden: Value | undefined;
  for (const local of locals) {
    const value = localValue(env.locals, local.name);
    if (value?.kind === 'unknown') return 'unknown';
    if (value?.kind === 'function') {
      fn = value.fn;
      break;
    }
    hidden ??= value;
  }
  if (!fn && otherwise) {
    const value = isDeclared(otherwise) ? declaredValue(c, otherwise) : provided(otherwise);
    if (value.kind !== 'function') return 'unknown';
    fn = value.fn;
  }
  if (!fn) {
    if (hidden) c.report('GAN0214', span, { name }, { notes: [`here \`${name}\` is ${describe(hidden)}`] });
    return 'unknown';
  }
  const net = callee.index ? netAt(c, { kind: 'function', fn }, callee.name.span, callee.index, env) : fn;
  if (net === null) return 'unknown';
  return callee.field ? variantOf(c, net, callee.field) : net;
}

function indexed(c: Checker, expr: ExprOf<'index'>, env: Env): Value {
  const fn = netAt(c, evaluate(c, expr.object, env), expr.object.span, expr.index, env);
  return fn ? { kind: 'function', fn } : unknown;
}

/** The net at a place of a list, counted from 1; null where there is none (reported). */
function netAt(c: Checker, list: Value, span: Span, index: Expr, env: Env): Fn | null {
  const place = evaluate(c, index, env);
  if (list.kind === 'unknown' || place.kind === 'unknown') return null;
  if (list.kind !== 'function' || list.fn.kind !== 'nets') {
    const isTensor = list.kind === 'term' || list.kind === 'constant';
    const part = `slice(${c.text(span)}, axis, from, to)`;
    const help = { help: `a part of a tensor is \`${part}\`, with \`to\` left out of it` };
    c.report('GAN0380', span, { text: c.text(span), found: describe(list) }, isTensor ? help : {});
    return null;
  }
  const { nets } = list.fn;
  const name = fnName(list.fn);
  if (place.kind !== 'constant') {
    c.report('GAN0381', index.span, { list: name, found: describe(place) });
    return null;
  }
  const at = integerOf(c, place, index.span, `the place in \`${name}\``);
  if (at === null) return null;
  const decl = nets[at - 1];
  if (decl) return { kind: 'net', decl, variant: 'self' };
  c.report('GAN0382', index.span, { list: name, place: at, length: nets.length });
  return null;
}

function variantOf(c: Checker, fn: Fn, field: Name): Fn | 'unknown' {
  const name = fnName(fn);
  if (fn.kind === 'nets') {
    c.report('GAN0383', field.span, { list: name, length: fn.nets.length });
    return 'unknown';
  }
  if (fn.kind !== 'net' || !(variants as readonly string[]).includes(field.text)) {
    c.report('GAN0216', field.span, { net: name, field: field.text });
    return 'unknown';
  }
  return { ...fn, variant: field.text as NetCall['variant'] };
}

function call(c: Checker, callee: Callee, given: readonly Given[], span: Span, env: Env, as?: Name): Value {
  const fn = findFunction(c, callee, env);
  return fn === 'unknown' ? unknown : apply(c, fn, given, span, env, as);
}

function field(c: Checker, expr: ExprOf<'field'>, env: Env): Value {
  const value = evaluate(c, expr.object, env);
  const { text: name, span } = expr.field;
  if (value.kind === 'unknown') return unknown;
  if (value.kind === 'function') {
    if (name === 'weights' && value.fn.kind === 'net') return netWeights(c, value.fn, expr.span, env);
    const fn = variantOf(c, value.fn, expr.field);
    return fn === 'unknown' ? unknown : { kind: 'function', fn };
  }
  if (value.kind === 'tuple') {
    const at = value.names.indexOf(name);
    if (at >= 0) return value.items[at]!;
    const known = value.names.filter((n) => n !== null);
    c.report('GAN0226', span, { name, known });
    return unknown;
  }
  c.report('GAN0348', span, { name, found: describe(value) });
  return unknown;
}

/** Stage after stage in a loop: a net may have ten thousand. */
function pipe(c: Checker, expr: ExprOf<'pipe'>, env: Env): Value {
  let given = givenBy(expr.head, evaluate(c, expr.head, env));
  for (const stage of expr.stages) {
    const value = runStage(c, given, stage, env);
    given = { value, span: stage.span, named: false };
  }
  return given.value;
}

/** What a loop is worked out with: its turns are made of stages. */
const evaluator: Evaluator = { evaluate, runStage, eachElements };

function runStage(c: Checker, piped: Given, stage: Stage, env: Env): Value {
  switch (stage.kind) {
    case 'stage': {
      const given = [piped, ...evaluateArguments(c, stage.args ?? [], env)];
      return call(c, stage.callee, given, stage.span, env, stage.as);
    }
    case 'choice': {
      const value = evaluate(c, stage.expr, env);
      if (value.kind === 'unknown') return unknown;
      if (value.kind === 'function') return apply(c, value.fn, [piped], stage.span, env);
      c.report('GAN0214', stage.span, { name: c.text(stage.span) }, { notes: [`it is ${describe(value)}`] });
      return unknown;
    }
    case 'repeat':
      return repeat(c, piped, stage, env, evaluator);
    case 'scan':
      return scan(c, piped, stage, env, evaluator);
    case 'each': {
      const elements = eachElements(c, stage.list, env);
      if (!elements) return unknown;
      let given = piped;
      for (const element of elements) {
        const inner: Env = {
          ...env,
          numbered: true,
          locals: { values: new Map([[stage.variable, constant(element)]]), outer: env.locals },
        };
        for (const step of stage.stages) {
          if (!c.tick(step.span)) return unknown;
          given = { value: runStage(c, given, step, inner), span: step.span, named: false };
        }
      }
      return given.value;
    }
    case 'error':
      return unknown;
  }
}

const eachLimit = 100_000;

/** The elements that an `each` (or a `repeat` over a list) goes through. */
function eachElements(
  c: Checker,
  list: EachList,
  env: Env,
  stage: 'each' | 'repeat' = 'each',
): readonly Constant[] | null {
  if (list.kind === 'range') {
    const what = 'an end of a range';
    const from = integerOf(c, evaluate(c, list.from, env), list.from.span, what);
    const to = integerOf(c, evaluate(c, list.to, env), list.to.span, what);
    if (from === null || to === null) return null;
    if (to - from >= eachLimit) {
      c.report('GAN0242', list.span, {
        what: 'the length of a range',
        value: to - from + 1,
        rule: `at most ${eachLimit}`,
      });
      return null;
    }
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  }
  const value = evaluate(c, list.expr, env);
  if (value.kind === 'unknown') return null;
  if (value.kind === 'constant' && Array.isArray(value.value)) return value.value;
  const each = { what: `what \`${stage}\` goes through`, expected: 'a list', found: describe(value) };
  c.report('GAN0224', list.span, each, listMeant(value, list.span) ?? {});
  return null;
}

function block(c: Checker, expr: ExprOf<'block'>, env: Env): Value {
  const locals: Locals = { values: new Map(), outer: env.locals };
  const inner: Env = { ...env, locals };
  for (const line of expr.lets)
    bind(c, line.pattern, evaluate(c, line.value, inner), (name, value) => locals.values.set(name, value));
  return evaluate(c, expr.result, inner);
}

/** Each evaluation of a `draw` has a place of its own: so each call of a def and each turn of an `each` draws anew. */
function draw(c: Checker, dist: DistExpr, span: Span, env: Env): Value {
  const known = distribution(c, dist, partsOf(c, dist, env));
  if (!known || !c.room(span)) return unknown;
  const term: DrawTerm = {
    kind: 'draw',
    dist: known.dist,
    shape: known.shape,
    batch: true,
    place: c.place(env.frame, 'draw'),
    ...turnsOf(env),
    span,
    name: null,
  };
  return termValue(term);
}
