/** A rule about likelihoods: the target of a Bernoulli or a class is a probability. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { OpTerm, Term, UpdateAction } from '../model/model.ts';
import { mulInterval, negInterval } from '../ops/interval.ts';
import type { Interval } from '../ops/record.ts';
import { contains, updates, view } from './terms.ts';
import type { Craft } from './view.ts';

/**
 * Cross-entropy on logits a is softplus(a) - t·a (or softplus(-a) + (1 - t)·a), of a class -t·log_softmax(a). Outside of
 * 0 ≤ t ≤ 1 (of a class: below 0) it has no minimum: it goes to −∞ with a. Targets of which nothing is known are trusted.
 */
export function* bernoulliTarget({ model, terms, ranges, pulls }: Craft): Generator<Diagnostic> {
  // A loss of the prelude is shown at the line that uses it.
  const lossOf = (product: Term, update: UpdateAction) =>
    model.values.find(({ kind, term }) => kind === 'loss' && contains(term, (part) => part === product))
      ?.span ?? update.span;
  for (const update of updates(model)) {
    const sign = update.direction === 'minimize' ? 1 : -1;
    const parts = terms
      .summands(update.objective)
      .map(({ term, factor }) => ({ term, factor: sign * factor }));
    const products = parts.flatMap(({ term, factor }) =>
      isOp(term, 'mul') ? [{ product: term, factor }] : [],
    );
    const found = new Map<Term, { target: Term; range: Interval; most?: number }>();

    for (const { term, factor } of parts) {
      if (!isOp(term, 'softplus') || !(factor > 0)) continue;
      const argument = term.args[0]!;
      const negated = isOp(argument, 'neg') ? argument.args[0]! : null;
      for (const { product, factor: times } of products) {
        for (const [logit, target] of sides(product)) {
          if (pulls.key(logit) !== pulls.key(negated ?? argument)) continue;
          // softplus(-a) = softplus(a) - a.
          const slope = mulInterval(ranges.of(target), constant(times / factor));
          const range = negated ? { lo: 1 - slope.hi, hi: 1 - slope.lo } : negInterval(slope);
          found.set(product, { target, range });
        }
      }
    }
    for (const { product, factor } of products) {
      for (const [logs, target] of sides(product)) {
        // Classes may have weights: only a target below 0 leaves the loss without a minimum. A stopped value is no target but
        // the reward of a policy gradient, which may be a penalty.
        const isTarget = () => !contains(target, (part) => isOp(part, 'stop'));
        if (isOp(logs, 'log_softmax') && factor < 0 && isTarget())
          found.set(product, { target, range: ranges.of(target), most: Infinity });
        // −t·log p and −(1 - t)·log(1 - p).
        if (!isOp(logs, 'log', 'softplus') || !terms.oneMinus(view(target))) continue;
        const complement = terms.through(terms.oneMinus(view(target))!).term;
        const pair = products.some(({ product: other }) =>
          sides(other).some(
            ([log, t]) =>
              isOp(log, 'log', 'softplus') &&
              pulls.key(terms.through(view(t)).term) === pulls.key(complement),
          ),
        );
        if (pair) found.set(product, { target: complement, range: ranges.of(complement) });
      }
    }

    for (const [product, { target, range, most = 1 }] of found) {
      const outside = (bound: number) => Number.isFinite(bound) && (bound < -1e-6 || bound > most + 1e-6);
      if (!outside(range.lo) && !outside(range.hi)) continue;
      const image = terms.through(view(target)).term;
      yield diagnose(
        'GAN0411',
        product.span.file === update.span.file ? product.span : lossOf(product, update),
        { range },
        {
          help:
            Math.abs(range.lo + 1) < 1e-6 && Math.abs(range.hi - 1) < 1e-6
              ? `bring it to [0, 1]: \`(${image.name ?? 'target'} + 1) / 2\`; or take a squared error, \`sum(square(… - ${image.name ?? 'target'}))\``
              : 'bring it to [0, 1]',
        },
      );
    }
  }
}

function isOp(term: Term, ...names: readonly string[]): term is OpTerm {
  return term.kind === 'op' && names.includes(term.op);
}

/** Both ways of reading a product of two. */
function sides(product: OpTerm): readonly (readonly [Term, Term])[] {
  const [a, b] = product.args as [Term, Term];
  return [
    [a, b],
    [b, a],
  ];
}

function constant(value: number): Interval {
  return Number.isNaN(value) ? { lo: -Infinity, hi: Infinity } : { lo: value, hi: value };
}
