/** `grad(y, x)` and `jvp(y, x, v)`: what may be differentiated with respect to what (rule 17). */
import type { Span } from '../../diagnostics/diagnostic.ts';
import { sizeOf } from '../../ir/ndarray.ts';
import type { GradTerm, JvpTerm, Term } from '../../model/model.ts';
import { operandsOf, postorder } from '../../model/walk.ts';
import { of } from './arguments.ts';
import type { Checker } from './context.ts';
import { Influence } from './influence.ts';
import { toTerm } from './terms.ts';
import { describe, type Given, termValue, unknown, type Value } from './value.ts';
import { asWeights, entriesOf, mapWeights } from './weights.ts';

type Derivative = 'grad' | 'jvp';

export function gradient(c: Checker, y: Given, x: Given, span: Span): Value {
  const of_y = toTerm(c, y.value, y.span, of('y', 'grad'));
  if (x.value.kind === 'unknown' || !of_y) return unknown;
  const weights = asWeights(x.value);
  const values = weights && x.named ? entriesOf(weights).map((value) => ({ ...x, value })) : [x];
  const xs = values.flatMap((value) => namedTerm(c, value, 'grad') ?? []);
  if (xs.length < values.length) return unknown;
  if (sizeOf(of_y.shape) !== 1) {
    c.report(
      'GAN0349',
      y.span,
      { shape: of_y.shape },
      { help: `add it up first: \`grad(sum(${c.text(y.span)}), ${c.text(x.span)})\`` },
    );
    return unknown;
  }
  const first = xs[0]!;
  // A whole value that `batch` has made of examples has a derivative by each of them.
  const crosses = !of_y.batch && first.batch && !isMeanOf(c, of_y, first);
  if (of_y.batch !== first.batch && !crosses) {
    const inside = of_y.kind === 'op' && of_y.op === 'expect';
    const help = of_y.batch
      ? `average it first: \`grad(expect(${c.text(y.span)}), ${c.text(x.span)})\``
      : 'take the gradient of what stands inside `expect`, and average afterwards';
    c.report(
      'GAN0350',
      y.span,
      { y: c.text(y.span), x: c.text(x.span), whole: !of_y.batch },
      inside || of_y.batch ? { help } : {},
    );
    return unknown;
  }
  // Of several weights some may not reach y: their gradient is 0.
  const reached = weights ? xs.find((one) => leads(c, of_y, one)) : undefined;
  if (!differentiable(c, of_y, y.span, reached ?? first, x.span)) return unknown;
  const slope = (by: Term): Value => {
    if (!c.room(span)) return unknown;
    const { shape, batch } = by;
    const term: GradTerm = { kind: 'grad', y: of_y, x: by, xs, shape, batch, span, name: null };
    return termValue(term);
  };
  if (!weights) return slope(first);
  return mapWeights(weights, (entry) => (entry.kind === 'term' ? slope(entry.term) : unknown));
}

/** `jvp(y, x, v)`, or `jvp(y, (x, …), (v, …))` of several values that move at the same time. */
export function directional(c: Checker, y: Given, x: Given, v: Given, span: Span): Value {
  const of_y = toTerm(c, y.value, y.span, of('y', 'jvp'));
  const values = partsOf(x);
  const directions = partsOf(v);
  if (x.value.kind === 'unknown' || v.value.kind === 'unknown' || !of_y) return unknown;
  if (values.length !== directions.length) {
    c.report('GAN0370', v.span, { values: values.length, directions: directions.length });
    return unknown;
  }
  const xs: Term[] = [];
  const vs: Term[] = [];
  for (const [i, value] of values.entries()) {
    const direction = directions[i]!;
    const of_x = namedTerm(c, value, 'jvp');
    const of_v = toTerm(c, direction.value, direction.span, of('v', 'jvp'));
    if (!of_x || !of_v || !differentiable(c, of_y, y.span, of_x, value.span)) continue;
    if (xs.some((one) => isSame(one, of_x))) c.report('GAN0372', value.span, { x: c.text(value.span) });
    else if (!fits(of_v, of_x))
      c.report('GAN0371', direction.span, {
        x: c.text(value.span),
        v: c.text(direction.span),
        value: describe(termValue(of_x)),
        direction: describe(termValue(of_v)),
      });
    else {
      xs.push(of_x);
      vs.push(of_v);
    }
  }
  if (xs.length !== values.length || !c.room(span)) return unknown;
  const { shape, batch } = of_y;
  const term: JvpTerm = { kind: 'jvp', y: of_y, xs, vs, shape, batch, span, name: null };
  return termValue(term);
}

