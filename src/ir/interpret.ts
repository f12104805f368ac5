/** The float64 interpreter of graphs: slow, plain, and the measure of everything that runs fast. */

import type { Operation } from '../ops/record.ts';
import { operations } from '../ops/table.ts';
import type { Leaf, LeafNode, Node, OpNode } from './graph.ts';
import { sameShape, scalarArray } from './ndarray.ts';
import type { Count, NDArray } from './types.ts';

export interface Counts {
  /** How many examples 'batch' is. */
  readonly batch: number;
}

/**
 * The values of `nodes` and of all that they depend on. `leafValue` gives sources, weights, stats, draws and host scalars
 * (per-example ones with the count as first axis); constants and counts are known. `known` holds values from before.
 */
export function evaluate(
  nodes: readonly Node[],
  leafValue: (leaf: Leaf, node: LeafNode) => NDArray,
  counts: Counts,
  known: Map<Node, NDArray> = new Map(),
): Map<Node, NDArray> {
  for (const node of needed(nodes, known)) {
    const value =
      node.kind === 'leaf' ? valueOfLeaf(node, leafValue, counts) : applyOperation(node, known, counts);
    const expected = runShape(node, counts);
    if (!sameShape(value.shape, expected)) {
      const name = node.kind === 'op' ? node.op : node.leaf.kind;
      throw new Error(`internal: ${name} came out as [${value.shape}], not as [${expected}]`);
    }
    known.set(node, value);
  }
  return known;
}

/** What has no value yet, arguments first. */
function needed(nodes: readonly Node[], known: ReadonlyMap<Node, NDArray>): Node[] {
  const seen = new Set<Node>();
  const stack = [...nodes];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node) || known.has(node)) continue;
    seen.add(node);
    if (node.kind === 'op') stack.push(...node.args);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function applyOperation(node: OpNode, known: ReadonlyMap<Node, NDArray>, counts: Counts): NDArray {
  const record: Operation = operations[node.op as keyof typeof operations];
  if (record?.kind !== 'primitive') throw new Error(`internal: ${node.op} is no primitive`);
  return record.reference(
    node.args.map((a) => known.get(a)!),
    withCounts(node, counts),
  );
}

function valueOfLeaf(
  node: LeafNode,
  leafValue: (leaf: Leaf, node: LeafNode) => NDArray,
  counts: Counts,
): NDArray {
  const { leaf } = node;
  if (leaf.kind === 'constant') return leaf.value;
  if (leaf.kind === 'count') return scalarArray(numberOf(leaf.count, counts));
  return leafValue(leaf, node);
}

function numberOf(count: Count, counts: Counts): number {
  return count === 'batch' ? counts.batch : count;
}

/** A reference sees numbers, never 'batch'. */
function withCounts(node: OpNode, counts: Counts): OpNode {
  if (node.count !== 'batch') return node;
  const attrs = node.attrs.count === 'batch' ? { ...node.attrs, count: counts.batch } : node.attrs;
  return { ...node, attrs, count: counts.batch };
}

/** A node's shape at run time: the count is axis 0 of a per-example value. */
export function runShape(node: Node, counts: Counts): readonly number[] {
  return node.count === null ? node.shape : [numberOf(node.count, counts), ...node.shape];
}
