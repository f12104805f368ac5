// Small square matrices, in double precision: a matrix is one thread's.
import { take } from './share';

@inline function abs(x: f64): f64 { return x < 0 ? -x : x; }

/** Gauss–Jordan elimination of n rows of `width` doubles at `m`, with the largest pivot of each column; the determinant. */
function eliminate(m: usize, n: i32, width: i32): f64 {
  const row = <usize>width << 3;
  let determinant: f64 = 1;
  for (let k = 0; k < n; k++) {
    const at = <usize>k << 3, here = m + <usize>k * row;
    let best = here;
    for (let i = k + 1; i < n; i++) {
      const other = m + <usize>i * row;
      if (abs(load<f64>(other + at)) > abs(load<f64>(best + at))) best = other;
    }
    if (best != here) {
      for (let e: usize = 0; e < row; e += 8) {
        const kept = load<f64>(here + e);
        store<f64>(here + e, load<f64>(best + e));
        store<f64>(best + e, kept);
      }
      determinant = -determinant;
    }
    const pivot = load<f64>(here + at);
    determinant *= pivot;
    // Columns before this one are done.
    for (let e = at; e < row; e += 8) store<f64>(here + e, load<f64>(here + e) / pivot);
    if (pivot == 0) { if (width == n) return 0; continue; }
    for (let i = width == n ? k + 1 : 0; i < n; i++) {
      const other = m + <usize>i * row, factor = load<f64>(other + at);
      if (i == k || factor == 0) continue;
      for (let e = at; e < row; e += 8) store<f64>(other + e, load<f64>(other + e) - factor * load<f64>(here + e));
    }
  }
  return determinant;
}

/** Words: x [count, n, n], the result, room for 2·n² doubles a matrix (n² for determinants), count, n, kind (0 inverse · 1 determinant). */
export function matrices(p: usize): void {
  const x = <usize>load<u32>(p), out = <usize>load<u32>(p, 4), room = <usize>load<u32>(p, 8);
  const count = load<i32>(p, 12), n = load<i32>(p, 16), inverse = load<i32>(p, 20) == 0;
  const width = inverse ? n << 1 : n, size = <usize>(n * n) << 2;
  for (let c = take(); c < count; c = take()) {
    const m = room + (<usize>c * <usize>(n * width) << 3), from = x + <usize>c * size;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        store<f64>(m + (<usize>(i * width + j) << 3), <f64>load<f32>(from + (<usize>(i * n + j) << 2)));
        if (inverse) store<f64>(m + (<usize>(i * width + n + j) << 3), i == j ? 1 : 0);
      }
    }
    const determinant = eliminate(m, n, width);
    if (!inverse) { store<f32>(out + (<usize>c << 2), <f32>determinant); continue; }
    const to = out + <usize>c * size;
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        store<f32>(to + (<usize>(i * n + j) << 2), determinant == 0 ? Infinity : <f32>load<f64>(m + (<usize>(i * width + n + j) << 3)));
  }
}

/** X with T · X = b. Words: a [count, n, n], b [count, n, m], the result, count, n, m, whether T is lower, whether it is a turned. */
export function triangularSolve(p: usize): void {
  const a = <usize>load<u32>(p), b = <usize>load<u32>(p, 4), out = <usize>load<u32>(p, 8);
  const count = load<i32>(p, 12), n = load<i32>(p, 16), m = load<i32>(p, 20);
  const lower = load<i32>(p, 24) != 0, turned = load<i32>(p, 28) != 0;
  const down = <usize>(turned ? 1 : n) << 2, right = <usize>(turned ? n : 1) << 2;
  for (let c = take(); c < count; c = take()) {
    const t = a + (<usize>(c * n * n) << 2), start = <usize>(c * n * m) << 2;
    for (let step = 0; step < n; step++) {
      const i = lower ? step : n - 1 - step, first = lower ? 0 : i + 1, end = lower ? i : n;
      const row = t + <usize>i * down, pivot = <f64>load<f32>(row + <usize>i * right);
      for (let j = 0; j < m; j++) {
        const at = start + (<usize>(i * m + j) << 2);
        let sum = <f64>load<f32>(b + at);
        for (let k = first; k < end; k++)
          sum -= <f64>load<f32>(row + <usize>k * right) * <f64>load<f32>(out + start + (<usize>(k * m + j) << 2));
        store<f32>(out + at, <f32>(sum / pivot));
      }
    }
  }
}
