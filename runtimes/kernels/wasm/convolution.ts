/**
 * The two gradients of a convolution for tfjs's wasm backend, which lacks the one by the kernel and has a naive one by the
 * input: both as a product of matrices over the windows, a few examples at a time.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import {
  multiply,
  numbersOf,
  output,
  part,
  register,
  release,
  transpose,
  transposed,
  type WasmBackend,
} from './heap.ts';
import { fromRows, pointwise, toRows, type Windows, windowsOf } from './patches.ts';

/** The most numbers that a matrix of windows holds (16 MB), unless one example needs more. */
const ROOM = 4 << 20;

interface Attrs {
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
  filterShape: number[];
  inputShape: number[];
}

/** Calls `f` for runs of examples whose windows fit the room. */
function inParts(g: Windows, f: (from: number, to: number) => void): void {
  const one = g.oh * g.ow * g.kh * g.kw * g.channels;
  const examples = Math.max(1, Math.floor(ROOM / one));
  for (let from = 0; from < g.batch; from += examples) f(from, Math.min(g.batch, from + examples));
}

/** dk[(ky, kx, ci), co] = Σ windows(x)ᵀ · dy. */
function filterGradient(backend: WasmBackend, x: TensorInfo, dy: TensorInfo, attrs: Attrs): TensorInfo {
  const g = windowsOf(x.shape, attrs.filterShape, attrs.strides, attrs.pad);
  const co = attrs.filterShape[3]!;
  const k = g.kh * g.kw * g.channels;
  // Whichever side is smaller is turned over: the product comes out as [k, co] or as [co, k].
  const turned = k > co;
  const result = output(backend, attrs.filterShape);
  const shape: [number, number] = turned ? [co, k] : [k, co];
  const sum = turned ? output(backend, shape) : part(backend, result, 0, shape);
  inParts(g, (from, to) => {
    const rows = (to - from) * g.oh * g.ow;
    const windows = pointwise(g)
      ? part(backend, x, from * g.h * g.w * k, [rows, k])
      : output(backend, [rows, k]);
    if (!pointwise(g)) toRows(numbersOf(backend, x), numbersOf(backend, windows), g, from, to);
    const start = from * g.oh * g.ow * co;
    const left = turned ? transposed(backend, dy, rows, co, start) : transposed(backend, windows, rows, k);
    const right = turned ? windows : part(backend, dy, start, [rows, co]);
    const product = from === 0 ? sum : output(backend, shape);
    multiply(backend, left, right, product, [shape[0], rows, shape[1]]);
    if (product !== sum) {
      add(numbersOf(backend, product), numbersOf(backend, sum));
      backend.disposeData(product.dataId);
    }
    backend.disposeData(left.dataId);
    if (right !== windows) release(backend, right);
    if (pointwise(g)) release(backend, windows);
    else backend.disposeData(windows.dataId);
  });
  if (turned) {
    transpose(numbersOf(backend, sum), numbersOf(backend, result), co, k);
    backend.disposeData(sum.dataId);
  } else release(backend, sum);
  return result;
}

function add(from: Float32Array, to: Float32Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += from[i]!;
}

/** windows(dx) = dy · kernelᵀ, added up where windows overlap. */
function inputGradient(backend: WasmBackend, dy: TensorInfo, filter: TensorInfo, attrs: Attrs): TensorInfo {
  const g = windowsOf(attrs.inputShape, filter.shape, attrs.strides, attrs.pad);
  const co = filter.shape[3]!;
  const k = g.kh * g.kw * g.channels;
  const kernel = transposed(backend, filter, k, co);
  const result = output(backend, attrs.inputShape);
  if (pointwise(g)) {
    multiply(backend, dy, kernel, result, [g.batch * g.oh * g.ow, co, k]);
  } else {
    numbersOf(backend, result).fill(0);
    inParts(g, (from, to) => {
      const rows = (to - from) * g.oh * g.ow;
      const left = part(backend, dy, from * g.oh * g.ow * co, [rows, co]);
      const windows = output(backend, [rows, k]);
      multiply(backend, left, kernel, windows, [rows, co, k]);
      fromRows(numbersOf(backend, windows), numbersOf(backend, result), g, from, to);
      backend.disposeData(windows.dataId);
      release(backend, left);
    });
  }
  backend.disposeData(kernel.dataId);
  return result;
}

export function registerConvolution(): void {
  register('Conv2DBackpropFilter', () => ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    return filterGradient(backend, x, dy, attrs as unknown as Attrs);
  });
  register('Conv2DBackpropInput', () => ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    return inputGradient(backend, dy, filter, attrs as unknown as Attrs);
  });
}
