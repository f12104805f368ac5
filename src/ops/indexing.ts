/** Rows by index: `gather`, and the two primitives behind it, each the transpose of the other. */
import { type Problem, problem } from '../diagnostics/table.ts';
import { sizeOf, zeros } from '../ir/ndarray.ts';
import type { Attrs, Shape, Shaped } from '../ir/types.ts';
import { perExample } from './families.ts';
import { anything, union } from './interval.ts';
import { operand, withAxis } from './lines.ts';
import type { Composite, Operation, Primitive } from './record.ts';
import { countedShape } from './shapes.ts';

/** Leading axes that value and index share, the count among them where both are per example. */
function sharedAxes(x: Shaped, index: Shaped, attrs: Attrs): number {
  return (attrs.lead as number) + (x.batch && index.batch ? 1 : 0);
}

const leadOf = (attrs: Attrs): number => attrs.lead as number;

/** The whole part of a number as a position; -1 where there is none. `one_hot` reads numbers the same way. */
function position(x: number, n: number): number {
  const whole = Math.trunc(x);
  return whole >= 0 && whole < n ? whole : -1;
}

/** Value and index as groups: [groups, n, inner] and [groups, k]. */
function sizes(x: readonly number[], index: readonly number[], shared: number) {
  return {
    groups: sizeOf(x.slice(0, shared)),
    n: x[shared]!,
    inner: sizeOf(x.slice(shared + 1)),
    k: sizeOf(index.slice(shared)),
  };
}

const take: Primitive = {
  kind: 'primitive',
  doc: 'Rows by position: a value [L…, n, …] and positions [L…, K…] give [L…, K…, …], where `lead` counts the axes L. The fraction of a position is cut off; one outside 0 to n − 1 gives zeros. `permutation` says that the positions of a line are each of its positions once.',
  signature: null,
  shape: ([x, index], attrs) => [...index!.shape, ...x!.shape.slice(leadOf(attrs) + 1)],
  gradient: (b, node, dy, i) => {
    if (i === 1) return null;
    const [x, index] = node.args as [typeof dy, typeof dy];
    if (node.attrs.permutation === true) {
      // The transpose of a permutation is its inverse.
      const inverse = b.op('argsort', [index], { axis: leadOf(node.attrs), descending: false });
      return b.op('take', [dy, inverse], node.attrs);
    }
    const n = x.shape[leadOf(node.attrs)]!;
    return b.op('put', [dy, index], { lead: leadOf(node.attrs), n, whole: x.count === null });
  },
  range: ([x, index], attrs, shapes) => {
    const n = shapes[0]!.shape[leadOf(attrs)]!;
    const inside = attrs.permutation === true || (index!.lo > -1 && index!.hi < n);
    return inside ? x! : union(x!, { lo: 0, hi: 0 });
  },
  cost: () => ({ flops: 0 }),
  reference: ([x, index], node) => {
    const [a, i] = node.args.map(({ shape, count }) => ({ shape, batch: count !== null }));
    const { groups, n, inner, k } = sizes(x!.shape, index!.shape, sharedAxes(a!, i!, node.attrs));
    const result = zeros(countedShape(node));
    for (let g = 0; g < groups; g++) {
      for (let j = 0; j < k; j++) {
        const from = position(index!.data[g * k + j]!, n);
        if (from < 0) continue;
        const row = x!.data.subarray((g * n + from) * inner, (g * n + from + 1) * inner);
        result.data.set(row, (g * k + j) * inner);
      }
    }
    return result;
  },
  simplify: (b, [x, index], attrs) => {
    // One table serves all examples; other values and positions go example by example.
    if (x!.count === null && leadOf(attrs) === 0) return null;
    return perExample('take')(b, [x!, index!], attrs);
  },
  lower: {
    tfjs: ([x, index], node) => {
      const [a, i] = node.args.map(({ shape, count }) => ({ shape, batch: count !== null }));
      return `nn.take(${x}, ${index}, ${sharedAxes(a!, i!, node.attrs)})`;
    },
  },
  samples: [
    taken({ shape: [4, 2], batch: false }, { shape: [3], batch: true, from: [-0.9, 3.9] }, 0),
    taken({ shape: [4], batch: true }, { shape: [3], batch: true, from: [-1.9, 4.9] }, 0),
    taken({ shape: [3, 2], batch: true }, { shape: [2], batch: false, from: [0, 2.9] }, 0),
    taken({ shape: [2, 3, 2], batch: true }, { shape: [2, 4], batch: true, from: [0, 2.9] }, 1),
    taken({ shape: [2, 3], batch: false }, { shape: [2, 2], batch: true, from: [0, 2.9] }, 1),
    taken({ shape: [5, 2], batch: false }, { shape: [2, 2], batch: false, from: [0, 4.9] }, 0),
    taken({ shape: [3], batch: false }, { shape: [], batch: true, from: [0, 2.9] }, 0),
  ],
};

function taken(x: Shaped, index: Shaped & { from: readonly [number, number] }, lead: number) {
  return { operands: [x, index], attrs: { lead, permutation: false }, wrt: [0] };
}

