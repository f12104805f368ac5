/** GAN0409–GAN0412: the craft of losses: who pulls which way, and for which values a loss is one. */
import { type Bounds, showBounds } from './bounds.ts';

export const games = {
  GAN0409: {
    severity: 'warning',
    title: 'both players pull the same way',
    message: ({
      critic,
      maker,
      way,
    }: {
      critic: string;
      maker: readonly string[];
      way: 'up' | 'down' | 'away';
    }) =>
      `this update pulls what \`${critic}\` says of ${maker.map((n) => `\`${n}\``).join(' and ')} ${way === 'away' ? 'away from what is real' : way}, and so does the update of \`${critic}\`: the two do not compete`,
    explain: `
In an adversarial game the discriminator lowers what it says of generated examples, and the generator raises it (or the
other way round): the two updates pull D(G(z)) apart. Here both pull it the same way, by the sign of the gradient of each
loss at D(G(z)), so the discriminator helps the generator, every example soon counts as real, and nothing is learnt. The
loss curves look splendid.

Mostly the two arguments of a loss are swapped: \`nonsaturating_d(D(fake), D(x))\` was written for
\`nonsaturating_d(D(x), D(fake))\`. Or a sign is wrong, \`maximize\` stands for \`minimize\`, or the generator minimises the
discriminator's own loss.

It is said only of a net that the same update makes tell examples apart from others that are not generated, and that gives
one number: an encoder and a decoder, or a classifier and a generator, may well want the same. Two nets that maximise a
bound of their mutual information together, against examples of a prior, want the same too: silence it there with
\`// allow GAN0409\`.

Goodfellow et al., "Generative Adversarial Nets", 2014 (arXiv:1406.2661), equation (1).
`,
    example: `
data  x ~ [2]
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> leaky_relu |> dense(1)

let fake = G(z)
loss d_loss = nonsaturating_d(D(fake), D(x))
loss g_loss = nonsaturating_g(D(fake))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize d_loss with adam(2e-4)
  sample z
  update G to minimize g_loss with adam(2e-4)
}
`,
  },

  GAN0410: {
    severity: 'warning',
    title: 'a Wasserstein critic that nothing keeps Lipschitz',
    message: ({ net }: { net: string }) =>
      `the loss of \`${net}\` is a Wasserstein loss (a difference of its means), and nothing bounds the slope of \`${net}\`: the loss runs away`,
    explain: `
E[D(x)] - E[D(G(z))] is the Wasserstein distance only for a critic whose slope is at most 1 (up to a factor, at most K).
Without a bound the critic makes its loss as low as it likes by scaling itself up: the loss runs away, and the gradients
that the generator gets with it.

Keep it Lipschitz:
- \`clip D to [-0.01, 0.01]\` after its update, as in the first paper;
- \`critic + 10 * gradient_penalty(D, x, fake)\`, with no batch norm in the critic;
- \`norm = "spectral"\` on its layers.

A hinge or a log loss has a bound of its own. It is not said of nets that have bare weights or a bounded result, whose
author may have seen to it.

Arjovsky, Chintala & Bottou, "Wasserstein GAN", 2017 (arXiv:1701.07875), section 3; Gulrajani et al. 2017 (arXiv:1704.00028).
`,
    example: `
data  x ~ [2]
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> leaky_relu |> dense(1)

let fake = G(z)
loss critic = wasserstein_d(D(x), D(fake))
loss generator = wasserstein_g(D(fake))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize critic with rmsprop(5e-5)
  sample z
  update G to minimize generator with rmsprop(5e-5)
}
`,
  },

  GAN0411: {
    severity: 'warning',
    title: 'the target of a cross-entropy is no probability',
    message: ({ range }: { range: Bounds }) =>
      `the target of a cross-entropy is a probability, and this one lies in ${showBounds(range)}: outside [0, 1] the loss has no minimum`,
    explain: `
\`softplus(a) - t * a\` is −log of the probability that a Bernoulli with logit \`a\` gives to \`t\`, and has its minimum
where sigmoid(a) = t. That is so for 0 ≤ t ≤ 1 only. For t = −1 it falls for ever as \`a\` falls: the loss goes to −∞, the
logits to −∞, and the picture becomes black and white. A cross-entropy over classes may weight them, so there only a target
below 0 is said.

Images lie in [−1, 1] here, where the books have [0, 1]: so a Bernoulli decoder takes \`(x + 1) / 2\` as target, and
\`2 * sigmoid(a) - 1\` is its picture. Or take a squared error, which has no such bounds.

Kingma & Welling, "Auto-Encoding Variational Bayes", 2014 (arXiv:1312.6114), appendix C.1.
`,
    example: `
data  x ~ image[8, 8, 1]

net E(x: image[8, 8, 1]) -> [4] = x |> flatten |> dense(4)
net P(z: [4]) -> [8, 8, 1] = z |> dense(64) |> reshape(8, 8, 1)

loss distance = expect(binary_cross_entropy(P(E(x)), x))
output copies = 2 * sigmoid(P(E(x))) - 1

train (batch = 8, steps = 100) {
  sample x
  update E, P to minimize distance with adam(1e-3)
}
`,
  },

  GAN0412: {
    severity: 'warning',
    title: 'a mixing factor for each number of an example',
    message: ({ shape }: { shape: readonly number[] }) =>
      `the mixing factor of this penalty is drawn separately for each number of [${shape.join(', ')}], so the mixture does not lie on the line between the two examples`,
    explain: `
A gradient penalty looks at points on the straight lines between a real and a generated example: t·x + (1 − t)·G(z), with
one t for each example. With a t for each pixel the mixture is a noisy patchwork of both, somewhere in the box between
them: far from the line that the theory speaks of, and from any picture that either gives.

Draw one number, in as many axes as the example has, so that it meets all of it: \`uniform(0, 1)[1, 1, 1]\` for a picture,
\`[1]\` for a vector.

Gulrajani et al., "Improved Training of Wasserstein GANs", 2017 (arXiv:1704.00028), algorithm 1.
`,
    example: `
data  x ~ image[4, 4, 1]
noise z ~ normal[4]

net G(z: [4]) -> image[4, 4, 1] = z |> dense(16) |> tanh |> reshape(4, 4, 1)
net D(x: image[4, 4, 1]) -> [1] = x |> flatten |> dense(16) |> leaky_relu |> dense(1)

let fake = G(z)
let t = draw uniform(0, 1)[4, 4, 1]
let between = t * x + (1 - t) * fake
loss critic = wasserstein_d(D(x), D(fake)) + 10 * expect(square(norm(grad(D(between), between)) - 1))
loss generator = wasserstein_g(D(fake))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize critic with adam(1e-4)
  sample z
  update G to minimize generator with adam(1e-4)
}
`,
  },

  GAN0413: {
    severity: 'warning',
    title: 'a norm for each pixel in a penalty',
    message: ({ shape }: { shape: readonly number[] }) =>
      `this takes the norm of a picture's gradient along one axis, which gives [${shape.join(', ')}] norms for each example: the penalty is on the one norm of the whole gradient`,
    explain: `
A gradient penalty holds the slope of the critic at an example, ‖∇D(x)‖: the norm over all numbers of the picture. With
\`axis = -1\` it is taken over the channels alone, so there is a norm for each pixel, and each of them is drawn to 1: the
whole gradient is then drawn to √(height · width), 28 for a 28×28 picture. In other libraries the picture is flattened
first (\`grad.view(n, -1).norm(2, dim = 1)\`); here the batch is no axis, and \`norm(g)\` is the whole norm.

Leave the axis out: \`norm(grad(D(mix), mix))\`.

Gulrajani et al., "Improved Training of Wasserstein GANs", 2017 (arXiv:1704.00028), equation (3).
`,
    example: `
data  x ~ image[4, 4, 3]
noise z ~ normal[4]

net G(z: [4]) -> image[4, 4, 3] = z |> dense(48) |> tanh |> reshape(4, 4, 3)
net D(x: image[4, 4, 3]) -> [1] = x |> flatten |> dense(16) |> leaky_relu |> dense(1)

let fake = G(z)
let slope = norm(grad(D(x), x), axis = -1)
loss critic = wasserstein_d(D(x), D(fake)) + 10 * expect(mean(square(slope - 1)))
loss generator = wasserstein_g(D(fake))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize critic with adam(1e-4)
  sample z
  update G to minimize generator with adam(1e-4)
}
`,
  },

  GAN0414: {
    severity: 'note',
    title: 'two calls that draw apart',
    message: ({ net }: { net: string }) =>
      `\`${net}\` draws, so these two calls with the same arguments have different results`,
    explain: `
Each call that the text writes draws anew: two calls of a net with dropout have two masks, and two calls of a net with a
\`draw\` have two noises. So \`E(x).mu\` and \`E(x).logvar\` in one loss come from two different encodings of \`x\`.

If one is meant, name it: \`let code = E(x)\`, then \`code.mu\` and \`code.logvar\`. If two are meant, as in a Π-model or
R-Drop, give each a name, \`let first = E(x)\` and \`let second = E(x)\`: named calls are not noted.
`,
    example: `
data x ~ [8]

net E(x: [8]) -> (mu: [2], logvar: [2]) = {
  let h = x |> dense(16) |> relu |> dropout(0.2)
  return (mu = h |> dense(2), logvar = h |> dense(2))
}

loss prior = expect(kl_normal(E(x).mu, E(x).logvar))

train (batch = 8, steps = 100) { sample x  update E to minimize prior with adam(1e-3) }
`,
  },
} as const;
