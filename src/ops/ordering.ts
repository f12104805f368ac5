/** Order along an axis: `argsort`, `sort`, and where the largest or smallest entry stands. */
import type { Node, OpNode } from '../ir/graph.ts';
import { reduce, sizeOf } from '../ir/ndarray.ts';
import type { Attrs } from '../ir/types.ts';
import { axisLast, axisOf, mapLines, operand, resolveAxis, runtimeAxis } from './lines.ts';
import type { Composite, Operation, Parameter, Primitive, Sample } from './record.ts';
import { reducedShape } from './shapes.ts';

const descending: Parameter = {
  name: 'descending',
  kind: 'boolean',
  default: false,
  doc: 'the largest first',
};

const sorting = (n: number): number => Math.ceil(Math.log2(n + 1));

const onlyPosition = (x: Node, attrs: Attrs): boolean => x.shape[axisOf(attrs)] === 1;

const samplesOf = (extra: Partial<Sample> = {}): readonly Sample[] => [
  {
    operands: [{ shape: [5], batch: true }],
    attrs: { axis: 0, descending: false },
    distinct: true,
    ...extra,
  },
  {
    operands: [{ shape: [2, 4], batch: true }],
    attrs: { axis: 1, descending: true },
    distinct: true,
    ...extra,
  },
  {
    operands: [{ shape: [3, 2], batch: false }],
    attrs: { axis: 0, descending: false },
    distinct: true,
    ...extra,
  },
];

const argsort: Primitive = {
  kind: 'primitive',
  doc: 'The positions of an axis in the order of their entries, the smallest first: `gather(x, argsort(x))` is a sorted vector. Entries that tie keep their order. No gradient flows through it.',
  signature: [operand, axisLast, descending],
  resolve: resolveAxis,
  shape: ([x]) => x!.shape,
  gradient: () => null,
  range: (_, attrs, shapes) => ({ lo: 0, hi: shapes[0]!.shape[axisOf(attrs)]! - 1 }),
  cost: ([x], attrs) => ({ flops: sizeOf(x!.shape) * sorting(x!.shape[axisOf(attrs)]!) }),
  reference: ([x], node) => {
    const sign = node.attrs.descending === true ? -1 : 1;
    return mapLines([x!], runtimeAxis(node), (line) => {
      const order = Array.from(line, (_, i) => i).sort((p, q) => sign * (line[p]! - line[q]!) || p - q);
      return Float64Array.from(order);
    });
  },
  simplify: (b, [x], attrs) => (onlyPosition(x!, attrs) ? b.full(x!.shape, x!.count, 0) : null),
  lower: {
    tfjs: ([x], node) =>
      `nn.argsort(${x}, ${runtimeAxis(node)}${node.attrs.descending === true ? ', true' : ''})`,
  },
  samples: samplesOf({ wrt: [] }),
};

const sort: Composite = {
  kind: 'composite',
  doc: 'The entries of an axis in order, the smallest first. Each entry takes its gradient along.',
  signature: [operand, axisLast, descending],
  resolve: resolveAxis,
  shape: ([x]) => x!.shape,
  build: (b, [x], attrs) => {
    const axis = axisOf(attrs);
    const last = x!.shape.length - 1;
    // Lines are taken along the last axis; the exchange of two axes is its own inverse.
    const exchanged = x!.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
    const lines = b.transpose(x!, exchanged);
    const order = b.op('argsort', [lines], { axis: last, descending: attrs.descending! });
    return b.transpose(b.op('take', [lines, order], { lead: last, permutation: true }), exchanged);
  },
  samples: samplesOf(),
};

/** `argmax` and `argmin`: of entries that tie, the first. */
function extremeAt(
  doc: string,
  name: 'argMax' | 'argMin',
  better: (a: number, b: number) => boolean,
): Primitive {
  const signature: readonly Parameter[] = [
    operand,
    axisLast,
    { name: 'keep', kind: 'boolean', default: false, doc: 'keep the axis, as 1' },
  ];
  const samples: readonly Sample[] = [
    { operands: [{ shape: [5], batch: true }], attrs: { axis: 0, keep: false } },
    { operands: [{ shape: [3, 4], batch: true }], attrs: { axis: 0, keep: true } },
    { operands: [{ shape: [2, 3], batch: false }], attrs: { axis: 1, keep: false } },
  ];
  return {
    kind: 'primitive',
    doc,
    signature,
    resolve: resolveAxis,
    shape: ([x], attrs) => reducedShape(x!.shape, [axisOf(attrs)], attrs.keep === true),
    gradient: () => null,
    range: (_, attrs, shapes) => ({ lo: 0, hi: shapes[0]!.shape[axisOf(attrs)]! - 1 }),
    cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
    reference: ([x], node: OpNode) =>
      reduce(x!, [runtimeAxis(node)], node.attrs.keep === true, (line) => {
        let best = 0;
        for (let i = 1; i < line.length; i++) if (better(line[i]!, line[best]!)) best = i;
        return best;
      }),
    simplify: (b, [x], attrs) =>
      onlyPosition(x!, attrs)
        ? b.full(reducedShape(x!.shape, [axisOf(attrs)], attrs.keep === true), x!.count, 0)
        : null,
    lower: {
      tfjs: ([x], node) =>
        `nn.${name}(${x}, ${runtimeAxis(node)}${node.attrs.keep === true ? ', true' : ''})`,
    },
    samples: samples.map((sample) => ({ ...sample, distinct: true, wrt: [] })),
  };
}

export const ordering = {
  sort,
  argsort,
  argmax: extremeAt(
    'The position of the largest entry along an axis, from 0; of entries that tie, the first. No gradient flows through it: `softmax` is its smooth form.',
    'argMax',
    (a, b) => a > b,
  ),
  argmin: extremeAt(
    'The position of the smallest entry along an axis, from 0; of entries that tie, the first. No gradient flows through it.',
    'argMin',
    (a, b) => a < b,
  ),
} satisfies Record<string, Operation>;
