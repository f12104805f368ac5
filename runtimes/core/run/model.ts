/**
 * What an emitted trainer hands to the runtime, and what the runtime hands to its step: the whole contract between
 * generated code and runtime.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { OptimiserName } from '../optimisers.ts';

export type DistributionSpec =
  | { kind: 'normal'; mean: number; std: number }
  | { kind: 'truncated_normal'; mean: number; std: number; bound: number }
  | { kind: 'uniform'; low: number; high: number }
  | { kind: 'gumbel'; location: number; scale: number }
  | { kind: 'bernoulli'; p: number }
  | { kind: 'categorical'; logits?: readonly number[] };

export type InitSpec =
  | { kind: 'normal' | 'truncated_normal'; mean: number; std: number }
  | { kind: 'uniform'; low: number; high: number }
  | { kind: 'glorot_uniform' | 'glorot_normal' | 'he_uniform' | 'he_normal' | 'orthogonal' }
  | { kind: 'constant'; value: number };

export interface TypeSpec {
  meaning: 'tensor' | 'image' | 'label' | 'sound' | 'text';
  shape: number[];
}

export interface RecordSpec {
  fields: { name: string; type: TypeSpec }[];
  from: string | null;
  /** Absent: the source is read as it is. */
  reading?: ReadingSpec;
}

/** How a record's source is read: the arguments of its `data` declaration. What is absent was not asked for. */
export interface ReadingSpec {
  /**
   * What the fields are called in the source (arrays of an NPZ, columns of a CSV, folders), in the record's order; of a field
   * of several numbers perhaps each column.
   */
  readonly fields?: readonly (string | readonly string[])[];
  /** The source is a series (or sound, or text) from which windows as long as the type are cut, this far apart. */
  readonly stride?: number;
  /** The share of the examples from here to there, each from 0 to 1. */
  readonly part?: readonly [number, number];
  /** The classes of the record's first label that are kept, by number or name. */
  readonly only?: readonly (number | string)[];
  /** The first two fields are two examples of one class. */
  readonly pairs?: boolean;
  /** Pictures are mirrored left to right, every second one, by chance. */
  readonly flip?: boolean;
  /** Pictures are moved by up to so many pixels each way, by chance. */
  readonly crop?: number;
}

export interface CompiledModel {
  /** Format of this contract; the runtime refuses another. */
  format: 1;
  name: string;
  doc: string;
  /** Where it was compiled from, for messages. */
  source: string;
  params: Record<string, number | string | boolean | number[]>;
  /** One entry a record. */
  data: RecordSpec[];
  noise: { name: string; dist: DistributionSpec; shape: number[] }[];
  /** Values that live on from step to step. Absent where the model has none. */
  states?: StateSpec[];
  nets: { name: string; from: string | null }[];
  weights: { name: string; net: string; shape: number[]; init: InitSpec; fanIn: number; fanOut: number }[];
  stats: { name: string; net: string; shape: number[]; init: 'zeros' | 'ones' | 'unit' }[];
  optimizers: OptimizerSpec[];
  phases: PhaseSpec[];
  outputs: OutputSpec[];
  /** Critics of points in the plane, whose values can be drawn as a surface. Absent where the model has none. */
  probes?: ProbeSpec[];
}

export interface StateSpec {
  name: string;
  /** Of one example, where it holds examples. */
  shape: number[];
  /** How many examples it holds; null for a whole value. */
  count: number | 'batch' | null;
  /** What it is before it is first set: row-major values of a whole one, a distribution of the others. */
  start: { kind: 'value'; values: number[] } | { kind: 'draw'; dist: DistributionSpec };
}

export interface OptimizerSpec {
  name: string;
  rule: OptimiserName;
  /** Of one that is written in an update: what its state belongs to, as the file says it. Null where it has a name. */
  update: { phase: string; nets: string[]; goal: string; settings: string } | null;
}

