/** Repairs: what is proposed mends the text, draws no finding, and is what a practitioner would do. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../src/compile.ts';

function analysed(text: string) {
  return analyse({ source: { path: 'case.gan', text }, load: () => undefined }).diagnostics;
}

/** The text after the edits of every finding, and the helps that were followed. */
function followed(text: string): { text: string; helps: string[] } {
  let at = text;
  const helps: string[] = [];
  for (let round = 0; round < 4; round++) {
    const finding = analysed(at).find((d) => d.fix && d.fix.length > 0);
    if (!finding) break;
    helps.push(finding.help ?? '');
    for (const { span, text: by } of [...finding.fix!].sort((a, b) => b.span.start - a.span.start)) {
      at = at.slice(0, span.start) + by + at.slice(span.end);
    }
  }
  return { text: at, helps };
}

const dcgan = (size: number, stages = 4, kernel = 4) => `param size = ${size}
data  x ~ image[size, size, 3]
noise z ~ normal[100]
net G(z: [100]) -> image[size, size, 3] =
  z
  |> dense(4 * 4 * 32) |> reshape(4, 4, 32) |> batch_norm |> relu
${'  |> conv_transpose(8, kernel = KERNEL, stride = 2) |> batch_norm |> relu\n'.replace('KERNEL', String(kernel)).repeat(stages - 1)}  |> conv_transpose(3, kernel = ${kernel}, stride = 2) |> tanh
net D(x: image[size, size, 3]) -> [1] =
  x
${'  |> conv(8, kernel = 4, stride = 2) |> leaky_relu\n'.repeat(stages)}  |> conv(1, kernel = 4, padding = "valid")
  |> reshape(1)
let fake = G(z)
loss d_loss = nonsaturating_d(D(x), D(fake))
loss g_loss = nonsaturating_g(D(fake))
output samples = fake
train (batch = 8, steps = 4) {
  sample x, z
  update D to minimize d_loss with adam(2e-4, beta1 = 0.5)
  sample z
  update G to minimize g_loss with adam(2e-4, beta1 = 0.5)
}
`;

