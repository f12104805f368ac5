/**
 * Gathers elementwise operations into chains. A chain is computed in one pass over memory where a backend can, and is one
 * formula in emitted code; values that nothing outside the chain needs are never stored. The plan decides this once, for
 * every backend.
 */
import type { Node, OpNode } from '../ir/graph.ts';
import { sameShape } from '../ir/ndarray.ts';
import type { Operation } from '../ops/record.ts';
import { isMade } from './place.ts';
import type { Step } from './plan.ts';

/** Operands of a chain that are tensors, and operations in it: a GPU binds only so many buffers. */
const MOST_INPUTS = 6;
const MOST_OPERATIONS = 24;

interface Chain {
  readonly nodes: OpNode[];
  readonly inputs: Set<Node>;
}

/**
 * The steps of one block with its chains gathered. A chain waits until something else needs one of its values or changes
 * what it reads; so its place is a later one than its first operation's, never an earlier one. `kept`
 * outlives the block.
 */
export function fuse(
  steps: readonly Step[],
  usedBy: (step: Step) => readonly Node[],
  operations: Readonly<Record<string, Operation>>,
  kept?: Node,
): Step[] {
  const readers = new Map<Node, Set<Node | Step>>();
  for (const step of steps) {
    const reader = step.kind === 'compute' ? step.node : step;
    for (const node of usedBy(step)) {
      const set = readers.get(node);
      if (set) set.add(reader);
      else readers.set(node, new Set([reader]));
    }
  }
  const result: Step[] = [];
  /** Chains that wait, by member. */
  const waiting = new Map<Node, Chain>();

  const emit = (chain: Chain): void => {
    for (const node of chain.nodes) waiting.delete(node);
    chain.nodes.sort((p, q) => p.id - q.id);
    const members = new Set<Node | Step>(chain.nodes);
    const results = chain.nodes.filter(
      (node) => node === kept || [...(readers.get(node) ?? [])].some((reader) => !members.has(reader)),
    );
    if (chain.nodes.length === 1) result.push({ kind: 'compute', node: chain.nodes[0]! });
    else result.push({ kind: 'fuse', nodes: chain.nodes, results });
  };
  const emitAll = (): void => {
    for (const chain of new Set(waiting.values())) emit(chain);
  };

  for (const step of steps) {
    if (step.kind !== 'compute') {
      if (step.kind === 'log') for (const node of usedBy(step)) flush(node);
      else emitAll();
      result.push(step);
      continue;
    }
    const { node } = step;
    if (!fusible(node, operations)) {
      for (const arg of usedBy(step)) flush(arg);
      result.push(step);
      continue;
    }
    // The operands' chains of the same form become one; others must be there before.
    const chain: Chain = { nodes: [], inputs: new Set() };
    for (const arg of node.args) {
      const other = waiting.get(arg);
      if (!other || other === chain) continue;
      if (!sameForm(arg, node) || !fits(chain, other, node)) emit(other);
      else {
        for (const member of other.nodes) {
          chain.nodes.push(member);
          waiting.set(member, chain);
        }
        for (const input of other.inputs) chain.inputs.add(input);
      }
    }
    chain.nodes.push(node);
    for (const arg of inputsOf(node, chain)) chain.inputs.add(arg);
    waiting.set(node, chain);
  }
  emitAll();
  return result;

  function flush(node: Node): void {
    const chain = waiting.get(node);
    if (chain) emit(chain);
  }
}

function fits(a: Chain, b: Chain, node: OpNode): boolean {
  const joined = { nodes: [...a.nodes, ...b.nodes], inputs: new Set([...a.inputs, ...b.inputs]) };
  for (const input of inputsOf(node, joined)) joined.inputs.add(input);
  return joined.inputs.size <= MOST_INPUTS && joined.nodes.length < MOST_OPERATIONS;
}

/** Operands from outside the chain that have more than one element each. */
function inputsOf(node: OpNode, chain: Chain): Node[] {
  return node.args.filter((arg) => !chain.nodes.includes(arg as OpNode) && !isScalar(arg));
}

function isScalar(node: Node): boolean {
  return node.shape.length === 0 && node.count === null;
}

/** A whole scalar is a number of the host's or not worth a pass of its own. */
function fusible(node: Node, operations: Readonly<Record<string, Operation>>): node is OpNode {
  if (node.kind !== 'op' || isScalar(node)) return false;
  const record = operations[node.op];
  return record?.kind === 'primitive' && record.lower.formula !== undefined && node.args.every(readable);
}

/** A constant array is made where it is used, which a formula cannot say. */
function readable(arg: Node): boolean {
  return isMade(arg) || arg.kind === 'op' || arg.leaf.kind !== 'constant' || isScalar(arg);
}

function sameForm(a: Node, b: Node): boolean {
  return a.count === b.count && sameShape(a.shape, b.shape);
}
