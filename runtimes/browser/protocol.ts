/**
 * What the page and the worker that trains say to each other: plain data, one union for each direction.
 *
 * A request has an `id`; its answer, or the `problem` that came of it, has the same. Where a message carries an
 * `ArrayBuffer` or a typed array of its own, it is transferred. Names of data are those of a record's first field.
 */
import type { DataFacts } from '../core/run/facts.ts';
import type { LogEntry } from '../core/run/loop.ts';
import type { DistributionSpec, TypeSpec } from '../core/run/model.ts';

export type { DataFacts, DistributionSpec, LogEntry, TypeSpec };

// ---- what a page asks ----

export type ToWorker =
  /** Begins a run; one that there is ends first. Answers: `state` starting, `started`, `real`, `state` running. */
  | { type: 'start'; settings: Settings }
  /** After the step that is being made: `state` paused. */
  | { type: 'pause' }
  | { type: 'resume' }
  /** Makes so many steps and pauses again. */
  | { type: 'step'; count: number }
  /** Ends the run; its weights stay for samples and checkpoints until the next `start`. */
  | { type: 'stop' }
  /** Opens data without training on it. Answer: `opened`. */
  | { type: 'open'; id: number; record: string; choice: DataChoice }
  /** Reads a checkpoint's own words. Answer: `described`. */
  | { type: 'describe'; id: number; checkpoint: NamedBytes }
  /** Answer: `checkpoint`. */
  | { type: 'checkpoint'; id: number }
  /** Examples of an output on the current weights. Answer: `sample`. */
  | { type: 'sample'; id: number; output: string; count: number; from: Latents }
  /** What is sent by itself while a run goes, and when it is paused or over. What is left out stays as it is. */
  | {
      type: 'watch';
      /** How many examples of each output; one that is not named is not drawn. Default: all that have a picture. */
      outputs?: Record<string, number>;
      /** null: none. Default: every probe, over the real points with a margin. */
      surface?: Region | null;
      /** Milliseconds between two drawings at least. Default: 500, and never more than a fifth of the time. */
      every?: number;
    }
  /** A page that is not seen gets no drawings; when it is seen again, it gets the newest. */
  | { type: 'visible'; visible: boolean }
  /** Deletes the run that was kept in the browser. */
  | { type: 'forget' };

export interface Settings {
  backend: BackendName | 'auto';
  seed: number;
  /** By record; those left out come from where the model says. */
  data: Record<string, DataChoice>;
  /** Other lengths and minibatches, by phase. */
  steps?: Record<string, number>;
  batch?: Record<string, number>;
  /** Goes on from here: a file, or the run that was kept in the browser when its tab was closed. Its seed is used. */
  checkpoint?: NamedBytes | 'kept';
  /** Ready, but waits for `resume` or `step`: to look at a checkpoint, or to go step by step from the first. */
  paused?: boolean;
  /** Keeps the run in the browser, so that it can go on after the tab was closed. Default: true. */
  keep?: boolean;
}

export type DataChoice =
  /** A set that comes along or is made on the spot: one of `RecordFacts.builtIn`. */
  | { kind: 'built-in'; name: string }
  /** Files as they were chosen or dropped; those of a folder with their path in it (`cats/001.png`). */
  | { kind: 'files'; files: { path: string; file: File }[] };

export interface NamedBytes {
  name: string;
  bytes: ArrayBuffer;
}

/** What the noise of a sample is. */
export type Latents =
  /** The same that live samples are drawn from: the first `count` of them. */
  | { kind: 'fixed' }
  /** Others, drawn from this number. */
  | { kind: 'seed'; seed: number }
  /** Given, row-major for `count` examples; sources left out are those of `fixed`. */
  | { kind: 'values'; values: Record<string, Float32Array> };

/** A grid of points in the plane: columns × rows of them, the corners included. */
export interface Region {
  x: [number, number];
  y: [number, number];
  columns: number;
  rows: number;
}

// ---- what a worker says ----