describe('a DCGAN for another size', () => {
  test.each([
    [96, 4, 'start from 6×6', 'kernel = 6'],
    [80, 4, 'start from 5×5', 'kernel = 5'],
    [128, 4, 'start from 8×8', 'kernel = 8'],
    [24, 2, 'start from 6×6', 'kernel = 6'],
    [20, 2, 'start from 5×5', 'kernel = 5'],
  ])('%d by %d doublings', (size, stages, start, kernel) => {
    const { text, helps } = followed(dcgan(size, stages));
    expect(helps[0]).toContain(start);
    expect(helps[1]).toContain(kernel);
    expect(analysed(text).map((d) => `${d.code} ${d.message}`)).toEqual([]);
  });

  test('as it was written nothing is said', () => expect(analysed(dcgan(64))).toEqual([]));

  test('no repair brings a checkerboard', () => {
    // 28 is no multiple of the doublings' 32, and a stride of 3 or 7 does not divide the kernel.
    for (const size of [28, 36, 40, 50, 60, 100, 112]) {
      for (const kernel of [4, 6]) {
        const found = analysed(dcgan(size, 3, kernel));
        expect(found.length).toBeGreaterThan(0);
        const { text } = followed(dcgan(size, 3, kernel));
        for (const { code } of analysed(text)) expect(code).not.toBe('GAN0403');
        // conv_transpose keeps a kernel that its stride divides.
        for (const [, k, s] of text.matchAll(/conv_transpose\(\d+, kernel = (\d+), stride = (\d+)/g)) {
          expect(Number(k) % Number(s)).toBe(0);
        }
      }
    }
  });
});

describe('the norm of a penalty', () => {
  const game = (penalty: string) => `data  x ~ image[8, 6, 3]
noise z ~ normal[8]
net G(z: [8]) -> image[8, 6, 3] = z |> dense(144) |> tanh |> reshape(8, 6, 3)
net D(x: image[8, 6, 3]) -> [1] = x |> conv(5, kernel = 3, stride = 2) |> leaky_relu |> flatten |> dense(1)
let fake = G(z)
let t = draw uniform(0, 1)[1, 1, 1]
let mix = t * x + (1 - t) * fake
let penalty = ${penalty}
loss critic = wasserstein_d(D(x), D(fake)) + 10 * penalty
loss generator = wasserstein_g(D(fake))
output samples = fake
train (batch = 8, steps = 2) {
  sample x, z
  update D to minimize critic with adam(1e-4)
  sample z
  update G to minimize generator with adam(1e-4)
}
`;
  test.each([
    ['expect((norm(grad(D(mix), mix), axis = -1) - 1) ^ 2)', 'norm(grad(D(mix), mix))'],
    ['expect(square((grad(D(mix), mix) |> norm(axis = -1)) - 1))', '|> norm)'],
    ['expect((norm(grad(D(mix), mix), axis = [0, 1]) - 1) ^ 2)', 'norm(grad(D(mix), mix))'],
  ])('%s', (penalty, right) => {
    const { text, helps } = followed(game(penalty));
    expect(helps).toHaveLength(1);
    expect(helps[0]).toContain('over all of its axes');
    expect(text).toContain(right);
    expect(analysed(text)).toEqual([]);
  });

  test('averaged over the pixels it is a finding', () => {
    const mean = game('expect(mean((norm(grad(D(mix), mix), axis = -1) - 1) ^ 2))');
    expect(analysed(mean).map((d) => d.code)).toEqual(['GAN0413']);
    expect(
      analysed(game('expect(mean((sqrt(sum(square(grad(D(mix), mix)), axis = -1) + 1e-8) - 1) ^ 2))')).map(
        (d) => d.code,
      ),
    ).toEqual(['GAN0413']);
    expect(analysed(game('expect((norm(grad(D(mix), mix)) - 1) ^ 2)'))).toEqual([]);
  });
});

describe('a picture and a label joined', () => {
  const critic = (joined: string) => `data (x, y) ~ (image[28, 28, 1], label[10])
net D(x: image[28, 28, 1], y: label[10]) -> [1] = ${joined} |> conv(4, kernel = 3) |> flatten |> dense(1)
output score = D(x, y)
`;
  test.each([
    ['concat(x, y)', 'concat(x, y |> dense(28 * 28) |> reshape(28, 28, 1))'],
    ['x |> concat(y)', 'x |> concat(y |> dense(28 * 28) |> reshape(28, 28, 1))'],
    ['concat(x, embed(y, 16))', 'concat(x, embed(y, 16) |> dense(28 * 28) |> reshape(28, 28, 1))'],
  ])('%s', (joined, right) => {
    const { text, helps } = followed(critic(joined));
    expect(helps).toEqual([
      'spread the vector over the picture first, a map that is learnt: `|> dense(28 * 28) |> reshape(28, 28, 1)`',
    ]);
    expect(text).toContain(right);
    expect(analysed(text)).toEqual([]);
  });

  test('outside of a net', () => {
    const text = 'data (x, y) ~ (image[4, 4, 1], label[3])\noutput both = concat(x, y)\n';
    const right = followed(text);
    expect(right.text).toContain('concat(x, y |> reshape(1, 1, 3) |> upsample([4, 4]))');
    expect(analysed(right.text)).toEqual([]);
  });
});

test.each([
  ['conv(4, kernel = (4, 4), stride = 2)', 'kernel = [4, 4]'],
  ['conv(4, kernel = 4, stride = (2, 2))', 'stride = [2, 2]'],
  ['conv_transpose(4, (4, 4), (2, 2))', 'conv_transpose(4, [4, 4], [2, 2])'],
  ['avg_pool((2, 2))', 'avg_pool([2, 2])'],
  ['reshape((8, 8, 1))', 'reshape([8, 8, 1])'],
  ['conv(4, kernel = k)', 'param k = [3, 3]'],
])('a tuple where a list is meant: %s', (stage, right) => {
  const text = `param k = ${stage.endsWith('k)') ? '(3, 3)' : '[3, 3]'}
data x ~ image[8, 8, 1]
net D(x: image[8, 8, 1]) -> [1] = x |> conv(1, kernel = k) |> ${stage} |> flatten |> dense(1)
output score = D(x)
`;
  const mended = followed(text);
  expect(mended.helps[0]).toMatch(/^write `\[/);
  expect(mended.text).toContain(right);
  expect(analysed(mended.text)).toEqual([]);
});

test('a border that was lost comes back by padding, not by a smaller kernel', () => {
  const text = `data x ~ image[8, 8, 3]
net U(x: image[8, 8, 3]) -> [8, 8, 7] = concat(x |> conv(4, kernel = 3, padding = "valid"), x)
output out = U(x)
`;
  const [finding] = analysed(text);
  expect(finding!.help).toContain('padding = "same"');
});

test('a repair that draws a finding is not proposed', () => {
  // 3 of 7 rows by stride: conv's stride beyond its kernel would leave pixels out.
  const text = `noise z ~ normal[8]
net G(z: [8]) -> image[21, 21, 1] = z |> dense(7 * 7 * 4) |> reshape(7, 7, 4) |> conv_transpose(1, kernel = 4, stride = 2) |> tanh
output samples = G(z)
`;
  const [finding] = analysed(text);
  expect(finding!.code).toBe('GAN0341');
  expect(finding!.help ?? '').not.toContain('stride = 3');
});

describe('a repair is proposed whatever else is wrong', () => {
  test('the same mistake twice', () => {
    const text = `noise z ~ normal[4]
net D(x: [4]) -> [1] = x |> dense(1)
train (batch = 8, steps = 1) {
  sample z
  update D to minimize softplus(D(z)) with adam(1e-3)
  update D to minimize softplus(D(z)) with sgd(1e-3)
}
`;
    const said = analysed(text);
    expect(said.map(({ code }) => code)).toEqual(['GAN0344', 'GAN0344']);
    for (const { fix } of said) expect(fix?.length).toBe(2);
  });

  test('a schedule that is wrong too', () => {
    const text = dcgan(64)
      .replace('conv_transpose(3,', 'conv_transpose(1,')
      .replace('sample x, z\n', 'sample x\n');
    const [finding] = analysed(text);
    expect(finding!.code).toBe('GAN0341');
    expect(finding!.help).toContain('conv_transpose(3, kernel = 4, stride = 2)');
    const { text: mended } = followed(text);
    expect(analysed(mended).map(({ code }) => code)).toEqual(['GAN0501']);
  });
});
