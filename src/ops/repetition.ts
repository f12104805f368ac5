/** `broadcast_to`: repetition along axes and over the batch, which gradients of reductions are made of. */
import { countText } from '../ir/count.ts';
import { broadcastTo, sizeOf } from '../ir/ndarray.ts';
import type { Count, Shape } from '../ir/types.ts';
import { constantOf, match } from './families.ts';
import type { Operation, Primitive } from './record.ts';

const broadcast_to: Primitive = {
  kind: 'primitive',
  doc: 'The value repeated to a shape, aligned at the right, and to a count of examples where `count` is not null.',
  signature: null,
  shape: (_, attrs) => attrs.shape as Shape,
  batch: (_, attrs) => attrs.count !== null,
  gradient: (b, node, dy) => b.unbroadcast(dy, node.args[0]!),
  range: ([x]) => x!,
  cost: (_, __, result) => ({ flops: sizeOf(result) }),
  reference: ([x], node) =>
    broadcastTo(x!, node.count === null ? node.shape : [node.count as number, ...node.shape]),
  simplify: (b, [x], attrs) => {
    const inner = match(x!, 'broadcast_to');
    // Repetition of a repetition is one, as long as the axes stay aligned at the right.
    return inner && b.broadcast(inner.args[0]!, attrs.shape as Shape, attrs.count as Count | null);
  },
  lower: {
    tfjs: ([x], node) => {
      const lead = node.count === null ? [] : [countText(node.count, 'run.batch')];
      const shape = `[${[...lead, ...node.shape].join(', ')}]`;
      const source = node.args[0]!;
      if (constantOf(source) !== null) return `tf.fill(${shape}, ${x})`;
      const same = source.count === node.count && sizeOf(source.shape) === sizeOf(node.shape);
      return same ? `tf.reshape(${x}, ${shape})` : `tf.broadcastTo(${x}, ${shape})`;
    },
  },
  samples: [
    { operands: [{ shape: [3], batch: false }], attrs: { shape: [2, 3], count: null } },
    { operands: [{ shape: [], batch: false }], attrs: { shape: [2], count: 'batch' } },
    { operands: [{ shape: [2, 1], batch: true }], attrs: { shape: [2, 3], count: 'batch' } },
  ],
};

export const repetition = { broadcast_to } satisfies Record<string, Operation>;
