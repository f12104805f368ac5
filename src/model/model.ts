/**
 * The checked program: names resolved, blocks inlined, constants worked out, every value typed. A net stays a
 * function (it is evaluated on different weights, samples and in different modes), so its calls stay calls.
 */
import type { Span } from '../diagnostics/diagnostic.ts';
import type { HostExpr } from '../ir/host.ts';
import type {
  Attrs,
  Count,
  DeclaredType,
  Distribution,
  NDArray,
  Shape,
  StatSpec,
  WeightSpec,
} from '../ir/types.ts';
import type { OptimiserName } from '../ops/optimisers.ts';

export interface Model {
  /**
   * The file has no errors. Without it the Model is partial: it has what checks. Nets whose bodies do not check are there
   * with their declared types; values and phases that do not check are left out. `soundPart` gives what can be planned.
   */
  readonly whole: boolean;
  /** The file's base name without `.gan`. */
  readonly name: string;
  readonly path: string;
  readonly doc: string;
  readonly params: readonly {
    readonly name: string;
    readonly value: ConstantValue;
    readonly doc: string;
    readonly span: Span;
  }[];
  readonly data: readonly DataRecord[];
  readonly noise: readonly NoiseSource[];
  readonly states: readonly StateSpec[];
  readonly nets: readonly Net[];
  /** The named `optimizer` declarations, then one for each optimiser written in an update (`train/D/d_loss/adam`). */
  readonly optimizers: readonly OptimizerSpec[];
  readonly values: readonly NamedValue[];
  readonly phases: readonly Phase[];
}

export type ConstantValue = number | string | boolean | readonly number[];

export interface DataRecord {
  /** One name for `data x ~ …`, several for a record. */
  readonly fields: readonly { readonly name: string; readonly type: DeclaredType; readonly span: Span }[];
  readonly from: string | null;
  /** How the source is read; null: as it is. */
  readonly reading: DataReading | null;
  readonly doc: string;
  readonly span: Span;
}

/** The arguments of a `data` declaration that were given. `ReadingSpec` of runtimes/core/run/model.ts says what they mean. */
export interface DataReading {
  readonly fields?: readonly (string | readonly string[])[];
  readonly stride?: number;
  readonly part?: readonly [number, number];
  readonly only?: readonly (number | string)[];
  readonly pairs?: boolean;
  readonly flip?: boolean;
  readonly crop?: number;
}

export interface NoiseSource {
  readonly name: string;
  readonly dist: Distribution;
  readonly shape: Shape;
  readonly doc: string;
  readonly span: Span;
}

/** A value that lives on from step to step, until a `set` gives it another. */
export interface StateSpec {
  readonly name: string;
  readonly shape: Shape;
  /** How many examples it holds: the phase's batch, or a number of its own; null for a whole value. */
  readonly count: Count | null;
  /** What it is before the first `set`. */
  readonly start: StateStart;
  readonly doc: string;
  readonly span: Span;
}
export type StateStart =
  | { readonly kind: 'value'; readonly value: NDArray }
  | { readonly kind: 'draw'; readonly dist: Distribution };

export interface Net {
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly type: DeclaredType }[];
  /** One unnamed result, or named ones. */
  readonly results: readonly { readonly name: string | null; readonly type: DeclaredType }[];
  /** Own weights in text order (not those of nets that it calls). */
  readonly weights: readonly WeightSpec[];
  readonly stats: readonly StatSpec[];
  /** Names of nets that it calls, directly. */
  readonly calls: readonly string[];
  readonly from: string | null;
  /** Keyed by which parameters are per example ('e') and which whole ('w'), in order: a body is typed for that. */
  readonly bodies: ReadonlyMap<string, NetBody>;
  readonly doc: string;
  readonly span: Span;
}

export interface NetBody {
  readonly params: readonly ParamTerm[];
  /** In the order of `results`. */
  readonly results: readonly Term[];
}

/**
 * A typed expression, a DAG by object identity: what has one name is one Term. `batch` true is per example.
 * Terms are made once and never copied; passes key maps by the object.
 */
export type Term =
  | OpTerm
  | LayerTerm
  | ResultTerm
  | ParamTerm
  | SourceTerm
  | StateTerm
  | DrawTerm
  | ConstantTerm
  | HostTerm
  | GradTerm
  | LoopTerm
  | TurnTerm
  | JvpTerm
  | EntryTerm
  | MapTerm
  | WeightTerm;

interface TermBase {
  readonly shape: Shape;
  readonly batch: boolean;
  readonly span: Span;
  /** The `let`, parameter or source that names it; null for what stands inside an expression. Set once at binding. */
  name: string | null;
}

