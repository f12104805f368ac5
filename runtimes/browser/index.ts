/** The runtime for browsers: what an emitted module imports as `./runtime.js` in the worker that trains. */
export { UserError } from '../core/errors.ts';
export type { CompiledModel, OutputRun, Run } from '../core/model.ts';
export * as nn from '../core/nn.ts';
export { TrainingRun } from '../core/run.ts';
export { main } from './worker.ts';
