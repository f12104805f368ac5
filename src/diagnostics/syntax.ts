/** GAN01xx: text and syntax. */
import type { Entry } from './diagnostic.ts';

export const syntax = {} satisfies Record<string, Entry<never>>;
