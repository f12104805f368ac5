/**
 * The kernels' engine: one WebAssembly memory shared by all threads, an allocator over it, and jobs that the threads
 * share. It knows nothing of tfjs and nothing of the platform: the host says how a worker is started.
 */
import { UserError } from '../../core/errors.ts';

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
  /** Seconds to wait for a thread that says nothing before it counts as dead; beyond what the job may take. */
  patience?: number;
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

export const JOB = {
  gemm: 0,
  chain: 1,
  rows: 2,
  columns: 3,
  few: 4,
  group: 8,
  depthwise: 16,
  move: 32,
  pool: 17,
  resize: 18,
  softmax: 19,
  oneHot: 20,
  byVector: 21,
  argsort: 22,
  extremeAt: 23,
  recurrence: 24,
  takeRows: 25,
  putRows: 26,
  matrices: 27,
  triangularSolve: 28,
} as const;

const PAGE = 65536;
/** Below this the job words and the control block live. */
const HEAP_START = 4 * PAGE;
const CONTROL = 1024;
const JOB_AT = 4096;
const CONSTANT_AT = JOB_AT + PAGE;
/** Words of a job. */
export const MOST_WORDS = PAGE >> 2;
/** Words of the control block (assembly/index.ts) that the host reads or writes. */
const ENTERED = 1;
const LEFT = 2;
const STOP = 5;
export const DEAD = 6;
const HOST_ASLEEP = 11;
const PATIENCE = 12;
/** How long the host sleeps at a time for the others, in milliseconds. */
const NAP = 10;
/** Milliseconds that a look takes, about. */
const LOOK = 2e-5;
/**
 * How often a thread that waits looks again before it sleeps. Jobs of a step follow each other within the most. Where
 * threads outnumber cores, who looks is in the way of who works, so it adapts.
 */
const LOOKS = { least: 500, most: 20_000 };
/** Milliseconds to wait for the others at a job's end, beyond a part of what the job took: longer means that they had no core. */
const LATE = 0.3;
/** No machine is slower than this many operations a second. */
const SLOWEST = 1e8;

export class Engine {
  readonly memory: WebAssembly.Memory;
  readonly threads: number;
  private readonly x: Exports;
  private readonly work: number;
  private readonly workers: WorkerHandle[] = [];
  private readonly control: Int32Array;
  private readonly patience: number;
  private top = HEAP_START;
  private jobWords: Int32Array;
  /** Free blocks by size class. */
  private readonly free = new Map<number, number[]>();
  private readonly sizeOf = new Map<number, number>();
  bytesInUse = 0;

  constructor(host: EngineHost) {
    this.memory = new WebAssembly.Memory(
      host.shared ? { initial: 64, maximum: 65536, shared: true } : { initial: 64, maximum: 65536 },
    );
    this.jobWords = wordsIn(this.memory);
    const instance = new WebAssembly.Instance(host.module, { env: { memory: this.memory } });
    this.x = instance.exports as unknown as Exports;
    this.threads = host.shared ? Math.max(1, host.threads) : 1;
    this.patience = host.patience ?? 10;
    // Only threads look at it, and shared memory stays where it is when it grows.
    this.control = new Int32Array(this.memory.buffer, CONTROL, 16);
    this.control[PATIENCE] = LOOKS.most;
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
    if (this.jobWords.buffer !== this.memory.buffer) this.jobWords = wordsIn(this.memory);
    return this.jobWords;
  }

  /** The address of this number, until the next call. */
  constant(value: number): number {
    this.floats(CONSTANT_AT, 1)[0] = value;
    return CONSTANT_AT;
  }

  /** Runs the job whose words have been written. Small ones stay on this thread. */
  run(job: number, operations: number): void {
    if (this.workers.length === 0 || operations < 30_000) {
      this.x.dispatch(CONTROL, job, JOB_AT, 1, this.work);
      return;
    }
    if (Atomics.load(this.control, DEAD) !== 0) throw died();
    const begin = performance.now();
    const done = this.x.dispatch(CONTROL, job, JOB_AT, this.threads, this.work);
    if (done) this.adapt(false);
    else {
      const worked = performance.now();
      this.join(operations);
      this.adapt(performance.now() - worked > LATE + (worked - begin) / 4);
    }
  }

