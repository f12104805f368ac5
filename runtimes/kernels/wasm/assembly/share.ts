// How threads share a job: they take its pieces one after another, so that a thread which is held up by other work on the
// machine takes fewer. Which thread takes a piece never changes what comes out.

let counter: usize = 0;
let alone: bool = true;
let next: i32 = 0;

/** Before a job: the shared counter of pieces taken (0 at first), and whether there are other threads. */
export function begin(at: usize, parts: i32): void {
  counter = at;
  alone = parts == 1;
  next = 0;
}

/** The number of the next piece, from 0; beyond the last one there is nothing left to do. */
export function take(): i32 {
  if (ASC_FEATURE_THREADS) {
    if (!alone) return atomic.add<i32>(counter, 1);
  }
  return next++;
}
