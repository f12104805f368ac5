/**
 * The plan: the whole training step in order, as statements over graph nodes, with every value computed once and freed
 * after its last use. Emission prints it; the float64 oracle runs it.
 */

import type { Span } from '../diagnostics/diagnostic.ts';
import type { Copy, Node, OpNode } from '../ir/graph.ts';
import type { HostExpr } from '../ir/host.ts';
import { type LoopNode, type PartNode, stackedAs } from '../ir/loops.ts';
import type { Count, DeclaredType, StatSpec, WeightSpec } from '../ir/types.ts';
import type {
  Bounds,
  ConstantValue,
  DataRecord,
  Net,
  NoiseSource,
  OptimizerSpec,
  StateSpec,
} from '../model/model.ts';
import type { Reduced } from './group.ts';

export interface Plan {
  readonly name: string;
  readonly path: string;
  readonly doc: string;
  readonly params: readonly { readonly name: string; readonly value: ConstantValue }[];
  readonly data: readonly DataRecord[];
  readonly noise: readonly NoiseSource[];
  readonly states: readonly StateSpec[];
  readonly nets: readonly Net[];
  readonly weights: readonly WeightSpec[];
  readonly stats: readonly StatSpec[];
  readonly optimizers: readonly OptimizerSpec[];
  readonly phases: readonly PhasePlan[];
  readonly outputs: readonly OutputPlan[];
  /** Nets that give each point of the plane a number, evaluated like outputs on the points given; named as the net. */
  readonly probes: readonly OutputPlan[];
  /** After `outline`: what its calls call. */
  readonly routines?: readonly Routine[];
}

/** An evaluation of a net, or the way back through one, as it is called in several places (`outline.ts`). */
export interface Routine {
  readonly net: string;
  /** 0 for an evaluation, 1 for the way back. */
  readonly derived: number;
  /** Values that calls give it; the nodes are those of one of the places. */
  readonly params: readonly Node[];
  /** Weights in it are those that the call names. */
  readonly body: readonly Step[];
  readonly results: readonly Node[];
  /** The first of the results is what the net gives, the others are what backward steps read. */
  readonly hasValue: boolean;
  /** Results that are there only for calls with `keep`; null: all calls need the same. */
  readonly keeps: ReadonlySet<Node> | null;
}

export interface CallStep {
  readonly kind: 'call';
  readonly routine: Routine;
  /** `D(x)`. */
  readonly label: string;
  /** Which copy of the weights it reads. */
  readonly copy: Copy | null;
  /** Parallel to the parameters; 0 where a sum begins. */
  readonly args: readonly (Node | 0)[];
  /** Parallel to the results; null for what is not read here and is freed at once. */
  readonly results: readonly (Node | null)[];
  readonly keep: boolean;
  /** Arguments that are not used again. */
  readonly after: readonly Node[];
}

/** What the source calls the results of nets (`fake`), whose nodes come from inside the net. */
export type Names = ReadonlyMap<Node, string>;

/** What the run calls each draw (`draws.ts`). */
export type DrawNames = ReadonlyMap<Node, string>;

export interface PhasePlan {
  readonly name: string;
  readonly batch: number;
  /** The least batch that it runs with. */
  readonly leastBatch: 1 | 2;
  /** The counts of the plan are numbers: a run keeps to `batch`. */
  readonly fixedBatch: boolean;
  readonly steps: number | null;
  readonly epochs: number | null;
  /** The source whose passes `epoch` counts (the first data of the phase's samples); null: none. */
  readonly epochSource: string | null;
  /** Nets with an `average` statement; their outputs use the average. */
  readonly averaged: readonly string[];
  /** Nets whose weights are copied as the phase begins. */
  readonly frozen: readonly string[];
  readonly body: readonly Step[];
  /** Names logged: losses by updates, metrics at the end of logged steps. */
  readonly losses: readonly string[];
  readonly metrics: readonly string[];
  /**
   * What updates minimise beyond the named losses, by the name under which it is noted: watched at each step, and never
   * written down.
   */
  readonly objectives: readonly { readonly name: string; readonly text: string; readonly span: Span }[];
  readonly names: Names;
  readonly draws: DrawNames;
  readonly span: Span;
}

