/** What has been worked out while compiling, held to what it may be: finite, and not too large. */
import type { Span } from '../../diagnostics/diagnostic.ts';
import type { HostExpr } from '../../ir/host.ts';
import { hostSize } from './constants.ts';
import type { Checker } from './context.ts';
import { type Constant, constant, unknown, type Value } from './value.ts';

/** A constant that stopped being a number (`1 / 0`, `log(-1)`) is a mistake where it happens. */
export function finite(c: Checker, value: Constant, span: Span): Value {
  const bad = (v: Constant): boolean =>
    typeof v === 'number' ? !Number.isFinite(v) : Array.isArray(v) && v.some(bad);
  if (!bad(value)) return constant(value);
  c.report('GAN0243', span, { what: `\`${c.text(span)}\` is not a finite number` });
  return unknown;
}

/** Scalars of scalars that are named can double with each line. */
const hostLimit = 2000;

/** A scalar that the host works out at each step. */
export function hostValue(c: Checker, expr: HostExpr, span: Span): Value {
  if (hostSize(expr) <= hostLimit) return { kind: 'host', expr };
  const what = `a scalar of the step made of more than ${hostLimit.toLocaleString('en')} operations`;
  c.report('GAN0247', span, { what });
  return unknown;
}
