/**
 * Kernels that replace tfjs's own where those take several launches (a sum over leading axes is transposed first) or
 * lose digits (sine and cosine to 2⁻¹¹, what is close to 0 of tanh and its like), or are not what other backends compute.
 * Most are formulas of one step.
 */
import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Executor, Formula } from '../../core/formula/fused.ts';
import type { WebgpuBackend } from './launch.ts';
import { maxPoolGradient } from './pooling.ts';

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
  inputs: Record<string, TensorInfo>;
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
      const x = args.inputs.x!;
      return x.dtype === 'float32' ? one(formula, x) : other(args);
    });
  }
  for (const [name, op] of Object.entries(REDUCTIONS)) {
    const formulas = new Map<string, Formula>();
    replace(name, (other) => (args) => {
      const x = args.inputs.x!;
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
  replace('BatchMatMul', (other) => (args) => {
    if (!wouldSplit(args)) return other(args);
    tf.env().set(PROGRAM_TYPE, SMALL_OUTPUT);
    try {
      return other(args);
    } finally {
      tf.env().set(PROGRAM_TYPE, -1);
    }
  });
  replace('MaxPoolGrad', (other) => (args) => {
    const { input, dy } = args.inputs as Record<'input' | 'dy', TensorInfo>;
    const backend = args.backend as WebgpuBackend;
    const floats = [input, dy].every(
      (x) => backend.tensorMap.get(x.dataId).dtype === 'float32' && tf.util.sizeFromShape(x.shape) > 0,
    );
    return floats ? maxPoolGradient(backend, input, dy, args.attrs) : other(args);
  });
}

/** tfjs's choice of a program for a product: its own (−1), or this one. */
const PROGRAM_TYPE = 'WEBGPU_MATMUL_PROGRAM_TYPE';
const SMALL_OUTPUT = 2;

/**
 * Small products over 2,000 and more are split by tfjs, and their parts added to each other as they come: another sum at
 * each run of the same seed, and a launch to begin from zeros. The condition is that of its BatchMatMul_impl.
 */
function wouldSplit({ inputs, attrs, backend }: KernelArgs): boolean {
  const { a, b } = inputs as Record<'a' | 'b', TensorInfo>;
  const side = (shape: number[], last: boolean) => shape.at(last ? -1 : -2)!;
  const inner = side(a.shape, attrs.transposeA !== true);
  if (inner < 2000) return false;
  const m = side(a.shape, attrs.transposeA === true);
  const n = side(b.shape, attrs.transposeB !== true);
  const tiles = Math.ceil(m / 32) * Math.ceil(n / 32);
  const few = (backend as WebgpuBackend).thresholdToIncreaseWorkgroups * (m <= 8 ? 2 : 1);
  return tiles <= few && m * n > 128;
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
