/** GAN02xx: names, arguments and constants. */
import type { Entry } from './diagnostic.ts';

export const names = {} satisfies Record<string, Entry<never>>;
