/** The prelude's tables of pairs, discrete choices and augmentations, against plain loops. */
import { describe, test } from 'vitest';
import { array, close, mean, numbers } from './prelude-numbers.ts';

const [n, m, d] = [3, 4, 2];
const a = array([2, n, d], (i) => Math.sin(3 * i + 1));
const codes = array([2, m, d], (i) => Math.cos(2 * i));

describe('tables of pairs', () => {
  test('all products', async () => {
    const u = array([2, n], (i) => i + 1);
    const v = array([2, m], (i) => 2 - i);
    const weights = array([2, n, m], (i) => Math.sin(i));
    const found = await numbers({ total: 'expect(sum(w * outer(u, v)))' }, { u, v, w: weights });
    const each = [0, 1].map((k) => {
      let sum = 0;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < m; j++)
          sum += weights.data[(k * n + i) * m + j]! * u.data[k * n + i]! * v.data[k * m + j]!;
      return sum;
    });
    close(found, { total: mean(each) });
  });

  const distance = (k: number, i: number, j: number) => {
    let sum = 0;
    for (let e = 0; e < d; e++) sum += (a.data[(k * n + i) * d + e]! - codes.data[(k * m + j) * d + e]!) ** 2;
    return sum;
  };

  test('squared distances, and the nearest', async () => {
    const weights = array([2, n, m], (i) => Math.sin(i));
    const found = await numbers(
      {
        total: 'expect(sum(w * pairwise(a, codes)))',
        nearest: 'expect(sum(nearest_code(a, codes)))',
        itself: 'expect(sum(abs(diagonal(pairwise(a, a)))))',
        written: 'expect(sum(w * sum(square(expand(a, 1) - expand(codes, 0)), axis = 2)))',
      },
      { a, codes, w: weights },
    );
    const total = [0, 0];
    const nearest = [0, 0];
    for (let k = 0; k < 2; k++) {
      for (let i = 0; i < n; i++) {
        const row = Array.from({ length: m }, (_, j) => distance(k, i, j));
        nearest[k]! += row.indexOf(Math.min(...row));
        for (const [j, v] of row.entries()) total[k]! += weights.data[(k * n + i) * m + j]! * v;
      }
    }
    close(found, { total: mean(total), written: mean(total), nearest: mean(nearest), itself: 0 });
  });

  test('vector quantisation: the codes, both losses, and the gradient past it', async () => {
    const found = await numbers(
      {
        value: 'expect(sum(q.quantised))',
        price: 'expect(q.loss)',
        slope: 'expect(sum(grad(sum(square(q.quantised)), a)))',
        towards: 'expect(sum(grad(q.loss, a)))',
      },
      { a, codes },
      'let q = vector_quantise(a, codes, commitment = 0.5)',
    );
    const sums = { value: [0, 0], price: [0, 0], slope: [0, 0], towards: [0, 0] };
    for (let k = 0; k < 2; k++) {
      for (let i = 0; i < n; i++) {
        const row = Array.from({ length: m }, (_, j) => distance(k, i, j));
        const j = row.indexOf(Math.min(...row));
        sums.price[k]! += (1.5 * row[j]!) / (n * d);
        for (let e = 0; e < d; e++) {
          const code = codes.data[(k * m + j) * d + e]!;
          sums.value[k]! += code;
          sums.slope[k]! += 2 * code;
          // Only the commitment pulls the rows.
          sums.towards[k]! += (0.5 * 2 * (a.data[(k * n + i) * d + e]! - code)) / (n * d);
        }
      }
    }
    close(found, {
      value: mean(sums.value),
      price: mean(sums.price),
      slope: mean(sums.slope),
      towards: mean(sums.towards),
    });
  });
});

describe('discrete choices', () => {
  // The draw without a name is 0.1 · i at its ith number.
  const logits = array([2, 3], (i) => [0.3, 0.25, -1, 0.2, 0.9, 0.7][i]!);
  const noisy = logits.data.map((v, i) => v + 0.1 * i);

  test('straight through: the one value, the other gradient', async () => {
    const found = await numbers(
      { value: 'expect(sum(y))', slope: 'expect(sum(grad(sum(y), a)))' },
      { a },
      'let y = straight_through(sign(a), 3 * a)',
    );
    close(found, {
      value: mean([0, 1].map((k) => a.data.slice(6 * k, 6 * k + 6).reduce((s, v) => s + Math.sign(v), 0))),
      slope: 18,
    });
  });

  test('a class is the largest of noisy logits, a smooth draw their softmax', async () => {
    const found = await numbers(
      {
        sample: 'expect(sum([1, 10, 100] * categorical_sample(logits)))',
        smooth: 'expect(sum([1, 10, 100] * gumbel_softmax(logits, 0.5)))',
        hard: 'expect(sum([1, 10, 100] * gumbel_softmax(logits, 0.5, hard = true)))',
        slope:
          'expect(sum([1, 2, 3] * grad(sum([1, 10, 100] * gumbel_softmax(logits, 0.5, hard = true)), logits)))',
        soft_slope: 'expect(sum([1, 2, 3] * grad(sum([1, 10, 100] * gumbel_softmax(logits, 0.5)), logits)))',
      },
      { logits },
    );
    const rows = [0, 1].map((k) => [...noisy.slice(3 * k, 3 * k + 3)]);
    const worth = [1, 10, 100];
    const hard = mean(rows.map((row) => worth[row.indexOf(Math.max(...row))]!));
    const smooth = rows.map((row) => {
      const e = row.map((v) => Math.exp(v / 0.5));
      const total = e.reduce((s, v) => s + v);
      return e.map((v) => v / total);
    });
    const slope = mean(
      smooth.map((p) => {
        const middle = p.reduce((s, v, i) => s + v * worth[i]!, 0);
        return p.reduce((s, v, i) => s + ((i + 1) * v * (worth[i]! - middle)) / 0.5, 0);
      }),
    );
    close(found, {
      sample: hard,
      hard,
      smooth: mean(smooth.map((p) => p.reduce((s, v, i) => s + v * worth[i]!, 0))),
      slope,
      soft_slope: slope,
    });
  });
});

