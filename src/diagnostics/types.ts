/** GAN03xx: types and shapes. */
import type { Entry } from './diagnostic.ts';
import { layerTypes } from './types-layers.ts';
import { loopTypes } from './types-loops.ts';
import { operandTypes } from './types-operations.ts';
import { valueTypes } from './types-values.ts';

export const types = {
  ...operandTypes,
  ...layerTypes,
  ...valueTypes,
  ...loopTypes,
} satisfies Record<string, Entry<never>>;
