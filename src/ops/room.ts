/** How much one value may hold. */
import { type Problem, problem } from '../diagnostics/table.ts';
import { sizeOf } from '../ir/ndarray.ts';
import type { Shape } from '../ir/types.ts';

/**
 * Numbers in one array: 2^30 of float32 are 4 GiB, which is all that a wasm backend can address and more than a GPU
 * gives to one buffer.
 */
export const MOST = 2 ** 30;

/** The problem of a value of this shape, for one example of it where it is one per example. */
export function tooLarge(what: string, shape: Shape, argument?: string): Problem | null {
  if (sizeOf(shape) <= MOST) return null;
  return problem('GAN0357', { what, shape, count: 1 }, argument === undefined ? {} : { argument });
}
