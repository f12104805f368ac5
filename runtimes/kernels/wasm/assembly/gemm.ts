// Blocked, packed GEMM: C[M,N] = A[M,K] · B[K,N] in single precision; A and B come plain, transposed, or as windows.
import { micro, MR, NR } from './micro';
import { take } from './share';
import { packA, packAT, packB, packBT } from './pack';
import { geometry, gCols, gRows, gTX, packTaps, packWindows, packWindowsT, pixelIs } from './windows';

/** At most so many steps of k, columns of B and rows of A are packed at a time. */
const KC: i32 = 256;
const NC: i32 = 1024;
const MC: i32 = ASC_FEATURE_RELAXED_SIMD ? 120 : 128;
/** What a window reads outside of the tensor, of one tap: as many steps as are packed at a time. */
export const ZEROS: i32 = KC;

@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }
@inline function max(a: i32, b: i32): i32 { return a > b ? a : b; }
@inline function apOf(work: usize): usize { return work + (<usize>(KC * (NC + NR)) << 2); }
@inline function rowsOf(work: usize): usize { return work + (<usize>(KC * (NC + NR) + (MC + MR) * KC) << 2); }
@inline function zerosOf(work: usize): usize { return rowsOf(work) + (<usize>(MC + MR) << 2); }
/** Floats of work space a thread needs. The zeros at its end must be 0 from the start and are never written. */
export const WORK: i32 = KC * (NC + NR) + (MC + MR) * KC + MC + MR + ZEROS + 16;

export const PLAIN: i32 = 0;
export const WINDOWS: i32 = 1;
export const WINDOWS_T: i32 = 2;
export const PHASE: i32 = 3;

// The words of the job, see `gemm`.
let kind: i32, a: usize, b: usize, c: usize, m: i32, n: i32, k: i32, ta: bool, tb: bool, phase: usize;
/** Floats from one row of B (not turned) to the next, and of C; for a phase, of C's pixels. */
let ldb: i32, ldc: i32;
/** How many products there are, and the bytes from the operands and the result of one to those of the next. */
let count: i32, nextA: i32, nextB: i32, nextC: i32;
/** Threads share rows of C, or its columns where they are more; k goes by steps of `kb`, all the same but the last. */
let byRows: bool, kb: i32, zeros: usize, packed: usize;

function read(p: usize, work: usize): void {
  kind = load<i32>(p);
  a = <usize>load<u32>(p, 4); b = <usize>load<u32>(p, 8); c = <usize>load<u32>(p, 12);
  m = load<i32>(p, 16); n = load<i32>(p, 20); k = load<i32>(p, 24);
  ta = load<i32>(p, 28) != 0; tb = load<i32>(p, 32) != 0;
  phase = p + 84;
  count = load<i32>(p, 136); nextA = load<i32>(p, 140); nextB = load<i32>(p, 144); nextC = load<i32>(p, 148);
  ldb = load<i32>(p, 152); ldc = load<i32>(p, 156);
  byRows = m >= n;
  const steps = (k + KC - 1) / KC;
  kb = min(KC, ((k + steps - 1) / steps + 3) & ~3);
  packed = work;
  zeros = zerosOf(work);
  if (kind != PLAIN) { geometry(p + 36); pixelIs(load<i32>(p, 160)); }
}

/** Steps q to q + kc of B's columns j to j + nc. */
function packColumns(q: i32, kc: i32, j: i32, nc: i32, out: usize): void {
  if (kind == PHASE) packTaps(b, load<i32>(phase, 28), load<i32>(phase, 8), load<i32>(phase, 32), ldb, load<i32>(phase, 36), load<i32>(phase, 40), load<i32>(phase, 44), load<i32>(phase, 48), gTX, q, kc, j, nc, out);
  else if (tb) packBT(b + (<usize>(j * k + q) << 2), k, kc, nc, out);
  else packB(b + (<usize>(q * ldb + j) << 2), ldb, kc, nc, out);
}

