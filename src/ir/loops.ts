/** Loops in the graph: what hangs on a turn, which results there are, and their types. */
import type { LeafNode, Node, OpNode, Region } from './graph.ts';
import type { Count, Shape } from './types.ts';

export type LoopNode = OpNode & { readonly region: Region };

export function isLoop(node: Node): node is LoopNode {
  return node.kind === 'op' && node.region !== undefined;
}

/** One result of a loop, by its number. */
export type PartNode = OpNode & { readonly op: 'part' };
export function isPart(node: Node): node is PartNode {
  return node.kind === 'op' && node.op === 'part';
}

/** The loop of which a `part` is one result, and which. */
export function partOf(node: PartNode): { readonly loop: LoopNode; readonly index: number } {
  return { loop: node.args[0] as LoopNode, index: node.attrs.index as number };
}

/** Where the results of a loop begin that are no last values: what it collects, and the values that turns began with. */
export function firstCollected({ carried }: Region): number {
  return carried.length;
}
export function firstState({ carried, collected }: Region): number {
  return carried.length + collected.length;
}

/** The value of a turn that result `index` stacks; null: the result is a last value. */
export function stackedAs(region: Region, index: number): Node | null {
  const { carried, collected } = region;
  if (index < carried.length) return null;
  return collected[index - carried.length] ?? carried[index - firstState(region)] ?? null;
}

export function partType(
  region: Region,
  index: number,
): { readonly shape: Shape; readonly count: Count | null } {
  const stacked = stackedAs(region, index);
  const { shape, count } = stacked ?? region.carried[index]!;
  return { shape: stacked ? [region.turns, ...shape] : shape, count };
}

/** What a turn is given, no leaf twice; everything that hangs on one of these is worked out in each turn. */
export function leavesOfTurn({
  position,
  carried,
  scanned,
}: Pick<Region, 'position' | 'carried' | 'scanned'>): readonly LeafNode[] {
  return [position, ...carried, ...scanned];
}

/**
 * All that a node hangs on: an operation's arguments, of a loop also what its turns compute, of a draw the turns that it
 * stands in.
 */
export function dependencies(node: Node): readonly Node[] {
  if (node.kind === 'op') {
    const { region } = node;
    return region ? [...node.args, ...region.next, ...region.collected] : node.args;
  }
  return node.leaf.kind === 'draw' ? (node.leaf.turns ?? []) : [];
}

/** What a node is worked out from where it stands: it reads them, or (a draw in a turn) counts by them. */
export function operandsOf(node: Node): readonly Node[] {
  return node.kind === 'op' ? node.args : dependencies(node);
}

/**
 * Splits what `roots` are made of: `inside` hangs on the turn, operands first; `captured` is what that reads and is the
 * same in all turns (numbers that stand where they are used are left out).
 */
export function splitByTurn(
  roots: readonly Node[],
  leaves: readonly LeafNode[],
): { readonly inside: Node[]; readonly captured: Node[] } {
  const given = new Set<Node>(leaves);
  // What is older than all leaves cannot hang on them.
  const lowest = leaves.reduce((least, leaf) => Math.min(least, leaf.id), Number.POSITIVE_INFINITY);
  const seen = new Set<Node>();
  const open = [...roots];
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.id > lowest && !given.has(node)) open.push(...operandsOf(node));
  }
  const rising = [...seen].sort((a, b) => a.id - b.id);
  const inside = new Set<Node>();
  for (const node of rising) {
    if (!given.has(node) && operandsOf(node).some((arg) => given.has(arg) || inside.has(arg)))
      inside.add(node);
  }
  const captured = new Set<Node>();
  const read = (node: Node): void => {
    if (!given.has(node) && !inside.has(node) && !standsWhereUsed(node)) captured.add(node);
  };
  for (const node of inside) operandsOf(node).forEach(read);
  roots.forEach(read);
  return { inside: [...inside], captured: [...captured].sort((a, b) => a.id - b.id) };
}

function standsWhereUsed(node: Node): boolean {
  if (node.kind === 'op') return false;
  const { kind } = node.leaf;
  return kind === 'host' || kind === 'count' || (kind === 'constant' && node.shape.length === 0);
}
