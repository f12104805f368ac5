/** The runtime for Node: what an emitted trainer imports as `./runtime.js`, and what `ganc train` runs. */
export { UserError } from '../core/errors.ts';
export * as nn from '../core/nn/nn.ts';
export type { CompiledModel, OutputRun, Run } from '../core/run/model.ts';
export { TrainingRun } from '../core/run/run.ts';
export { type Backend, type BackendName, backends, chooseBackend } from './backends.ts';
export { lookAtData, reportLines } from './data.ts';
export { errorText, main } from './main.ts';
export {
  type DataOptions,
  dataOptions,
  type Host,
  type SampleOptions,
  sampleOptions,
  type TrainOptions,
  trainOptions,
} from './options.ts';
export type { Outcome } from './outcome.ts';
export { sample } from './sample.ts';
export { openSource } from './sources/open.ts';
export { type TrainResult, train } from './train.ts';
