/** The prelude’s diffusion and flow matching, against the formulas of the papers. */
import { describe, test } from 'vitest';
import { close, column, mean, numbers } from './prelude-numbers.ts';

describe('diffusion and flow matching', () => {
  const x0 = [0.3, -1.2, 0.7];
  const e = [1.1, 0.4, -0.6];
  const given = { x: column(x0), e: column(e) };
  const [a, before] = [0.4, 0.55];
  const noisy = (share: number) => x0.map((v, i) => Math.sqrt(share) * v + Math.sqrt(1 - share) * e[i]!);
  /** A metric is one number: a weighted sum tells the entries of the batch apart. */
  const weighted = (value: string) => `expect(sum((${value}) * (1 + e)))`;
  const expected = (values: readonly number[]) => mean(values.map((v, i) => v * (1 + e[i]!)));

  test('a time embedding is sines and cosines at falling frequencies', async () => {
    const at = (k: number) => `time_embedding(3.5, 6) |> slice(0, ${k}, ${k + 1}) |> sum`;
    const found = await numbers(Object.fromEntries([0, 1, 2, 3, 4, 5].map((k) => [`m${k}`, at(k)])));
    const angles = [0, 1, 2].map((k) => 3.5 / 10_000 ** (k / 3));
    close(
      found,
      Object.fromEntries([...angles.map(Math.sin), ...angles.map(Math.cos)].map((v, k) => [`m${k}`, v])),
    );
  });

  test('the cosine schedule falls from 1', async () => {
    const f = (s: number) => Math.cos((((s + 0.008) / 1.008) * Math.PI) / 2) ** 2;
    const found = await numbers({ begin: 'alpha_bar_cosine(0)', middle: 'alpha_bar_cosine(50, 100)' });
    close(found, { begin: 1, middle: f(0.5) / f(0) });
  });

  test('the linear schedule is the product of what each step leaves', async () => {
    const alpha = (t: number) => 1 - (1e-4 + ((0.02 - 1e-4) * (t - 1)) / 999);
    const product = (t: number) =>
      Array.from({ length: t }, (_, i) => alpha(i + 1)).reduce((a, b) => a * b, 1);
    const at = [0, 1, 2, 500, 1000];
    const found = await numbers(Object.fromEntries(at.map((t) => [`t${t}`, `alpha_bar_linear(${t})`])));
    close(found, Object.fromEntries(at.map((t) => [`t${t}`, product(t)])));
  });

  test('a step back lies where the posterior has its mean, and DDIM on the same noise', async () => {
    const x = `diffuse(x, e, ${a})`;
    const found = await numbers(
      {
        forward: weighted(x),
        back: weighted(`ddpm_step(${x}, e, ${a}, ${before}, 0)`),
        fresh: weighted(`ddpm_step(${x}, e, ${a}, ${before}, 1) - ddpm_step(${x}, e, ${a}, ${before}, 0)`),
        last: weighted(`ddpm_step(${x}, e, ${a}, 1, 1)`),
        implicit: weighted(`ddim_step(${x}, e, ${a}, ${before})`),
        flow: weighted('flow_point(x, e, 0.25)'),
      },
      given,
    );
    const [alpha, beta] = [a / before, 1 - a / before];
    // Equation (7): in terms of x_0, which the step does not see.
    const posterior = noisy(a).map(
      (v, i) =>
        ((Math.sqrt(before) * beta) / (1 - a)) * x0[i]! + ((Math.sqrt(alpha) * (1 - before)) / (1 - a)) * v,
    );
    const deviation = Math.sqrt((beta * (1 - before)) / (1 - a));
    close(found, {
      forward: expected(noisy(a)),
      back: expected(posterior),
      fresh: expected(x0.map(() => deviation)),
      last: expected(x0),
      implicit: expected(noisy(before)),
      flow: expected(x0.map((v, i) => 0.25 * v + 0.75 * e[i]!)),
    });
  });
});
