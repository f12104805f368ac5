// Chains that end in sums: the sums of some of their registers over one run of axes, made while the blocks are in the
// first-level cache. The operands count as [outer, rows, cols], and rows are summed.
//
// Rows are summed by chunks of a fixed length, of which the host adds up the sums: so rounding errors do not pile up, and
// the result does not depend on who takes which chunk.
import { BLOCK, chainIs, registerAt, REGISTER_BYTES, runBlock, segmentBytes, segmentIs } from './chain';
import { take } from './share';

@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }

let sums: i32 = 0;
/** Of each sum its register, where it goes (as [outer, chunks, cols]), and by what it is multiplied. */
let sumsAt: usize = 0;
/** A block of partial sums for each. */
let accumulators: usize = 0;
@inline function sumRegister(s: i32): usize { return registerAt(load<i32>(sumsAt + <usize>(s * 12))); }
@inline function sumOut(s: i32): usize { return <usize>load<u32>(sumsAt + <usize>(s * 12), 4); }
@inline function sumScale(s: i32): f32 { return load<f32>(sumsAt + <usize>(s * 12), 8); }
@inline function accumulator(s: i32): usize { return accumulators + (<usize>(s * BLOCK) << 2); }

/** Words: outer, rows, cols, rows a chunk, chunks, units a piece, sums, then the chain, its segment, and the sums. */
export function group(p: usize, work: usize): void {
  const outer = load<i32>(p), rows = load<i32>(p, 4), cols = load<i32>(p, 8);
  const chunk = load<i32>(p, 12), chunks = load<i32>(p, 16), per = load<i32>(p, 20);
  sums = load<i32>(p, 24);
  const segment = chainIs(p + 28, work);
  sumsAt = segment + segmentBytes();
  accumulators = work + REGISTER_BYTES;
  // Blocks begin at multiples of it, where operands may be the same in each.
  const unit = cols > 1 && cols <= BLOCK ? cols : 1;
  segmentIs(segment, unit);
  // What is done at once: some whole short rows, or a chunk (of a strip of columns).
  const strips = (cols + BLOCK - 1) / BLOCK;
  const short = shortRows(rows, cols);
  const units = short > 0 ? (outer + short - 1) / short : outer * chunks * strips;
  for (let from = take() * per; from < units; from = take() * per) {
    for (let u = from, to = min(units, from + per); u < to; u++) {
      if (short > 0) { sumShort(u * short, min(outer, (u + 1) * short), rows); continue; }
      const place = u / strips, strip = u - place * strips;
      const o = place / chunks, first = (place - o * chunks) * chunk, last = min(rows, first + chunk);
      if (cols == 1) sumLong(o * rows + first, o * rows + last, place);
      else if (strips == 1) sumRows((o * rows + first) * cols, (o * rows + last) * cols, cols, place);
      else sumStrip(o * rows + first, o * rows + last, cols, strip * BLOCK, place);
    }
  }
}

/** How many outer entries a block holds, where each is one short row; else 0. */
function shortRows(rows: i32, cols: i32): i32 {
  if (cols > 1 || rows > BLOCK / 2) return 0;
  const n = BLOCK / rows;
  return n >= 4 ? n & ~3 : n;
}

/** Outer entries of `rows` numbers each, side by side. */
function sumShort(from: i32, to: i32, rows: i32): void {
  runBlock(from * rows, (to - from) * rows, 1);
  for (let s = 0; s < sums; s++) {
    let x = sumRegister(s), out = sumOut(s) + (<usize>from << 2);
    const scale = sumScale(s);
    for (let o = from; o < to; o++) {
      store<f32>(out, <f32>sumOf(x, rows) * scale);
      x += <usize>rows << 2;
      out += 4;
    }
  }
}

/** The numbers from one place to another. */
function sumLong(from: i32, to: i32, place: i32): void {
  for (let s = 0; s < sums; s++) store<f64>(accumulator(s), 0);
  for (let start = from; start < to; start += BLOCK) {
    const count = min(BLOCK, to - start);
    runBlock(start, count, 1);
    for (let s = 0; s < sums; s++) store<f64>(accumulator(s), load<f64>(accumulator(s)) + sumOf(sumRegister(s), count));
  }
  for (let s = 0; s < sums; s++) store<f32>(sumOut(s) + (<usize>place << 2), <f32>load<f64>(accumulator(s)) * sumScale(s));
}

function sumOf(x: usize, n: i32): f64 {
  let i = 0;
  let total: f64 = 0;
  if (n >= 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; i + 16 <= n; i += 16) {
      s0 = f32x4.add(s0, v128.load(x)); s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32)); s3 = f32x4.add(s3, v128.load(x, 48));
      x += 64;
    }
    s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
    total = <f64>f32x4.extract_lane(s0, 0) + <f64>f32x4.extract_lane(s0, 1) + <f64>f32x4.extract_lane(s0, 2) + <f64>f32x4.extract_lane(s0, 3);
  }
  for (; i < n; i++) { total += load<f32>(x); x += 4; }
  return total;
}

/**
 * Whole rows of at most a block, which lie side by side. Where a row is no whole number of vectors, four rows are: their
 * numbers are added up at the end.
 */
function sumRows(from: i32, to: i32, cols: i32, place: i32): void {
  const lanes = (cols & 3) != 0 && cols * 4 <= BLOCK ? cols * 4 : cols;
  const most = BLOCK / lanes * lanes;
  for (let s = 0; s < sums; s++) memory.fill(accumulator(s), 0, <usize>lanes << 2);
  for (let start = from; start < to; start += most) {
    const count = min(most, to - start);
    runBlock(start, count, cols);
    for (let s = 0; s < sums; s++) {
      const x = sumRegister(s);
      for (let i = 0; i < count; i += lanes) add(accumulator(s), x + (<usize>i << 2), min(lanes, count - i));
    }
  }
  for (let s = 0; s < sums; s++) {
    const a = accumulator(s), out = sumOut(s) + (<usize>(place * cols) << 2), scale = sumScale(s);
    for (let c = 0; c < cols; c++) {
      let total = load<f32>(a + (<usize>c << 2));
      for (let i = c + cols; i < lanes; i += cols) total += load<f32>(a + (<usize>i << 2));
      store<f32>(out + (<usize>c << 2), total * scale);
    }
  }
}

/** A block's width of columns, from `column` on. */
function sumStrip(from: i32, to: i32, cols: i32, column: i32, place: i32): void {
  const count = min(BLOCK, cols - column);
  for (let s = 0; s < sums; s++) memory.fill(accumulator(s), 0, <usize>count << 2);
  for (let r = from; r < to; r++) {
    runBlock(r * cols + column, count, 1);
    for (let s = 0; s < sums; s++) add(accumulator(s), sumRegister(s), count);
  }
  for (let s = 0; s < sums; s++) {
    let a = accumulator(s), out = sumOut(s) + (<usize>(place * cols + column) << 2);
    const scale = sumScale(s);
    for (let c = 0; c < count; c++) { store<f32>(out, load<f32>(a) * scale); out += 4; a += 4; }
  }
}

/** `to` += x. */
function add(to: usize, x: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) { v128.store(to, f32x4.add(v128.load(to), v128.load(x))); to += 16; x += 16; }
  for (; i < n; i++) { store<f32>(to, load<f32>(to) + load<f32>(x)); to += 4; x += 4; }
}
