/** GAN04xx: the craft. What is allowed and runs, but rarely does what its author hopes. */
import { type Bounds, showBounds } from './bounds.ts';
import { games } from './craft-games.ts';
import type { Entry } from './diagnostic.ts';

/** The types that promise a range. */
const kinds = { image: 'an image', sound: 'a sound', label: 'a label', text: 'text' } as const;

export const craft = {
  ...games,

  GAN0401: {
    severity: 'warning',
    title: 'values outside the declared range',
    message: ({
      net,
      type,
      is,
      means,
    }: {
      net: string;
      type: keyof typeof kinds;
      is: Bounds;
      means: Bounds;
    }) =>
      `the values of \`${net}\` lie in ${showBounds(is)}, but ${kinds[type]} has values in ${showBounds(means)}`,
    explain: `
A type says what values mean: those of an \`image\` or a \`sound\` lie in [−1, 1], those of a \`label\` in [0, 1]. Data are
loaded to that range. The compiler works out between which bounds a net's results lie whatever its weights are, and the
two differ here, at one end or at both.

A generator that ends in \`sigmoid\` gives [0, 1]: it cannot make anything darker than middle grey, and the critic tells its
pictures from real ones by that alone. One that ends in a bare \`conv\` or \`dense\` can give anything, and what lies outside
is cut off when it is drawn.

Mend it:
- end a net that makes images or sound with \`tanh\`, one that makes a label with \`softmax\`;
- or bring the values to the range: \`2 * sigmoid(v) - 1\`;
- or, if the values are no picture but its logits or residual, declare the plain tensor: \`[28, 28, 1]\`.
`,
    example: `
data  x ~ image[8, 8, 1]
noise z ~ normal[4]

net G(z: [4]) -> image[8, 8, 1] = z |> dense(64) |> sigmoid |> reshape(8, 8, 1)

loss distance = expect(sum((G(z) - x) ^ 2))
output samples = G(z)

train (batch = 8, steps = 100) {
  sample x, z
  update G to minimize distance with adam(1e-3)
}
`,
  },

  GAN0402: {
    severity: 'warning',
    title: 'the logarithm of 0 is possible',
    message: ({ range }: { range: Bounds }) =>
      range.lo < 0
        ? `\`log\` of values in ${showBounds(range)}: of a negative number it is NaN, of 0 it is −∞`
        : `\`log\` of values in ${showBounds(range)}: of 0 it is −∞`,
    explain: `
The compiler works out between which bounds a value lies. Here 0 is among them, or numbers below 0. The logarithm of 0
is −∞ and its slope is infinite, that of a negative number is NaN, and one of either in a batch makes every weight NaN.

Some forms are safe, since the compiler computes them another way: \`log(sigmoid(a))\`, \`log(1 - sigmoid(a))\`,
\`log(softmax(a))\`, \`log(exp(a))\`, \`log(sum(exp(a)))\`, also where the \`sigmoid\` or \`softmax\` is the last line of a net
that is called.

Mend it:
- write the loss on logits: \`softplus(-a)\` is −log(sigmoid(a)), \`log_softmax(a)\` and \`logsumexp(a)\` say themselves;
- keep away from 0: \`log(v + 1e-8)\`, \`log(clamp(v, 1e-6, 1))\`;
- for a variance or another positive quantity, let the net give its logarithm and take \`exp\` where it is needed.
`,
    example: `
data  x ~ image[8, 8, 1]
noise z ~ normal[4]

net G(z: [4]) -> [8, 8, 1] = z |> dense(64) |> relu |> reshape(8, 8, 1)

loss distance = expect(sum((log(G(z)) - x) ^ 2))
output samples = G(z)

train (batch = 8, steps = 100) {
  sample x, z
  update G to minimize distance with adam(1e-3)
}
`,
  },

  GAN0403: {
    severity: 'note',
    title: 'a transposed convolution that covers unevenly',
    message: ({ kernel, stride }: { kernel: number; stride: number }) =>
      `a kernel of ${kernel} is not divisible by the stride of ${stride}, so some pixels get more than others: a checkerboard`,
    explain: `
A transposed convolution lays its kernel down at every \`stride\`-th pixel and adds up. Where the kernel is no multiple of
the stride, the copies overlap unevenly: with kernel 5 and stride 2 a pixel is covered by 2 or by 3 taps on each axis.
The net has to learn to undo it, and pictures often keep a faint checkerboard.

It is a note and not a warning, since the papers do it: DCGAN has kernel 5 and stride 2.

Mend it:
- take a kernel divisible by the stride: 4 or 6 for a stride of 2;
- or grow first and convolve then: \`upsample(2) |> conv(64, kernel = 5)\`.

Odena, Dumoulin & Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016.
`,
    example: `
data  x ~ image[8, 8, 1]
noise z ~ normal[4]

net G(z: [4]) -> image[8, 8, 1] =
  z |> dense(16) |> reshape(4, 4, 1) |> conv_transpose(1, kernel = 5, stride = 2) |> tanh

loss distance = expect(sum((G(z) - x) ^ 2))
output samples = G(z)

train (batch = 8, steps = 100) {
  sample x, z
  update G to minimize distance with adam(1e-3)
}
`,
  },

  GAN0404: {
    severity: 'warning',
    title: 'batch normalisation under a gradient penalty',
    message: ({ net }: { net: string }) =>
      `\`${net}\` normalises over the batch, but its gradient is penalised for each example`,
    explain: `
A gradient penalty holds the slope of the critic at each input. \`batch_norm\` makes every output depend on the whole
batch, so the gradient at one example mixes in what it does to all the others, and the penalty no longer holds what it
is meant to. WGAN-GP's authors leave it out of the critic for that reason.

Mend it: use \`layer_norm\`, \`instance_norm\` or \`group_norm\`, which look at one example only, or \`norm = "spectral"\` on
the layers, or no normalisation. The generator may keep its \`batch_norm\`.

Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville, "Improved Training of Wasserstein GANs", NeurIPS 2017, section 4.
`,
    example: `
data  x ~ [2]
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> batch_norm |> leaky_relu |> dense(1)

let fake = G(z)
loss critic = expect(D(fake)) - expect(D(x)) + 10 * expect((norm(grad(D(x), x)) - 1) ^ 2)
loss generator = -expect(D(fake))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize critic with adam(1e-4)
  sample z
  update G to minimize generator with adam(1e-4)
}
`,
  },

  GAN0405: {
    severity: 'warning',
    title: 'a sigmoid under a Wasserstein loss',
    message: ({ net }: { net: string }) =>
      `\`${net}\` ends in \`sigmoid\`, but the loss is the mean of its plain values, as a Wasserstein critic's is`,
    explain: `
A Wasserstein critic gives any number: the loss is the difference of its means on real and made examples. With a
\`sigmoid\` at its end the values are held in [0, 1], so the difference is no distance any more, and the slope vanishes
where the critic is sure, which is what the Wasserstein loss was made to avoid.

Mend it: take the \`sigmoid\` out of the net. If the net is to give a probability, use a log loss instead:
\`softplus(-D(x))\` on logits.

Arjovsky, Chintala & Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017, section 3.
`,
    example: `
data  x ~ [2]
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> leaky_relu |> dense(1) |> sigmoid

let fake = G(z)
loss critic = expect(D(fake)) - expect(D(x))
loss generator = -expect(D(fake))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize critic with rmsprop(5e-5)
  clip D to [-0.01, 0.01]
  sample z
  update G to minimize generator with rmsprop(5e-5)
}
`,
  },

  GAN0406: {
    severity: 'warning',
    title: 'a sigmoid or softmax twice',
    message: ({ inner, outer }: { inner: string; outer: string }) =>
      `\`${outer}\` takes logits, but this is a \`${inner}\` already`,
    explain: `
\`softplus(-a)\` is −log(sigmoid(a)) and \`log_softmax(a)\` is log(softmax(a)): they take logits, numbers of any size. Given
what has been through a \`sigmoid\` or \`softmax\` before, they see only [0, 1]: the loss can never come near 0, a sure
answer looks unsure, and the slope is small everywhere. It trains, badly, and nothing says why.

Mend it: take the \`sigmoid\` or \`softmax\` out of the net, and apply it only where a probability is to be looked at
(\`metric p = expect(sigmoid(D(x)))\`). Or keep it, and write the loss with \`log\`, which the compiler computes stably:
\`-log(D(x))\`.
`,
    example: `
data  x ~ [2]
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> leaky_relu |> dense(1) |> sigmoid

let fake = G(z)
loss d_loss = expect(softplus(-D(x))) - expect(log(1 - D(fake)))
loss g_loss = -expect(log(D(fake)))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize d_loss with adam(2e-4)
  sample z
  update G to minimize g_loss with adam(2e-4)
}
`,
  },

  GAN0407: {
    severity: 'warning',
    title: 'a saturating generator loss',
    message: ({ nets }: { nets: readonly string[] }) =>
      `${nets.map((net) => `\`${net}\``).join(' and ')} descends log(1 − D(fake)), which is flat where D is sure of its fakes`,
    explain: `
