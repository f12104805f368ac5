// Products of a matrix and a vector, which read each number of the matrix once: nothing is packed.
import { min, putSome } from './lanes';
import { madd } from './micro';
import { take } from './share';

@inline function lanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}

/** out[i] = Σ a[i][k] · v[k]: four rows at a time, from a row that is a multiple of four on. */
function rowsBy(a: usize, v: usize, out: usize, from: i32, to: i32, n: i32): void {
  const row = <usize>n << 2, whole = n & ~3;
  for (let i = from; i < to; i += 4) {
    // Rows beyond the last repeat it.
    const p0 = a + <usize>i * row, p1 = i + 1 < to ? p0 + row : p0, p2 = i + 2 < to ? p1 + row : p1, p3 = i + 3 < to ? p2 + row : p2;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let k = 0; k < whole; k += 4) {
      const at = <usize>k << 2, x = v128.load(v + at);
      s0 = madd(v128.load(p0 + at), x, s0); s1 = madd(v128.load(p1 + at), x, s1);
      s2 = madd(v128.load(p2 + at), x, s2); s3 = madd(v128.load(p3 + at), x, s3);
    }
    let t0 = lanes(s0), t1 = lanes(s1), t2 = lanes(s2), t3 = lanes(s3);
    for (let k = whole; k < n; k++) {
      const at = <usize>k << 2, x = load<f32>(v + at);
      t0 += load<f32>(p0 + at) * x; t1 += load<f32>(p1 + at) * x; t2 += load<f32>(p2 + at) * x; t3 += load<f32>(p3 + at) * x;
    }
    putSome(out + (<usize>i << 2), f32x4(t0, t1, t2, t3), to - i);
  }
}

/** out[j] = Σ v[k] · b[k][j] for 16 columns from j on: sums of 128 rows, added up. */
function columnsBy(b: usize, v: usize, out: usize, j: i32, cols: i32, rows: i32): void {
  const row = <usize>cols << 2, n = cols - j;
  let q = b + (<usize>j << 2), t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
  for (let r = 0; r < rows;) {
    const end = min(rows, r + 128);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; r < end; r++) {
      const x = v128.load32_splat(v + (<usize>r << 2));
      s0 = madd(v128.load(q), x, s0);
      if (n > 4) s1 = madd(v128.load(q, 16), x, s1);
      if (n > 8) s2 = madd(v128.load(q, 32), x, s2);
      if (n > 12) s3 = madd(v128.load(q, 48), x, s3);
      q += row;
    }
    t0 = f32x4.add(t0, s0); t1 = f32x4.add(t1, s1); t2 = f32x4.add(t2, s2); t3 = f32x4.add(t3, s3);
  }
  const o = out + (<usize>j << 2);
  putSome(o, t0, n);
  if (n > 4) putSome(o + 16, t1, n - 4);
  if (n > 8) putSome(o + 32, t2, n - 8);
  if (n > 12) putSome(o + 48, t3, n - 12);
}

/**
 * Words: whether the vector goes by columns, the matrix [rows, cols], the vector, the result, rows, cols, products, bytes to
 * the next matrix and vector. Results lie one after another.
 */
export function byVector(p: usize): void {
  const columns = load<i32>(p) != 0;
  const a = <usize>load<u32>(p, 4), v = <usize>load<u32>(p, 8), out = <usize>load<u32>(p, 12);
  const rows = load<i32>(p, 16), cols = load<i32>(p, 20), count = load<i32>(p, 24), nextA = load<i32>(p, 28), nextV = load<i32>(p, 32);
  const length = columns ? cols : rows;
  // About 16,000 numbers a piece.
  const some = columns ? 16 : (16384 / cols + 4) & ~3;
  const strips = (length + some - 1) / some;
  for (let piece = take(); piece < count * strips; piece = take()) {
    const g = piece / strips, from = (piece - g * strips) * some;
    const matrix = a + <usize>(g * nextA), vector = v + <usize>(g * nextV), to = out + (<usize>(g * length) << 2);
    if (columns) columnsBy(matrix, vector, to, from, cols, rows);
    else rowsBy(matrix, vector, to, from, min(rows, from + some), cols);
  }
}
