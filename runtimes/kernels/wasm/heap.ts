/** The wasm backend's memory as kernels of ours see it: arrays on its heap, views into tensors, and its matrix product. */
import type { DataType, KernelConfig, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** What is used of tfjs's BackendWasm. */
export interface WasmBackend {
  readonly wasm: {
    cwrap(name: string, result: null, args: string[]): (...args: unknown[]) => void;
    readonly tfjs: { disposeData(id: number): void };
  };
  readonly dataIdMap: {
    get(dataId: object): { id: number; memoryOffset: number };
    delete(dataId: object): boolean;
  };
  makeOutput(shape: number[], dtype: DataType, memoryOffset?: number): TensorInfo;
  disposeData(dataId: object): boolean;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array;
}

export function output(backend: WasmBackend, shape: number[]): TensorInfo {
  return backend.makeOutput(shape, 'float32');
}

/** The numbers of a tensor, in place. Any allocation may move the heap: ask again after it. */
export function numbersOf(backend: WasmBackend, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor);
}

/**
 * A part of a tensor as a tensor, without a copy; `release` gives it up. It has an identity of its own, so that nothing
 * the backend remembers of the whole (packed weights) is taken for the part's.
 */
export function part(backend: WasmBackend, tensor: TensorInfo, from: number, shape: number[]): TensorInfo {
  const { memoryOffset } = backend.dataIdMap.get(tensor.dataId);
  return backend.makeOutput(shape, 'float32', memoryOffset + 4 * from);
}

export function release(backend: WasmBackend, view: TensorInfo): void {
  backend.wasm.tfjs.disposeData(backend.dataIdMap.get(view.dataId).id);
  backend.dataIdMap.delete(view.dataId);
}

const products = new WeakMap<WasmBackend, (...args: unknown[]) => void>();

function productOf(backend: WasmBackend): (...args: unknown[]) => void {
  let product = products.get(backend);
  if (product === undefined) {
    const [n, a] = ['number', 'array'];
    product = backend.wasm.cwrap('BatchMatMul', null, [n, a, n, n, a, n, n, n, n]);
    products.set(backend, product);
  }
  return product;
}

const bytes = (shape: number[]): Uint8Array => new Uint8Array(new Int32Array(shape).buffer);

/**
 * out[m, n] = a[m, k] · b[k, n], by the only fast way that the backend has: one pair of matrices, none transposed. It
 * packs `b` and keeps that as long as `b` lives.
 */
export function multiply(
  backend: WasmBackend,
  a: TensorInfo,
  b: TensorInfo,
  out: TensorInfo,
  [m, k, n]: readonly [number, number, number],
): void {
  const id = (tensor: TensorInfo) => backend.dataIdMap.get(tensor.dataId).id;
  productOf(backend)(id(a), bytes([1, m, k]), 3, id(b), bytes([1, k, n]), 3, 0, 0, id(out));
}

/** to[j, i] = from[i, j], in blocks that stay in the cache. */
export function transpose(
  from: Float32Array,
  to: Float32Array,
  rows: number,
  columns: number,
  start = 0,
): void {
  const block = 16;
  for (let i0 = 0; i0 < rows; i0 += block) {
    const i1 = Math.min(rows, i0 + block);
    for (let j0 = 0; j0 < columns; j0 += block) {
      const j1 = Math.min(columns, j0 + block);
      for (let j = j0; j < j1; j++) {
        const row = j * rows;
        for (let i = i0; i < i1; i++) to[row + i] = from[start + i * columns + j]!;
      }
    }
  }
}

/** `matrix` [rows, columns] (from number `start` of the tensor) turned over, as a tensor that the caller disposes of. */
export function transposed(
  backend: WasmBackend,
  tensor: TensorInfo,
  rows: number,
  columns: number,
  start = 0,
): TensorInfo {
  const result = output(backend, [columns, rows]);
  transpose(numbersOf(backend, tensor), numbersOf(backend, result), rows, columns, start);
  return result;
}

type Kernel = (args: {
  inputs: Record<string, TensorInfo>;
  attrs: Record<string, unknown>;
  backend: WasmBackend;
}) => TensorInfo;

/** Puts a kernel in the place of tfjs's own, whose preparations still run when the backend starts. */
export function register(kernelName: string, make: (own: Kernel | null) => Kernel): void {
  const own = tf.getKernel(kernelName, 'wasm');
  if (own !== undefined && own !== null) tf.unregisterKernel(kernelName, 'wasm');
  const config = {
    kernelName,
    backendName: 'wasm',
    ...(own?.setupFunc ? { setupFunc: own.setupFunc } : {}),
    kernelFunc: make((own?.kernelFunc as unknown as Kernel) ?? null),
  };
  tf.registerKernel(config as unknown as KernelConfig);
}
