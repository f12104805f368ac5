/** What is said of outputs of which there are no pictures. */
import { expect, test } from 'vitest';
import type { OutputSpec } from '../../runtimes/core/run/model.ts';
import { undrawn } from '../../runtimes/core/run/outputs.ts';

const output = (name: string, meaning: OutputSpec['type']['meaning'], ...shape: number[]) => ({
  name,
  type: { meaning, shape },
});

test('outputs without pictures are named, beside others too', () => {
  expect(undrawn([])).toBe('no pictures: the model declares no `output`');
  expect(undrawn([output('a', 'image', 8, 8, 1), output('p', 'tensor', 2)])).toBeNull();
  expect(undrawn([output('a', 'image', 8, 8, 1), output('code', 'tensor', 20)])).toBe(
    'no pictures of `code` [20]: images, sound and points [2] are drawn; ganc sample --format npy writes numbers',
  );
  expect(undrawn([output('grey', 'tensor', 8, 8, 1)])).toContain(
    'no pictures of `grey` [8, 8, 1]: what a net declares as `image[h, w, c]` is drawn',
  );
  const five = ['a', 'b', 'c', 'd', 'e'].map((name) => output(name, 'tensor', 3));
  expect(undrawn(five)).toContain('`a` [3], `b` [3], `c` [3] and 2 more');
});
