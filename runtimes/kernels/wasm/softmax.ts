/** Softmax, its logarithm and log Σ eˣ along any axis, and one-hot vectors (assembly/softmax.ts, reduce.ts). */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { JOB } from './engine.ts';
import { cpuKernel, type Kernel } from './fallback.ts';
import { runOf, runsOf } from './reductions.ts';

const KIND = { softmax: 0, logSoftmax: 1, logSumExp: 2 } as const;

function run(
  { engine }: WasmBackend,
  from: number,
  to: number,
  [outer, n, inner]: readonly [number, number, number],
  kind: number,
): void {
  engine.words.set([from, to, outer, n, inner, kind]);
  // An exponential counts for some operations.
  if (outer * n * inner > 0) engine.run(JOB.softmax, outer * n * inner * 10);
}

function softmax(
  name: 'softmax' | 'logSoftmax',
  x: tf.TensorInfo,
  axis: number,
  backend: unknown,
): tf.TensorInfo {
  const b = backend as WasmBackend;
  const [at] = tf.util.parseAxisParam(axis, x.shape) as [number];
  const out = b.output(x.shape);
  const from = b.entry(x).floats();
  run(b, from, b.entry(out).address, runOf(x.shape, [at])!, KIND[name]);
  return out;
}

export function softmaxKernels(): [string, Kernel][] {
  const along = (name: 'softmax' | 'logSoftmax'): Kernel => {
    return ({ inputs, attrs, backend }) => softmax(name, inputs.x!, attrs.axis as number, backend);
  };
  const ofTfjs = (kernel: 'Softmax' | 'LogSoftmax', attribute: string): [string, Kernel] => {
    const cpu = cpuKernel(kernel);
    const name = kernel === 'Softmax' ? 'softmax' : 'logSoftmax';
    return [
      kernel,
      (args) => {
        const x = args.inputs.logits!;
        return x.dtype === 'float32'
          ? softmax(name, x, args.attrs[attribute] as number, args.backend)
          : cpu(args);
      },
    ];
  };
  return [
    ofTfjs('Softmax', 'dim'),
    ofTfjs('LogSoftmax', 'axis'),
    ['SoftmaxAlong', along('softmax')],
    ['LogSoftmaxAlong', along('logSoftmax')],
    [
      'LogSumExpOver',
      ({ inputs, attrs, backend }) => {
        const b = backend as WasmBackend;
        const x = inputs.x!;
        const axes = attrs.axes as number[];
        const shape = x.shape.flatMap((n, i) => (axes.includes(i) ? (attrs.keep ? [1] : []) : [n]));
        const out = b.output(shape);
        // Over one run of axes, then over the next.
        const runs = runsOf(x.shape, axes);
        const passing = runs.slice(0, -1).map(([outer, , inner]) => b.engine.allocate(outer * inner * 4));
        let from = b.entry(x).floats();
        for (const [i, of] of runs.entries()) {
          const to = passing[i] ?? b.entry(out).address;
          run(b, from, to, of, KIND.logSumExp);
          from = to;
        }
        for (const address of passing) b.engine.release(address);
        return out;
      },
    ],
    [
      'OneHotFloats',
      ({ inputs, attrs, backend }) => {
        const b = backend as WasmBackend;
        const [x, n] = [inputs.x!, attrs.n as number];
        const out = b.output([...x.shape, n]);
        const count = tf.util.sizeFromShape(x.shape);
        b.engine.words.set([b.entry(x).floats(), b.entry(out).address, count, n]);
        if (count * n > 0) b.engine.run(JOB.oneHot, count * n);
        return out;
      },
    ],
  ];
}
