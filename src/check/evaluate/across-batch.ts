/**
 * `batch(v)` and `examples(w)`: the one way in which values of one example meet those of another. The number of examples
 * becomes an axis, so it is a number of the file here, and a run cannot change it.
 */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Attrs } from '../../ir/types.ts';
import type { Term } from '../../model/model.ts';
import { postorder } from '../../model/walk.ts';
import { anyOperation } from '../../names/operations.ts';
import { matchArguments, of } from './arguments.ts';
import type { Checker, Env } from './context.ts';
import { makeTerm, toTerm } from './terms.ts';
import { type Given, unknown, type Value } from './value.ts';

export function acrossBatch(
  c: Checker,
  name: 'batch' | 'examples',
  given: readonly Given[],
  span: Span,
  env: Env,
): Value {
  const record = anyOperation(name)!;
  const formals = [{ name: 'x', required: true }];
  const matched = matchArguments(c, { name, formals }, given, span);
  const argument = matched?.get('x')?.[0];
  const term = argument && toTerm(c, argument.value, argument.span, of('x', name));
  if (!term) return unknown;
  if (name === 'batch' && !term.batch) {
    const help = 'a whole value has no examples to be put side by side';
    c.report('GAN0334', argument.span, { op: 'batch' }, { help });
    return unknown;
  }
  const count = examplesIn(c, term, name, span);
  if (count === null) return unknown;
  if (name === 'examples' && (term.batch || term.shape[0] !== count)) {
    c.report('GAN0361', argument.span, { shape: term.shape, batch: term.batch, count });
    return unknown;
  }
  const attrs: Attrs = name === 'batch' ? { n: count } : { count };
  const application = { name, record, operands: [term], attrs, span, spans: [argument.span], env };
  return makeTerm(c, { ...application, argumentSpan: () => argument.span });
}

/** In a file without a schedule nothing runs, and any number will do to check the shapes. */
const WITHOUT_A_PHASE = 64;

/** How many examples a value holds: those of the sources that it is made of, else the `batch` of the phases. */
function examplesIn(c: Checker, term: Term, name: string, span: Span): number | null {
  if (c.reuse.recorder) c.reuse.recorder.examples = c.reuse.examples;
  const sources = postorder([term]).flatMap((t) => (t.kind === 'source' ? [t.source] : []));
  const found = new Map<number, Span>();
  for (const { batch, sampled, span: phase } of c.examples) {
    const drawn = sources.flatMap((source) => [...(sampled.get(source) ?? [])]);
    if (sources.length > 0 && drawn.length === 0) continue;
    for (const count of sources.length > 0 ? drawn : [batch]) if (!found.has(count)) found.set(count, phase);
  }
  // A source that nothing samples is reported elsewhere.
  if (found.size === 0) return c.examples[0]?.batch ?? WITHOUT_A_PHASE;
  if (found.size === 1) return [...found.keys()][0]!;
  c.report(
    'GAN0360',
    span,
    { name, counts: [...found.keys()] },
    {
      labels: [...found].map(([count, at]) => ({ span: at, text: `${count} examples` })),
      help: 'draw the same number in all of them: one `param n = …`, and `batch = n` in each phase',
    },
  );
  return null;
}
