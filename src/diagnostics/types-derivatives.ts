/** GAN0370–GAN0372: derivatives along a direction. */
import type { Entry } from './diagnostic.ts';

export const derivativeTypes = {
  GAN0370: {
    severity: 'error',
    title: 'values and directions do not pair up',
    message: ({ values, directions }) =>
      `\`jvp\` differentiates by ${count(values, 'value')} here, along ${count(directions, 'direction')}`,
    explain: `\`jvp(y, x, v)\` is the change of y as x moves along v. Several values that move at the same time stand in a tuple,
and so do their directions, in the same order: \`jvp(u, (z, r, t), (v, 0, 1))\`. The values count as independent of each
other, so none may stand there twice.

A value that stays where it is has the direction 0, or is left out.`,
    example: `noise z ~ normal[2]
noise t ~ uniform(0, 1)[1]
let u = tanh(z * t)
output out = jvp(u, (z, t), 1)
`,
  } satisfies Entry<{ values: number; directions: number }>,

  GAN0371: {
    severity: 'error',
    title: 'a direction that its value cannot move along',
    message: ({ x, v, value, direction }) =>
      `\`${x}\` is ${value}, and its direction \`${v}\` is ${direction}`,
    explain: `In \`jvp(y, x, v)\` the direction v has x's shape, or can be repeated to it: \`0\` and \`1\` move all entries alike. A
whole value (a constant, a result of \`expect\`) has one direction for all examples, so v is then whole too.`,
    example: `noise z ~ normal[2]
noise v ~ normal[3]
let u = tanh(z)
output out = jvp(u, z, v)
`,
  } satisfies Entry<{ x: string; v: string; value: string; direction: string }>,

  GAN0372: {
    severity: 'error',
    title: 'a value that moves twice',
    message: ({ x }) => `\`${x}\` stands twice among the values of \`jvp\``,
    explain: `In \`jvp(y, (a, b), (v, w))\` each value moves along its own direction, and the values count as independent. One
value has one direction: add the two up, \`jvp(y, a, v + w)\`. Two names may mean one value, as in \`let b = a\`.`,
    example: `noise z ~ normal[2]
let u = tanh(z)
output out = jvp(u, (z, z), (1, 0))
`,
  } satisfies Entry<{ x: string }>,
};

function count(n: number, what: string): string {
  return n === 1 ? `one ${what}` : `${n} ${what}s`;
}
