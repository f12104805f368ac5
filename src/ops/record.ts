/**
 * What an operation is: ONE record says everything of it. The tables of `src/ops` are made of these, and from them
 * come signatures, hovers, reference pages, shape tests, gradient checks and lowerings.
 */
import type { Problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import type { Attrs, Initializer, NDArray, Shape, Shaped } from '../ir/types.ts';

/** One parameter as users write it. */
export interface Parameter {
  readonly name: string;
  readonly kind:
    | 'value' // a tensor
    | 'number' // a constant
    | 'scalar' // a constant, or a scalar that follows the step: `{ host }`, a HostExpr
    | 'integer'
    | 'boolean'
    | 'string'
    | 'size' // a number or [h, w]; resolved to [h, w] ([n] on [length, channels] values is [1, n])
    | 'integers' // a list of whole numbers, or (rest) several arguments
    | 'initializer';
  /** Left out: required. */
  readonly default?: number | string | boolean | null | readonly number[];
  /** Takes all further positional arguments (`concat(a, b, …)`, `reshape(7, 7, 128)`). */
  readonly rest?: boolean;
  /** For strings: the words allowed (a number may be allowed besides: `padding`). */
  readonly words?: readonly string[];
  readonly orNumber?: boolean;
  readonly doc?: string;
}

export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** FLOPs of one application for one example, a multiply-add counted as 2. */
export interface Cost {
  readonly flops: number;
}

interface Common {
  /** One sentence for hover and reference, then a paper or a convention where there is one. */
  readonly doc: string;
  /** null: users cannot write it (gradients and lowerings make it). */
  readonly signature: readonly Parameter[] | null;
  /**
   * Checks and completes the arguments: fills what depends on the operands (a negative axis becomes one from 0, `"same"`
   * stays a word). Called once, by the checker; later stages see its result. Without it the attributes are as written.
   */
  readonly resolve?: (args: readonly Shaped[], attrs: Attrs) => Attrs | Problem;
  /** The result's shape (of one example). Elementwise records use `broadcast` from ops/shapes.ts. */
  readonly shape: (args: readonly Shaped[], attrs: Attrs) => Shape | Problem;
  /** Whether the result is per example. Default: any operand is. */
  readonly batch?: (args: readonly Shaped[], attrs: Attrs) => boolean;
}

/** A primitive: the graph is made of these, and differentiation is closed over them. */
export interface Primitive extends Common {
  readonly kind: 'primitive';
  /** The result's count is the attribute `count`, whatever the operands': entries of an axis become examples, or back. */
  readonly recounts?: true;
  /** Operands broadcast against each other; the builder aligns the ranks of per-example ones. */
  readonly elementwise?: true;
  /**
   * Contribution to the gradient of operand `i` when the node's own gradient is `dy` (of the node's shape and count); null
   * where none flows. Builds ordinary nodes; broadcasting is undone by the caller (`unbroadcast`), so elementwise rules
   * need not care.
   */
  readonly gradient: (b: Builder, node: OpNode, dy: Node, i: number) => Node | null;
  /** What values the result can have, given the operands'. Sound, and as tight as is easy. */
  readonly range: (args: readonly Interval[], attrs: Attrs, shapes: readonly Shaped[]) => Interval;
  readonly cost: (args: readonly Shaped[], attrs: Attrs, result: Shape) => Cost;
  /**
   * In float64. Arrays of per-example operands have the count as first axis; whole ones don't. `args[i]` matches
   * `operands[i]`; the result has the count first if the node is per example. `node.count` (and an attribute `count`)
   * is a number here, never 'batch'.
   */
  readonly reference: (args: readonly NDArray[], node: OpNode) => NDArray;
  /** Local algebra (`x + 0`, `log(sigmoid(x))`): an equal, better node, or null. Called by the builder. */
  readonly simplify?: (b: Builder, args: readonly Node[], attrs: Attrs) => Node | null;
  readonly lower: {
    /**
     * A JavaScript expression for tfjs: `x` are the operands' variables (a number where the operand is a constant scalar),
     * `tf`, `nn` (runtimes/core/nn/nn.ts) and `run` in scope.
     */
    readonly tfjs: (x: readonly string[], node: OpNode) => string;
    /**
     * For elementwise operations that a chain can hold: an expression of the formulas of runtimes/core/formula/fused.ts; `x` are
     * names, numbers or parenthesised expressions.
     */
    readonly formula?: (x: readonly string[], node: OpNode) => string;
    /**
     * For reductions that a formula can hold under the operation's own name: the axes that they reduce at run time, and
     * whether those stay as 1.
     */
    readonly reduces?: (node: OpNode) => { readonly axes: readonly number[]; readonly keep: boolean };
  };
  /** Inputs on which the generated tests run: shapes, attributes, and the open interval inputs are drawn from. */
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly operands: readonly (Shaped & { readonly from?: readonly [number, number] })[];
  /** As `resolve` leaves them: the form that nodes carry (of a composite or layer: that `build` is given). */
  readonly attrs?: Attrs;
  /** Which operands a gradient is checked for; default all. */
  readonly wrt?: readonly number[];
  /** Kinks: keep inputs at least 0.05 from these values, and from each other (`max`, `sort`). */
  readonly avoid?: readonly number[];
  readonly distinct?: boolean;
}

/** What a composite or layer may ask of the evaluation it stands in. */
export interface BuildContext {
  /** Training mode: batch statistics, dropout. */
  readonly training: boolean;
  /** A uniform [0, 1) draw of this shape at this place (dropout), per example. */
  readonly uniform: (shape: Shape) => Node;
  /** A state of the layer, at its current version: `stat('mean')`. */
  readonly stat: (slot: string) => Node;
  /** Says that this training evaluation moves the average: `average ← keep·average + (1 − keep)·value`. */
  readonly move: (slot: string, value: Node, keep: number) => void;
  /** Asks for one power iteration on this version of the kernel, before `u` and `v` are read. */
  readonly iterate: (kernel: Node, u: string, v: string) => void;
}

/** An operation that says itself in primitives (`var`, `silu`, `minibatch_stddev`). Ranges, costs and gradients follow. */
export interface Composite extends Common {
  readonly kind: 'composite';
  readonly build: (b: Builder, args: readonly Node[], attrs: Attrs, context: BuildContext) => Node;
  readonly samples: readonly Sample[];
  /** True where it draws (dropout): the checker gives each use a place. */
  readonly draws?: boolean;
  /** A tighter range than the built graph's. */
  readonly range?: (args: readonly Interval[], attrs: Attrs, shapes: readonly Shaped[]) => Interval;
}

export interface Slot {
  readonly slot: string;
  readonly shape: Shape;
  readonly init: Initializer;
  readonly fanIn: number;
  readonly fanOut: number;
}

/** A layer: it owns weights, and says itself in primitives. */
export interface Layer extends Common {
  readonly kind: 'layer';
  readonly weights: (args: readonly Shaped[], attrs: Attrs) => readonly Slot[];
  readonly stats?: (
    args: readonly Shaped[],
    attrs: Attrs,
  ) => readonly { readonly slot: string; readonly shape: Shape; readonly init: 'zeros' | 'ones' | 'unit' }[];
  readonly build: (
    b: Builder,
    args: readonly Node[],
    attrs: Attrs,
    weights: Readonly<Record<string, Node>>,
    context: BuildContext,
  ) => Node;
  readonly samples: readonly Sample[];
}

export type Operation = Primitive | Composite | Layer;