const put: Primitive = {
  kind: 'primitive',
  doc: 'The transpose of `take`: rows [L…, K…, …] are added up at their positions [L…, K…] in a value [L…, n, …]. With `whole` the rows of all examples go into one value.',
  signature: null,
  shape: ([rows, index], attrs) => [
    ...index!.shape.slice(0, leadOf(attrs)),
    attrs.n as number,
    ...rows!.shape.slice(index!.shape.length),
  ],
  batch: (args, attrs) => attrs.whole !== true && args.some((a) => a.batch),
  gradient: (b, node, dy, i) =>
    i === 1 ? null : b.op('take', [dy, node.args[1]!], { lead: leadOf(node.attrs), permutation: false }),
  range: () => anything,
  cost: ([rows]) => ({ flops: sizeOf(rows!.shape) }),
  reference: ([rows, index], node) => {
    const result = zeros(countedShape(node));
    const shared = leadOf(node.attrs) + (node.count === null ? 0 : 1);
    const { groups, n, inner, k } = sizes(result.shape, index!.shape, shared);
    for (let g = 0; g < groups; g++) {
      for (let j = 0; j < k; j++) {
        const to = position(index!.data[g * k + j]!, n);
        if (to < 0) continue;
        for (let e = 0; e < inner; e++) {
          result.data[(g * n + to) * inner + e]! += rows!.data[(g * k + j) * inner + e]!;
        }
      }
    }
    return result;
  },
  simplify: perExample('put'),
  lower: {
    tfjs: ([rows, index], node) => {
      const shared = leadOf(node.attrs) + (node.count === null ? 0 : 1);
      return `nn.put(${rows}, ${index}, ${shared}, ${node.attrs.n})`;
    },
  },
  samples: [
    added({ shape: [3, 2], batch: true }, { shape: [3], batch: true, from: [-1.9, 4.9] }, 0, 4, true),
    added({ shape: [3, 2], batch: true }, { shape: [3], batch: true, from: [0, 3.9] }, 0, 4, false),
    added({ shape: [2, 4], batch: true }, { shape: [2, 4], batch: true, from: [-1, 2.9] }, 1, 3, false),
    added({ shape: [2, 2, 2], batch: false }, { shape: [2, 2], batch: false, from: [0, 4.9] }, 0, 5, true),
  ],
};

function added(
  rows: Shaped,
  index: Shaped & { from: readonly [number, number] },
  lead: number,
  n: number,
  whole: boolean,
) {
  return { operands: [rows, index], attrs: { lead, n, whole }, wrt: [0] };
}

/** The shape of `gather`: the axis is replaced by the axes of the index. */
function gathered(x: Shape, index: Shape, axis: number): Shape | Problem {
  if (x.length > 0) return [...x.slice(0, axis), ...index, ...x.slice(axis + 1)];
  return problem('GAN0321', { op: 'gather', expected: 'at least one axis', shape: x }, { operand: 0 });
}

const gather: Composite = {
  kind: 'composite',
  doc: 'Entries of an axis by index: of a table [n, d], the positions [k] give the rows [k, d]. Positions count from 0; their fraction is cut off, and one outside the axis gives zeros, as in `one_hot`. They are values like any other: whole ones are the same for all examples, and no gradient flows to them.',
  signature: [
    operand,
    { name: 'index', kind: 'value', doc: 'positions, in a value of any shape' },
    {
      name: 'axis',
      kind: 'integer',
      default: 0,
      doc: 'the axis that they count, from 0 or negative from the end',
    },
  ],
  resolve: ([x], attrs) => (x!.shape.length === 0 ? { ...attrs, axis: 0 } : withAxis(x!, attrs)),
  shape: ([x, index], attrs) => gathered(x!.shape, index!.shape, attrs.axis as number),
  build: (b, [x, index], attrs) => {
    const axis = attrs.axis as number;
    const rows = { lead: 0, permutation: false };
    if (axis === 0) return b.op('take', [x!, index!], rows);
    // The axis goes to the front, and its place is taken by the axes of the index.
    const rest = x!.shape.map((_, i) => i).filter((i) => i !== axis);
    const found = b.op('take', [b.transpose(x!, [axis, ...rest]), index!], rows);
    const k = index!.shape.length;
    const axes = found.shape.map((_, i) => i);
    return b.transpose(found, [...axes.slice(k, k + axis), ...axes.slice(0, k), ...axes.slice(k + axis)]);
  },
  samples: [
    drawn({ shape: [4, 2], batch: false }, { shape: [3], batch: true, from: [0, 3.9] }, 0),
    drawn({ shape: [2, 4], batch: true }, { shape: [2, 2], batch: false, from: [-1, 4.9] }, 1),
    drawn({ shape: [2, 3, 2], batch: true }, { shape: [4], batch: true, from: [0, 2.9] }, 1),
    drawn({ shape: [3, 2], batch: true }, { shape: [], batch: true, from: [0, 2.9] }, 0),
  ],
};

function drawn(x: Shaped, index: Shaped & { from: readonly [number, number] }, axis: number) {
  return { operands: [x, index], attrs: { axis }, wrt: [0] };
}

export const indexing = { gather, take, put } satisfies Record<string, Operation>;
