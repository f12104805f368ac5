// Moves of memory: boxes of numbers copied from one strided layout into another. Slices, margins, joins, repetition,
// reversal and exchanged axes are all this. The host lays the boxes out (../moves.ts).
import { min } from './lanes';
import { take } from './share';

/** How the numbers of one row lie in the source, in steps of the target. */
const RUN: i32 = 0, SAME: i32 = 1, BACK: i32 = 2, STRIDED: i32 = 3;
/** Rows of the source are columns of the target. */
const TURNED: i32 = 4;
/** Rows are added to what is there. */
const ADDED: i32 = 5;

/** Bytes of a box, and of one of its outer axes. */
const BOX: usize = 160, AXES: usize = 52, AXIS: usize = 12;
/** Columns of a turned box that are worked on at a time, so that lines of the source stay in the cache. */
const NEAR: i32 = 64;

/**
 * Words: the number of boxes; then for each the pieces, kind, source, target; numbers of a row and their step in the
 * source; rows, their steps in source and target; rows of a piece (0: all), else blocks of a piece; blocks, outer axes,
 * an unused one; and for each outer axis its length and steps in source and target. Steps are bytes.
 */
export function move(p: usize, work: usize): void {
  const end = p + 4 + <usize>load<i32>(p) * BOX;
  let box = p + 4, before = 0;
  // Pieces come to a thread in rising order.
  for (let piece = take(); ; piece = take()) {
    while (box < end && piece >= before + load<i32>(box)) { before += load<i32>(box); box += BOX; }
    if (box == end) return;
    part(box, piece - before, work);
  }
}

function part(box: usize, piece: i32, at: usize): void {
  const kind = load<i32>(box, 4), n = load<i32>(box, 16), step = load<i32>(box, 20);
  const rows = load<i32>(box, 24), down = load<i32>(box, 28), on = load<i32>(box, 32);
  const each = load<i32>(box, 36), together = load<i32>(box, 40), blocks = load<i32>(box, 44), axes = load<i32>(box, 48);
  let from = <usize>load<u32>(box, 8), to = <usize>load<u32>(box, 12);
  let block = piece, last = piece + 1, row = 0, some = rows;
  if (each > 0) {
    const strips = (rows + each - 1) / each;
    block = piece / strips; last = block + 1;
    row = (piece - block * strips) * each;
    some = min(each, rows - row);
  } else {
    block = piece * together;
    last = min(blocks, block + together);
  }
  // The place of the first block on each outer axis.
  let rest = block;
  for (let d = axes - 1; d >= 0; d--) {
    const axis = box + AXES + <usize>d * AXIS, length = load<i32>(axis), next = rest / length, i = rest - next * length;
    store<i32>(at + (<usize>d << 2), i);
    from += i * load<i32>(axis, 4); to += i * load<i32>(axis, 8);
    rest = next;
  }
  from += row * down; to += row * on;
  for (; ; ) {
    if (kind == RUN) runs(from, to, n, some, down, on);
    else if (kind == TURNED) turned(from, to, n, step, some, on);
    else if (kind == SAME) same(from, to, n, some, down, on);
    else if (kind == BACK) back(from, to, n, some, down, on);
    else if (kind == STRIDED) strided(from, to, n, step, some, down, on);
    else if (kind == ADDED) added(from, to, n, step, some, down, on);
    if (++block >= last) return;
    for (let d = axes - 1; d >= 0; d--) {
      const axis = box + AXES + <usize>d * AXIS, length = load<i32>(axis), i = load<i32>(at + (<usize>d << 2)) + 1;
      from += load<i32>(axis, 4); to += load<i32>(axis, 8);
      if (i < length) { store<i32>(at + (<usize>d << 2), i); break; }
      store<i32>(at + (<usize>d << 2), 0);
      from -= length * load<i32>(axis, 4); to -= length * load<i32>(axis, 8);
    }
  }
}

/** Rows of n numbers that lie one after another on both sides. Vectors of 4 overlap at a row's end. */
function runs(from: usize, to: usize, n: i32, rows: i32, down: i32, on: i32): void {
  if (n >= 64) {
    for (let r = 0; r < rows; r++) { memory.copy(to, from, <usize>n << 2); from += down; to += on; }
  } else if (n >= 4) {
    const last = <usize>(n - 4) << 2;
    for (let r = 0; r < rows; r++) {
      for (let o: usize = 0; o < last; o += 16) v128.store(to + o, v128.load(from + o));
      v128.store(to + last, v128.load(from + last));
      from += down; to += on;
    }
  } else if (n == 1) {
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      const a = load<i32>(from), b = load<i32>(from + down), c = load<i32>(from + 2 * down), d = load<i32>(from + 3 * down);
      store<i32>(to, a); store<i32>(to + on, b); store<i32>(to + 2 * on, c); store<i32>(to + 3 * on, d);
      from += 4 * down; to += 4 * on;
    }
    for (; r < rows; r++) { store<i32>(to, load<i32>(from)); from += down; to += on; }
  } else {
    for (let r = 0; r < rows; r++) {
      store<i64>(to, load<i64>(from));
      if (n == 3) store<i32>(to, load<i32>(from, 8), 8);
      from += down; to += on;
    }
  }
}

