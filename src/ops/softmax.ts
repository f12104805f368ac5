/** Softmax and its logarithm, along one axis of an example. */
import { isProblem } from '../diagnostics/table.ts';
import type { OpNode } from '../ir/graph.ts';
import { offsets, sizeOf, strides } from '../ir/ndarray.ts';
import type { Attrs, NDArray, Shaped } from '../ir/types.ts';
import type { Operation, Parameter, Primitive, Sample } from './record.ts';
import { normalAxis } from './shapes.ts';

const signature: readonly Parameter[] = [
  { name: 'x', kind: 'value' },
  { name: 'axis', kind: 'integer', default: -1 },
];

function resolve([x]: readonly Shaped[], attrs: Attrs) {
  const axis = normalAxis(attrs.axis as number, x!.shape.length);
  return isProblem(axis) ? axis : { ...attrs, axis };
}

const samples: readonly Sample[] = [
  { operands: [{ shape: [4], batch: true }], attrs: { axis: 0 } },
  { operands: [{ shape: [3, 2], batch: true }], attrs: { axis: 0 } },
  { operands: [{ shape: [2, 3], batch: false }], attrs: { axis: 1 } },
];

const axisOf = (attrs: Attrs): number => attrs.axis as number;

/** Applies `f` to each line along the node's axis. */
function lines(x: NDArray, node: OpNode, f: (line: Float64Array) => Float64Array): NDArray {
  const axis = axisOf(node.attrs) + (node.count === null ? 0 : 1);
  const own = strides(x.shape);
  const others = x.shape.map((_, i) => i).filter((i) => i !== axis);
  const starts = offsets(
    others.map((i) => x.shape[i]!),
    others.map((i) => own[i]!),
  );
  const n = x.shape[axis]!;
  const step = own[axis]!;
  const data = new Float64Array(x.data.length);
  const line = new Float64Array(n);
  for (const start of starts) {
    for (let i = 0; i < n; i++) line[i] = x.data[start + i * step]!;
    f(line).forEach((y, i) => {
      data[start + i * step] = y;
    });
  }
  return { shape: x.shape, data };
}

function logSoftmax(line: Float64Array): Float64Array {
  const top = line.reduce((a, x) => Math.max(a, x), -Infinity);
  const log = Math.log(line.reduce((a, x) => a + Math.exp(x - top), 0));
  return line.map((x) => x - top - log);
}

const lowered =
  (f: string) =>
  ([x]: readonly string[], node: OpNode): string => {
    // tfjs knows the last axis only.
    const last = node.shape.length - 1;
    return axisOf(node.attrs) === last
      ? `tf.${f}(${x})`
      : `nn.${f}(${x}, ${axisOf(node.attrs) + (node.count === null ? 0 : 1)})`;
  };

const softmax: Primitive = {
  kind: 'primitive',
  doc: 'eˣ / Σ eˣ along an axis: positive, with sum 1.',
  signature,
  resolve,
  shape: ([x]) => x!.shape,
  gradient: (b, node, dy) => {
    const weighted = b.mul(dy, node);
    const total = b.sum(weighted, { axes: [axisOf(node.attrs)], keep: true });
    return b.sub(weighted, b.mul(node, total));
  },
  range: () => ({ lo: 0, hi: 1 }),
  cost: ([x]) => ({ flops: 3 * sizeOf(x!.shape) }),
  reference: ([x], node) => lines(x!, node, (line) => logSoftmax(line).map(Math.exp)),
  lower: { tfjs: lowered('softmax') },
  samples,
};

const log_softmax: Primitive = {
  kind: 'primitive',
  doc: 'The logarithm of `softmax`, without rounding to log 0.',
  signature,
  resolve,
  shape: ([x]) => x!.shape,
  gradient: (b, node, dy) => {
    const total = b.sum(dy, { axes: [axisOf(node.attrs)], keep: true });
    return b.sub(dy, b.mul(b.op('softmax', node.args, node.attrs), total));
  },
  range: ([x], attrs, shapes) => {
    const n = shapes[0]!.shape[axisOf(attrs)]!;
    return { lo: x!.lo - x!.hi - Math.log(n) || -Infinity, hi: 0 };
  },
  cost: ([x]) => ({ flops: 3 * sizeOf(x!.shape) }),
  reference: ([x], node) => lines(x!, node, logSoftmax),
  lower: { tfjs: lowered('logSoftmax') },
  samples,
};

export const softmaxes = { softmax, log_softmax } satisfies Record<string, Operation>;
