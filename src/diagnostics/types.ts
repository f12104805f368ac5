/** GAN03xx: types and shapes. */
import type { Entry } from './diagnostic.ts';
import { layerTypes } from './types-layers.ts';
import { operandTypes } from './types-operations.ts';
import { valueTypes } from './types-values.ts';

export const types = {
  ...operandTypes,
  ...layerTypes,
  ...valueTypes,
} satisfies Record<string, Entry<never>>;
