/**
 * What a compiled program still calls of tfjs's one-threaded cpu kernels on our wasm backend: over all operations, their
 * values and first gradients, as the compiler emits them. The list may only get shorter.
 */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as nn from '../../runtimes/core/nn/nn.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { onFallback } from '../../runtimes/kernels/wasm/fallback.ts';
import { registerWasm } from '../../runtimes/kernels/wasm/register.ts';
import { kernelHost } from '../../runtimes/node/threads.ts';
import type { Leaf } from '../../src/ir/graph.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { FALLBACKS } from '../../src/summary/fallbacks.ts';
import { nameOf, programOf } from '../backends/program.ts';
import { compileText } from '../emitted/load.ts';
import { allSamples, BATCH, makeCase, seeded, uniformArray } from '../gradients/cases.ts';

const called = new Set<string>();

beforeAll(async () => {
  onFallback((name) => called.add(name));
  registerWasm(kernelHost({ threads: 1 })!.host, 'watched');
  await tf.setBackend('watched');
});

afterAll(() => onFallback(null));

/** Runs a program and says which cpu kernels it called. */
function fallbacks(text: string, values: ReadonlyMap<Leaf, NDArray>): string[] {
  const tensors = new Map(
    [...values].map(([leaf, { shape, data }]) => [
      nameOf({ leaf } as never),
      // As a kernel of ours leaves them.
      tf.neg(tf.tensor(Float32Array.from(data), [...shape])),
    ]),
  );
  const named = new Proxy({}, { get: (_, name) => tensors.get(String(name)) });
  const program = new Function('tf', 'nn', 'run', text);
  called.clear();
  program(tf, nn, {
    batch: BATCH,
    samples: named,
    live: named,
    draw: (name: string) => tf.clone(tensors.get(name.replace(/#.*$/, ''))!),
    log: () => {},
    update: (_: string, gradients: Record<string, Tensor>) => tf.dispose(gradients),
  });
  const list = [...called];
  for (const t of tensors.values()) t.dispose();
  return list;
}

test('the kernels that compiled programs lack on wasm', () => {
  const found = new Map<string, Set<string>>();
  for (const { name, record, sample, training } of allSamples()) {
    const c = makeCase(name, record, sample, 1, training);
    const r = c.b.leaf({ kind: 'source', name: 'r', version: 0 }, c.y.shape, c.y.count);
    const upstream = c.y.count === null ? c.y.shape : [BATCH, ...c.y.shape];
    c.values.set(r.leaf, uniformArray(upstream, seeded(7), 0.5, 1.5));
    const loss = c.b.sum(c.b.mul(r, c.y), { batch: true });
    const slopes = new Map(gradient(c.b, loss, c.wrt).map((g, i) => [nameOf(c.wrt[i]!), g]));
    const kernels = found.get(name) ?? new Set();
    found.set(name, kernels);
    const values = programOf(new Map([['y', c.y]]));
    for (const kernel of fallbacks(values, c.values)) kernels.add(kernel);
    for (const kernel of fallbacks(programOf(new Map(), slopes), c.values)) kernels.add(kernel);
  }
  const list = [...found].filter(([, kernels]) => kernels.size > 0);
  expect(Object.fromEntries(list.map(([name, kernels]) => [name, [...kernels].sort()]))).toEqual(FALLBACKS);
});

/** Every rule and statement that computes beside the graph: optimisers, clipping, averages, power iterations, moving statistics. */
const everything = `
noise x ~ normal[8, 8, 2]
noise z ~ normal[6]
net G(z: [6]) -> [8, 8, 2] =
  z |> dense(32) |> reshape(4, 4, 2) |> batch_norm |> relu |> conv_transpose(2, kernel = 4, stride = 2) |> tanh
net D(x: [8, 8, 2]) -> [1] =
  x |> conv(4, kernel = 3, stride = 2, padding = 1, norm = "spectral") |> leaky_relu |> dropout(0.3) |> flatten |> dense(1)
loss high = expect(softplus(-D(x))) + expect(softplus(D(G(z))))
loss low = expect(softplus(-D(G(z))))
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize high with adam(1e-3, clip_norm = 1)
  update D to minimize high with adamw(1e-3)
  update D to minimize high with rmsprop(1e-3, momentum = 0.9)
  clip D to [-0.1, 0.1]
  sample z
  update G to minimize low with sgd(0.1, momentum = 0.9)
  update G to minimize low with adagrad(0.1)
  average G decay 0.9
}`;

test('a training step calls none of them beside the graph either', async () => {
  const model = compileText('everything.gan', everything);
  const run = new TrainingRun(model, { seed: 1, datasets: {} });
  run.state.initialise(1);
  const [phase] = model.phases;
  run.beginPhase(phase!);
  called.clear();
  for (let step = 0; step < 3; step++) {
    run.beginStep(true);
    await phase!.step(run);
    await run.readNotes();
    run.endStep();
  }
  expect([...called]).toEqual([]);
});
