/** The entries of a value's first axis as examples, and back: what `map` is made of. The numbers stay where they are. */
import type { OpNode } from '../ir/graph.ts';
import { reshaped } from '../ir/ndarray.ts';
import type { NDArray } from '../ir/types.ts';
import { match } from './families.ts';
import type { Operation, Primitive } from './record.ts';
import { countedShape, runtimeShape } from './shapes.ts';

/** What operations have in common that read the same numbers in the same order, the count among the axes or not. */
export const relabelled = {
  kind: 'primitive',
  range: ([a]) => a!,
  cost: () => ({ flops: 0 }),
  reference: ([a]: readonly NDArray[], node: OpNode) => reshaped(a!, countedShape(node)),
  lower: { tfjs: ([a]: readonly string[], node: OpNode) => `tf.reshape(${a}, ${runtimeShape(node)})` },
} satisfies Partial<Primitive>;

const to_entries: Primitive = {
  ...relabelled,
  signature: null,
  recounts: true,
  doc: 'The entries of the first axis as examples of their own, those of an example side by side. `count` is how many they are.',
  shape: ([a]) => a!.shape.slice(1),
  batch: () => true,
  gradient: (b, { args: [x] }, dy) => b.op('from_entries', [dy], { n: x!.shape[0]!, count: x!.count }),
  simplify: (_, [a]) => match(a!, 'from_entries')?.args[0] ?? null,
  samples: [{ operands: [{ shape: [3, 2], batch: false }], attrs: { count: 'batch' } }],
};

const from_entries: Primitive = {
  ...relabelled,
  signature: null,
  recounts: true,
  doc: 'Back from entries as examples: each n of them are the first axis of one of `count` examples, or (null) of a whole value.',
  shape: ([a], { n }) => [n as number, ...a!.shape],
  batch: (_, { count }) => count !== null,
  gradient: (b, { args: [x] }, dy) => b.op('to_entries', [dy], { count: x!.count }),
  simplify: (_, [a], { count }) => {
    const inner = match(a!, 'to_entries')?.args[0];
    return inner && inner.count === count ? inner : null;
  },
  samples: [{ operands: [{ shape: [2], batch: true }], attrs: { n: 3, count: null } }],
};

export const entries = { to_entries, from_entries } satisfies Record<string, Operation>;
