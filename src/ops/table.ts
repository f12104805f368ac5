/** The one table of operations: what the language has, and what gradients and lowerings need besides. */
import { arithmetic } from './arithmetic.ts';
import { batchOps } from './batch-ops.ts';
import { contraction } from './contraction.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { layers } from './layers.ts';
import { margins } from './margins.ts';
import { norms } from './norms.ts';
import { pooling } from './pooling.ts';
import type { Operation } from './record.ts';
import { reductions } from './reductions.ts';
import { repetition } from './repetition.ts';
import { resampling } from './resampling.ts';
import { shapeOps } from './shape-ops.ts';
import { softmaxes } from './softmax.ts';

export const operations = {
  ...elementwise,
  ...arithmetic,
  ...reductions,
  ...softmaxes,
  ...repetition,
  ...shapeOps,
  ...margins,
  ...resampling,
  ...contraction,
  ...convolution,
  ...pooling,
  ...batchOps,
  ...layers,
  ...norms,
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
