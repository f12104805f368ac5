/**
 * What a compiled program still calls of tfjs's one-threaded cpu kernels on our wasm backend: over all operations, their
 * values and first gradients, as the compiler emits them. The list may only get shorter.
 */
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as nn from '../../runtimes/core/nn.ts';
import { onFallback } from '../../runtimes/kernels/wasm/fallback.ts';
import { registerWasm } from '../../runtimes/kernels/wasm/register.ts';
import { kernelHost } from '../../runtimes/node/threads.ts';
import type { Leaf } from '../../src/ir/graph.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { gradient } from '../../src/passes/differentiate.ts';
import { FALLBACKS } from '../../src/summary/fallbacks.ts';
import { nameOf, programOf } from '../backends/program.ts';
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
    const values = programOf(c.b, new Map([['y', c.y]]));
    for (const kernel of fallbacks(values, c.values)) kernels.add(kernel);
    for (const kernel of fallbacks(programOf(c.b, new Map(), slopes), c.values)) kernels.add(kernel);
  }
  const list = [...found].filter(([, kernels]) => kernels.size > 0);
  expect(Object.fromEntries(list.map(([name, kernels]) => [name, [...kernels].sort()]))).toEqual(FALLBACKS);
});
