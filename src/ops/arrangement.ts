/** Values put together from others or from nothing: expand, stack, tile, roll, zeros, ones, and parts of matrices. */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { sameShape, sizeOf, zeros as zeroArray } from '../ir/ndarray.ts';
import type { Attr, Attrs, Shape, Shaped } from '../ir/types.ts';
import { operand, resolveAxis } from './lines.ts';
import type { Composite, Operation, Parameter, Primitive } from './record.ts';
import { normalAxis } from './shapes.ts';
import { firstProblem, numbers, positive } from './window.ts';

const one = (shape: Shape, batch = true): { operands: readonly Shaped[] } => ({
  operands: [{ shape, batch }],
});

/** Resolves an axis that the result has and the operand has not. */
function newAxis(a: Shaped, attrs: Attrs): Attrs | Problem {
  const axis = normalAxis(attrs.axis as number, a.shape.length + 1);
  return isProblem(axis) ? axis : { ...attrs, axis };
}

function inserted(shape: Shape, axis: number, size: number): Shape {
  return [...shape.slice(0, axis), size, ...shape.slice(axis)];
}

const expand: Composite = {
  kind: 'composite',
  doc: 'One axis more, of size 1, at position `axis` of the result: `expand(v, -1)` makes a vector [n] a column [n, 1]. Values with equally many axes broadcast both ways: `expand(a, 1) - expand(b, 0)` of [n] and [m] is the table [n, m] of all differences.',
  signature: [
    operand,
    { name: 'axis', kind: 'integer', doc: 'of the result: from 0, or negative from the end' },
  ],
  resolve: ([a], attrs) => newAxis(a!, attrs),
  shape: ([a], attrs) => inserted(a!.shape, attrs.axis as number, 1),
  build: (b, [a], attrs) => b.reshape(a!, inserted(a!.shape, attrs.axis as number, 1)),
  samples: [
    { ...one([3]), attrs: { axis: 1 } },
    { ...one([2, 3], false), attrs: { axis: 0 } },
  ],
};

const stack: Composite = {
  kind: 'composite',
  doc: 'Values of one shape along a new axis: of two [d] it makes [2, d]. A whole value is repeated for each example.',
  signature: [
    { name: 'values', kind: 'value', rest: true },
    { name: 'axis', kind: 'integer', default: 0, doc: 'of the result: from 0, or negative from the end' },
  ],
  resolve: ([a], attrs) => newAxis(a!, attrs),
  shape: (args, attrs) => {
    const first = args[0]!.shape;
    const other = args.findIndex(({ shape }) => !sameShape(shape, first));
    return other < 0
      ? inserted(first, attrs.axis as number, args.length)
      : problem(
          'GAN0323',
          { op: 'stack', first, other: args[other]!.shape, axis: attrs.axis as number },
          { operand: other },
        );
  },
  build: (b, args, attrs) => {
    const axis = attrs.axis as number;
    return b.concat(
      args.map((a) => b.reshape(a, inserted(a.shape, axis, 1))),
      axis,
    );
  },
  samples: [
    {
      operands: [
        { shape: [2], batch: true },
        { shape: [2], batch: false },
      ],
      attrs: { axis: 0 },
    },
    {
      operands: [
        { shape: [2, 3], batch: true },
        { shape: [2, 3], batch: true },
      ],
      attrs: { axis: 1 },
    },
  ],
};

