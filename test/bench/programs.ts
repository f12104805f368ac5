/**
 * Programs of any size, one kind of growth each, for `test/fuzz/growth.test.ts`.
 * `n` says how often the kind's own part is repeated; the rest of the file stays as it is.
 */

export interface Kind {
  readonly name: string;
  readonly text: (n: number) => string;
  /** Whether the program is right, so that it reaches the later stages. */
  readonly sound: boolean;
  /** Repetitions at which it takes some tenths of a second. */
  readonly size: number;
}

const list = (n: number, f: (i: number) => string, between = '\n'): string =>
  Array.from({ length: n }, (_, i) => f(i)).join(between);

const sources = 'data x ~ [8]\nnoise z ~ normal[8]\n';
const critic = 'net D(x: [8]) -> [1] = x |> dense(1)\n';
const generator = 'net G(z: [8]) -> [8] = z |> dense(8) |> tanh\n';
const play = `let fake = G(z)
loss d = expect(softplus(-D(x))) + expect(softplus(D(fake)))
loss g = expect(softplus(-D(fake)))
output samples = fake
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize d with adam(1e-3)
  update G to minimize g with adam(1e-3)
}
`;
const game = sources + generator + critic + play;
const with_G = (body: string): string => `${sources}net G(z: [8]) -> [8] =\n  ${body}\n${critic}${play}`;

/** A program of one updated net and an objective of its own, after these lines. */
const minimise = (lines: string, objective: string): string =>
  `${sources}net N(x: [8]) -> [8] = x |> dense(8)\n${lines}\nloss size = ${objective}\ntrain (batch = 8, steps = 10) {\n  sample x, z\n  update N to minimize size with adam(1e-3)\n}\n`;

