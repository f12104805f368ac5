// Chains of elementwise operations: a small vector machine that runs a whole chain over blocks that stay in the
// first-level cache, so that intermediates never reach memory. One job may run the same chain over many segments, each
// with operands of its own: an optimiser's update of all weights.
import { take } from './share';
import { vcos, verf, vexp, vlog, vmod, vpow, vsigmoid, vsin, vsoftplus, vtanh } from './math';

export const BLOCK: i32 = 512;
export const CHAIN_REGISTERS: i32 = 48;
/** Bytes of work space that the registers take: a table of their addresses, and a block for each. */
export const REGISTER_BYTES: usize = <usize>(CHAIN_REGISTERS + CHAIN_REGISTERS * BLOCK) << 2;

// A chain: inputs, instructions, outputs, then 5 words an instruction (operation, destination, a, b, c), then the register
// of each output. Inputs have the first registers.
const CODE: usize = 12;
// A segment: 6 words an input (address, kind, inner1, period1, inner2, period2), then the address of each output. Kind 0 is
// read straight, 1 is a scalar, 2 a broadcast: element i is entry ((i / inner1) % period1)·period2 + (i / inner2) % period2.

@inline function word(p: usize, i: i32): i32 { return load<i32>(p + (<usize>i << 2)); }
@inline function mask(m: v128): v128 { return v128.and(m, f32x4.splat(1)); }
@inline function truth(x: v128): v128 { return f32x4.ne(x, f32x4.splat(0)); }
@inline function min(a: i32, b: i32): i32 { return a < b ? a : b; }

let chainAt: usize = 0;
let codeEnd: usize = 0;
let inputs: i32 = 0;
let outputs: i32 = 0;
let pointers: usize = 0;
let segmentAt: usize = 0;

/** Makes the chain at `p` the current one; gives the address behind its words. */
export function chainIs(p: usize, work: usize): usize {
  chainAt = p;
  inputs = word(p, 0);
  outputs = word(p, 2);
  pointers = work;
  codeEnd = p + CODE + <usize>(word(p, 1) * 20);
  for (let r = 0; r < CHAIN_REGISTERS; r++) store<u32>(pointers + (<usize>r << 2), <u32>own(r));
  return codeEnd + (<usize>outputs << 2);
}
export function segmentBytes(): usize { return <usize>(inputs * 6 + outputs) << 2; }

/** The register's own block. */
@inline function own(r: i32): usize { return pointers + (<usize>(CHAIN_REGISTERS + r * BLOCK) << 2); }
@inline function reg(r: i32): usize { return <usize>load<u32>(pointers + (<usize>r << 2)); }
export function registerAt(r: i32): usize { return reg(r); }

/** An input that is the same in each block, where these begin at multiples of `unit`: filled once. */
@inline function same(w: usize, unit: i32): bool {
  return word(w, 1) == 1 || (word(w, 1) == 2 && word(w, 3) == 1 && word(w, 4) == 1 && unit % word(w, 5) == 0);
}

/** Makes the segment at `p` the current one. Blocks will begin at multiples of `unit`. */
export function segmentIs(p: usize, unit: i32): void {
  segmentAt = p;
  for (let q = 0; q < inputs; q++) {
    const w = p + <usize>(q * 24), kind = word(w, 1);
    if (kind == 0) continue;
    store<u32>(pointers + (<usize>q << 2), <u32>own(q));
    if (kind == 1) fill(own(q), load<f32>(<usize>word(w, 0)), BLOCK);
    else if (same(w, unit)) gather(own(q), <usize>word(w, 0), 0, BLOCK, BLOCK, 1, 1, word(w, 5));
  }
}

/** Runs the current chain on `count` elements of the current segment, from the one at `start`. */
export function runBlock(start: i32, count: i32, unit: i32): void {
  const at = <usize>start << 2;
  const bytes = <usize>((count + 3) & ~3) << 2;
  for (let q = 0; q < inputs; q++) {
    const w = segmentAt + <usize>(q * 24), kind = word(w, 1), from = <usize>word(w, 0);
    if (kind == 0) store<u32>(pointers + (<usize>q << 2), <u32>(from + at));
    else if (!same(w, unit)) gather(own(q), from, start, count, word(w, 2), word(w, 3), word(w, 4), word(w, 5));
  }
  // Whole vectors are written. Where the block ends within one, the next block's first numbers may be there already.
  const apart = (count & 3) != 0;
  const outs = segmentAt + <usize>(inputs * 24);
  for (let o = 0; o < outputs; o++) {
    const r = word(codeEnd, o);
    store<u32>(pointers + (<usize>r << 2), <u32>(apart ? own(r) : <usize>word(outs, o) + at));
  }
  for (let c = chainAt + CODE; c < codeEnd; c += 20) step(word(c, 0), reg(word(c, 1)), reg(word(c, 2)), word(c, 3), word(c, 4), bytes);
  if (apart) for (let o = 0; o < outputs; o++) copy(<usize>word(outs, o) + at, own(word(codeEnd, o)), count);
}

