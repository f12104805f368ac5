// Packing of plain matrices into panels: MR rows of A, NR columns of B.
import { MR, NR } from './micro';

@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }

/** B row-major [K,N] (ldb) → panels of NR columns, kc rows. Four panels at a time, so that lines are read whole. */
export function packB(b: usize, ldb: i32, kc: i32, nc: i32, out: usize): void {
  const row = <usize>ldb << 2, panel = <usize>(kc * NR) << 2;
  let j = 0;
  for (; j + 4 * NR <= nc; j += 4 * NR) {
    let src = b + (<usize>j << 2), o = out;
    for (let k = 0; k < kc; k++) {
      let at = o;
      v128.store(at, v128.load(src)); v128.store(at, v128.load(src, 16), 16);
      at += panel;
      v128.store(at, v128.load(src, 32)); v128.store(at, v128.load(src, 48), 16);
      at += panel;
      v128.store(at, v128.load(src, 64)); v128.store(at, v128.load(src, 80), 16);
      at += panel;
      v128.store(at, v128.load(src, 96)); v128.store(at, v128.load(src, 112), 16);
      src += row; o += 32;
    }
    out += 4 * panel;
  }
  for (; j < nc; j += NR) {
    let src = b + (<usize>j << 2);
    const w = min(NR, nc - j);
    if (w == NR) {
      for (let k = 0; k < kc; k++) {
        v128.store(out, v128.load(src)); v128.store(out, v128.load(src, 16), 16);
        src += row; out += 32;
      }
    } else {
      for (let k = 0; k < kc; k++) {
        for (let x = 0; x < NR; x++) store<f32>(out + (<usize>x << 2), x < w ? load<f32>(src + (<usize>x << 2)) : 0);
        src += row; out += 32;
      }
    }
  }
}
/** Four rows of four turned over: column x of them goes to out + x·step. */
@inline function turn(r0: v128, r1: v128, r2: v128, r3: v128, out: usize, step: usize): void {
  const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const t2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f32>(t0, t1, 0, 1, 4, 5));
  v128.store(out + step, v128.shuffle<f32>(t0, t1, 2, 3, 6, 7));
  v128.store(out + 2 * step, v128.shuffle<f32>(t2, t3, 0, 1, 4, 5));
  v128.store(out + 3 * step, v128.shuffle<f32>(t2, t3, 2, 3, 6, 7));
}
/** A panel of B from NR runs that lie `row` bytes apart. Beyond the last of them it repeats; those sums are never stored. */
export function turnRuns(p: usize, row: usize, last: i32, run: i32, out: usize): void {
  let p0 = p, p1 = p + <usize>min(1, last) * row, p2 = p + <usize>min(2, last) * row, p3 = p + <usize>min(3, last) * row;
  let p4 = p + <usize>min(4, last) * row, p5 = p + <usize>min(5, last) * row, p6 = p + <usize>min(6, last) * row, p7 = p + <usize>last * row;
  let k = 0;
  for (; k + 4 <= run; k += 4) {
    turn(v128.load(p0), v128.load(p1), v128.load(p2), v128.load(p3), out, 32);
    turn(v128.load(p4), v128.load(p5), v128.load(p6), v128.load(p7), out + 16, 32);
    p0 += 16; p1 += 16; p2 += 16; p3 += 16; p4 += 16; p5 += 16; p6 += 16; p7 += 16; out += 128;
  }
  for (; k < run; k++) {
    store<f32>(out, load<f32>(p0)); store<f32>(out, load<f32>(p1), 4); store<f32>(out, load<f32>(p2), 8); store<f32>(out, load<f32>(p3), 12);
    store<f32>(out, load<f32>(p4), 16); store<f32>(out, load<f32>(p5), 20); store<f32>(out, load<f32>(p6), 24); store<f32>(out, load<f32>(p7), 28);
    p0 += 4; p1 += 4; p2 += 4; p3 += 4; p4 += 4; p5 += 4; p6 += 4; p7 += 4; out += 32;
  }
}
/** B stored transposed [N,K] (ldb). */
export function packBT(b: usize, ldb: i32, kc: i32, nc: i32, out: usize): void {
  for (let j = 0; j < nc; j += NR) {
    turnRuns(b + (<usize>(j * ldb) << 2), <usize>ldb << 2, min(NR, nc - j) - 1, kc, out);
    out += <usize>(kc * NR) << 2;
  }
}
/** Entry k of MR runs side by side: out[k][row] for `run` values of k, from MR addresses. */
@inline export function interleave(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, run: i32, out: usize): void {
  let k = 0;
  for (; k + 4 <= run; k += 4) {
    turn(v128.load(p0), v128.load(p1), v128.load(p2), v128.load(p3), out, MR * 4);
    if (MR == 6) {
      const r4 = v128.load(p4), r5 = v128.load(p5);
      const u = v128.shuffle<f32>(r4, r5, 0, 4, 1, 5), v = v128.shuffle<f32>(r4, r5, 2, 6, 3, 7);
      v128.store_lane<u64>(out + 16, u, 0);
      v128.store_lane<u64>(out + 16 + MR * 4, u, 1);
      v128.store_lane<u64>(out + 16 + MR * 8, v, 0);
      v128.store_lane<u64>(out + 16 + MR * 12, v, 1);
      p4 += 16; p5 += 16;
    }
    p0 += 16; p1 += 16; p2 += 16; p3 += 16; out += MR * 16;
  }
  for (; k < run; k++) {
    store<f32>(out, load<f32>(p0)); store<f32>(out, load<f32>(p1), 4); store<f32>(out, load<f32>(p2), 8); store<f32>(out, load<f32>(p3), 12);
    if (MR == 6) { store<f32>(out, load<f32>(p4), 16); store<f32>(out, load<f32>(p5), 20); p4 += 4; p5 += 4; }
    p0 += 4; p1 += 4; p2 += 4; p3 += 4; out += MR * 4;
  }
}
/** A row-major → panels of MR rows. Rows beyond the last repeat it; their sums are never stored. */
export function packA(a: usize, lda: i32, mc: i32, kc: i32, out: usize): void {
  const row = <usize>lda << 2;
  for (let i = 0; i < mc; i += MR) {
    const h = min(MR, mc - i);
    const p0 = a + (<usize>(i * lda) << 2);
    interleave(p0, h > 1 ? p0 + row : p0, h > 2 ? p0 + 2 * row : p0, h > 3 ? p0 + 3 * row : p0, h > 4 ? p0 + 4 * row : p0, h > 5 ? p0 + 5 * row : p0, kc, out);
    out += <usize>(kc * MR) << 2;
  }
}
/** A stored transposed [K,M]. Four panels at a time, so that lines are read whole. */
export function packAT(a: usize, lda: i32, mc: i32, kc: i32, out: usize): void {
  const row = <usize>lda << 2, panel = <usize>(kc * MR) << 2;
  let i = 0;
  // (Panels of four rows would lie 4096 bytes apart, where the cache takes one address for another.)
  if (MR == 6) for (; i + 4 * MR <= mc; i += 4 * MR) {
    let src = a + (<usize>i << 2), o = out;
    for (let k = 0; k < kc; k++) {
      copyPanel(src, o); copyPanel(src + MR * 4, o + panel); copyPanel(src + MR * 8, o + 2 * panel); copyPanel(src + MR * 12, o + 3 * panel);
      src += row; o += MR * 4;
    }
    out += 4 * panel;
  }
  for (; i < mc; i += MR) {
    const h = min(MR, mc - i);
    let src = a + (<usize>i << 2);
    for (let k = 0; k < kc; k++) {
      if (h == MR) copyPanel(src, out);
      else for (let x = 0; x < MR; x++) store<f32>(out + (<usize>x << 2), x < h ? load<f32>(src + (<usize>x << 2)) : 0);
      src += row; out += MR * 4;
    }
  }
}
/** One step of a panel of A from MR neighbours. */
@inline export function copyPanel(src: usize, out: usize): void {
  v128.store(out, v128.load(src));
  if (MR == 6) store<u64>(out, load<u64>(src, 16), 16);
}
