/** Games that are lost before they begin: each mistake is one change of a published system. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../src/compile.ts';

function findings(text: string): string[] {
  const { diagnostics } = analyse({ source: { path: 'case.gan', text }, load: () => undefined });
  expect(diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([]);
  return diagnostics
    .filter(({ code }) => code.startsWith('GAN04'))
    .map(({ code, span }) => `${code} ${text.slice(span.start, span.end).replace(/\s+/g, ' ')}`);
}

function game(
  dLoss: string,
  gLoss: string,
  { verbs = ['minimize', 'minimize'], d = 'dense(1)', lets = '', after = '' } = {},
): string {
  return `
data  x ~ image[2, 2, 1]
noise z ~ normal[4]
net G(z: [4]) -> image[2, 2, 1] = z |> dense(4) |> tanh |> reshape(2, 2, 1)
net D(x: image[2, 2, 1]) -> [1] = x |> flatten |> dense(8) |> leaky_relu |> ${d}
let fake = G(z)
${lets}
loss d_loss = ${dLoss}
loss g_loss = ${gLoss}
output samples = fake
train (batch = 8, steps = 10) {
  sample x, z
  update D to ${verbs[0]} d_loss with adam(1e-3)
  ${after}
  sample z
  update G to ${verbs[1]} g_loss with adam(1e-3)
}
`;
}

describe('GAN0409: both pull D(fake) the same way', () => {
  const found = ['GAN0409 update G to minimize g_loss with adam(1e-3)'];
  test.each([
    ['nonsaturating_d(D(fake), D(x))', 'nonsaturating_g(D(fake))'],
    ['smoothed_d(D(fake), D(x))', 'nonsaturating_g(D(fake))'],
    ['least_squares_d(D(fake), D(x))', 'least_squares_g(D(fake))'],
    ['hinge_d(D(fake), D(x))', 'hinge_g(D(fake))'],
    ['relativistic_average_d(D(fake), D(x))', 'relativistic_average_g(D(x), D(fake))'],
    // The generator's loss is the discriminator's part.
    ['nonsaturating_d(D(x), D(fake))', 'expect(softplus(D(fake)))'],
    ['hinge_d(D(x), D(fake))', 'expect(D(fake))'],
    ['nonsaturating_d(D(x), D(fake))', 'nonsaturating_d(D(x), D(fake))'],
    // D calls everything real.
    ['expect(softplus(-D(x))) + expect(softplus(-D(fake)))', 'nonsaturating_g(D(fake))'],
    // The gradient is stopped for D, and the arguments are exchanged all the same.
    ['nonsaturating_d(D(stop(fake)), D(x))', 'nonsaturating_g(D(fake))'],
    ['expect(log(1 + exp(-D(fake)))) + expect(log(1 + exp(D(x))))', 'expect(log(1 + exp(-D(fake))))'],
  ])('%s, %s', (dLoss, gLoss) => {
    expect(findings(game(dLoss, gLoss))).toEqual(found);
  });

  test('with probabilities', () => {
    const text = game('-expect(log(D(fake))) - expect(log(1 - D(x)))', '-expect(log(D(fake)))', {
      d: 'dense(1) |> sigmoid',
    });
    expect(findings(text)).toEqual(found);
  });

  test('by the verb', () => {
    const text = game('fgan_gan(D(x), D(fake))', 'fgan_gan(D(x), D(fake))', {
      verbs: ['maximize', 'maximize'],
    });
    expect(findings(text)).toEqual(['GAN0409 update G to maximize g_loss with adam(1e-3)']);
  });

  test('a classifier that takes generated examples for one of its classes, as the generator does', () => {
    const loss = 'expect(softplus(-D(x))) + expect(softplus(D(flip(x, 0)))) + expect(softplus(-D(fake)))';
    expect(findings(game(loss, 'expect(softplus(-D(fake)))'))).toEqual([]);
  });

  test('a critic that is clipped', () => {
    const clip = { after: 'clip D to [-0.01, 0.01]' };
    expect(findings(game('wasserstein_d(D(fake), D(x))', 'wasserstein_g(D(fake))', clip))).toEqual(found);
  });
});

describe('GAN0410: a Wasserstein critic that nothing holds', () => {
  const loss = 'wasserstein_d(D(x), D(fake))';
  const found = ['GAN0410 update D to minimize d_loss with adam(1e-3)'];
  test.each([
    [loss, {}, found],
    ['expect(D(fake)) - expect(D(x))', {}, found],
    ['-expect(mean(D(x) - D(fake)))', {}, found],
    [loss, { d: 'batch_norm |> dense(1)' }, found],
    [loss, { after: 'clip D to [-0.01, 0.01]' }, []],
    [`${loss} + 10 * gradient_penalty(D, x, fake)`, {}, []],
    [`${loss} + 10 * r1(D, x)`, {}, []],
    [loss, { after: 'every 4 { update D to minimize r1(D, x) with sgd(0.1) }' }, []],
    [loss, { d: 'dense(1, norm = "spectral")' }, []],
    [loss, { d: 'dense(1) |> tanh' }, []],
    ['hinge_d(D(x), D(fake))', {}, []],
  ])('%s %j', (dLoss, parts, expected) => {
    expect(findings(game(dLoss, '-expect(D(fake))', parts))).toEqual(expected);
  });
});

describe('GAN0411: the target of a cross-entropy', () => {
  const vae = (loss: string, type = 'image[2, 2, 1]') => `
data  x ~ ${type}
noise z ~ normal[4]
net P(z: [4]) -> [2, 2, 1] = z |> dense(4) |> reshape(2, 2, 1)
loss bound = expect(${loss})
output samples = P(z)
train (batch = 8, steps = 10) { sample x, z  update P to minimize bound with adam(1e-3) }
`;
  test.each([
    ['binary_cross_entropy(P(z), x)', true],
    ['binary_cross_entropy(P(z), (x + 1) / 2)', false],
    ['binary_cross_entropy(P(z), x / 2 + 0.5)', false],
    ['sum(softplus(P(z)) - x * P(z))', true],
    ['sum(softplus(-P(z)) + (1 - x) * P(z))', true],
    ['sum(softplus(-P(z)) + (1 - x) / 2 * P(z))', false],
    ['-sum(x * log(sigmoid(P(z))) + (1 - x) * log(1 - sigmoid(P(z))))', true],
    ['sum(x * softplus(-P(z)) + (1 - x) * softplus(P(z)))', true],
    ['cross_entropy(reshape(P(z), 4), reshape(x, 4))', true],
    ['cross_entropy(reshape(P(z), 4), softmax(reshape(x, 4)))', false],
    // Classes with weights.
    ['-sum([1, 5, 20, 1] * softmax(reshape(x, 4)) * log_softmax(reshape(P(z), 4)))', false],
    ['-sum([1, 5, 20, 1] * reshape(x, 4) * log_softmax(reshape(P(z), 4)))', true],
    // A policy gradient, whose reward may be below 0.
    ['-sum(stop(tanh(sum(x))) * softmax(reshape(x, 4)) * log_softmax(reshape(P(z), 4)))', false],
    ['sum(square(P(z) - x))', false],
    ['sum(softplus(-P(z))) + sum(abs(x * P(z)))', false],
  ])('%s', (loss, wrong) => {
    const said = findings(vae(loss));
    expect(said.filter((line) => line.startsWith('GAN0411')).length).toBe(wrong ? 1 : 0);
  });

  test('what is not known is trusted', () => {
    expect(findings(vae('binary_cross_entropy(P(z), x)', '[2, 2, 1]'))).toEqual([]);
  });
});

describe('GAN0412: the place on the line', () => {
  const penalised = (lets: string) =>
    game(
      'wasserstein_d(D(x), D(fake)) + 10 * expect(square(norm(grad(D(mix), mix)) - 1))',
      '-expect(D(fake))',
      { lets },
    );
  const draw = 'draw uniform(0, 1)[2, 2, 1]';
  test.each([
    [`let t = ${draw}\nlet mix = t * x + (1 - t) * fake`, [`GAN0412 ${draw}`]],
    [`let t = ${draw}\nlet mix = (1 - t) * x + t * fake`, [`GAN0412 ${draw}`]],
    [`let t = ${draw}\nlet mix = fake + t * (x - fake)`, [`GAN0412 ${draw}`]],
    [`let t = ${draw}\nlet mix = x * t + fake * (1 - t)`, [`GAN0412 ${draw}`]],
    ['let t = draw uniform(0, 1)[1, 1, 1]\nlet mix = t * x + (1 - t) * fake', []],
    ['let t = draw uniform(0, 1)[]\nlet mix = t * x + (1 - t) * fake', []],
    ['let t = draw uniform(0, 1)[1, 1, 1]\nlet mix = fake + t * (x - fake)', []],
    // A mask takes each pixel from one of the two, on purpose.
    ['let t = draw bernoulli(0.5)[2, 2, 1]\nlet mix = t * x + (1 - t) * fake', []],
    // DRAGAN goes in any direction from the data.
    ['let mix = x + draw normal(0, 0.5)[2, 2, 1]', []],
    [`let t = ${draw}\nlet mix = x + t * fake`, []],
  ])('%s', (lets, found) => {
    expect(findings(penalised(lets))).toEqual(found);
  });
});
