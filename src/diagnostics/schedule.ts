/** GAN0501–GAN0523: the schedule. */
import type { Count } from '../ir/types.ts';
import type { Entry } from './diagnostic.ts';
import { quoted } from './listed.ts';
import { scheduleStatements } from './schedule-statements.ts';

/** How many examples a value holds, in words. */
const held = (count: Count): string =>
  typeof count === 'number' ? String(count) : count.replace('batch', "the phase's `batch`");

export const schedule = {
  ...scheduleStatements,

  GAN0501: {
    severity: 'error',
    title: 'a source is used before it is sampled',
    message: ({ source, objective }) =>
      `\`${objective}\` needs \`${source}\`, and nothing has sampled it yet`,
    explain: `A phase begins with nothing sampled. \`sample x, z\` draws a minibatch, and the samples keep their values until they
are sampled again; an update works on what is there. A source counts as sampled if any \`sample\` of it stands earlier in the
phase's text, inside a block too.

Write the \`sample\` above the first update that needs it. Two updates below one \`sample\` see the same samples, and what they
have in common is computed once.`,
    example: `data x ~ [8]
net D(x: [8]) -> [1] = x |> dense(1)
loss score = expect(D(x))
train (batch = 8, steps = 10) {
  update D to minimize score with adam(1e-3)
  sample x
}
`,
  } satisfies Entry<{ source: string; objective: string }>,

  GAN0502: {
    severity: 'error',
    title: 'an update that cannot change anything',
    message: ({ net, objective }) => `\`${objective}\` does not depend on the weights of \`${net}\``,
    explain: `The gradient of this loss by the net's weights is zero everywhere, so the update would do nothing, forever. Every
net that an \`update\` lists must influence its loss. Gradients do not pass through \`stop\`, through comparisons, or to the
weights of \`N.frozen\` and \`N.averaged\`.

Most often the wrong loss is named, or the loss uses \`x\` where \`G(z)\` was meant.`,
    example: `data x ~ [8]
noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
net D(x: [8]) -> [1] = x |> dense(1)
loss real = expect(D(x))
loss fake = expect(D(G(z)))
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize fake - real with adam(1e-3)
  update G to minimize real with adam(1e-3)
}
`,
  } satisfies Entry<{ net: string; objective: string }>,

  GAN0503: {
    severity: 'error',
    title: 'a net that no update lists',
    message: ({ net }) => `a loss uses the weights of \`${net}\`, and no \`update\` ever changes them`,
    explain: `The net would stay at its random start while others are trained against it. An \`update\` changes the nets that it
lists and no others: not those that they call.

List it (\`update G, E to minimize …\`), or say that it is meant to stay: start it \`from "a run"\`, or use \`N.frozen\`.`,
    example: `data x ~ [8]
noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
net D(x: [8]) -> [1] = x |> dense(1)
loss d_loss = expect(D(G(z))) - expect(D(x))
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize d_loss with adam(1e-3)
}
`,
  } satisfies Entry<{ net: string }>,

  GAN0508: {
    severity: 'error',
    title: 'epochs without data',
    message: ({ phase }) => `the phase \`${phase}\` counts epochs, and samples no data`,
    explain: `An epoch is one pass through a data set: the first \`data\` that the phase samples. Noise has no end, so a phase that
samples only noise is measured in \`steps\`.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
loss size = expect(norm(G(z)))
train (batch = 8, epochs = 2) {
  sample z
  update G to minimize size with adam(1e-3)
}
`,
  } satisfies Entry<{ phase: string }>,

  GAN0509: {
    severity: 'error',
    title: 'how long a phase runs',
    message: ({ both }) =>
      both
        ? 'a phase runs for `steps` or for `epochs`, not both'
        : 'a phase says how long it runs: `steps` or `epochs`',
    explain: `\`train (batch = 64, steps = 20_000)\` runs for so many steps; \`train (batch = 64, epochs = 10)\` ends after the step
that completes so many passes of its first data. On the command line \`--steps\` replaces it for one run.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
loss size = expect(norm(G(z)))
train (batch = 8) {
  sample z
  update G to minimize size with adam(1e-3)
}
`,
  } satisfies Entry<{ both: boolean }>,

  GAN0511: {
    severity: 'error',
    title: 'a phase without a batch',
    message: (_: Record<never, never>) => 'a phase says how many examples a step draws: `batch`',
    explain: `\`train (batch = 64, steps = 20_000)\`: each \`sample\` draws 64 examples, unless it says another number
(\`sample 500 of x\`). On the command line \`--batch\` replaces it for one run.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
loss size = expect(norm(G(z)))
train (steps = 10) {
  sample z
  update G to minimize size with adam(1e-3)
}
`,
  } satisfies Entry<Record<never, never>>,

  GAN0512: {
    severity: 'error',
    title: 'values of different counts meet',
    message: ({ left, right, counts: [a, b] }) =>
      `\`${left}\` holds ${held(a)} examples here and \`${right}\` ${held(b)}: they cannot be combined example by example`,
    explain: `\`sample 500 of x\` draws another number than the phase's \`batch\`, and values of each example go together one by one.
So what comes from sources of different counts only meets after \`expect\` has averaged each of them.

Draw the two with the same count, or average first: \`expect(a) - expect(b)\`. (A number equal to today's \`batch\` is not the
batch: \`--batch\` may change that.)`,
    example: `data x ~ [8]
noise z ~ normal[8]
net D(x: [8]) -> [1] = x |> dense(1)
loss gap = expect(D(x) - D(z))
train (batch = 8, steps = 10) {
  sample 100 of x
  sample z
  update D to minimize gap with adam(1e-3)
}
`,
  } satisfies Entry<{ left: string; right: string; counts: readonly [Count, Count] }>,

  GAN0513: {
    severity: 'error',
    title: 'a count that is not certain',
    message: ({ source, counts }) =>
      `how many examples \`${source}\` holds here depends on what has run: ${counts.map(held).join(' or ')}`,
    explain: `Shapes are known while compiling, and so is how many examples a value holds at each update. Here that depends on
whether a block (\`once\`, \`every\`, \`repeat\`) has run: one \`sample\` gives one count, another gives another.

Sample the source again, with one count, right above this update.`,
    example: `data x ~ [8]
net D(x: [8]) -> [1] = x |> dense(1)
loss score = expect(D(x))
train (batch = 8, steps = 10) {
  sample x
  every 5 { sample 100 of x }
  update D to minimize score with adam(1e-3)
}
`,
  } satisfies Entry<{ source: string; counts: readonly Count[] }>,

  GAN0514: {
    severity: 'error',
    title: 'an average that nothing keeps',
    message: ({ net }) => `\`${net}.averaged\` needs an \`average ${net}\` in the schedule`,
    explain: `\`N.averaged\` is N with the exponential moving average of its weights, and it is the statement \`average N decay d\`
that keeps this average, step by step. Without it there is none.

Outputs need not name it: in phases that average a net they use the average by themselves.`,
    example: `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
output out = G.averaged(z)
`,
  } satisfies Entry<{ net: string }>,

  GAN0523: {
    severity: 'error',
    title: 'a metric whose sources are not sampled',
    message: ({ metric, sources }) =>
      `the metric \`${metric}\` needs ${quoted(sources)}, and no phase samples all it needs`,
    explain: `A metric is worked out at the end of logged steps on the current samples, so some phase must sample every source
that it comes from. (In phases that don't, it is left out of the log. Outputs draw for themselves.)`,
    example: `data x ~ [8]
noise z ~ normal[8]
net D(x: [8]) -> [1] = x |> dense(1)
loss score = expect(D(x))
metric on_noise = expect(D(z))
train (batch = 8, steps = 10) {
  sample x
  update D to minimize score with adam(1e-3)
}
`,
  } satisfies Entry<{ metric: string; sources: readonly string[] }>,
};
