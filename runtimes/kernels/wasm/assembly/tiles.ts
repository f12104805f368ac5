// Micro-kernels for convolutions of few channels (few.ts): tiles whose left side is read where it lies.
import { madd, NR, put } from './micro';

/** More accumulators than these would not stay in registers. */
const HIGHEST: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;

/** Rows of tiles, 4 or more, that leave the fewest empty; what a tile loads besides its rows costs about half a row. */
export function tileHeight(rows: i32): i32 {
  let best = 4;
  for (let h = 5; h <= HIGHEST; h++) {
    if ((rows + h - 1) / h * (2 * h + 1) <= (rows + best - 1) / best * (2 * best + 1)) best = h;
  }
  return best;
}

/**
 * A tile of up to `height` rows and w columns that sums over `rows` × `cols` places: for each row of the tile a number that
 * lies at `base` + its entry of `places` (then `step` bytes on for the next column, `line` for the next row) times 8 numbers
 * of b, which is packed in panels. `to`: `h` rows of `length` floats.
 */
export function tile(height: i32, base: usize, places: usize, h: i32, rows: i32, cols: i32, step: usize, line: usize, b: usize, panels: i32, to: usize, length: i32, w: i32, acc: bool): void {
  if (height == 4) tile4(base, places, h, rows, cols, step, line, b, panels, to, length, w, acc);
  else if (height == 5) tile5(base, places, h, rows, cols, step, line, b, panels, to, length, w, acc);
  else if (HIGHEST == 6) tile6(base, places, h, rows, cols, step, line, b, panels, to, length, w, acc);
}
function tile4(base: usize, places: usize, h: i32, rows: i32, cols: i32, step: usize, line: usize, b: usize, panels: i32, to: usize, length: i32, w: i32, acc: bool): void {
  tileOf(4, base, places, h, rows, cols, step, line, b, panels, to, length, w, acc);
}
function tile5(base: usize, places: usize, h: i32, rows: i32, cols: i32, step: usize, line: usize, b: usize, panels: i32, to: usize, length: i32, w: i32, acc: bool): void {
  tileOf(5, base, places, h, rows, cols, step, line, b, panels, to, length, w, acc);
}
function tile6(base: usize, places: usize, h: i32, rows: i32, cols: i32, step: usize, line: usize, b: usize, panels: i32, to: usize, length: i32, w: i32, acc: bool): void {
  tileOf(6, base, places, h, rows, cols, step, line, b, panels, to, length, w, acc);
}
@inline function tileOf(height: i32, base: usize, places: usize, h: i32, rows: i32, cols: i32, step: usize, line: usize, b: usize, panels: i32, to: usize, length: i32, w: i32, acc: bool): void {
  const t0 = <usize>load<u32>(places), t1 = h > 1 ? <usize>load<u32>(places, 4) : t0, t2 = h > 2 ? <usize>load<u32>(places, 8) : t0;
  const t3 = h > 3 ? <usize>load<u32>(places, 12) : t0, t4 = h > 4 ? <usize>load<u32>(places, 16) : t0, t5 = h > 5 ? <usize>load<u32>(places, 20) : t0;
  const row = <usize>length << 2;
  for (let j = 0; j < panels; j++) {
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00, s40 = s00, s41 = s00, s50 = s00, s51 = s00;
    let start = base;
    for (let y = 0; y < rows; y++) {
      const end = start + <usize>cols * step;
      for (let q = start; q < end; q += step) {
        const b0 = v128.load(b), b1 = v128.load(b, 16);
        let a = v128.load32_splat(q + t0);
        s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
        a = v128.load32_splat(q + t1);
        s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
        a = v128.load32_splat(q + t2);
        s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
        a = v128.load32_splat(q + t3);
        s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
        if (height > 4) {
          a = v128.load32_splat(q + t4);
          s40 = madd(a, b0, s40); s41 = madd(a, b1, s41);
        }
        if (height > 5) {
          a = v128.load32_splat(q + t5);
          s50 = madd(a, b0, s50); s51 = madd(a, b1, s51);
        }
        b += 32;
      }
      start += line;
    }
    put(to, s00, s01, w, acc);
    if (h > 1) put(to + row, s10, s11, w, acc);
    if (h > 2) put(to + 2 * row, s20, s21, w, acc);
    if (h > 3) put(to + 3 * row, s30, s31, w, acc);
    if (height > 4 && h > 4) put(to + 4 * row, s40, s41, w, acc);
    if (height > 5 && h > 5) put(to + 5 * row, s50, s51, w, acc);
    w -= NR; to += 32;
  }
}

/** Adds n numbers to as many others. */
export function sum4(from: usize, to: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
    from += 16; to += 16;
  }
  if (n >= 2) {
    v128.store_lane<u64>(to, f32x4.add(v128.load64_zero(to), v128.load64_zero(from)), 0);
    from += 8; to += 8; n -= 2;
  }
  if (n > 0) store<f32>(to, load<f32>(to) + load<f32>(from));
}
