/** Operators between values: constants are worked out, scalars of the step stay scalars, weights go entry by entry. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { BinaryOp, ExprOf } from '../../syntax/ast.ts';
import { applyOperator, hostBinary, hostUnary, operatorNames } from './constants.ts';
import type { Checker, Env } from './context.ts';
import { finite, hostValue } from './folded.ts';
import { operate } from './terms.ts';
import { asHost, constant, describe, unknown, type Value } from './value.ts';
import { asWeights, entryOf, mapWeights } from './weights.ts';

/** Where an operator and its operands are written. */
interface Place {
  readonly span: Span;
  readonly opSpan: Span;
  readonly spans: readonly Span[];
  readonly env: Env;
}

/** `left op right`. */
export function binary(c: Checker, op: BinaryOp, left: Value, right: Value, at: Place): Value {
  if (left.kind !== 'constant' || right.kind !== 'constant') return combined(c, op, left, right, at);
  const result = applyOperator(op, left.value, right.value);
  return result === undefined ? refuse(c, op, [left, right], at.opSpan) : finite(c, result, at.span);
}

/** An operator between values that are not both constants; between weights, entry by entry. */
function combined(c: Checker, op: BinaryOp, left: Value, right: Value, at: Place): Value {
  if (left.kind === 'unknown' || right.kind === 'unknown') return unknown;
  const weights = asWeights(left) ?? asWeights(right);
  if (weights) {
    const others = [left, right].find((v) =>
      v.kind === 'tuple' ? v.weights !== weights.weights : !isOneNumber(v),
    );
    if (!others)
      return mapWeights(weights, (_, i, j) => combined(c, op, entryOf(left, i, j), entryOf(right, i, j), at));
    c.report('GAN0378', at.opSpan, { op, net: weights.weights, found: describe(others) });
    return unknown;
  }
  const [a, b] = [asHost(left), asHost(right)];
  if (a && b) return hostValue(c, hostBinary(operatorNames[op], a, b), at.span);
  return operate(c, operatorNames[op], op, [left, right], at.spans, at.span, at.env);
}

/** A number, or a whole scalar. */
function isOneNumber(value: Value): boolean {
  if (value.kind === 'term') return !value.term.batch && value.term.shape.length === 0;
  return value.kind === 'host' || (value.kind === 'constant' && typeof value.value === 'number');
}

/** `-value` and `!value`. */
export function prefix(c: Checker, expr: ExprOf<'unary'>, value: Value, env: Env): Value {
  if (value.kind === 'unknown') return unknown;
  if (value.kind === 'constant') {
    const { value: v } = value;
    if (expr.op === '!') return typeof v === 'boolean' ? constant(!v) : refuse(c, '!', [value], expr.span);
    const negated = applyOperator('*', -1, v);
    return negated === undefined ? refuse(c, '-', [value], expr.span) : constant(negated);
  }
  const op = expr.op === '-' ? 'neg' : 'not';
  const weights = asWeights(value);
  if (weights) {
    return mapWeights(weights, (entry) =>
      operate(c, op, expr.op, [entry], [expr.operand.span], expr.span, env),
    );
  }
  const host = asHost(value);
  if (host) return hostValue(c, hostUnary(op, host), expr.span);
  return operate(c, op, expr.op, [value], [expr.operand.span], expr.span, env);
}

function refuse(c: Checker, op: string, operands: readonly Value[], span: Span): Value {
  c.report('GAN0243', span, { what: `\`${op}\` of ${operands.map(describe).join(' and ')} has no meaning` });
  return unknown;
}
