/** `map(v, f)`: a function of one entry, applied to each entry of a value's first axis. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { EntryTerm, MapTerm } from '../../model/model.ts';
import { matchArguments, of } from './arguments.ts';
import type { Checker } from './context.ts';
import { toTerm } from './terms.ts';
import { describe, type Fn, type Given, termValue, unknown, type Value } from './value.ts';

/** `call` applies a function to what stands for each entry. */
export function map(
  c: Checker,
  given: readonly Given[],
  span: Span,
  call: (fn: Fn, entry: Given) => Value,
): Value {
  const formals = ['v', 'f'].map((name) => ({ name, required: true }));
  const matched = matchArguments(c, { name: 'map', formals }, given, span);
  if (!matched) return unknown;
  const [v, f] = [matched.get('v')![0]!, matched.get('f')![0]!];
  if (v.value.kind === 'unknown' || f.value.kind === 'unknown') return unknown;
  if (f.value.kind !== 'function') {
    const swapped = v.value.kind === 'function';
    const help = swapped
      ? { help: `the value comes first: \`map(${c.text(f.span)}, ${c.text(v.span)})\`` }
      : {};
    const expected = 'a net, a def or an operation';
    c.report('GAN0224', f.span, { what: of('f', 'map'), expected, found: describe(f.value) }, help);
    return unknown;
  }
  const over = toTerm(c, v.value, v.span, of('v', 'map'));
  if (!over) return unknown;
  if (over.shape.length === 0) {
    c.report('GAN0374', v.span, { text: c.text(v.span) });
    return unknown;
  }
  if (!c.room(span)) return unknown;
  const shape = over.shape.slice(1);
  const entry: EntryTerm = { kind: 'entry', over, shape, batch: true, span: v.span, name: null };
  const result = call(f.value.fn, { value: termValue(entry), span: v.span, named: true });
  return collected(c, entry, result, f, span);
}

/** The value for all entries, from the value for one; of a tuple, one for each of its items. */
function collected(c: Checker, entry: EntryTerm, value: Value, f: Given, span: Span): Value {
  if (value.kind === 'unknown') return unknown;
  if (value.kind === 'tuple') {
    return { ...value, items: value.items.map((item) => collected(c, entry, item, f, span)) };
  }
  if (value.kind !== 'term' || !value.term.batch) {
    c.report('GAN0375', f.span, { f: c.text(f.span), found: describe(value) });
    return unknown;
  }
  const { term: result } = value;
  const [n] = entry.over.shape;
  const { batch } = entry.over;
  const term: MapTerm = { kind: 'map', entry, result, shape: [n!, ...result.shape], batch, span, name: null };
  return termValue(term);
}
