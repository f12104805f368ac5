/** The systems of the literature, and everything in the repository: none of them is told that its game is wrong. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../src/compile.ts';

const GAMES = ['GAN0409', 'GAN0410', 'GAN0411', 'GAN0412', 'GAN0413'];

function games(text: string, path = 'case.gan'): string[] {
  const { diagnostics } = analyse({ source: { path, text }, load: () => undefined });
  expect(diagnostics.filter((d) => d.severity === 'error').map((d) => `${d.code} ${d.message}`)).toEqual([]);
  return diagnostics.filter(({ code }) => GAMES.includes(code)).map(({ code }) => code);
}

/** A game of G and D on small pictures; `d` ends the critic, `dense` makes its layers. */
function game(
  dLoss: string,
  gLoss: string,
  { verbs = ['minimize', 'minimize'], d = '', dense = 'dense(8)', lets = '', after = '' } = {},
): string {
  return `
data  x ~ image[4, 4, 1]
noise z ~ normal[4]
net G(z: [4]) -> image[4, 4, 1] = z |> dense(16) |> tanh |> reshape(4, 4, 1)
net D(x: image[4, 4, 1]) -> [1] = x |> flatten |> ${dense} |> leaky_relu |> dense(1) ${d}
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

/** Discriminator's loss, generator's, and what else belongs to the system. */
const systems: Record<string, Parameters<typeof game>> = {
  'GAN, minimax': ['minimax_d(D(x), D(fake))', 'minimax_g(D(fake))'],
  'GAN, one value for both': [
    'expect(softplus(-D(x))) + expect(softplus(D(fake)))',
    'expect(softplus(-D(x))) + expect(softplus(D(fake)))',
    { verbs: ['minimize', 'maximize'] },
  ],
  'GAN, non-saturating': ['nonsaturating_d(D(x), D(fake))', 'nonsaturating_g(D(fake))'],
  'GAN, with probabilities': [
    '-expect(log(D(x))) - expect(log(1 - D(fake)))',
    '-expect(log(D(fake)))',
    { d: '|> sigmoid' },
  ],
  'GAN, label smoothing': ['smoothed_d(D(x), D(fake))', 'nonsaturating_g(D(fake))'],
  'GAN, stopped fakes': ['nonsaturating_d(D(x), D(stop(fake)))', 'nonsaturating_g(D(fake))'],
  LSGAN: ['least_squares_d(D(x), D(fake))', 'least_squares_g(D(fake))'],
  'LSGAN, χ²': ['least_squares_d(D(x), D(fake), -1, 1)', 'least_squares_g(D(fake), 0)'],
  hinge: ['hinge_d(D(x), D(fake))', 'hinge_g(D(fake))'],
  'SNGAN, Wasserstein': [
    'wasserstein_d(D(x), D(fake))',
    'wasserstein_g(D(fake))',
    { dense: 'dense(8, norm = "spectral")' },
  ],
  WGAN: ['wasserstein_d(D(x), D(fake))', 'wasserstein_g(D(fake))', { after: 'clip D to [-0.01, 0.01]' }],
  'WGAN-GP': [
    'wasserstein_d(D(x), D(fake)) + 10 * penalty',
    'wasserstein_g(D(fake))',
    {
      lets: 'let t = draw uniform(0, 1)[1, 1, 1]\nlet mix = t * x + (1 - t) * fake\nlet penalty = expect((norm(grad(D(mix), mix)) - 1) ^ 2)',
    },
  ],
  'WGAN-GP of the prelude': [
    'wasserstein_d(D(x), D(fake)) + 10 * gradient_penalty(D, x, fake)',
    'wasserstein_g(D(fake))',
  ],
  'WGAN-GP, the way from fake': [
    'wasserstein_d(D(x), D(fake)) + 10 * penalty',
    'wasserstein_g(D(fake))',
    {
      lets: 'let t = draw uniform(0, 1)[1, 1, 1]\nlet mix = fake + t * (x - fake)\nlet penalty = expect((norm(grad(D(mix), mix)) - 1) ^ 2)',
    },
  ],
  'WGAN-GP with drift': [
    'wasserstein_d(D(x), D(fake)) + 10 * gradient_penalty(D, x, fake) + 0.001 * expect(sum(square(D(x))))',
    'wasserstein_g(D(fake))',
  ],
  'WGAN, lazy penalty': [
    'wasserstein_d(D(x), D(fake))',
    'wasserstein_g(D(fake))',
    { after: 'every 4 { update D to minimize 40 * gradient_penalty(D, x, fake) with adam(1e-3) }' },
  ],
  'maximised critic': [
    'expect(D(x)) - expect(D(fake))',
    'expect(D(fake))',
    { verbs: ['maximize', 'maximize'], after: 'clip D to [-0.01, 0.01]' },
  ],
  DRAGAN: ['nonsaturating_d(D(x), D(fake)) + 10 * dragan(D, x)', 'nonsaturating_g(D(fake))'],
  'R1 and R2': [
    'nonsaturating_d(D(x), D(fake)) + 5 * r1(D, x) + 5 * r2(D, fake)',
    'nonsaturating_g(D(fake))',
  ],
  'relativistic average': ['relativistic_average_d(D(x), D(fake))', 'relativistic_average_g(D(x), D(fake))'],
  'relativistic, paired': ['expect(softplus(D(fake) - D(x)))', 'expect(softplus(D(x) - D(fake)))'],
  'f-GAN, total variation': [
    'expect(tanh(D(x))) - expect(tanh(D(fake)))',
    '-expect(tanh(D(fake)))',
    { verbs: ['maximize', 'minimize'] },
  ],
  'energy-based': ['expect(square(D(x))) + expect(relu(1 - square(D(fake))))', 'expect(square(D(fake)))'],
  'feature matching': ['nonsaturating_d(D(x), D(fake))', 'expect(square(D(fake) - expect(D(x))))'],
};
for (const f of ['kl', 'reverse_kl', 'pearson', 'squared_hellinger', 'jensen_shannon', 'gan']) {
  systems[`f-GAN, ${f}`] = [
    `fgan_${f}(D(x), D(fake))`,
    `fgan_${f}_g(D(fake))`,
    { verbs: ['maximize', 'minimize'] },
  ];
}

test.each(Object.entries(systems))('%s', (_, parts) => {
  expect(games(game(...parts))).toEqual([]);
});

const E = 'net E(x: [4]) -> [2] = x |> dense(8) |> relu |> dense(2)';
const P = 'net P(h: [2]) -> [4] = h |> dense(8) |> relu |> dense(4)';
const G = 'net G(z: [2]) -> [4] = z |> dense(8) |> relu |> dense(4)';
const D = 'net D(x: [4]) -> [1] = x |> dense(8) |> leaky_relu |> dense(1)';
const C = 'net C(h: [2]) -> [1] = h |> dense(8) |> leaky_relu |> dense(1)';
const data = 'data x ~ [4]\nnoise z ~ normal[2]\n';
const train = (...lines: string[]) => `train (batch = 8, steps = 10) { sample x, z\n${lines.join('\n')}\n}\n`;
const update = (nets: string, loss: string, verb = 'minimize') =>
  `update ${nets} to ${verb} ${loss} with adam(1e-3)`;

const larger: Record<string, string> = {
  BiGAN: `${data}${E}\n${G}
net D(x: [4], h: [2]) -> [1] = concat(x, h) |> dense(8) |> leaky_relu |> dense(1)
loss d_loss = nonsaturating_d(D(x, E(x)), D(G(z), z))
loss ge_loss = nonsaturating_d(D(G(z), z), D(x, E(x)))
${train(update('D', 'd_loss'), update('G, E', 'ge_loss'))}`,
  'BiGAN, one value': `${data}${E}\n${G}
net D(x: [4], h: [2]) -> [1] = concat(x, h) |> dense(8) |> leaky_relu |> dense(1)
loss value = nonsaturating_d(D(x, E(x)), D(G(z), z))
${train(update('D', 'value'), update('G, E', 'value', 'maximize'))}`,
  'adversarial autoencoder': `${data}${E}\n${P}\n${C}
loss reconstruction = expect(sum(square(P(E(x)) - x)))
loss c_loss = nonsaturating_d(C(z), C(E(x)))
loss e_loss = nonsaturating_g(C(E(x)))
${train(update('E, P', 'reconstruction'), update('C', 'c_loss'), update('E', 'e_loss'))}`,
  'autoencoder, an optimiser each': `${data}${E}\n${P}
loss reconstruction = expect(sum(square(P(E(x)) - x)))
${train(update('E', 'reconstruction'), update('P', 'reconstruction'))}`,
  'autoencoder of one number': `data x ~ [1]\nnoise z ~ normal[2]\nnet E(x: [1]) -> [1] = x |> dense(8) |> relu |> dense(1)
net P(h: [1]) -> [1] = h |> dense(8) |> relu |> dense(1)
loss reconstruction = expect(sum(square(P(E(x)) - x))) + 0 * expect(sum(z))
${train(update('E', 'reconstruction'), update('P', 'reconstruction'))}`,
  'VAE with a Bernoulli decoder': `data x ~ image[4, 4, 1]\nnoise z ~ normal[2]
net E(x: image[4, 4, 1]) -> (mu: [2], logvar: [2]) = { let h = x |> flatten |> dense(8) |> relu  return (mu = dense(h, 2), logvar = dense(h, 2)) }
net P(z: [2]) -> [4, 4, 1] = z |> dense(16) |> reshape(4, 4, 1)
let (mu, logvar) = E(x)
let code = mu + exp(logvar / 2) * draw normal[2]
loss bound = expect(binary_cross_entropy(P(code), (x + 1) / 2)) + expect(kl_normal(mu, logvar)) + 0 * expect(sum(P(z)))
${train(update('E, P', 'bound'))}`,
  'VAE-GAN': `${data}
net E(x: [4]) -> (mu: [2], logvar: [2]) = { let h = x |> dense(8) |> relu  return (mu = dense(h, 2), logvar = dense(h, 2)) }
${G}
net D(x: [4]) -> (score: [1], features: [8]) = { let h = x |> dense(8) |> leaky_relu  return (score = dense(h, 1), features = h) }
let (mu, logvar) = E(x)
let code = mu + exp(logvar / 2) * draw normal[2]
let likeness = expect(sum(square(D(x).features - D(G(code)).features)))
loss e_loss = expect(kl_normal(mu, logvar)) + likeness
loss g_loss = 0.1 * likeness + nonsaturating_g(D(G(z)).score) + nonsaturating_g(D(G(code)).score)
loss d_loss = nonsaturating_d(D(x).score, D(G(z)).score) + nonsaturating_g(-D(G(code)).score)
${train(update('E', 'e_loss'), update('G', 'g_loss'), update('D', 'd_loss'))}`,
  InfoGAN: `${data}noise c ~ categorical[3]
net G(z: [2], c: [3]) -> [4] = concat(z, c) |> dense(8) |> relu |> dense(4)
net D(x: [4]) -> (score: [1], code: [3]) = { let h = x |> dense(8) |> leaky_relu  return (score = dense(h, 1), code = dense(h, 3)) }
let fake = G(z, c)
loss info = expect(cross_entropy(D(fake).code, c))
loss d_loss = nonsaturating_d(D(x).score, D(fake).score) + info
loss g_loss = nonsaturating_g(D(fake).score) + info
${train(update('D', 'd_loss').replace('update', 'sample c update'), update('G', 'g_loss'))}`,
  'InfoGAN with a net for the code': `${data}noise c ~ uniform(-1, 1)[1]
net G(z: [2], c: [1]) -> [4] = concat(z, c) |> dense(8) |> relu |> dense(4)
${D}\nnet Q(x: [4]) -> [1] = x |> dense(8) |> relu |> dense(1)
let fake = G(z, c)
loss info = expect(square(Q(fake) - c))
loss d_loss = nonsaturating_d(D(x), D(fake))
loss g_loss = nonsaturating_g(D(fake)) + info
${train(`sample c ${update('D', 'd_loss')}`, update('Q', 'info'), update('G', 'g_loss'))}`,
  'AC-GAN, two classes in one number': `data (x, y) ~ ([4], [1])\nnoise z ~ normal[2]\nnoise c ~ bernoulli(0.5)[1]
net G(z: [2], c: [1]) -> [4] = concat(z, c) |> dense(8) |> relu |> dense(4)
${D}\nnet K(x: [4]) -> [1] = x |> dense(8) |> relu |> dense(1)
let fake = G(z, c)
loss k_loss = expect(binary_cross_entropy(K(x), y)) + expect(binary_cross_entropy(K(fake), c))
loss d_loss = nonsaturating_d(D(x), D(fake))
loss g_loss = nonsaturating_g(D(fake)) + expect(binary_cross_entropy(K(fake), c))
${train(`sample c ${update('D', 'd_loss')}`, update('K', 'k_loss'), update('G', 'g_loss'))}`,
  'conditional GAN': `data (x, y) ~ ([4], label[3])\nnoise z ~ normal[2]
net G(z: [2], y: label[3]) -> [4] = concat(z, y) |> dense(8) |> relu |> dense(4)
net D(x: [4], y: label[3]) -> [1] = concat(x, y) |> dense(8) |> leaky_relu |> dense(1)
loss d_loss = hinge_d(D(x, y), D(G(z, y), y))
loss g_loss = hinge_g(D(G(z, y), y))
${train(update('D', 'd_loss'), update('G', 'g_loss'))}`,
  CycleGAN: `data x ~ [4]\ndata y ~ [4]\nnoise z ~ normal[2]
net F(x: [4]) -> [4] = x |> dense(8) |> relu |> dense(4)
net B(y: [4]) -> [4] = y |> dense(8) |> relu |> dense(4)
${D}\nnet DY(y: [4]) -> [1] = y |> dense(8) |> leaky_relu |> dense(1)
loss cycle = expect(sum(abs(B(F(x)) - x))) + expect(sum(abs(F(B(y)) - y)))
loss g_loss = least_squares_g(D(B(y))) + least_squares_g(DY(F(x))) + 10 * cycle
loss d_loss = least_squares_d(D(x), D(B(y))) + least_squares_d(DY(y), DY(F(x)))
${train(`sample y ${update('F, B', 'g_loss')}`, update('D, DY', 'd_loss'))}`,
  'pix2pix, patches': `data (a, b) ~ (image[8, 8, 1], image[8, 8, 1])
net G(a: image[8, 8, 1]) -> image[8, 8, 1] = a |> conv(4, kernel = 3) |> relu |> conv(1, kernel = 3) |> tanh
net D(a: image[8, 8, 1], b: image[8, 8, 1]) -> [4, 4, 1] = concat(a, b) |> conv(4, kernel = 4, stride = 2) |> leaky_relu |> conv(1, kernel = 3)
loss d_loss = nonsaturating_d(D(a, b), D(a, G(a)))
loss g_loss = nonsaturating_g(D(a, G(a))) + 100 * expect(mean(abs(G(a) - b)))
train (batch = 4, steps = 2) { sample a, b ${update('D', 'd_loss')} ${update('G', 'g_loss')} }`,
  BEGAN: `${data}${G}
net D(x: [4]) -> [4] = x |> dense(2) |> relu |> dense(4)
let fake = G(z)
loss d_loss = expect(sum(abs(x - D(x)))) - 0.3 * expect(sum(abs(fake - D(fake))))
loss g_loss = expect(sum(abs(fake - D(fake))))
${train(update('D', 'd_loss'), update('G', 'g_loss'))}`,
  'mutual information, estimated and raised': `${data}${E}
net T(x: [4], h: [2]) -> [1] = concat(x, h) |> dense(8) |> relu |> dense(1)
let h = E(x)
loss bound = expect(softplus(-T(x, h))) + expect(softplus(T(x, z)))
${train(update('T, E', 'bound'))}`,
  'feature unlearning': `noise z ~ normal[2]\ndata x ~ [4]
net f(z: [2]) -> [4] from "run" = z |> dense(8) |> relu |> dense(4)
net g(z: [2]) -> [4] from "run" = z |> dense(8) |> relu |> dense(4)
param t = 0.5
let direction = reshape([1, 0], 2)
let p = sum(z * direction, keep = true)
let target = where(p >= t, f.frozen(z - (p - t) * direction), f.frozen(z))
loss forget = expect(mean(abs(g(z) - target))) + 0 * expect(sum(x))
${train(update('g', 'forget'))}`,
  'policy gradient, a signed weight': `${data}${E}
noise r ~ normal[1]
loss policy = -expect(sum(r * stop(E(x)) * log_softmax(E(x)))) + 0 * expect(sum(z))
${train(`sample r ${update('E', 'policy')}`)}`,
  'a difference of means, normalised by hand': `${data}${G}
net D(x: [4]) -> [1] = matmul(reshape(x, 1, 4), reshape(weight([4], he_normal), 4, 1)) |> reshape(1)
loss d_loss = wasserstein_d(D(x), D(G(z)))
loss g_loss = wasserstein_g(D(G(z)))
${train(update('D', 'd_loss'), update('G', 'g_loss'))}`,
};

test.each(Object.entries(larger))('%s', (_, text) => {
  expect(games(text)).toEqual([]);
});

const root = join(import.meta.dirname, '../../..');
describe('everything in the repository', () => {
  const files = ['models', 'test', 'src'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.gan'))
      .map((path) => join(folder, path)),
  );
  test('is found', () => expect(files.length).toBeGreaterThan(30));
  test.each(files)('%s', (path) => {
    // Small pieces for tests of the plan, whose critic really is held by nothing.
    const loose = ['batch-norm', 'blocks', 'loops'].map((name) => join('test/golden/plan', `${name}.gan`));
    expect(games(readFileSync(join(root, path), 'utf8'), path)).toEqual(
      loose.includes(path) ? ['GAN0410'] : [],
    );
  });
});
