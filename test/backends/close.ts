/** Holds what a float32 backend computed against the float64 interpreter. */
import { expect } from 'vitest';
import type { NDArray } from '../../src/ir/types.ts';
import { type Computed, difference } from './difference.ts';

/** See `difference`. */
export function expectClose(got: Computed, expected: NDArray, what: string, tolerance = 1e-4): void {
  const wrong = difference(got, expected, tolerance);
  if (wrong !== null) expect.fail(`${what}, ${wrong}`);
}
