/** Softmax and its logarithm, along one axis of an example. */
import type { OpNode } from '../ir/graph.ts';
import { sizeOf } from '../ir/ndarray.ts';
import { axisLast, axisOf, mapLines, operand, resolveAxis, runtimeAxis } from './lines.ts';
import type { Operation, Parameter, Primitive, Sample } from './record.ts';

const signature: readonly Parameter[] = [operand, axisLast];

const samples: readonly Sample[] = [
  { operands: [{ shape: [4], batch: true }], attrs: { axis: 0 } },
  { operands: [{ shape: [3, 2], batch: true }], attrs: { axis: 0 } },
  { operands: [{ shape: [2, 3], batch: false }], attrs: { axis: 1 } },
];

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
    return axisOf(node.attrs) === last ? `tf.${f}(${x})` : `nn.${f}(${x}, ${runtimeAxis(node)})`;
  };

const softmax: Primitive = {
  kind: 'primitive',
  doc: 'eˣ / Σ eˣ along an axis: positive, with sum 1.',
  signature,
  resolve: resolveAxis,
  shape: ([x]) => x!.shape,
  gradient: (b, node, dy) => {
    const weighted = b.mul(dy, node);
    const total = b.sum(weighted, { axes: [axisOf(node.attrs)], keep: true });
    return b.sub(weighted, b.mul(node, total));
  },
  range: () => ({ lo: 0, hi: 1 }),
  cost: ([x]) => ({ flops: 3 * sizeOf(x!.shape) }),
  reference: ([x], node) => mapLines([x!], runtimeAxis(node), (line) => logSoftmax(line).map(Math.exp)),
  lower: { tfjs: lowered('softmax') },
  samples,
};

const log_softmax: Primitive = {
  kind: 'primitive',
  doc: 'The logarithm of `softmax`, without rounding to log 0.',
  signature,
  resolve: resolveAxis,
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
  reference: ([x], node) => mapLines([x!], runtimeAxis(node), logSoftmax),
  lower: { tfjs: lowered('logSoftmax') },
  samples,
};

export const softmaxes = { softmax, log_softmax } satisfies Record<string, Operation>;
