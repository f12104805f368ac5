/** Whole files: the example of the language's description, and every def of the prelude in use. */
import { expect, test } from 'vitest';
import prelude from '../../../grammar/prelude.gan';
import { builtInNames } from '../../../runtimes/node/sources/open.ts';
import { SETS } from '../../../src/check/evaluate/declarations.ts';
import { accepted, modelOf, said } from './checking.ts';

const dcgan = `// Deep convolutional GAN (Radford, Metz & Chintala 2016) on 28×28 grey images.

param latent = 100

data  x ~ image[28, 28, 1]
noise z ~ normal[latent]

init kernel ~ normal(0, 0.02)

net G(z: [latent]) -> image[28, 28, 1] =
  z
  |> dense(7 * 7 * 128)
  |> reshape(7, 7, 128)
  |> batch_norm
  |> relu
  |> conv_transpose(64, kernel = 5, stride = 2)
  |> batch_norm
  |> relu
  |> conv_transpose(1, kernel = 5, stride = 2)
  |> tanh

net D(x: image[28, 28, 1]) -> [1] =
  x
  |> conv(64, kernel = 5, stride = 2)
  |> leaky_relu(0.2)
  |> conv(128, kernel = 5, stride = 2)
  |> batch_norm
  |> leaky_relu(0.2)
  |> flatten
  |> dense(1)

let fake = G(z)

loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake)))
loss g_loss = expect(softplus(-D(fake)))        // non-saturating

output samples = fake

train (batch = 64, steps = 20_000) {
  sample x, z
  update D to minimize d_loss with adam(2e-4, beta1 = 0.5)
  sample z
  update G to minimize g_loss with adam(2e-4, beta1 = 0.5)
}
`;

test("the description's DCGAN", () => {
  const model = modelOf(dcgan);
  const [G, D] = model.nets;
  expect(G!.weights.map((w) => `${w.name} [${w.shape}] ${w.init.kind}`)).toEqual([
    'G/dense_1/kernel [100,6272] normal',
    'G/dense_1/bias [6272] constant',
    'G/batch_norm_1/gamma [128] constant',
    'G/batch_norm_1/beta [128] constant',
    'G/conv_transpose_1/kernel [5,5,64,128] normal',
    'G/conv_transpose_1/bias [64] constant',
    'G/batch_norm_2/gamma [64] constant',
    'G/batch_norm_2/beta [64] constant',
    'G/conv_transpose_2/kernel [5,5,1,64] normal',
    'G/conv_transpose_2/bias [1] constant',
  ]);
  expect(D!.stats.map((s) => s.name)).toEqual(['D/batch_norm_1/mean', 'D/batch_norm_1/variance']);
  expect(model.phases[0]!.body).toMatchObject([
    { kind: 'sample', sources: ['x', 'z'] },
    { kind: 'update', nets: ['D'], losses: ['d_loss'] },
    { kind: 'sample', sources: ['z'] },
    { kind: 'update', nets: ['G'], losses: ['g_loss'] },
  ]);
  expect(model.values.map((v) => `${v.kind} ${v.name}: ${v.meaning}`)).toEqual([
    'loss d_loss: tensor',
    'loss g_loss: tensor',
    'output samples: image',
  ]);
});

test('its size follows from a param', () => {
  expect(modelOf(dcgan, { set: { latent: '32' } }).nets[0]!.weights[0]!.shape).toEqual([32, 6272]);
});

test('the prelude reads as a file of its own', () => {
  expect(
    said(prelude)
      .split('\n')
      .filter((line) => !line.includes('GAN0217'))
      .join('\n'),
  ).toBe('');
});

