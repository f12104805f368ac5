// Sums and maxima along the last or the leading axes. Sums go by blocks of rows, so that rounding errors do not pile up.
import { putSome } from './lanes';
import { take } from './share';

/** sum (kind 0), maximum (1), minimum (2) of each row of [rows, cols]. */
export function reduceRows(p: usize): void {
  const x = <usize>load<u32>(p), out = <usize>load<u32>(p, 4);
  const rows = load<i32>(p, 8), cols = load<i32>(p, 12), kind = load<i32>(p, 16);
  const scale = load<f32>(p, 20);
  // About 16,000 numbers a piece.
  const piece = max<i32>(1, 16384 / cols);
  for (let from = take() * piece; from < rows; from = take() * piece) {
    const to = min<i32>(rows, from + piece);
    for (let r = from; r < to; r++) {
      const row = x + (<usize>(r * cols) << 2);
      store<f32>(out + (<usize>r << 2), kind == 0 ? sumOf(row, cols) * scale : kind == 1 ? maxOf(row, cols) : minOf(row, cols));
    }
  }
}
function sumOf(x: usize, n: i32): f32 {
  let total: f64 = 0;
  let i = 0;
  while (i + 4 <= n) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    const stop = i + 1024 < n ? i + 1024 : n;
    for (; i + 16 <= stop; i += 16) {
      s0 = f32x4.add(s0, v128.load(x)); s1 = f32x4.add(s1, v128.load(x, 16)); s2 = f32x4.add(s2, v128.load(x, 32)); s3 = f32x4.add(s3, v128.load(x, 48));
      x += 64;
    }
    for (; i + 4 <= stop; i += 4) { s0 = f32x4.add(s0, v128.load(x)); x += 16; }
    s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    total += <f64>f32x4.extract_lane(s0, 0) + <f64>f32x4.extract_lane(s0, 1) + <f64>f32x4.extract_lane(s0, 2) + <f64>f32x4.extract_lane(s0, 3);
    if (stop == n) break;
  }
  for (; i < n; i++) { total += load<f32>(x); x += 4; }
  return <f32>total;
}
// pmax and pmin are one instruction each, where max and min are seven. They pass over what is no number, so that is kept apart.
function maxOf(x: usize, n: i32): f32 {
  let m: f32 = -Infinity, i = 0;
  if (n >= 16) {
    let a = f32x4.splat(-Infinity), b = a, c = a, d = a, odd = i32x4.splat(0);
    for (; i + 16 <= n; i += 16) {
      const p = x + (<usize>i << 2), v0 = v128.load(p), v1 = v128.load(p, 16), v2 = v128.load(p, 32), v3 = v128.load(p, 48);
      a = f32x4.pmax(a, v0); b = f32x4.pmax(b, v1); c = f32x4.pmax(c, v2); d = f32x4.pmax(d, v3);
      odd = v128.or(odd, v128.or(v128.or(f32x4.ne(v0, v0), f32x4.ne(v1, v1)), v128.or(f32x4.ne(v2, v2), f32x4.ne(v3, v3))));
    }
    if (v128.any_true(odd)) return NaN;
    a = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
    m = max<f32>(max<f32>(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)), max<f32>(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)));
  }
  for (; i < n; i++) m = max<f32>(m, load<f32>(x + (<usize>i << 2)));
  return m;
}
function minOf(x: usize, n: i32): f32 {
  let m: f32 = Infinity, i = 0;
  if (n >= 16) {
    let a = f32x4.splat(Infinity), b = a, c = a, d = a, odd = i32x4.splat(0);
    for (; i + 16 <= n; i += 16) {
      const p = x + (<usize>i << 2), v0 = v128.load(p), v1 = v128.load(p, 16), v2 = v128.load(p, 32), v3 = v128.load(p, 48);
      a = f32x4.pmin(a, v0); b = f32x4.pmin(b, v1); c = f32x4.pmin(c, v2); d = f32x4.pmin(d, v3);
      odd = v128.or(odd, v128.or(v128.or(f32x4.ne(v0, v0), f32x4.ne(v1, v1)), v128.or(f32x4.ne(v2, v2), f32x4.ne(v3, v3))));
    }
    if (v128.any_true(odd)) return NaN;
    a = f32x4.pmin(f32x4.pmin(a, b), f32x4.pmin(c, d));
    m = min<f32>(min<f32>(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)), min<f32>(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)));
  }
  for (; i < n; i++) m = min<f32>(m, load<f32>(x + (<usize>i << 2)));
  return m;
}

