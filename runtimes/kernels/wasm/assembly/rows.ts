// Rows by position, and their sum back to where they came from. The fraction of a position is cut off; one outside 0 to
// n − 1 has zeros for a row, and what is added there is lost.
import { max, min } from './lanes';
import { take } from './share';

/** The position that a number says; -1 where there is none. */
@inline function placeAt(index: usize, n: i32): i32 {
  const v = load<f32>(index);
  return v > -1 && v < <f32>n ? <i32>v : -1;
}

/** x [groups, n, inner] and positions [groups, k] give [groups, k, inner]. Words: x, positions, result, groups, n, inner, k. */
export function takeRows(p: usize): void {
  const x = <usize>load<u32>(p), index = <usize>load<u32>(p, 4), out = <usize>load<u32>(p, 8);
  const groups = load<i32>(p, 12), n = load<i32>(p, 16), inner = load<i32>(p, 20), k = load<i32>(p, 24);
  const rows = groups * k, row = <usize>inner << 2, piece = 1 + 8192 / inner;
  for (let from = take() * piece; from < rows; from = take() * piece) {
    for (let r = from, end = min(rows, from + piece); r < end; r++) {
      const at = placeAt(index + (<usize>r << 2), n), to = out + <usize>r * row;
      const source = x + (<usize>(r / k) * <usize>n + <usize>at) * row;
      if (inner == 1) store<f32>(to, at < 0 ? 0 : load<f32>(source));
      else if (at < 0) memory.fill(to, 0, row);
      else memory.copy(to, source, row);
    }
  }
}

/** The transpose: rows [groups, k, inner] are added up in [groups, n, inner]. Words: rows, positions, result, groups, n, inner, k. */
export function putRows(p: usize, threads: i32): void {
  const rows = <usize>load<u32>(p), index = <usize>load<u32>(p, 4), out = <usize>load<u32>(p, 8);
  const groups = load<i32>(p, 12), n = load<i32>(p, 16), inner = load<i32>(p, 20), k = load<i32>(p, 24);
  const row = <usize>inner << 2;
  // Whole groups where there are many, else strips of columns: each number is added up in the order of the rows.
  const strip = groups >= 4 * threads ? inner : min(inner, max(16, (inner / threads + 15) & ~15));
  const strips = (inner + strip - 1) / strip;
  for (let piece = take(); piece < groups * strips; piece = take()) {
    const g = piece / strips, from = (piece - g * strips) * strip, bytes = <usize>min(strip, inner - from) << 2;
    const to = out + <usize>g * <usize>n * row + (<usize>from << 2);
    for (let i = 0; i < n; i++) memory.fill(to + <usize>i * row, 0, bytes);
    for (let j = 0; j < k; j++) {
      const at = placeAt(index + (<usize>(g * k + j) << 2), n);
      if (at < 0) continue;
      const source = rows + <usize>(g * k + j) * row + (<usize>from << 2), target = to + <usize>at * row;
      let e: usize = 0;
      for (; e + 16 <= bytes; e += 16) v128.store(target + e, f32x4.add(v128.load(target + e), v128.load(source + e)));
      for (; e < bytes; e += 4) store<f32>(target + e, load<f32>(target + e) + load<f32>(source + e));
    }
  }
}
