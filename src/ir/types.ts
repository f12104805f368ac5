/** Shapes, counts and distributions: the words that the checker, the graph and the plan share. */

/** The axes of ONE example; the batch axis is never among them. `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * How many examples a per-example value holds: the phase's `batch` (a number of the run), that many times over (inside a
 * `map`, where each entry is an example: see `ir/count.ts`), or a fixed number.
 */
export type Count = 'batch' | `batch*${number}` | number;

/** What an operation's rules look at. `batch` is true for a per-example value, false for a whole one. */
export interface Shaped {
  readonly shape: Shape;
  readonly batch: boolean;
}

/**
 * `normal(mean, std)`, `truncated_normal(mean, std, bound)` (within `bound` deviations), `uniform(lo, hi)`, `gumbel(location,
 * scale)`, `bernoulli(p)` (0 or 1), `categorical(logits)` (one-hot along the last axis; every class alike without logits).
 */
export type Distribution =
  | { readonly kind: 'normal'; readonly mean: number; readonly std: number }
  | { readonly kind: 'truncated_normal'; readonly mean: number; readonly std: number; readonly bound: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'gumbel'; readonly location: number; readonly scale: number }
  | { readonly kind: 'bernoulli'; readonly p: number }
  | { readonly kind: 'categorical'; readonly logits?: readonly number[] };

/** How a weight starts. Fans are the slot's (a convolution's count its window). */
export type Initializer =
  | { readonly kind: 'normal' | 'truncated_normal'; readonly mean: number; readonly std: number }
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  | { readonly kind: 'glorot_uniform' | 'glorot_normal' | 'he_uniform' | 'he_normal' | 'orthogonal' }
  | { readonly kind: 'constant'; readonly value: number };

/** An operation's compile-time arguments, resolved: every key of its signature is present. */
export type Attrs = Readonly<Record<string, Attr>>;
export type Attr = number | string | boolean | null | readonly Attr[] | { readonly [k: string]: Attr };

/** Numbers in row-major order: constants, and what the float64 interpreter computes. A per-example array has the count first. */
export interface NDArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What a declared type says besides its shape. */
export type Meaning = 'tensor' | 'image' | 'label' | 'sound' | 'text';

export interface DeclaredType {
  readonly meaning: Meaning;
  readonly shape: Shape;
}

/** One weight of a net, named by its place (`D/conv_1/kernel`). */
export interface WeightSpec {
  readonly name: string;
  readonly net: string;
  /** `D/conv_1`. */
  readonly layer: string;
  readonly slot: string;
  readonly shape: Shape;
  readonly init: Initializer;
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * State of a layer that no optimiser touches (`D/batch_norm_1/mean`, `…/variance`; a spectral norm's `…/u`, `…/v`).
 * `init` 'unit' is a random vector of length 1.
 */
export interface StatSpec {
  readonly name: string;
  readonly net: string;
  readonly layer: string;
  readonly shape: Shape;
  readonly init: 'zeros' | 'ones' | 'unit';
}
