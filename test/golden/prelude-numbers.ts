/** Prelude values in float64: small programs around given data, run for one step by the oracle. */
import { expect } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';

export function compile(text: string) {
  return analyse({ source: { path: 'model.gan', text }, set: {}, load: () => undefined });
}

/** Metrics of given data, in float64: `given` has the batch as first axis. */
export async function numbers(
  metrics: Record<string, string>,
  given: Record<string, NDArray> = {},
  declarations = '',
): Promise<Record<string, number>> {
  const data = { unused: array([4, 1], () => 0), ...given };
  const batch = Object.values(data)[1]?.shape[0] ?? 4;
  const text = [
    ...Object.entries(data).map(([name, { shape }]) => `data ${name} ~ [${shape.slice(1).join(', ')}]`),
    declarations,
    ...Object.entries(metrics).map(([name, value]) => `metric ${name} = ${value}`),
    'net W(x: [1]) -> [1] = x |> dense(1)',
    'loss l = expect(W(unused))',
    `train (batch = ${batch}, steps = 1) { sample ${Object.keys(data).join(', ')} update W to minimize l with sgd(1) }`,
  ].join('\n');
  const { model, sources, diagnostics } = compile(text);
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  const trainer = new ReferenceTrainer(planOf(model!, sources), {
    sample: () => ({ ...data, unused: array([batch, 1], () => 0) }),
    draw: (_, dist, shape) =>
      array(shape, (i) =>
        dist.kind === 'uniform' ? dist.low + (dist.high - dist.low) * ((i % 7) / 7) : 0.1 * i,
      ),
    weight: ({ shape }) => array(shape, (i) => 0.3 * (i + 1)),
    stat: ({ shape }) => array(shape, () => 0),
    state: (_, __, shape) => array(shape, () => 0),
  });
  trainer.begin(trainer.plan.phases[0]!);
  return trainer.step(0, { logging: true });
}

export function array(shape: readonly number[], at: (i: number) => number): NDArray {
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, data: Float64Array.from({ length: size }, (_, i) => at(i)) };
}

export const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((a, b) => a + b, 0) / values.length;
export const close = (found: Record<string, number>, expected: Record<string, number>) => {
  for (const [name, value] of Object.entries(expected)) expect(found[name], name).toBeCloseTo(value, 10);
};

export const column = (values: readonly number[]): NDArray => array([values.length, 1], (i) => values[i]!);
