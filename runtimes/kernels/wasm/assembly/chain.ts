// Chains of elementwise operations: a small vector machine that runs a whole chain over blocks that stay in the
// first-level cache, so that intermediates never reach memory.
import { take } from './share';
import { vexp, vlog, vtanh, vsigmoid, vsoftplus } from './math';

const BLOCK: i32 = 512;
/** Blocks that a thread takes at once. */
const PIECE: i32 = 32;
export const CHAIN_REGISTERS: i32 = 48;

// Word offsets of a program: n, inputs, instructions, outputs, then 6 words an input (address, kind, inner1, period1,
// inner2, period2), 5 an instruction (operation, destination, a, b, c), 2 an output (register, address).
const HEAD: i32 = 4;

@inline function word(p: usize, i: i32): i32 { return load<i32>(p + (<usize>i << 2)); }
@inline function mask(m: v128): v128 { return v128.and(m, f32x4.splat(1)); }
@inline function truth(x: v128): v128 { return f32x4.ne(x, f32x4.splat(0)); }

/** Fills a block of a broadcast input: element i is entry ((i / inner1) % period1)·period2 + (i / inner2) % period2. */
function gather(out: usize, from: usize, start: i32, count: i32, inner1: i32, period1: i32, inner2: i32, period2: i32): void {
  let i = start;
  const end = start + count;
  if (inner2 > 1) {
    while (i < end) {
      const run = min(inner2 - i % inner2, end - i);
      const at = ((i / inner1) % period1) * period2 + (i / inner2) % period2;
      const v = load<f32>(from + (<usize>at << 2));
      for (let k = 0; k < run; k++) { store<f32>(out, v); out += 4; }
      i += run;
    }
  } else {
    // Contiguous runs of the last axis.
    while (i < end) {
      const off = i % period2;
      const run = min(period2 - off, end - i);
      memory.copy(out, from + (<usize>(((i / inner1) % period1) * period2 + off) << 2), <usize>run << 2);
      out += <usize>run << 2;
      i += run;
    }
  }
}
@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }

export function chain(p: usize, work: usize): void {
  const n = word(p, 0), inputs = word(p, 1), instructions = word(p, 2), outputs = word(p, 3);
  const pointers = work; // a table of register addresses
  const buffers = work + (<usize>CHAIN_REGISTERS << 2);
  const blocks = (n + BLOCK - 1) / BLOCK;
  const pieces = (blocks + PIECE - 1) / PIECE;
  const codeAt = HEAD + inputs * 6;
  const outAt = codeAt + instructions * 5;

  for (let r = 0; r < CHAIN_REGISTERS; r++) store<u32>(pointers + (<usize>r << 2), <u32>(buffers + (<usize>(r * BLOCK) << 2)));
  // Scalars are spread once.
  for (let q = 0; q < inputs; q++) {
    if (word(p, HEAD + q * 6 + 1) == 1) {
      const v = f32x4.splat(load<f32>(<usize>word(p, HEAD + q * 6)));
      const b = <usize>load<u32>(pointers + (<usize>q << 2));
      for (let k = 0; k < BLOCK; k += 4) v128.store(b + (<usize>k << 2), v);
    }
  }
  for (let piece = take(); piece < pieces; piece = take())
  for (let block = piece * PIECE, last = min(blocks, block + PIECE); block < last; block++) {
    const start = block * BLOCK;
    const count = min(BLOCK, n - start);
    const bytes = <usize>((count + 3) & ~3) << 2;
    const at = <usize>start << 2;
    for (let q = 0; q < inputs; q++) {
      const w = HEAD + q * 6, kind = word(p, w + 1), from = <usize>word(p, w);
      if (kind == 0) store<u32>(pointers + (<usize>q << 2), <u32>(from + at));
      else if (kind == 2) gather(<usize>load<u32>(pointers + (<usize>q << 2)), from, start, count, word(p, w + 2), word(p, w + 3), word(p, w + 4), word(p, w + 5));
    }
    for (let o = 0; o < outputs; o++) {
      const w = outAt + o * 2;
      store<u32>(pointers + (<usize>word(p, w) << 2), <u32>(<usize>word(p, w + 1) + at));
    }
    for (let t = 0; t < instructions; t++) {
      const w = codeAt + t * 5;
      const d = <usize>load<u32>(pointers + (<usize>word(p, w + 1) << 2));
      const a = <usize>load<u32>(pointers + (<usize>word(p, w + 2) << 2));
      step(word(p, w), d, a, word(p, w + 3), word(p, w + 4), pointers, bytes);
    }
  }
}

