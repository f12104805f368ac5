/** `grad(y, x)`: what may be differentiated with respect to what (rule 17). */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { GradTerm, Term } from '../../model/model.ts';
import { operandsOf, postorder } from '../../model/walk.ts';
import { of } from './arguments.ts';
import type { Checker } from './context.ts';
import { Influence } from './influence.ts';
import { toTerm } from './terms.ts';
import { describe, type Given, sizeOf, termValue, unknown, type Value } from './value.ts';

export function gradient(c: Checker, y: Given, x: Given, span: Span): Value {
  const of_y = toTerm(c, y.value, y.span, of('y', 'grad'));
  if (x.value.kind === 'unknown' || !of_y) return unknown;
  if (!x.named) {
    c.report('GAN0351', x.span, { text: c.text(x.span) });
    return unknown;
  }
  if (x.value.kind !== 'term') {
    c.report('GAN0224', x.span, { what: of('x', 'grad'), expected: 'a tensor', found: describe(x.value) });
    return unknown;
  }
  const of_x = x.value.term;
  if (sizeOf(of_y.shape) !== 1) {
    c.report(
      'GAN0349',
      y.span,
      { shape: of_y.shape },
      { help: `add it up first: \`grad(sum(${c.text(y.span)}), ${c.text(x.span)})\`` },
    );
    return unknown;
  }
  if (!of_y.batch) {
    const inside = of_y.kind === 'op' && of_y.op === 'expect';
    const help = 'take the gradient of what stands inside `expect`, and average afterwards';
    c.report('GAN0350', y.span, { text: c.text(y.span) }, inside ? { help } : {});
    return unknown;
  }
  if (isWeight(c, of_x)) {
    c.report('GAN0354', x.span, { text: c.text(x.span) });
    return unknown;
  }
  if (!leads(c, of_y, of_x)) {
    const blocked = reaches(of_y, of_x, operandsOf);
    c.report(
      'GAN0352',
      x.span,
      { x: c.text(x.span), y: c.text(y.span) },
      blocked
        ? {
            notes: [
              'it does lead there, but only through `stop`, a comparison, or a net that makes nothing of it',
            ],
          }
        : {
            help: `work \`${c.text(y.span)}\` out from \`${c.text(x.span)}\` itself: an equal value made anew is not on its way`,
          },
    );
    return unknown;
  }
  if (!c.room(span)) return unknown;
  const term: GradTerm = {
    kind: 'grad',
    y: of_y,
    x: of_x,
    shape: of_x.shape,
    batch: of_x.batch,
    span,
    name: null,
  };
  return termValue(term);
}

/** A `weight(…)` itself, also where a net hands it out. */
function isWeight(c: Checker, term: Term): boolean {
  if (term.kind === 'layer') return term.args.length === 0;
  if (term.kind !== 'result') return false;
  const body = c.nets.get(term.call.net)?.bodies.get(term.call.body);
  const result = body && body !== 'working' ? body.results[term.index] : undefined;
  return result !== undefined && isWeight(c, result);
}

/** Whether `x` lies on a way to `y` that gradients can go back. */
function leads(c: Checker, y: Term, x: Term): boolean {
  const influence = known.get(c) ?? new Influence(c, 'gradient');
  known.set(c, influence);
  return reaches(y, x, (t) => influence.operands(t));
}

/** What nets pass on is worked out once for a file. */
const known = new WeakMap<Checker, Influence>();

function reaches(y: Term, x: Term, operands: (t: Term) => readonly Term[]): boolean {
  return postorder([y], operands).includes(x);
}
