/** GAN04xx: the craft. */
import type { Entry } from './diagnostic.ts';

export const craft = {} satisfies Record<string, Entry<never>>;
