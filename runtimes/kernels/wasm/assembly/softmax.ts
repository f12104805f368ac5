// Softmax, its logarithm, and log Σ eˣ along the middle axis of [outer, n, inner]. A line with what is no number has none for a
// maximum, and for a sum: pmax, which is one instruction, passes over it.
import { min, putSome } from './lanes';
import { vexp, vlog } from './math';
import { take } from './share';

// The words of the job, see `softmax`.
let x: usize, out: usize, outer: i32, n: i32, inner: i32, kind: i32;

const SOFTMAX: i32 = 0;
const LOG_SOFTMAX: i32 = 1;
/** Numbers whose sum is made in single precision. */
const CHUNK: i32 = 1024;
/** Lines side by side that are worked on at a time. */
const STRIP: i32 = 256;

@inline function highest(v: v128): f32 {
  const a = f32x4.max(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.max(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2)), 0);
}
@inline function total(v: v128): f64 {
  return <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) + <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3);
}
/** The vector at `p`, where only its first `count` numbers belong to the line: the others never win and add nothing. */
@inline function part(p: usize, count: i32): v128 {
  const lanes = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
  return v128.bitselect(v128.load(p), f32x4.splat(-Infinity), lanes);
}

/** A line whose numbers lie side by side. */
function line(from: usize, to: usize): void {
  const whole = n & ~3, rest = n - whole;
  let m = f32x4.splat(-Infinity), k = 0;
  for (; k < whole; k += 4) m = f32x4.pmax(m, v128.load(from + (<usize>k << 2)));
  if (rest > 0) m = f32x4.pmax(m, part(from + (<usize>k << 2), rest));
  const top = highest(m), t = f32x4.splat(top);
  let sum: f64 = 0;
  for (k = 0; k < whole;) {
    const end = min(whole, k + CHUNK);
    let s = f32x4.splat(0);
    for (; k < end; k += 4) {
      const e = vexp(f32x4.sub(v128.load(from + (<usize>k << 2)), t));
      if (kind == SOFTMAX) v128.store(to + (<usize>k << 2), e);
      s = f32x4.add(s, e);
    }
    sum += total(s);
  }
  if (rest > 0) {
    const e = vexp(f32x4.sub(part(from + (<usize>k << 2), rest), t));
    if (kind == SOFTMAX) putSome(to + (<usize>k << 2), e, rest);
    sum += total(e);
  }
  if (kind == SOFTMAX) {
    const s = f32x4.splat(<f32>(1 / sum));
    for (k = 0; k < whole; k += 4) v128.store(to + (<usize>k << 2), f32x4.mul(v128.load(to + (<usize>k << 2)), s));
    if (rest > 0) putSome(to + (<usize>k << 2), f32x4.mul(v128.load(to + (<usize>k << 2)), s), rest);
  } else if (kind == LOG_SOFTMAX) {
    const l = f32x4.splat(logOf(<f32>sum));
    for (k = 0; k < whole; k += 4) v128.store(to + (<usize>k << 2), f32x4.sub(f32x4.sub(v128.load(from + (<usize>k << 2)), t), l));
    if (rest > 0) putSome(to + (<usize>k << 2), f32x4.sub(f32x4.sub(v128.load(from + (<usize>k << 2)), t), l), rest);
  } else store<f32>(to, top + logOf(<f32>sum));
}

/** Lines j0 to j1 side by side: their maxima, sums, and sums of a chunk in work space. */
function lines(from: usize, to: usize, count: i32, work: usize): void {
  const row = <usize>inner << 2, maxima = work, sums = work + (<usize>STRIP << 2), some = work + (<usize>STRIP << 3);
  const bytes = <usize>((count + 3) & ~3) << 2;
  for (let e: usize = 0; e < bytes; e += 16) { v128.store(maxima + e, f32x4.splat(-Infinity)); v128.store(sums + e, f32x4.splat(0)); }
  let p = from;
  for (let k = 0; k < n; k++) {
    for (let e: usize = 0; e < bytes; e += 16) v128.store(maxima + e, f32x4.pmax(v128.load(maxima + e), v128.load(p + e)));
    p += row;
  }
  p = from;
  let q = to;
  for (let k = 0; k < n;) {
    const end = min(n, k + 128);
    for (let e: usize = 0; e < bytes; e += 16) v128.store(some + e, f32x4.splat(0));
    for (; k < end; k++) {
      for (let e: usize = 0; e < bytes; e += 16) {
        const v = vexp(f32x4.sub(v128.load(p + e), v128.load(maxima + e)));
        if (kind == SOFTMAX) putSome(q + e, v, count - (<i32>e >> 2));
        v128.store(some + e, f32x4.add(v128.load(some + e), v));
      }
      p += row; q += row;
    }
    for (let e: usize = 0; e < bytes; e += 16) v128.store(sums + e, f32x4.add(v128.load(sums + e), v128.load(some + e)));
  }
  if (kind == SOFTMAX) {
    q = to;
    for (let k = 0; k < n; k++) {
      for (let e: usize = 0; e < bytes; e += 16) putSome(q + e, f32x4.div(v128.load(q + e), v128.load(sums + e)), count - (<i32>e >> 2));
      q += row;
    }
    return;
  }
  for (let e: usize = 0; e < bytes; e += 16) v128.store(sums + e, vlog(v128.load(sums + e)));
  if (kind != LOG_SOFTMAX) {
    for (let e: usize = 0; e < bytes; e += 16) putSome(to + e, f32x4.add(v128.load(maxima + e), v128.load(sums + e)), count - (<i32>e >> 2));
    return;
  }
  p = from; q = to;
  for (let k = 0; k < n; k++) {
    for (let e: usize = 0; e < bytes; e += 16) putSome(q + e, f32x4.sub(f32x4.sub(v128.load(p + e), v128.load(maxima + e)), v128.load(sums + e)), count - (<i32>e >> 2));
    p += row; q += row;
  }
}

@inline function logOf(s: f32): f32 { return f32x4.extract_lane(vlog(f32x4.splat(s)), 0); }

/** Words: x, the result ([outer, inner] for 2), outer, n, inner, kind (0 softmax · 1 its logarithm · 2 log Σ eˣ). None is 0. */
export function softmax(p: usize, threads: i32, work: usize): void {
  x = <usize>load<u32>(p); out = <usize>load<u32>(p, 4);
  outer = load<i32>(p, 8); n = load<i32>(p, 12); inner = load<i32>(p, 16); kind = load<i32>(p, 20);
  const each = kind == SOFTMAX || kind == LOG_SOFTMAX ? n : 1;
  if (inner == 1) {
    // About 4,000 numbers a piece.
    const some = 1 + 4096 / n;
    for (let from = take() * some; from < outer; from = take() * some)
      for (let o = from, end = min(outer, from + some); o < end; o++) line(x + (<usize>(o * n) << 2), out + (<usize>(o * each) << 2));
    return;
  }
  // Short strips where there are few lines.
  const strip = outer >= 4 * threads ? STRIP : min(STRIP, (inner / (4 * threads) + 15) & ~15 | 16);
  const strips = (inner + strip - 1) / strip;
  for (let piece = take(); piece < outer * strips; piece = take()) {
    const o = piece / strips, j = (piece - o * strips) * strip;
    lines(x + (<usize>(o * n * inner + j) << 2), out + (<usize>(o * each * inner + j) << 2), min(strip, inner - j), work);
  }
}