describe('differentiable augmentation', () => {
  const [h, w, c] = [8, 6, 3];
  const x = array([2, h, w, c], (i) => Math.sin(i * i));
  const weights = array([2, h, w, c], (i) => Math.cos(3 * i));
  const at = (k: number, i: number, j: number, e: number) => ((k * h + i) * w + j) * c + e;
  /** A uniform number of the oracle's test supply: the ith of a draw. */
  const u = (i: number) => (i % 7) / 7;
  const total = (f: (k: number, i: number, j: number, e: number) => number) => {
    let sum = 0;
    for (let k = 0; k < 2; k++)
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++)
          for (let e = 0; e < c; e++) sum += weights.data[at(k, i, j, e)]! * f(k, i, j, e);
    return sum / 2;
  };

  test('as the authors have it', async () => {
    const found = await numbers(
      {
        colour: 'expect(sum(weights * augment_colour(x)))',
        moved: 'expect(sum(weights * augment_translation(x, ratio = 1 / 4)))',
        cut: 'expect(sum(weights * augment_cutout(x)))',
        nothing: 'expect(sum(abs(diff_augment(x, 0) - x)))',
      },
      { x, weights },
    );
    const value = (k: number, i: number, j: number, e: number) =>
      i < 0 || i >= h || j < 0 || j >= w ? 0 : x.data[at(k, i, j, e)]!;
    const brighter = (k: number, i: number, j: number, e: number) => value(k, i, j, e) + u(k) - 0.5;
    const saturated = (k: number, i: number, j: number, e: number) => {
      const grey = mean([0, 1, 2].map((f) => brighter(k, i, j, f)));
      return (brighter(k, i, j, e) - grey) * 2 * u(k) + grey;
    };
    const level = [0, 1].map((k) => {
      const all: number[] = [];
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++) for (let e = 0; e < c; e++) all.push(saturated(k, i, j, e));
      return mean(all);
    });
    // int(8 / 4 + 0.5) = 2 rows and int(6 / 4 + 0.5) = 2 columns each way; a square of 4 × 3.
    const shift = (k: number) => Math.floor(u(k) * 5) - 2;
    const [top, left] = [(k: number) => Math.floor(u(k) * 9) - 2, (k: number) => Math.floor(u(k) * 6) - 1];
    const inside = (k: number, i: number, j: number) =>
      i >= top(k) && i < top(k) + 4 && j >= left(k) && j < left(k) + 3;
    close(found, {
      colour: total((k, i, j, e) => (saturated(k, i, j, e) - level[k]!) * (u(k) + 0.5) + level[k]!),
      moved: total((k, i, j, e) => value(k, i - shift(k), j - shift(k), e)),
      cut: total((k, i, j, e) => (inside(k, i, j) ? 0 : value(k, i, j, e))),
      nothing: 0,
    });
  });

  test('gradients pass through each', async () => {
    const found = await numbers(
      {
        moved: 'expect(sum(grad(sum(weights * augment_translation(x, ratio = 1 / 4)), x)))',
        cut: 'expect(sum(grad(sum(weights * augment_cutout(x)), x)))',
      },
      { x, weights },
    );
    const shift = (k: number) => Math.floor(u(k) * 5) - 2;
    // Each pixel's slope is the weight of the place where it went; what went over the border has none.
    let moved = 0;
    for (let k = 0; k < 2; k++)
      for (let i = 0; i < h; i++)
        for (let j = 0; j < w; j++)
          for (let e = 0; e < c; e++) {
            const [row, column] = [i + shift(k), j + shift(k)];
            if (row >= 0 && row < h && column >= 0 && column < w)
              moved += weights.data[at(k, row, column, e)]! / 2;
          }
    const [top, left] = [(k: number) => Math.floor(u(k) * 9) - 2, (k: number) => Math.floor(u(k) * 6) - 1];
    const cut = total((k, i, j) =>
      i >= top(k) && i < top(k) + 4 && j >= left(k) && j < left(k) + 3 ? 0 : 1,
    );
    close(found, { moved, cut });
  });
});
