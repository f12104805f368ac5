/** What a compiled workload imports as its runtime: the source tree's own. It is never run as a program here. */
export * as nn from '../../runtimes/core/nn/nn.ts';
export const main = (): void => {};
