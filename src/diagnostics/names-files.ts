/** GAN0208–GAN0212, GAN0215: `use`, `--set` of the command line, and sets that come along. */
import type { Entry } from './diagnostic.ts';

export const files = {
  GAN0208: {
    severity: 'error',
    title: 'two files bring one name',
    message: ({ name, path }) => `"${path}" brings \`${name}\`, which already means something here`,
    explain: `\`use\` brings the \`param\`, \`def\` and \`net\` declarations of another file into this one, under their own names.
If this file, or another one that it uses, has declared such a name too, it would be unclear which is meant.

Rename one of them. (Names of the prelude never clash: a file's names hide them.)`,
    example: `use "blocks.gan"
noise z ~ normal[8]
def twice(v) = v + v
output out = twice(z)
`,
    exampleFiles: { 'blocks.gan': 'def twice(v) = 2 * v\n' },
  } satisfies Entry<{ name: string; path: string }>,

  GAN0209: {
    severity: 'error',
    title: 'a used file cannot be read',
    message: ({ path }) => `there is no file "${path}" to use, or it cannot be read`,
    explain: `The path of a \`use\` is relative to the file that it stands in, not to the folder in which the command runs. Look
at the spelling, and at the capitals: some systems tell \`Blocks.gan\` from \`blocks.gan\`.`,
    example: `use "blocks.gan"
noise z ~ normal[8]
output out = z
`,
  } satisfies Entry<{ path: string }>,

  GAN0210: {
    severity: 'error',
    title: 'files use each other in a circle',
    message: ({ chain }) =>
      `these files use each other in a circle: ${chain.map((p) => `"${p}"`).join(' → ')}`,
    explain: `A file that is used may use others, but in the end none may come back to where it began: there would be no first
one to read. Put what both files need into a third one that uses neither.`,
    example: `use "blocks.gan"
noise z ~ normal[8]
output out = z
`,
    exampleFiles: { 'blocks.gan': 'use "example.gan"\ndef twice(v) = 2 * v\n' },
  } satisfies Entry<{ chain: readonly string[] }>,

  GAN0211: {
    severity: 'error',
    title: 'a setting for no parameter',
    message: ({ name }) => `\`--set ${name}=…\`: there is no \`param ${name}\``,
    explain: `\`--set NAME=value\` on the command line replaces the value of \`param NAME\` in the file, or of one that the file
takes in by \`use\`. Only \`param\`s can be set: a number inside the text cannot, until it is given a name.`,
    example: `param latent = 8
noise z ~ normal[latent]
output out = z
`,
    exampleSet: { latnet: '16' },
  } satisfies Entry<{ name: string }>,

  GAN0212: {
    severity: 'error',
    title: 'a setting of another kind',
    message: ({ name, setting, kind }) =>
      `\`--set ${name}=${setting}\` gives \`${name}\` another kind: it takes ${kind}`,
    explain: `A \`param\` keeps the kind of the value in the file: a number stays a number, a string a string, \`true\` or
\`false\` one of the two, a list of numbers a list of numbers (\`--set sizes=64,128\` or \`--set sizes=[64,128]\`). So whatever
the file does with it still makes sense.`,
    example: `param latent = 8
noise z ~ normal[latent]
output out = z
`,
    exampleSet: { latent: 'many' },
  } satisfies Entry<{ name: string; setting: string; kind: string }>,

  GAN0215: {
    severity: 'warning',
    title: 'nearly the name of a set that comes along',
    message: ({ from, near }) => `no set called "${from}" comes along; "${near}" does`,
    explain: `\`from "…"\` names a set that comes along (\`fashion\`, \`fashion-full\`, \`ring\`, \`grid\`, \`spiral\`, \`tones\`) or a path
relative to the \`.gan\` file. This is one word, nearly one of those names: most likely a slip, which would be found only when
training begins.

If a folder of that name is meant, write it as a path: \`from "./fashon"\`.`,
    example: `data x ~ [2] from "rign"
output out = x
`,
  } satisfies Entry<{ from: string; near: string }>,
};