const tile: Composite = {
  kind: 'composite',
  doc: 'The value several times along each axis: `tile(x, [1, 3])` of [2, 4] is [2, 12].',
  signature: [operand, { name: 'times', kind: 'integers', doc: 'how often, for each axis' }],
  resolve: ([a], attrs) => {
    const times = [attrs.times as Attr].flat() as number[];
    const rank = a!.shape.length;
    const wrong = firstProblem(...times.map((n) => positive('tile', 'times', n)));
    if (wrong) return wrong;
    if (times.length === rank) return { times };
    const needs = `a list of ${rank} ${rank === 1 ? 'number' : 'numbers'}, one for each axis`;
    return problem('GAN0330', { op: 'tile', argument: 'times', value: times, needs }, { argument: 'times' });
  },
  shape: ([a], attrs) => a!.shape.map((d, i) => d * numbers(attrs, 'times')[i]!),
  build: (b, [a], attrs) => {
    let result = a!;
    for (const [axis, n] of numbers(attrs, 'times').entries()) {
      if (n === 1) continue;
      const { shape } = result;
      const [before, after] = [shape.slice(0, axis), shape.slice(axis)];
      const rows = b.reshape(result, [sizeOf(before), 1, sizeOf(after)]);
      const repeated = b.broadcast(rows, [sizeOf(before), n, sizeOf(after)], result.count);
      result = b.reshape(repeated, [...before, n * after[0]!, ...after.slice(1)]);
    }
    return result;
  },
  samples: [
    { ...one([2, 3]), attrs: { times: [2, 1] } },
    { ...one([3], false), attrs: { times: [2] } },
    { ...one([2, 2]), attrs: { times: [2, 3] } },
  ],
};

const roll: Composite = {
  kind: 'composite',
  doc: 'The entries of an axis moved by `by` positions towards its end; what leaves it comes in at the beginning. Negative numbers move the other way.',
  signature: [
    operand,
    { name: 'by', kind: 'integer' },
    { name: 'axis', kind: 'integer', doc: 'from 0, or negative from the end' },
  ],
  resolve: resolveAxis,
  shape: ([a]) => a!.shape,
  build: (b, [a], attrs) => {
    const axis = attrs.axis as number;
    const n = a!.shape[axis]!;
    const by = (((attrs.by as number) % n) + n) % n;
    return by === 0 ? a! : b.concat([b.slice(a!, axis, n - by, n), b.slice(a!, axis, 0, n - by)], axis);
  },
  samples: [
    { ...one([4]), attrs: { by: 1, axis: 0 } },
    { ...one([3, 2], false), attrs: { by: -4, axis: 0 } },
  ],
};

/** `zeros` and `ones`: the same for every example. */
function filled(doc: string, name: string, number: number): Composite {
  return {
    kind: 'composite',
    doc,
    signature: [{ name: 'shape', kind: 'integers', rest: true, doc: 'the axes' }],
    resolve: (_, attrs) => {
      const shape = [attrs.shape as Attr].flat() as number[];
      const wrong = firstProblem(...shape.map((d) => positive(name, 'shape', d)));
      return wrong ?? { shape };
    },
    shape: (_, attrs) => numbers(attrs, 'shape'),
    batch: () => false,
    build: (b, _, attrs) => b.full(numbers(attrs, 'shape'), null, number),
    samples: [{ operands: [], attrs: { shape: [2, 3] } }],
  };
}

const band: Primitive = {
  kind: 'primitive',
  doc: 'A matrix that is 1 where `from` ≤ column − row ≤ `to`, and 0 elsewhere.',
  signature: null,
  shape: (_, attrs) => [attrs.rows as number, attrs.cols as number],
  batch: () => false,
  gradient: () => null,
  range: () => ({ lo: 0, hi: 1 }),
  cost: (_, __, result) => ({ flops: sizeOf(result) }),
  reference: (_, node) => {
    const { from, to } = node.attrs as { from: number; to: number };
    const [rows, cols] = node.shape as [number, number];
    const result = zeroArray([rows, cols]);
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        if (col - row >= from && col - row <= to) result.data[row * cols + col] = 1;
      }
    }
    return result;
  },
  lower: {
    tfjs: (_, { attrs }) => `nn.band(${attrs.rows}, ${attrs.cols}, ${attrs.from}, ${attrs.to})`,
  },
  samples: [
    { operands: [], attrs: { rows: 3, cols: 4, from: -1, to: 0 } },
    { operands: [], attrs: { rows: 2, cols: 2, from: 0, to: 0 } },
  ],
};

