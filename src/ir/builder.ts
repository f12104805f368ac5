/** Makes nodes: the one door through which a graph grows. Hash-consing, typing and local algebra happen here. */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Leaf, LeafNode, Node } from './graph.ts';
import type { Attrs, Count, Shape } from './types.ts';

/**
 * The interface that gradient rules and layers write against. Per-example operands of different rank are aligned here
 * (ones are inserted after the batch axis by `reshape` nodes), so that a lowering's native broadcasting is right.
 * A shape error here is a bug of the compiler (the checker has been through), so it throws.
 */
export interface Builder {
  /** Span and origin that new nodes get, and how many gradients they are away from the source (none if omitted). */
  at<T>(span: Span, origin: string, f: () => T, derived?: number): T;
  op(op: string, args: readonly Node[], attrs?: Attrs): Node;
  leaf(leaf: Leaf, shape: Shape, count: Count | null): LeafNode;
  scalar(value: number): LeafNode;

  // The everyday ones, shorthand for `op`. A number stands for `scalar(number)`.
  add(a: Node, b: Node | number): Node;
  sub(a: Node | number, b: Node | number): Node;
  mul(a: Node, b: Node | number): Node;
  div(a: Node | number, b: Node | number): Node;
  neg(a: Node): Node;
  exp(a: Node): Node;
  log(a: Node): Node;
  square(a: Node): Node;
  sqrt(a: Node): Node;
  rsqrt(a: Node): Node;
  /** Sum over an example's axes (all if omitted), and over the batch where `batch`. */
  sum(a: Node, options?: { axes?: readonly number[]; keep?: boolean; batch?: boolean }): Node;
  mean(a: Node, options?: { axes?: readonly number[]; keep?: boolean; batch?: boolean }): Node;
  reshape(a: Node, shape: Shape): Node;
  /** To this shape and count, by repetition. */
  broadcast(a: Node, shape: Shape, count: Count | null): Node;
  /** The gradient of broadcasting: sums `a` down to the shape and count of `target`. */
  unbroadcast(a: Node, target: Node): Node;
  /** A whole or per-example array of one value, as a broadcast scalar. */
  full(shape: Shape, count: Count | null, value: number): Node;
  transpose(a: Node, axes: readonly number[]): Node;
  slice(a: Node, axis: number, from: number, to: number): Node;
  concat(args: readonly Node[], axis: number): Node;
  matmul(a: Node, b: Node, options?: { transposeA?: boolean; transposeB?: boolean }): Node;
}
