/** The prelude’s measures of pictures, against plain loops as the papers write them. */
import { describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/ir/types.ts';
import { array, close, mean, numbers } from './prelude-numbers.ts';

describe('images', () => {
  const [n, side] = [2, 16];
  const image = (phase: number) => array([n, side, side, 1], (i) => Math.sin(i * i * 0.013 + phase) * 0.9);
  const [a, b] = [image(0), image(1.1)];

  /** Plain loops over one picture, as the papers write them. */
  type Picture = number[][];
  const picture = (v: NDArray, k: number): Picture =>
    Array.from({ length: side }, (_, i) =>
      Array.from(v.data.slice((k * side + i) * side, (k * side + i + 1) * side)),
    );
  const filtered = (v: Picture, window: number): Picture => {
    const g = Array.from({ length: window }, (_, i) =>
      Math.exp(-((i - (window - 1) / 2) ** 2) / (2 * 1.5 ** 2)),
    );
    const all = g.reduce((s, u) => s + g.reduce((t, w) => t + u * w, 0), 0);
    const m = v.length - window + 1;
    return Array.from({ length: m }, (_, i) =>
      Array.from({ length: m }, (_, j) => {
        let s = 0;
        for (let u = 0; u < window; u++)
          for (let w = 0; w < window; w++) s += (g[u]! * g[w]! * v[i + u]![j + w]!) / all;
        return s;
      }),
    );
  };
  const map = (v: Picture, w: Picture, f: (x: number, y: number) => number): Picture =>
    v.map((row, i) => row.map((x, j) => f(x, w[i]![j]!)));
  const factors = (v: Picture, w: Picture, window: number) => {
    const [mv, mw] = [filtered(v, window), filtered(w, window)];
    const vv = map(
      filtered(
        map(v, v, (x, y) => x * y),
        window,
      ),
      mv,
      (x, y) => x - y * y,
    );
    const ww = map(
      filtered(
        map(w, w, (x, y) => x * y),
        window,
      ),
      mw,
      (x, y) => x - y * y,
    );
    const product = filtered(
      map(v, w, (x, y) => x * y),
      window,
    );
    let [whole, structure] = [0, 0];
    mv.forEach((row, i) => {
      row.forEach((x, j) => {
        const y = mw[i]![j]!;
        const s = (2 * (product[i]![j]! - x * y) + 0.06 ** 2) / (vv[i]![j]! + ww[i]![j]! + 0.06 ** 2);
        structure += s / mv.length ** 2;
        whole += (s * (2 * x * y + 0.02 ** 2)) / (x * x + y * y + 0.02 ** 2) / mv.length ** 2;
      });
    });
    return [whole, structure] as const;
  };
  const halved = (v: Picture): Picture =>
    Array.from({ length: v.length / 2 }, (_, i) =>
      Array.from({ length: v.length / 2 }, (_, j) =>
        mean([0, 1].flatMap((u) => [0, 1].map((w) => v[2 * i + u]![2 * j + w]!))),
      ),
    );

  test('are equal to themselves', async () => {
    const found = await numbers(
      {
        one: 'expect(ssim(a, a))',
        two: 'expect(ms_ssim(a, a, scales = 2, window = 5))',
        three: 'expect(ms_ssim(a, a, scales = 1))',
      },
      { a },
    );
    close(found, { one: 1, two: 1, three: 1 });
  });

  test('are compared as Wang et al. do', async () => {
    const found = await numbers(
      { single: 'expect(ssim(a, b))', multi: 'expect(ms_ssim(a, b, scales = 2, window = 5))' },
      { a, b: array(b.shape, (i) => 0.7 * a.data[i]! + 0.3 * b.data[i]!) },
    );
    const mixed = { shape: b.shape, data: b.data.map((v, i) => 0.7 * a.data[i]! + 0.3 * v) };
    const each = [0, 1].map((k) => [picture(a, k), picture(mixed, k)] as const);
    const [w0, w1] = [0.0448 / (0.0448 + 0.2856), 0.2856 / (0.0448 + 0.2856)];
    close(found, {
      single: mean(each.map(([v, w]) => factors(v, w, 11)[0])),
      multi: mean(
        each.map(([v, w]) => factors(v, w, 5)[1] ** w0 * factors(halved(v), halved(w), 5)[0] ** w1),
      ),
    });
    expect(found.single).toBeLessThan(0.99);
    expect(found.single).toBeGreaterThan(0.1);
  });

  test('channels are filtered apart', async () => {
    const colours = array([1, 6, 6, 3], (i) => [0.5, -0.25, 1][i % 3]!);
    const found = await numbers(
      {
        red: 'expect(mean(slice(gaussian_filter(v, 5), 2, 0, 1)))',
        green: 'expect(mean(slice(gaussian_filter(v, 5), 2, 1, 2)))',
        blue: 'expect(mean(slice(gaussian_filter(v, 5), 2, 2, 3)))',
      },
      { v: colours },
    );
    close(found, { red: 0.5, green: -0.25, blue: 1 });
  });

  test('have their total variation', async () => {
    const found = await numbers({ tv: 'expect(total_variation(a))' }, { a });
    const variation = (v: Picture) => {
      let s = 0;
      for (let i = 0; i < side; i++) {
        for (let j = 0; j < side; j++) {
          if (i > 0) s += Math.abs(v[i]![j]! - v[i - 1]![j]!);
          if (j > 0) s += Math.abs(v[i]![j]! - v[i]![j - 1]!);
        }
      }
      return s;
    };
    close(found, { tv: mean([variation(picture(a, 0)), variation(picture(a, 1))]) });
  });
});
