/** Elementwise operations of two and three operands: the operators, comparisons, `minimum`, `maximum`, `where`. */

import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { splat } from '../ir/graph-builder.ts';
import { sameShape, sizeOf, zip } from '../ir/ndarray.ts';
import type { Count, Shape } from '../ir/types.ts';
import { binary, constantOf, match } from './families.ts';
import {
  addInterval,
  anything,
  hull,
  increasing,
  interval,
  mulInterval,
  negInterval,
  reciprocal,
  union,
} from './interval.ts';
import type { Interval, Operation, Parameter, Primitive } from './record.ts';
import { broadcast } from './shapes.ts';
import { mod } from './special.ts';

const pair: readonly Parameter[] = [
  { name: 'a', kind: 'value' },
  { name: 'b', kind: 'value' },
];

/** What the operands' common type is, for rules that replace a node by one operand. */
function commonType(x: Node, y: Node): { shape: Shape; count: Count | null } {
  return {
    shape: broadcast([
      { shape: x.shape, batch: x.count !== null },
      { shape: y.shape, batch: y.count !== null },
    ]) as Shape,
    count: x.count ?? y.count,
  };
}

/** `x` where it already has the type of `x ∘ y`, so that an operation that changes no value can be left out. */
function alone(x: Node, y: Node): Node | null {
  const { shape, count } = commonType(x, y);
  return sameShape(x.shape, shape) && x.count === count ? x : null;
}

/** The number of examples: a scalar that is never 0. */
function isCount(a: Node): boolean {
  return a.kind === 'leaf' && a.leaf.kind === 'count';
}

function allOf(b: Builder, x: Node, y: Node, value: number): Node {
  const { shape, count } = commonType(x, y);
  return b.full(shape, count, value);
}

/** A constant is kept at the right in products, so that the rules below meet. */
function simplifyMul(b: Builder, x: Node, y: Node): Node | null {
  if (constantOf(x) !== null && constantOf(y) === null) return b.mul(y, x);
  if (x === y) return b.square(x);
  for (const [p, q] of [
    [x, y],
    [y, x],
  ] as const) {
    const value = splat(q);
    if (value === 0) return allOf(b, x, y, 0);
    if (value === 1 && alone(p, q)) return p;
    if (value === -1 && alone(p, q)) return b.neg(p);
    // A mean's share times the number of examples.
    const share = isCount(q) && match(p, 'div');
    if (share && share.args[1] === q) return share.args[0]!;
  }
  const factor = constantOf(y);
  if (factor !== null) {
    const negated = match(x, 'neg');
    if (negated) return b.mul(negated.args[0]!, -factor);
    const scaled = match(x, 'mul') ?? match(x, 'div');
    const inner = scaled && constantOf(scaled.args[1]!);
    if (scaled && inner !== null) {
      return b.mul(scaled.args[0]!, scaled.op === 'mul' ? inner * factor : factor / inner);
    }
    return null;
  }
  const left = match(x, 'neg');
  const right = match(y, 'neg');
  if (!left && !right) return null;
  const product = b.mul(left?.args[0] ?? x, right?.args[0] ?? y);
  return left && right ? product : b.neg(product);
}

/** The `a` of 1 + e⁻ᵃ. */
function logisticOf(y: Node): Node | null {
  const sum = match(y, 'add');
  if (!sum) return null;
  const [p, q] = sum.args as [Node, Node];
  const exp = splat(p) === 1 ? match(q, 'exp') : splat(q) === 1 ? match(p, 'exp') : null;
  const negated = exp && match(exp.args[0]!, 'neg');
  return negated && alone(negated, y) ? negated.args[0]! : null;
}

function simplifyDiv(b: Builder, x: Node, y: Node): Node | null {
  const total = isCount(y) && match(x, 'mul');
  if (total && total.args[1] === y) return total.args[0]!;
  const value = splat(y);
  if (value === 1 && alone(x, y)) return x;
  if (value === -1 && alone(x, y)) return b.neg(x);
  if (splat(x) === 0) return allOf(b, x, y, 0);
  const logistic = splat(x) === 1 && alone(y, x) ? logisticOf(y) : null;
  if (logistic) return b.op('sigmoid', [logistic]);
  const divisor = constantOf(y);
  const scaled = divisor !== null && divisor !== 0 && match(x, 'mul');
  const inner = scaled && constantOf(scaled.args[1]!);
  if (scaled && inner !== false && inner !== null) return b.mul(scaled.args[0]!, inner / divisor);
  const negated = match(x, 'neg');
  return negated && b.neg(b.div(negated.args[0]!, y));
}

