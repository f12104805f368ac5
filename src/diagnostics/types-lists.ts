/** GAN0380–GAN0389: lists of nets. */
import type { Entry } from './diagnostic.ts';

const list = `\`net c[6](x: [2]) -> [2] = …\` declares six nets with weights of their own, \`c[1]\` to \`c[6]\`: the blocks of a
flow, the scales of a pyramid, an ensemble.`;

export const listTypes = {
  GAN0380: {
    severity: 'error',
    title: 'a place in something that is no list of nets',
    message: ({ text, found }) => `\`${text}\` is ${found}, and only a list of nets has places`,
    explain: `${list} Nothing else is taken apart by square brackets.

A part of a tensor is \`slice(v, axis, from, to)\`, several parts \`split(v, sizes, axis)\`; a tuple has names or is taken
apart by \`let (a, b) = …\`. In a list of numbers \`each i in list { … }\` goes through them.`,
    example: `noise z ~ normal[8]
output out = z[0]
`,
  } satisfies Entry<{ text: string; found: string }>,

  GAN0381: {
    severity: 'error',
    title: 'a place that is not known while compiling',
    message: ({ list: name, found }) => `the place in \`${name}\` must be a constant, and this is ${found}`,
    explain: `${list} Which of them is meant chooses what is built, so it is a constant: a number, a \`param\`, the variable of an
\`each\`. A value of the running model cannot choose among nets.

To mix the results of several nets, call each of them and weigh: \`w * c[1](x) + (1 - w) * c[2](x)\`.`,
    example: `noise z ~ normal[8]
noise k ~ uniform(1, 2)[1]
net c[2](z: [8]) -> [8] = z |> dense(8)
output out = c[k](z)
`,
  } satisfies Entry<{ list: string; found: string }>,

  GAN0382: {
    severity: 'error',
    title: 'a place outside of the list',
    message: ({ list: name, place, length }) =>
      `there is no \`${name}[${place}]\`: the list has ${length === 1 ? 'one net' : `${length} nets`}, from 1 to ${length}`,
    explain: `${list} Places count from 1, as in \`each k in 1..6 { c[k] }\`, which has both ends.

Correct the place, or the length where the list is declared.`,
    example: `noise z ~ normal[8]
net c[2](z: [8]) -> [8] = z |> dense(8)
output out = z |> each k in 0..1 { c[k] }
`,
  } satisfies Entry<{ list: string; place: number; length: number }>,

  GAN0383: {
    severity: 'error',
    title: 'a list of nets where one net is needed',
    message: ({ list: name, length }) =>
      `\`${name}\` is a list of ${length === 1 ? 'one net' : `${length} nets`}: say which one, \`${name}[1]\` for the first`,
    explain: `${list} A call, and \`.frozen\` or \`.averaged\`, are of one of them. All in turn are
\`x |> each k in 1..6 { c[k] }\`.

The statements of a schedule take the list as a whole: \`update c to …\` moves all its nets, and so do \`clip c\` and
\`average c\`.`,
    example: `noise z ~ normal[8]
net c[2](z: [8]) -> [8] = z |> dense(8)
output out = c(z)
`,
  } satisfies Entry<{ list: string; length: number }>,
};
