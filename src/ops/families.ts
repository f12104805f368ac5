/** Makers of records that differ in little: elementwise functions of one and of two operands; and what rules share. */
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import { map, sizeOf, zip } from '../ir/ndarray.ts';
import type { Attrs } from '../ir/types.ts';
import type { Interval, Parameter, Primitive, Sample } from './record.ts';
import { broadcast } from './shapes.ts';

/** Node `a`'s operands if it applies the operation `op`; what `simplify` rules match with. */
export function match(a: Node, op: string): OpNode | null {
  return a.kind === 'op' && a.op === op ? a : null;
}

/** The number, where the node is a constant scalar. */
export function constantOf(a: Node): number | null {
  return a.kind === 'leaf' && a.leaf.kind === 'constant' && a.shape.length === 0
    ? a.leaf.value.data[0]!
    : null;
}

/** A `simplify` rule of an operation that does not broadcast: where one operand is per example, whole ones are repeated. */
export function perExample(op: string): NonNullable<Primitive['simplify']> {
  return (b, args, attrs) => {
    const count = args.find((x) => x.count !== null)?.count ?? null;
    if (args.every((x) => x.count === count)) return null;
    return b.op(
      op,
      args.map((x) => b.broadcast(x, x.shape, count)),
      attrs,
    );
  };
}

interface Unary {
  doc: string;
  /** Arguments besides `x`; undefined where users cannot write the function. */
  parameters?: readonly Parameter[] | null;
  resolve?: Primitive['resolve'];
  f: (x: number, attrs: Attrs) => number;
  gradient: (b: Builder, x: Node, dy: Node, node: OpNode) => Node | null;
  range: (x: Interval, attrs: Attrs) => Interval;
  simplify?: (b: Builder, x: Node, attrs: Attrs) => Node | null;
  tfjs: (x: string, node: OpNode) => string;
  formula?: (x: string, node: OpNode) => string;
  /** Inputs come from here, away from the kinks. */
  from?: readonly [number, number];
  avoid?: readonly number[];
  attrs?: Attrs;
  wrt?: readonly number[];
}

/** An elementwise function of one operand. */
export function unary(u: Unary): Primitive {
  const sample = (shape: readonly number[], batch: boolean): Sample => ({
    operands: [{ shape, batch, ...(u.from ? { from: u.from } : {}) }],
    ...(u.attrs ? { attrs: u.attrs } : {}),
    ...(u.avoid ? { avoid: u.avoid } : {}),
    ...(u.wrt ? { wrt: u.wrt } : {}),
  });
  return {
    kind: 'primitive',
    elementwise: true,
    doc: u.doc,
    signature: u.parameters === null ? null : [{ name: 'x', kind: 'value' }, ...(u.parameters ?? [])],
    ...(u.resolve ? { resolve: u.resolve } : {}),
    shape: ([x]) => x!.shape,
    gradient: (b, node, dy) => u.gradient(b, node.args[0]!, dy, node),
    range: ([x], attrs) => u.range(x!, attrs),
    cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
    reference: ([x], node) => map(x!, (v) => u.f(v, node.attrs)),
    ...(u.simplify ? { simplify: (b, [x], attrs) => u.simplify!(b, x!, attrs) } : {}),
    lower: {
      tfjs: ([x], node) => u.tfjs(x!, node),
      ...(u.formula ? { formula: ([x], node) => u.formula!(x!, node) } : {}),
    },
    samples: [sample([2, 3], true), sample([4], false), sample([], true)],
  };
}

interface Binary {
  doc: string;
  /** null for operators: users write those as signs. */
  signature: readonly Parameter[] | null;
  f: (a: number, b: number) => number;
  gradient: (b: Builder, node: OpNode, dy: Node, i: number) => Node | null;
  range: (a: Interval, b: Interval) => Interval;
  simplify?: (b: Builder, x: Node, y: Node) => Node | null;
  tfjs: (x: string, y: string, node: OpNode) => string;
  formula?: (x: string, y: string) => string;
  /** Intervals of the two operands. */
  from?: readonly [readonly [number, number], readonly [number, number]];
  wrt?: readonly number[];
  distinct?: boolean;
}

/** An elementwise function of two operands, which broadcast. */
export function binary(u: Binary): Primitive {
  const sample = (
    left: readonly number[],
    leftBatch: boolean,
    right: readonly number[],
    rightBatch: boolean,
  ): Sample => ({
    operands: [
      { shape: left, batch: leftBatch, ...(u.from ? { from: u.from[0] } : {}) },
      { shape: right, batch: rightBatch, ...(u.from ? { from: u.from[1] } : {}) },
    ],
    ...(u.wrt ? { wrt: u.wrt } : {}),
    ...(u.distinct ? { distinct: true } : {}),
  });
  return {
    kind: 'primitive',
    elementwise: true,
    doc: u.doc,
    signature: u.signature,
    shape: broadcast,
    gradient: u.gradient,
    range: ([a, b]) => u.range(a!, b!),
    cost: (_, __, result) => ({ flops: sizeOf(result) }),
    reference: (args) => zip(args, u.f as (...x: number[]) => number),
    ...(u.simplify ? { simplify: (b, [x, y]) => u.simplify!(b, x!, y!) } : {}),
    lower: {
      tfjs: ([x, y], node) => u.tfjs(x!, y!, node),
      ...(u.formula ? { formula: ([x, y]) => u.formula!(x!, y!) } : {}),
    },
    samples: [
      sample([2, 3], true, [2, 3], true),
      sample([2, 3], true, [3], false),
      sample([3], true, [2, 1, 3], true),
      sample([], true, [3], false),
      sample([2, 1], false, [2, 3], false),
      sample([2, 1], true, [1, 3], false),
    ],
  };
}
