/** Rules about losses and the nets under them: a sigmoid where none belongs, and a generator that gets no gradient. */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnose } from '../diagnostics/table.ts';
import type { Term } from '../model/model.ts';
import { contains, updates, view } from './terms.ts';
import type { Craft } from './view.ts';

/** The loss is a sum of plain means of a net's values, as Wasserstein's is, and the net ends in a sigmoid. */
export function* sigmoidCritic({ model, terms }: Craft): Generator<Diagnostic> {
  for (const update of updates(model)) {
    for (const { term } of terms.summands(update.objective)) {
      if (term.kind !== 'result') continue;
      const last = terms.op(view(term), 'sigmoid');
      if (!last) continue;
      yield diagnose(
        'GAN0405',
        last.term.span.file === term.span.file ? last.term.span : term.span,
        { net: term.call.net },
        {
          labels: [{ span: update.span, text: 'this update takes its plain mean for the loss' }],
          help: 'take the `sigmoid` out, or use a log loss: `expect(softplus(-D(x)))`',
        },
      );
    }
  }
}

/** Functions that take logits, and what gives probabilities. */
const TAKES_LOGITS = ['sigmoid', 'softplus', 'softmax', 'log_softmax'];

export function* doubledSigmoid({ all, at, terms }: Craft): Generator<Diagnostic> {
  for (const placed of all) {
    const { term } = placed;
    if (term.kind !== 'op' || !TAKES_LOGITS.includes(term.op)) continue;
    const argument = view(term.args[0]!);
    const negated = terms.op(argument, 'neg');
    const inner = terms.op(
      negated ? view(negated.term.args[0]!, negated.frame) : argument,
      'sigmoid',
      'softmax',
    );
    if (!inner) continue;
    yield diagnose(
      'GAN0406',
      at(placed),
      { inner: inner.term.op, outer: term.op },
      {
        labels: [{ span: inner.term.span, text: `the \`${inner.term.op}\` that it has been through` }],
        help: `take that \`${inner.term.op}\` out`,
      },
    );
  }
}

/** min_G E[log(1 − D(G(z)))], with D's sigmoid or on logits: log(1 − σ(d)) = −softplus(d). */
export function* saturatingGenerator({ model, terms }: Craft): Generator<Diagnostic> {
  for (const update of updates(model)) {
    const sign = update.direction === 'minimize' ? 1 : -1;
    for (const { term, factor } of terms.summands(update.objective)) {
      if (term.kind !== 'op' || Number.isNaN(factor)) continue;
      const argument = term.args[0]!;
      let judged: Term | null = null;
      if (term.op === 'log' && sign * factor > 0) {
        const complement = terms.oneMinus(view(argument));
        if (complement && terms.op(complement, 'sigmoid')) judged = argument;
      }
      if (term.op === 'softplus' && sign * factor < 0 && argument.kind === 'result') judged = argument;
      if (!judged || !throughAnother(judged, update.nets)) continue;
      yield diagnose(
        'GAN0407',
        update.span,
        { nets: update.nets },
        {
          labels: [{ span: term.span, text: 'flat where D is sure' }],
          help: 'let it descend −log D(fake) instead: `expect(softplus(-D(fake)))` on logits',
        },
      );
      break;
    }
  }
}

/** The value is another net's, which looks at something that the updated nets made. */
function throughAnother(value: Term, nets: readonly string[]): boolean {
  return contains(value, (part) => {
    if (part.kind !== 'result' || nets.includes(part.call.net)) return false;
    return part.call.args.some((arg) =>
      contains(arg, (made) => made.kind === 'result' && nets.includes(made.call.net)),
    );
  });
}
