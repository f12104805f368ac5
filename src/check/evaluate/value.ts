/** What an expression means to the checker: a typed value of the graph, or something worked out at compile time. */

import type { Span } from '../../diagnostics/diagnostic.ts';
import type { HostExpr } from '../../ir/host.ts';
import { sizeOf } from '../../ir/ndarray.ts';
import type { Initializer, NDArray, Shaped } from '../../ir/types.ts';
import type { ConstantTerm, HostTerm, NetCall, Term } from '../../model/model.ts';
import { type Constant, showConstant, showNumber, showShape } from '../../model/show.ts';
import type { Declared } from '../../names/scope.ts';
import type { DefDecl, Name, NetDecl } from '../../syntax/ast.ts';

export { type Constant, showConstant, showNumber, showShape };

export type Value =
  /** Something whose mistake has been reported; whatever is made of it stays silent. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'constant'; readonly value: Constant }
  /** A scalar of `step`, `epoch` and `progress`. */
  | { readonly kind: 'host'; readonly expr: HostExpr }
  | { readonly kind: 'term'; readonly term: Term }
  | TupleValue
  | { readonly kind: 'function'; readonly fn: Fn }
  | { readonly kind: 'initializer'; readonly init: Initializer };

export interface TupleValue {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
  readonly names: readonly (string | null)[];
  /** Weights of a net, or what was made of them entry by entry: the net's name, and its layers' slots as items. */
  readonly weights?: string;
}

/** What can be called: from anywhere a name can stand for it. */
export type Fn =
  | { readonly kind: 'operation'; readonly name: string }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'def'; readonly decl: DefDeclared }
  | { readonly kind: 'net'; readonly decl: NetDeclared; readonly variant: NetCall['variant'] }
  /** A list of nets: `c[1]` to `c[n]`. They are nets of their own, called `c_1` to `c_n`. */
  | { readonly kind: 'nets'; readonly decl: NetDeclared; readonly nets: readonly NetDeclared[] };

export type DefDeclared = Declared & { readonly node: DefDecl };
export type NetDeclared = Declared & { readonly node: NetDecl };

/** An argument as it reaches a callee; `named` says that it was written as a name (what `grad`'s second must be). */
export interface Given {
  readonly name?: Name;
  readonly value: Value;
  readonly span: Span;
  readonly named: boolean;
  /** Of a tuple that is written in the call: its items, as if each were an argument. */
  readonly parts?: readonly Given[];
}

export const unknown: Value = { kind: 'unknown' };
export const constant = (value: Constant): Value => ({ kind: 'constant', value });
export const termValue = (term: Term): Value => ({ kind: 'term', term });

export function shapedOf(term: Term): Shaped {
  return { shape: term.shape, batch: term.batch };
}

/** A value in the reader's words: "a string", "a tensor [28, 28, 1]". */
export function describe(value: Value): string {
  switch (value.kind) {
    case 'unknown':
      return 'something unknown';
    case 'constant':
      if (typeof value.value === 'number') return `the number ${showNumber(value.value)}`;
      if (typeof value.value === 'string') return `the string ${showConstant(value.value)}`;
      if (typeof value.value === 'boolean') return `${value.value}`;
      return `the list ${showConstant(value.value)}`;
    case 'host':
      return 'a scalar that changes with the step';
    case 'term':
      return `a ${value.term.batch ? 'per-example' : 'whole'} tensor ${showShape(value.term.shape)}`;
    case 'tuple':
      return value.weights === undefined
        ? `a tuple of ${value.items.length}`
        : `weights of \`${value.weights}\``;
    case 'function':
      return `the ${fnKind(value.fn)} \`${fnName(value.fn)}\``;
    case 'initializer':
      return 'an initialiser';
  }
}

export function fnName(fn: Fn): string {
  if (fn.kind === 'net')
    return fn.variant === 'self' ? fn.decl.name.text : `${fn.decl.name.text}.${fn.variant}`;
  return fn.kind === 'def' || fn.kind === 'nets' ? fn.decl.name.text : fn.name;
}

export function fnKind(fn: Fn): string {
  if (fn.kind === 'nets') return 'list of nets';
  return fn.kind === 'net' || fn.kind === 'def' ? fn.kind : 'operation';
}

/** The array of a nested list of numbers, or null where it is ragged or holds something else. */
export function arrayOf(value: Constant): NDArray | null {
  const shape: number[] = [];
  for (let at: Constant | undefined = value; Array.isArray(at); at = at[0]) shape.push(at.length);
  if (shape.includes(0)) return null;
  const data = new Float64Array(sizeOf(shape));
  let next = 0;
  const fill = (v: Constant, depth: number): boolean => {
    if (depth === shape.length) {
      if (typeof v !== 'number' && typeof v !== 'boolean') return false;
      data[next++] = Number(v);
      return true;
    }
    return Array.isArray(v) && v.length === shape[depth] && v.every((item) => fill(item, depth + 1));
  };
  return fill(value, 0) ? { shape, data } : null;
}

export function constantTerm(value: NDArray, span: Span): ConstantTerm {
  return { kind: 'constant', shape: value.shape, batch: false, span, name: null, value };
}

export function hostTerm(expr: HostExpr, span: Span): HostTerm {
  return { kind: 'host', shape: [], batch: false, span, name: null, expr };
}

/** The scalar for the host, where the value is one. */
export function asHost(value: Value): HostExpr | null {
  if (value.kind === 'host') return value.expr;
  if (value.kind === 'constant' && (typeof value.value === 'number' || typeof value.value === 'boolean'))
    return { kind: 'number', value: Number(value.value) };
  return null;
}