/**
 * Words: segments, pieces of all, blocks a piece, then the chain, then for each segment its length, its first piece, and
 * its words. None is empty.
 */
export function chain(p: usize, work: usize): void {
  const pieces = word(p, 1), per = word(p, 2);
  let next = chainIs(p + 12, work);
  const bytes = segmentBytes() + 8;
  const end = next + <usize>word(p, 0) * bytes;
  let n = 0, first = 0;
  for (let piece = take(); piece < pieces; piece = take()) {
    while (next < end && word(next, 1) <= piece) {
      n = word(next, 0);
      first = word(next, 1);
      next += bytes;
      if (next == end || word(next, 1) > piece) segmentIs(next - bytes + 8, BLOCK);
    }
    const from = (piece - first) * per * BLOCK, to = min(n, from + per * BLOCK);
    for (let start = from; start < to; start += BLOCK) runBlock(start, min(BLOCK, to - start), BLOCK);
  }
}

function copy(out: usize, from: usize, n: i32): void {
  if (n >= 64) { memory.copy(out, from, <usize>n << 2); return; }
  let k = 0;
  for (; k + 4 <= n; k += 4) { v128.store(out, v128.load(from)); out += 16; from += 16; }
  for (; k < n; k++) { store<f32>(out, load<f32>(from)); out += 4; from += 4; }
}
function fill(out: usize, x: f32, n: i32): void {
  const v = f32x4.splat(x);
  let k = 0;
  for (; k + 4 <= n; k += 4) { v128.store(out, v); out += 16; }
  for (; k < n; k++) { store<f32>(out, x); out += 4; }
}

/** Fills a block of a broadcast input. */
function gather(out: usize, from: usize, start: i32, count: i32, inner1: i32, period1: i32, inner2: i32, period2: i32): void {
  let i = start;
  const end = start + count;
  // Entries of one round of the second period; rounds are within those of the first.
  const round = inner2 * period2;
  while (i < end) {
    const base = from + (<usize>(((i / inner1) % period1) * period2) << 2);
    let off = i % round;
    const stop = min(end, i - off + round);
    if (inner2 == 1) {
      copy(out, base + (<usize>off << 2), stop - i);
      out += <usize>(stop - i) << 2;
      i = stop;
    } else while (i < stop) {
      const run = min(inner2 - off % inner2, stop - i);
      fill(out, load<f32>(base + (<usize>(off / inner2) << 2)), run);
      out += <usize>run << 2;
      i += run;
      off += run;
    }
  }
}

@inline function imm(bits: i32): v128 { return f32x4.splat(reinterpret<f32>(bits)); }

/**
 * One instruction over one block. Codes below 32 take two registers, below 64 one, below 96 a register and a number or
 * two, from 96 on two registers and a number.
 */
function step(op: i32, d: usize, a: usize, x: i32, y: i32, bytes: usize): void {
  let e: usize = 0;
  if (op < 32) {
    const b = reg(x);
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
        const z = reg(y);
        for (; e < bytes; e += 16) v128.store(d + e, v128.bitselect(v128.load(b + e), v128.load(z + e), truth(v128.load(a + e))));
        return;
      }
      case 15: for (; e < bytes; e += 16) { const t = f32x4.sub(v128.load(a + e), v128.load(b + e)); v128.store(d + e, f32x4.mul(t, t)); } return;
      case 16: for (; e < bytes; e += 16) v128.store(d + e, vpow(v128.load(a + e), v128.load(b + e))); return;
      case 17: for (; e < bytes; e += 16) v128.store(d + e, vmod(v128.load(a + e), v128.load(b + e))); return;
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
      case 48: for (; e < bytes; e += 16) v128.store(d + e, vsin(v128.load(a + e))); return;
      case 49: for (; e < bytes; e += 16) v128.store(d + e, vcos(v128.load(a + e))); return;
      case 50: for (; e < bytes; e += 16) v128.store(d + e, verf(v128.load(a + e))); return;
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
    case 81: for (; e < bytes; e += 16) { const t = v128.load(a + e); v128.store(d + e, f32x4.mul(f32x4.mul(t, t), k)); } return;
    case 82: { // √a·k + y
      const z = imm(y);
      for (; e < bytes; e += 16) v128.store(d + e, f32x4.add(f32x4.mul(f32x4.sqrt(v128.load(a + e)), k), z));
      return;
    }
    case 96: { // a·y + b
      const b = reg(x), z = imm(y);
      for (; e < bytes; e += 16) v128.store(d + e, f32x4.add(f32x4.mul(v128.load(a + e), z), v128.load(b + e)));
      return;
    }
    case 97: { // a / b·y
      const b = reg(x), z = imm(y);
      for (; e < bytes; e += 16) v128.store(d + e, f32x4.mul(f32x4.div(v128.load(a + e), v128.load(b + e)), z));
      return;
    }
  }
}
