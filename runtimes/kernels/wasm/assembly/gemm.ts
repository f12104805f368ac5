// Blocked, packed GEMM: C[M,N] = A[M,K] · B[K,N] in single precision; A and B come plain, transposed, or as windows.
import { micro, MR, NR } from './micro';
import { take } from './share';
import { packA, packAT, packB, packBT } from './pack';
import { geometry, gCols, gRows, packTaps, packWindows, packWindowsT } from './windows';

const KC: i32 = 256;
const NC: i32 = 1024;
const MC: i32 = ASC_FEATURE_RELAXED_SIMD ? 120 : 128;
/** Channels that a window outside the tensor reads as 0: the longest channel axis that the window paths take. */
export const ZEROS: i32 = 8192;

@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }
@inline function apOf(work: usize): usize { return work + (<usize>(KC * (NC + NR)) << 2); }
@inline function rowsOf(work: usize): usize { return work + (<usize>(KC * (NC + NR) + (MC + MR) * KC) << 2); }
@inline function zerosOf(work: usize): usize { return rowsOf(work) + (<usize>(MC + MR) << 2); }
/** Floats of work space a thread needs. The zeros at its end must be 0 from the start and are never written. */
export const WORK: i32 = KC * (NC + NR) + (MC + MR) * KC + MC + MR + ZEROS + 16;

/** All tiles of a packed block; `rows` holds the address of each of C's mc rows, at column 0. */
function block(ap: usize, bp: usize, mc: i32, j0: i32, nc: i32, kc: i32, rows: usize, acc: bool): void {
  for (let j = 0; j < nc; j += NR) {
    const w = min(NR, nc - j);
    const bj = bp + (<usize>(j * kc) << 2);
    const at = <usize>(j0 + j) << 2;
    for (let i = 0; i < mc; i += MR) {
      micro(ap + (<usize>(i * kc) << 2), bj, kc, rows + (<usize>i << 2), at, min(MR, mc - i), w, acc);
    }
  }
}

/** Where C's rows go for an input gradient's stride phase: (y·sy + py, x·sx + px) of dx [images, ih, iw, ic]. */
function phaseRows(p: usize, rows: usize, c: usize, i: i32, mc: i32): void {
  const ih = load<i32>(p), iw = load<i32>(p, 4), ic = load<i32>(p, 8);
  const sy = load<i32>(p, 12), sx = load<i32>(p, 16), py = load<i32>(p, 20), px = load<i32>(p, 24);
  const per = gRows * gCols;
  for (let z = 0; z < mc; z++) {
    const pos = i + z, image = pos / per, rest = pos - image * per, y = rest / gCols, q = rest - y * gCols;
    store<u32>(rows + (<usize>z << 2), <u32>(c + (<usize>(((image * ih + y * sy + py) * iw + q * sx + px) * ic) << 2)));
  }
}

export const PLAIN: i32 = 0;
export const WINDOWS: i32 = 1;
export const WINDOWS_T: i32 = 2;
export const PHASE: i32 = 3;

/**
 * Words: kind, a, b, c, m, n, k, transposed a, transposed b; from word 9 the twelve of `geometry`; from word 21 (a phase)
 * ih, iw, ic, sy, sx, py, px, kernel width, out channels, first tap row, first tap column. Threads share rows of C, or
 * its columns where rows are few; an element's sum is the same whatever their number.
 */
export function gemm(p: usize, threads: i32, work: usize): void {
  const kind = load<i32>(p);
  const a = <usize>load<u32>(p, 4), b = <usize>load<u32>(p, 8), c = <usize>load<u32>(p, 12);
  const m = load<i32>(p, 16), n = load<i32>(p, 20), k = load<i32>(p, 24);
  const ta = load<i32>(p, 28) != 0, tb = load<i32>(p, 32) != 0;
  const phase = p + 84;
  // Long pieces pay for packing B anew; several a thread leave room for a slow one.
  const byRows = m >= n;
  const unit = byRows ? MR : NR, long = byRows ? m : n;
  let piece = (long / (threads * 2) + unit) / unit * unit;
  if (threads == 1) piece = long;
  else if (piece < 8 * unit) piece = 8 * unit;
  else if (piece > 2048) piece = 2048 / unit * unit;
  if (kind != PLAIN) geometry(p + 36);
  const bp = work, ap = apOf(work), rows = rowsOf(work), zeros = zerosOf(work);
  const lda = ta ? m : k, ldb = tb ? k : n;
  for (let from = take() * piece; from < long; from = take() * piece) {
    const to = min(long, from + piece);
    const m0 = byRows ? from : 0, m1 = byRows ? to : m, n0 = byRows ? 0 : from, n1 = byRows ? n : to;
    for (let j = n0; j < n1; j += NC) {
      const nc = min(NC, n1 - j);
      for (let q = 0; q < k; q += KC) {
        const kc = min(KC, k - q);
        if (kind == PHASE) packTaps(b, load<i32>(phase, 28), load<i32>(phase, 8), load<i32>(phase, 32), load<i32>(phase, 36), load<i32>(phase, 40), load<i32>(phase, 12), load<i32>(phase, 16), load<i32>(p, 36 + 36), q, kc, j, nc, bp);
        else if (tb) packBT(b + (<usize>(j * ldb + q) << 2), ldb, kc, nc, bp);
        else packB(b + (<usize>(q * ldb + j) << 2), ldb, kc, nc, bp);
        for (let i = m0; i < m1; i += MC) {
          const mc = min(MC, m1 - i);
          if (kind == PLAIN) {
            if (ta) packAT(a + (<usize>(q * lda + i) << 2), lda, mc, kc, ap);
            else packA(a + (<usize>(i * lda + q) << 2), lda, mc, kc, ap);
          } else if (kind == WINDOWS_T) packWindowsT(a, i, mc, q, kc, zeros, ap);
          else packWindows(a, i, mc, q, kc, zeros, ap);
          if (kind == PHASE) phaseRows(phase, rows, c, i, mc);
          else {
            let r = c + (<usize>(i * n) << 2);
            for (let x = 0; x < mc; x++) { store<u32>(rows + (<usize>x << 2), <u32>r); r += <usize>n << 2; }
          }
          block(ap, bp, mc, j, nc, kc, rows, q > 0);
        }
      }
    }
  }
}
