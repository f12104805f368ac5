/** GAN03xx: types and shapes. */
import type { Entry } from './diagnostic.ts';

export const types = {} satisfies Record<string, Entry<never>>;
