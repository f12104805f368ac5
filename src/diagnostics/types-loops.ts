/** GAN0390–GAN0399: loops at run time, `repeat` and `scan`. */
import type { Shape } from '../ir/types.ts';
import type { Entry } from './diagnostic.ts';
import { quoted } from './listed.ts';

export const loopTypes = {
  GAN0390: {
    severity: 'error',
    title: 'a turn of a loop gives another form than it was given',
    message: ({ kind, before, after, which }) => {
      const what = which === null ? 'the state' : `value ${which} of the state`;
      return `${what} of this \`${kind}\` is ${before} before a turn and ${after} after it`;
    },
    explain: `\`repeat\` and \`scan\` run the same stages again and again, so what a turn gives is what the next turn is given: the
same number of values, each of the same shape. (A value that begins whole may become per example; it then counts as per
example from the beginning.)

Begin with a value of the shape that a turn gives, or end the turn with the shape that it was given. \`each\` is written out
by the compiler, turn by turn, and may change the shape in each of them.`,
    example: `noise z ~ normal[8]
net N(z: [8]) -> [4] = z |> repeat i in 1..3 { dense(4) |> tanh }
output out = N(z)
`,
  } satisfies Entry<{ kind: 'repeat' | 'scan'; before: string; after: string; which: number | null }>,

  GAN0391: {
    severity: 'error',
    title: 'nothing to scan along',
    message: ({ shapes }) =>
      shapes.length === 1 && shapes[0]!.length > 0
        ? `\`scan\` goes along the first axis, and this is [${shapes[0]!.join(', ')}]`
        : shapes.length === 1
          ? '`scan` goes along the first axis, and this is a scalar'
          : `\`scan\` goes along several sequences of one length; these are ${quoted(shapes.map((s) => `[${s.join(', ')}]`))}`,
    explain: `\`xs |> scan h = h0 { … }\` goes along the first axis of an example: each turn is given one entry, of shape [features]
for a sequence [length, features]. A scalar has no axis; several sequences, given as a tuple, must have one length.

\`reshape\` makes an axis; \`transpose\` brings another one to the front; a loop that counts without a sequence is
\`repeat i in 1..n { … }\`.`,
    example: `noise z ~ normal[]
output out = z |> scan h = 0 { sin }
`,
  } satisfies Entry<{ shapes: readonly Shape[] }>,

  GAN0392: {
    severity: 'error',
    title: 'batch norm in the turns of a loop in training',
    message: ({ net }) =>
      net === null
        ? '`batch_norm` would move its averages at each turn of this loop'
        : `\`${net}\` has a \`batch_norm\`, which would move its averages at each turn of this loop`,
    explain: `In training each evaluation of a batch norm moves its averages once. A loop evaluates its turns again and again on
values that differ from turn to turn, so that one average could not stand for all of them.

Take \`layer_norm\` or \`group_norm\` in what is repeated, as recurrent nets and diffusion models do; or call \`N.live\`, which
runs with the averages as they are. In an \`output\`, where nothing moves, batch norm in a loop is welcome; and so is a call
that is the same in all turns: name it by a \`let\` before the loop.`,
    example: `noise z ~ normal[8]
net N(z: [8]) -> [8] = z |> dense(8) |> batch_norm |> tanh
let y = z |> repeat i in 1..3 { N }
loss l = expect(sum(square(y)))
train (batch = 8, steps = 100) { sample z  update N to minimize l with sgd(0.1) }
`,
  } satisfies Entry<{ net: string | null }>,
} satisfies Record<string, Entry<never>>;
