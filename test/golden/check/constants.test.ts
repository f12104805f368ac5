/** Constants, arguments and types: rules 12–16 as far as they are worked out while compiling. */
import { describe, expect, test } from 'vitest';
import { accepted, modelOf, said } from './checking.ts';

const value = (expression: string, more = ''): unknown =>
  modelOf(
    `${more}param p = ${expression}\nnoise z ~ normal[8]\noutput out = if p == p then z else z\n`,
  ).params.at(-1)!.value;

/** A list cannot be compared with `==`; its length is used. */
const list = (expression: string): unknown =>
  modelOf(`param p = ${expression}\nnoise z ~ normal[8]\noutput out = z * sum(p)\n`).params[0]!.value;

describe('arithmetic is exact, as on numbers', () => {
  test.each([
    ['7 * 7 * 128', 6272],
    ['2 ^ 3 ^ 2', 512],
    ['-2 ^ 2', -4],
    ['7 / 2', 3.5],
    ['-7 % 3', 2],
    ['7 % -3', -2],
    ['log2(64)', 6],
    ['sqrt(2) ^ 2 - 2 < 1e-9', true],
    ['floor(7 / 2) + ceil(7 / 2) + round(2.4)', 9],
    ['exp(log(3))', Math.exp(Math.log(3))],
    ['max([3, 1, 2]) - min([3, 1, 2])', 2],
    ['maximum(3, 4) + minimum(3, 4)', 7],
    ['pi', Math.PI],
    ['1 < 2 && !(2 <= 1) || false', true],
    ['"a" != "b"', true],
    ['if 2 > 1 then 10 else 1 / 0', 10],
    ['clamp(5, 0, 1)', 1],
    ['20_000 * 2e-4', 4],
  ])('%s', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  test('on lists too', () => {
    expect(list('range(4) / 2')).toEqual([0, 0.5, 1, 1.5]);
    expect(list('-[1, 2] + [3, 3]')).toEqual([2, 1]);
    expect(list('square(range(3))')).toEqual([0, 1, 4]);
  });

  test('through defs, blocks and other params', () => {
    expect(value('{ let a = twice(k)  return a + 1 }', 'param k = 3\ndef twice(v) = 2 * v\n')).toBe(7);
  });

  test.each([
    ['1 / 0', '`1 / 0` is not a finite number'],
    ['log(-1)', '`log(-1)` is not a finite number'],
    ['"a" + 1', '`+` of the string "a" and the number 1 has no meaning'],
    ['[1, 2] + [1, 2, 3]', '`+` of the list [1, 2] and the list [1, 2, 3] has no meaning'],
    ['!3', '`!` of the number 3 has no meaning'],
  ])('%s has no result', (expression, expected) => {
    expect(said(`param p = ${expression}\nnoise z ~ normal[8]\noutput out = z * p\n`)).toContain(
      `GAN0243 ${expected}`,
    );
  });
});

describe('whole numbers', () => {
  test('within 1e-9, else the value is shown', () => {
    accepted('param h = 8 / 2\nnoise z ~ normal[h + 1e-10]\noutput out = z\n');
    expect(said('noise z ~ normal[7 / 2]\noutput out = z\n')).toMatchInlineSnapshot(
      `"1:18 GAN0241 a size in \`normal\` must be a whole number, and this is 3.5"`,
    );
    expect(said('noise z ~ normal[1 + 2e-9]\noutput out = z\n')).toContain('1.000000002');
  });

  test('of a size at least 1', () => {
    expect(said('noise z ~ normal[0]\noutput out = z\n')).toContain('GAN0242');
  });
});

describe('if', () => {
  test('chooses while compiling', () => {
    accepted('noise z ~ normal[8]\noutput out = z |> (if size(z, 0) == 8 then tanh else relu)\n');
    expect(said('noise z ~ normal[8]\noutput out = if z > 0 then z else 0\n')).toMatchInlineSnapshot(`
      "2:17 GAN0244 \`if\` chooses while compiling, and its condition is a per-example tensor [8]
        help: to choose for each element while training, write \`where(condition, a, b)\`"
    `);
    expect(said('noise z ~ normal[8]\noutput out = if 1 then z else 0\n')).toContain('GAN0245');
  });

  test('in the scalars of a schedule looks at the step', () => {
    const game = (rate: string) => `noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
loss size = expect(norm(G(z)))
train (batch = 8, steps = 10) {
  sample z
  update G to minimize size with adam(${rate})
}
`;
    accepted(game('if step < 5 then 1e-3 else 1e-3 * (1 - progress)'));
    accepted(game('1e-3 * exp(-epoch) * minimum(1, step / 100)'));
    expect(said('noise z ~ normal[8]\noutput out = if step > 3 then z else 2 * z\n')).toContain('GAN0244');
    expect(said('noise z ~ normal[step]\noutput out = z\n')).toContain(
      'GAN0240 a size in `normal` must be known while compiling, and this is a scalar that changes with the step',
    );
  });

  test('step, epoch and progress are scalars for any expression', () => {
    accepted('noise z ~ normal[8]\noutput out = z * (1 - progress) + epoch + where(step < 3, z, 0)\n');
  });
});

describe('arguments', () => {
  test('by position, then by name', () => {
    accepted('noise z ~ normal[8]\noutput out = clamp(z, hi = 1, lo = -1)\n');
    expect(said('noise z ~ normal[8]\noutput out = clamp(z, -1, high = 1)\n')).toMatchInlineSnapshot(`
      "2:27 GAN0220 \`clamp\` has no argument \`high\`
        help: it takes: \`clamp(x, lo, hi)\`"
    `);
    expect(said('noise z ~ normal[8]\noutput out = clamp(z, -1)\n')).toContain(
      'GAN0221 `clamp` also needs `hi`',
    );
    expect(said('noise z ~ normal[8]\noutput out = clamp(z, -1, 1, 2)\n')).toContain('GAN0222');
    expect(said('noise z ~ normal[8]\noutput out = clamp(z, -1, lo = 1, hi = 1)\n')).toContain('GAN0223');
  });

  test('of defs and nets', () => {
    const text = (call: string) =>
      `noise z ~ normal[8]\ndef f(a, k = 2) = a * k\nnet N(a: [8], b: [8]) -> [8] = a + b\noutput out = ${call}\n`;
    accepted(text('f(N(b = z, a = z), k = 3)'));
    expect(said(text('f(N(z), 3)'))).toContain('GAN0221 `N` also needs `b`');
    expect(said(text('f(N(z, z), kk = 3)'))).toContain('help: did you mean `k`?');
    expect(said(text('z |> N(z) |> f(1, 2)'))).toContain('GAN0222');
  });

  test('have kinds', () => {
    const conv = (args: string) =>
      `data x ~ image[8, 8, 1]\nnet D(x: image[8, 8, 1]) -> [8, 8, 4] = x |> conv(4, ${args})\noutput out = D(x)\n`;
    accepted(conv('kernel = [3, 5], padding = "same", bias = false, init = normal(0, 0.1)'));
    accepted(conv('kernel = 3, padding = 1, init = he_normal'));
    accepted(conv('kernel = 3, dilation = 2, groups = 1, norm = "spectral"'));
    expect(said(conv('kernel = 2.5'))).toContain('GAN0241 `kernel` of `conv`');
    expect(said(conv('kernel = "big"'))).toContain('GAN0224');
    expect(said(conv('kernel = 3, bias = 1'))).toContain(
      'must be `true` or `false`, and this is the number 1',
    );
    expect(said(conv('kernel = 3, padding = "sane"'))).toContain('did you mean `"same"`?');
    expect(said(conv('kernel = 3, init = 3'))).toContain('must be an initialiser');
    expect(said(conv('kernel = 3, init = normal(0, -1)'))).toContain(
      'GAN0242 `std` of `normal` must be 0 or more',
    );
  });

  test('rest arguments come one by one or as a list', () => {
    accepted('noise z ~ normal[8]\noutput out = concat(z, z, tanh(z)) |> reshape(3, 2, 4)\n');
    accepted('noise z ~ normal[8]\noutput out = reshape(z, 2, 4) + reshape(z, [2, 4])\n');
  });
});

describe('types', () => {
  test('mean something, and are shapes', () => {
    const model = modelOf(`data (x, c, s, t) ~ (image[4, 4, 3], label[10], sound[16], sound[16, 2])
noise z ~ normal[4, 4, 3]
net D(x: [4, 4, 3]) -> [] = sum(x)
output out = (D(x), D(z), c, s, t)
`);
    expect(model.data[0]!.fields.map((f) => f.type.shape)).toEqual([[4, 4, 3], [10], [16, 1], [16, 2]]);
    expect(model.values.map((v) => `${v.name} ${v.meaning}`)).toEqual([
      'out.0 tensor',
      'out.1 tensor',
      'out.2 label',
      'out.3 sound',
      'out.4 sound',
    ]);
  });

  test.each([
    ['image[28, 28]', 'GAN0353'],
    ['image[28, 28, 2]', 'GAN0353'],
    ['label[2, 3]', 'GAN0353'],
    ['sound[2, 3, 4]', 'GAN0353'],
    ['img[28, 28, 1]', 'GAN0231'],
  ])('%s', (type, code) => {
    expect(said(`data x ~ ${type}\noutput out = x\n`)).toContain(code);
  });

  test('[] and [1] broadcast but are two types', () => {
    accepted('noise z ~ normal[]\nnoise w ~ normal[1]\noutput out = z + w\n');
    expect(said('noise w ~ normal[1]\nnet N(z: []) -> [] = z\noutput out = N(w)\n')).toContain(
      'GAN0342 `N` takes [] as `z`, and this is [1]',
    );
  });
});

describe('distributions', () => {
  test.each([
    'normal[4]',
    'normal(0, 1)[4]',
    'normal(std = 2)[2, 2]',
    'uniform(-1, 1)[4]',
    'bernoulli(0.5)[4]',
    'categorical[4]',
    'uniform(0, 1)[]',
  ])('%s', (dist) => {
    accepted(`noise z ~ ${dist}\noutput out = z\n`);
  });

  test.each([
    ['normal', 'GAN0233'],
    ['normal(0, -1)[4]', 'GAN0242'],
    ['uniform(1, 1)[4]', 'GAN0242'],
    ['bernoulli(2)[4]', 'GAN0242'],
    ['categorical[]', 'GAN0233'],
    ['cauchy[4]', 'GAN0229'],
    ['normal(0, 1, 2)[4]', 'GAN0222'],
    ['normal(mu = 0)[4]', 'GAN0220'],
    ['normal("a")[4]', 'GAN0224'],
  ])('%s', (dist, code) => {
    expect(said(`noise z ~ ${dist}\noutput out = z\n`)).toContain(code);
  });
});

describe('too much', () => {
  test('expansion is stopped with a word, not by the machine', () => {
    const defs = Array.from({ length: 40 }, (_, i) => `def f${i + 1}(x) = f${i}(x) + f${i}(x + 1)`).join(
      '\n',
    );
    expect(said(`noise z ~ normal[8]\ndef f0(x) = x\n${defs}\noutput out = f40(z)\n`)).toContain(
      '43:14 GAN0247 this is too large to build: more than',
    );
  }, 60_000);

  test('of constants too', () => {
    const text =
      'param p = 1 |> each i in 1..50_000 { each j in 1..50_000 { twice } }\ndef twice(v) = v * 1\n';
    expect(said(`${text}noise z ~ normal[p]\noutput out = z\n`)).toContain('expressions to work out');
    expect(said('param p = range(1e9)\nnoise z ~ normal[8]\noutput out = z * sum(p)\n')).toContain('GAN0242');
  }, 60_000);

  test('a long chain of defs is no recursion', () => {
    const defs = Array.from({ length: 150 }, (_, i) => `def f${i + 1}(x) = f${i}(x) + 1`).join('\n');
    accepted(`noise z ~ normal[8]\ndef f0(x) = x\n${defs}\noutput out = f150(z)\n`);
  });
});
