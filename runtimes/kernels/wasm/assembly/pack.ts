// Packing of plain matrices into panels: MR rows of A, NR columns of B.
import { MR, NR } from './micro';

// A modes
// 0: row-major [M,K], lda; 1: stored [K,M] (transposed), lda; 2: im2col rows; 3: im2col columns (transposed)

@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }

/** B row-major [K,N] (ldb) → panels of NR columns, kc rows. */
export function packB(b: usize, ldb: i32, kc: i32, nc: i32, out: usize): void {
  for (let j = 0; j < nc; j += NR) {
    let src = b + (<usize>j << 2);
    const w = min(NR, nc - j);
    if (w == NR) {
      for (let k = 0; k < kc; k++) {
        v128.store(out, v128.load(src)); v128.store(out, v128.load(src, 16), 16);
        src += <usize>ldb << 2; out += 32;
      }
    } else {
      for (let k = 0; k < kc; k++) {
        for (let x = 0; x < NR; x++) store<f32>(out + (<usize>x << 2), x < w ? load<f32>(src + (<usize>x << 2)) : 0);
        src += <usize>ldb << 2; out += 32;
      }
    }
  }
}
/** B stored transposed [N,K] (ldb). */
export function packBT(b: usize, ldb: i32, kc: i32, nc: i32, out: usize): void {
  for (let j = 0; j < nc; j += NR) {
    const w = min(NR, nc - j);
    for (let x = 0; x < NR; x++) {
      let o = out + (<usize>x << 2);
      if (x < w) {
        let src = b + (<usize>((j + x) * ldb) << 2);
        for (let k = 0; k < kc; k++) { store<f32>(o, load<f32>(src)); src += 4; o += 32; }
      } else for (let k = 0; k < kc; k++) { store<f32>(o, 0); o += 32; }
    }
    out += <usize>(kc * NR) << 2;
  }
}
/** Entry k of MR runs side by side: out[k][row] for `run` values of k, from MR addresses. */
@inline export function interleave(p0: usize, p1: usize, p2: usize, p3: usize, p4: usize, p5: usize, run: i32, out: usize): void {
  let k = 0;
  for (; k + 4 <= run; k += 4) {
    const r0 = v128.load(p0), r1 = v128.load(p1), r2 = v128.load(p2), r3 = v128.load(p3);
    const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
    const t2 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(t0, t1, 0, 1, 4, 5));
    v128.store(out + MR * 4, v128.shuffle<f32>(t0, t1, 2, 3, 6, 7));
    v128.store(out + MR * 8, v128.shuffle<f32>(t2, t3, 0, 1, 4, 5));
    v128.store(out + MR * 12, v128.shuffle<f32>(t2, t3, 2, 3, 6, 7));
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
/** A stored transposed [K,M]. */
export function packAT(a: usize, lda: i32, mc: i32, kc: i32, out: usize): void {
  for (let i = 0; i < mc; i += MR) {
    const h = min(MR, mc - i);
    let src = a + (<usize>i << 2);
    if (h == MR) for (let k = 0; k < kc; k++) {
      v128.store(out, v128.load(src));
      if (MR == 6) store<u64>(out, load<u64>(src, 16), 16);
      src += <usize>lda << 2; out += MR * 4;
    }
    else for (let k = 0; k < kc; k++) {
      for (let x = 0; x < MR; x++) store<f32>(out + (<usize>x << 2), x < h ? load<f32>(src + (<usize>x << 2)) : 0);
      src += <usize>lda << 2; out += MR * 4;
    }
  }
}
