/** GAN0201–GAN0219: names, and the files that they come from. */
import type { Entry } from './diagnostic.ts';
import { argumentNames } from './names-arguments.ts';
import { constants } from './names-constants.ts';
import { files } from './names-files.ts';

const ticked = (names: readonly string[], between: string): string =>
  names.map((n) => (n === '…' ? n : `\`${n}\``)).join(between);

export const names = {
  ...argumentNames,
  ...constants,
  ...files,

  GAN0201: {
    severity: 'error',
    title: 'unknown name',
    message: ({ name }) => `there is no value called \`${name}\``,
    explain: `The name stands for nothing that can be seen here. A value is a \`param\`, \`data\`, \`noise\`, \`let\`, \`loss\`,
\`metric\` or \`output\` of this file, a \`param\` of a file that it takes in by \`use\`, or a parameter or \`let\` of the
net, def or block around it.

Where a name is near to one that exists, the message offers it. Capitals count: \`z\` and \`Z\` are two names.`,
    example: `noise latent ~ normal[8]
output out = tanh(latant) + latent
`,
  } satisfies Entry<{ name: string }>,

  GAN0202: {
    severity: 'error',
    title: 'unknown function',
    message: ({ name }) => `there is no net, def or operation called \`${name}\``,
    explain: `What is called with \`(…)\`, or stands as a stage after \`|>\`, is a \`net\` or \`def\` of this file or of one that it
uses, a def of the prelude, an operation, or a parameter that holds one of these.

Other libraries call some layers differently: \`dense\` is their \`Linear\`, \`conv\` their \`Conv2d\` (and \`conv1d\`, by the
shape of what it is given), \`reshape\` their \`view\`, \`stop\` their \`detach\`.`,
    example: `noise z ~ normal[8]
output out = z |> rellu
`,
  } satisfies Entry<{ name: string }>,

  GAN0203: {
    severity: 'error',
    title: 'a name is declared twice',
    message: ({ name }) => `\`${name}\` is declared twice`,
    explain: `In one scope a name means one thing, so that a reader need not look for the nearest meaning. One scope is a file
with all its declarations, the parameters of a net or def, the lets of a block, the phases of a schedule, or the \`init\`
lines of a file.

An inner name may hide an outer one, and a file's names hide those of the prelude. Rename one of the two.`,
    example: `noise z ~ normal[8]
noise z ~ normal[16]
output out = z
`,
  } satisfies Entry<{ name: string }>,

  GAN0204: {
    severity: 'error',
    title: 'a built-in operation is redefined',
    message: ({ name }) => `\`${name}\` is a built-in operation and cannot be redefined`,
    explain: `A \`net\` or \`def\` may not have the name of a built-in operation: in every \`.gan\` file \`relu\` is the same
\`relu\`, and two files can be compared line by line. Parameters and values may share such a name (\`param size\` and
\`size(v, 0)\` live together), since a called name is only looked up among functions.

Give the def a name of its own.`,
    example: `noise z ~ normal[8]
def relu(x) = maximum(x, 0.01 * x)
output out = relu(z)
`,
  } satisfies Entry<{ name: string }>,

  GAN0205: {
    severity: 'error',
    title: 'a body reaches for a value of the file',
    message: ({ name, kind, where }) =>
      `\`${name}\` is a \`${kind}\` of the file, and ${where} cannot see it`,
    explain: `The body of a \`net\` or \`def\` sees its parameters, \`param\`s, and other nets and defs; never \`data\`, \`noise\`,
\`state\` or \`let\`. So a network is a function: what it computes depends on what it is given, and it can be called on real and on
generated data alike. Likewise constants and types are made of numbers and \`param\`s only.

Add a parameter and hand the value over in the call. Randomness inside a net is written \`draw normal[8]\`.`,
    example: `noise z ~ normal[8]
net G(h: [8]) -> [8] = h + z
output out = G(z)
`,
  } satisfies Entry<{ name: string; kind: string; where: string }>,

  GAN0206: {
    severity: 'error',
    title: 'a value is used above its declaration',
    message: ({ name, itself }) =>
      itself ? `\`${name}\` is used in its own declaration` : `\`${name}\` is declared further down`,
    explain: `\`let\`, \`loss\`, \`metric\` and \`output\` are read from top to bottom: each may use those above it. (The order of
\`param\`, \`data\`, \`noise\`, \`state\`, \`init\`, \`optimizer\`, \`net\` and \`def\` does not matter, and \`train\` sees every value.)

Move the declaration up.`,
    example: `noise z ~ normal[8]
let a = 2 * b
let b = tanh(z)
output out = a
`,
  } satisfies Entry<{ name: string; itself: boolean }>,

  GAN0207: {
    severity: 'error',
    title: 'a declaration needs itself',
    message: ({ kind, chain }) =>
      `${kind === 'param' ? 'this param' : `this ${kind}`} needs itself: ${ticked(chain, ' → ')}`,
    explain: `Defs are inlined and nets become finite graphs, so neither can call itself, directly or by way of others; and a
\`param\` cannot be worked out from itself. The message names the members of the circle in order.

To repeat stages write \`|> each i in 1..4 { … }\`, which is unrolled while compiling.`,
    example: `noise z ~ normal[8]
def twice(v) = once(once(v))
def once(v) = twice(v) + 1
output out = twice(z)
`,
  } satisfies Entry<{ kind: string; chain: readonly string[] }>,

  GAN0213: {
    severity: 'error',
    title: 'a function or optimizer where a value is needed',
    message: ({ name, what }) => `\`${name}\` is ${what}, and a value is needed here`,
    explain: `The bare name of a net, def or operation stands for the function itself. It can be given to a \`def\` that calls
it (\`gradient_penalty(D, …)\`), or be chosen as a stage; but it is no tensor. The name of an \`optimizer\` stands only
after \`with\`.

To use the function's result, call it: \`G(z)\`.`,
    example: `noise z ~ normal[8]
net G(h: [8]) -> [8] = h |> dense(8)
output out = tanh(G) + z
`,
  } satisfies Entry<{ name: string; what: string }>,

  GAN0214: {
    severity: 'error',
    title: 'a value is called like a function',
    message: ({ name }) => `\`${name}\` is a value, not a function, and cannot be called`,
    explain: `A name with \`(\` right behind it is a call, and a stage after \`|>\` is one too. Only nets, defs, operations and
parameters that hold one of these can be called.

If a product was meant, write the sign: \`k * (a + b)\`.`,
    example: `noise z ~ normal[8]
param k = 3
output out = k(z)
`,
  } satisfies Entry<{ name: string }>,

  GAN0216: {
    severity: 'error',
    title: 'a net has no such variant',
    message: ({ net, field }) => `\`${net}\` has no \`.${field}\``,
    explain: `A net has three variants besides itself: \`N.averaged\` uses the moving average that \`average N\` keeps,
\`N.frozen\` the weights that N had when the phase began, and \`N.live\` is N itself run as outputs run (moving averages, no
dropout). Defs and operations have none.

A named result is taken from the call, not from the net: \`E(x).mu\`.`,
    example: `noise z ~ normal[8]
net G(h: [8]) -> [8] = h |> dense(8)
output out = G.mean(z)
`,
  } satisfies Entry<{ net: string; field: string }>,

  GAN0217: {
    severity: 'warning',
    title: 'never used',
    message: ({ what, name }) =>
      what === 'data' || what === 'noise'
        ? `\`${name}\` is never used by a value`
        : what === 'loss'
          ? `the loss \`${name}\` is never minimised or used`
          : `the ${what === 'each' ? 'variable' : what} \`${name}\` is never used`,
    explain: `Nothing refers to this name. Most often it is a slip: the line above was meant to be used in the next one, or a
loss was forgotten in the schedule, so that a part of the game silently does not happen.

Use it, delete it, or begin its name with \`_\` if it is there on purpose; \`let (mean, _) = E(x)\` leaves a part of a tuple
without a name. To be sampled alone is not to be used.`,
    example: `noise z ~ normal[8]
let a = tanh(z)
output out = z
`,
  } satisfies Entry<{ what: string; name: string }>,

  GAN0219: {
    severity: 'error',
    title: 'two layers of one name',
    message: ({ name, net }) => `two layers of \`${net}\` are called \`${name}\``,
    explain: `Weights are saved under the name of their place (\`D/stem/kernel\`), so two layers of a net cannot have one name.
Unnamed layers are numbered by kind (\`conv_1\`, \`conv_2\`), and a name given by \`as\` inside an \`each\` or a \`def\` is
numbered too; a plain \`as\` is taken as it stands.

Choose another name after \`as\`.`,
    example: `noise z ~ normal[8]
net G(h: [8]) -> [8] =
  h |> dense(8) as stem |> dense(8) as stem
output out = G(z)
`,
  } satisfies Entry<{ name: string; net: string }>,
};
