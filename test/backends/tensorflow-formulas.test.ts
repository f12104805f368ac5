/**
 * Formulas as TensorFlow's operations, against float64: on TensorFlow where it is installed, and everywhere with a binding
 * whose operations are those of the same names in TensorFlow's documentation, computed by tfjs in plain JavaScript.
 */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Executor, fusible, parseFormula } from '../../runtimes/core/formula/fused.ts';
import { chooseBackend } from '../../runtimes/node/backends.ts';
import { tensorflowEntry } from '../../runtimes/node/outcome.ts';
import { type NodeBackend, tensorflowExecutor } from '../../runtimes/node/tensorflow-fused.ts';
import { programOf } from '../../runtimes/node/tensorflow-program.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { type Array64, evaluate64, sizeOf } from '../kernels/formula64.ts';
import {
  type RandomFormula,
  randomChain,
  randomReduction,
  triedOperations,
} from '../kernels/random-formula.ts';
import { difference } from './difference.ts';

type T = tf.Tensor;

/** What TensorFlow's operations do, of the names that are used. */
const documented: Record<string, (...x: T[]) => T> = {
  AddV2: tf.add,
  Sub: tf.sub,
  Mul: tf.mul,
  RealDiv: tf.div,
  Maximum: tf.maximum,
  Minimum: tf.minimum,
  SquaredDifference: tf.squaredDifference,
  Neg: tf.neg,
  Exp: tf.exp,
  Log: tf.log,
  Sqrt: tf.sqrt,
  Rsqrt: tf.rsqrt,
  Square: tf.square,
  Abs: tf.abs,
  Sign: tf.sign,
  Floor: tf.floor,
  Relu: tf.relu,
  Elu: tf.elu,
  Tanh: tf.tanh,
  Sigmoid: tf.sigmoid,
  Softplus: tf.softplus,
  Identity: tf.clone,
  Equal: tf.equal,
  NotEqual: tf.notEqual,
  Less: tf.less,
  LessEqual: tf.lessEqual,
  Greater: tf.greater,
  GreaterEqual: tf.greaterEqual,
  ClipByValue: (x, low, high) => tf.minimum(tf.maximum(x!, low!), high!),
  Cast: (x) => tf.cast(x!, 'float32'),
  SelectV2: (c, a, b) => tf.where(tf.cast(c!, 'bool'), a!, b!),
  BroadcastTo: (x, shape) => tf.broadcastTo(x!, [...shape!.dataSync()]),
  Reshape: (x, shape) => tf.reshape(x!, [...shape!.dataSync()]),
  ReluGrad: (dy, x) => tf.mul(dy!, tf.cast(tf.greater(x!, 0), 'float32')),
  TanhGrad: (y, dy) => tf.mul(dy!, tf.sub(1, tf.square(y!))),
};
const documentedWith: Record<string, (attribute: (name: string) => unknown, ...x: T[]) => T> = {
  LeakyRelu: (a, x) => tf.leakyRelu(x!, a('alpha') as number),
  LeakyReluGrad: (a, dy, x) =>
    tf.mul(dy!, tf.where(tf.greater(x!, 0), tf.scalar(1), tf.scalar(a('alpha') as number))),
  Sum: (a, x, axes) => tf.sum(x!, [...axes!.dataSync()], a('keep_dims') as boolean),
  Mean: (a, x, axes) => tf.mean(x!, [...axes!.dataSync()], a('keep_dims') as boolean),
};
/** Those whose operands must have one shape: TensorFlow does not broadcast them. */
const alike = new Set(['ReluGrad', 'LeakyReluGrad', 'TanhGrad']);

/** A backend of that kind; `alive` are the binding's tensors beside constants, which stay. */
function documentedBackend(): { backend: NodeBackend; alive: () => number } {
  const tensors = new Map<number, T>();
  const constants = new Set<number>();
  let next = 1;
  const put = (t: T) => {
    tensors.set(next, tf.keep(t));
    return next++;
  };
  const constantsOf = {
    TF_FLOAT: 1,
    TF_INT32: 3,
    TF_BOOL: 10,
    TF_ATTR_TYPE: 0,
    TF_ATTR_FLOAT: 0,
    TF_ATTR_BOOL: 0,
  };
  const backend = {
    isUsingGpuDevice: false,
    getInputTensorIds: (given: readonly T[]) => given.map((t) => put(tf.clone(t))),
    createOutputTensor({ id }: { id: number }) {
      const t = tensors.get(id)!;
      tensors.delete(id);
      return t;
    },
    binding: {
      ...constantsOf,
      createTensor(shape: number[], _dtype: number, values: ArrayLike<number>) {
        const id = put(tf.tensor(values as Float32Array, shape));
        constants.add(id);
        return id;
      },
      deleteTensor(id: number) {
        if (!tensors.has(id)) throw new Error(`${id} is deleted twice`);
        tensors.get(id)!.dispose();
        tensors.delete(id);
        constants.delete(id);
      },
      executeOp(op: string, attributes: { name: string; value: unknown }[], ids: number[]) {
        const operands = ids.map((id) => tensors.get(id)!);
        if (operands.includes(undefined as never)) throw new Error(`${op} reads what was deleted`);
        if (alike.has(op)) expect(operands[0]!.shape, op).toEqual(operands[1]!.shape);
        const attribute = (name: string) => attributes.find((a) => a.name === name)!.value;
        const made = tf.tidy(
          () => documented[op]?.(...operands) ?? documentedWith[op]!(attribute, ...operands),
        );
        return [{ id: put(made), shape: made.shape, dtype: 1 }];
      },
    },
  };
  return { backend: backend as unknown as NodeBackend, alive: () => tensors.size - constants.size };
}

