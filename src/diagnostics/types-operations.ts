/** GAN0301–GAN0339: shapes and arguments that an operation's own rule refuses. */
import type { Shape } from '../ir/types.ts';
import type { Entry } from './diagnostic.ts';

const show = (shape: Shape): string => `[${shape.join(', ')}]`;

export const operandTypes = {
  GAN0301: {
    severity: 'error',
    title: 'shapes do not broadcast',
    message: ({ left, right, axis }) =>
      `shapes ${show(left)} and ${show(right)} do not meet: axis ${axis} (counted from the end) is ${left.at(axis)} in one and ${right.at(axis)} in the other`,
    explain: `Elementwise operations (\`+\`, \`*\`, \`minimum\`, \`where\`, …) need operands whose shapes meet. As in NumPy,
shapes are aligned at the right; each axis must then be the same in both, or be 1, or be missing, in one of them.

    [28, 28, 3] with [3]       meet: the 3 numbers go with the 3 channels
    [28, 28, 3] with []        meet: a scalar goes with everything
    [28, 28, 3] with [28]      do not meet: 28 stands against 3
    [28, 28, 3] with [28, 1, 1] meet

The batch axis is never written and plays no part in this: it is outside.

To mend it, give the smaller value the missing axes with \`reshape\` (\`s |> reshape(28, 1, 1)\`), or look up the chain
for the layer whose output is not what you expected.`,
    example: `data x ~ image[28, 28, 3]
let mask = x * [1, 2]
output out = mask
`,
  } satisfies Entry<{ left: Shape; right: Shape; axis: number }>,

  GAN0302: {
    severity: 'error',
    title: 'broadcasting would stretch both sides',
    message: ({ shapes, result }) =>
      `${shapes.map(show).join(' and ')} would all be stretched, to ${show(result)}, and one of them lacks an axis`,
    explain: `\`[8, 1] + [8]\` would silently make an \`[8, 8]\` table, since shapes meet from the right. In a loss this is nearly
always a slip: \`D(x)\` of shape \`[8, 1]\` minus a target of shape \`[8]\` becomes 64 differences instead of 8, trains to
something, and nobody notices.

So a table of all pairs must be said. Where both values have the same number of axes, their axes of 1 say it:
\`expand(a, 1) - expand(b, 0)\` of \`[n]\` and \`[m]\` is the table \`[n, m]\` of all differences, and \`outer(a, b)\` that of all
products. If you do not want a table, \`reshape\` one of them so that their axes meet.`,
    example: `noise a ~ normal[8, 1]
noise b ~ normal[5]
output out = a + b
`,
  } satisfies Entry<{ shapes: readonly Shape[]; result: Shape }>,

  GAN0303: {
    severity: 'error',
    title: 'no such axis',
    message: ({ axis, rank }) =>
      rank === 0
        ? `there is no axis ${axis}: the value is a scalar`
        : `there is no axis ${axis}: the value has ${rank} ${rank === 1 ? 'axis' : 'axes'}, 0 to ${rank - 1} (or -${rank} to -1 from the end)`,
    explain: `\`axis\` counts the axes of one example from 0; negative numbers count from the end, so -1 is the last. The batch
axis is not among them, and nothing but \`expect\` reduces it.

For an \`image[28, 28, 1]\`, axis 0 is the rows, 1 the columns, 2 (or -1) the channels.`,
    example: `data x ~ image[28, 28, 1]
output out = sum(x, axis = 3)
`,
  } satisfies Entry<{ axis: number; rank: number }>,

  GAN0304: {
    severity: 'error',
    title: 'an axis is named twice',
    message: ({ axis }) => `axis ${axis} is named twice`,
    explain: `A list of axes names each axis once. Remember that an axis has two numbers: in a value of three axes, 2 and -1
are the same.`,
    example: `data x ~ image[28, 28, 1]
output out = mean(x, axis = [2, -1])
`,
  } satisfies Entry<{ axis: number }>,

  GAN0305: {
    severity: 'error',
    title: 'an empty range',
    message: ({ lo, hi }) => `the lower bound ${lo} is above the upper bound ${hi}`,
    explain: `\`clamp(x, lo, hi)\` keeps values between \`lo\` and \`hi\`, so \`lo\` may not be larger than \`hi\`. Most likely the
two arguments are exchanged.`,
    example: `data x ~ image[28, 28, 1]
output out = clamp(x, 1, -1)
`,
  } satisfies Entry<{ lo: number; hi: number }>,
};
