/** GAN03xx: types and shapes. */
import type { Entry } from './diagnostic.ts';
import { layerTypes } from './types-layers.ts';
import { operandTypes } from './types-operations.ts';

export const types = {
  ...operandTypes,
  ...layerTypes,
} satisfies Record<string, Entry<never>>;