export type FromWorker =
  /** Once, when the module has loaded and the machine has been looked at. */
  | { type: 'ready'; model: ModelFacts; backends: BackendFacts[]; kept: Kept | null; isolated: boolean }
  | { type: 'state'; state: RunState; step: number }
  | { type: 'started'; backend: BackendName; line: string; seed: number; step: number; phases: PhaseFacts[] }
  /** At most ten a second. */
  | { type: 'progress'; progress: Progress }
  /** Logged steps since the last of these messages, in order. */
  | { type: 'logged'; entries: LogEntry[] }
  /** An output on the fixed latents. */
  | ({ type: 'samples' } & Drawn)
  /** Values of a probe over the region, row by row from `y[0]`. */
  | { type: 'surface'; probe: string; step: number; region: Region; values: Float32Array }
  /** Real examples of a field that has a picture: what samples are to become. */
  | {
      type: 'real';
      record: string;
      field: string;
      spec: TypeSpec;
      count: number;
      values: Float32Array;
      /** Of text: what its numbers stand for. */
      symbols?: readonly string[];
    }
  | {
      type: 'opened';
      id: number;
      record: string;
      origin: string;
      count: number;
      /** Classes, what was left out, what is worth knowing. */
      facts: DataFacts;
      fields: Preview[];
    }
  | { type: 'described'; id: number; model: string; seed: number; step: number; fits: boolean }
  | { type: 'checkpoint'; id: number; name: string; step: number; bytes: ArrayBuffer }
  /** `latents`: the noise that it was drawn from, so that a walk can begin there. */
  | ({ type: 'sample'; id: number; latents: Record<string, Float32Array> } & Drawn)
  /** The GPU's context was lost; the run went back to the last state that it had, and goes on. */
  | { type: 'restored'; step: number; lostSteps: number; why: string }
  /** The run is in the browser's storage up to this step. */
  | { type: 'kept'; kept: Kept | null }
  /** Worth knowing, and nothing is wrong. */
  | { type: 'notice'; about: About; message: string; hint: string | null }
  /**
   * Something failed. `ends`: what of the run is over: `nothing` (it goes on), `run` (its last good weights can still
   * be drawn from and downloaded), `worker` (nothing works until the page is loaded again).
   */
  | {
      type: 'problem';
      id: number | null;
      about: About;
      /** Of data, where one record is meant. */
      record?: string;
      message: string;
      hint: string | null;
      ends: 'nothing' | 'run' | 'worker';
    };

/** `failed`: ended by a problem. From `finished`, `stopped` and `failed` a `start` leads on. */
export type RunState = 'idle' | 'starting' | 'running' | 'paused' | 'finished' | 'stopped' | 'failed';

export type About = 'data' | 'backend' | 'checkpoint' | 'training' | 'drawing' | 'storage' | 'program';

export type BackendName = 'webgl' | 'webgpu' | 'wasm' | 'cpu';

export interface BackendFacts {
  name: BackendName;
  available: boolean;
  /** The GPU's name, or threads and instruction set. */
  device: string | null;
  /** Why it is not available, or why `auto` does not take it; null where there is nothing to say. */
  why: string | null;
  /** What `auto` would take. */
  chosen: boolean;
}

export interface ModelFacts {
  name: string;
  doc: string;
  /** The `.gan` file that it was compiled from. */
  source: string;
  params: Record<string, number | string | boolean | number[]>;
  data: RecordFacts[];
  noise: { name: string; dist: DistributionSpec; shape: number[] }[];
  nets: { name: string; weights: number }[];
  phases: PhaseFacts[];
  outputs: OutputFacts[];
  /** Functions of points in the plane that can be drawn as a surface: critics of 2-D data. */
  probes: { name: string; data: string }[];
}

export interface RecordFacts {
  /** Its first field's name. */
  name: string;
  fields: { name: string; type: TypeSpec }[];
  /** What the model says: the name of a built-in set, a path that a page does not have, or nothing. */
  from: string | null;
  /** Sets that can be chosen here and fit its types; the first is the default. Empty: files must be given. */
  builtIn: string[];
  /** What files fit, in words, and for `accept` of a file input. */
  accepts: { words: string; endings: string[] };
}

export interface PhaseFacts {
  name: string;
  batch: number;
  leastBatch: number;
  /** A run keeps to `batch`. */
  fixedBatch: boolean;
  /** One of the two is null. */
  steps: number | null;
  epochs: number | null;
  losses: string[];
  metrics: string[];
}

export interface OutputFacts {
  name: string;
  doc: string;
  type: TypeSpec;
  /** How it is looked at. `numbers`: there is no picture of it. */
  view: 'image' | 'points' | 'sound' | 'text' | 'numbers';
  sources: string[];
  /** Those of its sources that are noise: what sliders can move. */
  latents: string[];
}

export interface Progress {
  phase: string;
  /** Steps of the phase done, and of how many (null: it is counted in epochs). */
  done: number;
  of: number | null;
  epoch: number;
  /** Of the phase, 0 to 1. */
  fraction: number;
  /** Steps of the whole run. */
  step: number;
  /** Milliseconds a step, the latest weighing most; and what is left of the phase. */
  ms: number;
  left: number | null;
  values: Record<string, number>;
}

export interface Drawn {
  output: string;
  step: number;
  /** 1 where the output is a whole value and not one an example. */
  count: number;
  /** Of one example. */
  shape: number[];
  /** Row-major, `count` × shape; pictures and sound are in [−1, 1]. */
  values: Float32Array;
  /** Of sound. */
  sampleRate?: number;
  /** Of text: what its numbers stand for. */
  symbols?: readonly string[];
}

export interface Preview {
  name: string;
  type: TypeSpec;
  count: number;
  values: Float32Array;
}

/** A run in the browser's storage. */
export interface Kept {
  step: number;
  seed: number;
  /** When, in milliseconds since 1970. */
  at: number;
  /** Records that were trained on files, which must be given again. */
  files: string[];
  backend: BackendName;
}
