/**
 * The records of the optimisers, as the compiler reads them. They stand in the runtime, which takes the steps and may not
 * depend on the compiler.
 */
export {
  isOptimiser,
  type OptimiserName,
  type OptimiserParameter,
  type OptimiserRecord,
  optimisers,
  parametersOf,
} from '../../runtimes/core/optimisers.ts';
