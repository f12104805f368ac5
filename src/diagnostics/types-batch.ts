/** GAN0360–GAN0369: values that cross the batch, by `batch` and `examples`. */
import type { Shape } from '../ir/types.ts';
import type { Entry } from './diagnostic.ts';

const show = (shape: Shape): string => `[${shape.join(', ')}]`;

export const batchTypes = {
  GAN0360: {
    severity: 'error',
    title: 'a number of examples that is not one number',
    message: ({ name, counts }) =>
      `\`${name}\` makes an axis of the examples, and here there are ${counts.join(' or ')} of them`,
    explain: `\`batch(v)\` puts the examples side by side: a value [d] of each becomes a whole value [n, d]. So n is part of a
shape, and shapes are the same in all phases. n is the number of examples that is drawn of the sources of \`v\`: the phase's
\`batch\`, or the number of \`sample n of\`. Inside a net it is the phase's \`batch\`.

Draw the same number everywhere: \`param n = 64\`, and \`batch = n\` in each phase.`,
    example: `data x ~ [2] from "ring"
net D(x: [2]) -> [2] = x |> dense(2)
loss spread = mean(batch(D(x)))
train first (batch = 32, steps = 10) { sample x  update D to minimize spread with sgd(0.1) }
train second (batch = 64, steps = 10) { sample x  update D to minimize spread with sgd(0.1) }
`,
  } satisfies Entry<{ name: string; counts: readonly number[] }>,

  GAN0361: {
    severity: 'error',
    title: 'not a value with a row for each example',
    message: ({ shape, batch, count }) =>
      batch
        ? `\`examples\` takes a whole value, and this one ${show(shape)} is per example already`
        : `\`examples\` gives each of the ${count} examples a row, and this value is ${show(shape)}`,
    explain: `\`examples(w)\` is the inverse of \`batch(v)\`: a whole value [n, d] becomes a value [d] of each example, the first
row for the first example. So its first axis must be n, the number of examples that the phase draws.

A whole value that is the same for all examples needs no \`examples\`: it meets values of each example as it is.`,
    example: `data x ~ [2] from "ring"
net D(x: [2]) -> [2] = x |> dense(2)
loss spread = expect(sum(D(x) * examples([1, 2, 3])))
train (batch = 8, steps = 10) { sample x  update D to minimize spread with sgd(0.1) }
`,
  } satisfies Entry<{ shape: Shape; batch: boolean; count: number }>,

  GAN0362: {
    severity: 'error',
    title: 'an output that looks across the batch',
    message: ({ output, name }) =>
      `the output \`${output}\` uses \`${name}\`, and an output is a function of each example`,
    explain: `An output is worked out for any number of examples: 64 pictures of a grid, or one at a time in an app. \`batch\` and
\`examples\` fix that number. So they stand in losses and metrics, and in nets that outputs don't call.

Let the output be what each example gives by itself, or log what you want to see as a \`metric\`.`,
    example: `noise z ~ normal[2]
net G(z: [2]) -> [2] = z |> dense(2)
output centred = G(z) - mean(batch(G(z)), axis = 0)
`,
  } satisfies Entry<{ output: string; name: string }>,

  GAN0363: {
    severity: 'error',
    title: 'another number of examples than the axis has',
    message: ({ count, n }) => `\`batch\` makes an axis of ${n} examples here, and the value holds ${count}`,
    explain: `Inside a net, and for a value that no source is a part of, \`batch(v)\` makes an axis as long as the phase's \`batch\`.
Here the value holds another count: that of a \`sample n of\`, of a \`state\` with a count of its own, or of a phase with another
\`batch\`.

Draw as many examples of it as of the others, or let the state have the phase's count: \`state s ~ normal[2]\`.`,
    example: `data x ~ [2] from "ring"
net D(x: [2]) -> [2] = x |> dense(2) |> centred
def centred(h) = h - mean(batch(h), axis = 0)
loss spread = expect(sum(square(D(x))))
train (batch = 8, steps = 10) { sample 100 of x  update D to minimize spread with sgd(0.1) }
`,
  } satisfies Entry<{ count: number; n: number }>,
};