export type Step =
  | {
      readonly kind: 'sample';
      readonly sources: readonly string[];
      /** What has new values then: the sources, and the other fields of their records. */
      readonly drawn: readonly string[];
      readonly count: Count;
      readonly span: Span;
    }
  /**
   * Evaluates one node; its arguments have been evaluated, in this block or one around. Of the leaves only draws and
   * constants with axes are computed; scalar constants stand where they are used.
   */
  | { readonly kind: 'compute'; readonly node: Node }
  /**
   * Evaluates a group of elementwise operations in one pass, and sums and means of them; only `results` are kept. Several
   * groups may evaluate the same node for themselves, where none of them keeps it.
   */
  | {
      readonly kind: 'fuse';
      readonly nodes: readonly OpNode[];
      readonly results: readonly OpNode[];
      readonly reduced: Reduced | null;
    }
  /** Runs a loop: `body` is one turn. Of its results those are made that are read. */
  | {
      readonly kind: 'loop';
      readonly node: LoopNode;
      readonly results: readonly PartNode[];
      readonly body: readonly Step[];
    }
  /** These values are not used again. Each computed value is freed in the block that computed it, gradients after their update. */
  | {
      readonly kind: 'free';
      readonly nodes: readonly Node[];
      /** In a routine: only where the call does not keep them. */
      readonly unlessKept?: boolean;
    }
  | CallStep
  /** New weights from gradients; the nets' versions advance. `gradients` parallel `weights`. */
  | {
      readonly kind: 'update';
      readonly optimizer: string;
      readonly weights: readonly string[];
      readonly gradients: readonly Node[];
      readonly text: string;
      readonly span: Span;
    }
  | {
      readonly kind: 'clip';
      readonly net: string;
      readonly to: Bounds;
      readonly span: Span;
    }
  | { readonly kind: 'average'; readonly net: string; readonly decay: HostExpr; readonly span: Span }
  /** A state takes a value, which is read before it changes. */
  | { readonly kind: 'set'; readonly state: string; readonly value: Node; readonly span: Span }
  /** Keeps a copy of these nets' weights, or puts the latest one back. */
  | { readonly kind: 'save' | 'restore'; readonly nets: readonly string[]; readonly span: Span }
  /** Averages of batch norms move, all at once: stat ← keep·stat + (1 − keep)·value. `values` parallel `stats`. */
  | {
      readonly kind: 'move';
      readonly stats: readonly string[];
      readonly values: readonly Node[];
      readonly keep: number;
    }
  /** One power iteration, if the kernel has changed since the last: v ← K̂ᵀu/‖·‖, u ← K̂v/‖·‖. */
  | { readonly kind: 'iterate'; readonly kernel: string; readonly u: string; readonly v: string }
  | { readonly kind: 'log'; readonly name: string; readonly value: Node }
  | { readonly kind: 'repeat'; readonly count: HostExpr; readonly body: readonly Step[]; readonly span: Span }
  /** `guard`: the block runs at steps divisible by `every`, at the first step, where a condition holds, at logged steps, or where a loop will run at all. */
  | { readonly kind: 'when'; readonly guard: Guard; readonly body: readonly Step[]; readonly span: Span };

/** The values of a turn that a loop has to hand out: what the next turn is given, and what is stacked, in the order of `results`. */
export function turnResults({ node, results }: Pick<Extract<Step, { kind: 'loop' }>, 'node' | 'results'>): {
  readonly next: readonly Node[];
  readonly kept: readonly Node[];
} {
  const { region } = node;
  return {
    next: region.next,
    kept: results.flatMap((part) => stackedAs(region, part.attrs.index as number) ?? []),
  };
}

/** What a group reads from outside of itself, each once. */
export function operandsOf({ nodes }: Extract<Step, { kind: 'fuse' }>): Node[] {
  const members = new Set<Node>(nodes);
  return [...new Set(nodes.flatMap((node) => node.args))].filter((arg) => !members.has(arg));
}

export type Guard =
  | { readonly kind: 'every'; readonly period: number }
  | { readonly kind: 'once' }
  | { readonly kind: 'if'; readonly condition: HostExpr }
  | { readonly kind: 'logged' }
  | { readonly kind: 'positive'; readonly count: HostExpr };

export interface OutputPlan {
  readonly name: string;
  readonly type: DeclaredType;
  readonly doc: string;
  /** Noise and data that it is a function of, and the batch of draws inside it. */
  readonly sources: readonly string[];
  /** The states that it reads. */
  readonly states: readonly string[];
  readonly body: readonly Step[];
  readonly result: Node;
  readonly names: Names;
  readonly draws: DrawNames;
  readonly span: Span;
}
