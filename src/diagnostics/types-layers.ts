/** GAN0320–GAN0339: shapes and arguments that shape operations, convolutions, pooling and layers refuse. */
import type { Shape } from '../ir/types.ts';
import type { Entry } from './diagnostic.ts';

const show = (shape: Shape): string => `[${shape.join(', ')}]`;
const product = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
const some = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const factors = (shape: Shape): string =>
  shape.length > 1 ? `${shape.join('·')} = ${product(shape)}` : `${product(shape)}`;

/** What the normalisations take together. */
const over: Readonly<Record<string, string>> = {
  instance_norm: 'the positions of each channel',
  layer_norm: 'the last axis',
  group_norm: 'each group of channels and its positions',
};

export const layerTypes = {
  GAN0320: {
    severity: 'error',
    title: 'reshape to another number of elements',
    message: ({ from, to }) =>
      `reshape cannot turn ${show(from)} into ${show(to)}: the first holds ${factors(from)} numbers, the second ${factors(to)}`,
    explain: `\`reshape\` gives the same numbers other axes, so both shapes must hold as many numbers. The batch axis is never
written and is not counted.

    z |> dense(7 * 7 * 128) |> reshape(7, 7, 128)      // 6272 = 7·7·128

Usually the layer above gives another number of units than the shape below asks for. Write that number as the product
of the shape, as above, and let the compiler do the arithmetic.`,
    example: `noise z ~ normal[100]
output out = z |> reshape(7, 7, 2)
`,
  } satisfies Entry<{ from: Shape; to: Shape }>,

  GAN0321: {
    severity: 'error',
    title: 'a value of the wrong rank',
    message: ({ op, expected, shape }) => `${op} needs ${expected}, but this value has shape ${show(shape)}`,
    explain: `Every operation says how many axes its operand must have, the batch axis not counted:

- \`conv\`, \`conv_transpose\` and the pooling operations take \`[height, width, channels]\`, or \`[length, channels]\` for their 1-D form;
- \`upsample\`, \`pad\` and \`crop\` likewise;
- \`dense\`, \`embed\`, the normalisations and \`minibatch_stddev\` need at least one axis;
- \`matmul\` multiplies the last two axes of each example, so both sides need at least two.

A vector becomes a picture by \`reshape(height, width, channels)\`, a picture becomes a vector by \`flatten\`, and a scalar
becomes a vector of one by \`reshape(1)\`.`,
    example: `noise z ~ normal[100]
net G(z: [100]) -> [100, 8] = z |> conv(8, kernel = 3)
output out = G(z)
`,
  } satisfies Entry<{ op: string; expected: string; shape: Shape }>,

  GAN0322: {
    severity: 'error',
    title: 'a window larger than its input',
    message: ({ op, window, input }) =>
      `the window of ${op} spans ${show(window)}, more than its input of ${show(input)} positions, so nothing is left`,
    explain: `Without padding (\`padding = "valid"\`) a convolution or pooling window only stands where it fits entirely, so an
input of n positions gives (n − kernel) / stride + 1, rounded down. Where the window is larger than the input, that is
nothing. With \`dilation = d\` a kernel of k spans (k − 1)·d + 1 positions; a padding of p pixels adds 2p to the input.

Take \`padding = "same"\` (the default), a smaller kernel, or one strided layer fewer above.`,
    example: `data x ~ image[4, 4, 1]
net D(x: image[4, 4, 1]) -> [1] = x |> conv(8, kernel = 5, padding = "valid") |> flatten |> dense(1)
output out = D(x)
`,
  } satisfies Entry<{ op: string; window: Shape; input: Shape }>,

  GAN0323: {
    severity: 'error',
    title: 'joined shapes that differ',
    message: ({ op, first, other, axis }) =>
      `${op} along axis ${axis} cannot join ${show(first)} and ${show(other)}: ${op === 'stack' ? 'its values must have one shape' : 'all other axes must be the same'}`,
    explain: `\`concat(a, b, …, axis = -1)\` puts values one behind the other along one axis. Only that axis may differ in size:
\`[28, 28, 1]\` and \`[28, 28, 3]\` join to \`[28, 28, 4]\`. \`stack(a, b, …, axis = 0)\` makes a new axis, so its values must have
one shape: two \`[5]\` become a \`[2, 5]\`.

To join a vector to a picture, as a conditional network does with its label, first spread it over the picture: pass it
through \`dense\` to as many numbers as the picture has pixels and \`reshape\` it to \`[height, width, 1]\`.`,
    example: `noise a ~ normal[4, 2]
noise b ~ normal[3, 2]
output out = concat(a, b)
`,
  } satisfies Entry<{ op: 'concat' | 'stack'; first: Shape; other: Shape; axis: number }>,

  GAN0324: {
    severity: 'error',
    title: 'a slice outside its axis',
    message: ({ from, to, size }) =>
      to <= from
        ? `the slice from ${from} to ${to} is empty: \`to\` is the first position left out, so it must be above \`from\``
        : `the slice from ${from} to ${to} leaves the axis, which has positions 0 to ${size - 1} (so \`to\` is at most ${size})`,
    explain: `\`slice(x, axis, from, to)\` keeps the positions \`from\`, \`from + 1\`, …, \`to − 1\` of one axis; negative numbers count
from the end. Of an axis of 10, \`slice(x, 0, 2, 5)\` keeps three positions, \`slice(x, 0, -2, 10)\` the last two.

To take a value apart into pieces that cover it, \`split\` is shorter.`,
    example: `noise z ~ normal[10]
output out = slice(z, 0, 5, 12)
`,
  } satisfies Entry<{ from: number; to: number; size: number }>,

  GAN0325: {
    severity: 'error',
    title: 'split sizes that do not add up',
    message: ({ sizes, axis, size }) =>
      `the parts ${show(sizes)} add up to ${sizes.reduce((a, b) => a + b, 0)}, but axis ${axis} has ${size} positions`,
    explain: `\`split(x, sizes, axis = -1)\` takes a value apart along one axis. The sizes are those of the parts, each at least 1,
and together they are the whole axis:

    let (mu, logvar) = split(h, [20, 20])      // h is [40]

To keep only a part, write \`slice\`.`,
    example: `noise z ~ normal[40]
let (a, b) = split(z, [20, 10])
output out = concat(a, b)
`,
  } satisfies Entry<{ sizes: readonly number[]; axis: number; size: number }>,

  GAN0326: {
    severity: 'error',
    title: 'transpose axes that are no permutation',
    message: ({ axes, shape }) =>
      `the axes ${show(axes)} do not name each of the ${shape.length} axes of ${show(shape)} once`,
    explain: `\`transpose(x, axes)\` puts the axes of one example in another order: result axis i is axis \`axes[i]\` of \`x\`. So the list
names each axis exactly once; \`transpose(x, [1, 0])\` exchanges the two of a matrix. The batch axis stays outside.`,
    example: `noise z ~ normal[4, 5]
output out = transpose(z, [0, 0])
`,
  } satisfies Entry<{ axes: readonly number[]; shape: Shape }>,

  GAN0327: {
    severity: 'error',
    title: 'matrices that do not meet',
    message: ({ left, right }) =>
      left.at(-1) !== right.at(-2)
        ? `matmul of ${show(left)} and ${show(right)}: the rows of the first have ${left.at(-1)} numbers, the columns of the second ${right.at(-2)}`
        : `matmul of ${show(left)} and ${show(right)}: the axes before the last two must be the same in both, or be missing in one`,
    explain: `\`matmul(a, b)\` multiplies the last two axes of each example: \`[n, k]\` by \`[k, m]\` gives \`[n, m]\`. Axes before the last two
count matrices; they must be the same on both sides, or be missing on one, whose single matrix is then used for all.

\`transpose(b, [1, 0])\` turns a matrix over. A plain layer on vectors is \`dense\`.`,
    example: `noise a ~ normal[4, 5]
noise b ~ normal[4, 5]
output out = matmul(a, b)
`,
  } satisfies Entry<{ left: Shape; right: Shape }>,

  GAN0328: {
    severity: 'error',
    title: 'a kernel for another number of channels',
    message: ({ channels, kernel, groups, needed }) =>
      `the kernel ${show(kernel)} takes ${some(kernel.at(-2)!, 'channel')}, but the value has ${channels}${groups === 1 ? '' : ` in ${groups} groups, so ${needed} each`}`,
    explain: `\`convolve(v, kernel)\` takes its kernel as a value of shape \`[height, width, channels in, channels out]\`, or \`[length,
channels in, channels out]\` on \`[length, channels]\` values. Channels in must be those of \`v\`; with \`groups = g\` those of
one group, a g-th of them.

To run one filter over each channel by itself (a blur), take \`groups\` as the number of channels and a kernel of
\`[h, w, 1, channels]\`.`,
    example: `data x ~ image[8, 8, 3]
output out = convolve(x, reshape([1, 2, 1], 3, 1, 1, 1))
`,
  } satisfies Entry<{ channels: number; kernel: Shape; groups: number; needed: number }>,

  GAN0329: {
    severity: 'error',
    title: 'groups that do not divide the channels',
    message: ({ op, groups, channels, what }) =>
      `${op} cannot divide ${channels} ${what} into ${groups} equal groups`,
    explain: `\`groups\` splits the channels into equal parts: a grouped convolution sees only its own part (so the channels in and the
filters must both be divisible), \`group_norm\` normalises each part by its own mean and variance.

Take a divisor of the number of channels.`,
    example: `data x ~ image[8, 8, 3]
net D(x: image[8, 8, 3]) -> [8, 8, 3] = x |> group_norm(2)
output out = D(x)
`,
  } satisfies Entry<{ op: string; groups: number; channels: number; what: string }>,

  GAN0330: {
    severity: 'error',
    title: 'an argument out of its range',
    message: ({ op, argument, value, needs }) =>
      `\`${argument}\` of ${op} must be ${needs}, but it is ${Array.isArray(value) ? show(value) : value}`,
    explain: `Sizes are whole numbers from 1: filters, units, kernel, stride, dilation, groups, factors. Paddings and margins are whole
numbers from 0, and \`padding\` is \`"same"\`, \`"valid"\` or a number of pixels. A \`rate\` of dropout is from 0 up to, but not
including, 1. If the number is computed from parameters, look at what they are for this run (\`--set\` may have changed
them).`,
    example: `noise z ~ normal[100]
net G(z: [100]) -> [1] = z |> dense(1) |> dropout(1)
output out = G(z)
`,
  } satisfies Entry<{
    op: string;
    argument: string;
    value: number | string | readonly number[];
    needs: string;
  }>,

  GAN0331: {
    severity: 'error',
    title: 'two sizes for a value with one',
    message: ({ op, argument, value, spatial }) =>
      spatial === 1
        ? `\`${argument}\` of ${op} is ${show(value)}, but the value is [length, channels], which takes one number`
        : `\`${argument}\` of ${op} is ${show(value)}, but [height, width, channels] takes a number, or two as [h, w]`,
    explain: `Kernels, strides, dilations, factors and margins of pictures (\`[height, width, channels]\`) are a number, which counts for
both directions, or two numbers \`[h, w]\`. Sequences (\`[length, channels]\`) have one direction, so they take one number.`,
    example: `data x ~ sound[64]
net D(x: sound[64]) -> [64, 4] = x |> conv(4, kernel = [3, 5])
output out = D(x)
`,
  } satisfies Entry<{ op: string; argument: string; value: readonly number[]; spatial: 1 | 2 }>,

  GAN0332: {
    severity: 'error',
    title: 'blocks that do not divide the value',
    message: ({ op, size, shape }) =>
      op === 'depth_to_space'
        ? `depth_to_space(${size}) needs a number of channels divisible by ${size * size}; ${show(shape)} has ${shape[2]}`
        : `space_to_depth(${size}) needs height and width divisible by ${size}, but the value has shape ${show(shape)}`,
    explain: `\`depth_to_space(x, b)\` (the sub-pixel upsampling of Shi et al. 2016) lays groups of b² channels out as blocks of b × b
pixels: \`[h, w, c]\` becomes \`[h·b, w·b, c / b²]\`. \`space_to_depth\` is its inverse: \`[h, w, c]\` becomes
\`[h / b, w / b, c·b²]\`. So b² must divide the channels of the first, and b both sides of the second.`,
    example: `data x ~ image[8, 8, 3]
output out = depth_to_space(x, 2)
`,
  } satisfies Entry<{ op: string; size: number; shape: Shape }>,

  GAN0333: {
    severity: 'error',
    title: 'a margin too large',
    message: ({ op, amount, size }) =>
      op === 'crop'
        ? `crop of ${amount} on each side leaves nothing of ${some(size, 'position')}`
        : `padding by reflection takes ${amount} positions next to the border, but there are only ${size - 1}`,
    explain: `\`crop(x, n)\` takes n positions from each side, so the value must be larger than 2n. \`pad(x, n, mode = "reflect")\` mirrors
the n positions next to the border one without repeating the border itself, so n must be smaller than the value;
\`mode = "edge"\` and \`mode = "zero"\` have no such limit.`,
    example: `data x ~ image[8, 8, 3]
output out = crop(x, 4)
`,
  } satisfies Entry<{ op: string; amount: number; size: number }>,

  GAN0334: {
    severity: 'error',
    title: 'a whole value where examples are needed',
    message: ({ op }) => `${op} needs a value per example, but this one is the same for the whole batch`,
    explain: `\`batch_norm\`, \`minibatch_stddev\` and \`batch\` bring the examples of a batch together, and \`dropout\` draws a mask for each
example. A *whole* value (a weight, a constant, the result of \`expect\`) has no examples.

Apply the operation to what comes from data or noise; for a whole value \`layer_norm\` normalises without a batch.`,
    example: `net P() -> [4] = weight([4]) |> batch_norm
output out = P()
`,
  } satisfies Entry<{ op: string }>,

  GAN0335: {
    severity: 'error',
    title: 'a padding that leaves nothing',
    message: ({ kernel, stride, padding, input }) =>
      `conv_transpose of ${some(input, 'position')} with kernel ${kernel}, stride ${stride} and ${some(padding, 'pixel')} of padding gives ${some((input - 1) * stride + kernel - 2 * padding, 'position')}`,
    explain: `With a padding of p pixels \`conv_transpose\` gives (n − 1) · stride + kernel − 2p positions: the padding of a transposed
convolution is taken away from its output. With \`padding = "same"\` it gives exactly n × stride, whatever the kernel.`,
    example: `noise z ~ normal[1, 1, 8]
net G(z: [1, 1, 8]) -> [1, 1, 3] = z |> conv_transpose(3, kernel = 2, padding = 1)
output out = G(z)
`,
  } satisfies Entry<{ kernel: number; stride: number; padding: number; input: number }>,

  GAN0336: {
    severity: 'error',
    title: 'a kernel per example',
    message: ({ op }) => `the kernel of ${op} must be one for the whole batch, but this value is per example`,
    explain: `\`convolve\` runs one kernel over all examples. A value that depends on data or noise has another kernel for each of them,
for which there is no convolution here.

For a product of matrices that differ from example to example, \`matmul\` serves; weights and lists of numbers are whole.`,
    example: `data x ~ image[8, 8, 1]
noise k ~ normal[3, 3, 1, 1]
output out = convolve(x, k)
`,
  } satisfies Entry<{ op: string }>,

  GAN0337: {
    severity: 'error',
    title: 'a single number to normalise',
    message: ({ op, shape }) =>
      `${op} takes its mean and variance over ${over[op.split('(')[0]!]}, which in ${show(shape)} is one number: it gives 0 whatever the number is`,
    explain: `A normalisation takes the mean of some numbers away and divides by their deviation. Of a single number the mean is
the number itself: what is left is 0, whatever the input is, and nothing in front of the layer can learn.

\`instance_norm\` looks at the positions of one channel (height and width, or length), so it needs more than one position;
\`layer_norm\` at the last axis, so it needs more than one channel; \`group_norm\` at the positions and channels of a group.
\`batch_norm\` looks at the examples too: GAN0524 says where it has only one.

For vectors take \`layer_norm\`, \`batch_norm\`, or \`group_norm\` with fewer groups.`,
    example: `noise z ~ normal[16]
net G(z: [16]) -> [16] = z |> instance_norm
output out = G(z)
`,
  } satisfies Entry<{ op: string; shape: Shape }>,
};
