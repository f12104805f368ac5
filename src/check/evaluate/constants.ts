/** Arithmetic of the compiler: on numbers, lists, strings and booleans, and on scalars that the host will work out. */
import type { HostBinary, HostExpr, HostUnary } from '../../ir/host.ts';
import { mod, sigmoid, softplus } from '../../ops/special.ts';
import type { BinaryOp } from '../../syntax/ast.ts';
import type { Constant } from './value.ts';

/** The operation behind each operator, in graphs and in scalars of the host alike. */
export const operatorNames: Readonly<Record<BinaryOp, HostBinary>> = {
  '||': 'or',
  '&&': 'and',
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '%': 'mod',
  '^': 'pow',
};

const binary: Readonly<Record<HostBinary, (a: number, b: number) => number | boolean>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  mod,
  pow: (a, b) => a ** b,
  minimum: Math.min,
  maximum: Math.max,
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
  and: (a, b) => a !== 0 && b !== 0,
  or: (a, b) => a !== 0 || b !== 0,
};

/** Ties go to the even neighbour's side as Math.round has it: towards +∞. */
const unary: Readonly<Record<HostUnary, (a: number) => number | boolean>> = {
  neg: (a) => -a,
  not: (a) => a === 0,
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
  sigmoid,
};

/** Further functions of one number that constants may go through. */
const more: Readonly<Record<string, (a: number) => number>> = { softplus, relu: (a) => Math.max(a, 0) };

export function isHostUnary(name: string): name is HostUnary {
  return Object.hasOwn(unary, name) && name !== 'neg' && name !== 'not';
}

/** A function's value at constants; undefined where it is not one that the compiler computes. */
export function applyConstant(name: string, args: readonly Constant[]): Constant | undefined {
  const [a, b, c] = args;
  if (args.length === 1) {
    const list =
      Array.isArray(a) && a.length > 0 && a.every((x) => typeof x === 'number') ? (a as number[]) : null;
    if (list) {
      if (name === 'sum') return list.reduce((x, y) => x + y, 0);
      if (name === 'mean') return list.reduce((x, y) => x + y, 0) / list.length;
      if (name === 'max') return list.reduce((x, y) => Math.max(x, y));
      if (name === 'min') return list.reduce((x, y) => Math.min(x, y));
    }
    const f = Object.hasOwn(unary, name) ? unary[name as HostUnary] : more[name];
    return f && each(a!, f);
  }
  if (args.length === 2 && (name === 'minimum' || name === 'maximum')) return each2(a!, b!, binary[name]);
  if (args.length === 3 && name === 'clamp' && args.every((x) => typeof x === 'number'))
    return Math.min(Math.max(a as number, b as number), c as number);
  return undefined;
}

export function applyOperator(op: BinaryOp, a: Constant, b: Constant): Constant | undefined {
  if (typeof a === 'string' || typeof b === 'string') {
    if (typeof a !== typeof b) return undefined;
    return op === '==' ? a === b : op === '!=' ? a !== b : undefined;
  }
  return each2(a, b, binary[operatorNames[op]]);
}

/** Elementwise on lists; undefined where something is no number. */
function each(a: Constant, f: (a: number) => number | boolean): Constant | undefined {
  if (typeof a === 'number' || typeof a === 'boolean') return f(Number(a));
  if (typeof a === 'string') return undefined;
  const items = a.map((item) => each(item, f));
  return items.every((x) => x !== undefined) ? items : undefined;
}

function each2(
  a: Constant,
  b: Constant,
  f: (a: number, b: number) => number | boolean,
): Constant | undefined {
  if (!Array.isArray(a) && !Array.isArray(b)) {
    if (typeof a === 'string' || typeof b === 'string') return undefined;
    return f(Number(a), Number(b));
  }
  const [left, right] = [Array.isArray(a) ? a : null, Array.isArray(b) ? b : null];
  if (left && right && left.length !== right.length) return undefined;
  const items = (left ?? right)!.map((_, i) => each2(left ? left[i]! : a, right ? right[i]! : b, f));
  return items.every((x) => x !== undefined) ? items : undefined;
}

const sizes = new WeakMap<HostExpr, number>();

/** How many operations a scalar of the host is, written out: what is named once is written at each use. */
export function hostSize(expr: HostExpr): number {
  if (expr.kind !== 'unary' && expr.kind !== 'binary' && expr.kind !== 'if') return 1;
  let size = sizes.get(expr);
  if (size === undefined) {
    const parts =
      expr.kind === 'unary'
        ? [expr.operand]
        : expr.kind === 'binary'
          ? [expr.left, expr.right]
          : [expr.condition, expr.then, expr.else];
    size = parts.reduce((sum, part) => sum + hostSize(part), 1);
    sizes.set(expr, size);
  }
  return size;
}

const lengths = new WeakMap<readonly Constant[], number>();

/** How many numbers a constant holds, at any depth. */
export function constantSize(value: Constant): number {
  if (!Array.isArray(value)) return 1;
  const list = value as readonly Constant[];
  let size = lengths.get(list);
  if (size === undefined) {
    size = list.reduce<number>((sum, item) => sum + constantSize(item), 0);
    lengths.set(list, size);
  }
  return size;
}

export function hostUnary(op: HostUnary, operand: HostExpr): HostExpr {
  return operand.kind === 'number'
    ? { kind: 'number', value: Number(unary[op](operand.value)) }
    : { kind: 'unary', op, operand };
}

export function hostBinary(op: HostBinary, left: HostExpr, right: HostExpr): HostExpr {
  return left.kind === 'number' && right.kind === 'number'
    ? { kind: 'number', value: Number(binary[op](left.value, right.value)) }
    : { kind: 'binary', op, left, right };
}

/** A whole number within 1e-9 (rule 12), or null. */
export function wholeNumber(value: number): number | null {
  const rounded = Math.round(value);
  return Number.isFinite(value) && Math.abs(value - rounded) <= 1e-9 ? rounded : null;
}
