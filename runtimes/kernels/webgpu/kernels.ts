/**
 * Kernels that replace tfjs's own where those take several launches (a sum over leading axes is transposed first) or
 * lose digits (sine and cosine to 2⁻¹¹, what is close to 0 of tanh and its like). Each is a formula of one step.
 */
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Executor, Formula } from '../../core/fused.ts';

const UNARY: Record<string, string> = {
  Sin: 'sin',
  Cos: 'cos',
  Tanh: 'tanh',
  Sigmoid: 'sigmoid',
  Softplus: 'softplus',
  Elu: 'elu',
  Log: 'log',
};
const REDUCTIONS: Record<string, string> = { Sum: 'sum', Mean: 'mean' };

interface KernelArgs {
  inputs: { x: TensorInfo };
  attrs: Record<string, unknown>;
  backend: unknown;
}
type Kernel = (args: KernelArgs) => TensorInfo;

/** Of the device that computes now: after one was lost there is another. */
let executor: Executor | null = null;
const run: Executor = (formula, inputs) => executor!(formula, inputs);

export function replaceKernels(current: Executor): void {
  const first = executor === null;
  executor = current;
  if (!first) return;
  for (const [name, op] of Object.entries(UNARY)) {
    const formula = formulaOf(op, [], false);
    replace(name, (other) => (args) => {
      const { x } = args.inputs;
      return x.dtype === 'float32' ? one(formula, x) : other(args);
    });
  }
  for (const [name, op] of Object.entries(REDUCTIONS)) {
    const formulas = new Map<string, Formula>();
    replace(name, (other) => (args) => {
      const { x } = args.inputs;
      const axes = [...tf.util.parseAxisParam(args.attrs.axis as number[], x.shape)].sort((a, b) => a - b);
      // Over no axes, over none that is longer than 1, or over nothing: tfjs's own ways.
      const count = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
      if (x.dtype !== 'float32' || count <= 1 || tf.util.sizeFromShape(x.shape) === 0) return other(args);
      const keep = args.attrs.keepDims === true;
      const key = `${axes} ${keep}`;
      let formula = formulas.get(key);
      if (formula === undefined) {
        formula = formulaOf(op, axes, keep);
        formulas.set(key, formula);
      }
      return one(formula, x);
    });
  }
}

/** y = op(x). */
function formulaOf(op: string, axes: readonly number[], keep: boolean): Formula {
  const narrow = axes.length > 0;
  return {
    inputs: ['x'],
    reads: [{ wide: true, narrow: false }],
    steps: [{ op, args: [{ at: 0 }], result: { at: 1 }, narrow }],
    outputs: [{ name: op, at: 1, narrow }],
    axes,
    keep,
  };
}

function one(formula: Formula, x: TensorInfo): TensorInfo {
  return run(formula, [x as Tensor])[0]!;
}

function replace(name: string, make: (other: Kernel) => Kernel): void {
  const before = tf.getKernel(name, 'webgpu');
  const kernel = make(before.kernelFunc as unknown as Kernel);
  tf.unregisterKernel(name, 'webgpu');
  tf.registerKernel({ ...before, kernelFunc: kernel as unknown as tf.KernelFunc });
}
