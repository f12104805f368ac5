/** Host scalars, worked out plainly: the oracle's own reading of them. */
import type { HostExpr } from '../../src/ir/host.ts';

export interface Clock {
  readonly step: number;
  readonly epoch: number;
  readonly progress: number;
}

export function hostValue(expr: HostExpr, clock: Clock): number {
  switch (expr.kind) {
    case 'number':
      return expr.value;
    case 'step':
    case 'epoch':
    case 'progress':
      return clock[expr.kind];
    case 'unary':
      return unary[expr.op](hostValue(expr.operand, clock));
    case 'binary':
      return binary[expr.op](hostValue(expr.left, clock), hostValue(expr.right, clock));
    case 'if':
      return hostValue(hostValue(expr.condition, clock) !== 0 ? expr.then : expr.else, clock);
  }
}

const truth = (condition: boolean): number => (condition ? 1 : 0);

const unary: Record<Extract<HostExpr, { kind: 'unary' }>['op'], (a: number) => number> = {
  neg: (a) => -a,
  not: (a) => truth(a === 0),
  exp: Math.exp,
  log: Math.log,
  log2: Math.log2,
  sqrt: Math.sqrt,
  square: (a) => a * a,
  abs: Math.abs,
  sign: Math.sign,
  sin: Math.sin,
  cos: Math.cos,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  tanh: Math.tanh,
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
};

const binary: Record<Extract<HostExpr, { kind: 'binary' }>['op'], (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod: (a, b) => a - b * Math.floor(a / b),
  pow: (a, b) => a ** b,
  minimum: Math.min,
  maximum: Math.max,
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  lt: (a, b) => truth(a < b),
  le: (a, b) => truth(a <= b),
  gt: (a, b) => truth(a > b),
  ge: (a, b) => truth(a >= b),
  and: (a, b) => truth(a !== 0 && b !== 0),
  or: (a, b) => truth(a !== 0 || b !== 0),
};
