/** The prelude’s comparisons across the batch, against the loops of their definitions. */
import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/ir/types.ts';
import { array, close, mean, numbers } from './prelude-numbers.ts';

describe('across the batch', () => {
  const n = 4;
  const a = array([n, 3], (i) => Math.sin(2 * i + 1));
  const b = array([n, 3], (i) => Math.cos(i) - 0.2);
  const row = (v: NDArray, i: number) => [0, 1, 2].map((k) => v.data[3 * i + k]!);
  const distance = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, v, k) => sum + (v - q[k]!) ** 2, 0);
  const indices = [0, 1, 2, 3];
  const pairs = (f: (i: number, j: number) => number, diagonal = true) =>
    mean(indices.flatMap((i) => indices.filter((j) => diagonal || i !== j).map((j) => f(i, j))));
  const discrepancy = (kernel: (d: number) => number) => {
    const k = (p: NDArray, q: NDArray) => (i: number, j: number) => kernel(distance(row(p, i), row(q, j)));
    return pairs(k(a, a), false) + pairs(k(b, b), false) - 2 * pairs(k(a, b));
  };

  test('the maximum mean discrepancy, by the loops of its definition', async () => {
    const found = await numbers(
      {
        gaussian: 'mmd(a, b)',
        half: 'mmd(a, b, kernel = narrow)',
        quadratic: 'mmd(a, b, kernel = rational_quadratic_kernel)',
        averaged: 'expect(mmd(a, b))',
        itself: 'mmd(a, a)',
      },
      { a, b },
      'def narrow(p, q) = gaussian_kernel(p, q, widths = [0.5])',
    );
    const gaussian = (widths: number[]) => (d: number) =>
      widths.reduce((sum, width) => sum + Math.exp(-d / (2 * width ** 2)), 0);
    close(found, {
      gaussian: discrepancy(gaussian([1, 2, 4, 8, 16])),
      half: discrepancy(gaussian([0.5])),
      quadratic: discrepancy((d) => [0.2, 0.5, 1, 2, 5].reduce((sum, α) => sum + (1 + d / (2 * α)) ** -α, 0)),
      averaged: found.gaussian!,
    });
    // Of one sample with itself the pairs of equal points are on one side only.
    expect(found.itself).toBeLessThan(0);
  });

  test("SimCLR's loss, by the loops of its equation (1)", async () => {
    const found = await numbers(
      { warm: 'nt_xent(a, b)', cold: 'nt_xent(a, b, temperature = 0.1)' },
      { a, b },
    );
    const views = [...indices.map((i) => row(a, i)), ...indices.map((i) => row(b, i))].map((v) => {
      const length = Math.hypot(...v);
      return v.map((x) => x / length);
    });
    const like = (i: number, j: number) => views[i]!.reduce((sum, v, k) => sum + v * views[j]![k]!, 0);
    const loss = (temperature: number) =>
      mean(
        views.map((_, i) => {
          const others = views.map((_, j) => j).filter((j) => j !== i);
          const total = others.reduce((sum, j) => sum + Math.exp(like(i, j) / temperature), 0);
          return -Math.log(Math.exp(like(i, (i + n) % (2 * n)) / temperature) / total);
        }),
      );
    close(found, { warm: loss(0.5), cold: loss(0.1) });
  });

  test('minibatch discrimination, by its definition', async () => {
    const net = 'net M(v: [3]) -> [5] = v |> minibatch_discrimination(kernels = 2, sizes = 2)';
    const entries = Object.fromEntries(
      [0, 1, 2, 3, 4].map((k) => [`e${k}`, `expect(sum(slice(M(a), 0, ${k}, ${k + 1})))`]),
    );
    const found = await numbers(entries, { a }, net);
    // The kernel of the oracle above is 0.3 · (1, 2, 3, …), a row for each of the three inputs.
    const m = indices.map((i) =>
      [0, 1, 2, 3].map((o) => row(a, i).reduce((sum, v, k) => sum + v * 0.3 * (4 * k + o + 1), 0)),
    );
    const closeness = (kernel: number) => (i: number) =>
      indices
        .filter((j) => j !== i)
        .reduce(
          (sum, j) =>
            sum +
            Math.exp(
              -[0, 1].reduce((d, s) => d + Math.abs(m[i]![2 * kernel + s]! - m[j]![2 * kernel + s]!), 0),
            ),
          0,
        );
    close(found, {
      e0: mean(indices.map((i) => row(a, i)[0]!)),
      e3: mean(indices.map(closeness(0))),
      e4: mean(indices.map(closeness(1))),
    });
  });
});
