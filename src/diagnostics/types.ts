/** GAN03xx: types and shapes. */
import type { Entry } from './diagnostic.ts';
import { batchTypes } from './types-batch.ts';
import { derivativeTypes } from './types-derivatives.ts';
import { entryTypes } from './types-entries.ts';
import { layerTypes } from './types-layers.ts';
import { listTypes } from './types-lists.ts';
import { loopTypes } from './types-loops.ts';
import { operandTypes } from './types-operations.ts';
import { valueTypes } from './types-values.ts';
import { weightTypes } from './types-weights.ts';

export const types = {
  ...operandTypes,
  ...layerTypes,
  ...valueTypes,
  ...loopTypes,
  ...derivativeTypes,
  ...listTypes,
  ...entryTypes,
  ...weightTypes,
  ...batchTypes,
} satisfies Record<string, Entry<never>>;
