/** Holds what a float32 backend computed against the float64 interpreter, in a page of a browser too. */
import type { NDArray } from '../../src/ir/types.ts';

export interface Computed {
  shape: readonly number[];
  data: ArrayLike<number>;
}

/**
 * null where |got − expected| ≤ tolerance · the array's own scale (at least 0.01): float32 carries about seven digits. Else
 * what is wrong.
 */
export function difference(got: Computed, expected: NDArray, tolerance = 1e-4): string | null {
  if (got.shape.join() !== expected.shape.join()) return `shape [${got.shape}], not [${expected.shape}]`;
  const scale = expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0.01);
  for (let i = 0; i < expected.data.length; i++) {
    const error = Math.abs(got.data[i]! - expected.data[i]!);
    if (!(error <= tolerance * scale)) {
      return `entry ${i}: ${got.data[i]}, not ${expected.data[i]} (scale ${scale})`;
    }
  }
  return null;
}