/** Quarters from −2 to 2 of no pattern: sums and products of a few are exact. */
function quarters(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    return (((h ^ (h >>> 13)) >>> 0) % 17) / 4 - 2;
  });
}

function holds(executor: Executor, { text, axes, keep, operands, seed }: RandomFormula): void {
  const names = operands.map((_, i) => `x${i}`);
  const inputs = operands.map((shape, i): Array64 | number =>
    shape === null ? [0.75, -1.5, 0.25][i % 3]! : { shape, data: quarters(sizeOf(shape), seed + i) },
  );
  const formula = parseFormula(text, names, axes, keep);
  const { outputs, largest } = evaluate64(formula, inputs);
  const given = inputs.map((x) => (typeof x === 'number' ? x : tf.tensor(x.data, x.shape, 'float32')));
  const results = executor(formula, given);
  for (const [i, expected] of outputs.entries()) {
    const got = { shape: results[i]!.shape, data: results[i]!.dataSync() };
    // Rounding is of the size of what was computed on the way.
    const scale = expected.data.reduce((m, x) => Math.max(m, Math.abs(x)), 0.01);
    const wrong = difference(got, expected as unknown as NDArray, (3e-5 * Math.max(1, largest)) / scale);
    if (wrong !== null) expect.fail(`result ${i} of ${text}, operands ${JSON.stringify(operands)}: ${wrong}`);
  }
  tf.dispose([...results, ...given.filter((x) => typeof x !== 'number')]);
}

/** What the compiler writes for gradients, where one operation is taken for several. */
const written: [what: string, text: string, operations: string[]][] = [
  ['relu', 'y = x0 * step(x1, 0)', ['ReluGrad']],
  ['relu, the other way around', 'y = step(x1, 0) * x0', ['ReluGrad']],
  ['leaky relu', 'y = x0 * step(x1, 0.2)', ['LeakyReluGrad']],
  ['of a smaller value', 'y = x0 * step(x2, 0.2)', ['Greater', 'Mul']],
  ['tanh', 'y = x0 * (1 - square(x1))', ['TanhGrad']],
  ['a square that is wanted', 'z = square(x1); y = x0 * (1 - z)', ['Square', 'Sub', 'Mul']],
  ['a squared difference', 'y = square(x0 - x2)', ['SquaredDifference']],
  ['factors of channels', 'y = x0 * x2 * x3 + x2', ['Mul', 'Mul', 'AddV2']],
  ['one by one', 'y = x0 * x1 * x3', ['Mul', 'Mul']],
];

describe.each([
  { name: 'by their definitions', start: async () => void (await tf.setBackend('cpu')), here: true },
  { name: 'on TensorFlow', start: () => chooseBackend('tensorflow'), here: tensorflowEntry() !== null },
])('formulas as operations of TensorFlow, $name', ({ start, here, name }) => {
  let executor: Executor;
  let leaked: () => number;
  beforeAll(async () => {
    if (!here) return;
    await start();
    if (name === 'on TensorFlow') {
      const backend = tf.backend() as unknown as NodeBackend & { binding: { getNumOfTensors(): number } };
      executor = tensorflowExecutor(backend);
      leaked = () => tf.memory().numTensors;
    } else {
      const { backend, alive } = documentedBackend();
      // Inputs are clones there, which nobody else frees.
      executor = (f, inputs) => tensorflowExecutor(backend)(f, inputs);
      leaked = alive;
    }
  });

  test.skipIf(!here)('every operation of formulas', () => {
    expect([...triedOperations].sort()).toEqual([...fusible].sort());
  });

  test.skipIf(!here)('random chains', () => {
    for (const f of fc.sample(randomChain, { numRuns: 200, seed: 811 })) holds(executor, f);
  });

  test.skipIf(!here)('random reductions', () => {
    for (const f of fc.sample(randomReduction, { numRuns: 200, seed: 812 })) holds(executor, f);
  });

  test.skipIf(!here).each(written)('%s', (_, text, operations) => {
    const shape = [2, 3, 4];
    const operands = [shape, shape, [4], [1]];
    const formula = parseFormula(text, ['x0', 'x1', 'x2', 'x3']);
    const { instructions } = programOf(formula, ['full', 'full', 'smaller', 'smaller']);
    expect(instructions.map((i) => i.op)).toEqual(operations);
    const before = leaked();
    holds(executor, { text, axes: [], keep: false, operands, seed: 3 });
    // Of the definitions' backend the clones of four operands stay.
    expect(leaked() - before).toBe(name === 'on TensorFlow' ? 0 : 4);
  });
});
