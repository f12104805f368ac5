/** tfjs's kernels on webgl that ours stand in for; what they do not take is still tfjs's. */
import * as tf from '@tensorflow/tfjs';
import type { Formula } from '../../core/formula/fused.ts';
import { sizeOf, webglBackend } from './backend.ts';
import { runFormula } from './fused.ts';
import { maxPoolGradient } from './pooling.ts';
import { conv2d, conv2dFilterGradient, conv2dInputGradient, matMul } from './products.ts';

interface KernelArgs {
  inputs: Record<string, tf.TensorInfo>;
  attrs: Record<string, unknown>;
  backend: unknown;
}
type Kernel = (args: KernelArgs) => tf.TensorInfo | tf.TensorInfo[];
/** null: not for this one. */
type Attempt = (inputs: KernelArgs['inputs'], attrs: KernelArgs['attrs']) => tf.TensorInfo | null;

const floats = (...xs: tf.TensorInfo[]) => xs.every((x) => x.dtype === 'float32' && sizeOf(x.shape) > 0);

type Strides = [number, number] | number;
type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];

function windowOf(x: readonly number[], kernel: readonly number[], attrs: KernelArgs['attrs']) {
  const { strides, pad, dilations = 1, dimRoundingMode } = attrs;
  return tf.backend_util.computeConv2DInfo(
    x as [number, number, number, number],
    kernel as [number, number, number, number],
    strides as Strides,
    dilations as Strides,
    pad as Pad,
    dimRoundingMode as 'floor' | undefined,
  );
}
const channelsLast = (attrs: KernelArgs['attrs']) => (attrs.dataFormat ?? 'NHWC') === 'NHWC';

const attempts: Record<string, Attempt> = {
  BatchMatMul({ a, b }, { transposeA, transposeB }) {
    if (!floats(a!, b!) || !isMatrix(a!) || !isMatrix(b!)) return null;
    const [p, q] = [a!, b!].map((x) => ({ ...x, shape: x.shape.slice(-2) })) as [
      tf.TensorInfo,
      tf.TensorInfo,
    ];
    const lead = a!.shape.length > b!.shape.length ? a! : b!;
    const m = p.shape[transposeA === true ? 1 : 0]!;
    const n = q.shape[transposeB === true ? 0 : 1]!;
    const shape = [...lead.shape.slice(0, -2), m, n];
    return matMul(webglBackend(), p, q, transposeA === true, transposeB === true, shape);
  },
  Conv2D({ x, filter }, attrs) {
    if (!channelsLast(attrs) || !floats(x!, filter!)) return null;
    const c = windowOf(x!.shape, filter!.shape, attrs);
    return conv2d(webglBackend(), x!, filter!, c);
  },
  Conv2DBackpropInput({ dy, filter }, attrs) {
    if (!channelsLast(attrs) || !floats(dy!, filter!)) return null;
    const c = windowOf(attrs.inputShape as number[], filter!.shape, attrs);
    return conv2dInputGradient(webglBackend(), dy!, filter!, c);
  },
  Conv2DBackpropFilter({ x, dy }, attrs) {
    if (!channelsLast(attrs) || !floats(x!, dy!)) return null;
    const c = windowOf(x!.shape, attrs.filterShape as number[], attrs);
    return conv2dFilterGradient(webglBackend(), x!, dy!, c);
  },
  MaxPoolGrad({ dy, input }, attrs) {
    if (!floats(dy!, input!)) return null;
    const { filterSize, strides, pad, dimRoundingMode } = attrs;
    const window = tf.backend_util.computePool2DInfo(
      input!.shape as [number, number, number, number],
      filterSize as Strides,
      strides as Strides,
      1,
      pad as Pad,
      dimRoundingMode as 'floor' | undefined,
    );
    return maxPoolGradient(webglBackend(), dy!, input!, window);
  },
};
const isMatrix = ({ shape }: tf.TensorInfo) => sizeOf(shape) === shape.at(-1)! * shape.at(-2)!;

/** Puts ours before tfjs's. Sums and means that stand alone are formulas too, and so are what drivers compute badly. */
export function registerKernels(): void {
  for (const [name, attempt] of Object.entries(attempts)) {
    replace(name, (theirs) => (args) => attempt(args.inputs, args.attrs) ?? theirs(args));
  }
  for (const [name, op] of [
    ['Sin', 'sin'],
    ['Cos', 'cos'],
  ] as const) {
    replace(name, (theirs) => (args) => {
      const x = args.inputs.x!;
      return (floats(x) ? runFormula(formulaOf(op), [x])?.[0] : undefined) ?? theirs(args);
    });
  }
  for (const [name, op] of [
    ['Sum', 'sum'],
    ['Mean', 'mean'],
  ] as const) {
    replace(name, (theirs) => (args) => {
      const x = args.inputs.x!;
      const { axis, keepDims } = args.attrs as { axis?: number | number[] | null; keepDims: boolean };
      const axes = tf.util.parseAxisParam((axis ?? x.shape.map((_, i) => i)) as number[], x.shape);
      if (!floats(x) || axes.length === 0) return theirs(args);
      const formula = formulaOf(
        op,
        axes.sort((a, b) => a - b),
        keepDims,
      );
      return runFormula(formula, [x])?.[0] ?? theirs(args);
    });
  }
}

function replace(name: string, ours: (theirs: Kernel) => Kernel): void {
  const theirs = tf.getKernel(name, 'webgl');
  if (theirs === undefined) return;
  tf.unregisterKernel(name, 'webgl');
  tf.registerKernel({ ...theirs, kernelFunc: ours(theirs.kernelFunc as Kernel) as tf.KernelFunc });
}

const formulas = new Map<string, Formula>();
/** One operation on one operand; a reduction where there are axes. */
function formulaOf(op: string, axes: number[] = [], keep = false): Formula {
  const key = `${op} ${axes} ${keep}`;
  let formula = formulas.get(key);
  if (formula === undefined) {
    const narrow = axes.length > 0;
    formula = {
      inputs: ['x'],
      reads: [{ wide: true, narrow: false }],
      steps: [{ op, args: [{ at: 0 }], result: { at: 1 }, narrow }],
      outputs: [{ name: 'y', at: 1, narrow }],
      axes,
      keep,
    };
    formulas.set(key, formula);
  }
  return formula;
}
