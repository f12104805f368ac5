/**
 * The graph: immutable, typed, hash-consed nodes in primitive operations. The same value is the same node, so
 * sharing needs no pass of its own: leaves carry the version of the samples and weights that they stand for, and two
 * evaluations at the same versions are the same node.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { HostExpr } from './host.ts';
import type { Attrs, Count, Distribution, NDArray, Shape } from './types.ts';

interface Base {
  /** Position in the builder's order: arguments always have smaller ids than the nodes that use them. */
  readonly id: number;
  readonly shape: Shape;
  /** null for a whole value. */
  readonly count: Count | null;
  /** Where it was written; kept to the end (comments, source map). Not part of a node's identity. */
  readonly span: Span;
  /** The place in the networks that made it (`D/conv_1`), or the user's name for it; names the emitted variable. */
  readonly origin: string;
  /** 0 for what the source says, 1 for what a gradient of that is made of, 2 for a gradient of a gradient. */
  readonly derived: number;
}

export type Node = OpNode | LeafNode;

/** An application of a primitive operation of `src/ops`. */
export interface OpNode extends Base {
  readonly kind: 'op';
  readonly op: string;
  readonly args: readonly Node[];
  readonly attrs: Attrs;
  /** Of a `loop`. Its arguments are the starts of what it carries, its sequences, and what its turns read besides. */
  readonly region?: Region;
}

/**
 * What one turn of a loop computes. What hangs on none of the turn's leaves is the same in all turns: it is worked out once,
 * outside, and the turn reads it. A `loop` has several results, of which `part` takes one: the last values of what it
 * carries, then what it collects (stacked along a new first axis of an example), then the values with which each turn began,
 * stacked likewise, for gradients. Of these only those are made that are asked for.
 */
export interface Region {
  readonly turns: number;
  /** From the last turn to the first: the way back of a gradient. Positions, sequences and stacks keep their places. */
  readonly reverse: boolean;
  /** The number of the turn. */
  readonly position: LeafNode;
  readonly carried: readonly LeafNode[];
  readonly scanned: readonly LeafNode[];
  /** What the next turn is given; parallel to `carried`. */
  readonly next: readonly Node[];
  readonly collected: readonly Node[];
  /** What a turn works out, arguments first. */
  readonly inside: readonly Node[];
}

export interface LeafNode extends Base {
  readonly kind: 'leaf';
  readonly leaf: Leaf;
}

/** Which copy of a net's weights. `output` is what outputs use: the average where the phase keeps one, else the weights. */
export type Copy = 'live' | 'frozen' | 'averaged' | 'output';

export type Leaf =
  | { readonly kind: 'constant'; readonly value: NDArray }
  | { readonly kind: 'host'; readonly expr: HostExpr }
  /** The number of examples, for means written out by gradients. A whole scalar. */
  | { readonly kind: 'count'; readonly count: Count }
  | { readonly kind: 'source'; readonly name: string; readonly version: number }
  | { readonly kind: 'state'; readonly name: string; readonly version: number }
  | { readonly kind: 'weight'; readonly name: string; readonly copy: Copy; readonly version: number }
  | { readonly kind: 'stat'; readonly name: string; readonly copy: Copy; readonly version: number }
  /** What a turn of a loop is given: its position (a number of the host), a carried value, an entry of a sequence. */
  | { readonly kind: 'turn'; readonly place: string; readonly position: boolean }
  /**
   * A draw without a name. `place` tells it from other draws of the text, and `call` tells apart the calls of nets that
   * led to it (0: none). It is fixed by these two and the latest `sample`: `version`.
   */
  | {
      readonly kind: 'draw';
      readonly place: string;
      readonly call: number;
      readonly dist: Distribution;
      readonly version: number;
      /** The positions of the loops that it stands in: each turn draws anew. */
      readonly turns?: readonly Node[];
    };
