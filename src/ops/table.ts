/** The one table of operations: what the language has, and what gradients and lowerings need besides. */
import { arithmetic } from './arithmetic.ts';
import { elementwise } from './elementwise.ts';
import type { Operation } from './record.ts';
import { reductions } from './reductions.ts';
import { repetition } from './repetition.ts';
import { softmaxes } from './softmax.ts';

export const operations = {
  ...elementwise,
  ...arithmetic,
  ...reductions,
  ...softmaxes,
  ...repetition,
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
