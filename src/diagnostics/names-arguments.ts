/** GAN0220–GAN0236: arguments, the words of types, distributions and initialisers, and how data are read. */
import type { Entry } from './diagnostic.ts';
import { quoted } from './listed.ts';

export const argumentNames = {
  GAN0220: {
    severity: 'error',
    title: 'unknown argument',
    message: ({ callee, name }) => `\`${callee}\` has no argument \`${name}\``,
    explain: `An argument given by name must be one that the operation, def, net or optimiser declares. The message names the
nearest one, or all of them. A positional argument needs no name: \`conv(64, kernel = 5)\`.`,
    example: `noise z ~ normal[8]
output out = leaky_relu(z, slop = 0.1)
`,
  } satisfies Entry<{ callee: string; name: string }>,

  GAN0221: {
    severity: 'error',
    title: 'an argument is missing',
    message: ({ callee, missing }) => `\`${callee}\` also needs ${quoted(missing)}`,
    explain: `Arguments without a default must be given, by position or by name. In a pipe the value on the left is the first
argument: \`h |> dense(64)\` is \`dense(h, 64)\`.`,
    example: `noise z ~ normal[8]
net G(h: [8]) -> [8] = h |> dense
output out = G(z)
`,
  } satisfies Entry<{ callee: string; missing: readonly string[] }>,

  GAN0222: {
    severity: 'error',
    title: 'too many arguments',
    message: ({ callee, most, given }) =>
      `\`${callee}\` takes ${most === 0 ? 'no arguments' : most === 1 ? 'one argument' : `${most} arguments`}, and this is number ${given}`,
    explain: `More arguments were given by position than there are parameters. In a pipe the value on the left counts as the
first: \`z |> relu(z)\` gives \`relu\` two.`,
    example: `noise z ~ normal[8]
output out = z |> relu(z)
`,
  } satisfies Entry<{ callee: string; most: number; given: number }>,

  GAN0223: {
    severity: 'error',
    title: 'an argument is given twice',
    message: ({ callee, name }) => `\`${name}\` of \`${callee}\` is given twice`,
    explain: `The same argument was given by position and by name, or twice by name. In a pipe the value on the left is the
first argument, so the next position is already the second.`,
    example: `noise z ~ normal[8]
output out = leaky_relu(z, 0.1, slope = 0.2)
`,
  } satisfies Entry<{ callee: string; name: string }>,

  GAN0224: {
    severity: 'error',
    title: 'an argument of another kind',
    message: ({ what, expected, found }) => `${what} must be ${expected}, and this is ${found}`,
    explain: `Each argument has its kind: a tensor, a constant number, a whole number, \`true\` or \`false\`, one of a few words
in quotes, a list of numbers, an initialiser. What was given is of another kind.

Sizes of windows take one number for both axes, or a list \`[height, width]\`; on \`[length, channels]\` values one number.`,
    example: `noise z ~ normal[8]
output out = leaky_relu(z, "steep")
`,
  } satisfies Entry<{ what: string; expected: string; found: string }>,

  GAN0225: {
    severity: 'error',
    title: 'not one of the words allowed',
    message: ({ what, value, expected }) => `${what} cannot be "${value}": it takes ${expected}`,
    explain: `Some arguments choose among a few words, written in quotes: \`padding = "valid"\`, \`norm = "spectral"\`,
\`method = "nearest"\`. The message lists those that are allowed here.`,
    example: `data x ~ image[28, 28, 1]
net D(x: image[28, 28, 1]) -> [28, 28, 8] = x |> conv(8, kernel = 3, padding = "full")
output out = D(x)
`,
  } satisfies Entry<{ what: string; value: string; expected: string }>,

  GAN0226: {
    severity: 'error',
    title: 'a tuple has no such field',
    message: ({ name, known }) =>
      known.length > 0
        ? `there is no \`.${name}\` among the results: they are ${quoted(known)}`
        : `there is no \`.${name}\`: the values of this tuple have no names`,
    explain: `\`E(x).mu\` takes the result that the net declares as \`mu\`: \`net E(…) -> (mu: [20], logvar: [20])\`. A tuple made
without names, and the parts of a \`split\`, are taken apart by position: \`let (a, b) = split(h, [20, 20])\`.`,
    example: `noise z ~ normal[8]
net E(h: [8]) -> (mu: [4], s: [4]) = (mu = dense(h, 4), s = dense(h, 4))
output out = E(z).sigma
`,
  } satisfies Entry<{ name: string; known: readonly string[] }>,

  GAN0227: {
    severity: 'error',
    title: '`as` on something that is not a layer',
    message: ({ name, callee }) => `\`as ${name}\` names a layer, and \`${callee}\` is not one`,
    explain: `\`conv(64) as stem\` gives a layer's weights a name of their own (\`D/stem/kernel\`), so that they keep it when lines
above change. Operations without weights, defs and nets have nothing to name: put the \`as\` behind the layer inside the def
(there it is numbered: \`stem_1\`), and a net's weights are called after the net.

To name a value, use \`let\`.`,
    example: `noise z ~ normal[8]
output out = z |> relu as bend
`,
  } satisfies Entry<{ name: string; callee: string }>,

  GAN0229: {
    severity: 'error',
    title: 'unknown distribution',
    message: ({ name, known }) => `there is no distribution \`${name}\`: noise is ${quoted(known)}`,
    explain: `Noise is drawn from \`normal[100]\` (mean 0, deviation 1, or \`normal(mean, std)[100]\`),
\`truncated_normal(mean, std, bound)[100]\` (within \`bound\` deviations, 2 if left out), \`uniform(lo, hi)[100]\`,
\`gumbel[10]\`, \`bernoulli(p)[10]\` (0 or 1) or \`categorical[10]\` (one-hot, every class alike, or with given \`logits\`). The
shape in brackets is that of one example.`,
    example: `noise z ~ gaussian[8]
output out = z
`,
  } satisfies Entry<{ name: string; known: readonly string[] }>,

  GAN0230: {
    severity: 'error',
    title: 'unknown initialiser',
    message: ({ name, known }) => `there is no initialiser \`${name}\`: weights start at ${quoted(known)}`,
    explain: `\`init kernel ~ normal(0, 0.02)\` says how the weights of a slot start, and \`init = …\` in a layer says it for its
kernel. \`glorot_*\` (Glorot & Bengio 2010) and \`he_*\` (He et al. 2015) look at how many numbers go in and out;
\`constant(c)\` starts at one number.`,
    example: `noise z ~ normal[8]
init kernel ~ xavier
net G(h: [8]) -> [8] = h |> dense(8)
output out = G(z)
`,
  } satisfies Entry<{ name: string; known: readonly string[] }>,

  GAN0231: {
    severity: 'error',
    title: 'unknown type',
    message: ({ name }) =>
      `there is no type \`${name}\`: a type is \`[…]\`, \`image[…]\`, \`label[…]\`, \`sound[…]\` or \`text[…]\``,
    explain: `A type is the shape of one example, without the batch. \`[28, 28, 1]\` is a plain tensor; \`image[h, w, c]\` is a
picture with values in [−1, 1], \`label[n]\` a class of n (one-hot), \`sound[n]\` a wave, \`text[n, k]\` n characters among k symbols
(one-hot). They differ in how they are loaded and
drawn, not in what may be done with them.`,
    example: `data x ~ picture[28, 28, 1]
output out = x
`,
  } satisfies Entry<{ name: string }>,

  GAN0232: {
    severity: 'error',
    title: 'unknown slot of weights',
    message: ({ slot, known }) => `no layer has weights called \`${slot}\`: the slots are ${quoted(known)}`,
    explain: `\`init SLOT ~ …\` speaks of all weights of one slot: \`kernel\` and \`bias\` of dense and convolution layers and
\`embed\`, \`gamma\` and \`beta\` of norms, \`value\` of a bare \`weight\`.`,
    example: `noise z ~ normal[8]
init weights ~ normal(0, 0.02)
net G(h: [8]) -> [8] = h |> dense(8)
output out = G(z)
`,
  } satisfies Entry<{ slot: string; known: readonly string[] }>,

  GAN0233: {
    severity: 'error',
    title: 'noise without a shape',
    message: ({ name }) =>
      name === 'categorical'
        ? '`categorical` needs the number of classes: `categorical[10]`'
        : `\`${name}\` needs the shape of one example: \`${name}[8]\`, or \`${name}[]\` for a single number`,
    explain: `\`noise z ~ normal[100]\` and \`draw uniform(0, 1)[1]\` say in brackets how many numbers one example has. The batch is
not written: every example draws its own.`,
    example: `noise z ~ normal(0, 1)
output out = z
`,
  } satisfies Entry<{ name: string }>,

  GAN0234: {
    severity: 'error',
    title: 'an initialiser with a shape',
    message: ({ name }) => `\`${name}\` takes no shape here: each weight has its own`,
    explain: `An \`init\` line speaks of every weight of a slot, whatever its shape: \`init kernel ~ normal(0, 0.02)\`. The layer
says what shape its weight has. (Noise is the other way round: \`noise z ~ normal[100]\`.)`,
    example: `noise z ~ normal[8]
init kernel ~ normal(0, 0.02)[8]
net G(h: [8]) -> [8] = h |> dense(8)
output out = G(z)
`,
  } satisfies Entry<{ name: string }>,

  GAN0235: {
    severity: 'error',
    title: 'data that cannot be read like this',
    message: ({ what }) => what,
    explain: `The arguments of \`data\` say how its source is read; each is given by name, and each needs a record that it fits:

- \`fields\`: what the fields are called in the source, one name for each
- \`stride\`: windows as long as the type, cut from a series that far apart; needs a field with a length
- \`part\`: a share of the examples, \`[0, 0.9]\` and \`[0.9, 1]\`
- \`only\`: some classes; needs a \`label\`
- \`pairs\`: the first two fields are two examples of one class; needs two fields of one type and a \`label\`
- \`flip\` and \`crop\`: pictures are mirrored and moved by chance; need an \`image\``,
    example: `data x ~ [2] from "ring" (only = [3])
output out = x
`,
  } satisfies Entry<{ what: string }>,

  GAN0236: {
    severity: 'warning',
    title: 'parts of one source share examples',
    message: ({ name, other, from }) =>
      `\`${name}\` and \`${other}\` share examples of "${from}": what one holds out, the other trains on`,
    explain: `Two records read parts of the same source, and the parts overlap. A metric on held-out data says nothing if the
model has seen these data. A record without \`part\` reads all of its source.

The parts of a source are always the same, whatever the seed: \`part = [0, 0.9]\` and \`part = [0.9, 1]\` have no example in
common. If the overlap is meant, silence the warning with \`// allow GAN0236\`.`,
    example: `data x ~ [2] from "ring" (part = [0, 0.9])
data held ~ [2] from "ring" (part = [0.8, 1])
output out = x
output other = held
`,
  } satisfies Entry<{ name: string; other: string; from: string }>,
};
