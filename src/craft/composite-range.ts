/** The range of an operation that says itself in primitives: it is built on leaves, and the primitives' rules do the rest. */
import type { Node } from '../ir/graph.ts';
import { createBuilder } from '../ir/graph-builder.ts';
import type { Attrs, Shaped } from '../ir/types.ts';
import { anything, boundsOf } from '../ops/interval.ts';
import { noLayer } from '../ops/no-layer.ts';
import type { BuildContext, Interval, Operation } from '../ops/record.ts';

export function compositeRange(
  operations: Readonly<Record<string, Operation>>,
  op: string,
  args: readonly Interval[],
  shapes: readonly Shaped[],
  attrs: Attrs,
): Interval {
  const builder = createBuilder(operations);
  const ranges = new Map<Node, Interval>();
  const leaves = shapes.map(({ shape, batch }, i) => {
    const node = builder.leaf({ kind: 'source', name: `${i}`, version: 0 }, shape, batch ? 'batch' : null);
    ranges.set(node, args[i]!);
    return node;
  });
  let draws = 0;
  const context: BuildContext = {
    ...noLayer,
    training: true,
    uniform(shape) {
      const name = `draw ${draws++}`;
      const node = builder.leaf({ kind: 'source', name, version: 0 }, shape, 'batch');
      ranges.set(node, { lo: 0, hi: 1 });
      return node;
    },
  };
  const result = builder.expand(op, leaves, attrs, context);
  for (const node of builder.nodes)
    if (!ranges.has(node)) ranges.set(node, rangeOf(node, operations, ranges));
  return ranges.get(result) ?? anything;
}

function rangeOf(
  node: Node,
  operations: Readonly<Record<string, Operation>>,
  ranges: ReadonlyMap<Node, Interval>,
): Interval {
  if (node.kind === 'leaf') {
    if (node.leaf.kind === 'count') return { lo: 1, hi: Infinity };
    return node.leaf.kind === 'constant' ? boundsOf(node.leaf.value.data) : anything;
  }
  const record = operations[node.op];
  if (record?.kind !== 'primitive') return anything;
  return record.range(
    node.args.map((arg) => ranges.get(arg) ?? anything),
    node.attrs,
    node.args.map(({ shape, count }) => ({ shape, batch: count !== null })),
  );
}