function simplifySub(b: Builder, x: Node, y: Node): Node | null {
  if (splat(y) === 0 && alone(x, y)) return x;
  if (splat(x) === 0 && alone(y, x)) return b.neg(y);
  if (x === y) return allOf(b, x, y, 0);
  const negated = match(y, 'neg');
  if (negated) return b.add(x, negated.args[0]!);
  // Rounding 1 − sigmoid(a) would lose small values; sigmoid(−a) keeps them.
  if (splat(x) !== 1 || !alone(y, x)) return null;
  const logistic = match(match(y, 'reshape')?.args[0] ?? y, 'sigmoid');
  return logistic && b.reshape(b.op('sigmoid', [b.neg(logistic.args[0]!)]), y.shape);
}

function simplifyPow(b: Builder, x: Node, y: Node): Node | null {
  if (!alone(x, y)) return null;
  switch (splat(y)) {
    case 0:
      return allOf(b, x, y, 1);
    case 1:
      return x;
    case 2:
      return b.square(x);
    case 0.5:
      return b.sqrt(x);
    case -0.5:
      return b.rsqrt(x);
    case -1:
      return b.div(1, x);
    default:
      return null;
  }
}

function powInterval(a: Interval, b: Interval): Interval {
  if (a.lo >= 0) {
    const ends = [a.lo ** b.lo, a.lo ** b.hi, a.hi ** b.lo, a.hi ** b.hi];
    // The corners are the extremes, but 1^∞ and ∞^0 are no numbers here.
    return ends.some(Number.isNaN) ? { lo: 0, hi: Infinity } : hull(ends);
  }
  const n = b.lo;
  if (n !== b.hi || !Number.isInteger(n) || n < 0) return anything;
  if (n % 2 === 1) return increasing((x) => x ** n)([a]);
  const ends = [a.lo ** n, a.hi ** n];
  return interval(n === 0 ? 1 : a.hi >= 0 ? 0 : Math.min(...ends), Math.max(...ends));
}

function modInterval(_: Interval, b: Interval): Interval {
  return { lo: Math.min(b.lo, 0), hi: Math.max(b.hi, 0) };
}

/** What a comparison can give, from whether it can hold and whether it must. */
const truth = (can: boolean, must: boolean): Interval => ({ lo: must ? 1 : 0, hi: can ? 1 : 0 });

interface Comparison {
  doc: string;
  f: (a: number, b: number) => boolean;
  range: (a: Interval, b: Interval) => Interval;
  lowered: string;
}

/** Comparisons and logic give 0 and 1, and no gradient flows through them. */
function comparison(c: Comparison): Primitive {
  return binary({
    doc: c.doc,
    signature: null,
    f: (a, b) => (c.f(a, b) ? 1 : 0),
    gradient: () => null,
    range: c.range,
    tfjs: (x, y) => `nn.${c.lowered}(${x}, ${y})`,
    formula: (x, y) => `${c.lowered}(${x}, ${y})`,
    distinct: true,
  });
}

/** Half of the gradient to each side where they tie. */
function share(b: Builder, x: Node, y: Node, larger: Node, smaller: Node): Node {
  return b.add(b.op('gt', [larger, smaller]), b.mul(b.op('eq', [x, y]), 0.5));
}

