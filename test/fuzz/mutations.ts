/**
 * Programs with mistakes, made from right ones: tokens taken away, doubled, exchanged and replaced, two programs joined,
 * numbers and characters that nobody expects. Everything follows from the seed, so a program that fails can be made again.
 */

/** Mulberry32: 32 bits of state, uniform in [0, 1). */
export function randomOf(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const tokenPattern =
  /\/\/[^\n]*|"[^"\n]*"|[\p{L}_][\p{L}\p{N}_]*|\d[\d_.eE]*|\|>|->|\.\.|[<>=!&|]=?|\s+|./gsu;

const numbers = [
  '0',
  '-1',
  '1',
  '2',
  '1e308',
  '1e309',
  '-1e308',
  '5e-324',
  '1e-400',
  '9007199254740992',
  '9007199254740993',
  '4294967296',
  '2147483648',
  '1e9',
  '1e15',
  '0.1',
  '-0',
  '0.30000000000000004',
  '1_000',
  '1__0',
  '00',
  '1.',
  '.5',
  '1e',
  '0x10',
  '1e99999',
  '123456789012345678901234567890',
  'NaN',
  'Infinity',
  '0 / 0',
  '1 / 0',
  '2 ^ 1024',
  'log(-1)',
];

const words = [
  'param',
  'data',
  'noise',
  'init',
  'net',
  'optimizer',
  'def',
  'let',
  'loss',
  'metric',
  'output',
  'train',
  'use',
  'return',
  'if',
  'then',
  'else',
  'each',
  'draw',
  'true',
  'false',
  'in',
  'as',
  'from',
  'sample',
  'update',
  'together',
  'repeat',
  'every',
  'once',
  'clip',
  'average',
  'to',
  'minimize',
  'maximize',
  'with',
  'decay',
  'of',
  'step',
  'epoch',
  'progress',
  'pi',
  'dense',
  'conv',
  'conv_transpose',
  'batch_norm',
  'layer_norm',
  'embed',
  'weight',
  'reshape',
  'concat',
  'split',
  'slice',
  'grad',
  'expect',
  'norm',
  'mean',
  'sum',
  'softmax',
  'dropout',
  'matmul',
  'upsample',
  'pad',
  'crop',
  'one_hot',
  'range',
  'size',
  'image',
  'label',
  'sound',
  'normal',
  'uniform',
  'bernoulli',
  'gumbel',
  'truncated_normal',
  'categorical',
  'adam',
  'sgd',
  'averaged',
  'frozen',
  'live',
  'toString',
  'constructor',
  '__proto__',
  'hasOwnProperty',
  'valueOf',
  'prototype',
  'axis',
  'kernel',
  'stride',
  'padding',
  'shape',
  'where',
  'stop',
  'relu',
  'tanh',
  'sigmoid',
  'log',
  'exp',
  'sqrt',
  'gradient_penalty',
];

const signs = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  ':',
  '=',
  '~',
  '|>',
  '->',
  '..',
  '.',
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '!',
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '&&',
  '||',
  '"',
  "'",
  ';',
  '#',
  '//',
  '///',
  '/*',
  '*/',
  '`',
  '${',
  '\\',
  '@',
  '?',
  '&',
  '|',
];

const characters = [
  '\u0000',
  '\u0007',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u00ad',
  '\u0301',
  '\u200b',
  '\u200d',
  '\u2028',
  '\u2029',
  '\u202e',
  '\u2066',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '\udc00',
  '\ud83d\ude00',
  '𝔾',
  'é',
  'e\u0301',
  'σ',
  'ß',
  'İ',
  'ﬁ',
  '日本',
  '٣',
  '²',
  '\r',
  '\r\n',
  '\t',
  '\v',
  '\f',
  '</script>',
  '<!--',
  ']]>',
  '%00',
  '\\u0041',
];

/** A program made from these by some mistakes. */
export function mutated(texts: readonly string[], random: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  let tokens: string[] = pick(texts).match(tokenPattern) ?? [];
  const other = (): string[] => pick(texts).match(tokenPattern) ?? [];
  const at = (list: readonly string[]): number => Math.floor(random() * (list.length + 1));
  /** Short stretches are likelier than long ones. */
  const length = (list: readonly string[]): number =>
    Math.floor(random() ** 3 * Math.min(list.length, 60)) + 1;
  const put = (i: number, remove: number, ...added: string[]): void => {
    tokens = [...tokens.slice(0, i), ...added, ...tokens.slice(i + remove)];
  };
  /** Where a token of this kind stands. */
  const find = (kind: RegExp): number => {
    const start = at(tokens);
    for (let i = 0; i < tokens.length; i++) {
      const place = (start + i) % tokens.length;
      if (kind.test(tokens[place]!)) return place;
    }
    return start;
  };
  const edits: (() => void)[] = [
    () => put(at(tokens), 1),
    () => put(at(tokens), length(tokens)),
    () => {
      const [i, n] = [at(tokens), length(tokens)];
      put(i, 0, ...tokens.slice(i, i + n));
    },
    () => {
      const [i, n] = [at(tokens), length(tokens)];
      put(at(tokens), 0, ...tokens.slice(i, i + n));
    },
    () => {
      const [i, j] = [at(tokens), at(tokens)];
      const [a, b] = [tokens[i] ?? '', tokens[j] ?? ''];
      put(i, 1, b);
      put(j, 1, a);
    },
    () => put(find(/^\d/), 1, pick(numbers)),
    () => put(find(/^\d/), 1, pick(numbers)),
    () => put(at(tokens), 1, pick(numbers)),
    () => put(find(/^[\p{L}_]/u), 1, pick(words)),
    () => put(find(/^[\p{L}_]/u), 1, tokens[find(/^[\p{L}_]/u)] ?? ''),
    () => put(at(tokens), 0, ' ', pick(words), ' '),
    () => put(at(tokens), random() < 0.5 ? 1 : 0, pick(signs)),
    () => put(find(/^[^\p{L}\p{N}\s_]/u), 1, pick(signs)),
    () => put(at(tokens), random() < 0.5 ? 1 : 0, pick(characters)),
    () => {
      const from = other();
      const i = at(from);
      put(at(tokens), random() < 0.3 ? length(tokens) : 0, ...from.slice(i, i + length(from) * 3));
    },
    () => {
      // The beginning of one and the end of another.
      const from = other();
      tokens = [...tokens.slice(0, at(tokens)), '\n', ...from.slice(at(from))];
    },
    () => put(0, 0, ...other(), '\n'),
  ];
  const times = 1 + Math.floor(random() ** 4 * 7);
  // Most make one mistake; a file of two halves makes many at once.
  for (let k = 0; k < times; k++) pick(random() < 0.9 ? edits.slice(0, -2) : edits)();
  const text = tokens.join('');
  return text.length > 20_000 ? text.slice(0, 20_000) : text;
}
