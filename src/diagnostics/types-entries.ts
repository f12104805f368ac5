/** GAN0374–GAN0375: functions over an axis. */
import type { Entry } from './diagnostic.ts';

export const entryTypes = {
  GAN0374: {
    severity: 'error',
    title: 'a map over a value without axes',
    message: ({ text }) => `\`map\` goes through the first axis of a value, and \`${text}\` has none`,
    explain: `\`map(v, f)\` applies a net or a def to each entry of v's first axis: to the points of a set [n, d], the steps of a
sequence [n, d], the pictures of a film [n, h, w, c]. A scalar has no entries.

Call the function itself, \`f(v)\`, or give it a value of entries. The batch is never an axis: each example is treated
alike without a \`map\`.`,
    example: `noise z ~ normal[8]
net f(x: []) -> [1] = x |> reshape(1) |> dense(1)
output out = map(sum(z), f)
`,
  } satisfies Entry<{ text: string }>,

  GAN0375: {
    severity: 'error',
    title: 'a map whose function looks at no entry',
    message: ({ f, found }) => `what \`${f}\` gives for an entry is ${found}, the same for all entries`,
    explain: `\`map(v, f)\` puts the results of f for the entries side by side, so f must give something of each entry. A
constant, a weight and an \`expect\` are of no entry: \`expect\` in f averages over the entries of all examples.

To reduce over the entries, do it after the map: \`map(v, f) |> sum(axis = 0)\`.`,
    example: `noise z ~ normal[5, 8]
def f(x) = expect(x)
output out = map(z, f)
`,
  } satisfies Entry<{ f: string; found: string }>,
};
