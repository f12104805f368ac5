/** What lowerings call beside tfjs itself. Every function frees what it made on the way. */

export { formula, fused } from '../formula/fused.ts';
export * from './borders.ts';
export * from './contraction.ts';
export * from './convolution.ts';
export * from './elementwise.ts';
export * from './lines.ts';
export { loop } from './loop.ts';
export * from './matrices.ts';
export * from './pooling.ts';
