/** The table of layers against numbers worked out by hand, and the memory of a step against what tfjs says it holds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import * as nn from '../../runtimes/core/nn/nn.ts';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { chooseBackend } from '../../runtimes/node/backends.ts';
import { renderCosts } from '../../src/cli/summary-table.ts';
import { analyse, moduleOf, planOf } from '../../src/compile.ts';
import { summary } from '../../src/summary/summary.ts';

beforeAll(async () => {
  await chooseBackend('cpu');
});

function summed(text: string) {
  const analysis = analyse({ source: { path: 'case.gan', text }, load: () => undefined });
  return { analysis, data: summary(analysis.model!, planOf(analysis.model!, analysis.sources)) };
}

const small = `
data  x ~ image[8, 8, 1]
net D(x: image[8, 8, 1]) -> [1] =
  x |> conv(4, kernel = 3, stride = 2) |> batch_norm |> leaky_relu |> flatten |> dense(1)
loss low = expect(D(x) ^ 2)
train (batch = 10, steps = 10) {
  sample x
  update D to minimize low with adam(1e-3)
}`;

test('layers, shapes and weights, as one counts them by hand', () => {
  const { data } = summed(small);
  const [net] = data.nets;
  expect(net!.rows.map(({ layer, shape, weights }) => `${layer} [${shape}] ${weights}`)).toEqual([
    'conv_1 [4,4,4] 40', // 3·3·1·4 + 4
    'batch_norm_1 [4,4,4] 8',
    'leaky_relu [4,4,4] 0',
    'flatten [64] 0',
    'dense_1 [1] 65',
  ]);
  expect(net!.weights).toBe(113);
  expect(net!.state).toBe(8);
  expect(data.weights).toBe(113);
});

test('FLOPs are those of the products, and a little for the rest', () => {
  const { data } = summed(small);
  // For each of 10 examples: the convolution 2·16·9·4 and its filter gradient, the product 2·64 and both its gradients.
  const products = 10 * (2 * (2 * 16 * 9 * 4) + 3 * (2 * 64));
  expect(data.phases[0]!.flops).toBeGreaterThan(products);
  expect(data.phases[0]!.flops).toBeLessThan(products + 10 * 64 * 40);
});

test('a loop counts as often as it runs, a block every 4 steps a quarter', () => {
  const once = summed(small).data.phases[0]!.flops;
  const loop = small.replace('sample x\n', 'repeat 3 { sample x').replace('adam(1e-3)\n', 'adam(1e-3) }\n');
  expect(summed(loop).data.phases[0]!.flops).toBe(3 * once);
  const every = small.replace('sample x\n', 'every 4 { sample x').replace('adam(1e-3)\n', 'adam(1e-3) }\n');
  expect(summed(every).data.phases[0]!.flops).toBe(once / 4);
});

test('each operation of a step, how often, and which of them are slow on wasm', () => {
  const { data } = summed(
    small.replace('sample x\n', 'every 4 { sample x').replace('adam(1e-3)\n', 'adam(1e-3) }\n'),
  );
  const [phase] = data.phases;
  const named = (name: string) => phase!.operations.find((o) => o.name === name)!;
  expect(named('conv2d')).toMatchObject({ calls: 0.25, flops: (10 * 2 * 16 * 9 * 4) / 4, fallbacks: [] });
  expect(named('conv2d_filter_gradient').calls).toBe(0.25);
  expect(phase!.operations.reduce((sum, o) => sum + o.flops, 0)).toBe(phase!.flops);
  const text = renderCosts(data, (t) => t);
  expect(text).toMatch(/│ conv2d +│ +0\.25 │ +2\.88 kFLOP │/);
  expect(text).toContain('On wasm every operation has a kernel of its own.');
  const slow = { ...named('conv2d'), fallbacks: ['Conv2D', 'PadV2'] };
  const other = { ...data, phases: [{ ...phase!, operations: [slow] }] };
  expect(renderCosts(other, (t) => t)).toContain(
    'On wasm these run as plain JavaScript on one thread:\n  conv2d: Conv2D, PadV2',
  );
});

test.each(['conv.gan', 'ring.gan'])('the memory of a step of %s is what tfjs holds at most', async (name) => {
  const text = readFileSync(join(import.meta.dirname, '../golden/emit', name), 'utf8');
  const { analysis, data } = summed(text);
  let most = 0;
  const before = tf.memory().numBytes;
  const measured = <T>(value: T): T => {
    most = Math.max(most, tf.memory().numBytes - before);
    return value;
  };
  // The emitted text itself, with a look at the memory after each value that it makes.
  const body = moduleOf(analysis.model!, analysis.sources)
    .code.replace(/^import .*$/gm, '')
    .replace('export const model =', 'const model =')
    .replace(/^await main\(.*$/m, 'return model;')
    .replace(
      /^( *)(const (?:\{[^=]*?\}|[^={]+) = )((?:tf|nn|run)\.\w+\((?:[^\n]*\)|\n[\s\S]*?\n\1\)));$/gm,
      '$1$2measured($3);',
    );
  const formula = (...given: Parameters<typeof nn.formula>) => {
    const apply = nn.formula(...given);
    return (...operands: Parameters<typeof apply>) => measured(apply(...operands));
  };
  const watched = { ...nn, formula };
  const model = new Function('tf', 'nn', 'measured', body)(tf, watched, measured) as CompiledModel;
  const size = model.data[0]!.fields[0]!.type.shape.reduce((a, b) => a * b, 1);
  const read = async (indices: ArrayLike<number>) => [new Float32Array(indices.length * size).fill(0.5)];
  const run = new TrainingRun(model, { seed: 1, datasets: { x: { origin: 'made up', count: 64, read } } });
  run.state.initialise(1);
  run.beginPhase(model.phases[0]!);
  for (let step = 0; step < 3; step++) {
    run.beginStep(false);
    await model.phases[0]!.step(run);
    run.endStep();
  }
  run.dispose();
  const said = data.phases[0]!.memory.total;
  // Besides, the run holds the scalars that it has noted.
  expect(most).toBeGreaterThanOrEqual(said);
  expect(most - said).toBeLessThan(100);
});
