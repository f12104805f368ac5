/** Which values of a body of steps are tensors of its own, and which are worth a variable. */
import type { LeafNode, Node } from '../ir/graph.ts';
import { dependencies } from '../ir/loops.ts';
import { inlineNumber, isNumber } from './numbers.ts';
import { operandsOf, type Step } from './plan.ts';

/** Nodes that a step reads when it is executed (a block reads nothing itself; `free` is no use). */
export function reads(step: Step): readonly Node[] {
  switch (step.kind) {
    case 'compute':
      return step.node.kind === 'op' ? step.node.args : [];
    case 'fuse':
      return operandsOf(step);
    case 'loop':
      return step.node.args;
    case 'update':
      return step.gradients;
    case 'move':
      return step.values;
    case 'log':
    case 'set':
      return [step.value];
    case 'call':
      return step.args.filter((arg) => arg !== 0);
    default:
      return [];
  }
}

export function inner(step: Step): readonly Step[] | null {
  return 'body' in step ? step.body : null;
}

/** Every step, blocks before what they hold, in the order of the text. */
export function* walk(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    const body = inner(step);
    if (body) yield* walk(body);
  }
}

/** Whether emitted code makes this tensor, and so has to free it. */
export function isOwned(node: Node): boolean {
  if (node.kind === 'op') return !isNumber(node);
  return node.leaf.kind === 'draw' || (node.leaf.kind === 'constant' && inlineNumber(node) === null);
}

/** All that a value is made from, itself and what the turns of loops compute included. */
export function ancestors(roots: Iterable<Node>): Set<Node> {
  const seen = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    open.push(...dependencies(node));
  }
  return seen;
}

/** The leaves that values are made from. */
export function leavesOf(roots: Iterable<Node>): LeafNode[] {
  return [...ancestors(roots)].filter((node) => node.kind === 'leaf');
}

/**
 * Numbers that one other number of the same block is made from, and nothing else: each is best written where it is used
 * and needs no name.
 */
export function partsOf(steps: readonly Step[]): ReadonlySet<Node> {
  /** The one step that reads a node; null where several do. */
  const reader = new Map<Node, Step | null>();
  for (const step of walk(steps)) {
    for (const node of reads(step)) reader.set(node, reader.has(node) ? null : step);
  }
  const parts = new Set<Node>();
  const visit = (list: readonly Step[]): void => {
    const here = new Set(list);
    for (const step of list) {
      const body = inner(step);
      if (body) visit(body);
      if (step.kind !== 'compute' || !isNumber(step.node)) continue;
      const only = reader.get(step.node);
      if (only?.kind === 'compute' && isNumber(only.node) && here.has(only)) parts.add(step.node);
    }
  };
  visit(steps);
  return parts;
}