const right: Record<string, [number, (n: number) => string]> = {
  'layers in one pipe': [1000, (n) => with_G(`z\n${'  |> dense(8)\n  |> tanh\n'.repeat(n)}`)],
  'batch norms in one pipe': [
    300,
    (n) => with_G(`z\n${'  |> dense(8)\n  |> batch_norm\n  |> relu\n'.repeat(n)}`),
  ],
  'spectral norms in one pipe': [
    300,
    (n) => with_G(`z\n${'  |> dense(8, norm = "spectral")\n  |> relu\n'.repeat(n)}`),
  ],
  'dropouts in one pipe': [
    300,
    (n) => with_G(`z |> dense(8)\n${'  |> dropout(0.1)\n  |> tanh\n'.repeat(n)}`),
  ],
  'elementwise stages': [1500, (n) => with_G(`z |> dense(8)\n${'  |> tanh\n  |> sigmoid\n'.repeat(n)}`)],
  'stages of an each': [
    1500,
    (n) => `def stage(h) = tanh(h) + h\n${with_G(`z |> dense(8) |> each i in 1..${n} { stage }`)}`,
  ],
  'additions of an each': [
    3000,
    (n) => `def more(h) = h + 1\n${with_G(`z |> dense(8) |> each i in 1..${n} { more }`)}`,
  ],
  'residual blocks in an each': [
    300,
    (n) =>
      `def block(h) = h + (h |> dense(8) |> relu |> dense(8))\n${with_G(`z |> each i in 1..${n} { block }`)}`,
  ],
  'an each over a list': [
    1500,
    (n) => with_G(`z |> dense(8) |> each i in [${list(n, String, ', ')}] { tanh }`),
  ],
  'lets on lets': [
    1000,
    (n) =>
      minimise(`let h0 = N(x)\n${list(n, (i) => `let h${i + 1} = tanh(h${i}) + z`)}`, `expect(mean(h${n}))`),
  ],
  'lets of a block': [
    500,
    (n) =>
      with_G(
        `{\n  let h0 = z |> dense(8)\n${list(n, (i) => `  let h${i + 1} = h${i} + tanh(h${i})`)}\n  return h${n}\n}`,
      ),
  ],
  'defs side by side': [
    500,
    (n) =>
      `${list(n, (i) => `def f${i}(h) = tanh(h) + ${i}`)}\n` +
      with_G(`z |> dense(8)\n${list(n, (i) => `  |> f${i}`)}`),
  ],
  'defs in defs': [
    90,
    (n) =>
      `def f0(h) = tanh(h)\n${list(n, (i) => `def f${i + 1}(h) = f${i}(h) + 1`)}\n${with_G(`z |> dense(8) |> f${n}`)}`,
  ],
  'defs with defaults': [
    500,
    (n) => `def f(h, k = 2 + 3, m = k * 2) = h * k + m\n${with_G(`z |> dense(8)\n${'  |> f\n'.repeat(n)}`)}`,
  ],
  'params on params': [
    1500,
    (n) =>
      `param p0 = 1\n${list(n, (i) => `param p${i + 1} = p${i} + 1`)}\n${with_G(`z |> dense(8) |> leaky_relu(1 / p${n})`)}`,
  ],
  'params in the text': [
    1500,
    (n) =>
      `${list(n, (i) => `param p${i} = ${i}`)}\n${with_G(`z |> dense(8 + 0 * (${list(Math.min(n, 200), (i) => `p${i}`, ' + ')}))`)}`,
  ],
  'nets side by side': [
    150,
    (n) =>
      `${sources}${list(n, (i) => `net N${i}(z: [8]) -> [8] = z |> dense(8)`)}\nloss size = ${balanced(list(n, (i) => `expect(mean(square(N${i}(z))))`, '\n').split('\n'))}\ntrain (batch = 8, steps = 10) {\n  sample z\n  update ${list(n, (i) => `N${i}`, ', ')} to minimize size with adam(1e-3)\n}\n`,
  ],
  'nets in nets': [
    90,
    (n) =>
      `${sources}net N0(z: [8]) -> [8] = z |> dense(8)\n${list(n, (i) => `net N${i + 1}(z: [8]) -> [8] = N${i}(z) |> dense(8)`)}\nloss size = expect(mean(square(N${n}(z))))\ntrain (batch = 8, steps = 10) {\n  sample z\n  update ${list(n + 1, (i) => `N${i}`, ', ')} to minimize size with adam(1e-3)\n}\n`,
  ],
  'calls of one net': [
    200,
    (n) =>
      minimise(
        `${list(n, (i) => `let h${i} = N(x + ${i})`)}`,
        balanced(list(n, (i) => `expect(mean(h${i}))`, '\n').split('\n')),
      ),
  ],
  'losses and their updates': [
    120,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\n${list(n, (i) => `loss l${i} = expect(mean(square(N(x) - ${i})))`)}\ntrain (batch = 8, steps = 10) {\n  sample x\n${list(n, (i) => `  update N to minimize l${i} with adam(1e-3)`)}\n}\n`,
  ],
  'updates of one loss': [
    200,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\nloss l = expect(mean(square(N(x))))\ntrain (batch = 8, steps = 10) {\n${'  sample x\n  update N to minimize l with adam(1e-3)\n'.repeat(n)}}\n`,
  ],
  'a together': [
    120,
    (n) =>
      `${sources}${list(n, (i) => `net N${i}(z: [8]) -> [8] = z |> dense(8)\nloss l${i} = expect(mean(square(N${i}(z))))`)}\ntrain (batch = 8, steps = 10) {\n  sample z\n  together {\n${list(n, (i) => `    update N${i} to minimize l${i} with adam(1e-3)`)}\n  }\n}\n`,
  ],
  phases: [
    80,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\nloss l = expect(mean(square(N(x))))\n${list(n, (i) => `train p${i} (batch = 8, steps = 10) {\n  sample x\n  update N to minimize l with adam(1e-3)\n}`)}\n`,
  ],
  'conditional blocks': [
    150,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\nloss l = expect(mean(square(N(x))))\ntrain (batch = 8, steps = 10) {\n  sample x\n${list(n, (i) => `  every ${i + 2} { update N to minimize l with adam(1e-3) }`)}\n}\n`,
  ],
  'states that are set': [
    150,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\nloss l = expect(mean(square(N(x))))\n${list(n, (i) => `state s${i} = ${i}\nstate c${i} ~ normal[8]`)}\ntrain (batch = 8, steps = 10) {\n  sample x\n  update N to minimize l with adam(1e-3)\n${list(n, (i) => `  if step > ${i} { set s${i} to s${i} + expect(mean(N(c${i}))) }\n  set c${i} to N(c${i})`)}\n}\n`,
  ],
  'blocks in blocks': [
    30,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\nloss l = expect(mean(square(N(x))))\ntrain (batch = 8, steps = 10) {\n  sample x\n${'repeat 2 {\n'.repeat(n)}  update N to minimize l with adam(1e-3)\n${'}'.repeat(n)}\n}\n`,
  ],
  outputs: [200, (n) => `${game + list(n, (i) => `output o${i} = G(z) + ${i}`)}\n`],
  metrics: [200, (n) => `${game + list(n, (i) => `metric m${i} = expect(mean(G(z))) + ${i}`)}\n`],
  'noise sources': [
    300,
    (n) =>
      minimise(
        list(n, (i) => `noise z${i} ~ normal[8]`),
        'expect(mean(N(x)))',
      ).replace('sample x, z', `sample x, z, ${list(n, (i) => `z${i}`, ', ')}`) +
      list(n, (i) => `output o${i} = z${i}`) +
      '\n',
  ],
  'fields of a record': [
    300,
    (n) =>
      `data (${list(n, (i) => `f${i}`, ', ')}) ~ (${list(n, () => '[8]', ', ')})\nnet N(x: [8]) -> [8] = x |> dense(8)\nloss l = expect(mean(N(f0)))\ntrain (batch = 8, steps = 10) {\n  sample f0\n  update N to minimize l with adam(1e-3)\n}\n`,
  ],
  'sums in one chain': [
    200,
    (n) =>
      minimise(
        '',
        list(
          Math.ceil(n / 200),
          (k) => `expect(mean(N(x + ${k})${list(Math.min(n, 200), (i) => ` + ${i + 1} * x`, '')}))`,
          ' + ',
        ),
      ),
  ],
  'a wide concat': [
    300,
    (n) =>
      minimise(
        `let h = N(x)\nlet c = concat(${list(n, (i) => (i % 2 ? 'h' : `h * ${i + 2}`), ', ')})`,
        'expect(mean(c))',
      ),
  ],
  'a wide split': [
    300,
    (n) =>
      `${sources}net N(x: [8]) -> [${n}] = x |> dense(${n})\nlet (${list(n, (i) => `s${i}`, ', ')}) = split(N(x), [${list(n, () => '1', ', ')}])\nloss l = expect(${balanced(list(n, (i) => `mean(square(s${i}))`, '\n').split('\n'))})\ntrain (batch = 8, steps = 10) {\n  sample x\n  update N to minimize l with adam(1e-3)\n}\n`,
  ],
  'slices of one value': [
    300,
    (n) =>
      `${sources}net N(x: [8]) -> [${n}] = x |> dense(${n})\nlet h = N(x)\nloss l = expect(${balanced(list(n, (i) => `mean(square(slice(h, 0, ${i}, ${i + 1})))`, '\n').split('\n'))})\ntrain (batch = 8, steps = 10) {\n  sample x\n  update N to minimize l with adam(1e-3)\n}\n`,
  ],
  'a long list': [
    10_000,
    (n) => minimise(`let w = [${list(n, (i) => String(i / 7), ', ')}]`, 'expect(mean(N(x))) + mean(w)'),
  ],
  'a long list that a net reads': [
    8_000,
    (n) =>
      `${sources}net N(x: [8]) -> [${n}] = x |> dense(${n}) |> minimum([${list(n, (i) => String(i / 7), ', ')}])\nloss l = expect(mean(N(x)))\ntrain (batch = 8, steps = 10) {\n  sample x\n  update N to minimize l with adam(1e-3)\n}\n`,
  ],
  draws: [
    200,
    (n) =>
      minimise(
        list(n, (i) => `let e${i} = draw normal[8]`),
        balanced(list(n, (i) => `expect(mean(square(N(x) + e${i})))`, '\n').split('\n')),
      ),
  ],
  'draws in an each': [
    500,
    (n) =>
      `def noisy(h) = tanh(h) + draw normal[8]\n${with_G(`z |> dense(8) |> each i in 1..${n} { noisy }`)}`,
  ],
  'one value read often': [
    400,
    (n) =>
      minimise(
        'let h = N(x)',
        balanced(list(n, (i) => `expect(mean(tanh(h * ${i + 2})))`, '\n').split('\n')),
      ),
  ],
  'gradients side by side': [
    60,
    (n) =>
      minimise(
        list(n, (i) => `let g${i} = grad(mean(square(N(z * ${i + 1}))), z)`),
        balanced(list(n, (i) => `expect(mean(square(g${i})))`, '\n').split('\n')),
      ),
  ],
  'gradient of a deep net': [
    200,
    (n) =>
      `${sources}net D(x: [8]) -> [1] =\n  x\n${'  |> dense(8)\n  |> tanh\n'.repeat(n)}  |> dense(1)\nloss l = expect(D(x)) + expect(square(norm(grad(D(x), x)) - 1))\ntrain (batch = 8, steps = 10) {\n  sample x\n  update D to minimize l with adam(1e-3)\n}\n`,
  ],
  'a host expression': [
    300,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\nloss l = expect(mean(square(N(x))))\ntrain (batch = 8, steps = 10) {\n  sample x\n${list(n, (i) => `  update N to minimize l * (1 - progress * ${i + 1} / step) with sgd(1e-3 / (1 + step))`)}\n}\n`,
  ],
  'host values on host values': [
    150,
    (n) =>
      `${sources}net N(x: [8]) -> [8] = x |> dense(8)\nlet h0 = step * 1\n${list(n, (i) => `let h${i + 1} = h${i} + step`)}\nloss l = expect(mean(square(N(x)))) * h${n}\ntrain (batch = 8, steps = 10) {\n  sample x\n  update N to minimize l with sgd(1e-3)\n}\n`,
  ],
  comments: [5000, (n) => `${'// a word on what follows, which nobody will read\n'.repeat(n)}${game}`],
  documentation: [5000, (n) => `${'/// a word on what follows, which nobody will read\n'.repeat(n)}${game}`],
  'a long comment': [5000, (n) => `// ${'a word on what follows '.repeat(n)}\n${game}`],
  'a long string': [5000, (n) => `param s = "${'a word on what follows '.repeat(n)}"\n${game}`],
  'allow comments': [1000, (n) => `${list(n, (i) => `// allow GAN0217\nparam unused${i} = ${i}`)}\n${game}`],
  'allow comments in a row': [
    2000,
    (n) => `${'// allow GAN0217, GAN0401\n'.repeat(n)}param unused = 1\n${game}`,
  ],
  'unused names': [500, (n) => `${game + list(n, (i) => `let unused${i} = z + ${i}`)}\n`],
  'white space': [20_000, (n) => `${' \n\t'.repeat(n)}${game}${'\n'.repeat(n)}`],
  'long names': [
    40,
    (n) =>
      minimise(
        list(n, (i) => `let ${'a'.repeat(Math.min(20 * n, 180))}${i} = N(x) * ${i}`),
        balanced(list(n, (i) => `expect(mean(${'a'.repeat(Math.min(20 * n, 180))}${i}))`, '\n').split('\n')),
      ),
  ],
  'warnings of the craft': [
    150,
    (n) =>
      `${sources}${list(n, (i) => `net N${i}(z: [8]) -> image[8, 8, 1] = z |> dense(64) |> reshape(8, 8, 1) |> sigmoid\noutput o${i} = N${i}(z)`)}\n`,
  ],
  'logarithms of zero': [
    200,
    (n) => minimise('', balanced(list(n, (i) => `expect(mean(log(relu(N(x) + ${i}))))`, '\n').split('\n'))),
  ],
};

/** A sum whose brackets nest as little as they can: chains of operators are at most 256 long. */
function balanced(terms: readonly string[]): string {
  if (terms.length <= 60) return terms.join(' + ');
  const size = Math.ceil(terms.length / 60);
  const groups: string[] = [];
  for (let i = 0; i < terms.length; i += size) groups.push(`(${balanced(terms.slice(i, i + size))})`);
  return groups.join(' + ');
}

const wrong: Record<string, [number, (n: number) => string]> = {
  'unknown values': [500, (n) => list(n, (i) => `param ${'a'.repeat(30)}${i} = ${'b'.repeat(34)}${i}`)],
  'unknown short values': [800, (n) => list(n, (i) => `param value${i} = valeu${i * 7}x`)],
  'unknown functions': [500, (n) => `${sources}${list(n, (i) => `let h${i} = functoin${i}(z)`)}`],
  'unknown nets': [
    500,
    (n) =>
      `${game}train two (batch = 8, steps = 2) {\n  sample x, z\n${list(n, (i) => `  update Generatr${i} to minimize d with adam(1e-3)`)}\n}\n`,
  ],
  'unknown losses': [
    500,
    (n) =>
      `${game}train two (batch = 8, steps = 2) {\n  sample x, z\n${list(n, (i) => `  update D to minimize lossy${i} with adam(1e-3)`)}\n}\n`,
  ],
  'unknown sources': [
    500,
    (n) =>
      `${game}train two (batch = 8, steps = 2) {\n${list(n, (i) => `  sample sauce${i}`)}\n  update D to minimize d with adam(1e-3)\n}\n`,
  ],
  'unknown optimisers': [
    300,
    (n) =>
      `${game}train two (batch = 8, steps = 2) {\n  sample x, z\n${list(n, (i) => `  update D to minimize d with addam${i}`)}\n}\n`,
  ],
  'unknown arguments': [500, (n) => `${sources}${list(n, (i) => `let h${i} = leaky_relu(z, slop${i} = 1)`)}`],
  'unknown words': [300, (n) => with_G(`z\n${list(n, (i) => `  |> dense(8, norm = "spectrl${i}")`)}`)],
  'a name with many candidates': [1000, (n) => `${list(n, (i) => `param width${i} = 1`)}\nlet h = widht`],
  'long unknown names': [
    30,
    (n) =>
      `${list(n, (i) => `param ${'a'.repeat(Math.min(30 * n, 180))}${i} = ${'a'.repeat(Math.min(30 * n, 180))}${i}b`)}`,
  ],
  'two misspelt names in a row': [2000, (n) => `let a = ${list(n, (i) => `misspelt${i}`, '\n')}`],
  'misspelt names as stages': [2000, (n) => with_G(`z\n${list(n, (i) => `  |> misspelt${i}`)}`)],
  'misspelt names as arguments': [
    2000,
    (n) => `${sources}let h = concat(${list(n, (i) => `misspelt${i}`, ', ')})`,
  ],
  'names declared twice': [1000, (n) => 'param a = 1\n'.repeat(n)],
  'uses before their let': [500, (n) => list(n, (i) => `let a${i} = a${i + 1} + 1`)],
  'cycles of params': [500, (n) => list(n, (i) => `param p${i} = p${(i + 1) % n}`)],
  'pairs of params that need each other': [
    500,
    (n) => list(n, (i) => `param p${i} = q${i}\nparam q${i} = p${i}`),
  ],
  'defs that need each other': [
    60,
    (n) => list(n, (i) => `def f${i}(x) = ${list(n, (j) => `f${j}(x)`, ' + ')}`),
  ],
  'shapes that do not meet': [300, (n) => `${sources}${list(n, (i) => `let h${i} = z + range(${i + 9})`)}`],
  'shapes that do not meet in one pipe': [
    300,
    (n) => with_G(`z\n${list(n, (i) => `  |> dense(8)\n  |> reshape(${i + 9})`)}`),
  ],
  'nets that do not meet': [
    100,
    (n) =>
      `${sources}${list(n, (i) => `net N${i}(z: [8]) -> [${i + 9}] = z |> dense(${i + 10})\nlet h${i} = N${i}(z)\nlet k${i} = N${i}(h${i})`)}`,
  ],
  'wrong types': [
    500,
    (n) => `${sources}${list(n, (i) => `let h${i} = dense(z, "eight")\nlet k${i} = "a" + ${i}`)}`,
  ],
  'losses that are not whole': [500, (n) => `${sources}${list(n, (i) => `loss l${i} = z * ${i}`)}`],
  'updates without influence': [
    200,
    (n) =>
      `${game}train two (batch = 8, steps = 2) {\n  sample x, z\n${'  update D to minimize expect(mean(z)) with adam(1e-3)\n'.repeat(n)}}\n`,
  ],
  'sources used before they are sampled': [
    200,
    (n) =>
      `${game}train two (batch = 8, steps = 2) {\n${'  update D to minimize d with adam(1e-3)\n'.repeat(n)}}\n`,
  ],
  'a def of a mistake': [
    500,
    (n) => `${sources}def f(h) = h + range(9)\n${list(n, (i) => `let h${i} = f(z)`)}`,
  ],
  'too many arguments': [500, (n) => `${sources}let h = tanh(${list(n, () => 'z', ', ')})`],
  'arguments given twice': [
    500,
    (n) => `${sources}let h = leaky_relu(z, ${list(n, () => 'slope = 1', ', ')})`,
  ],
  'allow comments of no code': [2000, (n) => `${list(n, (i) => `// allow GAN${i}9`)}\n${game}`],
  'one mistake a declaration': [2000, (n) => 'let a = b c\n'.repeat(n)],
  'one mistake a stage': [1000, (n) => with_G(`z\n${'  |> dense(8) 3\n'.repeat(n)}`)],
  'one mistake an argument': [2000, (n) => `let a = f(${list(n, (i) => `a${i} b`, ', ')})`],
  'one mistake a statement': [
    1000,
    (n) => `${game}train two (batch = 8, steps = 2) {\n${'  sample x to\n'.repeat(n)}}\n`,
  ],
  'one mistake a let of a block': [
    1000,
    (n) => with_G(`{\n${list(n, (i) => `  let h${i} = z z`)}\n  return z\n}`),
  ],
  'open round brackets': [4000, (n) => `let a = ${'('.repeat(n)}`],
  'open square brackets': [4000, (n) => `let a = ${'['.repeat(n)}1`],
  'open curly brackets': [4000, (n) => `let a = ${'{ let b = '.repeat(n)}1`],
  'open calls': [4000, (n) => `let a = ${'f('.repeat(n)}`],
  'open brackets of declarations': [2000, (n) => 'let a = f(1, [2\n'.repeat(n)],
  'open brackets of statements': [
    1000,
    (n) => `train (batch = 1, steps = 1) {\n${'  repeat 2 {\n sample x\n'.repeat(n)}`,
  ],
  'closing brackets': [4000, (n) => `let a = ${')'.repeat(n)}`],
  'brackets of the wrong kind': [2000, (n) => `let a = ${list(n, () => 'f(1]', ' + ')}`],
  'brackets of the wrong kind, nested': [2000, (n) => `let a = ${'(['.repeat(n)}${')]'.repeat(n)}`],
  'unreadable characters': [4000, (n) => `let a = ${'€ '.repeat(n)}1\n${game}`],
  'unreadable characters in declarations': [2000, (n) => 'let a = 1 €\n'.repeat(n)],
  'strings without an end': [2000, (n) => 'let a = "b\n'.repeat(n)],
  'block comments': [2000, (n) => '/* a */ let a = 1\n'.repeat(n)],
  'comments with a hash': [2000, (n) => '# a\n'.repeat(n) + game],
  'comments that look like divisions': [1000, (n) => list(n, (i) => `param p${i} = 4 // 2`)],
  'numbers that touch letters': [2000, (n) => list(n, (i) => `param p${i} = 3x`)],
  'a long chain of operators': [4000, (n) => `let a = ${list(n, () => '1', ' + ')}`],
  'a long chain of else if': [2000, (n) => `let a = ${'if true then 1 else '.repeat(n)}2`],
  'a long chain of signs': [4000, (n) => `let a = ${'-'.repeat(n)}2`],
  'a long chain of powers': [4000, (n) => `let a = ${list(n, () => '1', ' ^ ')}`],
  'a long chain of fields': [4000, (n) => `let a = b${'.c'.repeat(n)}`],
  'words that are no declaration': [4000, (n) => list(n, (i) => `word${i}`)],
  'misspelt declarations': [2000, (n) => list(n, (i) => `lett a${i} = 1`)],
  'nothing but keywords': [2000, (n) => 'let net loss train data '.repeat(n)],
  'unused locals': [500, (n) => `def f(h) = {\n${list(n, (i) => `  let a${i} = h`)}\n  return h\n}\n${game}`],
  'one very long line of names': [4000, (n) => `let a = (${list(n, (i) => `a${i}`, ' ')})`],
};

const kinds = (of: typeof right, sound: boolean): Kind[] =>
  Object.entries(of).map(([name, [size, text]]) => ({ name, text, sound, size }));

export const programs: readonly Kind[] = [...kinds(right, true), ...kinds(wrong, false)];
