// Operations along the middle axis of [outer, n, inner]: order, the place of an extreme, linear recurrences. A line is one
// thread's, so what comes out does not depend on their number.
import { min } from './lanes';
import { take } from './share';

/** Lines a piece: about 4,000 numbers. */
@inline function some(n: i32): i32 { return 1 + 4096 / n; }
/** The address of line `l` of [outer, n, inner]. */
@inline function lineAt(base: usize, l: i32, n: i32, inner: i32): usize {
  const o = l / inner;
  return base + (<usize>(o * n * inner + (l - o * inner)) << 2);
}

/** Whether the entry at position `b` goes before the one at `a`; of equal ones neither does. */
@inline function before(x: usize, step: usize, b: i32, a: i32, descending: bool): bool {
  const p = load<f32>(x + <usize>b * step), q = load<f32>(x + <usize>a * step);
  return descending ? p > q : p < q;
}

/** Positions 0 … n − 1 in order, by a stable merge sort: runs of 8 by insertion, then merged between `a` and `b`. */
function sorted(x: usize, step: usize, n: i32, descending: bool, a: usize, b: usize): usize {
  for (let i = 0; i < n; i++) {
    let j = i;
    for (const run = i & ~7; j > run; j--) {
      const other = load<i32>(a + (<usize>(j - 1) << 2));
      if (!before(x, step, i, other, descending)) break;
      store<i32>(a + (<usize>j << 2), other);
    }
    store<i32>(a + (<usize>j << 2), i);
  }
  for (let width = 8; width < n; width <<= 1) {
    for (let from = 0; from < n; from += width << 1) {
      const middle = min(n, from + width), end = min(n, from + (width << 1));
      let left = from, right = middle;
      for (let k = from; k < end; k++) {
        let fromRight = left >= middle;
        if (!fromRight && right < end)
          fromRight = before(x, step, load<i32>(a + (<usize>right << 2)), load<i32>(a + (<usize>left << 2)), descending);
        store<i32>(b + (<usize>k << 2), load<i32>(a + (<usize>(fromRight ? right++ : left++) << 2)));
      }
    }
    const kept = a; a = b; b = kept;
  }
  return a;
}

/** Words: x, the result, room for two such results, outer, n, inner, whether the largest come first. */
export function argsort(p: usize): void {
  const x = <usize>load<u32>(p), out = <usize>load<u32>(p, 4), room = <usize>load<u32>(p, 8);
  const outer = load<i32>(p, 12), n = load<i32>(p, 16), inner = load<i32>(p, 20);
  const descending = load<i32>(p, 24) != 0, step = <usize>inner << 2;
  const lines = outer * inner, piece = some(n);
  for (let from = take() * piece; from < lines; from = take() * piece) {
    for (let l = from, end = min(lines, from + piece); l < end; l++) {
      const a = room + (<usize>l * <usize>n << 3);
      const order = sorted(lineAt(x, l, n, inner), step, n, descending, a, a + (<usize>n << 2));
      let to = lineAt(out, l, n, inner);
      for (let i = 0; i < n; i++) { store<f32>(to, <f32>load<i32>(order + (<usize>i << 2))); to += step; }
    }
  }
}

/** Words: x, the result [outer, inner], outer, n, inner, whether the largest is meant. Of equal entries the first. */
export function extremeAt(p: usize): void {
  const x = <usize>load<u32>(p), out = <usize>load<u32>(p, 4);
  const outer = load<i32>(p, 8), n = load<i32>(p, 12), inner = load<i32>(p, 16), largest = load<i32>(p, 20) != 0;
  const lines = outer * inner, piece = some(n), step = <usize>inner << 2;
  for (let from = take() * piece; from < lines; from = take() * piece) {
    for (let l = from, end = min(lines, from + piece); l < end; l++) {
      let q = lineAt(x, l, n, inner), best = load<f32>(q), at = 0;
      for (let i = 1; i < n; i++) {
        q += step;
        const v = load<f32>(q);
        if (largest ? v > best : v < best) { best = v; at = i; }
      }
      store<f32>(out + (<usize>l << 2), <f32>at);
    }
  }
}

/** s[i] = a[i] · s[i − 1] + b[i]. Words: a (0 where it is 1 everywhere), b, the result, outer, n, inner, whether from the end. */
export function recurrence(p: usize): void {
  const a = <usize>load<u32>(p), b = <usize>load<u32>(p, 4), out = <usize>load<u32>(p, 8);
  const outer = load<i32>(p, 12), n = load<i32>(p, 16), inner = load<i32>(p, 20), reverse = load<i32>(p, 24) != 0;
  const lines = outer * inner, piece = some(n), step = <isize>inner << 2, first = reverse ? <isize>(n - 1) * step : 0;
  const by = reverse ? -step : step;
  for (let from = take() * piece; from < lines; from = take() * piece) {
    for (let l = from, end = min(lines, from + piece); l < end; l++) {
      const start = <isize>lineAt(0, l, n, inner) + first;
      let at = <usize>start, state: f64 = 0;
      for (let i = 0; i < n; i++) {
        const v = <f64>load<f32>(b + at);
        state = a == 0 ? state + v : <f64>load<f32>(a + at) * state + v;
        store<f32>(out + at, <f32>state);
        at = <usize>(<isize>at + by);
      }
    }
  }
}