const where: Primitive = {
  kind: 'primitive',
  elementwise: true,
  doc: 'a where c is not 0, else b, element by element. No gradient flows to c.',
  signature: [{ name: 'c', kind: 'value' }, ...pair],
  shape: broadcast,
  gradient: (b, { args }, dy, i) => {
    if (i === 0) return null;
    const none = b.scalar(0);
    return b.op('where', i === 1 ? [args[0]!, dy, none] : [args[0]!, none, dy]);
  },
  range: ([c, x, y]) => (c!.lo > 0 || c!.hi < 0 ? x! : c!.lo === 0 && c!.hi === 0 ? y! : union(x!, y!)),
  cost: (_, __, result) => ({ flops: sizeOf(result) }),
  reference: (args) => zip(args, (c, x, y) => (c !== 0 ? x! : y!)),
  simplify: (b, [c, x, y], attrs) => {
    const condition = splat(c!);
    if (condition === null) return null;
    const types = [c!, x!, y!].map((n) => ({ shape: n.shape, batch: n.count !== null }));
    const shape = where.shape(types, attrs) as Shape;
    return b.broadcast(condition !== 0 ? x! : y!, shape, c!.count ?? x!.count ?? y!.count);
  },
  lower: {
    tfjs: ([c, x, y]) => `nn.where(${c}, ${x}, ${y})`,
    formula: ([c, x, y]) => `where(${c}, ${x}, ${y})`,
  },
  samples: [
    {
      operands: [
        { shape: [2, 3], batch: true },
        { shape: [2, 3], batch: true },
        { shape: [3], batch: false },
      ],
      avoid: [0],
    },
    {
      operands: [
        { shape: [3], batch: false },
        { shape: [], batch: true },
        { shape: [3], batch: true },
      ],
      avoid: [0],
    },
  ],
};

