/** GAN0376–GAN0378: weights as values. */
import type { Entry } from './diagnostic.ts';

export const weightTypes = {
  GAN0376: {
    severity: 'error',
    title: 'the weights of a net without weights',
    message: ({ net }) => `\`${net}\` has no weights of its own`,
    explain: `\`D.weights\` are the weights of the layers in D's own text, by layer and slot: \`D.weights.conv_1.kernel\`. The nets
that D calls have weights of their own.

Name the net that owns them.`,
    example: `noise z ~ normal[8]
net D(x: [8]) -> [8] = relu(x)
loss l = sum(square(D.weights.dense_1.kernel))
output out = D(z)
`,
  } satisfies Entry<{ net: string }>,

  GAN0377: {
    severity: 'error',
    title: 'a call with weights that are not the net’s',
    message: ({ net, found, of }) =>
      `\`${net}\` is called with weights of its own layers, and \`${found}\` ${of === null ? 'is no such value' : `are weights of \`${of}\``}`,
    explain: `\`D(x, weights = w)\` is D with the weights w in the place of its own: \`D.weights\`, or what was made of them entry by
entry, as a step of gradient descent, \`D.weights - 0.01 * grad(loss, D.weights)\`. Gradients pass through w, also to D's
own weights.

Make w from \`D.weights\`; the copies of another time are \`D.frozen.weights\` and \`D.averaged.weights\`.`,
    example: `noise z ~ normal[8]
net D(x: [8]) -> [8] = x |> dense(8)
output out = D(z, weights = 0.5)
`,
  } satisfies Entry<{ net: string; found: string; of: string | null }>,

  GAN0378: {
    severity: 'error',
    title: 'weights combined with something else',
    message: ({ op, net, found }) => `\`${op}\` between weights of \`${net}\` and ${found} has no meaning`,
    explain: `Arithmetic on weights goes entry by entry: with weights of the same net (as \`grad(loss, D.weights)\` gives), and with
one number: a constant, a scalar of the step, a whole scalar. A value per example would be another kernel for each.

A single weight, \`D.weights.conv_1.kernel\`, is a tensor like any other.`,
    example: `noise z ~ normal[8]
net D(x: [8]) -> [8] = x |> dense(8)
net E(x: [8]) -> [8] = x |> dense(8)
output out = D(z, weights = D.weights + E.weights)
`,
  } satisfies Entry<{ op: string; net: string; found: string }>,
};
