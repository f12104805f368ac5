/** GAN0504–GAN0528: single statements of a schedule. */
import type { Entry } from './diagnostic.ts';
import { quoted } from './listed.ts';

/** A small game around one statement. */
const game = (statements: string, declarations = ''): string => `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
loss size = expect(norm(G(z)))
${declarations}train (batch = 8, steps = 10) {
  sample z
${statements}}
`;

export const scheduleStatements = {
  GAN0504: {
    severity: 'error',
    title: 'a repeat that never runs',
    message: ({ value }) => `\`repeat ${value}\` never runs its block`,
    explain: `The count of a \`repeat\` is rounded down, and below 1 the block is skipped. A count that changes with \`step\` may do
so on purpose; a constant one is a slip.

For a block that runs now and then write \`every n { … }\`, for one at the start \`once { … }\`.`,
    example: game(`  repeat 0 { update G to minimize size with adam(1e-3) }
  update G to minimize size with adam(1e-3)
`),
  } satisfies Entry<{ value: string }>,

  GAN0506: {
    severity: 'error',
    title: 'something other than updates in together',
    message: ({ statement }) =>
      `\`together\` holds only updates and \`restore\`, and this is \`${statement}\``,
    explain: `\`together { update …  update … }\` takes all gradients at the same weights and samples, and then all steps:
simultaneous play. Between them weights may be put back, by \`restore\`. A \`sample\` or another statement between them would have no moment at which to happen.

Put it above or below the block.`,
    example: game(`  together {
    sample z
    update G to minimize size with adam(1e-3)
  }
`),
  } satisfies Entry<{ statement: string }>,

  GAN0507: {
    severity: 'error',
    title: 'one optimizer touches a weight twice at once',
    message: ({ optimizer, net }) => `\`${optimizer}\` would change \`${net}\` twice at the same time`,
    explain: `An optimiser keeps a state for each weight (momentum, second moments) that moves on with every step. Inside a
\`together\` all steps are taken from the same point, so two of them by one optimiser on one weight would leave two states.

Add the losses up in one update, declare a second \`optimizer\`, or take the steps one after the other, without \`together\`.`,
    example: game(
      `  together {
    update G to minimize size with opt
    update G to maximize size with opt
  }
`,
      'optimizer opt = adam(1e-3)\n',
    ),
  } satisfies Entry<{ optimizer: string; net: string }>,

  GAN0515: {
    severity: 'error',
    title: 'a net without weights',
    message: ({ net, statement }) => `\`${net}\` has no weights of its own to ${statement}`,
    explain: `\`update\`, \`clip\`, \`average\`, \`save\` and \`restore\` work on the weights that a net itself owns. The weights of nets that it calls stay
with those: \`update N\` leaves them alone.

Name the net that owns the layers.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
net F(z: [8]) -> [8] = tanh(G(z))
loss size = expect(norm(F(z)))
train (batch = 8, steps = 10) {
  sample z
  update G, F to minimize size with adam(1e-3)
}
`,
  } satisfies Entry<{ net: string; statement: string }>,

  GAN0516: {
    severity: 'error',
    title: 'a sample of something else',
    message: ({ name, kind }) =>
      kind === null
        ? `there is no \`data\` or \`noise\` called \`${name}\``
        : `\`${name}\` is a \`${kind}\`, and only \`data\` and \`noise\` are sampled`,
    explain: `\`sample\` draws fresh minibatches of sources, which are declared by \`data\` and \`noise\`. What is made of them (a
\`let\`, a loss) follows by itself: after \`sample z\` the value \`G(z)\` is a new one.`,
    example: game(`  sample size
  update G to minimize size with adam(1e-3)
`),
  } satisfies Entry<{ name: string; kind: string | null }>,

  GAN0517: {
    severity: 'error',
    title: 'not a net',
    message: ({ name }) => `there is no net called \`${name}\``,
    explain: `\`update\`, \`clip\`, \`average\`, \`save\` and \`restore\` name nets, with whose weights they work: \`update G, E to minimize …\`. A single layer
cannot be named; give it a net of its own.`,
    example: game(`  update G to minimize size with adam(1e-3)
  clip Gen to [-1, 1]
`),
  } satisfies Entry<{ name: string }>,

  GAN0518: {
    severity: 'error',
    title: 'unknown optimizer',
    message: ({ name, known }) =>
      `\`${name}\` is no optimizer${known.length > 0 ? `: there ${known.length === 1 ? 'is' : 'are'} ${quoted(known)}` : ''}`,
    explain: `After \`with\` stands an optimiser with its arguments, or the name of an \`optimizer\` declaration. There are
\`sgd\`, \`adam\`, \`adamw\`, \`rmsprop\` and \`adagrad\`, with PyTorch's defaults; the reference (\`grammar/operations.md\`) lists
their arguments.`,
    example: game(`  update G to minimize size with adm(1e-3)
`),
  } satisfies Entry<{ name: string; known: readonly string[] }>,

  GAN0519: {
    severity: 'error',
    title: 'a scalar of the schedule made of tensors',
    message: ({ what, found }) =>
      `${what} must be made of numbers, \`step\`, \`epoch\` and \`progress\`, and this is ${found}`,
    explain: `Learning rates, counts, bounds and conditions of a schedule are worked out at each step, outside the graph: they may change with
\`step\`, \`epoch\` and \`progress\` (\`adam(2e-4 * (1 - progress))\`), but cannot look at tensors or losses.`,
    example: game(`  update G to minimize size with adam(size)
`),
  } satisfies Entry<{ what: string; found: string }>,

  GAN0520: {
    severity: 'error',
    title: 'a net is listed twice',
    message: ({ net }) => `\`${net}\` is listed twice in one update`,
    explain: `An update takes one step on the weights of the nets that it lists; to list one twice means nothing more. To take two
steps write two updates, or \`repeat 2 { … }\`.`,
    example: game(`  update G, G to minimize size with adam(1e-3)
`),
  } satisfies Entry<{ net: string }>,

  GAN0522: {
    severity: 'error',
    title: 'a setting of the schedule out of its range',
    message: ({ what, value, rule }) => `${what} must be ${rule}, and this is ${value}`,
    explain: `The optimiser or statement would not work with this number: a \`beta1\` of 1 never forgets, the \`decay\` of an \`average\` above
1 grows without end, a \`clip\` whose lower end is above its upper one leaves nothing, \`nesterov\` needs a momentum.`,
    example: game(`  update G to minimize size with adam(1e-3, beta1 = 1)
`),
  } satisfies Entry<{ what: string; value: string; rule: string }>,

  GAN0524: {
    severity: 'error',
    title: 'batch normalisation of a single value',
    message: ({ layer }) =>
      `\`${layer}\` has only one value per channel to normalise, so it gives 0 whatever the value is`,
    explain: `\`batch_norm\` takes the mean and the variance of each channel over the examples and the positions. Of a single
value the mean is the value itself: what is left is 0, the same for every input, and nothing in front of the layer can
learn. So a vector needs at least two examples (a picture has many positions, and one may do). PyTorch refuses it too:
"Expected more than 1 value per channel when training".

Draw at least two examples with this net, or take \`layer_norm\`, which normalises each example by itself. The same is
said of \`--batch 1\` on the command line.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8) |> batch_norm |> dense(8)
loss size = expect(norm(G(z)))
train (batch = 1, steps = 10) {
  sample z
  update G to minimize size with adam(1e-3)
}
`,
  } satisfies Entry<{ layer: string }>,

  GAN0525: {
    severity: 'error',
    title: 'a set of something else',
    message: ({ name, kind }) =>
      kind === null
        ? `there is no \`state\` called \`${name}\``
        : `\`${name}\` is a \`${kind}\`, and only a \`state\` is set`,
    explain: `\`set NAME to e\` gives a \`state\` another value. Nothing else can be set: a \`let\` is what it is made of, a \`param\`
is a constant, samples change by \`sample\`, weights by \`update\`.

Declare what is to live on: \`state level = 0\` is a whole value, \`state chain ~ normal[2]\` one for each example.`,
    example: game(`  update G to minimize size with adam(1e-3)
  set size to 0
`),
  } satisfies Entry<{ name: string; kind: string | null }>,

  GAN0526: {
    severity: 'error',
    title: 'a state that takes another value',
    message: ({ state, holds, found }) => `\`${state}\` is ${holds}, and this is ${found}`,
    explain: `A state keeps its shape. What it is set to has the same one, or is one number, which fills it; a whole value may be
given to a state that holds one for each example, and is then the value of all of them. The other way round the examples have to be averaged first, by
\`expect\`.`,
    example: game(
      `  update G to minimize size with adam(1e-3)
  set mean_size to 0.9 * mean_size + 0.1 * norm(G(z))
`,
      'state mean_size = 0\nmetric shown = mean_size\n',
    ),
  } satisfies Entry<{ state: string; holds: string; found: string }>,

  GAN0527: {
    severity: 'error',
    title: 'weights are restored that nothing has saved',
    message: ({ net }) => `no \`save ${net}\` stands above this`,
    explain: `\`save N\` keeps a copy of N's weights, and \`restore N\` puts them back. The copy is that of the latest \`save\`,
which stands above the \`restore\` in the phase's text, or in an earlier phase.`,
    example: game(`  update G to minimize size with adam(1e-3)
  restore G
`),
  } satisfies Entry<{ net: string }>,

  GAN0528: {
    severity: 'warning',
    title: 'a state that nothing sets',
    message: ({ state }) => `nothing sets \`${state}\`, so it stays as it begins`,
    explain: `A \`state\` lives on from step to step so that a \`set\` in the schedule can move it. One that is never set is a
constant: write a \`param\` or a \`let\`. If it is meant to be drawn anew at each step, it is a \`noise\`.`,
    example: game('  update G to minimize size * level with adam(1e-3)\n', 'state level = 1\n'),
  } satisfies Entry<{ state: string }>,
};
