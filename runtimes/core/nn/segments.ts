/**
 * One elementwise formula for many sets of operands, as an optimiser's update of all of a net's weights is: a backend that
 * can makes it one job or launch; on others it is the formula again and again.
 *
 *   const updated = fusedEach('next = w - g * rate', pairs.map(({ w, g }) => ({ w, g, rate: 0.1 })));
 */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { executorNow, type Formula, formulaOf } from '../formula/fused.ts';

/** Gives the outputs of each set, as an `Executor` gives those of one. Numbers are the same in all sets; shapes are not. */
export type EachExecutor = (formula: Formula, sets: (Tensor | number)[][]) => Tensor[][];
const executors = new Map<string, EachExecutor>();
/** Says how a backend runs a formula for many sets of operands. */
export function registerFusedEach(backend: string, executor: EachExecutor): void {
  executors.set(backend, executor);
}

/**
 * Evaluates a formula without axes for each set. All have the same names, in the same order, and the same numbers.
 * Results are the caller's.
 */
export function fusedEach(
  formula: string,
  sets: readonly Record<string, Tensor | number>[],
): Record<string, Tensor>[] {
  if (sets.length === 0) return [];
  const f = formulaOf(formula, sets[0]!);
  const values = sets.map((set) => f.inputs.map((name) => set[name]!));
  const each = executors.get(tf.getBackend());
  const run = executorNow();
  const tensors = each ? each(f, values) : values.map((v) => run(f, v));
  return tensors.map((of) => Object.fromEntries(of.map((t, i) => [f.outputs[i]!.name, t])));
}