@inline function reg(pointers: usize, r: i32): usize { return <usize>load<u32>(pointers + (<usize>r << 2)); }
@inline function imm(bits: i32): v128 { return f32x4.splat(reinterpret<f32>(bits)); }

/** One instruction over one block. Codes below 32 take two registers, below 64 one, from 64 on a register and a number. */
function step(op: i32, d: usize, a: usize, x: i32, y: i32, pointers: usize, bytes: usize): void {
  let e: usize = 0;
  if (op < 32) {
    const b = reg(pointers, x);
    switch (op) {
      case 0: for (; e < bytes; e += 16) v128.store(d + e, f32x4.add(v128.load(a + e), v128.load(b + e))); return;
      case 1: for (; e < bytes; e += 16) v128.store(d + e, f32x4.sub(v128.load(a + e), v128.load(b + e))); return;
      case 2: for (; e < bytes; e += 16) v128.store(d + e, f32x4.mul(v128.load(a + e), v128.load(b + e))); return;
      case 3: for (; e < bytes; e += 16) v128.store(d + e, f32x4.div(v128.load(a + e), v128.load(b + e))); return;
      case 4: for (; e < bytes; e += 16) v128.store(d + e, f32x4.max(v128.load(a + e), v128.load(b + e))); return;
      case 5: for (; e < bytes; e += 16) v128.store(d + e, f32x4.min(v128.load(a + e), v128.load(b + e))); return;
      case 6: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.eq(v128.load(a + e), v128.load(b + e)))); return;
      case 7: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.ne(v128.load(a + e), v128.load(b + e)))); return;
      case 8: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.lt(v128.load(a + e), v128.load(b + e)))); return;
      case 9: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.le(v128.load(a + e), v128.load(b + e)))); return;
      case 10: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.gt(v128.load(a + e), v128.load(b + e)))); return;
      case 11: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.ge(v128.load(a + e), v128.load(b + e)))); return;
      case 12: for (; e < bytes; e += 16) v128.store(d + e, mask(v128.and(truth(v128.load(a + e)), truth(v128.load(b + e))))); return;
      case 13: for (; e < bytes; e += 16) v128.store(d + e, mask(v128.or(truth(v128.load(a + e)), truth(v128.load(b + e))))); return;
      case 14: { // where(a, b, third)
        const z = reg(pointers, y);
        for (; e < bytes; e += 16) v128.store(d + e, v128.bitselect(v128.load(b + e), v128.load(z + e), truth(v128.load(a + e))));
        return;
      }
      case 15: for (; e < bytes; e += 16) { const t = f32x4.sub(v128.load(a + e), v128.load(b + e)); v128.store(d + e, f32x4.mul(t, t)); } return;
    }
    return;
  }
  if (op < 64) {
    switch (op) {
      case 32: for (; e < bytes; e += 16) v128.store(d + e, f32x4.neg(v128.load(a + e))); return;
      case 33: for (; e < bytes; e += 16) v128.store(d + e, f32x4.abs(v128.load(a + e))); return;
      case 34: for (; e < bytes; e += 16) v128.store(d + e, f32x4.sqrt(v128.load(a + e))); return;
      case 35: for (; e < bytes; e += 16) v128.store(d + e, f32x4.div(f32x4.splat(1), f32x4.sqrt(v128.load(a + e)))); return;
      case 36: for (; e < bytes; e += 16) v128.store(d + e, f32x4.div(f32x4.splat(1), v128.load(a + e))); return;
      case 37: for (; e < bytes; e += 16) { const t = v128.load(a + e); v128.store(d + e, f32x4.mul(t, t)); } return;
      case 38: for (; e < bytes; e += 16) v128.store(d + e, vexp(v128.load(a + e))); return;
      case 39: for (; e < bytes; e += 16) v128.store(d + e, vlog(v128.load(a + e))); return;
      case 40: for (; e < bytes; e += 16) v128.store(d + e, vtanh(v128.load(a + e))); return;
      case 41: for (; e < bytes; e += 16) v128.store(d + e, vsigmoid(v128.load(a + e))); return;
      case 42: for (; e < bytes; e += 16) v128.store(d + e, vsoftplus(v128.load(a + e))); return;
      case 43: for (; e < bytes; e += 16) v128.store(d + e, f32x4.max(v128.load(a + e), f32x4.splat(0))); return;
      case 44: for (; e < bytes; e += 16) v128.store(d + e, f32x4.floor(v128.load(a + e))); return;
      case 45: for (; e < bytes; e += 16) { // sign, NaN stays
        const t = v128.load(a + e), zero = f32x4.splat(0);
        const s = f32x4.sub(mask(f32x4.gt(t, zero)), mask(f32x4.lt(t, zero)));
        v128.store(d + e, v128.bitselect(t, s, f32x4.ne(t, t)));
      } return;
      case 46: for (; e < bytes; e += 16) v128.store(d + e, v128.load(a + e)); return;
      case 47: for (; e < bytes; e += 16) v128.store(d + e, v128.andnot(f32x4.splat(1), truth(v128.load(a + e)))); return;
    }
    return;
  }
  const k = imm(x);
  switch (op) {
    case 64: for (; e < bytes; e += 16) v128.store(d + e, f32x4.add(v128.load(a + e), k)); return;
    case 65: for (; e < bytes; e += 16) v128.store(d + e, f32x4.mul(v128.load(a + e), k)); return;
    case 66: for (; e < bytes; e += 16) v128.store(d + e, f32x4.sub(k, v128.load(a + e))); return;
    case 67: for (; e < bytes; e += 16) v128.store(d + e, f32x4.div(k, v128.load(a + e))); return;
    case 68: for (; e < bytes; e += 16) v128.store(d + e, f32x4.max(v128.load(a + e), k)); return;
    case 69: for (; e < bytes; e += 16) v128.store(d + e, f32x4.min(v128.load(a + e), k)); return;
    case 70: for (; e < bytes; e += 16) { // leaky relu, slope k
      const t = v128.load(a + e);
      v128.store(d + e, v128.bitselect(f32x4.mul(t, k), t, f32x4.lt(t, f32x4.splat(0))));
    } return;
    case 71: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.gt(v128.load(a + e), k))); return;
    case 72: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.lt(v128.load(a + e), k))); return;
    case 73: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.ge(v128.load(a + e), k))); return;
    case 74: for (; e < bytes; e += 16) v128.store(d + e, mask(f32x4.eq(v128.load(a + e), k))); return;
    case 75: for (; e < bytes; e += 16) { // elu
      const t = v128.load(a + e);
      v128.store(d + e, v128.bitselect(f32x4.mul(k, f32x4.sub(vexp(t), f32x4.splat(1))), t, f32x4.lt(t, f32x4.splat(0))));
    } return;
    case 76: { // step: 1 above 0, k below or at, NaN stays
      for (; e < bytes; e += 16) {
        const t = v128.load(a + e);
        const s = v128.bitselect(f32x4.splat(1), k, f32x4.gt(t, f32x4.splat(0)));
        v128.store(d + e, v128.bitselect(t, s, f32x4.ne(t, t)));
      }
      return;
    }
    case 77: { // a·k + y
      const z = imm(y);
      for (; e < bytes; e += 16) v128.store(d + e, f32x4.add(f32x4.mul(v128.load(a + e), k), z));
      return;
    }
    case 78: for (; e < bytes; e += 16) v128.store(d + e, k); return;
    case 79: for (; e < bytes; e += 16) v128.store(d + e, f32x4.div(v128.load(a + e), k)); return;
    case 80: for (; e < bytes; e += 16) v128.store(d + e, f32x4.sub(v128.load(a + e), k)); return;
  }
}
