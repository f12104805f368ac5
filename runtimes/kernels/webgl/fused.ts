/** Formulas on webgl: a launch for all wide results, one or two for all reductions and what comes of them. */
import * as tf from '@tensorflow/tfjs';
import { type Executor, type Formula, shapesOf } from '../../core/formula/fused.ts';
import { sizeOf, webglBackend } from './backend.ts';
import { runChain } from './chain.ts';
import { launcherOf } from './launch.ts';
import { modeOf, runReductions } from './reduce.ts';

/** The results, as data of the backend; null where another must do it: empty or very many operands, axes in the midst. */
export function runFormula(f: Formula, inputs: readonly (tf.TensorInfo | number)[]): tf.TensorInfo[] | null {
  const backend = webglBackend();
  const tensors = inputs.filter((x) => typeof x !== 'number');
  const { mostInputs, mostOutputs } = launcherOf(backend);
  const sums = f.steps.filter(({ op }) => op === 'sum' || op === 'mean').length;
  if (tensors.length + sums > mostInputs || tensors.some((x) => sizeOf(x.shape) === 0)) return null;
  const shapes = shapesOf(f, inputs as readonly (tf.Tensor | number)[]);
  const narrowCount = f.outputs.filter((o) => o.narrow).length;
  let narrow: tf.TensorInfo[] = [];
  if (narrowCount > 0) {
    const mode = modeOf(shapes.wide.length, f.axes);
    if (mode === null || Math.max(sums, narrowCount) > mostOutputs) return null;
    narrow = runReductions(backend, f, mode, shapes, inputs);
  }
  const widePlaces = f.outputs.filter((o) => !o.narrow).map((o) => o.at);
  const wide = runChain(backend, f, widePlaces, shapes.wide, inputs);
  return f.outputs.map((o) => (o.narrow ? narrow.shift()! : wide.shift()!));
}

/** `plain` and `inParts` (core's) do what `runFormula` does not. */
export function fusedExecutor(plain: Executor, inParts: (chain: Executor) => Executor): Executor {
  const ours =
    (otherwise: Executor): Executor =>
    (f, inputs) => {
      const infos = runFormula(f, inputs);
      if (infos === null) return otherwise(f, inputs);
      return infos.map((info) => tf.engine().makeTensorFromTensorInfo(info));
    };
  return ours(inParts(ours(plain)));
}
