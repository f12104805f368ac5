/** GAN01xx: text and syntax. */
import type { Entry } from './diagnostic.ts';

export const syntax = {
  GAN0111: {
    severity: 'error',
    title: 'chain too long',
    message: ({ what, limit }: { what: 'operators' | 'else if'; limit: number }) =>
      what === 'operators'
        ? `More than ${limit} operators stand in one another here`
        : `More than ${limit} \`else if\`s follow one another here`,
    explain: `An expression may be ${256} operators deep, and 256 \`else if\`s long.`,
    example: `let a = 1${' + 1'.repeat(257)}\n`,
  },
  GAN0112: {
    severity: 'error',
    title: 'something else was expected',
    message: ({ expected, found }: { expected: string; found: string }) =>
      `Expected ${expected}, but found ${found}`,
    explain: 'The text stops making sense here.',
    example: 'param latent 100\n',
  },
  GAN0115: {
    severity: 'error',
    title: 'this word has a meaning of its own',
    message: ({ word, use }: { word: string; use: 'reserved' | 'given' }) =>
      use === 'reserved'
        ? `\`${word}\` is a word of the language, so it can't be a name`
        : `\`${word}\` is always in reach with its own meaning, so nothing else can be called so`,
    explain: 'Some words cannot be declared.',
    example: 'param step = 3\n',
  },
  GAN0116: {
    severity: 'error',
    title: 'not a stage',
    message: ({ what }: { what: 'choice' | 'stage' }) =>
      what === 'choice'
        ? 'A choice of stages is made of names, and this is no name'
        : 'A stage is a name or a call, and this is neither',
    explain: 'After `|>` stands a stage.',
    example: 'def f(x) = x |> 2 * x\n',
  },
  GAN0117: {
    severity: 'error',
    title: 'comparisons do not chain',
    message: ({ first, second }: { first: string; second: string }) =>
      `\`${first}\` and \`${second}\` can't be chained: join two comparisons by \`&&\``,
    explain: 'Comparisons do not chain.',
    example: 'param a = 1 < 2 < 3\n',
  },
  GAN0118: {
    severity: 'error',
    title: 'only a name can be called',
    message: ({ what }: { what: 'number' | 'call' | 'other' }) =>
      what === 'number'
        ? 'A number can’t be called'
        : what === 'call'
          ? 'What a call gives can’t be called again'
          : 'Only a name can be called',
    explain: 'Only a name can be called.',
    example: 'param a = 2(3)\n',
  },
  GAN0124: {
    severity: 'error',
    title: 'a positional argument after a named one',
    message: ({ name }: { name: string }) => `This argument has no name, but it stands after \`${name} = …\``,
    explain: 'Arguments are positional, then named.',
    example: 'init kernel ~ normal(mean = 0, 0.02)\n',
  },
  GAN0125: {
    severity: 'error',
    title: 'names and types of a record do not pair up',
    message: ({ names, types }: { names: number; types: number }) =>
      `${names === 1 ? 'One name stands' : `${names} names stand`} before \`~\`, and ${types === 1 ? 'one type' : `${types} types`} after it`,
    explain: 'Each name of a record has its type.',
    example: 'data (x, y) ~ (image[28, 28, 1], label[10], [3])\n',
  },
} satisfies Record<string, Entry<never>>;