/** Sum (scaled; kind 0), maximum (1) or minimum (2) over the middle axis of [outer, rows, cols] → [outer, cols]. A piece is a strip of columns of one entry. */
export function reduceColumns(p: usize, threads: i32): void {
  const x = <usize>load<u32>(p), out = <usize>load<u32>(p, 4);
  const outer = load<i32>(p, 8), rows = load<i32>(p, 12), cols = load<i32>(p, 16);
  const scale = load<f32>(p, 20), kind = load<i32>(p, 24);
  // Whole entries where there are many, else strips of at least a cache line.
  const strip = outer >= 4 * threads ? cols : max<i32>(16, (cols / (4 * threads) + 15) & ~15);
  const strips = (cols + strip - 1) / strip;
  for (let piece = take(); piece < outer * strips; piece = take()) {
    const o = piece / strips, from = (piece - o * strips) * strip;
    const at = x + (<usize>(o * rows * cols) << 2), to = out + (<usize>(o * cols) << 2), end = min<i32>(cols, from + strip);
    if (kind == 0) columns(at, to, rows, cols, from, end, scale);
    else extremes(at, to, rows, cols, from, end, kind == 1);
  }
}
function extremes(x: usize, out: usize, rows: i32, cols: i32, from: i32, to: i32, largest: bool): void {
  const row = <usize>cols << 2;
  for (let c = from; c < to; c += 16) {
    // Beyond the strip's end other numbers are read, and nothing is made of them.
    let q = x + (<usize>c << 2), n = min<i32>(16, to - c);
    let a = v128.load(q), b = n > 4 ? v128.load(q, 16) : a, d = n > 8 ? v128.load(q, 32) : a, e = n > 12 ? v128.load(q, 48) : a;
    for (let r = 1; r < rows; r++) {
      q += row;
      const v = v128.load(q), w = n > 4 ? v128.load(q, 16) : v, y = n > 8 ? v128.load(q, 32) : v, z = n > 12 ? v128.load(q, 48) : v;
      if (largest) { a = f32x4.max(a, v); b = f32x4.max(b, w); d = f32x4.max(d, y); e = f32x4.max(e, z); }
      else { a = f32x4.min(a, v); b = f32x4.min(b, w); d = f32x4.min(d, y); e = f32x4.min(e, z); }
    }
    const o = out + (<usize>c << 2);
    putSome(o, a, n);
    if (n > 4) putSome(o + 16, b, n - 4);
    if (n > 8) putSome(o + 32, d, n - 8);
    if (n > 12) putSome(o + 48, e, n - 12);
  }
}
/** 16 columns at a time: sums of 128 rows in registers, added up in others. Beyond the strip's end other numbers are read. */
function columns(x: usize, out: usize, rows: i32, cols: i32, from: i32, to: i32, scale: f32): void {
  const row = <usize>cols << 2, by = f32x4.splat(scale);
  for (let c = from; c < to; c += 16) {
    const n = to - c;
    let q = x + (<usize>c << 2);
    let t0 = f32x4.splat(0), t1 = t0, t2 = t0, t3 = t0;
    for (let r = 0; r < rows;) {
      const end = min<i32>(rows, r + 128);
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      if (n >= 16) for (; r < end; r++) {
        s0 = f32x4.add(s0, v128.load(q)); s1 = f32x4.add(s1, v128.load(q, 16));
        s2 = f32x4.add(s2, v128.load(q, 32)); s3 = f32x4.add(s3, v128.load(q, 48));
        q += row;
      } else for (; r < end; r++) {
        s0 = f32x4.add(s0, v128.load(q));
        if (n > 4) s1 = f32x4.add(s1, v128.load(q, 16));
        if (n > 8) s2 = f32x4.add(s2, v128.load(q, 32));
        if (n > 12) s3 = f32x4.add(s3, v128.load(q, 48));
        q += row;
      }
      t0 = f32x4.add(t0, s0); t1 = f32x4.add(t1, s1); t2 = f32x4.add(t2, s2); t3 = f32x4.add(t3, s3);
    }
    const o = out + (<usize>c << 2);
    putSome(o, f32x4.mul(t0, by), n);
    if (n > 4) putSome(o + 16, f32x4.mul(t1, by), n - 4);
    if (n > 8) putSome(o + 32, f32x4.mul(t2, by), n - 8);
    if (n > 12) putSome(o + 48, f32x4.mul(t3, by), n - 12);
  }
}

/** One-hot vectors of `n` from whole parts of numbers: words x, the result, how many, n. Any other number gives zeros. */
export function oneHot(p: usize): void {
  const x = <usize>load<u32>(p), out = <usize>load<u32>(p, 4), many = load<i32>(p, 8), n = load<i32>(p, 12);
  const some = 1 + 16384 / n, vector = <usize>n << 2;
  for (let from = take() * some; from < many; from = take() * some) {
    const end = min<i32>(many, from + some);
    memory.fill(out + <usize>from * vector, 0, <usize>(end - from) * vector);
    for (let i = from; i < end; i++) {
      const k = i32x4.extract_lane(i32x4.trunc_sat_f32x4_s(v128.load32_splat(x + (<usize>i << 2))), 0);
      if (<u32>k < <u32>n) store<f32>(out + <usize>i * vector + (<usize>k << 2), 1);
    }
  }
}
