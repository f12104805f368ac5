/** Puts nodes in the places of others, in everything that was made from those. */

import type { Node, OpNode } from '../ir/graph.ts';
import type { GraphBuilder } from '../ir/graph-builder.ts';
import { dependencies as hangsOn, isLoop, isPart, type LoopNode, partOf } from '../ir/loops.ts';
import { gradientTarget, isGradientOf, named, roleOf } from '../ir/remarks.ts';

/** By builder and by the nodes replaced: what has become of the nodes that hung on them. */
const finished = new WeakMap<GraphBuilder, Map<string, Map<Node, Node>>>();

/**
 * `root` with each `to` where its `from` was, all at once. Nodes that hang on no `from` stay the same. A `to` has its
 * `from`'s shape and count, and was made before all of them.
 */
export function substitute(
  b: GraphBuilder,
  root: Node,
  pairs: readonly (readonly [from: Node, to: Node])[],
): Node {
  const all = finished.get(b) ?? new Map<string, Map<Node, Node>>();
  finished.set(b, all);
  const key = pairs.map(([from, to]) => `${from.id} ${to.id}`).join();
  const done = all.get(key) ?? new Map(pairs);
  all.set(key, done);

  const oldest = Math.min(...pairs.map(([from]) => from.id));
  /** Arguments have smaller ids, so what is older than every `from` hangs on none. */
  const become = (node: Node): Node | undefined => (node.id < oldest ? node : done.get(node));
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    if (become(node) !== undefined) {
      stack.pop();
      continue;
    }
    const needed = hangsOn(node);
    const missing = needed.filter((arg) => become(arg) === undefined);
    if (missing.length > 0) {
      for (let i = missing.length - 1; i >= 0; i--) stack.push(missing[i]!);
      continue;
    }
    const args = needed.map((arg) => become(arg)!);
    const same = args.every((arg, i) => arg === needed[i]);
    const made =
      same || node.kind !== 'op'
        ? node
        : b.at(node.span, node.origin, () => rebuild(b, node, args), node.derived);
    done.set(node, made);
    const role = roleOf(node);
    if (role !== null) named(role, made);
    const target = gradientTarget(node);
    if (target !== null) isGradientOf(made, become(target) ?? target);
    stack.pop();
  }
  return become(root)!;
}

function rebuild(b: GraphBuilder, node: OpNode, args: readonly Node[]): Node {
  if (isLoop(node)) return rebuildLoop(b, node, args);
  if (isPart(node)) return b.part(args[0] as LoopNode, partOf(node).index);
  return b.op(node.op, args, node.attrs);
}

/** `made` is what has become of the loop's dependencies, in their order. */
function rebuildLoop(b: GraphBuilder, { region, args }: LoopNode, made: readonly Node[]): LoopNode {
  const { carried, scanned } = region;
  const next = made.slice(args.length, args.length + carried.length);
  return b.loop({
    ...region,
    carried: carried.map((turn, k) => ({ start: made[k]!, turn, next: next[k]! })),
    scanned: scanned.map((turn, k) => ({ sequence: made[carried.length + k]!, turn })),
    collected: made.slice(args.length + carried.length),
  });
}
