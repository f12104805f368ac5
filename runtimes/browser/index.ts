/** The runtime for browsers: what an emitted module imports as `./runtime.js` in the worker that trains. */
export { UserError } from '../core/errors.ts';
export * as nn from '../core/nn/nn.ts';
export type { CompiledModel, OutputRun, Run } from '../core/run/model.ts';
export { TrainingRun } from '../core/run/run.ts';
export { main } from './worker/worker.ts';
