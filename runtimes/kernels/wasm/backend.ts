/**
 * A tfjs backend whose tensors live in the engine's shared memory. It stands on tfjs's own cpu backend: what has no
 * kernel of ours runs as plain JavaScript on the same memory, without a copy.
 */
import * as tf from '@tensorflow/tfjs';
import type { Engine } from './engine.ts';

export const BACKEND = 'ganc-wasm';

type Values = Float32Array | Int32Array | Uint8Array | string[];

/** Kernels of the cpu backend may answer with a part of their operand, `slice` does: a view of memory that is used again. */
function kept(engine: Engine, values: Values | null): Values | null {
  const buffer = (values as Float32Array | null)?.buffer;
  if (buffer === undefined) return values;
  return buffer === engine.memory.buffer || isShared(buffer) ? values!.slice() : values;
}
const isShared = (b: ArrayBufferLike) => b.constructor.name === 'SharedArrayBuffer';

/** What the cpu backend keeps for a tensor, with the place in shared memory beside it. */
export class Entry {
  refCount = 1;
  /** A complex tensor is two others. */
  complexTensorInfos?: { real: tf.TensorInfo; imag: tf.TensorInfo };
  /** 0: not in shared memory (yet). */
  address = 0;
  private heap: Values | null;
  constructor(
    readonly engine: Engine,
    readonly dtype: string,
    values: Values | null,
    public length: number,
  ) {
    this.heap = kept(engine, values);
  }
  /** For the cpu backend's kernels. Truth values are kept as floats in shared memory, and are bytes to others. */
  get values(): Values {
    if (this.heap) return this.heap;
    const f = this.engine.floats(this.address, this.length);
    if (this.dtype === 'float32') return f;
    const copy = this.dtype === 'int32' ? Int32Array.from(f) : Uint8Array.from(f);
    return copy;
  }
  set values(v: Values) {
    const heap = kept(this.engine, v);
    this.free();
    this.heap = heap;
    this.length = v.length;
  }
  /** The address of its floats, which are moved to shared memory if need be. */
  floats(): number {
    if (this.address === 0) {
      this.address = this.engine.allocate(this.length * 4);
      this.engine.floats(this.address, this.length).set(this.heap as ArrayLike<number>);
      this.heap = null;
    }
    return this.address;
  }
  free(): void {
    if (this.address !== 0) this.engine.release(this.address);
    this.address = 0;
    this.heap = null;
  }
}

/** The cpu backend, as far as it is built upon here. */
interface CpuBackend {
  data: {
    get(id: object): Entry;
    set(id: object, e: Entry): void;
    has(id: object): boolean;
    delete(id: object): void;
  };
  nextDataId(): number;
  disposeData(id: object, force?: boolean): boolean;
}

export interface WasmBackend extends CpuBackend {
  engine: Engine;
  entry(t: tf.TensorInfo): Entry;
  /** A tensor whose floats the next kernel writes. */
  output(shape: readonly number[], dtype?: 'float32' | 'bool'): tf.TensorInfo;
}

export function makeBackend(engine: Engine): WasmBackend {
  // By its instance, not by its package: there must be one tfjs in the process.
  const Cpu = (tf.findBackend('cpu') as unknown as { constructor: new () => CpuBackend }).constructor;
  class Backend extends Cpu {
    engine = engine;
    entry(t: tf.TensorInfo): Entry {
      return this.data.get(t.dataId);
    }
    output(shape: number[], dtype: 'float32' | 'bool' = 'float32'): tf.TensorInfo {
      const length = tf.util.sizeFromShape(shape);
      const e = new Entry(engine, dtype, null, length);
      e.address = engine.allocate(length * 4);
      const dataId = { id: this.nextDataId() };
      this.data.set(dataId, e);
      return { dataId, shape, dtype } as unknown as tf.TensorInfo;
    }
    write(values: Values, _shape: number[], dtype: string): object {
      const dataId = { id: this.nextDataId() };
      this.data.set(dataId, new Entry(engine, dtype, values, values?.length ?? 0));
      return dataId;
    }
    move(dataId: object, values: Values, _shape: number[], dtype: string, refCount: number): void {
      const e = new Entry(engine, dtype, values, values?.length ?? 0);
      e.refCount = refCount;
      this.data.set(dataId, e);
    }
    readSync(dataId: object): Values {
      const e = this.data.get(dataId);
      if (e.complexTensorInfos) {
        const { real, imag } = e.complexTensorInfos;
        return tf.backend_util.mergeRealAndImagArrays(
          this.readSync(real.dataId) as Float32Array,
          this.readSync(imag.dataId) as Float32Array,
        );
      }
      // A copy: the memory is used again once the tensor is disposed of.
      return e.address !== 0 && e.dtype === 'float32' ? (e.values as Float32Array).slice() : e.values;
    }
    async read(dataId: object): Promise<Values> {
      return this.readSync(dataId);
    }
    override disposeData(dataId: object, force = false): boolean {
      if (this.data.has(dataId)) {
        const e = this.data.get(dataId);
        e.refCount--;
        if (!force && e.refCount > 0) return false;
        if (e.complexTensorInfos) {
          this.disposeData(e.complexTensorInfos.real.dataId, true);
          this.disposeData(e.complexTensorInfos.imag.dataId, true);
        }
        e.free();
        this.data.delete(dataId);
      }
      return true;
    }
    memory() {
      return { unreliable: false, numBytesInWasm: engine.bytesInUse };
    }
    floatPrecision(): 32 {
      return 32;
    }
    dispose(): void {
      engine.close();
    }
  }
  return new Backend() as unknown as WasmBackend;
}
