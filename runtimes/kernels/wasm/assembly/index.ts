// What the host calls: one job at a time, shared by the threads. A job is a code and words in memory.
import { chain } from './chain';
import { gemm, WORK } from './gemm';
import { reduceColumns, reduceRows } from './reduce';

/** Floats of work space that each thread needs (16-byte aligned, zero at first). */
export function workFloats(): i32 { return WORK; }

/** Does share `part` of `parts` of the job: 0 gemm · 1 chain · 2 row reduction · 3 column reduction. */
export function run(job: i32, p: usize, part: i32, parts: i32, work: usize): void {
  switch (job) {
    case 0: gemm(p, part, parts, work); return;
    case 1: chain(p, part, parts, work); return;
    case 2: reduceRows(p, part, parts); return;
    case 3: reduceColumns(p, part, parts, work); return;
  }
}

/**
 * A worker's life: waits for a new sequence number at `control`, does its share, counts itself done. Words of `control`:
 * sequence, done, job, address, threads, stop. It spins a little before it sleeps, since jobs come in quick succession.
 */
export function serve(control: usize, part: i32, work: usize): void {
  if (!ASC_FEATURE_THREADS) return;
  let seen = 0;
  for (;;) {
    let spins = 0;
    while (atomic.load<i32>(control) == seen) {
      if (++spins > 20000) { atomic.wait<i32>(control, seen, -1); spins = 0; }
    }
    seen = atomic.load<i32>(control);
    if (load<i32>(control, 20) != 0) return;
    run(load<i32>(control, 8), <usize>load<u32>(control, 12), part, load<i32>(control, 16), work);
    atomic.add<i32>(control + 4, 1);
    atomic.notify(control + 4, 1);
  }
}

/** Starts a job on all threads and does this one's share; `finished` says whether the others are through. */
export function dispatch(control: usize, job: i32, p: usize, parts: i32, work: usize): bool {
  if (!ASC_FEATURE_THREADS || parts == 1) {
    run(job, p, 0, 1, work);
    return true;
  }
  store<i32>(control, job, 8); store<u32>(control, <u32>p, 12); store<i32>(control, parts, 16);
  atomic.store<i32>(control + 4, 0);
  atomic.add<i32>(control, 1);
  atomic.notify(control, parts - 1);
  run(job, p, 0, parts, work);
  return finished(control, parts);
}

/** Spins for a few milliseconds at most: a host that waits longer must look whether a worker has died. */
export function finished(control: usize, parts: i32): bool {
  if (!ASC_FEATURE_THREADS) return true;
  for (let spins = 0; spins < 4000000; spins++) if (atomic.load<i32>(control + 4) == parts - 1) return true;
  return false;
}