/** Steps q to q + kc of A's rows i to i + mc. */
function packRows(q: i32, kc: i32, i: i32, mc: i32, out: usize): void {
  if (kind == PLAIN) {
    if (ta) packAT(a + (<usize>(q * m + i) << 2), m, mc, kc, out);
    else packA(a + (<usize>(i * k + q) << 2), k, mc, kc, out);
  } else if (kind == WINDOWS_T) packWindowsT(a, i, mc, q, kc, zeros, out);
  else packWindows(a, i, mc, q, kc, zeros, out);
}

/** Where the shared side's panels are, from `at` (a whole number of panels) in steps from q: all panels of a step side by side. */
@inline function shared(q: i32, kc: i32, at: i32): usize {
  const up = byRows ? (n + NR - 1) / NR * NR : (m + MR - 1) / MR * MR;
  return packed + (<usize>(q * up + kc * at) << 2);
}

/** Packs all of the side that the pieces of a job share. */
function packShared(): void {
  for (let q = 0; q < k; q += kb) {
    const kc = min(kb, k - q);
    if (byRows) packColumns(q, kc, 0, n, shared(q, kc, 0));
    else packRows(q, kc, 0, m, shared(q, kc, 0));
  }
}

/** All tiles of a packed block; `rows` holds the address of each of C's mc rows, at column 0. */
function block(ap: usize, bp: usize, mc: i32, j0: i32, nc: i32, kc: i32, rows: usize, acc: bool): void {
  for (let j = 0; j < nc; j += NR) {
    const w = min(NR, nc - j), at = <usize>(j0 + j) << 2;
    let ai = ap;
    for (let i = 0; i < mc; i += MR) {
      micro(ai, bp, kc, rows + (<usize>i << 2), at, min(MR, mc - i), w, acc);
      ai += <usize>(kc * MR) << 2;
    }
    bp += <usize>(kc * NR) << 2;
  }
}

/** The addresses of C's rows i to i + mc. */
function rowsOfC(i: i32, mc: i32, rows: usize): void {
  if (kind == PHASE) { phaseRows(phase, rows, i, mc); return; }
  let r = c + (<usize>(i * ldc) << 2);
  for (let x = 0; x < mc; x++) { store<u32>(rows + (<usize>x << 2), <u32>r); r += <usize>ldc << 2; }
}

/** Where C's rows go for an input gradient's stride phase: (y·sy + py, x·sx + px) of dx [images, ih, iw, channels]. */
function phaseRows(p: usize, rows: usize, i: i32, mc: i32): void {
  const ih = load<i32>(p), iw = load<i32>(p, 4);
  const sy = load<i32>(p, 12), sx = load<i32>(p, 16), py = load<i32>(p, 20), px = load<i32>(p, 24);
  const per = gRows * gCols;
  for (let z = 0; z < mc; z++) {
    const pos = i + z, image = pos / per, rest = pos - image * per, y = rest / gCols, q = rest - y * gCols;
    store<u32>(rows + (<usize>z << 2), <u32>(c + (<usize>(((image * ih + y * sy + py) * iw + q * sx + px) * ldc) << 2)));
  }
}

/** Parts of at most `most`, all about as long, each but the last a multiple of `unit`. */
@inline function even(long: i32, most: i32, unit: i32): i32 {
  const parts = (long + most - 1) / most;
  return ((long + parts - 1) / parts + unit - 1) / unit * unit;
}

/** Rows m0 to m1 with all columns, B packed before. */
function rowStrip(m0: i32, m1: i32, ap: usize, rows: usize): void {
  const mb = even(m1 - m0, MC, MR);
  for (let i = m0; i < m1; i += mb) {
    const mc = min(mb, m1 - i);
    rowsOfC(i, mc, rows);
    for (let q = 0; q < k; q += kb) {
      const kc = min(kb, k - q);
      packRows(q, kc, i, mc, ap);
      block(ap, shared(q, kc, 0), mc, 0, n, kc, rows, q > 0);
    }
  }
}

