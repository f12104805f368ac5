/** Running sums and products along an axis, and the linear recurrence behind the products and their gradients. */
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { sizeOf } from '../ir/ndarray.ts';
import type { Attrs } from '../ir/types.ts';
import { perExample } from './families.ts';
import { anything } from './interval.ts';
import { axisLast, axisOf, mapLines, operand, resolveAxis, runtimeAxis } from './lines.ts';
import type { Composite, Operation, Primitive } from './record.ts';

const sample = (shape: readonly number[], batch: boolean, attrs: Attrs, operands = 1) => ({
  operands: Array.from({ length: operands }, () => ({ shape, batch })),
  attrs,
});

const cumsum: Primitive = {
  kind: 'primitive',
  doc: 'Running sums along an axis: entry i is the sum of the entries 0 to i. With `reverse` they run from the end.',
  signature: [operand, axisLast, { name: 'reverse', kind: 'boolean', default: false, doc: 'from the end' }],
  resolve: resolveAxis,
  shape: ([x]) => x!.shape,
  gradient: (b, node, dy) => b.op('cumsum', [dy], { ...node.attrs, reverse: node.attrs.reverse !== true }),
  range: ([x], attrs, shapes) => {
    const n = shapes[0]!.shape[axisOf(attrs)]!;
    return { lo: x!.lo < 0 ? x!.lo * n : x!.lo, hi: x!.hi > 0 ? x!.hi * n : x!.hi };
  },
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  reference: ([x], node) =>
    mapLines([x!], runtimeAxis(node), (line) => {
      let sum = 0;
      return inOrder(line, node.attrs, (i) => (sum += line[i]!));
    }),
  lower: {
    tfjs: ([x], node) =>
      `nn.cumsum(${x}, ${runtimeAxis(node)}${node.attrs.reverse === true ? ', true' : ''})`,
  },
  samples: [
    sample([5], true, { axis: 0, reverse: false }),
    sample([3, 2], true, { axis: 0, reverse: true }),
    sample([2, 3], false, { axis: 1, reverse: false }),
  ],
};

/** A line made entry by entry, from the first or from the last. */
function inOrder(line: Float64Array, attrs: Attrs, f: (i: number) => number): Float64Array {
  const n = line.length;
  const result = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const i = attrs.reverse === true ? n - 1 - k : k;
    result[i] = f(i);
  }
  return result;
}

/** The entries moved by one position along the axis, towards the end or the beginning; 0 comes in. */
function moved(b: Builder, x: Node, axis: number, towardsEnd: boolean): Node {
  const n = x.shape[axis]!;
  if (n === 1) return b.full(x.shape, x.count, 0);
  const kept = towardsEnd ? b.slice(x, axis, 0, n - 1) : b.slice(x, axis, 1, n);
  const margin = (has: boolean) => x.shape.map((_, i) => (has && i === axis ? 1 : 0));
  return b.op('zero_pad', [kept], { before: margin(towardsEnd), after: margin(!towardsEnd) });
}

/** Closed under differentiation: the gradient of a recurrence is one that runs the other way. */
const linear_recurrence: Primitive = {
  kind: 'primitive',
  doc: 's[i] = a[i] · s[i − 1] + b[i] along an axis, from s[−1] = 0. With `reverse` it runs from the end: s[i] = a[i] · s[i + 1] + b[i].',
  signature: null,
  shape: ([a]) => a!.shape,
  gradient: (b, node, dy, i) => {
    const { axis, reverse } = node.attrs as { axis: number; reverse: boolean };
    const a = node.args[0]!;
    // λ[i] = dy[i] + a[i + 1] · λ[i + 1]: what s[i] adds to the result through all later entries.
    const later = moved(b, a, axis, reverse);
    const slope = b.op('linear_recurrence', [later, dy], { axis, reverse: !reverse });
    return i === 1 ? slope : b.mul(slope, moved(b, node, axis, !reverse));
  },
  range: () => anything,
  cost: ([a]) => ({ flops: 2 * sizeOf(a!.shape) }),
  reference: (args, node) =>
    mapLines(args, runtimeAxis(node), (a, b) => {
      let state = 0;
      return inOrder(a!, node.attrs, (i) => (state = a![i]! * state + b![i]!));
    }),
  simplify: perExample('linear_recurrence'),
  lower: {
    tfjs: ([a, b], node) =>
      `nn.linearRecurrence(${a}, ${b}, ${runtimeAxis(node)}${node.attrs.reverse === true ? ', true' : ''})`,
  },
  samples: [
    sample([5], true, { axis: 0, reverse: false }, 2),
    sample([3, 2], true, { axis: 0, reverse: true }, 2),
    sample([2, 4], false, { axis: 1, reverse: false }, 2),
    sample([1], true, { axis: 0, reverse: false }, 2),
  ],
};

const cumprod: Composite = {
  kind: 'composite',
  doc: 'Running products along an axis: entry i is the product of the entries 0 to i. Its gradient is right at zeros too.',
  signature: [operand, axisLast],
  resolve: resolveAxis,
  shape: ([x]) => x!.shape,
  build: (b, [x], attrs) => {
    const axis = axisOf(attrs);
    const n = x!.shape[axis]!;
    const first = b.leaf(
      {
        kind: 'constant',
        value: {
          shape: x!.shape.map((_, i) => (i === axis ? n : 1)),
          data: Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0)),
        },
      },
      x!.shape.map((_, i) => (i === axis ? n : 1)),
      null,
    );
    return b.op('linear_recurrence', [x!, b.mul(x!, first)], { axis, reverse: false });
  },
  range: ([x], attrs, shapes) => {
    const n = shapes[0]!.shape[axisOf(attrs)]!;
    const most = Math.max(Math.abs(x!.lo), Math.abs(x!.hi));
    const hi = Math.max(most, most ** n);
    return x!.lo < 0 ? { lo: -hi, hi } : { lo: Math.min(x!.lo, x!.lo ** n), hi };
  },
  samples: [
    sample([4], true, { axis: 0 }),
    sample([3, 2], true, { axis: 0 }),
    sample([2, 3], false, { axis: 1 }),
  ],
};

export const cumulative = { cumsum, cumprod, linear_recurrence } satisfies Record<string, Operation>;