export interface PhaseSpec {
  name: string;
  batch: number;
  /** 2 where a batch norm has one value of each example: a batch of 1 would leave it nothing to normalise. */
  leastBatch?: number;
  /** The number of examples is part of the compiled shapes (`batch(v)` in the file). */
  fixedBatch?: boolean;
  steps: number | null;
  epochs: number | null;
  epochSource: string | null;
  averaged: string[];
  frozen: string[];
  losses: string[];
  metrics: string[];
  /**
   * What updates minimise beyond named losses: noted under `name` at each step and never written down, so that a value that
   * is no number is found at once. `update` is the statement, on this line of the file.
   */
  objectives?: { name: string; update: string; line: number }[];
  step: (run: Run) => Promise<void>;
}

export interface OutputSpec {
  name: string;
  type: TypeSpec;
  doc: string;
  sources: string[];
  /** The states that it reads. */
  states?: string[];
  /** Inference mode. `inputs` holds a tensor for each of `sources`; the caller owns the result. */
  evaluate: (run: OutputRun) => Promise<Tensor> | Tensor;
}

/**
 * A net that takes one point and gives one number, where the data has such points: `run.samples[source]` are the points,
 * [count, 2], in the data's coordinates. Evaluated as an output with `sources: [source]` is.
 */
export interface ProbeSpec {
  /** The net's. */
  name: string;
  /** The field of data that its points are like. */
  source: string;
  /** Inference mode; a number a point: [count] or [count, 1]. The caller owns the result. */
  evaluate: (run: OutputRun) => Promise<Tensor> | Tensor;
}

/** What generated code may ask of the run. Tensors that it is given belong to the run, except where said. */
export interface Run {
  /** The phase's step from 0, passes of its first data source, and step / steps. */
  readonly step: number;
  readonly epoch: number;
  readonly progress: number;
  readonly batch: number;
  /** Losses and metrics of this step will be written down. Known once the step has drawn its samples. */
  readonly logging: boolean;

  /** Current tensors by name (`D/conv_1/kernel`, `D/batch_norm_1/mean`): weights and stats together. */
  readonly live: Record<string, Tensor>;
  readonly frozen: Record<string, Tensor>;
  readonly averaged: Record<string, Tensor>;
  /** Current values of states, by name. */
  readonly states: Record<string, Tensor>;

  /** Draws a fresh minibatch of these sources (fields of one record together); their former samples are freed. */
  sample(names: string[], count?: number): Promise<void>;
  /** The current samples. */
  readonly samples: Record<string, Tensor>;
  /** A draw without a name, fixed by its place (`place#k`) and the latest sample; the caller owns it. */
  draw(place: string, dist: DistributionSpec, shape: number[]): Tensor;

  /** One optimiser step. Takes the gradients over (frees them), replaces the weights. `hyper.clip_norm` is over all. */
  update(optimizer: string, gradients: Record<string, Tensor>, hyper: Hyper): void;
  clip(net: string, low: number, high: number): void;
  /** Scales all of a net's weights by one factor, so that their Euclidean norm together is at most this. */
  clipNorm(net: string, most: number): void;
  average(net: string, decay: number): void;
  /** Gives a state another value; `value` stays the caller's. */
  set(state: string, value: Tensor): void;
  /** Keeps a copy of a net's weights, in the place of the last one. */
  save(net: string): void;
  /** Puts the weights that were saved back; leaves them as they are where none were. */
  restore(net: string): void;
  /** Moves averages, by name: stat ← keep·stat + (1 − keep)·value. The values stay the caller's. */
  move(values: Record<string, Tensor>, keep: number): void;
  /** One power iteration of a spectral norm, if the kernel changed since the last one. */
  iterate(kernel: string, u: string, v: string): void;
  /** Notes a scalar under its name; `value` stays the caller's (it is copied or read at once). */
  log(name: string, value: Tensor): void;
}

export type Hyper = Record<string, number | boolean | null>;

/** What an output's function is given. */
export interface OutputRun {
  readonly batch: number;
  readonly step: number;
  readonly epoch: number;
  readonly progress: number;
  /** Weights and stats, the averaged ones where the phase averages. */
  readonly output: Record<string, Tensor>;
  readonly live: Record<string, Tensor>;
  readonly frozen: Record<string, Tensor>;
  readonly averaged: Record<string, Tensor>;
  /** Of one that holds examples: as many as `batch`, from the first again where it has fewer. */
  readonly states: Record<string, Tensor>;
  readonly samples: Record<string, Tensor>;
  draw(place: string, dist: DistributionSpec, shape: number[]): Tensor;
}