/** A pure operation of `src/ops` that users can write (operators under their names: `add`, `neg`, …). */
export interface OpTerm extends TermBase {
  readonly kind: 'op';
  readonly op: string;
  readonly args: readonly Term[];
  readonly attrs: Attrs;
  /** For operations that draw (dropout): tells it from others of its kind in the text. */
  readonly place: string | null;
  /** For operations that draw: the loops that it stands in, which draw anew at each turn. */
  readonly turns?: readonly TurnTerm[];
}
export interface LayerTerm extends TermBase {
  readonly kind: 'layer';
  readonly layer: string;
  /** `D/conv_1`. */
  readonly path: string;
  readonly args: readonly Term[];
  readonly attrs: Attrs;
  readonly weights: readonly WeightSpec[];
  readonly stats: readonly StatSpec[];
}
/** One result of a net's call. All results of one call share the object `call`. */
export interface ResultTerm extends TermBase {
  readonly kind: 'result';
  readonly call: NetCall;
  readonly index: number;
}
export interface NetCall {
  readonly net: string;
  /** `G(z)` is 'self'; `G.averaged(z)`, … theirs. */
  readonly variant: 'self' | 'frozen' | 'averaged' | 'live';
  readonly args: readonly Term[];
  /** Key of `Net.bodies`. */
  readonly body: string;
  /** The loops that the call stands in: what its body draws, it draws anew at each turn. */
  readonly turns?: readonly TurnTerm[];
  /** What the net's own weights are in this call, by their names; without it they are its own. */
  readonly weights?: ReadonlyMap<string, Term>;
  readonly span: Span;
}
/** A weight as a value: `D.weights.conv_1.kernel`. */
export interface WeightTerm extends TermBase {
  readonly kind: 'weight';
  readonly weight: WeightSpec;
  readonly variant: NetCall['variant'];
}
/** A net's own parameter, inside its body. */
export interface ParamTerm extends TermBase {
  readonly kind: 'param';
  readonly net: string;
  readonly index: number;
}
export interface SourceTerm extends TermBase {
  readonly kind: 'source';
  readonly source: string;
}
/** The value of a state as it is when the term is evaluated. */
export interface StateTerm extends TermBase {
  readonly kind: 'state';
  readonly state: string;
  readonly count: Count | null;
}
export interface DrawTerm extends TermBase {
  readonly kind: 'draw';
  readonly dist: Distribution;
  /** Unique in the program. */
  readonly place: string;
  /** The loops that it stands in: it is drawn anew at each turn. */
  readonly turns?: readonly TurnTerm[];
}
export interface ConstantTerm extends TermBase {
  readonly kind: 'constant';
  readonly value: NDArray;
}
/** A whole scalar of `step`, `epoch` and `progress`. */
export interface HostTerm extends TermBase {
  readonly kind: 'host';
  readonly expr: HostExpr;
}
/** ∂(Σ y)/∂x. */
export interface GradTerm extends TermBase {
  readonly kind: 'grad';
  readonly y: Term;
  readonly x: Term;
  /** All values that `y` is differentiated by at the same time, `x` among them: the gradients by them share this list. */
  readonly xs: readonly Term[];
}
/** Σᵢ ∂y/∂xᵢ · vᵢ, of y's shape. The `xs` count as independent of each other; `vs` runs parallel to them. */
export interface JvpTerm extends TermBase {
  readonly kind: 'jvp';
  readonly y: Term;
  readonly xs: readonly Term[];
  readonly vs: readonly Term[];
}
/** Each entry of the first axis of `over`, as an example: what the function of a `map` is given. */
export interface EntryTerm extends TermBase {
  readonly kind: 'entry';
  readonly over: Term;
}
/** The results for all entries, `[n, …]`, per example where `over` is. */
export interface MapTerm extends TermBase {
  readonly kind: 'map';
  readonly entry: EntryTerm;
  /** For one entry; it is made of `entry` and draws alone. */
  readonly result: Term;
}

/** One result of a loop: the last values carried, then the values collected. All results share the object `loop`. */
export interface LoopTerm extends TermBase {
  readonly kind: 'loop';
  readonly loop: Loop;
  readonly index: number;
}
/** `repeat` and `scan`: the same terms worked out `turns` times. What hangs on no `TurnTerm` of it is the same in all turns. */
export interface Loop {
  readonly turns: number;
  /** The number of the turn, from 0. */
  readonly position: TurnTerm;
  /** Values handed from turn to turn: of one shape all the way. `start` may be whole where `turn` is per example. */
  readonly carried: readonly { readonly start: Term; readonly turn: TurnTerm; readonly next: Term }[];
  /** Sequences `[turns, …]`, of which each turn is given its entry. */
  readonly scanned: readonly { readonly sequence: Term; readonly turn: TurnTerm }[];
  /** Values of each turn that are kept, stacked along a new first axis. */
  readonly collected: readonly Term[];
  readonly span: Span;
}
/** What a turn of a loop is given: its number, a carried value, or an entry of a sequence. */
export interface TurnTerm extends TermBase {
  readonly kind: 'turn';
  /** `repeat_1/state_0`: unique in the program (a net's bodies under different signatures have the same). */
  readonly place: string;
  /** It is the number of the turn. */
  readonly position: boolean;
}

