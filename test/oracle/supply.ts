/** Samples, noise and first values for the oracle, from the runtime's counter-based generator. */

import { drawStream, drawValues, sourceStream } from '../../runtimes/core/random.ts';
import { initialStat, initialWeight } from '../../runtimes/core/run/initialise.ts';
import type { DistributionSpec } from '../../runtimes/core/run/model.ts';
import type { Distribution, NDArray } from '../../src/ir/types.ts';
import type { DataRecord, NoiseSource } from '../../src/model/model.ts';
import type { Supply } from './state.ts';

/** The data sets of a run: the next examples of a record, a list of values for each field. */
export type Feeds = (record: DataRecord, count: number) => Promise<readonly ArrayLike<number>[]>;

export interface Sources {
  readonly data: readonly DataRecord[];
  readonly noise: readonly NoiseSource[];
}

export function supply({ data, noise }: Sources, seed: number, feeds: Feeds = inventedData(seed)): Supply {
  const drawn = new Map<string, number>();
  return {
    async sample(names, count) {
      const result: Record<string, NDArray> = {};
      for (const { name, dist, shape } of noise) {
        if (!names.includes(name)) continue;
        const n = drawn.get(name) ?? 0;
        drawn.set(name, n + 1);
        result[name] = array(
          drawValues(seed, sourceStream(name), n, dist as DistributionSpec, [count, ...shape]),
          [count, ...shape],
        );
      }
      for (const record of data) {
        if (!record.fields.some((f) => names.includes(f.name))) continue;
        const values = await feeds(record, count);
        record.fields.forEach((field, i) => {
          result[field.name] = array(values[i]!, [count, ...field.type.shape]);
        });
      }
      return result;
    },
    draw: (place, dist, shape, sampled) =>
      array(drawValues(seed, drawStream(place), sampled, dist as Distribution, shape), shape),
    weight: (spec) => array(initialWeight({ ...spec, shape: [...spec.shape] }, seed), spec.shape),
    state: (name, dist, shape) =>
      array(drawValues(seed, `state/${name}`, 0, dist as DistributionSpec, shape), shape),
    stat: (spec) => array(initialStat({ ...spec, shape: [...spec.shape] }, seed), spec.shape),
  };
}

/** Where the real data don't matter: normal numbers, one-hot classes. */
function inventedData(seed: number): Feeds {
  const passes = new Map<DataRecord, number>();
  return async (record, count) => {
    const n = passes.get(record) ?? 0;
    passes.set(record, n + 1);
    return record.fields.map(({ name, type }) => {
      const dist: Distribution =
        type.meaning === 'label' ? { kind: 'categorical' } : { kind: 'normal', mean: 0, std: 0.5 };
      return drawValues(seed, `invented/${name}`, n, dist, [count, ...type.shape]);
    });
  };
}

function array(values: ArrayLike<number>, shape: readonly number[]): NDArray {
  return { shape, data: Float64Array.from(values) };
}

/** The same numbers for all calls in which a draw stands: a plan numbers them, the plain trainer does not. */
export function withoutCalls(given: Supply): Supply {
  return {
    ...given,
    draw: (place, dist, shape, sampled) => given.draw(place.replace(/#\d+/, ''), dist, shape, sampled),
  };
}
