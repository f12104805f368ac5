/** The one table of operations: what the language has, and what gradients and lowerings need besides. */
import { arithmetic } from './arithmetic.ts';
import { arrangement } from './arrangement.ts';
import { batchOps } from './batch-ops.ts';
import { contraction } from './contraction.ts';
import { convolution } from './convolution.ts';
import { cumulative } from './cumulative.ts';
import { elementwise } from './elementwise.ts';
import { entries } from './entries.ts';
import { indexing } from './indexing.ts';
import { layers } from './layers.ts';
import { margins } from './margins.ts';
import { matrixOps } from './matrices.ts';
import { norms } from './norms.ts';
import { ordering } from './ordering.ts';
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
  ...ordering,
  ...cumulative,
  ...repetition,
  ...shapeOps,
  ...arrangement,
  ...margins,
  ...resampling,
  ...indexing,
  ...contraction,
  ...matrixOps,
  ...convolution,
  ...pooling,
  ...batchOps,
  ...entries,
  ...layers,
  ...norms,
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof operations;
