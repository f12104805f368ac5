/** GAN0240–GAN0247: what is worked out while compiling. */
import type { Entry } from './diagnostic.ts';

const show = (x: number): string => (Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(15))));

export const constants = {
  GAN0240: {
    severity: 'error',
    title: 'not known while compiling',
    message: ({ what, found }) => `${what} must be known while compiling, and this is ${found}`,
    explain: `Shapes, sizes of windows, slopes, rates and the like are constants: numbers, \`param\`s, arithmetic on them,
\`size(v, axis)\` of a value, and functions such as \`log2\`. A tensor, or a scalar that changes with the step, is known only
while training.

Learning rates, the count of \`repeat\`, \`clip\` and \`decay\` may change with \`step\` and \`progress\`; layers may not.`,
    example: `noise z ~ normal[8]
output out = leaky_relu(z, sum(z))
`,
  } satisfies Entry<{ what: string; found: string }>,

  GAN0241: {
    severity: 'error',
    title: 'not a whole number',
    message: ({ what, value }) => `${what} must be a whole number, and this is ${show(value)}`,
    explain: `Sizes, counts and axes are whole numbers. Constants are computed in float64 and \`/\` is exact, so \`7 / 2\` is 3.5;
a result within 1e-9 of a whole number is taken as that number.

Round on purpose with \`floor(…)\`, \`ceil(…)\` or \`round(…)\`.`,
    example: `param width = 7
noise z ~ normal[width / 2]
output out = z
`,
  } satisfies Entry<{ what: string; value: number }>,

  GAN0242: {
    severity: 'error',
    title: 'a number out of its range',
    message: ({ what, value, rule }) => `${what} must be ${rule}, and this is ${show(value)}`,
    explain: `The number is of the right kind but makes no sense here: a size of 0, a probability of 2, a standard deviation
below 0. The message says what is allowed. If it comes from a \`param\`, look for what \`--set\` made of it.`,
    example: `noise z ~ bernoulli(1.5)[8]
output out = z
`,
  } satisfies Entry<{ what: string; value: number; rule: string }>,

  GAN0243: {
    severity: 'error',
    title: 'arithmetic without a result',
    message: ({ what }) => what,
    explain: `The compiler works constants out exactly as on numbers, and this one has no number as its result: a division by
zero, a logarithm of something negative, a sum of a string and a number, two lists of different lengths.`,
    example: `param width = 8
noise z ~ normal[8]
output out = z * (1 / (width - 8))
`,
  } satisfies Entry<{ what: string }>,

  GAN0244: {
    severity: 'error',
    title: 'a condition that is not known while compiling',
    message: ({ found }) => `\`if\` chooses while compiling, and its condition is ${found}`,
    explain: `\`if c then a else b\` chooses which graph is built, once; so its condition is made of constants. Only scalars of a
schedule (the count of a \`repeat\`, a learning rate) may choose by \`step\`, \`epoch\` or \`progress\`, and then both branches are
scalars.

To choose for each element while training, write \`where(condition, a, b)\`: it computes both and picks.`,
    example: `noise z ~ normal[8]
output out = if z > 0 then z else 2 * z
`,
  } satisfies Entry<{ found: string }>,

  GAN0245: {
    severity: 'error',
    title: 'a condition that is neither true nor false',
    message: ({ found }) => `a condition is true or false, and this is ${found}`,
    explain: `The condition of an \`if\` is \`true\`, \`false\`, or a comparison. A number is not a condition: say what it is compared
with, \`if depth > 0 then … else …\`.`,
    example: `param depth = 2
noise z ~ normal[8]
output out = if depth then tanh(z) else z
`,
  } satisfies Entry<{ found: string }>,

  GAN0246: {
    severity: 'error',
    title: 'a list with something other than constants',
    message: ({ found }) => `a list holds constants, and this is ${found}`,
    explain: `\`[1, 2, 3]\` is a list of numbers, worked out while compiling: a shape, an \`each\`'s list, or a whole tensor. Tensors
cannot be put into it: join them with \`concat(a, b)\`, and return several values as a tuple, \`(a, b)\`.`,
    example: `noise z ~ normal[8]
output out = z + sum([z, 1])
`,
  } satisfies Entry<{ found: string }>,

  GAN0247: {
    severity: 'error',
    title: 'too large to build',
    message: ({ what }) => `this is too large to build: ${what}`,
    explain: `Defs are inlined and \`each\` is unrolled, so a few lines can stand for more operations than any machine would hold:
a def that calls another twice, which calls another twice, forty deep. Functions handed to each other can also call in a
circle without end (\`def w(f) = f(f)\`). Nets that call other nets twice, gradients of gradients and an update for each of
many losses grow in the same way when the training step is built. The message gives the limit that was reached, and points
to where the expansion began: the outermost call, the update or the output.

Look at the defs that the message names and at the loss of the update; one \`grad\` in a loss is ordinary, six within one
another are not.`,
    example: `noise z ~ normal[8]
def again(f, v) = f(f, v)
output out = again(again, z)
`,
  } satisfies Entry<{ what: string }>,
};
