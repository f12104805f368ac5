/**
 * Random numbers without a state: Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A value is a function of (seed, stream's name, which draw of the stream, position), so noise is
 * the same on every backend and a resumed run needs to remember nothing but counts.
 */
import type { DistributionSpec } from './run/model.ts';
import { sizeOf } from './shape.ts';

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** One block: four 32-bit words of counter and two of key give four 32-bit words in `out`. */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const hi0 = multiplyHigh(M0, c0);
    const lo0 = Math.imul(M0, c0);
    const hi1 = multiplyHigh(M1, c2);
    const lo1 = Math.imul(M1, c2);
    c0 = hi1 ^ c1 ^ k0;
    c1 = lo1;
    c2 = hi0 ^ c3 ^ k1;
    c3 = lo0;
    k0 = (k0 + W0) | 0;
    k1 = (k1 + W1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of a product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carried = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carried / 65536)) | 0;
}

/** Two 32-bit hashes of a name (FNV-1a over UTF-16 units with MurmurHash3's finaliser). */
function hashName(name: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x2f0b4c47;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
    b ^= b >>> 15;
  }
  return [finalise(a), finalise(b ^ name.length)];
}

function finalise(h: number): number {
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The words of one draw of one stream, in order. The seed is the key; the counter says stream, draw and block. */
export class Words {
  private readonly block = new Uint32Array(4);
  private used = 4;
  private index = 0;
  private readonly hash: [number, number];
  private readonly k0: number;
  private readonly k1: number;

  constructor(
    seed: number,
    stream: string,
    private readonly draw = 0,
  ) {
    this.hash = hashName(stream);
    this.k0 = seed | 0;
    this.k1 = Math.floor(seed / 4294967296) | 0;
  }

  /** An unsigned 32-bit number. */
  next(): number {
    if (this.used === 4) {
      philox4x32(this.block, this.index++, this.draw, this.hash[0], this.hash[1], this.k0, this.k1);
      this.used = 0;
    }
    return this.block[this.used++]!;
  }

  /** In [0, 1), a multiple of 2⁻²⁴: exact in float32. */
  uniform(): number {
    return (this.next() >>> 8) * 2 ** -24;
  }

  /** A whole number below `n` (n < 2³²; the bias, below n / 2³², is left). */
  below(n: number): number {
    return Math.floor((this.next() / 4294967296) * n);
  }
}

/** Standard normals by Box–Muller: both of each pair are used. Float64; the caller rounds. */
function fillNormal(out: Float32Array, words: Words, mean: number, std: number): void {
  for (let i = 0; i < out.length; i += 2) {
    // (0, 1): the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log((words.next() + 0.5) / 4294967296));
    const angle = 2 * Math.PI * ((words.next() + 0.5) / 4294967296);
    out[i] = mean + std * radius * Math.cos(angle);
    if (i + 1 < out.length) out[i + 1] = mean + std * radius * Math.sin(angle);
  }
}

/** Normals drawn again until they lie within `bound` standard deviations (of the untruncated normal). */
function fillTruncated(out: Float32Array, words: Words, mean: number, std: number, bound: number): void {
  const next = () => (words.next() + 0.5) / 4294967296;
  let i = 0;
  while (i < out.length) {
    if (bound < 1) {
      // Most normals lie outside: a uniform number is kept as often as its density says.
      const z = bound * (2 * next() - 1);
      if (next() < Math.exp(-(z * z) / 2)) out[i++] = mean + std * z;
      continue;
    }
    const radius = Math.sqrt(-2 * Math.log(next()));
    const angle = 2 * Math.PI * next();
    for (const z of [radius * Math.cos(angle), radius * Math.sin(angle)]) {
      if (Math.abs(z) <= bound && i < out.length) out[i++] = mean + std * z;
    }
  }
}

/** One-hot vectors of a softmax's classes: the first class whose cumulative probability exceeds a uniform number. */
function fillClasses(out: Float32Array, words: Words, logits: readonly number[]): void {
  const top = Math.max(...logits);
  const weights = logits.map((l) => Math.exp(l - top));
  const total = weights.reduce((a, w) => a + w, 0);
  for (let i = 0; i < out.length; i += logits.length) {
    let left = ((words.next() + 0.5) / 4294967296) * total;
    let k = 0;
    while (k < logits.length - 1 && left >= weights[k]!) left -= weights[k++]!;
    out[i + k] = 1;
  }
}

/**
 * Draw number `n` of a stream: float32 values of this shape (count first) in row-major order. `categorical` is one-hot
 * along the last axis.
 */
export function drawValues(
  seed: number,
  stream: string,
  n: number,
  dist: DistributionSpec,
  shape: readonly number[],
): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  const words = new Words(seed, stream, n);
  switch (dist.kind) {
    case 'normal':
      fillNormal(out, words, dist.mean, dist.std);
      break;
    case 'uniform':
      for (let i = 0; i < out.length; i++) out[i] = dist.low + (dist.high - dist.low) * words.uniform();
      break;
    case 'truncated_normal':
      fillTruncated(out, words, dist.mean, dist.std, dist.bound);
      break;
    case 'gumbel':
      for (let i = 0; i < out.length; i++) {
        out[i] = dist.location - dist.scale * Math.log(-Math.log((words.next() + 0.5) / 4294967296));
      }
      break;
    case 'bernoulli':
      for (let i = 0; i < out.length; i++) out[i] = words.uniform() < dist.p ? 1 : 0;
      break;
    case 'categorical': {
      if (dist.logits) {
        fillClasses(out, words, dist.logits);
        break;
      }
      const classes = shape.at(-1) ?? 1;
      for (let i = 0; i < out.length; i += classes) out[i + words.below(classes)] = 1;
      break;
    }
  }
  return out;
}

/** A permutation of 0 … n−1 (Fisher–Yates): the order of pass number `pass` over a data set. */
export function permutation(seed: number, stream: string, pass: number, n: number): Int32Array {
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const words = new Words(seed, stream, pass);
  for (let i = n - 1; i > 0; i--) {
    const j = words.below(i + 1);
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

// The names of streams are part of what a seed means; the float64 oracle uses the same.

/** A named source's nth sample of the run (from 0). */
export const sourceStream = (source: string) => `source/${source}`;
/** A draw without a name, by its place; its draw number is the count of samples. */
export const drawStream = (place: string) => `draw/${place}`;
/** The order in which a record is visited; its draw number is the pass. */
export const dataStream = (record: string) => `data/${record}`;
/** A weight's or state's first values. */
export const initStream = (name: string) => `init/${name}`;
