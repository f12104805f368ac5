/** The value of a schedule's scalar at one moment, worked out by the compiler. */
import { hostBinary, hostUnary } from '../check/evaluate/constants.ts';
import type { HostExpr } from '../ir/host.ts';

export interface Clock {
  readonly step: number;
  readonly epoch: number;
  readonly progress: number;
}

export function hostValue(expr: HostExpr, clock: Clock): number {
  const value = fold(expr, clock);
  return value.kind === 'number' ? value.value : Number.NaN;
}

function fold(expr: HostExpr, clock: Clock): HostExpr {
  switch (expr.kind) {
    case 'number':
      return expr;
    case 'step':
    case 'epoch':
    case 'progress':
      return { kind: 'number', value: clock[expr.kind] };
    case 'unary':
      return hostUnary(expr.op, fold(expr.operand, clock));
    case 'binary':
      return hostBinary(expr.op, fold(expr.left, clock), fold(expr.right, clock));
    case 'if':
      return fold(hostValue(expr.condition, clock) !== 0 ? expr.then : expr.else, clock);
  }
}
