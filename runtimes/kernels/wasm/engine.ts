/**
 * The kernels' engine: one WebAssembly memory shared by all threads, an allocator over it, and jobs that the threads
 * share. It knows nothing of tfjs and nothing of the platform: the host says how a worker is started.
 */

/** A thread that runs `serve`; the host makes it. */
export interface WorkerHandle {
  /** Ends the thread at once, whatever it does. */
  stop(): void;
}

export interface EngineHost {
  /** The build for this memory, shared or not. */
  module: WebAssembly.Module;
  shared: boolean;
  threads: number;
  startWorker(init: {
    module: WebAssembly.Module;
    memory: WebAssembly.Memory;
    control: number;
    work: number;
  }): WorkerHandle;
}

interface Exports {
  workFloats(): number;
  dispatch(control: number, job: number, p: number, threads: number, work: number): number;
  finished(control: number): number;
}

export const JOB = { gemm: 0, chain: 1, rows: 2, columns: 3 } as const;

const PAGE = 65536;
/** Below this the job words and the control block live. */
const HEAP_START = 4 * PAGE;
const CONTROL = 1024;
const JOB_AT = 4096;

export class Engine {
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
  private readonly x: Exports;
  private readonly work: number;
  private readonly workers: WorkerHandle[] = [];
  private top = HEAP_START;
  private f32: Float32Array;
  private i32: Int32Array;
  /** Free blocks by size class. */
  private readonly free = new Map<number, number[]>();
  private readonly sizeOf = new Map<number, number>();
  bytesInUse = 0;

  constructor(host: EngineHost) {
    this.memory = new WebAssembly.Memory(
      host.shared ? { initial: 64, maximum: 65536, shared: true } : { initial: 64, maximum: 65536 },
    );
    this.f32 = new Float32Array(this.memory.buffer);
    this.i32 = new Int32Array(this.memory.buffer);
    const instance = new WebAssembly.Instance(host.module, { env: { memory: this.memory } });
    this.x = instance.exports as unknown as Exports;
    this.threads = host.shared ? Math.max(1, host.threads) : 1;
    const workBytes = this.x.workFloats() * 4;
    this.work = this.allocate(workBytes);
    for (let i = 1; i < this.threads; i++) {
      const work = this.allocate(workBytes);
      this.workers.push(
        host.startWorker({ module: host.module, memory: this.memory, control: CONTROL, work }),
      );
    }
  }

  /** Words of the job to come; at most 64 KiB. */
  get words(): Int32Array {
    if (this.i32.buffer !== this.memory.buffer) this.renew();
    return this.i32.subarray(JOB_AT >> 2, (JOB_AT + PAGE) >> 2);
  }
  get wordFloats(): Float32Array {
    if (this.f32.buffer !== this.memory.buffer) this.renew();
    return this.f32.subarray(JOB_AT >> 2, (JOB_AT + PAGE) >> 2);
  }

  /** Runs the job whose words have been written. Small ones stay on this thread: waking others costs microseconds. */
  run(job: number, operations: number): void {
    const threads = operations < 30_000 ? 1 : this.threads;
    if (this.x.dispatch(CONTROL, job, JOB_AT, threads, this.work)) return;
    const control = new Int32Array(this.memory.buffer, CONTROL, 16);
    while (!this.x.finished(CONTROL)) {
      if (Atomics.load(control, 6) !== 0)
        throw new Error('A worker thread of the wasm kernels has died; the step cannot be finished.');
    }
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** 64-byte aligned; every block has at least 16 bytes beyond what was asked for, since kernels write whole vectors. */
  allocate(bytes: number): number {
    const size = sizeClass(bytes + 16);
    this.bytesInUse += size;
    const list = this.free.get(size);
    const recycled = list?.pop();
    if (recycled !== undefined) return recycled;
    const address = this.top;
    this.top += size;
    this.sizeOf.set(address, size);
    const missing = this.top - this.memory.buffer.byteLength;
    if (missing > 0) {
      const pages = Math.ceil(
        Math.max(missing, Math.min(this.memory.buffer.byteLength / 4, 64 << 20)) / PAGE,
      );
      this.memory.grow(pages);
      this.renew();
    }
    return address;
  }

  release(address: number): void {
    const size = this.sizeOf.get(address);
    if (size === undefined) throw new Error(`No block at ${address}.`);
    this.bytesInUse -= size;
    const list = this.free.get(size);
    if (list) list.push(address);
    else this.free.set(size, [address]);
  }

  close(): void {
    const control = new Int32Array(this.memory.buffer, CONTROL, 16);
    Atomics.store(control, 5, 1);
    Atomics.add(control, 0, 1);
    Atomics.notify(control, 0);
    for (const w of this.workers) w.stop();
  }

  private renew(): void {
    this.f32 = new Float32Array(this.memory.buffer);
    this.i32 = new Int32Array(this.memory.buffer);
  }
}

/** Multiples of 64 bytes when small, then eight classes a power of two: at most an eighth is lost. */
function sizeClass(bytes: number): number {
  if (bytes <= 1024) return (bytes + 63) & ~63;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}
