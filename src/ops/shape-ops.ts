/** Operations that move numbers without changing them: reshape, transpose, concat, slice, split, flip, crop, pad. */
import { isProblem, problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import { offsets, reshaped, sameShape, sizeOf, strides, transposed } from '../ir/ndarray.ts';
import type { Attr, Attrs, NDArray, Shape, Shaped } from '../ir/types.ts';
import { union } from './interval.ts';
import { axisLast, withAxis, operand as x } from './lines.ts';
import type { Composite, Primitive } from './record.ts';
import { axesAttr, countedShape, normalAxes, runtimeShape, shift } from './shapes.ts';
import { numbers, positive } from './window.ts';

const free = () => ({ flops: 0 });
const one = (shape: Shape, batch = true): { operands: readonly Shaped[] } => ({
  operands: [{ shape, batch }],
});

/** A list argument, written as a list or as several arguments. */
function listOf(value: Attr | undefined): readonly number[] {
  const list = Array.isArray(value) ? (value as readonly Attr[]) : [value as Attr];
  return list.flat() as number[];
}

/** A bias for each entry is added to the reshaped values: what follows the reshape may then be done in the same pass. */
function biasLater(b: Builder, x: Node, shape: Shape): Node | null {
  if (x.kind !== 'op' || x.op !== 'add' || x.count === null) return null;
  const [value, bias] = x.args as [Node, Node];
  const fits = value.count !== null && bias.count === null && sameShape(bias.shape, x.shape);
  return fits && sameShape(value.shape, x.shape)
    ? b.add(b.reshape(value, shape), b.reshape(bias, shape))
    : null;
}

const reshape: Primitive = {
  kind: 'primitive',
  doc: 'The same numbers with other axes: `reshape(7, 7, 128)`. One size may be -1: what is left.',
  signature: [x, { name: 'shape', kind: 'integers', rest: true, doc: 'the axes of one example' }],
  resolve: ([a], attrs) => {
    const asked = listOf(attrs.shape);
    const unknown = asked.filter((d) => d === -1).length;
    const known = sizeOf(asked.filter((d) => d !== -1));
    const total = sizeOf(a!.shape);
    const shape =
      unknown === 1 && total % known === 0 ? asked.map((d) => (d === -1 ? total / known : d)) : asked;
    for (const d of shape) {
      const wrong = positive('reshape', 'shape', d);
      if (wrong) return wrong;
    }
    return { ...attrs, shape };
  },
  shape: ([a], attrs) => {
    const to = numbers(attrs, 'shape');
    if (sizeOf(to) === sizeOf(a!.shape)) return to;
    const total = sizeOf(a!.shape);
    const rest = sizeOf(to.slice(0, -1));
    const help =
      to.length > 1 && total % rest === 0
        ? `\`reshape(${[...to.slice(0, -1), total / rest].join(', ')})\` would fit, as would ${sizeOf(to)} numbers from the line above`
        : `the line above would have to give ${sizeOf(to)} numbers`;
    return problem('GAN0320', { from: a!.shape, to }, { argument: 'shape' }, { help });
  },
  gradient: (b, node, dy) => b.reshape(dy, node.args[0]!.shape),
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => reshaped(a!, countedShape(node)),
  simplify: (b, [a], attrs) => {
    if (sameShape(a!.shape, numbers(attrs, 'shape'))) return a!;
    const inner = a!.kind === 'op' && a!.op === 'reshape' ? a!.args[0]! : null;
    return inner ? b.reshape(inner, numbers(attrs, 'shape')) : biasLater(b, a!, numbers(attrs, 'shape'));
  },
  lower: { tfjs: ([a], node) => `tf.reshape(${a}, ${runtimeShape(node)})` },
  samples: [
    { ...one([2, 6]), attrs: { shape: [3, 4] } },
    { ...one([4], false), attrs: { shape: [2, 1, 2] } },
    { ...one([]), attrs: { shape: [1] } },
  ],
};

const flatten: Composite = {
  kind: 'composite',
  doc: 'All numbers of an example as one vector.',
  signature: [x],
  shape: ([a]) => [sizeOf(a!.shape)],
  build: (b, [a]) => b.reshape(a!, [sizeOf(a!.shape)]),
  samples: [one([2, 3, 2])],
};

const transpose: Primitive = {
  kind: 'primitive',
  doc: 'The axes of one example in another order: result axis i is axis `axes[i]`. Without `axes` the order is reversed.',
  signature: [x, { name: 'axes', kind: 'integers', default: null, doc: 'each axis once' }],
  resolve: ([a], attrs) => {
    const rank = a!.shape.length;
    if (attrs.axes === null || attrs.axes === undefined) {
      return { ...attrs, axes: a!.shape.map((_, i) => rank - 1 - i) };
    }
    const axes = listOf(attrs.axes).map((i) => (i < 0 ? i + rank : i));
    const sorted = [...axes].sort((p, q) => p - q);
    return axes.length === rank && sorted.every((axis, i) => axis === i)
      ? { ...attrs, axes }
      : problem('GAN0326', { axes: listOf(attrs.axes), shape: a!.shape }, { argument: 'axes' });
  },
  shape: ([a], attrs) => axesAttr(attrs).map((i) => a!.shape[i]!),
  gradient: (b, node, dy) => {
    const axes = axesAttr(node.attrs);
    return b.transpose(
      dy,
      axes.map((_, i) => axes.indexOf(i)),
    );
  },
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => transposed(a!, atRunTime(node)),
  simplify: (b, [a], attrs) => {
    const axes = axesAttr(attrs);
    if (axes.every((axis, i) => axis === i)) return a!;
    // Axes of size 1 may move for nothing.
    const moved = axes.filter((i) => a!.shape[i] !== 1);
    if (moved.every((axis, i) => i === 0 || moved[i - 1]! < axis)) {
      return b.reshape(
        a!,
        axes.map((i) => a!.shape[i]!),
      );
    }
    if (a!.kind !== 'op' || a!.op !== 'transpose') return null;
    const inner = axesAttr(a!.attrs);
    return b.transpose(
      a!.args[0]!,
      axes.map((i) => inner[i]!),
    );
  },
  lower: { tfjs: ([a], node) => `tf.transpose(${a}, [${atRunTime(node).join(', ')}])` },
  samples: [
    { ...one([2, 3]), attrs: { axes: [1, 0] } },
    { ...one([2, 3, 4]), attrs: { axes: [1, 2, 0] } },
    { ...one([3, 2], false), attrs: { axes: [1, 0] } },
  ],
};

function atRunTime(node: OpNode): number[] {
  const by = shift(node);
  return [...(by === 1 ? [0] : []), ...axesAttr(node.attrs).map((i) => i + by)];
}

const concat: Primitive = {
  kind: 'primitive',
  doc: 'Values one behind the other along one axis. A whole value is repeated for each example.',
  signature: [{ name: 'values', kind: 'value', rest: true }, axisLast],
  resolve: ([a], attrs) => withAxis(a!, attrs),
  shape: (args, attrs) => {
    const axis = attrs.axis as number;
    const first = args[0]!.shape;
    let length = 0;
    for (const [operand, { shape }] of args.entries()) {
      if (shape.length !== first.length || shape.some((d, i) => i !== axis && d !== first[i])) {
        return problem('GAN0323', { op: 'concat', first, other: shape, axis }, { operand });
      }
      length += shape[axis]!;
    }
    return first.map((d, i) => (i === axis ? length : d));
  },
  gradient: (b, node, dy, i) => {
    const axis = node.attrs.axis as number;
    let from = 0;
    for (const earlier of node.args.slice(0, i)) from += earlier.shape[axis]!;
    return b.slice(dy, axis, from, from + node.args[i]!.shape[axis]!);
  },
  range: (args) => args.reduce(union),
  cost: free,
  reference: (args, node) => {
    const axis = (node.attrs.axis as number) + shift(node);
    const shape = countedShape(node);
    const data = new Float64Array(sizeOf(shape));
    const outer = sizeOf(shape.slice(0, axis));
    let at = 0;
    for (let i = 0; i < outer; i++) {
      for (const a of args) {
        const run = a.data.length / outer;
        data.set(a.data.subarray(i * run, (i + 1) * run), at);
        at += run;
      }
    }
    return { shape, data };
  },
  simplify: (b, args, attrs) => {
    if (args.length === 1) return args[0]!;
    const count = args.find((a) => a.count !== null)?.count ?? null;
    if (args.every((a) => a.count === count)) return null;
    return b.concat(
      args.map((a) => b.broadcast(a, a.shape, count)),
      attrs.axis as number,
    );
  },
  lower: {
    tfjs: (args, node) => `tf.concat([${args.join(', ')}], ${(node.attrs.axis as number) + shift(node)})`,
  },
  samples: [
    {
      operands: [
        { shape: [2, 3], batch: true },
        { shape: [2, 2], batch: true },
      ],
      attrs: { axis: 1 },
    },
    {
      operands: [
        { shape: [2, 2], batch: true },
        { shape: [1, 2], batch: false },
      ],
      attrs: { axis: 0 },
    },
    {
      operands: [
        { shape: [2], batch: false },
        { shape: [3], batch: false },
        { shape: [1], batch: false },
      ],
      attrs: { axis: 0 },
    },
  ],
};

/** Margins that leave only positions `from` to `to` of one axis. */
function margins(
  shape: Shape,
  axis: number,
  from: number,
  to: number,
): { before: number[]; after: number[] } {
  return {
    before: shape.map((_, i) => (i === axis ? from : 0)),
    after: shape.map((d, i) => (i === axis ? d - to : 0)),
  };
}

const slice: Primitive = {
  kind: 'primitive',
  doc: 'Positions `from` to `to` (not included) of one axis; negative numbers count from the end.',
  signature: [
    x,
    { name: 'axis', kind: 'integer' },
    { name: 'from', kind: 'integer' },
    { name: 'to', kind: 'integer' },
  ],
  resolve: ([a], attrs) => {
    const resolved = withAxis(a!, attrs);
    if (isProblem(resolved)) return resolved;
    const size = a!.shape[resolved.axis as number]!;
    const position = (n: number) => (n < 0 ? n + size : n);
    const [from, to] = [position(attrs.from as number), position(attrs.to as number)];
    if (from >= 0 && from < to && to <= size) return { ...resolved, from, to };
    const argument = from < 0 || from >= size ? 'from' : 'to';
    return problem('GAN0324', { from: attrs.from as number, to: attrs.to as number, size }, { argument });
  },
  shape: ([a], attrs) =>
    a!.shape.map((d, i) => (i === attrs.axis ? (attrs.to as number) - (attrs.from as number) : d)),
  gradient: (b, node, dy) => {
    const { axis, from, to } = node.attrs;
    return b.op('zero_pad', [dy], margins(node.args[0]!.shape, axis as number, from as number, to as number));
  },
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => {
    const { axis, from } = node.attrs;
    const shape = countedShape(node);
    return cut(a!, shape, (axis as number) + shift(node), from as number);
  },
  lower: {
    tfjs: ([a], node) => {
      const { axis, from, to } = node.attrs;
      const at = (axis as number) + shift(node);
      const rank = node.shape.length + shift(node);
      const begin = Array.from({ length: rank }, (_, i) => (i === at ? from : 0));
      const size = begin.map((_, i) => (i === at ? (to as number) - (from as number) : -1));
      return `tf.slice(${a}, [${begin.join(', ')}], [${size.join(', ')}])`;
    },
  },
  samples: [
    { ...one([5, 2]), attrs: { axis: 0, from: 1, to: 4 } },
    { ...one([2, 4]), attrs: { axis: 1, from: 3, to: 4 } },
    { ...one([4], false), attrs: { axis: 0, from: 0, to: 2 } },
  ],
};

/** The box of this shape that begins at `from` along one axis. */
function cut(a: NDArray, shape: Shape, axis: number, from: number): NDArray {
  const own = strides(a.shape);
  const at = offsets(shape, own);
  const start = from * own[axis]!;
  return { shape, data: Float64Array.from(at, (i) => a.data[i + start]!) };
}

/** What the parts of a `split` are: the checker writes it as these slices. */
export function splitParts(attrs: Attrs): readonly { axis: number; from: number; to: number }[] {
  let from = 0;
  return numbers(attrs, 'sizes').map((size) => {
    const part = { axis: attrs.axis as number, from, to: from + size };
    from = part.to;
    return part;
  });
}

/** What the sizes were meant to be: equal parts of a number, or the last one changed to fit. */
function splitHelp(sizes: readonly number[], size: number): string {
  const [first] = sizes;
  if (sizes.length === 1 && first! > 1 && size % first! === 0) {
    const parts = new Array<number>(first!).fill(size / first!);
    return `\`sizes\` lists the parts; [${parts.join(', ')}] are ${first} equal ones`;
  }
  const rest = size - sizes.slice(0, -1).reduce((p, q) => p + q, 0);
  const fits = sizes.length > 1 && rest > 0 && sizes.every((n) => n > 0);
  return fits
    ? `[${[...sizes.slice(0, -1), rest].join(', ')}] would cover it`
    : '`sizes` lists the parts, each at least 1';
}

const split: Composite = {
  kind: 'composite',
  doc: 'A tuple of parts of one axis: `let (mu, logvar) = split(h, [20, 20])`.',
  signature: [x, { name: 'sizes', kind: 'integers', doc: 'of the parts; together the whole axis' }, axisLast],
  resolve: ([a], attrs) => {
    const resolved = withAxis(a!, attrs);
    if (isProblem(resolved)) return resolved;
    const sizes = listOf(attrs.sizes);
    const axis = resolved.axis as number;
    const size = a!.shape[axis]!;
    const whole =
      sizes.reduce((p, q) => p + q, 0) === size && sizes.every((n) => Number.isInteger(n) && n > 0);
    if (whole) return { ...resolved, sizes };
    return problem('GAN0325', { sizes, axis, size }, { argument: 'sizes' }, { help: splitHelp(sizes, size) });
  },
  /** Of the first part; `splitParts` says them all. */
  shape: ([a], attrs) => a!.shape.map((d, i) => (i === attrs.axis ? numbers(attrs, 'sizes')[0]! : d)),
  build: (b, [a], attrs) => {
    const { axis, from, to } = splitParts(attrs)[0]!;
    return b.slice(a!, axis, from, to);
  },
  samples: [{ ...one([2, 5]), attrs: { sizes: [3, 2], axis: 1 } }],
};

const flip: Primitive = {
  kind: 'primitive',
  doc: 'The positions of an axis in reverse order; `axis` may be a list.',
  signature: [
    x,
    { name: 'axis', kind: 'integers', doc: 'a number or a list, from 0 or negative from the end' },
  ],
  resolve: ([a], attrs) => {
    const axis = normalAxes(attrs.axis, a!.shape);
    return isProblem(axis) ? axis : { axis };
  },
  shape: ([a]) => a!.shape,
  gradient: (b, node, dy) => b.op('flip', [dy], node.attrs),
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => {
    const flipped = numbers(node.attrs, 'axis').map((i) => i + shift(node));
    const own = strides(a!.shape);
    const start = flipped.reduce((sum, i) => sum + (a!.shape[i]! - 1) * own[i]!, 0);
    const at = offsets(
      a!.shape,
      own.map((step, i) => (flipped.includes(i) ? -step : step)),
    );
    return { shape: a!.shape, data: Float64Array.from(at, (i) => a!.data[i + start]!) };
  },
  lower: {
    tfjs: ([a], node) =>
      `tf.reverse(${a}, [${numbers(node.attrs, 'axis')
        .map((i) => i + shift(node))
        .join(', ')}])`,
  },
  samples: [
    { ...one([3, 2]), attrs: { axis: [0] } },
    { ...one([2, 2, 2]), attrs: { axis: [0, 2] } },
    { ...one([3], false), attrs: { axis: [0] } },
  ],
};

export const shapeOps = {
  reshape,
  flatten,
  transpose,
  concat,
  slice,
  split,
  flip,
};
