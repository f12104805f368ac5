/** The float64 interpreter of graphs: slow, plain, and the measure of everything that runs fast. */

import type { Operation } from '../ops/record.ts';
import { operations } from '../ops/table.ts';
import { countAt } from './count.ts';
import type { Leaf, LeafNode, Node, OpNode } from './graph.ts';
import { dependencies, isLoop, isPart, type LoopNode, operandsOf, partOf } from './loops.ts';
import { sameShape, scalarArray, sizeOf } from './ndarray.ts';
import type { Count, NDArray } from './types.ts';

export interface Counts {
  /** How many examples 'batch' is. */
  readonly batch: number;
}

/** `turns`: where a draw stands in loops, the number of the turn in each. */
export type LeafValue = (leaf: Leaf, node: LeafNode, turns: readonly number[]) => NDArray;

/**
 * The values of `nodes` and of all that they depend on. `leafValue` gives sources, weights, stats, draws and host scalars
 * (per-example ones with the count as first axis); constants and counts are known. `known` holds values from before.
 */
export function evaluate(
  nodes: readonly Node[],
  leafValue: LeafValue,
  counts: Counts,
  known: Map<Node, NDArray> = new Map(),
): Map<Node, NDArray> {
  for (const node of needed(nodes, known)) {
    const value =
      node.kind === 'leaf'
        ? valueOfLeaf(node, leafValue, counts, known)
        : isLoop(node)
          ? runLoop(node, leafValue, counts, known)
          : isPart(node)
            ? (known.get(partOf(node).loop) as Results).parts[partOf(node).index]!
            : applyOperation(node, known, counts);
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
    stack.push(...operandsOf(node));
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
  leafValue: LeafValue,
  counts: Counts,
  known: ReadonlyMap<Node, NDArray>,
): NDArray {
  const { leaf } = node;
  if (leaf.kind === 'constant') return leaf.value;
  if (leaf.kind === 'count') return scalarArray(countAt(leaf.count, counts.batch));
  const turns = dependencies(node).map((position) => known.get(position)!.data[0]!);
  return leafValue(leaf, node, turns);
}

/** The value of a loop is its first result, and beside it all of them. */
interface Results extends NDArray {
  readonly parts: readonly NDArray[];
}

function runLoop(
  { region, args }: LoopNode,
  leafValue: LeafValue,
  counts: Counts,
  known: ReadonlyMap<Node, NDArray>,
): Results {
  const { turns, reverse, position, carried, scanned, next, collected } = region;
  const captured = args.slice(carried.length + scanned.length).map((arg) => [arg, known.get(arg)!] as const);
  const sequences = scanned.map((leaf, k) => entries(known.get(args[carried.length + k]!)!, leaf));
  let state = carried.map((_, k) => known.get(args[k]!)!);
  const kept = [...collected, ...carried].map(() => new Array<NDArray>(turns));
  for (let turn = 0; turn < turns; turn++) {
    const at = reverse ? turns - 1 - turn : turn;
    const values = new Map<Node, NDArray>([...captured, [position, scalarArray(at)]]);
    carried.forEach((leaf, k) => {
      values.set(leaf, state[k]!);
      kept[collected.length + k]![at] = state[k]!;
    });
    scanned.forEach((leaf, k) => {
      values.set(leaf, sequences[k]![at]!);
    });
    evaluate([...next, ...collected], leafValue, counts, values);
    state = next.map((node) => values.get(node)!);
    collected.forEach((node, k) => {
      kept[k]![at] = values.get(node)!;
    });
  }
  const stacks = [...collected, ...carried].map((node, k) => stacked(kept[k]!, node));
  const parts = [...state, ...stacks];
  return { ...parts[0]!, parts };
}

/** The entries of a sequence along the first axis of an example. */
function entries({ shape, data }: NDArray, entry: Node): NDArray[] {
  const axis = entry.count === null ? 0 : 1;
  const examples = axis === 0 ? 1 : shape[0]!;
  const turns = shape[axis]!;
  const size = sizeOf(entry.shape);
  return Array.from({ length: turns }, (_, turn) => {
    const own = new Float64Array(examples * size);
    for (let i = 0; i < examples; i++) {
      const from = (i * turns + turn) * size;
      own.set(data.subarray(from, from + size), i * size);
    }
    return { shape: [...shape.slice(0, axis), ...entry.shape], data: own };
  });
}

/** The inverse of `entries`. */
function stacked(values: readonly NDArray[], entry: Node): NDArray {
  const axis = entry.count === null ? 0 : 1;
  const lead = values[0]!.shape.slice(0, axis);
  const size = sizeOf(entry.shape);
  const data = new Float64Array(sizeOf(lead) * values.length * size);
  for (const [turn, { data: own }] of values.entries()) {
    for (let i = 0; i < sizeOf(lead); i++)
      data.set(own.subarray(i * size, (i + 1) * size), (i * values.length + turn) * size);
  }
  return { shape: [...lead, values.length, ...entry.shape], data };
}

/** A reference sees numbers, never 'batch'. */
function withCounts(node: OpNode, { batch }: Counts): OpNode {
  const said = node.attrs.count as Count | null | undefined;
  const attrs = typeof said === 'string' ? { ...node.attrs, count: countAt(said, batch) } : node.attrs;
  if (attrs === node.attrs && typeof node.count !== 'string') return node;
  return { ...node, attrs, count: node.count === null ? null : countAt(node.count, batch) };
}

/** A node's shape at run time: the count is axis 0 of a per-example value. */
export function runShape(node: Node, counts: Counts): readonly number[] {
  return node.count === null ? node.shape : [countAt(node.count, counts.batch), ...node.shape];
}