export const arithmetic = {
  add: binary({
    doc: 'a + b.',
    signature: null,
    f: (a, b) => a + b,
    gradient: (_, __, dy) => dy,
    range: addInterval,
    simplify: (b, x, y) => {
      if (splat(y) === 0 && alone(x, y)) return x;
      if (splat(x) === 0 && alone(y, x)) return y;
      const right = match(y, 'neg');
      if (right) return b.sub(x, right.args[0]!);
      const left = match(x, 'neg');
      return left && b.sub(y, left.args[0]!);
    },
    tfjs: (x, y) => `tf.add(${x}, ${y})`,
    formula: (x, y) => `${x} + ${y}`,
  }),
  sub: binary({
    doc: 'a − b.',
    signature: null,
    f: (a, b) => a - b,
    gradient: (b, _, dy, i) => (i === 0 ? dy : b.neg(dy)),
    range: (a, b) => addInterval(a, negInterval(b)),
    simplify: simplifySub,
    tfjs: (x, y) => `tf.sub(${x}, ${y})`,
    formula: (x, y) => `${x} - ${y}`,
  }),
  mul: binary({
    doc: 'a · b, element by element.',
    signature: null,
    f: (a, b) => a * b,
    gradient: (b, { args }, dy, i) => b.mul(dy, args[1 - i]!),
    range: mulInterval,
    simplify: simplifyMul,
    tfjs: (x, y) => `tf.mul(${x}, ${y})`,
    formula: (x, y) => `${x} * ${y}`,
  }),
  div: binary({
    doc: 'a / b.',
    signature: null,
    f: (a, b) => a / b,
    gradient: (b, node, dy, i) =>
      i === 0 ? b.div(dy, node.args[1]!) : b.neg(b.div(b.mul(dy, node), node.args[1]!)),
    range: (a, b) => mulInterval(a, reciprocal(b)),
    simplify: simplifyDiv,
    tfjs: (x, y) => `tf.div(${x}, ${y})`,
    formula: (x, y) => `${x} / ${y}`,
    from: [
      [-2, 2],
      [0.4, 2],
    ],
  }),
  /** For slopes of roots: a length of 0 pulls nowhere. */
  div_safe: binary({
    doc: 'a / b, and 0 where b is 0.',
    signature: null,
    f: (a, b) => (b === 0 ? 0 : a / b),
    gradient: (b, node, dy, i) => {
      const divided = (x: Node) => b.op('div_safe', [x, node.args[1]!]);
      return i === 0 ? divided(dy) : b.neg(divided(b.mul(dy, node)));
    },
    range: (a, b) => union({ lo: 0, hi: 0 }, mulInterval(a, reciprocal(b))),
    simplify: (b, x, y) => (splat(x) === 0 ? allOf(b, x, y, 0) : null),
    tfjs: (x, y) => `tf.divNoNan(${x}, ${y})`,
    from: [
      [-2, 2],
      [0.4, 2],
    ],
  }),
  mod: binary({
    doc: 'The remainder of a / b, with the sign of b. Its slope in a is 1, also where it jumps.',
    signature: null,
    f: mod,
    gradient: (b, { args }, dy, i) =>
      i === 0 ? dy : b.neg(b.mul(dy, b.op('floor', [b.div(args[0]!, args[1]!)]))),
    range: modInterval,
    tfjs: (x, y) => `tf.mod(${x}, ${y})`,
    from: [
      [2.1, 2.9],
      [0.8, 0.95],
    ],
  }),
  pow: binary({
    doc: 'a to the power b. The slope in b is taken as 0 where a is not above 0.',
    signature: null,
    f: (a, b) => a ** b,
    gradient: (b, node, dy, i) => {
      const [x, y] = node.args as [Node, Node];
      if (i === 0) return b.mul(dy, b.mul(b.op('pow', [x, b.sub(y, 1)]), y));
      const positive = b.op('gt', [x, b.scalar(0)]);
      const log = b.log(b.op('where', [positive, x, b.scalar(1)]));
      return b.mul(dy, b.mul(node, log));
    },
    range: powInterval,
    simplify: simplifyPow,
    tfjs: (x, y) => `tf.pow(${x}, ${y})`,
    from: [
      [0.3, 2],
      [-2, 3],
    ],
  }),
  minimum: binary({
    doc: 'The smaller of a and b, element by element. Where they tie, each gets half of the gradient.',
    signature: pair,
    f: Math.min,
    gradient: (b, { args: [x, y] }, dy, i) =>
      b.mul(dy, i === 0 ? share(b, x!, y!, y!, x!) : share(b, x!, y!, x!, y!)),
    range: (a, b) => ({ lo: Math.min(a.lo, b.lo), hi: Math.min(a.hi, b.hi) }),
    simplify: (_, x, y) => (x === y ? x : null),
    tfjs: (x, y) => `tf.minimum(${x}, ${y})`,
    formula: (x, y) => `minimum(${x}, ${y})`,
    distinct: true,
  }),
  maximum: binary({
    doc: 'The larger of a and b, element by element. Where they tie, each gets half of the gradient.',
    signature: pair,
    f: Math.max,
    gradient: (b, { args: [x, y] }, dy, i) =>
      b.mul(dy, i === 0 ? share(b, x!, y!, x!, y!) : share(b, x!, y!, y!, x!)),
    range: (a, b) => ({ lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) }),
    simplify: (_, x, y) => (x === y ? x : null),
    tfjs: (x, y) => `tf.maximum(${x}, ${y})`,
    formula: (x, y) => `maximum(${x}, ${y})`,
    distinct: true,
  }),
  eq: comparison({
    doc: '1 where a equals b, else 0.',
    f: (a, b) => a === b,
    range: (a, b) => truth(a.lo <= b.hi && b.lo <= a.hi, a.lo === a.hi && b.lo === b.hi && a.lo === b.lo),
    lowered: 'equal',
  }),
  ne: comparison({
    doc: '1 where a differs from b, else 0.',
    f: (a, b) => a !== b,
    range: (a, b) => truth(!(a.lo === a.hi && b.lo === b.hi && a.lo === b.lo), a.lo > b.hi || b.lo > a.hi),
    lowered: 'notEqual',
  }),
  lt: comparison({
    doc: '1 where a is below b, else 0.',
    f: (a, b) => a < b,
    range: (a, b) => truth(a.lo < b.hi, a.hi < b.lo),
    lowered: 'less',
  }),
  le: comparison({
    doc: '1 where a is at most b, else 0.',
    f: (a, b) => a <= b,
    range: (a, b) => truth(a.lo <= b.hi, a.hi <= b.lo),
    lowered: 'lessEqual',
  }),
  gt: comparison({
    doc: '1 where a is above b, else 0.',
    f: (a, b) => a > b,
    range: (a, b) => truth(a.hi > b.lo, a.lo > b.hi),
    lowered: 'greater',
  }),
  ge: comparison({
    doc: '1 where a is at least b, else 0.',
    f: (a, b) => a >= b,
    range: (a, b) => truth(a.hi >= b.lo, a.lo >= b.hi),
    lowered: 'greaterEqual',
  }),
  and: comparison({
    doc: '1 where neither a nor b is 0, else 0.',
    f: (a, b) => a !== 0 && b !== 0,
    range: () => ({ lo: 0, hi: 1 }),
    lowered: 'and',
  }),
  or: comparison({
    doc: '1 where a or b is not 0, else 0.',
    f: (a, b) => a !== 0 || b !== 0,
    range: () => ({ lo: 0, hi: 1 }),
    lowered: 'or',
  }),
  where,
} satisfies Record<string, Operation>;
