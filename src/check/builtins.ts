/** The functions that the checker works out itself: they look at shapes, make tuples or gradients, or fold constants. */
import type { Span } from '../diagnostics/diagnostic.ts';
import { isProblem } from '../diagnostics/table.ts';
import { normalAxis } from '../ops/shapes.ts';
import { type Formal, integerOf, integersOf, matchArguments, of } from './arguments.ts';
import { applyConstant, hostUnary, isHostUnary } from './constants.ts';
import type { Checker } from './context.ts';
import { initializer } from './distributions.ts';
import { finite } from './expressions.ts';
import { gradient } from './gradients.ts';
import type { OpTerm, Term } from './model.ts';
import { toTerm } from './terms.ts';
import { asHost, constant, describe, type Given, unknown, type Value } from './value.ts';

const needed = (...names: string[]): Formal[] => names.map((name) => ({ name, required: true }));

const formals: Readonly<Record<string, readonly Formal[]>> = {
  size: needed('v', 'axis'),
  range: needed('n'),
  split: [...needed('x', 'sizes'), { name: 'axis', required: false }],
  grad: needed('y', 'x'),
  log2: needed('x'),
  ceil: needed('x'),
  round: needed('x'),
};

export function applyBuiltin(c: Checker, name: string, given: readonly Given[], span: Span): Value {
  const expected = Object.hasOwn(formals, name) ? formals[name]! : null;
  if (!expected) {
    const init = initializer(c, name, given, span);
    return init ? { kind: 'initializer', init } : unknown;
  }
  const matched = matchArguments(c, { name, formals: expected }, given, span);
  if (!matched) return unknown;
  const argument = (key: string) => matched.get(key)?.[0];
  switch (name) {
    case 'size':
      return size(c, argument('v')!, argument('axis')!);
    case 'range': {
      const n = argument('n')!;
      const count = integerOf(c, n.value, n.span, of('n', name), 1);
      return count === null ? unknown : constant(Array.from({ length: count }, (_, i) => i));
    }
    case 'split':
      return split(c, argument('x')!, argument('sizes')!, argument('axis'), span);
    case 'grad':
      return gradient(c, argument('y')!, argument('x')!, span);
    default:
      return scalar(c, name, argument('x')!, span);
  }
}

/** `log2`, `ceil`, `round`: of constants, and of the scalars of a schedule. */
function scalar(c: Checker, name: string, { value, span: at }: Given, span: Span): Value {
  if (value.kind === 'unknown') return unknown;
  if (value.kind === 'constant') {
    const result = applyConstant(name, [value.value]);
    if (result !== undefined) return finite(c, result, span);
  }
  const host = asHost(value);
  if (host && isHostUnary(name)) return { kind: 'host', expr: hostUnary(name, host) };
  const way = name === 'log2' ? { help: 'of a tensor write `log(x) / log(2)`' } : {};
  c.report('GAN0356', at, { name, found: describe(value) }, way);
  return unknown;
}

function size(c: Checker, v: Given, axis: Given): Value {
  const term = toTerm(c, v.value, v.span, of('v', 'size'));
  const at = integerOf(c, axis.value, axis.span, of('axis', 'size'));
  if (!term || at === null) return unknown;
  const normal = normalAxis(at, term.shape.length);
  if (!isProblem(normal)) return constant(term.shape[normal]!);
  c.report('GAN0303', axis.span, { axis: at, rank: term.shape.length });
  return unknown;
}

/** A tuple of slices. */
function split(c: Checker, x: Given, sizes: Given, axis: Given | undefined, span: Span): Value {
  const term = toTerm(c, x.value, x.span, of('x', 'split'));
  const parts = integersOf(c, sizes.value, sizes.span, of('sizes', 'split'), 1);
  const at = axis ? integerOf(c, axis.value, axis.span, of('axis', 'split')) : -1;
  if (!term || !parts || at === null) return unknown;
  const normal = normalAxis(at, term.shape.length);
  if (isProblem(normal)) {
    c.report('GAN0303', axis?.span ?? x.span, { axis: at, rank: term.shape.length });
    return unknown;
  }
  const whole = term.shape[normal]!;
  const sum = parts.reduce((a, b) => a + b, 0);
  if (sum !== whole) {
    c.report('GAN0354', sizes.span, { sizes: parts, sum, whole, axis: normal });
    return unknown;
  }
  let from = 0;
  const items = parts.map((part): Value => {
    const slice = sliceTerm(term, normal, from, from + part, span);
    from += part;
    return c.room(span) ? { kind: 'term', term: slice } : unknown;
  });
  return { kind: 'tuple', items, names: items.map(() => null) };
}

function sliceTerm(x: Term, axis: number, from: number, to: number, span: Span): OpTerm {
  return {
    kind: 'op',
    op: 'slice',
    args: [x],
    attrs: { axis, from, to },
    place: null,
    shape: x.shape.map((d, i) => (i === axis ? to - from : d)),
    batch: x.batch,
    span,
    name: null,
  };
}
