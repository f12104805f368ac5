/** GAN05xx: the schedule. */
import type { Entry } from './diagnostic.ts';

export const schedule = {} satisfies Record<string, Entry<never>>;
