/** Loops: the same turn again and again, with memory that does not grow with the turns. */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

export interface LoopSpec {
  turns: number;
  /** From the last turn to the first. */
  reverse?: boolean;
  /** What the first turn begins with; stays the caller's. */
  carry: (Tensor | number)[];
  /** Sequences with their axis: each turn is given its entry. They stay the caller's. */
  along?: [Tensor, number][];
  /** Which of the carried values' last ones are wanted; all if left out. */
  last?: number[];
  /** For each value that a turn stacks, the axis along which. */
  stack?: number[];
}

/** The loop takes both over. */
export interface Turn {
  next: Tensor[];
  stack?: Tensor[];
}

/**
 * Runs `body` for each turn. Its `turn` counts from 0 (backwards from the last, if reversed), and so do the entries of the
 * sequences; the tensors that it is given are freed after the turn. Gives the last values of what is carried, then the
 * stacks; all are the caller's.
 */
export function loop(
  { turns, reverse = false, carry, along = [], last, stack = [] }: LoopSpec,
  body: (turn: number, state: Tensor[], entries: Tensor[]) => Turn,
): Tensor[] {
  let state = carry.map((value) => (typeof value === 'number' ? tf.scalar(value) : tf.clone(value)));
  const kept = stack.map(() => new Array<Tensor>(turns));
  for (let k = 0; k < turns; k++) {
    const turn = reverse ? turns - 1 - k : k;
    const entries = along.map(([sequence, axis]) => entry(sequence, axis, turn));
    const { next, stack: made = [] } = body(turn, state, entries);
    tf.dispose([...state, ...entries]);
    state = next;
    for (const [i, value] of made.entries()) kept[i]![turn] = value;
  }
  const lasts = last ? last.map((i) => state[i]!) : state;
  tf.dispose(state.filter((value) => !lasts.includes(value)));
  const stacks = kept.map((values, i) => {
    const whole = tf.stack(values, stack[i]!);
    tf.dispose(values);
    return whole;
  });
  return [...lasts, ...stacks];
}

/** Entry `at` of a sequence along an axis, without that axis. */
function entry(sequence: Tensor, axis: number, at: number): Tensor {
  const { shape } = sequence;
  const begin = shape.map((_, i) => (i === axis ? at : 0));
  const size = shape.map((d, i) => (i === axis ? 1 : d));
  return tf.tidy(() =>
    tf.reshape(
      tf.slice(sequence, begin, size),
      shape.filter((_, i) => i !== axis),
    ),
  );
}