  /** Threads sleep soon while they are in each other's way, and later again, over some dozens of steps. */
  private adapt(late: boolean): void {
    const looks = this.control[PATIENCE]!;
    this.control[PATIENCE] = late
      ? Math.max(LOOKS.least, looks >> 1)
      : Math.min(LOOKS.most, looks + (looks >> 10) + 1);
  }

  /** Waits for the threads that are still at the job. One that died without a word must not be waited for for ever. */
  private join(operations: number): void {
    const control = this.control;
    // Counted in naps, not by the clock: a machine that was suspended has not waited.
    let milliseconds = (this.patience + operations / SLOWEST) * 1000;
    do {
      if (milliseconds < 0) Atomics.store(control, DEAD, 1);
      if (Atomics.load(control, DEAD) !== 0) throw died();
      milliseconds -= nap(control);
    } while (!this.x.finished(CONTROL));
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  /** 64-byte aligned; every block has at least 16 bytes beyond what was asked for, since kernels write whole vectors. */
  allocate(bytes: number): number {
    const size = sizeClass(bytes + 16);
    const address = this.free.get(size)?.pop() ?? this.extend(size) ?? this.larger(size);
    if (address === undefined) throw this.full(bytes);
    this.bytesInUse += this.sizeOf.get(address)!;
    return address;
  }

  /** A block at the end of the memory, which grows for it; undefined where it cannot. */
  private extend(size: number): number | undefined {
    const length = this.memory.buffer.byteLength;
    const missing = this.top + size - length;
    // Growing takes time, so it goes by larger steps while there is room.
    const ample = Math.max(missing, Math.min(length / 4, 64 << 20));
    if (missing > 0 && !this.grow(ample) && !this.grow(missing)) return undefined;
    const address = this.top;
    this.top += size;
    this.sizeOf.set(address, size);
    return address;
  }

  private grow(bytes: number): boolean {
    try {
      this.memory.grow(Math.ceil(bytes / PAGE));
    } catch {
      return false;
    }

    return true;
  }

  /** The smallest free block of a larger class: better than none. */
  private larger(size: number): number | undefined {
    let best: number[] | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const [s, list] of this.free) {
      if (s < size || s >= least || list.length === 0) continue;
      best = list;
      least = s;
    }
    return best?.pop();
  }

  private full(bytes: number): UserError {
    const size = (n: number) =>
      n < 2 ** 29 ? `${(n / 2 ** 20).toFixed(1)} MiB` : `${(n / 2 ** 30).toFixed(2)} GiB`;
    return new UserError(
      `a tensor of ${size(bytes)} does not fit: ${size(this.bytesInUse)} are in use, and the wasm backend's memory cannot grow beyond ${size(this.memory.buffer.byteLength)}`,
      {
        hint: 'a smaller batch or narrower nets; or --backend tensorflow, which has all of the machine’s memory',
        code: 2,
      },
    );
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
    if (this.workers.length === 0) return;
    Atomics.store(this.control, STOP, 1);
    Atomics.add(this.control, 0, 1);
    Atomics.notify(this.control, 0);
    for (const w of this.workers) w.stop();
  }
}

function died(): UserError {
  return new UserError('a worker thread of the wasm kernels has died; the step cannot be finished', {
    hint: 'start the run again',
    code: 2,
  });
}

/** Sleeps until a thread has left the job; returns the milliseconds that this may have taken. */
function nap(control: Int32Array): number {
  const left = Atomics.load(control, LEFT);
  if (left === Atomics.load(control, ENTERED)) return 0;
  Atomics.store(control, HOST_ASLEEP, 1);
  try {
    Atomics.wait(control, LEFT, left, NAP);
    return NAP;
  } catch {
    // A page's main thread may not sleep; it looks again for a while in `finished` instead.
    return control[PATIENCE]! * LOOK;
  } finally {
    Atomics.store(control, HOST_ASLEEP, 0);
  }
}

/** Multiples of 64 bytes when small, then eight classes a power of two: at most an eighth is lost. */
function sizeClass(bytes: number): number {
  if (bytes <= 1024) return (bytes + 63) & ~63;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3);
  return Math.ceil(bytes / step) * step;
}

function wordsIn(memory: WebAssembly.Memory): Int32Array {
  return new Int32Array(memory.buffer, JOB_AT, MOST_WORDS);
}
