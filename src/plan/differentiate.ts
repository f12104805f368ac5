/**
 * Reverse-mode differentiation at compile time. A gradient is made of ordinary nodes, so that it can be differentiated
 * again, to any order.
 */
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import type { GraphBuilder } from '../ir/graph-builder.ts';
import type { Primitive } from '../ops/record.ts';

/**
 * ∂(Σ y)/∂x for each of `xs`, of x's shape and count; the sum runs over all of y's entries and the batch. Nodes that do
 * not lie between an x and y get no gradient, and cost nothing. Zero where y does not depend on x.
 *
 * An `x` may be an interior node; the gradient through it to earlier `xs` flows on. But a rewrite may have passed an interior
 * node over (`log(p)` of `p = sigmoid(a)` is `−softplus(−a)`): who means such a node builds `y` on a leaf in its place.
 */
export function gradient(b: GraphBuilder, y: Node, xs: readonly Node[]): Node[] {
  const between = nodesBetween(y, xs);
  const gradients = new Map<Node, Node>();
  if (between.length > 0) gradients.set(y, b.full(y.shape, y.count, 1));
  const wanted = new Set(between);

  // Arguments have smaller ids than their users: from the largest id down, a node's gradient is complete when it is met.
  for (const node of between) {
    const dy = gradients.get(node);
    if (dy === undefined || node.kind === 'leaf') continue;
    const record = b.operations[node.op] as Primitive;
    b.at(node.span, node.origin, () => {
      for (const [i, arg] of node.args.entries()) {
        if (!wanted.has(arg)) continue;
        const contribution = record.gradient(b, node, dy, i);
        if (contribution === null) continue;
        const part = conform(b, contribution, arg, node);
        const before = gradients.get(arg);
        gradients.set(arg, before === undefined ? part : b.add(before, part));
      }
    });
  }
  return xs.map((x) => gradients.get(x) ?? b.full(x.shape, x.count, 0));
}

/** The nodes on a way from one of `xs` to `y`, both ends included, by falling id. */
function nodesBetween(y: Node, xs: readonly Node[]): Node[] {
  const targets = new Set(xs);
  const lowest = xs.reduce((least, x) => Math.min(least, x.id), Number.POSITIVE_INFINITY);
  const seen = new Set<Node>();
  const stack = [y];
  while (stack.length > 0) {
    const node = stack.pop()!;
    // Whatever is older than all xs cannot depend on them.
    if (node.id < lowest || seen.has(node)) continue;
    seen.add(node);
    if (node.kind === 'op') stack.push(...node.args);
  }
  const rising = [...seen].sort((a, b) => a.id - b.id);
  const dependent = new Set<Node>();
  for (const node of rising) {
    if (targets.has(node) || (node.kind === 'op' && node.args.some((a) => dependent.has(a)))) {
      dependent.add(node);
    }
  }
  if (!dependent.has(y)) return [];
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
