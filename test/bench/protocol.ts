/** What the driver asks of a contender and what it answers: one JSON object a line, over stdin and stdout. */

export type Losses = Record<string, number>;

export type Request =
  /** Steps from the `from`th on, on the samples of step `from % 3`, `(from + 1) % 3` … */
  { ask: 'steps'; from: number; count: number } | { ask: 'memory' } | { ask: 'profile' } | { ask: 'end' };

/** What is asked of a contender that computes single operations: first the operation, then times of it. */
export type OperationRequest =
  /** Answered with a number for the result and for each gradient, by which they are compared; or with an error. */
  | { ask: 'operation'; file: string; case: object }
  /** Calls for so many milliseconds; answered with the mean of one. `both`: the result, and gradients. */
  | { ask: 'time'; what: 'forward' | 'both'; ms: number };

export interface Steps {
  losses: Losses[];
  /** Milliseconds of each step, from samples as typed arrays to losses as numbers. */
  ms: number[];
}

export interface Memory {
  /** MiB, of the whole process: at its largest, and before the first step. */
  peak: number;
  start: number;
  /** MiB of WebAssembly memory, and what of it ever was in use; null: not known, or none. */
  wasm: number | null;
  used: number | null;
  /** Tensors alive now; null: not known. */
  tensors: number | null;
}

export interface ProfileLine {
  name: string;
  where: 'ours' | 'cpu' | 'job' | 'rest';
  calls: number;
  ms: number;
  /** GFLOP/s of a product; null for all else. */
  gflops: number | null;
}
