// What the host calls: one job at a time, shared by the threads. A job is a code and words in memory.
import { chain } from './chain';
import { depthwise } from './depthwise';
import { few } from './few';
import { gemm, WORK } from './gemm';
import { group } from './group';
import { argsort, extremeAt, recurrence } from './lines';
import { matrices, triangularSolve } from './matrices';
import { move } from './move';
import { pool } from './pools';
import { oneHot, reduceColumns, reduceRows } from './reduce';
import { resize } from './resize';
import { putRows, takeRows } from './rows';
import { begin } from './share';
import { softmax } from './softmax';
import { byVector } from './vectors';

/** Floats of work space that each thread needs (16-byte aligned, zero at first). */
export function workFloats(): i32 { return WORK; }

/** Does pieces of the job until none is left: 0 gemm · 1 chain · 2 row reduction · 3 column reduction · 4 few channels · 8 chain with sums · 16 depthwise convolution · 17 pooling · 18 larger pictures · 19 softmax · 20 one-hot · 21 matrix by vector · 22 argsort · 23 position of an extreme · 24 linear recurrence · 25 rows by position · 26 its transpose · 27 inverse or determinant · 28 triangular system · 32 moves. */
function run(job: i32, p: usize, threads: i32, work: usize): void {
  switch (job) {
    case 0: gemm(p, threads, work); return;
    case 1: chain(p, work); return;
    case 2: reduceRows(p); return;
    case 3: reduceColumns(p, threads); return;
    case 4: few(p, work); return;
    case 8: group(p, work); return;
    case 16: depthwise(p); return;
    case 32: move(p, work); return;
    case 17: pool(p); return;
    case 18: resize(p, work); return;
    case 19: softmax(p, threads, work); return;
    case 20: oneHot(p); return;
    case 21: byVector(p); return;
    case 22: argsort(p); return;
    case 23: extremeAt(p); return;
    case 24: recurrence(p); return;
    case 25: takeRows(p); return;
    case 26: putRows(p, threads); return;
    case 27: matrices(p); return;
    case 28: triangularSolve(p); return;
  }
}

// Byte offsets of the control block. A worker enters a job, finds it open or not, and leaves; the job is finished when it
// is closed and as many have left as entered. So nobody waits for a worker that sleeps through a short job.
const SEQUENCE: usize = 0;
const ENTERED: usize = 4;
const LEFT: usize = 8;
const OPEN: usize = 12;
/** Workers that sleep, or are about to. */
const ASLEEP: usize = 16;
const STOP: usize = 20;
// 24 is the host's: a worker has died.
const PIECES: usize = 28;
const JOB: usize = 32;
const ADDRESS: usize = 36;
const THREADS: usize = 40;
/** The host sleeps until LEFT changes. */
const HOST_ASLEEP: usize = 44;
/** How often a thread that waits looks again before it sleeps; the host's to set. */
const PATIENCE: usize = 48;

/**
 * A while between two looks, some tens of nanoseconds: divisions that wait for each other, so that a thread which shares
 * its core with this one loses little. (WebAssembly has no instruction for it.)
 */
@inline function pause(x: f64): f64 { return 3 / (2 / (3 / (2 / x))); }

/**
 * A worker's life. It looks for the next job for a while before it sleeps, since jobs come in quick succession, and
 * waking costs tens of microseconds: the sleeper's, and the host's who wakes it.
 */
export function serve(control: usize, work: usize): void {
  if (!ASC_FEATURE_THREADS) return;
  let seen = 0;
  let idle: f64 = 1;
  for (;;) {
    let looks = 0;
    while (atomic.load<i32>(control + SEQUENCE) == seen) {
      idle = pause(idle);
      if (++looks > load<i32>(control + PATIENCE) || idle == 0) {
        atomic.add<i32>(control + ASLEEP, 1);
        atomic.wait<i32>(control + SEQUENCE, seen, -1);
        atomic.sub<i32>(control + ASLEEP, 1);
        looks = 0;
      }
    }
    seen = atomic.load<i32>(control + SEQUENCE);
    if (atomic.load<i32>(control + STOP) != 0) return;
    atomic.add<i32>(control + ENTERED, 1);
    if (atomic.load<i32>(control + OPEN) != 0) {
      const threads = load<i32>(control + THREADS);
      begin(control + PIECES, threads);
      run(load<i32>(control + JOB), <usize>load<u32>(control + ADDRESS), threads, work);
    }
    atomic.add<i32>(control + LEFT, 1);
    if (atomic.load<i32>(control + HOST_ASLEEP) != 0) atomic.notify(control + LEFT, 1);
  }
}

/** Does a job, with the help of the workers that come in time; false if some are still at it (see `finished`). */
export function dispatch(control: usize, job: i32, p: usize, threads: i32, work: usize): bool {
  begin(control + PIECES, threads);
  if (!ASC_FEATURE_THREADS || threads == 1) {
    run(job, p, threads, work);
    return true;
  }
  store<i32>(control + JOB, job);
  store<u32>(control + ADDRESS, <u32>p);
  store<i32>(control + THREADS, threads);
  atomic.store<i32>(control + PIECES, 0);
  atomic.store<i32>(control + OPEN, 1);
  atomic.add<i32>(control + SEQUENCE, 1);
  // One that is about to sleep and not yet counted finds the sequence changed, and does not sleep.
  if (atomic.load<i32>(control + ASLEEP) != 0) atomic.notify(control + SEQUENCE, threads - 1);
  run(job, p, threads, work);
  atomic.store<i32>(control + OPEN, 0);
  return finished(control);
}

/** Looks for a while; a host that waits longer sleeps until LEFT changes, and looks whether a worker has died. */
export function finished(control: usize): bool {
  if (!ASC_FEATURE_THREADS) return true;
  let idle: f64 = 1;
  for (let looks = 0; looks <= load<i32>(control + PATIENCE) && idle != 0; looks++) {
    if (atomic.load<i32>(control + LEFT) == atomic.load<i32>(control + ENTERED)) return true;
    idle = pause(idle);
  }
  return false;
}
