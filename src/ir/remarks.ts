/**
 * What is remarked of nodes for the names in emitted code. It is no part of their identity, and nothing is computed from it.
 */
import type { Node } from './graph.ts';

const roles = new WeakMap<Node, string>();
const targets = new WeakMap<Node, Node>();

/** Says what a value is in its layer (`mean`, `inverse`). The first word stays. */
export function named(role: string, node: Node): Node {
  if (node.kind === 'op' && !roles.has(node)) roles.set(node, role);
  return node;
}

export function roleOf(node: Node): string | null {
  return roles.get(node) ?? null;
}

/** Says that a value is the gradient with respect to another. The first one stays. */
export function isGradientOf(node: Node, target: Node): void {
  if (node.kind === 'op' && node.derived > target.derived && !targets.has(node)) targets.set(node, target);
}

/** What a value is the gradient with respect to, if it is one. */
export function gradientTarget(node: Node): Node | null {
  return targets.get(node) ?? null;
}
