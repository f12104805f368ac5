/**
 * The one table of diagnostic codes. GAN01xx text and syntax · 02xx names, arguments and constants · 03xx types
 * and shapes · 04xx craft · 05xx schedule.
 */
import { craft } from './craft.ts';
import type { Diagnostic, Edit, Entry, Label, Span } from './diagnostic.ts';
import { names } from './names.ts';
import { schedule } from './schedule.ts';
import { syntax } from './syntax.ts';
import { types } from './types.ts';

export const table = { ...syntax, ...names, ...types, ...craft, ...schedule };

export type Code = keyof typeof table;
export type ArgsOf<C extends Code> = Parameters<(typeof table)[C]['message']>[0];

export interface Extras {
  readonly labels?: readonly Label[];
  readonly notes?: readonly string[];
  readonly help?: string;
  readonly fix?: readonly Edit[];
}

/** Makes a diagnostic; code and arguments are checked by TypeScript. */
export function diagnose<C extends Code>(
  code: C,
  span: Span,
  args: ArgsOf<C>,
  extras: Extras = {},
): Diagnostic {
  const entry = table[code] as Entry<ArgsOf<C>>;
  return {
    code,
    severity: entry.severity,
    message: entry.message(args),
    span,
    labels: extras.labels ?? [],
    notes: extras.notes ?? [],
    ...(extras.help === undefined ? {} : { help: extras.help }),
    ...(extras.fix === undefined ? {} : { fix: extras.fix }),
  };
}

/** A finding without its place: what an operation's rule returns; the caller knows the span. */
export interface Problem {
  readonly problem: true;
  readonly code: Code;
  // The pair (code, args) is checked where `problem` makes it.
  readonly args: unknown;
  /** Index of the operand to point at; without it the whole call. */
  readonly operand?: number;
  /** Name of the argument to point at. */
  readonly argument?: string;
  readonly extras: Extras;
}

export function problem<C extends Code>(
  code: C,
  args: ArgsOf<C>,
  at: { operand?: number; argument?: string } = {},
  extras: Extras = {},
): Problem {
  return { problem: true, code, args, ...at, extras };
}

export function isProblem(x: unknown): x is Problem {
  return typeof x === 'object' && x !== null && (x as Problem).problem === true;
}
