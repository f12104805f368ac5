/** The file's values, read top to bottom: lets, losses, metrics and outputs. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { LetDecl, ValueDecl } from '../syntax/ast.ts';
import type { Checker } from './context.ts';
import { fileEnv } from './declarations.ts';
import { bind, evaluate, nameTerms } from './expressions.ts';
import type { NamedValue, Term } from './model.ts';
import { toTerm } from './terms.ts';
import { showShape, sizeOf, termValue, unknown, type Value } from './value.ts';

export function evaluateValues(c: Checker): NamedValue[] {
  const named: NamedValue[] = [];
  for (const node of c.program.main.file.declarations) {
    if (node.kind === 'let') letValue(c, node);
    else if (node.kind === 'loss' || node.kind === 'metric' || node.kind === 'output')
      named.push(...namedValue(c, node));
  }
  return named;
}

function letValue(c: Checker, node: LetDecl): void {
  const { main } = c.program;
  const value = evaluate(c, node.value, fileEnv(c, main, false));
  bind(c, node.pattern, value, (name, part) => {
    const declared = main.names.get(name.text);
    if (declared?.node === node) declared.value = part;
  });
}

function namedValue(c: Checker, node: ValueDecl): NamedValue[] {
  const { main } = c.program;
  const { kind, name, doc, span } = node;
  const value = evaluate(c, node.value, fileEnv(c, main, false));
  const declared = main.names.get(name.text);
  const remember = (v: Value) => {
    if (declared?.node === node) declared.value = v;
  };
  if (kind === 'output') {
    remember(value);
    nameTerms(value, name.text);
    return outputs(c, value, name.text, node.value.span).map(({ name: full, term }) => ({
      kind,
      name: full,
      term,
      meaning: meaningOf(c, term),
      doc,
      span,
    }));
  }
  const term = holdScalar(c, value, node.value.span, `${kind} \`${name.text}\``);
  remember(term ? termValue(term) : unknown);
  if (!term) return [];
  term.name ??= name.text;
  return [{ kind, name: name.text, term, meaning: 'tensor', doc, span }];
}

/** A tuple becomes several outputs: `name.field`. */
function outputs(c: Checker, value: Value, name: string, span: Span): { name: string; term: Term }[] {
  if (value.kind === 'tuple')
    return value.items.flatMap((item, i) => outputs(c, item, `${name}.${value.names[i] ?? i}`, span));
  const term = toTerm(c, value, span, `output \`${name}\``);
  return term ? [{ name, term }] : [];
}

/** What it is drawn as: the meaning that a net or a data source declares for it. */
function meaningOf(c: Checker, term: Term): NamedValue['meaning'] {
  if (term.kind === 'result')
    return c.nets.get(term.call.net)?.results[term.index]?.type?.meaning ?? 'tensor';
  if (term.kind === 'source') {
    const declared = c.program.main.names.get(term.source);
    return (declared && c.fieldTypes.get(declared)?.meaning) ?? 'tensor';
  }
  return 'tensor';
}

/** Holds a loss, a metric or an update's objective to one whole number. */
export function holdScalar(c: Checker, value: Value, span: Span, what: string): Term | null {
  const term = toTerm(c, value, span, what);
  if (!term) return null;
  const text = c.text(span);
  const one = sizeOf(term.shape) === 1;
  const wrap = (before: string, after: string) => ({
    help: `average it over the batch: \`${before}${text}${after}\``,
    fix: [
      { span: { ...span, end: span.start }, text: before },
      { span: { ...span, start: span.end }, text: after },
    ],
  });
  if (term.batch) {
    c.report(
      'GAN0344',
      span,
      { what, shape: term.shape },
      one ? wrap('expect(', ')') : wrap('expect(mean(', '))'),
    );
    return null;
  }
  if (!one) {
    const help = `make one number of it: \`mean(${text})\` or \`sum(${text})\``;
    c.report('GAN0345', span, { what, shape: showShape(term.shape) }, { help });
    return null;
  }
  return term;
}
