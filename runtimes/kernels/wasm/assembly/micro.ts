// The micro-kernel: a tile of C, its accumulators in registers: 4×8 with multiply and add, 6×8 where relaxed SIMD has a
// fused multiply-add (one operation less a step, so that more of the tile pays for the loads).

export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
export const NR: i32 = 8;

@inline export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** C's tile of `h` rows (their addresses at `rows`, plus `at`) and `w` columns over kc; added to C where `acc`. */
export function micro(ap: usize, bp: usize, kc: i32, rows: usize, at: usize, h: i32, w: i32, acc: bool): void {
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00, s40 = s00, s41 = s00, s50 = s00, s51 = s00;
  for (let k = 0; k < kc; k++) {
    const b0 = v128.load(bp), b1 = v128.load(bp, 16);
    let a = v128.load32_splat(ap);
    s00 = madd(a, b0, s00); s01 = madd(a, b1, s01);
    a = v128.load32_splat(ap, 4);
    s10 = madd(a, b0, s10); s11 = madd(a, b1, s11);
    a = v128.load32_splat(ap, 8);
    s20 = madd(a, b0, s20); s21 = madd(a, b1, s21);
    a = v128.load32_splat(ap, 12);
    s30 = madd(a, b0, s30); s31 = madd(a, b1, s31);
    if (MR == 6) {
      a = v128.load32_splat(ap, 16);
      s40 = madd(a, b0, s40); s41 = madd(a, b1, s41);
      a = v128.load32_splat(ap, 20);
      s50 = madd(a, b0, s50); s51 = madd(a, b1, s51);
    }
    ap += MR * 4; bp += 32;
  }
  put(<usize>load<u32>(rows) + at, s00, s01, w, acc);
  if (h > 1) put(<usize>load<u32>(rows, 4) + at, s10, s11, w, acc);
  if (h > 2) put(<usize>load<u32>(rows, 8) + at, s20, s21, w, acc);
  if (h > 3) put(<usize>load<u32>(rows, 12) + at, s30, s31, w, acc);
  if (MR == 6) {
    if (h > 4) put(<usize>load<u32>(rows, 16) + at, s40, s41, w, acc);
    if (h > 5) put(<usize>load<u32>(rows, 20) + at, s50, s51, w, acc);
  }
}
@inline export function put(c: usize, x: v128, y: v128, w: i32, acc: bool): void {
  if (w >= NR) {
    if (acc) { x = f32x4.add(x, v128.load(c)); y = f32x4.add(y, v128.load(c, 16)); }
    v128.store(c, x); v128.store(c, y, 16);
  } else {
    putTail(c, x, y, w, acc);
  }
}
function putTail(c: usize, x: v128, y: v128, w: i32, acc: bool): void {
  putOne(c, f32x4.extract_lane(x, 0), acc);
  if (w > 1) putOne(c + 4, f32x4.extract_lane(x, 1), acc);
  if (w > 2) putOne(c + 8, f32x4.extract_lane(x, 2), acc);
  if (w > 3) putOne(c + 12, f32x4.extract_lane(x, 3), acc);
  if (w > 4) putOne(c + 16, f32x4.extract_lane(y, 0), acc);
  if (w > 5) putOne(c + 20, f32x4.extract_lane(y, 1), acc);
  if (w > 6) putOne(c + 24, f32x4.extract_lane(y, 2), acc);
}
@inline function putOne(c: usize, x: f32, acc: bool): void { store<f32>(c, acc ? x + load<f32>(c) : x); }
