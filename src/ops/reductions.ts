/** Reductions over an example's axes, and `expect`, the one over the batch. */
import { isProblem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import { reduce, sizeOf } from '../ir/ndarray.ts';
import type { Attrs, NDArray, Shape, Shaped } from '../ir/types.ts';
import { constantOf, match } from './families.ts';
import { squareInterval, sumInterval } from './interval.ts';
import type { Composite, Operation, Parameter, Primitive, Sample } from './record.ts';
import { deviationsVanish, factorsLater } from './reduction-rules.ts';
import { axesAttr, normalAxes, reducedShape } from './shapes.ts';

const signature: readonly Parameter[] = [
  { name: 'x', kind: 'value' },
  {
    name: 'axis',
    kind: 'integers',
    default: null,
    doc: 'one axis of an example or a list of them; all if left out',
  },
  { name: 'keep', kind: 'boolean', default: false, doc: 'keep the reduced axes, as 1' },
];

/** `axis` as written becomes `axes`, sorted and from 0. */
function resolveAxes(args: readonly Shaped[], attrs: Attrs) {
  if (attrs.axes !== undefined) return attrs;
  const axes = normalAxes(attrs.axis, args[0]!.shape);
  return isProblem(axes) ? axes : { axes, keep: attrs.keep ?? false };
}

/** `sum`, `mean` and `logsumexp` say besides whether they run over the batch; as users write them they don't. */
function resolveWithBatch(args: readonly Shaped[], attrs: Attrs) {
  const result = resolveAxes(args, attrs);
  return isProblem(result) ? result : { batch: false, ...result };
}

const shape = ([x]: readonly Shaped[], attrs: Attrs): Shape =>
  reducedShape(x!.shape, axesAttr(attrs), attrs.keep as boolean);

const batch = ([x]: readonly Shaped[], attrs: Attrs): boolean => x!.batch && attrs.batch !== true;

/** How many entries of an example go into one. */
function groupSize(x: Shape, attrs: Attrs): number {
  return sizeOf(axesAttr(attrs).map((a) => x[a]!));
}

/** A reduction's result, or its gradient, with the reduced axes as 1 again, so that it meets the operand. */
function kept(b: Builder, node: OpNode, value: Node): Node {
  return b.reshape(value, reducedShape(node.args[0]!.shape, axesAttr(node.attrs), true));
}

/** The axes at run time, where a per-example value has the batch in front. */
function runtimeAxes(node: OpNode): number[] {
  const lead = node.args[0]!.count === null ? 0 : 1;
  const axes = axesAttr(node.attrs).map((a) => a + lead);
  return node.attrs.batch === true ? [0, ...axes] : axes;
}

const call =
  (f: string) =>
  ([x]: readonly string[], node: OpNode): string =>
    `${f}(${x}, [${runtimeAxes(node).join(', ')}]${node.attrs.keep === true ? ', true' : ''})`;

const reduces = (node: OpNode) => ({ axes: runtimeAxes(node), keep: node.attrs.keep === true });

const overGroups =
  (f: (group: Float64Array) => number) =>
  ([x]: readonly NDArray[], node: OpNode): NDArray =>
    reduce(x!, runtimeAxes(node), node.attrs.keep === true, f);

function total(group: Float64Array): number {
  let sum = 0;
  for (const x of group) sum += x;
  return sum;
}

function logSumExp(group: Float64Array): number {
  const top = group.reduce((a, x) => Math.max(a, x), -Infinity);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(group.reduce((a, x) => a + Math.exp(x - top), 0));
}

const samplesOf = (
  extra: Partial<Sample> = {},
  operand: { from?: readonly [number, number] } = {},
): Sample[] => [
  {
    operands: [{ shape: [2, 3], batch: true, ...operand }],
    attrs: { axes: [0, 1], keep: false },
    ...extra,
  },
  { operands: [{ shape: [2, 3], batch: true, ...operand }], attrs: { axes: [1], keep: true }, ...extra },
  { operands: [{ shape: [3, 2], batch: false, ...operand }], attrs: { axes: [0], keep: false }, ...extra },
];

const withBatch = (samples: readonly Sample[]): Sample[] => [
  ...samples.map((s) => ({ ...s, attrs: { ...s.attrs, batch: false } })),
  { operands: [{ shape: [2, 3], batch: true }], attrs: { axes: [], keep: false, batch: true } },
  { operands: [{ shape: [2, 3], batch: true }], attrs: { axes: [1], keep: false, batch: true } },
];

/** Signs and factors wait until after a sum, where there are fewer numbers to change. */
function withoutFactor(b: Builder, op: 'sum' | 'mean', x: Node, attrs: Attrs): Node | null {
  const negated = match(x, 'neg');
  if (negated) return b.neg(b.op(op, negated.args, attrs));
  const scaled = match(x, 'mul') ?? match(x, 'div');
  const factor = scaled && constantOf(scaled.args[1]!);
  if (!scaled || factor === null) return null;
  return b.op(scaled.op, [b.op(op, [scaled.args[0]!], attrs), b.scalar(factor)]);
}

/** What `sum`, `mean` and `logsumexp` have in common: batch and kept axes come apart, so that one tfjs call does each. */
function simplifyTotal(b: Builder, op: 'sum' | 'mean' | 'logsumexp', x: Node, attrs: Attrs): Node | null {
  const axes = axesAttr(attrs);
  if (attrs.batch === true && x.count === null)
    throw new Error(`internal: ${op} over the batch of a whole value`);
  if (axes.length === 0 && attrs.batch !== true) return x;
  if (attrs.keep === true && (attrs.batch === true || axes.every((a) => x.shape[a] === 1))) {
    return b.reshape(b.op(op, [x], { ...attrs, keep: false }), reducedShape(x.shape, axes, true));
  }
  if (attrs.batch !== true && axes.every((a) => x.shape[a] === 1)) {
    return b.reshape(x, reducedShape(x.shape, axes, false));
  }
  if (op === 'logsumexp') return null;
  return withoutFactor(b, op, x, attrs) ?? deviationsVanish(b, op, x, attrs) ?? factorsLater(b, op, x, attrs);
}

/** The sum of repeated values is their multiple, with no repetition. */
function simplifySum(b: Builder, x: Node, attrs: Attrs): Node | null {
  const repeated = match(x, 'broadcast_to');
  const source = repeated?.args[0];
  if (source === undefined || source.shape.length > x.shape.length) return null;
  const axes = axesAttr(attrs);
  const lead = x.shape.length - source.shape.length;
  const same = (axis: number) => axis >= lead && source.shape[axis - lead] === x.shape[axis];
  // Every reduced axis must be one of repetition; what stays is repeated again.
  if (axes.some((a) => same(a) && x.shape[a] !== 1)) return null;
  const overBatch = attrs.batch === true;
  if (overBatch && source.count !== null) return null;
  let factor = groupSize(x.shape, attrs);
  let value: Node = source;
  if (overBatch) {
    if (typeof x.count === 'number') factor *= x.count;
    else value = b.mul(value, b.leaf({ kind: 'count', count: x.count! }, [], null));
  }
  value = b.mul(value, factor);
  const keptSource = source.shape.filter((_, i) => !axes.includes(i + lead));
  const result = reducedShape(x.shape, axes, attrs.keep === true);
  const narrow =
    attrs.keep === true ? source.shape.map((d, i) => (axes.includes(i + lead) ? 1 : d)) : keptSource;
  return b.broadcast(b.reshape(value, narrow), result, overBatch ? null : x.count);
}

const sum: Primitive = {
  kind: 'primitive',
  doc: 'The sum over an example’s axes. The batch is never summed.',
  signature,
  resolve: resolveWithBatch,
  shape,
  batch,
  gradient: (b, node, dy) => b.broadcast(kept(b, node, dy), node.args[0]!.shape, node.args[0]!.count),
  range: ([x], attrs, shapes) =>
    sumInterval(x!, attrs.batch === true ? null : groupSize(shapes[0]!.shape, attrs)),
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  reference: overGroups(total),
  simplify: (b, [x], attrs) => simplifyTotal(b, 'sum', x!, attrs) ?? simplifySum(b, x!, attrs),
  lower: { tfjs: call('tf.sum'), reduces },
  samples: withBatch(samplesOf()),
};

const mean: Primitive = {
  kind: 'primitive',
  doc: 'The mean over an example’s axes. The mean over the batch is `expect`.',
  signature,
  resolve: resolveWithBatch,
  shape,
  batch,
  gradient: (b, node, dy) => {
    const x = node.args[0]!;
    let share = b.div(dy, groupSize(x.shape, node.attrs));
    if (node.attrs.batch === true) {
      const { count } = x;
      share = b.div(
        share,
        typeof count === 'number' ? count : b.leaf({ kind: 'count', count: count! }, [], null),
      );
    }
    return b.broadcast(kept(b, node, share), x.shape, x.count);
  },
  range: ([x]) => x!,
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  reference: overGroups((group) => total(group) / group.length),
  simplify: (b, [x], attrs) => simplifyTotal(b, 'mean', x!, attrs),
  lower: { tfjs: call('tf.mean'), reduces },
  samples: withBatch(samplesOf()),
};

/** `max` and `min`: entries that tie share the gradient. */
function extreme(doc: string, name: 'max' | 'min', f: (a: number, b: number) => number): Primitive {
  return {
    kind: 'primitive',
    doc,
    signature,
    resolve: resolveAxes,
    shape,
    gradient: (b, node, dy) => {
      const x = node.args[0]!;
      const winners = b.op('eq', [x, kept(b, node, node)]);
      const number = b.sum(winners, { axes: axesAttr(node.attrs), keep: true });
      return b.mul(winners, b.div(kept(b, node, dy), number));
    },
    range: ([x]) => x!,
    cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
    reference: overGroups((group) => group.reduce(f)),
    simplify: (_, [x], attrs) => (axesAttr(attrs).length === 0 ? x! : null),
    lower: { tfjs: call(`tf.${name}`) },
    samples: samplesOf({ distinct: true }),
  };
}

const norm: Primitive = {
  kind: 'primitive',
  doc: 'The Euclidean norm √Σx². Where it is 0 its gradient is 0.',
  signature,
  resolve: resolveAxes,
  shape,
  gradient: (b, node, dy) => b.mul(node.args[0]!, b.op('div_safe', [kept(b, node, dy), kept(b, node, node)])),
  range: ([x], attrs, shapes) => {
    const { lo, hi } = sumInterval(squareInterval(x!), groupSize(shapes[0]!.shape, attrs));
    return { lo: Math.sqrt(lo), hi: Math.sqrt(hi) };
  },
  cost: ([x]) => ({ flops: 2 * sizeOf(x!.shape) }),
  reference: overGroups((group) => Math.hypot(...group)),
  simplify: (b, [x], attrs) => (axesAttr(attrs).length === 0 ? b.op('abs', [x!]) : null),
  lower: { tfjs: call('nn.norm') },
  samples: samplesOf(),
};

const logsumexp: Primitive = {
  kind: 'primitive',
  doc: 'log Σ eˣ, without overflow.',
  signature,
  resolve: resolveWithBatch,
  shape,
  batch,
  gradient: (b, node, dy) => b.mul(kept(b, node, dy), b.exp(b.sub(node.args[0]!, kept(b, node, node)))),
  range: ([x], attrs, shapes) => {
    const spread = Math.log(groupSize(shapes[0]!.shape, attrs));
    return { lo: x!.lo + spread, hi: attrs.batch === true ? Infinity : x!.hi + spread };
  },
  cost: ([x]) => ({ flops: 3 * sizeOf(x!.shape) }),
  reference: overGroups(logSumExp),
  simplify: (b, [x], attrs) => simplifyTotal(b, 'logsumexp', x!, attrs),
  lower: { tfjs: call('nn.logSumExp') },
  samples: withBatch(samplesOf()),
};

const variance: Composite = {
  kind: 'composite',
  doc: 'The variance over an example’s axes, biased: the mean of (x − mean)².',
  signature,
  resolve: resolveAxes,
  shape,
  build: (b, [x], attrs) => {
    const axes = axesAttr(attrs);
    const centred = b.sub(x!, b.mean(x!, { axes, keep: true }));
    return b.mean(b.square(centred), { axes, keep: attrs.keep as boolean });
  },
  range: ([x]) => {
    // Half the width squared bounds a variance (Popoviciu).
    const width = x!.hi - x!.lo;
    return { lo: 0, hi: Number.isFinite(width) ? (width * width) / 4 : Infinity };
  },
  samples: samplesOf(),
};

const std: Composite = {
  kind: 'composite',
  doc: 'The standard deviation over an example’s axes, biased: √ of the mean of (x − mean)². Where it is 0 its gradient is 0.',
  signature,
  resolve: resolveAxes,
  shape,
  build: (b, [x], attrs) => {
    const axes = axesAttr(attrs);
    const centred = b.sub(x!, b.mean(x!, { axes, keep: true }));
    const length = b.op('norm', [centred], { axes, keep: attrs.keep! });
    return b.div(length, Math.sqrt(groupSize(x!.shape, attrs)));
  },
  range: ([x]) => {
    const width = x!.hi - x!.lo;
    return { lo: 0, hi: Number.isFinite(width) ? width / 2 : Infinity };
  },
  samples: samplesOf(),
};

const expect: Composite = {
  kind: 'composite',
  doc: 'The mean over the examples of the batch, E[·] in the papers. Of a whole value, the value itself.',
  signature: [{ name: 'x', kind: 'value' }],
  shape: ([x]) => x!.shape,
  batch: () => false,
  build: (b, [x]) => (x!.count === null ? x! : b.mean(x!, { axes: [], batch: true })),
  range: ([x]) => x!,
  samples: [
    { operands: [{ shape: [], batch: true }] },
    { operands: [{ shape: [2], batch: true }] },
    { operands: [{ shape: [2], batch: false }] },
  ],
};

export const reductions = {
  sum,
  mean,
  max: extreme('The largest entry. Entries that tie share the gradient.', 'max', (a, x) => Math.max(a, x)),
  min: extreme('The smallest entry. Entries that tie share the gradient.', 'min', (a, x) => Math.min(a, x)),
  norm,
  logsumexp,
  var: variance,
  std,
  expect,
} satisfies Record<string, Operation>;
