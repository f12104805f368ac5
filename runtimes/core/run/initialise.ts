/** First values of weights and states, in float32, from (seed, name) alone. */

import { drawValues, initStream } from '../random.ts';
import { sizeOf } from '../shape.ts';
import type { CompiledModel, InitSpec } from './model.ts';

type WeightSpec = CompiledModel['weights'][number];
type StatSpec = CompiledModel['stats'][number];

export function initialWeight(weight: WeightSpec, seed: number): Float32Array {
  const size = sizeOf(weight.shape);
  const stream = initStream(weight.name);
  const { fanIn, fanOut } = weight;
  const draw = (dist: Parameters<typeof drawValues>[3]) => drawValues(seed, stream, 0, dist, weight.shape);
  const within = (limit: number) => draw({ kind: 'uniform', low: -limit, high: limit });
  const init: InitSpec = weight.init;
  switch (init.kind) {
    case 'constant':
      return new Float32Array(size).fill(init.value);
    case 'normal':
      return draw({ kind: 'normal', mean: init.mean, std: init.std });
    case 'truncated_normal':
      return draw({ kind: 'truncated_normal', mean: init.mean, std: init.std, bound: 2 });
    case 'uniform':
      return draw({ kind: 'uniform', low: init.low, high: init.high });
    // Glorot & Bengio 2010, eq. 16; He et al. 2015, eq. 10 (gain 2 for rectifiers, fan-in).
    case 'glorot_uniform':
      return within(Math.sqrt(6 / (fanIn + fanOut)));
    case 'glorot_normal':
      return draw({ kind: 'normal', mean: 0, std: Math.sqrt(2 / (fanIn + fanOut)) });
    case 'he_uniform':
      return within(Math.sqrt(6 / fanIn));
    case 'he_normal':
      return draw({ kind: 'normal', mean: 0, std: Math.sqrt(2 / fanIn) });
    case 'orthogonal':
      return orthogonal(weight.shape, draw({ kind: 'normal', mean: 0, std: 1 }));
  }
}

/**
 * Saxe, McClelland & Ganguli 2014: the weight as a matrix [product of the other axes, last axis] has orthonormal rows
 * or columns, whichever are fewer. Q of a Gaussian matrix by modified Gram–Schmidt, run twice for float64 accuracy; R's
 * diagonal comes out positive, so Q is uniform over the orthogonal matrices.
 */
function orthogonal(shape: readonly number[], gaussian: Float32Array): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const rows = gaussian.length / columns;
  const tall = rows >= columns;
  const count = tall ? columns : rows;
  const length = tall ? rows : columns;
  const vectors: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const v = new Float64Array(length);
    for (let i = 0; i < length; i++) v[i] = gaussian[tall ? i * columns + k : k * columns + i]!;
    for (let pass = 0; pass < 2; pass++) {
      for (const u of vectors) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += u[i]! * v[i]!;
        for (let i = 0; i < length; i++) v[i]! -= dot * u[i]!;
      }
      const norm = Math.sqrt(v.reduce((a, x) => a + x * x, 0));
      for (let i = 0; i < length; i++) v[i]! /= norm;
    }
    vectors.push(v);
  }
  const out = new Float32Array(gaussian.length);
  vectors.forEach((v, k) => {
    for (let i = 0; i < length; i++) out[tall ? i * columns + k : k * columns + i] = v[i]!;
  });
  return out;
}

export function initialStat(stat: StatSpec, seed: number): Float32Array {
  const size = sizeOf(stat.shape);
  if (stat.init !== 'unit') return new Float32Array(size).fill(stat.init === 'ones' ? 1 : 0);
  const v = drawValues(seed, initStream(stat.name), 0, { kind: 'normal', mean: 0, std: 1 }, stat.shape);
  const norm = Math.sqrt(v.reduce((a, x) => a + x * x, 0));
  return v.map((x) => x / norm);
}
