/** Holds what a float32 backend computed against the float64 interpreter. */
import { expect } from 'vitest';
import type { NDArray } from '../../src/ir/types.ts';

/** |got − expected| ≤ tolerance · the array's own scale (at least 0.01): float32 carries about seven digits. */
export function expectClose(
  got: { shape: readonly number[]; data: ArrayLike<number> },
  expected: NDArray,
  what: string,
  tolerance = 1e-4,
): void {
  expect(got.shape, `shape of ${what}`).toEqual([...expected.shape]);
  const scale = expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0.01);
  for (let i = 0; i < expected.data.length; i++) {
    const error = Math.abs(got.data[i]! - expected.data[i]!);
    if (!(error <= tolerance * scale)) {
      expect.fail(`${what}, entry ${i}: ${got.data[i]}, not ${expected.data[i]} (scale ${scale})`);
    }
  }
}
