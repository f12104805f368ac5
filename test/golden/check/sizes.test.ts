/** Numbers that no machine holds, and values that leave nothing to normalise: said while checking, in memory and in words. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../src/compile.ts';
import { accepted, said } from './checking.ts';

const critic = (stages: string, shape = '[2]', train = 'batch = 4, steps = 1') => `data x ~ ${shape}
net D(x: ${shape}) -> [1] = x |> ${stages}
loss l = expect(D(x))
train (${train}) { sample x update D to minimize l with sgd(0.1) }
`;

describe('what no array holds', () => {
  test.each([
    ['dense(1e9) |> dense(1)', 'the kernel of `dense` would hold [2, 1000000000]: 2e9 numbers, 8 GB'],
    ['dense(1e9, bias = false) |> dense(1)', 'the kernel of `dense`'],
    ['reshape(1, 1, 2) |> upsample(1e9) |> flatten |> dense(1)', 'the result of `upsample` would hold'],
    ['reshape(1, 1, 2) |> pad(1e9) |> flatten |> dense(1)', 'the result of `pad` would hold'],
    [
      'reshape(2, 1) |> upsample(1e9) |> flatten |> dense(1)',
      'the result of `upsample` would hold [2000000000, 1]',
    ],
    [
      'reshape(1, 1, 2) |> conv(1, kernel = 2, padding = 1e9) |> flatten |> dense(1)',
      '`conv` with its padding',
    ],
    [
      'reshape(1, 2, 1) |> conv(1, kernel = 2, dilation = 1e9) |> flatten |> dense(1)',
      '`conv` with its padding',
    ],
    [
      'reshape(2, 1) |> conv_transpose(1, kernel = 2, stride = 2e9, padding = 1e9) |> flatten |> dense(1)',
      'before its padding is taken away',
    ],
    ['one_hot(1e9) |> reshape(-1) |> dense(1)', 'the result of `one_hot` would hold [2, 1000000000]'],
  ])('%s', (stages, what) => {
    const found = said(critic(stages));
    expect(found).toContain('GAN0357');
    expect(found).toContain(what);
    expect(found).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('a type', () => {
    expect(said('data y ~ label[2e9]\noutput out = y\n')).toContain(
      '1:16 GAN0357 one example would hold [2000000000]: 2e9 numbers, 8 GB',
    );
    expect(said('noise z ~ normal[1e6, 1e6]\noutput out = z\n')).toContain('1e12 numbers, 4 TB');
  });

  test('the batch counts', () => {
    const label = `data y ~ label[1e9]\nnet D(y: label[1e9]) -> [1] = y |> sum |> reshape(1) |> dense(1)
loss l = expect(D(y))\ntrain (batch = 4, steps = 1) { sample y update D to minimize l with sgd(0.1) }\n`;
    expect(said(label)).toContain(
      '4:8 GAN0357 `y` would hold 4 examples of [1000000000]: 4e9 numbers, 16 GB',
    );
    const batch = (n: string) => critic('dense(1)', '[2]', `batch = ${n}, steps = 1`);
    expect(said(batch('2^53 - 1'))).toContain('GAN0357 `x` would hold 9007199254740991 examples of [2]');
    expect(said(batch('2^53'))).toContain('GAN0242 `batch` of `train` must be smaller than 2^53');
    expect(said(critic('dense(64) |> dense(1)', '[2]', 'batch = 2^25, steps = 1'))).toContain(
      'GAN0357 the result of `dense` would hold 33554432 examples of [64]',
    );
    expect(said(batch('4').replace('sample x', 'sample 2^50 of x'))).toContain(
      'GAN0357 `x` would hold 1125899906842624',
    );
    accepted(batch('2^20'));
  });

  test('no number is infinite, and no whole number uncertain', () => {
    for (const n of ['1e308', '-1e308', '2^53', '2^1000']) {
      expect(said(critic(`dense(${n}) |> dense(1)`))).toContain('must be smaller than 2^53');
      expect(
        said(
          critic(`reshape(1, 1, 2) |> conv_transpose(1, kernel = 3, stride = ${n}) |> mean |> reshape(1)`),
        ),
      ).toContain('GAN0242');
    }
  });
});

describe('a single number to normalise', () => {
  test.each([
    ['layer_norm', '[1]', false],
    ['layer_norm', '[2]', true],
    ['layer_norm', '[4, 4, 1]', false],
    ['instance_norm', '[1, 1, 8]', false],
    ['instance_norm', '[1, 2, 8]', true],
    ['instance_norm', '[1, 8]', false],
    ['instance_norm', '[8]', false],
    ['group_norm(4)', '[4]', false],
    ['group_norm(4)', '[1, 1, 4]', false],
    ['group_norm(4)', '[1, 2, 4]', true],
    ['group_norm(2)', '[4]', true],
    ['group_norm(1)', '[1]', false],
  ])('%s of %s', (layer, shape, fine) => {
    const text = `data x ~ ${shape}\nnet D(x: ${shape}) -> ${shape} = x |> ${layer}\noutput out = D(x)\n`;
    if (fine) accepted(text);
    else expect(said(text)).toContain('GAN0337');
  });

  const game = (shape: string, sample = 'sample x', batch = 1, use = 'D(x)') => `data x ~ ${shape}
net D(x: ${shape}) -> ${shape} = x |> dense(4) |> batch_norm |> dense(${shape.slice(1, -1).split(', ').at(-1)})
loss l = expect(sum(${use}))
train (batch = ${batch}, steps = 1) { ${sample} update D to minimize l with sgd(0.1) }
`;
  test.each([
    ['[4]', 'sample x', 1, 'D(x)', false],
    ['[4]', 'sample x', 2, 'D(x)', true],
    ['[1, 1, 4]', 'sample x', 1, 'D(x)', false],
    ['[1, 2, 4]', 'sample x', 1, 'D(x)', true],
    ['[3, 4]', 'sample x', 1, 'D(x)', true],
    ['[4]', 'sample 1 of x', 8, 'D(x)', false],
    ['[4]', 'sample 2 of x', 1, 'D(x)', true],
    // Inference takes the moving averages; what trains must not.
    ['[4]', 'sample x', 1, 'D.live(x)', true],
    ['[4]', 'sample x', 1, 'D.live(D(x))', false],
  ])('batch_norm of %s, %s, batch %d, %s', (shape, sample, batch, use, fine) => {
    const text = game(shape, sample, batch, use);
    if (fine) accepted(text);
    else expect(said(text)).toContain('GAN0524 `D/batch_norm_1` has only one value per channel to normalise');
  });

  test('in a net that a net calls, and in a metric', () => {
    const inner = `noise z ~ normal[4]
net B(z: [4]) -> [4] = z |> dense(4) |> batch_norm
net G(z: [4]) -> [4] = B(z) |> dense(4)
loss l = expect(sum(G(z)))
train (batch = 1, steps = 1) { sample z update G, B to minimize l with sgd(0.1) }
`;
    expect(said(inner)).toContain('2:41 GAN0524 `B/batch_norm_1`');
    const metric = `noise z ~ normal[4]
noise w ~ normal[4]
net G(z: [4]) -> [4] = z |> dense(4) |> batch_norm
loss l = expect(sum(G(z)))
metric m = expect(sum(G(w)))
train (batch = 8, steps = 1) { sample z  sample 1 of w  update G to minimize l with sgd(0.1) }
`;
    expect(said(metric)).toContain('GAN0524');
  });
});

describe('what did not parse whole is said once', () => {
  const game = (net: string) => `data x ~ [2]
${net}
net D(x: [2]) -> [1] = x |> dense(1)
loss l = expect(D(N(x)))
train (batch = 8, steps = 10) {
  sample 5 of x
  update D to minimize l with sgd(0.1)
}
`;
  test.each([
    'net N(x: [2]) -> [2]',
    'net N(x: [2]) -> [2] =',
    'net N(x: [2]) -> [2] = x |>',
    'net N(x: [2]) -> [2] = (',
    'net N(x: [2]) -> (a: [2], b: [2])',
  ])('%s', (net) => {
    const { diagnostics } = analyse({
      source: { path: 'm.gan', text: game(net) },
      load: () => undefined,
    });
    expect(diagnostics.filter((d) => d.code.startsWith('GAN01')).length).toBeGreaterThan(0);
    // The rules of the schedule look at whole programs; nothing is said of what is missing.
    expect(diagnostics.filter((d) => d.code.startsWith('GAN05'))).toEqual([]);
  });
});
