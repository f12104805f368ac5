/**
 * Ways through a latent space: between two of its points, and along the directions in which the output changes most.
 */
import type { DistributionSpec } from '../../protocol.ts';

/**
 * A point between two latents. Normal noise is walked on the great circle (Shoemake, "Animating rotation with
 * quaternion curves", 1985; for latents White, "Sampling Generative Networks", 2016, §2.1): a straight line would pass
 * through lengths that are never drawn. Other noise is walked straight.
 */
export function between(a: Float32Array, b: Float32Array, t: number, dist: DistributionSpec): Float32Array {
  const [wa, wb] = dist.kind === 'normal' ? slerpWeights(a, b, t) : [1 - t, t];
  return a.map((v, i) => wa * v + wb * b[i]!);
}

function slerpWeights(a: Float32Array, b: Float32Array, t: number): [number, number] {
  const lengths = Math.hypot(...a) * Math.hypot(...b);
  const cosine = lengths === 0 ? 1 : a.reduce((sum, v, i) => sum + v * b[i]!, 0) / lengths;
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
  const sine = Math.sin(angle);
  // Alike or opposite: there is no one circle.
  if (sine < 1e-4) return [1 - t, t];
  return [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
}

/** Values that this noise can take: sliders end there. */
export function rangeOf(dist: DistributionSpec): { low: number; high: number; step: number } {
  switch (dist.kind) {
    case 'normal':
      return { low: dist.mean - 3 * dist.std, high: dist.mean + 3 * dist.std, step: dist.std / 20 };
    case 'uniform':
      return { low: dist.low, high: dist.high, step: (dist.high - dist.low) / 100 };
    case 'truncated_normal': {
      const width = dist.bound * dist.std;
      return { low: dist.mean - width, high: dist.mean + width, step: width / 60 };
    }
    // The lowest and the highest of about a thousand.
    case 'gumbel':
      return {
        low: dist.location - 2 * dist.scale,
        high: dist.location + 7 * dist.scale,
        step: dist.scale / 10,
      };
    case 'bernoulli':
    case 'categorical':
      return { low: 0, high: 1, step: 1 };
  }
}

/** The spread of one number of this noise. */
export function spreadOf(dist: DistributionSpec): number {
  switch (dist.kind) {
    case 'normal':
    case 'truncated_normal':
      return dist.std;
    case 'uniform':
      return (dist.high - dist.low) / Math.sqrt(12);
    case 'gumbel':
      return (dist.scale * Math.PI) / Math.sqrt(6);
    default:
      return 0.5;
  }
}

export interface Direction {
  /** A unit vector of the latent space. */
  along: Float32Array;
  /** Its share of all that the output changes, 0 to 1, as far as a straight line explains it. */
  share: number;
}

/**
 * Principal directions of an output as a function of its latents: the output is fitted by a linear map of the latents
 * over `count` drawn examples (for white noise, W = E[y zᵀ]), and the right singular vectors of W are the directions,
 * the one that changes the output most first. After Härkönen et al., "GANSpace", NeurIPS 2020, §3, with a regression in
 * place of the activations of a layer.
 */
export function principalDirections(
  latents: Float32Array,
  outputs: Float32Array,
  count: number,
  most: number,
): Direction[] {
  const dims = latents.length / count;
  const size = outputs.length / count;
  const z = centred(latents, count, dims);
  const y = centred(outputs, count, size);
  // WᵀW for W = YᵀZ, without W: K = Y Yᵀ is count × count, and WᵀW = Zᵀ K Z.
  const map = crossProduct(y, z, count, size, dims);
  const gram = new Float64Array(dims * dims);
  for (let p = 0; p < size; p++) {
    for (let i = 0; i < dims; i++) {
      const left = map[p * dims + i]!;
      for (let j = i; j < dims; j++) gram[i * dims + j]! += left * map[p * dims + j]!;
    }
  }
  for (let i = 0; i < dims; i++) for (let j = 0; j < i; j++) gram[i * dims + j] = gram[j * dims + i]!;
  let total = 0;
  for (let i = 0; i < dims; i++) total += gram[i * dims + i]!;
  const found: Direction[] = [];
  const rank = Math.min(most, dims, size);
  for (let k = 0; k < rank; k++) {
    const { vector, value } = dominant(gram, dims, k);
    if (!(value > 1e-9 * total)) break;
    for (let i = 0; i < dims; i++) {
      for (let j = 0; j < dims; j++) gram[i * dims + j]! -= value * vector[i]! * vector[j]!;
    }
    found.push({ along: Float32Array.from(vector), share: value / total });
  }
  return found;
}

function centred(values: Float32Array, count: number, size: number): Float64Array {
  const out = Float64Array.from(values);
  for (let i = 0; i < size; i++) {
    let mean = 0;
    for (let k = 0; k < count; k++) mean += out[k * size + i]!;
    mean /= count;
    for (let k = 0; k < count; k++) out[k * size + i]! -= mean;
  }
  return out;
}

/** Yᵀ Z, size × dims. */
function crossProduct(
  y: Float64Array,
  z: Float64Array,
  count: number,
  size: number,
  dims: number,
): Float64Array {
  const out = new Float64Array(size * dims);
  for (let k = 0; k < count; k++) {
    for (let p = 0; p < size; p++) {
      const v = y[k * size + p]!;
      if (v === 0) continue;
      for (let i = 0; i < dims; i++) out[p * dims + i]! += v * z[k * dims + i]!;
    }
  }
  return out;
}

/** The largest eigenvalue of a symmetric matrix and its vector, by power iteration from a fixed start. */
function dominant(matrix: Float64Array, n: number, k: number): { vector: Float64Array; value: number } {
  let vector = Float64Array.from({ length: n }, (_, i) => Math.sin(1 + i * (k + 1.3)));
  let value = 0;
  for (let round = 0; round < 200; round++) {
    const next = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += matrix[i * n + j]! * vector[j]!;
      next[i] = sum;
    }
    const length = Math.hypot(...next);
    if (length === 0) return { vector, value: 0 };
    const before = value;
    value = length / Math.hypot(...vector);
    vector = next.map((v) => v / length);
    if (Math.abs(value - before) < 1e-9 * value) break;
  }
  // Its largest number is positive, so that the same weights give the same sign.
  const largest = vector.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0);
  return { vector: largest < 0 ? vector.map((v) => -v) : vector, value };
}
