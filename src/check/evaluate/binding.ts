/** Values and the names that a `let`, a block or a loop gives them. */
import type { Name, Pattern } from '../../syntax/ast.ts';
import type { Checker } from './context.ts';
import { describe, unknown, type Value } from './value.ts';

/** Gives the names of a `let` their values, and unnamed terms their name. */
export function bind(
  c: Checker,
  pattern: Pattern,
  value: Value,
  set: (name: Name, value: Value) => void,
): void {
  if (pattern.kind === 'name') {
    nameTerms(value, pattern.name.text);
    set(pattern.name, value);
    return;
  }
  const { names, span } = pattern;
  if (value.kind !== 'tuple' || value.items.length !== names.length) {
    if (value.kind === 'tuple') c.report('GAN0347', span, { names: names.length, items: value.items.length });
    else if (value.kind !== 'unknown') c.report('GAN0348', span, { name: null, found: describe(value) });
    for (const name of names) set(name, unknown);
    return;
  }
  for (const [i, name] of names.entries()) {
    if (name.text === '_') continue;
    nameTerms(value.items[i]!, name.text);
    set(name, value.items[i]!);
  }
}

export function nameTerms(value: Value, name: string): void {
  if (value.kind === 'term') value.term.name ??= name;
  else if (value.kind === 'tuple')
    for (const [i, item] of value.items.entries()) nameTerms(item, `${name}.${value.names[i] ?? i}`);
}