/** Rows of one number repeated. */
function same(from: usize, to: usize, n: i32, rows: i32, down: i32, on: i32): void {
  const last = <usize>(n - 4) << 2;
  for (let r = 0; r < rows; r++) {
    if (n >= 4) {
      const v = v128.load32_splat(from);
      for (let o: usize = 0; o < last; o += 16) v128.store(to + o, v);
      v128.store(to + last, v);
    } else {
      const v = load<i32>(from);
      for (let i = 0; i < n; i++) store<i32>(to + (<usize>i << 2), v);
    }
    from += down; to += on;
  }
}

/** Rows that run backwards in the source; `from` is the last number there, the first here. */
function back(from: usize, to: usize, n: i32, rows: i32, down: i32, on: i32): void {
  const last = <usize>(n - 4) << 2;
  for (let r = 0; r < rows; r++) {
    if (n >= 4) {
      for (let o: usize = 0; o < last; o += 16) reversed(from - o, to + o);
      reversed(from - last, to + last);
    } else {
      for (let i = 0; i < n; i++) store<i32>(to + (<usize>i << 2), load<i32>(from - (<usize>i << 2)));
    }
    from += down; to += on;
  }
}
@inline function reversed(from: usize, to: usize): void {
  const v = v128.load(from - 12);
  v128.store(to, v128.shuffle<f32>(v, v, 3, 2, 1, 0));
}

/** Rows whose numbers lie `step` bytes apart in the source. */
function strided(from: usize, to: usize, n: i32, step: i32, rows: i32, down: i32, on: i32): void {
  for (let r = 0; r < rows; r++) {
    let p = from, q = to, i = 0;
    for (; i + 4 <= n; i += 4) {
      const a = load<i32>(p), b = load<i32>(p + step), c = load<i32>(p + 2 * step), d = load<i32>(p + 3 * step);
      store<i32>(q, a); store<i32>(q, b, 4); store<i32>(q, c, 8); store<i32>(q, d, 12);
      p += 4 * step; q += 16;
    }
    for (; i < n; i++) { store<i32>(q, load<i32>(p)); p += step; q += 4; }
    from += down; to += on;
  }
}

/** Row r, number i lies at from + r + i·step: rows are neighbours in the source. By squares of 4 × 4. */
function turned(from: usize, to: usize, n: i32, step: i32, rows: i32, on: i32): void {
  const wide = n & -4, high = rows & -4;
  for (let i0 = 0; i0 < wide; i0 += NEAR) {
    const i1 = min(wide, i0 + NEAR);
    for (let r = 0; r < high; r += 4) {
      let p = from + (<usize>r << 2) + i0 * step, q = to + r * on + (<usize>i0 << 2);
      for (let i = i0; i < i1; i += 4) {
        const a = v128.load(p), b = v128.load(p + step), c = v128.load(p + 2 * step), d = v128.load(p + 3 * step);
        const s = v128.shuffle<f32>(a, b, 0, 4, 1, 5), t = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
        const u = v128.shuffle<f32>(a, b, 2, 6, 3, 7), v = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
        v128.store(q, v128.shuffle<f32>(s, t, 0, 1, 4, 5));
        v128.store(q + on, v128.shuffle<f32>(s, t, 2, 3, 6, 7));
        v128.store(q + 2 * on, v128.shuffle<f32>(u, v, 0, 1, 4, 5));
        v128.store(q + 3 * on, v128.shuffle<f32>(u, v, 2, 3, 6, 7));
        p += 4 * step; q += 16;
      }
    }
    for (let r = high; r < rows; r++) {
      for (let i = i0; i < i1; i++) store<i32>(to + r * on + (<usize>i << 2), load<i32>(from + (<usize>r << 2) + i * step));
    }
  }
  for (let i = wide; i < n; i++) {
    let p = from + i * step, q = to + (<usize>i << 2);
    for (let r = 0; r < rows; r++) { store<i32>(q, load<i32>(p)); p += 4; q += on; }
  }
}

/** Adds rows whose numbers lie `step` bytes apart in the source. */
function added(from: usize, to: usize, n: i32, step: i32, rows: i32, down: i32, on: i32): void {
  for (let r = 0; r < rows; r++) {
    let p = from, q = to, i = 0;
    if (step == 4) for (; i + 4 <= n; i += 4) {
      v128.store(q, f32x4.add(v128.load(q), v128.load(p)));
      p += 16; q += 16;
    }
    for (; i < n; i++) { store<f32>(q, load<f32>(q) + load<f32>(p)); p += step; q += 4; }
    from += down; to += on;
  }
}