/** The items of a tuple, as arguments; else the argument alone. */
function partsOf(given: Given): readonly Given[] {
  if (given.parts) return given.parts;
  if (given.value.kind !== 'tuple') return [given];
  // A tuple that has a name: so have its items.
  return given.value.items.map((value) => ({ value, span: given.span, named: given.named }));
}

/** Weights are made anew where they are read; all other values are told apart by identity. */
function isSame(a: Term, b: Term): boolean {
  if (a.kind !== 'weight' || b.kind !== 'weight') return a === b;
  return a.weight.name === b.weight.name && a.variant === b.variant;
}

/** Whether `v` can be repeated to the shape of `x`, and for its examples. */
function fits(v: Term, x: Term): boolean {
  const lead = x.shape.length - v.shape.length;
  return (x.batch || !v.batch) && lead >= 0 && v.shape.every((d, i) => d === 1 || d === x.shape[lead + i]);
}

/** The value to differentiate by; null (reported) where it has no name, is no tensor, or is a bare weight. */
function namedTerm(c: Checker, x: Given, operation: Derivative): Term | null {
  if (x.value.kind === 'unknown') return null;
  if (!x.named) {
    c.report('GAN0351', x.span, { operation, text: c.text(x.span) });
    return null;
  }
  if (x.value.kind === 'term' && isWeight(c, x.value.term)) {
    c.report('GAN0354', x.span, { operation, text: c.text(x.span) });
    return null;
  }
  if (x.value.kind === 'term') return x.value.term;
  c.report('GAN0224', x.span, { what: of('x', operation), expected: 'a tensor', found: describe(x.value) });
  return null;
}

/** Whether `x` lies on a way to `y` that gradients can go back; else it is reported. */
function differentiable(c: Checker, y: Term, ySpan: Span, x: Term, xSpan: Span): boolean {
  if (leads(c, y, x)) return true;
  // Through the body of a net with a mistake nothing is seen; the mistake has been reported.
  if ([...c.nets.values()].some((net) => [...net.bodies.values()].includes(null))) return false;
  const blocked = reaches(y, x, operandsOf);
  c.report(
    'GAN0352',
    xSpan,
    { x: c.text(xSpan), y: c.text(ySpan) },
    blocked
      ? {
          notes: [
            'it does lead there, but only through `stop`, a comparison, or a net that makes nothing of it',
          ],
        }
      : {
          help: `work \`${c.text(ySpan)}\` out from \`${c.text(xSpan)}\` itself: an equal value made anew is not on its way`,
        },
  );
  return false;
}

/** A `weight(…)` itself, also where a net hands it out. */
function isWeight(c: Checker, term: Term): boolean {
  if (term.kind === 'layer') return term.args.length === 0;
  if (term.kind !== 'result') return false;
  const body = c.nets.get(term.call.net)?.bodies.get(term.call.body);
  const result = body && body !== 'working' ? body.results[term.index] : undefined;
  return result !== undefined && isWeight(c, result);
}

/** Whether examples of `x` reach `y` through their mean, `expect`. */
function isMeanOf(c: Checker, y: Term, x: Term): boolean {
  const parts = postorder([y], (t) => influenceOf(c).operands(t));
  return parts.some((t) => t.kind === 'op' && t.op === 'expect' && t.args[0]!.batch && leads(c, t, x));
}

/** Whether `x` lies on a way to `y` that gradients can go back. */
function leads(c: Checker, y: Term, x: Term): boolean {
  // A net reads its weights where it is called; copies of them are not differentiated by.
  if (x.kind === 'weight') {
    const own = x.variant === 'self' || x.variant === 'live';
    return own && influenceOf(c).netsOf(y).has(x.weight.net);
  }
  return reaches(y, x, (t) => influenceOf(c).operands(t));
}

function influenceOf(c: Checker): Influence {
  const influence = known.get(c) ?? new Influence(c, 'gradient');
  known.set(c, influence);
  return influence;
}

/** What nets pass on is worked out once for a file. */
const known = new WeakMap<Checker, Influence>();

function reaches(y: Term, x: Term, operands: (t: Term) => readonly Term[]): boolean {
  return postorder([y], operands).includes(x);
}
