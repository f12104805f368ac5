/**
 * Reverse-mode differentiation at compile time. A gradient is made of ordinary nodes, so that it can be differentiated
 * again, to any order.
 */
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import type { GraphBuilder } from '../ir/graph-builder.ts';
import { isLoop, isPart, partOf } from '../ir/loops.ts';
import { isGradientOf } from '../ir/remarks.ts';
import type { Primitive } from '../ops/record.ts';
import { loopGradient } from './differentiate-loops.ts';

/**
 * ∂(Σ y)/∂x for each of `xs`, of x's shape and count; the sum runs over all of y's entries and the batch. Nodes that do
 * not lie between an x and y get no gradient, and cost nothing. Zero where y does not depend on x.
 *
 * An `x` may be an interior node; the gradient through it to earlier `xs` flows on. But a rewrite may have passed an interior
 * node over (`log(p)` of `p = sigmoid(a)` is `−softplus(−a)`): who means such a node builds `y` on a leaf in its place.
 */
export function gradient(b: GraphBuilder, y: Node, xs: readonly Node[]): Node[] {
  return pullback(b, [[y, () => b.full(y.shape, y.count, 1)]], xs);
}

/**
 * Forward mode: Σᵢ ∂y/∂xᵢ · vᵢ, of y's shape and count; each `v` has its x's shape and count. It is the transpose of the
 * transpose: uᵀ ∂y/∂x is linear in a mark u, so its own gradient by u along v no longer holds u. What is left after
 * simplification is what forward rules would have built.
 * Townsend, "A new trick for calculating Jacobian vector products", 2017.
 *
 * The nodes `xs` are leaves, as marks are: see `gradient`.
 */
export function directional(b: GraphBuilder, y: Node, xs: readonly Node[], vs: readonly Node[]): Node {
  const u = b.leaf({ kind: 'source', name: `cotangent ${y.id}`, version: -1 }, y.shape, y.count);
  const pulled = pullback(b, [[y, () => u]], xs);
  const [pushed] = pullback(
    b,
    pulled.map((node, i) => [node, () => vs[i]!]),
    [u],
  );
  return pushed!;
}

/**
 * Σ over all roots of seedᵀ · ∂root/∂x, for each of `xs`. Seeds are made only where a way leads from some x to the root. With
 * `ends` a way ends at the first x that it meets: the `xs` count as independent of each other.
 */
function pullback(
  b: GraphBuilder,
  roots: readonly (readonly [root: Node, seed: () => Node])[],
  xs: readonly Node[],
  ends: ReadonlySet<Node> = new Set(),
): Node[] {
  const between = nodesBetween(
    roots.map(([root]) => root),
    xs,
    ends,
  );
  /** Of loops: the gradients of their results. */
  const slopes = new Map<Node, Map<number, Node>>();
  const gradients = new Map<Node, Node>();
  const wanted = new Set(between);
  const collect = (node: Node, part: Node): void => {
    const before = gradients.get(node);
    gradients.set(node, before === undefined ? part : b.add(before, part));
  };
  for (const [root, seed] of roots) if (wanted.has(root)) collect(root, seed());

  // Arguments have smaller ids than their users: from the largest id down, a node's gradient is complete when it is met.
  for (const node of between) {
    if (node.kind === 'leaf' || ends.has(node)) continue;
    if (isLoop(node)) {
      const given = slopes.get(node);
      if (given === undefined) continue;
      const differentiate = () => {
        const found = loopGradient(
          b,
          node,
          given,
          (arg) => wanted.has(arg),
          (turn, by) => pullback(b, turn, by, new Set(by)),
        );
        for (const [i, part] of found.entries()) if (part !== null) collect(node.args[i]!, part);
      };
      b.at(node.span, node.origin, differentiate, node.derived + 1);
      continue;
    }
    const dy = gradients.get(node);
    if (dy === undefined) continue;
    if (isPart(node)) {
      const { loop, index } = partOf(node);
      slopes.set(loop, (slopes.get(loop) ?? new Map<number, Node>()).set(index, dy));
      continue;
    }
    const record = b.operations[node.op] as Primitive;
    const differentiate = () => {
      for (const [i, arg] of node.args.entries()) {
        if (!wanted.has(arg)) continue;
        const contribution = record.gradient(b, node, dy, i);
        if (contribution === null) continue;
        const part = conform(b, contribution, arg, node);
        isGradientOf(part, arg);
        collect(arg, part);
      }
    };
    b.at(node.span, node.origin, differentiate, node.derived + 1);
  }
  for (const [target, gradient] of gradients) isGradientOf(gradient, target);
  return xs.map((x) => gradients.get(x) ?? b.full(x.shape, x.count, 0));
}

/** The nodes on a way from one of `xs` to one of `ys`, both ends included, by falling id. */
function nodesBetween(ys: readonly Node[], xs: readonly Node[], ends: ReadonlySet<Node>): Node[] {
  const targets = new Set(xs);
  const lowest = xs.reduce((least, x) => Math.min(least, x.id), Number.POSITIVE_INFINITY);
  const seen = new Set<Node>();
  const stack = [...ys];
  while (stack.length > 0) {
    const node = stack.pop()!;
    // Whatever is older than all xs cannot depend on them.
    if (node.id < lowest || seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'op' && !ends.has(node)) stack.push(...node.args);
  }
  const rising = [...seen].sort((a, b) => a.id - b.id);
  const dependent = new Set<Node>();
  for (const node of rising) {
    if (targets.has(node) || (node.kind === 'op' && node.args.some((a) => dependent.has(a)))) {
      dependent.add(node);
    }
  }
  return rising.filter((node) => dependent.has(node)).reverse();
}

/** Undoes the broadcasting of an operand (and completes a contribution that a rule left unrepeated). */
function conform(b: Builder, contribution: Node, arg: Node, node: OpNode): Node {
  const lead = contribution.shape.length - arg.shape.length;
  const narrow = lead >= 0 && arg.shape.some((d, i) => d !== 1 && contribution.shape[i + lead] === 1);
  const repeat = lead < 0 || narrow || (arg.count !== null && contribution.count === null);
  const wide = repeat ? b.broadcast(contribution, arg.shape, arg.count) : contribution;
  const part = b.unbroadcast(wide, arg);
  if (part.count !== arg.count) {
    throw new Error(`internal: the gradient of ${node.op} is for ${part.count} examples, not ${arg.count}`);
  }
  return part;
}
