/** `nn.loop` by itself: values, their order, and that memory does not grow with the turns. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { loop } from '../../runtimes/core/nn/loop.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const numbers = (values: tf.Tensor[]) => values.map((value) => [...value.dataSync()]);

test('last values, then stacks; a reversed loop keeps the places of entries and stacks', () => {
  const xs = tf.tensor2d([1, 2, 3, 10, 20, 30], [2, 3]);
  const run = (reverse: boolean) =>
    loop(
      { turns: 3, reverse, carry: [0, tf.zeros([2])], along: [[xs, 1]], last: [1], stack: [1, 0] },
      (turn, state, entries) => {
        const [count, sum] = state as [tf.Tensor, tf.Tensor];
        const next = tf.add(sum, tf.mul(entries[0]!, count));
        return { next: [tf.add(count, 1), next], stack: [tf.clone(next), tf.scalar(turn)] };
      },
    );
  // 2 + 2·3 and, backwards, 2 + 2·1 of the first example.
  expect(numbers(run(false))).toEqual([
    [8, 80],
    [0, 2, 8, 0, 20, 80],
    [0, 1, 2],
  ]);
  expect(numbers(run(true))).toEqual([
    [4, 40],
    [4, 2, 0, 40, 20, 0],
    [0, 1, 2],
  ]);
});

test('what begins it stays the caller’s; nothing is left over, and each turn holds as much as the second', () => {
  const start = tf.ones([4]);
  const before = tf.memory().numTensors;
  const held: number[] = [];
  const [end, unused] = loop({ turns: 100, carry: [start, start], last: [0] }, (_, [x, y]) => {
    const sum = tf.add(x!, y!);
    const next = tf.mul(sum, 0.5);
    tf.dispose(sum);
    held.push(tf.memory().numTensors);
    return { next: [next, tf.clone(y!)] };
  });
  expect(unused).toBeUndefined();
  expect(new Set(held.slice(1)).size).toBe(1);
  expect([...end!.dataSync()]).toEqual([1, 1, 1, 1]);
  end!.dispose();
  expect(tf.memory().numTensors).toBe(before);
  expect(start.isDisposed).toBe(false);
});
