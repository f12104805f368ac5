/** Latents of one or many examples, source by source, and as rows of numbers. */
import { tableOf } from '../../../core/table.ts';
import type { ModelFacts } from '../../protocol.ts';
import { type Direction, rangeOf, spreadOf } from './latent-paths.ts';

export type Noise = ModelFacts['noise'][number];

/** Values of each source, by its name. */
export type Latent = Record<string, Float32Array>;

/** Numbers of each example that directions are found by: with more the page would stand still. */
const LOOKED_AT = 1024;

export function sizeOf({ shape }: Noise): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** The latents of one of `count` examples. */
export function row(latents: Latent, count: number, index: number): Latent {
  return Object.fromEntries(
    Object.entries(latents).map(([name, values]) => {
      const size = values.length / count;
      return [name, values.slice(index * size, (index + 1) * size)];
    }),
  );
}

/** The numbers of several sources side by side, each divided by its spread: directions treat them alike. */
export function joined(sources: readonly Noise[], latents: Latent, count: number): Float32Array {
  const total = sources.reduce((sum, s) => sum + sizeOf(s), 0);
  const out = new Float32Array(count * total);
  let at = 0;
  for (const source of sources) {
    const size = sizeOf(source);
    const spread = spreadOf(source.dist);
    for (let k = 0; k < count; k++) {
      for (let i = 0; i < size; i++) {
        out[k * total + at + i] = latents[source.name]![k * size + i]! / spread;
      }
    }
    at += size;
  }
  return out;
}

/** So many numbers of each example that the page does not stand still over them. */
export function thinned(values: Float32Array, count: number): Float32Array {
  const size = values.length / count;
  const stride = Math.ceil(size / LOOKED_AT);
  if (stride === 1) return values;
  const kept = Math.floor(size / stride);
  const out = new Float32Array(count * kept);
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < kept; i++) out[k * kept + i] = values[k * size + i * stride]!;
  }
  return out;
}

export function concatenated(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Moved along directions, each by so many spreads of its noise. */
export function shifted(
  base: Latent,
  sources: readonly Noise[],
  directions: readonly Direction[],
  offsets: readonly number[],
): Latent {
  const out: Latent = tableOf(base);
  let from = 0;
  for (const { name, dist, shape } of sources) {
    const size = shape.reduce((a, b) => a * b, 1);
    const { low, high } = rangeOf(dist);
    const moved = Float32Array.from(base[name]!);
    directions.forEach(({ along }, k) => {
      const by = offsets[k]! * spreadOf(dist);
      for (let i = 0; i < size; i++) moved[i]! += by * along[from + i]!;
    });
    // Uniform and truncated noise have edges; other noise has none.
    out[name] =
      dist.kind === 'uniform' || dist.kind === 'truncated_normal'
        ? moved.map((v) => Math.max(low, Math.min(high, v)))
        : moved;
    from += size;
  }
  return out;
}
