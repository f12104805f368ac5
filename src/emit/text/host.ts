/** Scalars that the host works out at each step, as JavaScript: learning rates, counts, bounds. */
import type { HostBinary, HostExpr, HostUnary } from '../../ir/host.ts';
import { number } from './literal.ts';

/** How tightly JavaScript binds: an operand that binds looser than its place gets parentheses. */
const LEVEL = {
  conditional: 1,
  or: 2,
  and: 3,
  equality: 4,
  relation: 5,
  sum: 6,
  product: 7,
  unary: 8,
  atom: 9,
};

interface Js {
  readonly text: string;
  readonly level: number;
}

const FUNCTIONS: Partial<Record<HostUnary, string>> = {
  exp: 'Math.exp',
  log: 'Math.log',
  log2: 'Math.log2',
  sqrt: 'Math.sqrt',
  abs: 'Math.abs',
  sign: 'Math.sign',
  sin: 'Math.sin',
  cos: 'Math.cos',
  floor: 'Math.floor',
  ceil: 'Math.ceil',
  round: 'Math.round',
  tanh: 'Math.tanh',
};

const ARITHMETIC: Partial<Record<HostBinary, readonly [string, number]>> = {
  add: ['+', LEVEL.sum],
  sub: ['-', LEVEL.sum],
  mul: ['*', LEVEL.product],
  div: ['/', LEVEL.product],
};

const COMPARISON: Partial<Record<HostBinary, readonly [string, number]>> = {
  eq: ['===', LEVEL.equality],
  ne: ['!==', LEVEL.equality],
  lt: ['<', LEVEL.relation],
  le: ['<=', LEVEL.relation],
  gt: ['>', LEVEL.relation],
  ge: ['>=', LEVEL.relation],
};

/** A number. */
export function hostNumber(expr: HostExpr): string {
  return value(expr).text;
}

/** What may stand in the parentheses of an `if`. */
export function hostCondition(expr: HostExpr): string {
  return condition(expr).text;
}

/** A number that can stand as an operand of whatever surrounds it (`i <= …`). */
export function hostOperand(expr: HostExpr): string {
  return within(value(expr), LEVEL.sum);
}

function within(js: Js, level: number): string {
  return js.level < level ? `(${js.text})` : js.text;
}

function value(expr: HostExpr): Js {
  switch (expr.kind) {
    case 'number':
      return {
        text: number(expr.value),
        level: expr.value < 0 || Object.is(expr.value, -0) ? LEVEL.unary : LEVEL.atom,
      };
    case 'step':
    case 'epoch':
    case 'progress':
      return { text: `run.${expr.kind}`, level: LEVEL.atom };
    case 'if':
      return {
        text: `${within(condition(expr.condition), LEVEL.or)} ? ${within(value(expr.then), LEVEL.or)} : ${value(expr.else).text}`,
        level: LEVEL.conditional,
      };
    case 'unary':
      return unary(expr.op, expr.operand);
    case 'binary':
      return binary(expr.op, expr.left, expr.right);
  }
}

function unary(op: HostUnary, operand: HostExpr): Js {
  const f = FUNCTIONS[op];
  if (f) return { text: `${f}(${value(operand).text})`, level: LEVEL.atom };
  if (op === 'neg') {
    const inner = within(value(operand), LEVEL.unary);
    return { text: inner.startsWith('-') ? `-(${inner})` : `-${inner}`, level: LEVEL.unary };
  }
  // `**` binds tighter than a product and takes no bare unary at its left.
  if (op === 'square')
    return { text: `${within(value(operand), LEVEL.atom)} ** 2`, level: LEVEL.product + 0.5 };
  if (op === 'sigmoid')
    return {
      text: `1 / (1 + Math.exp(${value({ kind: 'unary', op: 'neg', operand }).text}))`,
      level: LEVEL.product,
    };
  return asNumber({ kind: 'unary', op, operand });
}

function binary(op: HostBinary, left: HostExpr, right: HostExpr): Js {
  const arithmetic = ARITHMETIC[op];
  if (arithmetic) {
    const [sign, level] = arithmetic;
    const r = within(
      value(right),
      level + (op === 'sub' || op === 'div' || op === 'mul' || op === 'add' ? 0.25 : 0),
    );
    return { text: `${within(value(left), level)} ${sign} ${r}`, level };
  }
  switch (op) {
    case 'mod': {
      const l = within(value(left), LEVEL.product);
      const r = within(value(right), LEVEL.unary);
      // JavaScript's % takes the dividend's sign; the language's takes the divisor's.
      if (neverNegative(left) && neverNegative(right)) return { text: `${l} % ${r}`, level: LEVEL.product };
      return { text: `((${l} % ${r}) + ${r}) % ${r}`, level: LEVEL.product };
    }
    case 'pow':
      return {
        text: `${within(value(left), LEVEL.atom)} ** ${within(value(right), LEVEL.unary)}`,
        level: LEVEL.product + 0.5,
      };
    case 'minimum':
      return { text: `Math.min(${value(left).text}, ${value(right).text})`, level: LEVEL.atom };
    case 'maximum':
      return { text: `Math.max(${value(left).text}, ${value(right).text})`, level: LEVEL.atom };
    default:
      return asNumber({ kind: 'binary', op, left, right });
  }
}

/** A truth value used as a number. */
function asNumber(expr: HostExpr): Js {
  return { text: `Number(${condition(expr).text})`, level: LEVEL.atom };
}

/** A truth value: what may stand in `if` and before `?`. */
function condition(expr: HostExpr): Js {
  if (expr.kind === 'unary' && expr.op === 'not') {
    return { text: `!${within(condition(expr.operand), LEVEL.unary)}`, level: LEVEL.unary };
  }
  if (expr.kind === 'binary') {
    const comparison = COMPARISON[expr.op];
    if (comparison) {
      const [sign] = comparison;
      // Operands of a comparison are sums at the loosest, so that a chain never reads as one.
      return {
        text: `${within(value(expr.left), LEVEL.sum)} ${sign} ${within(value(expr.right), LEVEL.sum)}`,
        level: comparison[1],
      };
    }
    if (expr.op === 'and' || expr.op === 'or') {
      const level = expr.op === 'and' ? LEVEL.and : LEVEL.or;
      const sign = expr.op === 'and' ? '&&' : '||';
      return {
        text: `${within(condition(expr.left), level)} ${sign} ${within(condition(expr.right), level)}`,
        level,
      };
    }
  }
  if (expr.kind === 'number') return { text: expr.value !== 0 ? 'true' : 'false', level: LEVEL.atom };
  return { text: `${within(value(expr), LEVEL.sum)} !== 0`, level: LEVEL.equality };
}

function neverNegative(expr: HostExpr): boolean {
  switch (expr.kind) {
    case 'number':
      return expr.value >= 0;
    case 'step':
    case 'epoch':
    case 'progress':
      return true;
    case 'if':
      return neverNegative(expr.then) && neverNegative(expr.else);
    case 'unary':
      if (['exp', 'sqrt', 'square', 'abs', 'sigmoid', 'not'].includes(expr.op)) return true;
      return ['floor', 'ceil', 'round'].includes(expr.op) && neverNegative(expr.operand);
    case 'binary':
      if (['add', 'mul', 'div', 'mod', 'minimum', 'maximum', 'pow'].includes(expr.op)) {
        return neverNegative(expr.left) && neverNegative(expr.right);
      }
      return expr.op !== 'sub';
  }
}