export interface NamedValue {
  readonly kind: 'loss' | 'metric' | 'output';
  readonly name: string;
  readonly term: Term;
  /** For an output: what it is drawn as. A tuple's fields become outputs `name.field`. */
  readonly meaning: DeclaredType['meaning'];
  readonly doc: string;
  readonly span: Span;
}

/** Hyperparameters in PyTorch's terms; every one is present (defaults filled in). */
export interface OptimizerSpec {
  readonly name: string;
  readonly rule: OptimiserName;
  /** Keys as in language.md: `lr`, `beta1`, …; `nesterov` is a boolean, `clip_norm` null where none. */
  readonly hyper: Readonly<Record<string, HostExpr | boolean | null>>;
  /** Where it is written in an update, what tells it from others when the file is edited; null with a name of its own. */
  readonly update: UpdateIdentity | null;
  readonly span: Span;
}

/** What the state of an optimiser that is written in an update belongs to. */
export interface UpdateIdentity {
  readonly phase: string;
  /** The nets that it moves. */
  readonly nets: readonly string[];
  /** As written: `minimize d_loss`. */
  readonly goal: string;
  /** As written: `adam(2e-4, beta1 = 0.5)`. */
  readonly settings: string;
}

export interface Phase {
  /** `train`, or the given name; unnamed phases after the first `train_2`, …. */
  readonly name: string;
  readonly batch: number;
  /** The least batch that it runs with: 2 where a batch norm has one value of each example, which only others vary. */
  readonly leastBatch: 1 | 2;
  /** The number of examples is part of a shape (`batch(v)`), so a run keeps to `batch`. */
  readonly fixedBatch: boolean;
  /** `steps` null under `epochs`, and the other way round. */
  readonly steps: number | null;
  readonly epochs: number | null;
  readonly body: readonly Action[];
  readonly span: Span;
}

/** A checked statement. */
export type Action =
  | {
      readonly kind: 'sample';
      readonly sources: readonly string[];
      readonly count: number | null;
      readonly span: Span;
    }
  | UpdateAction
  /** Nets are restored after the gradients are taken, and before the steps. */
  | {
      readonly kind: 'together';
      readonly restored: readonly string[];
      readonly updates: readonly UpdateAction[];
      readonly span: Span;
    }
  | {
      readonly kind: 'repeat';
      readonly count: HostExpr;
      readonly body: readonly Action[];
      readonly span: Span;
    }
  | { readonly kind: 'every'; readonly period: number; readonly body: readonly Action[]; readonly span: Span }
  | { readonly kind: 'once'; readonly body: readonly Action[]; readonly span: Span }
  | {
      readonly kind: 'clip';
      readonly net: string;
      readonly to: Bounds;
      readonly span: Span;
    }
  | { readonly kind: 'average'; readonly net: string; readonly decay: HostExpr; readonly span: Span }
  | SetAction
  | { readonly kind: 'save' | 'restore'; readonly nets: readonly string[]; readonly span: Span }
  /** An `else` is a condition of its own: conditions look at the clocks alone, which stand still within a step. */
  | {
      readonly kind: 'if';
      readonly condition: HostExpr;
      readonly body: readonly Action[];
      readonly span: Span;
    };

export interface SetAction {
  readonly kind: 'set';
  readonly state: string;
  /** Of the state's shape, or one number that fills it; whole for a state of examples is the value of each of them. */
  readonly value: Term;
  readonly span: Span;
}

/** What `clip` holds weights to: each to a range, or all together to a Euclidean norm. */
export type Bounds =
  | { readonly kind: 'range'; readonly low: HostExpr; readonly high: HostExpr }
  | { readonly kind: 'norm'; readonly most: HostExpr };

export interface UpdateAction {
  readonly kind: 'update';
  readonly nets: readonly string[];
  readonly direction: 'minimize' | 'maximize';
  readonly objective: Term;
  /** The declared losses that the objective is made of: what gets logged under its name when this update evaluates it. */
  readonly losses: readonly string[];
  /** Name in `Model.optimizers`. */
  readonly optimizer: string;
  readonly span: Span;
}
