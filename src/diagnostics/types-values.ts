/** GAN0340–GAN0359: what values, nets and gradients may be. */
import type { Shape } from '../ir/types.ts';
import type { Entry } from './diagnostic.ts';
import { quoted } from './listed.ts';

const show = (shape: Shape): string => `[${shape.join(', ')}]`;
export const valueTypes = {
  GAN0340: {
    severity: 'error',
    title: 'a layer outside a net',
    message: ({ layer }) => `\`${layer}\` owns weights, so it stands only inside a \`net\``,
    explain: `A layer makes weights, and weights belong to a net: there they have a name, a start, an optimiser. A layer may
stand in the body of a \`net\`, or in a \`def\` that such a body uses; not in a \`let\`, a loss or an output.

Put it into a net, and call that. A fixed linear map is \`matmul(v, kernel)\`, a fixed filter \`convolve(v, kernel)\`.`,
    example: `noise z ~ normal[8]
output out = z |> dense(4)
`,
  } satisfies Entry<{ layer: string }>,

  GAN0341: {
    severity: 'error',
    title: 'a body does not give the declared shape',
    message: ({ net, declared, found }) =>
      `\`${net}\` is declared to give ${show(declared)}, and its body gives ${show(found)}`,
    explain: `A net says in its head what it gives, so that it can be read without its body; the shapes must match exactly
(\`[]\` and \`[1]\` too are two shapes). Below the message stands the chain of shapes through the body, and, where one layer
would put it right, that layer.

Between \`image\`, \`sound\`, \`label\` and plain tensors of the same shape there is no wall.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> image[28, 28, 1] =
  z |> dense(7 * 7 * 4) |> reshape(7, 7, 4) |> conv_transpose(1, kernel = 4, stride = 2) |> tanh
output out = G(z)
`,
  } satisfies Entry<{ net: string; declared: Shape; found: Shape }>,

  GAN0342: {
    severity: 'error',
    title: 'an argument does not fit the net',
    message: ({ net, param, expected, found }) =>
      `\`${net}\` takes ${show(expected)} as \`${param}\`, and this is ${show(found)}`,
    explain: `A net's parameters have declared types, and the shape of what it is given must match exactly: nothing is broadcast
or flattened on the way in. Most often a generator's output does not meet the discriminator's input; the notes show the
chain of shapes that led to the argument.

Change the layer that the help names, one of the two declared types, or write \`reshape\`, \`crop\` or \`upsample\` between.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> image[14, 14, 1] = z |> dense(14 * 14) |> reshape(14, 14, 1) |> tanh
net D(x: image[28, 28, 1]) -> [1] = x |> flatten |> dense(1)
output out = D(G(z))
`,
  } satisfies Entry<{ net: string; param: string; expected: Shape; found: Shape }>,

  GAN0343: {
    severity: 'error',
    title: 'a body does not give the declared results',
    message: ({ net, declared, found, items }) => {
      const names = found.filter((n) => n !== null);
      const given =
        items === 1 && names.length === 0
          ? 'one value'
          : names.length > 0
            ? `(${names.join(', ')})`
            : `${items} values without names`;
      return declared === null
        ? `\`${net}\` is declared to give one value, and its body gives ${given}`
        : `\`${net}\` is declared to give ${quoted(declared)}, and its body gives ${given}`;
    },
    explain: `A net with several results names them in its head, \`-> (mu: [20], logvar: [20])\`, and its body gives a tuple with
the same names, \`(mu = …, logvar = …)\` (or without names, by position). A net with one result gives one value.`,
    example: `noise z ~ normal[8]
net E(h: [8]) -> (mu: [4], logvar: [4]) = (mu = dense(h, 4), sigma = dense(h, 4))
output out = E(z).mu
`,
  } satisfies Entry<{
    net: string;
    declared: readonly string[] | null;
    found: readonly (string | null)[];
    items: number;
  }>,

  GAN0344: {
    severity: 'error',
    title: 'a loss that is not whole',
    message: ({ what, shape }) =>
      `${what} must be one number for the whole batch, and this is ${show(shape)} for each example`,
    explain: `What is minimised, and what is logged, is one number. A value that comes from data or noise has one value for each
example; the batch is averaged by one operation only, \`expect(v)\`: E[·] in the papers. So the formula and the file read
alike: \`expect(softplus(-D(x)))\`.`,
    example: `noise z ~ normal[8]
net D(x: [8]) -> [1] = x |> dense(1)
metric score = D(z)
output out = z
`,
  } satisfies Entry<{ what: string; shape: Shape }>,

  GAN0345: {
    severity: 'error',
    title: 'a loss of several numbers',
    message: ({ what, shape }) => `${what} must be one number, and this is ${shape}`,
    explain: `What is minimised, and what is logged, is one number. \`expect\` averages over the batch and keeps an example's shape:
\`expect\` of \`[28, 28, 1]\` is a mean picture. Say how the entries become one number: \`sum\` or \`mean\` inside \`expect\`.
The two differ by a factor that the learning rate feels; papers differ too.`,
    example: `noise z ~ normal[8]
metric size = expect(square(z))
output out = z
`,
  } satisfies Entry<{ what: string; shape: string }>,

  GAN0346: {
    severity: 'error',
    title: 'a tuple where one value is needed',
    message: ({ what, items }) => `${what} must be one value, and this is a tuple of ${items}`,
    explain: `A net with several results, and \`split\`, give a tuple. It can be taken apart (\`let (a, b) = …\`), a named result can
be taken from it (\`E(x).mu\`), and it can be passed whole to a def or returned; but operations work on one tensor.`,
    example: `noise z ~ normal[8]
let parts = split(z, [4, 4])
output out = tanh(parts)
`,
  } satisfies Entry<{ what: string; items: number }>,

  GAN0347: {
    severity: 'error',
    title: 'a tuple of another length',
    message: ({ names, items }) => `${names} names for a tuple of ${items}`,
    explain: `\`let (a, b) = …\` goes by position and needs exactly one name for each value of the tuple: as many as the net
declares results, or \`split\` makes parts. Write \`_\` for one that is not needed.`,
    example: `noise z ~ normal[8]
let (a, b) = split(z, [2, 2, 4])
output out = a + b
`,
  } satisfies Entry<{ names: number; items: number }>,

  GAN0348: {
    severity: 'error',
    title: 'not a tuple',
    message: ({ name, found }) =>
      name === null
        ? `only a tuple can be taken apart, and this is ${found}`
        : `\`.${name}\` is taken from a tuple, and this is ${found}`,
    explain: `Fields and patterns are for tuples: the results of a net that declares several, the parts of a \`split\`, or what is
written \`(a = …, b = …)\`. A tensor is taken apart by \`split(x, sizes, axis)\` or \`slice(x, axis, from, to)\`.`,
    example: `noise z ~ normal[8]
let (a, b) = tanh(z)
output out = a + b
`,
  } satisfies Entry<{ name: string | null; found: string }>,

  GAN0349: {
    severity: 'error',
    title: 'the gradient of several numbers',
    message: ({ shape }) =>
      `\`grad\` needs one number for each example to differentiate, and this is ${show(shape)}`,
    explain: `\`grad(y, x)\` is ∂(Σ y)/∂x, of x's shape, for a \`y\` of one element per example: a critic's score, a norm, a sum.
For a \`y\` of several entries there would be a whole matrix of derivatives.

Say which sum is meant: \`grad(sum(y), x)\`, or \`grad(sum(y * v), x)\` for a product with a vector.`,
    example: `noise z ~ normal[8]
let h = tanh(z)
output out = grad(h, z)
`,
  } satisfies Entry<{ shape: Shape }>,

  GAN0350: {
    severity: 'error',
    title: 'a gradient between the examples and the whole',
    message: ({ y, x, whole }) =>
      whole
        ? `\`${y}\` is whole and \`${x}\` per example: \`grad\` gives each example the derivative of its own value`
        : `\`${y}\` is per example and \`${x}\` whole: which sum over the batch is meant must be said`,
    explain: `In \`grad(y, x)\` both are per example, and each example gets the derivative of its own \`y\` (what a gradient penalty
needs); or both are whole, as a loss and weights are. A mean over the batch has a derivative by each example that is
smaller by the number of examples, and a sum over the batch one by a whole value that is larger: neither is what people
mean.

By examples, take the gradient first and the mean after it: \`expect(square(norm(grad(D(x), x)) - 1))\`. By a whole value,
take the mean first: \`grad(expect(y), D.weights)\`. A whole value that \`batch\` has made of the examples, such as \`mmd(x, y)\`,
can be differentiated by each of them.`,
    example: `noise z ~ normal[8]
let h = expect(sum(tanh(z)))
output out = grad(h, z)
`,
  } satisfies Entry<{ y: string; x: string; whole: boolean }>,

  GAN0351: {
    severity: 'error',
    title: 'a gradient with respect to something without a name',
    message: ({ operation, text }) =>
      `\`${operation}\` needs a named value to differentiate by, and \`${text}\` is an expression`,
    explain: `\`grad(y, x)\` asks how \`y\` changes with the very value \`x\` on its way to \`y\`. An expression written anew is another
value, even if it has the same numbers.

Name it first and use the name in both places: \`let xh = mix(x, fake)\`, then \`grad(D(xh), xh)\`.`,
    example: `noise z ~ normal[8]
output out = grad(sum(tanh(2 * z)), 2 * z)
`,
  } satisfies Entry<{ operation: string; text: string }>,

  GAN0352: {
    severity: 'error',
    title: 'a gradient that nothing flows through',
    message: ({ x, y }) => `\`${x}\` does not lie on the way to \`${y}\``,
    explain: `The gradient would be zero everywhere, which is never what was meant. In \`grad(y, x)\` the value \`x\` must be used,
under that very name, in what \`y\` is made of. Through \`stop\` nothing flows, and copies of weights (\`D.frozen.weights\`,
\`D.averaged.weights\`) are not differentiated by.`,
    example: `noise z ~ normal[8]
noise w ~ normal[8]
output out = grad(sum(tanh(z)), w)
`,
  } satisfies Entry<{ x: string; y: string }>,

  GAN0353: {
    severity: 'error',
    title: 'a type that makes no sense',
    message: ({ name, shape, rule }) =>
      `\`${name}${show(shape)}\`: ${name === 'image' ? 'an' : 'a'} \`${name}\` has ${rule}`,
    explain: `\`image[h, w, c]\` has 1 channel (grey), 3 (colour) or 4 (colour and opacity), the channels last; \`label[n]\` is one
of n classes; \`sound[n]\` is n samples, \`sound[n, c]\` with c channels; \`text[n, k]\` is n characters, one-hot among k symbols.
Any other shape is a plain tensor, \`[28, 28, 2]\`.`,
    example: `data x ~ image[1, 28, 28]
output out = x
`,
  } satisfies Entry<{ name: string; shape: Shape; rule: string }>,

  GAN0354: {
    severity: 'error',
    title: 'the gradient by a bare weight',
    message: ({ operation, text }) =>
      `\`${text}\` is a \`weight\` of this net, and \`${operation}\` differentiates by weights under their names`,
    explain: `A net may be called several times, and a weight acts in all of these calls. Inside the net there is only one of them,
so its weights are no values to differentiate by.

Outside of it all weights have names: \`grad(loss, D.weights)\`, or \`grad(loss, D.weights.weight_1.value)\` of one.`,
    example: `noise z ~ normal[8]
net D(x: [8]) -> [8] = {
  let w = weight([8])
  return grad(sum(x * w), w) + x
}
output out = D(z)
`,
  } satisfies Entry<{ operation: string; text: string }>,

  GAN0356: {
    severity: 'error',
    title: 'a function of constants only',
    message: ({ name, found }) => `\`${name}\` is of numbers, and this is ${found}`,
    explain: `\`log2\`, \`ceil\` and \`round\` help with sizes and schedules: they take constants, and scalars made of \`step\`,
\`epoch\` and \`progress\`. Tensors have \`log\` and \`floor\`.`,
    example: `noise z ~ uniform(1, 2)[8]
output out = log2(z)
`,
  } satisfies Entry<{ name: string; found: string }>,

  GAN0357: {
    severity: 'error',
    title: 'a value too large to hold',
    message: ({ what, shape, count }) => {
      const numbers = count * shape.reduce((a, b) => a * b, 1);
      const of = count > 1 ? `${count} examples of ${show(shape)}` : show(shape);
      return `${what} would hold ${of}: ${amount(numbers)} numbers, ${memory(4 * numbers)}; one value holds at most 2^30, 4 GiB`;
    },
    explain: `Every value and every weight is one array of float32, and one array holds at most 2^30 = 1,073,741,824 numbers,
4 GiB: no backend gives more to one. A value per example is one array for the whole batch, so the batch counts too.
Training needs such memory several times: for gradients, for an optimiser's two moments, for the values that the way back
needs.

Mostly a number has slipped: units where a shape was meant, a \`stride\` or \`factor\` that comes out of a formula, a
\`label\` of as many classes as there are examples, the number of all examples as \`batch\`. If the numbers are meant, split
the layer, or lower the resolution at which so many channels stand.`,
    example: `data x ~ [2]
net D(x: [2]) -> [1] = x |> dense(1_000_000_000) |> dense(1)
output out = D(x)
`,
  } satisfies Entry<{ what: string; shape: Shape; count: number }>,
};

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Bytes in the unit in which they are read best: `4 GB`. */
function memory(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  return `${amount(bytes / 1000 ** power)} ${units[power]}`;
}

/** Few digits: `2`, `1.5`, `1e+18`. */
function amount(n: number): string {
  const rounded = Number(n.toPrecision(2));
  return rounded < 1e7 ? rounded.toLocaleString('en') : rounded.toExponential().replace('e+', 'e');
}