In the minimax game the generator minimises log(1 − D(G(z))). Early in training D tells fakes with ease, D(G(z)) is near
0, and there this loss is flat: the generator gets next to no gradient just when it needs it most. The paper that
introduces the game says so, and maximises log D(G(z)) instead: the same fixed point, and strong gradients early.

Mend it: \`loss g_loss = expect(softplus(-D(fake)))\` on logits, or \`-expect(log(D(fake)))\` where D ends in \`sigmoid\`.
If the minimax game itself is what you study, write \`// allow GAN0407\` on the line above the update.

Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, section 3.
`,
    example: `
data  x ~ [2]
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(16) |> leaky_relu |> dense(1)

let fake = G(z)
loss d_loss = expect(softplus(-D(x))) + expect(softplus(D(fake)))
output samples = fake

train (batch = 8, steps = 100) {
  sample x, z
  update D to minimize d_loss with adam(2e-4)
  sample z
  update G to maximize d_loss with adam(2e-4)
}
`,
  },

  GAN0408: {
    severity: 'warning',
    title: 'a square root with infinite slope at 0',
    message: ({ range }: { range: Bounds }) =>
      `\`sqrt\` of values in ${showBounds(range)}: at 0 its slope is infinite${range.lo < 0 ? ', below 0 it is NaN' : ''}`,
    explain: `
The slope of √x grows without bound towards 0. Where a value that a loss depends on can be 0, as a sum of squares can,
the gradient there is ∞, or NaN after a multiplication by 0, and the weights are lost.

Mend it:
- the length of a vector is \`norm(v)\`, whose gradient at 0 is 0 (the compiler reads \`sqrt(sum(v ^ 2))\` as that);
- or keep away from 0: \`sqrt(v + 1e-8)\`.
`,
    example: `
data  x ~ [2]
noise z ~ normal[4]

net G(z: [4]) -> [2] = z |> dense(16) |> relu |> dense(2)

loss distance = expect(sum(sqrt(relu(G(z))) - x))
output samples = G(z)

train (batch = 8, steps = 100) {
  sample x, z
  update G to minimize distance with adam(1e-3)
}
`,
  },
} satisfies Record<string, Entry<never>>;
