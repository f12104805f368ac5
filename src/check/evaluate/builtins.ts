/** The functions that the checker works out itself: they look at shapes, make tuples or gradients, or fold constants. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { isProblem } from '../../diagnostics/table.ts';
import type { OpTerm } from '../../model/model.ts';
import { splitParts } from '../../ops/shape-ops.ts';
import { normalAxis } from '../../ops/shapes.ts';
import { acrossBatch } from './across-batch.ts';
import { type Formal, integerOf, matchArguments, of } from './arguments.ts';
import { applyConstant, hostUnary, isHostUnary } from './constants.ts';
import type { Checker, Env } from './context.ts';
import { initializer } from './distributions.ts';
import { finite, hostValue } from './folded.ts';
import { directional, gradient } from './gradients.ts';
import { applyOperation, toTerm } from './terms.ts';
import { asHost, constant, describe, type Given, termValue, unknown, type Value } from './value.ts';

const longest = 1_000_000;

const needed = (...names: string[]): Formal[] => names.map((name) => ({ name, required: true }));

const formals: Readonly<Record<string, readonly Formal[]>> = {
  size: [...needed('v'), { name: 'axis', required: false }],
  range: needed('n'),
  grad: needed('y', 'x'),
  jvp: needed('y', 'x', 'v'),
  log2: needed('x'),
  ceil: needed('x'),
  round: needed('x'),
};

export function applyBuiltin(c: Checker, name: string, given: readonly Given[], span: Span, env: Env): Value {
  if (name === 'split') return split(c, given, span, env);
  if (name === 'batch' || name === 'examples') return acrossBatch(c, name, given, span, env);
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
      return size(c, argument('v')!, argument('axis'));
    case 'range': {
      const n = argument('n')!;
      const count = integerOf(c, n.value, n.span, of('n', name), 1);
      if (count !== null && count > longest) {
        c.report('GAN0242', n.span, { what: of('n', name), value: count, rule: `at most ${longest}` });
        return unknown;
      }
      return count === null ? unknown : constant(Array.from({ length: count }, (_, i) => i));
    }
    case 'grad':
      return gradient(c, argument('y')!, argument('x')!, span);
    case 'jvp':
      return directional(c, argument('y')!, argument('x')!, argument('v')!, span);
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
  if (host && isHostUnary(name)) return hostValue(c, hostUnary(name, host), span);
  const way = name === 'log2' ? { help: 'of a tensor write `log(x) / log(2)`' } : {};
  c.report('GAN0356', at, { name, found: describe(value) }, way);
  return unknown;
}

/** The size of one axis, or the list of all. */
function size(c: Checker, v: Given, axis: Given | undefined): Value {
  const term = toTerm(c, v.value, v.span, of('v', 'size'));
  if (!axis) return term ? constant([...term.shape]) : unknown;
  const at = integerOf(c, axis.value, axis.span, of('axis', 'size'));
  if (!term || at === null) return unknown;
  const normal = normalAxis(at, term.shape.length);
  if (!isProblem(normal)) return constant(term.shape[normal]!);
  c.report('GAN0303', axis.span, { axis: at, rank: term.shape.length });
  return unknown;
}

/** A tuple of slices; the table's record holds the sizes to the axis. */
function split(c: Checker, given: readonly Given[], span: Span, env: Env): Value {
  const whole = applyOperation(c, 'split', given, span, env);
  if (whole.kind !== 'term' || whole.term.kind !== 'op') return unknown;
  const { args, attrs, shape } = whole.term;
  const items = splitParts(attrs).map((part): Value => {
    if (!c.room(span)) return unknown;
    const term: OpTerm = {
      kind: 'op',
      op: 'slice',
      args,
      attrs: part,
      place: null,
      shape: shape.map((d, i) => (i === part.axis ? part.to - part.from : d)),
      batch: args[0]!.batch,
      span,
      name: null,
    };
    return termValue(term);
  });
  return { kind: 'tuple', items, names: items.map(() => null) };
}
