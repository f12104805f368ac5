/** Arguments against parameters: by position, then by name; and what a constant argument must be. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { Extras } from '../../diagnostics/table.ts';
import { postorder } from '../../model/walk.ts';
import { argumentMeant } from '../../names/words.ts';
import { wholeNumber } from './constants.ts';
import type { Checker } from './context.ts';
import { describe, type Given, showNumber, type Value } from './value.ts';

export interface Formal {
  readonly name: string;
  readonly required: boolean;
  /** Takes all further positional arguments. */
  readonly rest?: boolean;
}

export interface Callee {
  readonly name: string;
  readonly formals: readonly Formal[];
}

/** Arguments by the name of their parameter (several for a `rest`); null where they don't fit, which is reported. */
export function matchArguments(
  c: Checker,
  { name: callee, formals }: Callee,
  given: readonly Given[],
  span: Span,
): ReadonlyMap<string, readonly Given[]> | null {
  const matched = new Map<string, Given[]>();
  const byName = new Map(formals.map((f) => [f.name, f]));
  let ok = true;
  let position = 0;
  let afterName = false;
  const surplus: Given[] = [];
  for (const argument of given) {
    if (!argument.name) {
      // Said where the text was read.
      if (afterName) return null;
      const formal = formals[position];
      if (!formal) {
        surplus.push(argument);
        continue;
      }
      if (!formal.rest) position++;
      const before = matched.get(formal.name);
      if (before && !formal.rest) {
        twice(c, callee, formal.name, argument.span);
        ok = false;
      } else if (before) before.push(argument);
      else matched.set(formal.name, [argument]);
      continue;
    }
    afterName = true;
    const { text, span: nameSpan } = argument.name;
    if (!byName.has(text)) {
      const isFree = (name: string) => byName.has(name) && !matched.has(name);
      const extras = argumentMeant(text, formals, isFree, nameSpan, c.program.suggestions) ?? {
        help: `it takes: ${signatureText(callee, formals)}`,
      };
      c.report('GAN0220', nameSpan, { callee, name: text }, extras);
      ok = false;
    } else if (matched.has(text)) {
      twice(c, callee, text, nameSpan);
      ok = false;
    } else matched.set(text, [argument]);
  }
  if (surplus.length > 0) {
    c.report(
      'GAN0222',
      surplus[0]!.span,
      { callee, most: formals.length, given: formals.length + surplus.length },
      { help: `it takes: ${signatureText(callee, formals)}` },
    );
    ok = false;
  }
  const missing = formals.filter((f) => f.required && !matched.has(f.name)).map((f) => f.name);
  if (ok && missing.length > 0) {
    c.report('GAN0221', span, { callee, missing }, { help: `it takes: ${signatureText(callee, formals)}` });
    ok = false;
  }
  return ok ? matched : null;
}

function twice(c: Checker, callee: string, name: string, span: Span): void {
  c.report('GAN0223', span, { callee, name });
}

/** A message does not grow with the number of parameters. */
const mostNamed = 24;

function signatureText(callee: string, formals: readonly Formal[]): string {
  const list = formals
    .slice(0, mostNamed)
    .map((f) => (f.rest ? `${f.name}, …` : f.required ? f.name : `${f.name} = …`));
  if (formals.length > mostNamed) list.push('…');
  return `\`${callee}(${list.join(', ')})\``;
}

/** What an argument is for, in messages: "`kernel` of `conv`". */
export function of(name: string, callee: string): string {
  return `\`${name}\` of \`${callee}\``;
}

/** A constant number, or null with the reason reported (in silence for what is already wrong). */
export function numberOf(c: Checker, value: Value, span: Span, what: string): number | null {
  if (value.kind === 'unknown') return null;
  if (value.kind !== 'constant') {
    if (value.kind === 'function' || value.kind === 'tuple' || value.kind === 'initializer')
      c.report('GAN0224', span, { what, expected: 'a number', found: describe(value) });
    else c.report('GAN0240', span, { what, found: describe(value) }, ofTurn(value));
    return null;
  }
  if (typeof value.value !== 'number') {
    c.report('GAN0224', span, { what, expected: 'a number', found: describe(value) });
    return null;
  }
  return value.value;
}

/** What a turn of a loop is given is no constant, though it may look like one. */
function ofTurn(value: Value): Extras {
  if (value.kind !== 'term' || !postorder([value.term]).some((term) => term.kind === 'turn')) return {};
  return {
    help: 'what a turn of `repeat` or `scan` is given is known only while running; `each` is written out, and counts by constants',
  };
}

export function integerOf(
  c: Checker,
  value: Value,
  span: Span,
  what: string,
  least = Number.NEGATIVE_INFINITY,
): number | null {
  const number = numberOf(c, value, span, what);
  if (number === null) return null;
  const whole = wholeNumber(number);
  if (whole === null) {
    c.report('GAN0241', span, { what, value: number });
    return null;
  }
  if (!Number.isSafeInteger(whole)) {
    c.report('GAN0242', span, { what, value: whole, rule: 'smaller than 2^53' });
    return null;
  }
  if (whole < least) {
    c.report('GAN0242', span, { what, value: whole, rule: `at least ${least}` });
    return null;
  }
  return whole;
}

/** A list of whole numbers; a single number is a list of one. */
export function integersOf(
  c: Checker,
  value: Value,
  span: Span,
  what: string,
  least = Number.NEGATIVE_INFINITY,
): readonly number[] | null {
  if (value.kind === 'constant' && Array.isArray(value.value)) {
    const result: number[] = [];
    for (const item of value.value) {
      const whole = integerOf(c, { kind: 'constant', value: item }, span, what, least);
      if (whole === null) return null;
      result.push(whole);
    }
    return result;
  }
  const list = listMeant(value, span);
  if (list) {
    c.report('GAN0224', span, { what, expected: 'a number or a list', found: describe(value) }, list);
    return null;
  }
  const one = integerOf(c, value, span, what, least);
  return one === null ? null : [one];
}

/** Elsewhere several numbers stand in parentheses: here `(4, 4)` is a tuple, and `[4, 4]` the list. */
export function listMeant(value: Value, span: Span): Extras | null {
  if (value.kind !== 'tuple' || value.names.some((name) => name !== null)) return null;
  const items = value.items.map((item) =>
    item.kind === 'constant' && typeof item.value === 'number' ? showNumber(item.value) : null,
  );
  if (items.includes(null)) return null;
  const text = `[${items.join(', ')}]`;
  return { help: `write \`${text}\``, fix: [{ span, text }] };
}

export function booleanOf(c: Checker, value: Value, span: Span, what: string): boolean | null {
  if (value.kind === 'unknown') return null;
  if (value.kind === 'constant' && typeof value.value === 'boolean') return value.value;
  c.report('GAN0224', span, { what, expected: '`true` or `false`', found: describe(value) });
  return null;
}