/** Columns n0 to n1 with all rows, A packed before. */
function columnStrip(n0: i32, n1: i32, bp: usize, rows: usize): void {
  const nb = even(n1 - n0, MC, NR), mb = even(m, MC, MR);
  for (let j = n0; j < n1; j += nb) {
    const nc = min(nb, n1 - j);
    for (let q = 0; q < k; q += kb) {
      const kc = min(kb, k - q);
      packColumns(q, kc, j, nc, bp);
      for (let i = 0; i < m; i += mb) {
        const mc = min(mb, m - i);
        rowsOfC(i, mc, rows);
        block(shared(q, kc, i), bp, mc, j, nc, kc, rows, q > 0);
      }
    }
  }
}

/** Rows m0 to m1 of columns n0 to n1, nothing packed before. */
function part(m0: i32, m1: i32, n0: i32, n1: i32, bp: usize, ap: usize, rows: usize): void {
  const mb = even(m1 - m0, MC, MR), nb = even(n1 - n0, NC, NR);
  for (let j = n0; j < n1; j += nb) {
    const nc = min(nb, n1 - j);
    for (let q = 0; q < k; q += kb) {
      const kc = min(kb, k - q);
      packColumns(q, kc, j, nc, bp);
      for (let i = m0; i < m1; i += mb) {
        const mc = min(mb, m1 - i);
        rowsOfC(i, mc, rows);
        packRows(q, kc, i, mc, ap);
        block(ap, bp, mc, j, nc, kc, rows, q > 0);
      }
    }
  }
}

/** Products of one kind side by side, as of a batch of matrices or of a convolution's groups: a piece is a strip of one. */
function many(threads: i32, work: usize, ap: usize, rows: usize): void {
  const a0 = a, b0 = b, c0 = c;
  const unit = byRows ? MR : NR, long = byRows ? m : n, panels = (long + unit - 1) / unit;
  const strips = threads == 1 ? 1 : min(panels, (4 * threads + count - 1) / count);
  const strip = (panels + strips - 1) / strips * unit;
  for (let piece = take(); piece < count * strips; piece = take()) {
    const g = piece / strips, from = (piece - g * strips) * strip, to = min(long, from + strip);
    if (from >= to) continue;
    a = a0 + <usize>(g * nextA); b = b0 + <usize>(g * nextB); c = c0 + <usize>(g * nextC);
    part(byRows ? from : 0, byRows ? to : m, byRows ? 0 : from, byRows ? n : to, work, ap, rows);
  }
}

/**
 * Words: kind, a, b, c, m, n, k, transposed a, transposed b; from word 9 the twelve of `geometry`; from word 21 (a phase)
 * ih, iw, ic, sy, sx, py, px, kernel width, out channels, first tap row, first tap column, steps of them; from word 34 products, bytes to the
 * next a, b and c, floats to the next row of b and of c, floats to the next pixel of windows. Threads share rows of C, or its
 * columns where they are more. The side that all pieces read each thread packs once, where there is room (in another
 * core's cache it would be far away). An element's sum is the same whatever the number of threads.
 */
export function gemm(p: usize, threads: i32, work: usize): void {
  read(p, work);
  const ap = apOf(work), rows = rowsOf(work);
  if (count > 1) { many(threads, work, ap, rows); return; }
  const unit = byRows ? MR : NR, long = byRows ? m : n, panels = (long + unit - 1) / unit;
  const once = <i64>(byRows ? n + NR : m + MR) * k <= KC * (NC + NR);
  // A long piece for each thread, and short ones for who is done first; where each piece packs both sides, long ones alone.
  let big = panels, small = panels;
  if (threads > 1) {
    if (once) { big = max(1, panels * 3 / 4 / threads); small = max(1, big / 8); }
    else big = small = (panels + threads - 1) / threads / max(1, long / (threads * 1024)) + 1;
  }
  let ready = false;
  for (let piece = take(); ; piece = take()) {
    const begin = piece <= threads ? piece * big : threads * big + (piece - threads) * small;
    if (begin >= panels) break;
    const from = begin * unit, to = min(long, (begin + (piece < threads ? big : small)) * unit);
    if (once && !ready) { packShared(); ready = true; }
    if (!once) part(byRows ? from : 0, byRows ? to : m, byRows ? 0 : from, byRows ? n : to, work, ap, rows);
    else if (byRows) rowStrip(from, to, ap, rows);
    else columnStrip(from, to, ap, rows);
  }
}