test('every def of the prelude can be used', () => {
  const text = `data (x, y) ~ (image[64, 64, 3], label[10])
noise z ~ normal[16]
net G(z: [16]) -> image[64, 64, 3] = z |> dense(64 * 64 * 3) |> reshape(64, 64, 3) |> tanh
net D(x: image[64, 64, 3]) -> [1] = x |> conv(16, kernel = 3, stride = 4) |> self_attention |> flatten |> dense(1)
net E(x: image[64, 64, 3]) -> (mu: [16], logvar: [16]) = {
  let h = x |> flatten |> dense(32) |> relu
  return (mu = dense(h, 16), logvar = dense(h, 16))
}
net C(x: image[64, 64, 3]) -> [10] = x |> flatten |> minibatch_discrimination |> dense(10)
net R(x: image[64, 64, 3]) -> [8] = {
  let s = x |> reshape(64, 192)
  let (hs, cs) = s |> scan (h, c) = (zeros(8), zeros(8)) { lstm(h, c) }
  return last(hs + cs) + last(s |> scan h = zeros(8) { gru(h) })
}
let fake = G(z)
let e = E(x)
let t = time_embedding(0.5, 16)
let steps_back = ddpm_step(z, t, 0.5, alpha_bar_cosine(10) * alpha_bar_linear(10), t) + ddim_step(diffuse(z, t, 0.5), t, 0.5, 0.7) + flow_point(z, t, 0.5)
loss a1 = minimax_d(D(x), D(fake)) + minimax_g(D(fake)) + nonsaturating_d(D(x), D(fake)) + nonsaturating_g(D(fake)) + smoothed_d(D(x), D(fake))
loss a2 = least_squares_d(D(x), D(fake)) + least_squares_g(D(fake)) + hinge_d(D(x), D(fake)) + hinge_g(D(fake)) + wasserstein_d(D(x), D(fake)) + wasserstein_g(D(fake))
loss a3 = relativistic_average_d(D(x), D(fake)) + relativistic_average_g(D(x), D(fake)) + gradient_penalty(D, x, fake) + r1(D, x) + r2(D, fake) + dragan(D, x)
loss a4 = fgan_kl(D(x), D(fake)) + fgan_kl_g(D(fake)) + fgan_reverse_kl(D(x), D(fake)) + fgan_pearson(D(x), D(fake)) + fgan_squared_hellinger(D(x), D(fake)) + fgan_jensen_shannon(D(x), D(fake)) + fgan_reverse_kl_g(D(fake)) + fgan_pearson_g(D(fake)) + fgan_squared_hellinger_g(D(fake)) + fgan_jensen_shannon_g(D(fake)) + fgan_gan_g(D(fake)) + divergence_js(fgan_gan(D(x), D(fake)))
loss a5 = expect(kl_normal(e.mu, e.logvar)) + expect(log_prob_normal(z, e.mu, e.logvar)) + expect(cross_entropy(C(x), smooth_label(y))) + expect(binary_cross_entropy(C(x), y))
loss a6 = expect(mean(total_variation(fake))) + expect(mean(ssim(x, fake))) + expect(mean(ms_ssim(x, fake, scales = 3))) + expect(sum(R(x))) + expect(sum(steps_back))
state pool ~ normal[5, 16]
state filled = 0
let (shown, kept) = pooled(pool, z, filled)
loss a7 = expect(D(G(shown)))
loss a8 = mmd(e.mu, z) + nt_xent(e.mu, z) + mmd(e.mu, z, kernel = rational_quadratic_kernel)
let codes = reshape(e.mu, 4, 4)
let q = vector_quantise(codes, ones(3, 4))
loss b1 = expect(q.loss + sum(q.quantised) + sum(outer(e.mu, z)) + sum(nearest_code(codes, ones(3, 4)))) + expect(sum(pairwise(codes, codes)))
loss b2 = expect(sum(straight_through(sign(e.mu), e.mu))) + expect(sum(y * gumbel_softmax(C(x)) + categorical_sample(C(x))))
loss b3 = hinge_g(D(diff_augment(fake))) + hinge_g(D(fake |> augment_colour |> augment_translation |> augment_cutout))
output samples = fake
train (batch = 16, epochs = 3) {
  sample x, z
  update D, G, E, C, R to minimize a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + b1 + b2 + b3 with adam(2e-4 * warmup(9) * cosine() * inverse_sqrt(9))
  update D to minimize a1 with adam(2e-4 * cosine_restarts(9) * linear_decay() * exponential_decay(0.5, 9))
  average G decay ramped_decay(0.999)
  set pool to kept
  set filled to filled + 1
}
`;
  accepted(text);
  const defs = [...prelude.matchAll(/^def (\w+)/gm)].map(([, name]) => name!);
  // Parts of others need no call of their own.
  const parts = [
    ...['gaussian_filter', 'ssim_factors', 'ms_ssim_weight', 'ms_ssim_scale'],
    ...['gaussian_kernel', 'gaussian_kernel_part', 'off_diagonal_mean'],
    ...['rational_quadratic_kernel', 'rational_quadratic_kernel_part'],
  ];
  expect(
    defs.filter(
      (name) => !parts.includes(name) && !text.includes(`${name}(`) && !text.includes(`|> ${name}`),
    ),
  ).toEqual([]);
});

test('the checker knows the sets that the runtime opens', () => {
  expect([...SETS].sort()).toEqual([...builtInNames].sort());
});
