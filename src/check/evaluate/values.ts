/** The file's values, read top to bottom: lets, losses, metrics and outputs. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Extras } from '../../diagnostics/table.ts';
import { sizeOf } from '../../ir/ndarray.ts';
import type { NamedValue, Term } from '../../model/model.ts';
import { postorder } from '../../model/walk.ts';
import { isDeclared } from '../../names/resolution.ts';
import { namesOf } from '../../names/scope.ts';
import type { LetDecl, Name, ValueDecl } from '../../syntax/ast.ts';
import { bind, nameTerms } from './binding.ts';
import type { Checker } from './context.ts';
import { fileEnv } from './declarations.ts';
import { evaluate } from './expressions.ts';
import { replay } from './nets.ts';
import { toTerm } from './terms.ts';
import { showShape, termValue, unknown, type Value } from './value.ts';

export function evaluateValues(c: Checker): NamedValue[] {
  const named: NamedValue[] = [];
  for (const node of c.program.main.file.declarations) {
    if (node.kind === 'let') letValue(c, node);
    else if (node.kind === 'loss' || node.kind === 'metric' || node.kind === 'output')
      named.push(...namedValue(c, node));
  }
  return named;
}

/** What was made of a broken text is a guess, of which nothing follows. */
function writtenValue(c: Checker, { value, broken }: LetDecl | ValueDecl): Value {
  const found = evaluate(c, value, fileEnv(c.program.main, false));
  return broken ? unknown : found;
}

/** What `make` gives, or an earlier check has given: for the first name of a declaration, which tells it from others. */
function once<T>(c: Checker, name: Name | undefined, make: () => T): T {
  const declared = name && c.names.declared(name);
  if (!declared || !isDeclared(declared)) return make();
  return c.reuse.unit(declared, 'value', make, (unit) => replay(c, unit));
}

function letValue(c: Checker, node: LetDecl): void {
  const [first] = namesOf(node).filter(({ text }) => text !== '_');
  const value = once(c, first, () => writtenValue(c, node));
  bind(c, node.pattern, value, (name, part) => {
    const declared = c.names.declared(name);
    if (declared && isDeclared(declared)) c.values.set(declared, part);
  });
}

/** A value's terms by their names, and what its name stands for. */
interface Named {
  readonly value: Value;
  readonly terms: readonly { readonly name: string; readonly term: Term }[];
}

function namedValue(c: Checker, node: ValueDecl): NamedValue[] {
  const { kind, name, doc, span } = node;
  const { value, terms } = once(c, name, () => (kind === 'output' ? outputOf(c, node) : scalarOf(c, node)));
  const declared = c.names.declared(name);
  if (declared && isDeclared(declared)) c.values.set(declared, value);
  return terms.map(({ name: full, term }) => ({
    kind,
    name: full,
    term,
    meaning: kind === 'output' ? meaningOf(c, term) : 'tensor',
    doc,
    span,
  }));
}

function outputOf(c: Checker, node: ValueDecl): Named {
  const value = writtenValue(c, node);
  nameTerms(value, node.name.text);
  return { value, terms: outputs(c, value, node.name.text, node.value.span) };
}

function scalarOf(c: Checker, node: ValueDecl): Named {
  const { text } = node.name;
  const term = holdScalar(c, writtenValue(c, node), node.value.span, `${node.kind} \`${text}\``);
  if (!term) return { value: unknown, terms: [] };
  term.name ??= text;
  return { value: termValue(term), terms: [{ name: text, term }] };
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

/**
 * A penalty on the norm of a gradient, taken along some of its axes: an example then has many norms where it has one. To
 * average them would be another penalty, so the way out is to leave the axis out.
 */
function wholeNorm(c: Checker, term: Term): Extras | null {
  const partial = postorder([term]).find(
    (part) => part.kind === 'op' && NORMS.has(part.op) && sizeOf(part.shape) > 1 && isSlope(part.args[0]!),
  );
  const layout = partial && c.layouts.get(partial);
  if (partial?.kind !== 'op' || !layout) return null;
  const source = c.sources.get(layout.span.file)?.text ?? '';
  const given = layout.arguments.get('x');
  const inside = given && given.start >= layout.span.start && given.end <= layout.span.end;
  const text = inside ? `${partial.op}(${source.slice(given.start, given.end)})` : partial.op;
  return {
    labels: [{ span: partial.span, text: `${showShape(partial.shape)} for each example` }],
    help: `the norm of a gradient is taken over all of its axes: \`${text.replace(/\s+/g, ' ')}\``,
    fix: [{ span: layout.span, text }],
  };
}

const NORMS = new Set(['norm', 'sum', 'mean']);

/** A gradient, or its squares or sizes. */
function isSlope(term: Term): boolean {
  let at = term;
  while (at.kind === 'op' && ['square', 'abs', 'pow'].includes(at.op)) at = at.args[0]!;
  return at.kind === 'grad';
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
  const penalty = wholeNorm(c, term);
  if (penalty && !one) {
    if (term.batch) c.report('GAN0344', span, { what, shape: term.shape }, penalty);
    else c.report('GAN0345', span, { what, shape: showShape(term.shape) }, penalty);
    return null;
  }
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
