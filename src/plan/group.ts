/**
 * What one fused formula may hold (runtimes/core/formula/fused.ts): elementwise operations of one form, sums and means of them over
 * the same axes, and what is computed from those.
 */
import type { Node, OpNode } from '../ir/graph.ts';
import { sameShape } from '../ir/ndarray.ts';
import type { Operation } from '../ops/record.ts';
import { isNumber } from './numbers.ts';

/** Tensors of a formula, operands and results together: a GPU's stage binds eight buffers. */
const MOST_TENSORS = 8;
const MOST_OPERATIONS = 24;

/** The axes that a formula's reductions run over, at run time; `keep` leaves them as 1. */
export interface Reduced {
  readonly axes: readonly number[];
  readonly keep: boolean;
}

/** A legal group. Nodes are in the order of their ids. */
export interface Group {
  readonly nodes: readonly OpNode[];
  /** What of them is read outside. */
  readonly results: readonly OpNode[];
  /** null: nothing is reduced. */
  readonly reduced: Reduced | null;
  /** The tensors that it reads, each once. */
  readonly inputs: ReadonlySet<Node>;
  /** Those of its operands and operations that have all of the elements: reading one again costs a pass over memory. */
  readonly full: ReadonlySet<Node>;
}

export type Operations = Readonly<Record<string, Operation>>;

export function isElementwise(node: Node, operations: Operations): node is OpNode {
  if (node.kind !== 'op' || isNumber(node)) return false;
  const record = operations[node.op];
  return record?.kind === 'primitive' && record.lower.formula !== undefined && node.args.every(readable);
}

/** A constant without axes that is not a plain number is made where it is used, which a formula cannot say. */
function readable(arg: Node): boolean {
  return arg.kind === 'op' || arg.leaf.kind !== 'constant' || arg.shape.length > 0 || isNumber(arg);
}

/** What a sum or mean reduces; null for other operations. */
export function reducedBy(node: Node, operations: Operations): Reduced | null {
  if (node.kind !== 'op' || node.args.length === 0 || isNumber(node.args[0]!)) return null;
  const record = operations[node.op];
  return record?.kind === 'primitive' ? (record.lower.reduces?.(node) ?? null) : null;
}

/** These operations as one group, or null where one formula cannot hold them. `gives` tells its results. */
export function groupOf(
  members: Iterable<OpNode>,
  operations: Operations,
  gives: (node: OpNode, members: ReadonlySet<Node>) => boolean,
): Group | null {
  const inside = new Set<Node>(members);
  if (inside.size > MOST_OPERATIONS) return null;
  const nodes = [...(inside as Set<OpNode>)].sort((p, q) => p.id - q.id);
  const narrow = new Set<Node>();
  let reduction: OpNode | null = null;
  let reduced: Reduced | null = null;
  for (const node of nodes) {
    const own = reducedBy(node, operations);
    if (own === null) {
      if (node.args.some((arg) => narrow.has(arg))) narrow.add(node);
      continue;
    }
    narrow.add(node);
    if (reduction === null || reduced === null) {
      reduction = node;
      reduced = own;
    } else if (own.keep !== reduced.keep || !sameShape(own.axes, reduced.axes)) return null;
  }
  // What is made of operands alone for a narrow operation's sake is narrow too.
  for (const node of nodes.toReversed()) {
    if (narrow.has(node) && node !== reduction && reducedBy(node, operations) === null) {
      for (const arg of node.args) if (inside.has(arg)) narrow.add(arg);
    }
  }

  const wide = reduction?.args[0] ?? nodes[0]!;
  const inputs = new Set<Node>();
  const full = new Set<Node>();
  for (const node of nodes) {
    const reduces = reducedBy(node, operations) !== null;
    const isNarrow = narrow.has(node);
    if (!sameForm(node, isNarrow ? reduction! : wide)) return null;
    for (const arg of node.args) {
      const readsNarrow = isNarrow && !reduces;
      if (inside.has(arg)) {
        if (narrow.has(arg) !== readsNarrow) return null;
      } else if (!isNumber(arg)) {
        if (reduces && !sameForm(arg, wide)) return null;
        inputs.add(arg);
        if (sameForm(arg, wide)) full.add(arg);
      }
    }
    if (!isNarrow) full.add(node);
  }
  const results = nodes.filter((node) => gives(node, inside));
  return inputs.size + results.length > MOST_TENSORS ? null : { nodes, results, reduced, inputs, full };
}

/** Whether one formula has room for two groups, as far as their sizes tell: what `groupOf` would refuse most often. */
export function mayJoin(a: Group, b: Group): boolean {
  const nodes = new Set(a.nodes);
  for (const node of b.nodes) nodes.add(node);
  if (nodes.size > MOST_OPERATIONS) return false;
  const tensors = new Set<Node>();
  for (const group of [a, b]) {
    for (const input of group.inputs) if (!nodes.has(input as OpNode)) tensors.add(input);
  }
  // What only the other one reads is perhaps no result of both.
  for (const result of a.results) if (!b.inputs.has(result)) tensors.add(result);
  for (const result of b.results) if (!a.inputs.has(result)) tensors.add(result);
  return tensors.size <= MOST_TENSORS;
}

export function sameForm(a: Node, b: Node): boolean {
  return a.count === b.count && sameShape(a.shape, b.shape);
}
