/** How the function of a routine is called. */
import type { Routine } from '../../plan/plan.ts';

export interface RoutineTexts {
  of(routine: Routine): RoutineText;
}

export interface RoutineText {
  readonly name: string;
  /** Whether it is given the run, and weights. */
  readonly run: boolean;
  readonly weights: boolean;
  readonly inputs: readonly Input[];
  /** What each result is called in the record. */
  readonly fields: readonly string[];
}

/** One parameter, or several that are given as the record that another routine gave. */
export interface Input {
  readonly params: readonly number[];
  /** Whose record, and which of its results the parameters are. */
  readonly from: { readonly routine: Routine; readonly results: readonly number[] } | null;
}
