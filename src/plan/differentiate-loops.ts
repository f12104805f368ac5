/**
 * The gradient of a loop is a loop that runs the turns backwards. It carries the gradients of what the loop carries, and sums
 * of the gradients of what its turns read. Each turn works the forward turn out again, from the values with which that began
 * (which the forward loop stacks), so only these are kept. Since it is a loop like any other, it has gradients itself.
 * No two leaves of a turn may be one: what is given to this turn anew never shares a name with what the forward turn was
 * given, which it is given again.
 * Griewank & Walther, "Evaluating Derivatives", 2008, chapter 12: checkpoints at each turn.
 */
import type { LeafNode, Node } from '../ir/graph.ts';
import { type GraphBuilder, splat } from '../ir/graph-builder.ts';
import { firstCollected, firstState, type LoopNode, leavesOfTurn } from '../ir/loops.ts';

/** Σ over all roots of seedᵀ · ∂root/∂x, where a way ends at the first x that it meets. */
type Pullback = (roots: readonly (readonly [root: Node, seed: () => Node])[], xs: readonly Node[]) => Node[];

/**
 * The gradients of the loop's arguments, given those of its results (by their numbers); null for an argument that is not
 * `wanted`, or on which no result depends.
 */
export function loopGradient(
  b: GraphBuilder,
  loop: LoopNode,
  slopes: ReadonlyMap<number, Node>,
  wanted: (arg: Node) => boolean,
  pullback: Pullback,
): (Node | null)[] {
  const { region, args } = loop;
  const { carried, scanned, next, collected, position } = region;
  const sequences = args.slice(carried.length, carried.length + scanned.length);
  const captured = args.slice(carried.length + scanned.length);

  const read = captured.filter(wanted);
  const entries = scanned.filter((_, k) => wanted(sequences[k]!));
  const begun = carried.filter((_, k) => wanted(args[k]!));
  const varying = varyingStates(loop, new Set<Node>([...read, ...entries, ...begun]));
  const active = activeStates(loop, slopes);
  const states = carried.filter((leaf) => varying.has(leaf) && active.has(leaf));

  const leaf = (place: string, like: Node, origin: string): LeafNode =>
    b.at(loop.span, origin, () => b.leaf({ kind: 'turn', place, position: false }, like.shape, like.count));
  const nameOf = (of: LeafNode): string => (of.leaf.kind === 'turn' ? of.leaf.place : '');
  // A loop that is itself a way back has leaves of such names already.
  let base = `${nameOf(position)} back`;
  while (leavesOfTurn(region).some((own) => nameOf(own).startsWith(base))) base += ' back';

  // Gradients that a turn is given: of what it hands on, and of what is stacked.
  const carry = new Map(
    states.map((state) => [state, leaf(`${nameOf(state)} back`, state, `${state.origin}_grad`)]),
  );
  const along: { sequence: Node; turn: LeafNode }[] = [];
  const roots: (readonly [Node, () => Node])[] = [];
  for (const [k, state] of carried.entries()) {
    const slope = carry.get(state);
    if (slope) roots.push([next[k]!, () => slope]);
  }
  const stackedValues = [...collected, ...carried];
  for (const [k, value] of stackedValues.entries()) {
    const sequence = slopes.get(firstCollected(region) + k);
    if (!sequence) continue;
    const turn = leaf(`${base} ${k}`, value, `${value.origin}_grad`);
    along.push({ sequence, turn });
    roots.push([value, () => turn]);
  }
  for (const [k, state] of carried.entries())
    along.push({ sequence: b.part(loop, firstState(region) + k), turn: state });
  for (const [k, entry] of scanned.entries()) along.push({ sequence: sequences[k]!, turn: entry });

  const found = pullback(roots, [...states, ...entries, ...read]);
  const ofStates = found.slice(0, states.length);
  const ofEntries = found.slice(states.length, states.length + entries.length);
  const ofRead = found.slice(states.length + entries.length);

  const parts = states.map((state, k) => ({
    start: slopes.get(carried.indexOf(state)) ?? b.full(state.shape, state.count, 0),
    turn: carry.get(state)!,
    next: ofStates[k]!,
  }));
  const sums = read.flatMap((node, k) => {
    const slope = ofRead[k]!;
    if (splat(slope) === 0) return [];
    const turn = leaf(`${base} sum ${captured.indexOf(node)}`, node, `${node.origin}_grad`);
    return [{ node, part: { start: b.full(node.shape, node.count, 0), turn, next: b.add(turn, slope) } }];
  });
  const stacks = entries.filter((_, k) => splat(ofEntries[k]!) !== 0);
  const none = args.map(() => null);
  if (parts.length + sums.length + stacks.length === 0) return none;
  const back = b.loop({
    turns: region.turns,
    reverse: !region.reverse,
    position,
    carried: [...parts, ...sums.map(({ part }) => part)],
    scanned: along,
    collected: stacks.map((entry) => ofEntries[entries.indexOf(entry)]!),
  });

  const result: (Node | null)[] = none;
  for (const [k, state] of states.entries()) {
    const at = carried.indexOf(state);
    if (wanted(args[at]!)) result[at] = b.part(back, k);
  }
  for (const [k, entry] of stacks.entries())
    result[carried.length + scanned.indexOf(entry)] = b.part(back, firstCollected(back.region) + k);
  for (const [k, { node }] of sums.entries())
    result[carried.length + scanned.length + captured.indexOf(node)] = b.part(back, states.length + k);
  return result;
}

/** The carried values that depend on what the gradient is taken by: in the first turn, or through others in a later one. */
function varyingStates({ region }: LoopNode, sources: ReadonlySet<Node>): ReadonlySet<Node> {
  const varying = new Set<Node>(sources);
  for (let before = -1; before !== varying.size; ) {
    before = varying.size;
    const depends = new Set<Node>(varying);
    for (const node of region.inside)
      if (node.kind === 'op' && node.args.some((arg) => depends.has(arg))) depends.add(node);
    for (const [k, leaf] of region.carried.entries()) if (depends.has(region.next[k]!)) varying.add(leaf);
  }
  return varying;
}

/** The carried values on which a result with a gradient depends: after the last turn, or through others after an earlier one. */
function activeStates({ region }: LoopNode, slopes: ReadonlyMap<number, Node>): ReadonlySet<Node> {
  const { carried, next, collected, inside } = region;
  const own = new Set<Node>(inside);
  const stackedValues = [...collected, ...carried];
  const active = new Set<Node>(carried.filter((_, k) => slopes.has(k)));
  for (let before = -1; before !== active.size; ) {
    before = active.size;
    const reached = new Set<Node>();
    const open = [
      ...next.filter((_, k) => active.has(carried[k]!)),
      ...stackedValues.filter((_, k) => slopes.has(firstCollected(region) + k)),
    ];
    for (let node = open.pop(); node; node = open.pop()) {
      if (reached.has(node)) continue;
      reached.add(node);
      if (own.has(node) && node.kind === 'op') open.push(...node.args);
    }
    for (const leaf of carried) if (reached.has(leaf)) active.add(leaf);
  }
  return active;
}