/** The identity matrix. */
function identity(b: Builder, n: number): Node {
  return b.op('band', [], { rows: n, cols: n, from: 0, to: 0 });
}

const diag: Composite = {
  kind: 'composite',
  doc: 'A vector as the diagonal of a matrix, 0 elsewhere: [..., n] gives [..., n, n]. `diag(ones(n))` is the identity.',
  signature: [operand],
  shape: ([a]) =>
    a!.shape.length > 0
      ? [...a!.shape, a!.shape.at(-1)!]
      : problem('GAN0321', { op: 'diag', expected: 'at least one axis', shape: a!.shape }, { operand: 0 }),
  build: (b, [a]) => {
    const n = a!.shape.at(-1)!;
    const on = b.reshape(identity(b, n), [...a!.shape.slice(0, -1).map(() => 1), n, n]);
    return b.op('where', [on, b.reshape(a!, [...a!.shape, 1]), b.scalar(0)]);
  },
  samples: [one([3]), one([2, 2]), one([2], false)],
};

/** The last two axes, of matrices. */
export function matrices(op: string, { shape }: Shaped, square: boolean): Problem | null {
  if (shape.length >= 2 && (!square || shape.at(-1) === shape.at(-2))) return null;
  const expected = square ? 'square matrices as its last two axes' : 'at least two axes';
  return problem('GAN0321', { op, expected, shape }, { operand: 0 });
}

const diagonal: Composite = {
  kind: 'composite',
  doc: 'The diagonal of square matrices: [..., n, n] gives [..., n].',
  signature: [operand],
  shape: ([a]) => matrices('diagonal', a!, true) ?? a!.shape.slice(0, -1),
  build: (b, [a]) => {
    const n = a!.shape.at(-1)!;
    return b.sum(b.op('where', [identity(b, n), a!, b.scalar(0)]), { axes: [a!.shape.length - 1] });
  },
  samples: [one([3, 3]), one([2, 2, 2]), one([2, 2], false)],
};

export const half: Parameter = {
  name: 'half',
  kind: 'string',
  words: ['lower', 'upper'],
  default: 'lower',
  doc: 'which is kept, its diagonal included',
};

/** What `triangle` leaves of matrices. */
export function triangular(b: Builder, a: Node, which: 'lower' | 'upper', offset: number): Node {
  const [rows, cols] = a.shape.slice(-2) as [number, number];
  const [lowest, highest] = [1 - rows, cols - 1];
  const [from, to] =
    which === 'upper' ? [Math.max(lowest, offset), highest] : [lowest, Math.min(highest, offset)];
  return b.op('where', [b.op('band', [], { rows, cols, from, to }), a, b.scalar(0)]);
}

const triangle: Composite = {
  kind: 'composite',
  doc: 'One half of matrices, 0 elsewhere: of the last two axes, the entries on and below the diagonal, or with `half = "upper"` on and above it. `triangle(ones(n, n))` is a causal mask.',
  signature: [
    operand,
    half,
    {
      name: 'offset',
      kind: 'integer',
      default: 0,
      doc: 'moves the border up (negative: down) by so many diagonals',
    },
  ],
  shape: ([a]) => matrices('triangle', a!, false) ?? a!.shape,
  build: (b, [a], attrs) => triangular(b, a!, attrs.half as 'lower' | 'upper', attrs.offset as number),
  samples: [
    { ...one([3, 3]), attrs: { half: 'lower', offset: 0 } },
    { ...one([2, 2, 3]), attrs: { half: 'upper', offset: 1 } },
    { ...one([3, 2], false), attrs: { half: 'lower', offset: -1 } },
  ],
};

export const arrangement = {
  expand,
  stack,
  tile,
  roll,
  zeros: filled('Zeros of this shape, the same for every example: `zeros(4, 4)`.', 'zeros', 0),
  ones: filled('Ones of this shape, the same for every example: `ones(4, 4)`.', 'ones', 1),
  band,
  diag,
  diagonal,
  triangle,
} satisfies Record<string, Operation>;
