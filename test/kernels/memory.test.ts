/** Memory of the kernels: what is freed comes back, nothing grows, views don't outlive it, and the end of it is said. */
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../runtimes/core/errors.ts';
import { fused } from '../../runtimes/core/formula/fused.ts';
import { registerWasm } from '../../runtimes/kernels/wasm/register.ts';
import { kernelHost } from '../../runtimes/node/threads.ts';
import { numbers, use, variants } from './engines.ts';

describe.each(variants)('$name', (variant) => {
  test('a slice outlives its tensor', async () => {
    await use(variant);
    const x = tf.add(tf.tensor2d(numbers(64, 1), [8, 8]), 0);
    const expected = x.dataSync().slice(16, 32);
    const part = tf.slice(x, [2, 0], [2, 8]);
    const [upper, lower] = tf.split(x, 2) as [tf.Tensor, tf.Tensor];
    const half = lower.dataSync().slice();
    x.dispose();
    const others = Array.from({ length: 4 }, () => tf.fill([8, 8], 7).add(1));
    expect(part.dataSync()).toEqual(expected);
    expect(lower.dataSync()).toEqual(half);
    tf.dispose([part, upper, lower, ...others]);
  });

  test('numbers read stay as they were when the tensor is freed', async () => {
    await use(variant);
    const x = tf.neg(tf.ones([100]));
    const read = x.dataSync();
    const later = x.data();
    x.dispose();
    tf.fill([100], 7).add(1).dispose();
    expect(read.every((v) => v === -1)).toBe(true);
    expect((await later).every((v) => v === -1)).toBe(true);
  });

  test('what is freed comes back, and a thousand steps take no more than one', async () => {
    const engine = await use(variant);
    const [tensors, bytes] = [tf.memory().numTensors, engine.bytesInUse];
    const variable = (n: number, shape: number[]) =>
      tf.tidy(() => tf.variable(tf.tensor(numbers(n, 1), shape)));
    const k = variable(3 * 3 * 2 * 4, [3, 3, 2, 4]);
    const w = variable(64 * 5, [64, 5]);
    const x = tf.tensor4d(numbers(3 * 8 * 8 * 2, 3), [3, 8, 8, 2]);
    const step = () => {
      const y = tf.conv2d(x, k as tf.Tensor4D, 2, 'same');
      const { h } = fused('h = relu(y) * 2', { y });
      const logits = tf.matMul(tf.reshape(h!, [3, 64]), w as tf.Tensor2D);
      const mask = tf.greater(logits, 0);
      const error = tf.where(mask, logits, tf.square(logits));
      const loss = tf.mean(error);
      const parts = tf.split(tf.transpose(logits), 5);
      const sums = tf.sum(tf.concat(parts, 1), 0);
      const next = tf.sub(w, tf.mul(w, 0.01)) as tf.Tensor2D;
      w.assign(next);
      next.dispose();
      sums.dispose();
      return loss;
    };
    tf.tidy(() => void step());
    const after = [
      tf.memory().numTensors,
      tf.memory().numDataBuffers,
      engine.bytesInUse,
      engine.memory.buffer.byteLength,
    ];
    for (let i = 0; i < 1000; i++) tf.tidy(() => void step());
    const now = [
      tf.memory().numTensors,
      tf.memory().numDataBuffers,
      engine.bytesInUse,
      engine.memory.buffer.byteLength,
    ];
    expect(now).toEqual(after);
    tf.dispose([k, w, x]);
    expect([tf.memory().numTensors, engine.bytesInUse]).toEqual([tensors, bytes]);
  });
});

test.each(['simd-shared', 'simd-single'])('a memory that is full says so: %s', async (build) => {
  const engine = registerWasm(kernelHost({ build, threads: 2 })!.host, `full-${build}`);
  await tf.setBackend(`full-${build}`);
  const gib = 2 ** 30;
  const before = engine.bytesInUse;
  const blocks: number[] = [];
  // Untouched, it costs the machine nothing.
  const fill = (bytes: number): unknown => {
    try {
      for (;;) blocks.push(engine.allocate(bytes));
    } catch (error) {
      return error;
    }
  };
  const error = fill(0.4 * gib) as UserError;
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toMatch(
    /^a tensor of 409\.6 MiB does not fit: \d\.\d\d GiB are in use, and the wasm backend's memory cannot grow beyond \d\.\d\d GiB$/,
  );
  expect(error.hint).toMatch(/batch/);
  const large = blocks.length;
  fill(2 ** 20);
  fill(60);
  expect(engine.memory.buffer.byteLength).toBe(4 * gib);

  // Work at the far end of the memory.
  const far = blocks.slice(large, large + 30);
  expect(Math.min(...far)).toBeGreaterThan(3.5 * gib);
  for (const b of far) engine.release(b);
  blocks.splice(large, 30);
  tf.tidy(() => {
    const x = tf.tensor2d(numbers(64 * 64, 1), [64, 64]);
    expect(tf.matMul(x, tf.eye(64)).dataSync()).toEqual(x.dataSync());
    expect(tf.sub(x, x).sum().dataSync()[0]).toBe(0);
  });

  fill(2 ** 20);
  const sum = () => tf.tidy(() => tf.fill([600, 600], 1).add(1).max().dataSync()[0]);
  expect(sum).toThrow(/^a tensor of 1\.4 MiB does not fit/);
  // What is free in larger blocks is used, and comes back.
  for (const b of blocks) engine.release(b);
  expect(sum()).toBe(2);
  expect(engine.bytesInUse).toBeLessThan(before + 2 ** 22);
  engine.close();
});
