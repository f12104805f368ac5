/** `jvp(y, x, v)`, and weights as values: `D.weights`, `grad(loss, D.weights)`, `D(x, weights = w)`. */
import { describe, expect, test } from 'vitest';
import { printModel } from '../../../src/model/print.ts';
import { accepted, modelOf, said } from './checking.ts';

const game = (value: string, more = '') => `data x ~ [8]
noise z ~ normal[8]
noise t ~ uniform(0, 1)[1]
net D(x: [8]) -> [1] = x |> dense(8) as stem |> tanh |> dense(1)
net E(x: [8]) -> [1] = x |> dense(1)
${more}metric m = ${value}
output out = (D(x * t), E(z))
`;
const metric = (value: string, more = '') => said(game(value, more));

describe('jvp(y, x, v)', () => {
  test('has the shape of y, which may be any, per example or whole', () => {
    accepted(game('sum(jvp(h, x, z) * [1, 2, 3, 4, 5, 6, 7, 8])', 'let h = expect(tanh(x))\n'));
    accepted(game('expect(sum(jvp(h, x, z) * x))', 'let h = tanh(x)\n'));
    accepted(game('expect(sum(jvp(g, x, z)))', 'let g = grad(D(x), x)\n'));
    accepted(game('expect(f(x, z))', 'def f(a, b) = sum(jvp(tanh(a), a, b))\n'));
  });

  test('of several values at once, along tensors and numbers', () => {
    const more = 'let h = x * t\nlet u = D(h + t)\n';
    accepted(game('expect(jvp(u, (h, t), (z, 1)))', more));
    accepted(game('expect(jvp(u, (h, t), (0, [1])))', more));
    accepted(game('expect(jvp(u, p, (z, 1)))', `${more}let p = (h, t)\n`));
    expect(metric('expect(jvp(u, (h, t), z))', more)).toContain(
      'GAN0370 `jvp` differentiates by 2 values here, along one direction',
    );
    expect(metric('expect(jvp(u, (h, h), (z, z)))', more)).toContain('GAN0372 `h` stands twice');
    expect(metric('expect(jvp(u, (h, 2 * t), (z, 1)))', more)).toContain(
      'GAN0351 `jvp` needs a named value to differentiate by, and `2 * t` is an expression',
    );
  });

  test('a direction fits its value', () => {
    expect(metric('expect(jvp(D(x), x, reshape(z, 8, 1)))')).toContain('GAN0371');
    expect(metric('expect(jvp(D(x), x, t))')).toBe('');
    expect(metric('expect(jvp(D(x + h), h, z))', 'let h = expect(x)\n')).toContain(
      'GAN0371 `h` is a whole tensor [8], and its direction `z` is a per-example tensor [8]',
    );
  });

  test('what moves lies on the way to y', () => {
    expect(metric('expect(jvp(D(x), z, x))')).toContain('GAN0352 `z` does not lie on the way to `D(x)`');
    expect(metric('expect(jvp(D(x), D, x))')).toContain('GAN0224');
    expect(metric('expect(jvp(D(x), x))')).toContain('GAN0221');
  });
});

describe('weights as values', () => {
  test('by layer and slot, with the names that `as` gives', () => {
    accepted(game('sum(square(D.weights.stem.kernel)) + sum(D.weights.dense_1.bias)'));
    expect(metric('sum(D.weights.dense_2.kernel)')).toContain('GAN0226');
    expect(metric('sum(D.weights)')).toContain('GAN0346');
    expect(metric('sum(F.weights)', 'net F(x: [8]) -> [8] = relu(x)\n')).toContain('GAN0376');
    const model = modelOf(game('sum(D.frozen.weights.stem.kernel - D.weights.stem.kernel)'));
    expect(printModel(model)).toContain('sub(D/stem/kernel.frozen, D/stem/kernel)');
  });

  test('arithmetic goes entry by entry', () => {
    accepted(game('expect(D(x, weights = w))', 'let w = -D.weights * 0.5 + step * D.weights / 2 - 1\n'));
    expect(metric('expect(D(x, weights = D.weights + E.weights))')).toContain(
      'GAN0378 `+` between weights of `D` and weights of `E` has no meaning',
    );
    expect(metric('expect(D(x, weights = D.weights * sum(x)))')).toContain('GAN0378');
    expect(metric('expect(D(x, weights = D.weights * [1, 2]))')).toContain('GAN0378');
  });

  test('a net is called with weights of its own', () => {
    expect(metric('expect(D(x, weights = E.weights))')).toContain('GAN0377');
    expect(metric('expect(D(x, weights = 1))')).toContain('GAN0377');
    expect(metric('expect(D(x, D.weights))')).toContain('GAN0222');
    accepted(game('expect(x |> D(weights = D.weights))'));
    const hidden = 'net P(x: [8], weights: [8]) -> [1] = x * weights |> dense(1)\n';
    accepted(game('expect(P(x, weights = z))', hidden));
  });

  test('a whole value is differentiated by them', () => {
    const step = 'let l = expect(square(D(x)))\nlet w = D.weights - 0.1 * grad(l, D.weights)\n';
    accepted(game('expect(D(z, weights = w))', step));
    accepted(game('sum(grad(l, D.weights.stem.kernel))', 'let l = expect(square(D(x)))\n'));
    accepted(
      game('expect(D(z, weights = w - grad(n, w)))', `${step}let n = expect(square(D(x, weights = w)))\n`),
    );
    expect(metric('sum(grad(D(x), D.weights.stem.kernel))')).toContain(
      'GAN0350 `D(x)` is per example and `D.weights.stem.kernel` whole',
    );
    expect(metric('expect(E(z, weights = grad(l, E.weights)))', step)).toContain('GAN0352');
    expect(metric('sum(grad(l, D.frozen.weights.stem.kernel))', step)).toContain('GAN0352');
    const twice = 'jvp(l, (D.weights.stem.kernel, D.weights.stem.kernel), (1, 1))';
    expect(metric(twice, step)).toContain('GAN0372');
  });

  test('an update that a net enters only by its weights moves them', () => {
    const text = (loss: string) => `data x ~ [8]
net D(x: [8]) -> [1] = x |> dense(1)
loss l = ${loss}
output out = D(x)
train (batch = 4, steps = 1) { sample x  update D to minimize l with sgd(0.1) }
`;
    accepted(text('sum(square(D.weights.dense_1.kernel)) + 0 * expect(sum(x))'));
    expect(said(text('sum(square(D.frozen.weights.dense_1.kernel)) + 0 * expect(sum(x))'))).toContain(
      'GAN0502',
    );
    expect(said(text('expect(D(x, weights = D.frozen.weights))'))).toContain('GAN0502');
    expect(said(text('expect(D(x)) + sum(D.averaged.weights.dense_1.kernel)'))).toContain('GAN0514');
  });
});
