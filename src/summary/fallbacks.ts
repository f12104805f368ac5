/**
 * Operations that our wasm backend has no kernel for, and which therefore run as tfjs's plain JavaScript on one thread. The
 * list is held against what programs call (test/kernels/fallbacks.test.ts): it may only get shorter.
 */
import type { OperationName } from '../ops/table.ts';

/** By operation: the kernels of tfjs that it calls, or its gradient. */
export type Fallbacks = Readonly<Partial<Record<OperationName, readonly string[]>>>;

export const FALLBACKS: Fallbacks = {};
