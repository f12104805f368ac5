/** Rules 6–9: scope, names, `use`, `--set`. Each rule from both sides. */
import { describe, expect, test } from 'vitest';
import { accepted, findings, modelOf, said } from './checking.ts';

describe('names are looked up', () => {
  test('a called name among functions, any other among values', () => {
    accepted(`param size = 8
noise z ~ normal[size]
output out = z * size(z, 0)
`);
  });

  test('a value that hides a function by name is not called', () => {
    accepted(`noise z ~ normal[8]
def f(tanh) = tanh(tanh)
output out = f(z)
`);
  });

  test('a name that only a value has', () => {
    expect(said('param k = 2\nnoise z ~ normal[8]\noutput out = k(z)\n')).toMatchInlineSnapshot(`
      "3:14 GAN0214 \`k\` is a value, not a function, and cannot be called
        help: for a product write \`k * (…)\`; a function is declared with \`def k(…) = …\`"
    `);
  });

  test("a file's names hide the prelude's, inner names outer ones", () => {
    accepted(`noise z ~ normal[8]
def hinge_g(v) = expect(sum(v))
def f(z) = { let h = z  return h |> each h in 1..2 { leaky_relu(h / 10) } }
metric m = hinge_g(f(z))
output out = z
`);
  });

  test('redefining an operation', () => {
    expect(said('noise z ~ normal[8]\nnet dense(z: [8]) -> [8] = z\noutput out = dense(z)\n')).toContain(
      '2:5 GAN0204 `dense` is a built-in operation',
    );
    expect(said('noise z ~ normal[8]\ndef size(z) = z\noutput out = size(z)\n')).toContain('2:5 GAN0204');
    accepted('noise dense ~ normal[8]\noutput out = dense\n');
  });

  test('the same name twice in one scope', () => {
    expect(said('param a = 1\nnoise a ~ normal[8]\noutput out = a\n')).toContain('2:7 GAN0203');
    expect(said('noise z ~ normal[8]\ndef f(a, a) = a\noutput out = f(z, z)\n')).toContain('2:10 GAN0203');
    expect(said('noise z ~ normal[8]\noutput out = { let a = z  let a = 2 * z  return a }\n')).toContain(
      'GAN0203',
    );
    expect(
      said('noise z ~ normal[8]\nnet N(z: [8]) -> (a: [8], a: [8]) = (z, z)\noutput out = N(z)\n'),
    ).toContain('GAN0203');
  });

  test('unknown names bring the nearest', () => {
    expect(
      said(`noise latent ~ normal[8]
net Gen(z: [8]) -> [8] = z |> densse(8)
output a = Gan(latent)
output b = latnet
output c = linear(latent, 8)
`),
    ).toMatchInlineSnapshot(`
      "2:31 GAN0202 there is no net, def or operation called \`densse\`
        help: did you mean \`dense\`?
      3:12 GAN0202 there is no net, def or operation called \`Gan\`
        help: did you mean \`Gen\`?
      4:12 GAN0201 there is no value called \`latnet\`
        help: did you mean \`latent\`?
      5:12 GAN0202 there is no net, def or operation called \`linear\`
        help: here it is called \`dense\`"
    `);
  });

  test('what an operator does has no other name', () => {
    expect(said('noise z ~ normal[8]\noutput out = add(z, 1)\n')).toMatchInlineSnapshot(`
      "2:14 GAN0202 there is no net, def or operation called \`add\`
        help: write the operator: \`+\`"
    `);
  });
});

describe('bodies', () => {
  test.each([
    ['data', 'data x ~ [8]\nnet N(h: [8]) -> [8] = h + x\noutput out = N(x)\n'],
    ['noise', 'noise x ~ normal[8]\ndef f(h) = h + x\noutput out = f(x)\n'],
    ['let', 'noise z ~ normal[8]\nlet x = tanh(z)\nnet N(h: [8]) -> [8] = h + x\noutput out = N(x)\n'],
    ['a constant', 'noise x ~ normal[8]\nparam p = 2 * x\noutput out = x * p\n'],
  ])('see no %s', (_, text) => {
    expect(said(text)).toContain('GAN0205');
  });

  test('see params, nets and defs, wherever they stand', () => {
    accepted(`noise z ~ normal[8]
net N(h: [8]) -> [8] = f(M(h)) * k
output out = N(z)
net M(h: [8]) -> [8] = h |> dense(8)
def f(h) = h * k
param k = 2
`);
  });

  test("a def's parameter may be an operation, a def or a net by its bare name", () => {
    accepted(`noise z ~ normal[8]
net D(x: [8]) -> [8] = x |> dense(8)
def twice(f, x) = f(f(x))
def half(x) = x / 2
output out = twice(tanh, z) + twice(half, z) + twice(D, z) + twice(D.frozen, z)
`);
  });

  test('defaults use earlier parameters', () => {
    accepted('noise z ~ normal[8]\ndef f(x, n = size(x, 0), m = n * 2) = x * m + n\noutput out = f(z)\n');
    expect(said('noise z ~ normal[8]\ndef f(x, n = m, m = 2) = x * n * m\noutput out = f(z)\n')).toContain(
      '2:14 GAN0201',
    );
  });

  test('both branches of an if are name-checked, one is typed', () => {
    accepted('param deep = false\nnoise z ~ normal[8]\noutput out = if deep then reshape(z, 3, 3) else z\n');
    expect(said('noise z ~ normal[8]\noutput out = if false then tnah(z) else z\n')).toContain('GAN0202');
  });

  test('recursion, through every door', () => {
    expect(said('noise z ~ normal[8]\ndef f(x) = f(x)\noutput out = f(z)\n')).toContain(
      'GAN0207 this def needs itself: `f` → `f`',
    );
    expect(
      said(
        'noise z ~ normal[8]\nnet A(x: [8]) -> [8] = B(x)\nnet B(x: [8]) -> [8] = A(x)\noutput out = A(z)\n',
      ),
    ).toContain('GAN0207 this net needs itself: `A` → `B` → `A`');
    expect(
      said('param a = b + 1\nparam b = f(2)\ndef f(n) = n * a\nnoise z ~ normal[a]\noutput out = z\n'),
    ).toContain('`a` → `b` → `f` → `a`');
    expect(said('noise z ~ normal[8]\ndef w(f, x) = f(f, x)\noutput out = w(w, z)\n')).toContain('GAN0247');
  });
});

describe('order', () => {
  test('of values matters, of other declarations not', () => {
    accepted('output out = G(z)\nnet G(z: [n]) -> [n] = z\nnoise z ~ normal[n]\nparam n = 8\n');
    expect(said('noise z ~ normal[8]\nlet a = b\nlet b = z\noutput out = a\n')).toContain(
      '2:9 GAN0206 `b` is declared further down',
    );
    expect(said('noise z ~ normal[8]\nlet a = a + z\noutput out = a\n')).toContain(
      'used in its own declaration',
    );
  });

  test('`train` stands anywhere and sees every value', () => {
    accepted(`train (batch = 8, steps = 1) {
  sample z
  update G to minimize size with adam(rate)
}
param rate = 1e-3
noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
loss size = expect(norm(G(z)))
`);
  });
});

describe('use', () => {
  const main = 'use "blocks.gan"\nnoise z ~ normal[width]\noutput out = twice(N(z))\n';

  test('brings params, defs and nets, with their own file behind them', () => {
    const model = modelOf(main, {
      files: {
        'blocks.gan': `use "more.gan"
param width = 8
def twice(x) = helper(x, 2)
def helper(x, k) = x * k
init kernel ~ constant(0.5)
net N(z: [width]) -> [width] = z |> dense(width) |> helper(inner)
`,
        'more.gan': 'param inner = 3\n',
      },
    });
    expect(model.nets.map((n) => n.name)).toEqual(['N']);
    // Not `init` defaults of the main file, but of the net's own.
    expect(model.nets[0]!.weights[0]!.init).toEqual({ kind: 'constant', value: 0.5 });
  });

  test('brings only the nets that are called, and the params that can be set', () => {
    const files = {
      'a.gan':
        'use "b.gan"\nparam n = 8\nnet A(z: [n]) -> [n] = B(z)\nnet Other(z: [n]) -> [n] = dense(z, n)\n',
      'b.gan': 'param hidden = 4\nnet B(z: [8]) -> [8] = z |> dense(hidden) |> dense(8)\n',
    };
    const model = modelOf('use "a.gan"\nnoise z ~ normal[n]\noutput out = A(z)\n', { files });
    expect(model.nets.map((n) => n.name).sort()).toEqual(['A', 'B']);
    expect(model.params.map((p) => p.name)).toEqual(['n']);
    const broken = { 'a.gan': 'net A(z: [8]) -> [9] = z\n', 'b.gan': '' };
    expect(said('use "a.gan"\nnoise z ~ normal[8]\noutput out = z\n', { files: broken })).toContain(
      'a.gan GAN0341',
    );
  });

  test('brings no init lines', () => {
    const model = modelOf(
      'use "init.gan"\nnoise z ~ normal[8]\nnet N(z: [8]) -> [8] = z |> dense(8)\noutput out = N(z)\n',
      {
        files: { 'init.gan': 'init kernel ~ constant(0.5)\n' },
      },
    );
    expect(model.nets[0]!.weights[0]!.init.kind).toBe('glorot_uniform');
  });

  test('does not hand on what a used file uses', () => {
    const files = { 'a.gan': 'use "b.gan"\ndef f(x) = g(x)\n', 'b.gan': 'def g(x) = 2 * x\n' };
    accepted('use "a.gan"\nnoise z ~ normal[8]\noutput out = f(z)\n', { files });
    expect(said('use "a.gan"\nnoise z ~ normal[8]\noutput out = g(z)\n', { files })).toContain('GAN0202');
  });

  test('by two ways is one file', () => {
    accepted('use "a.gan"\nuse "b.gan"\nnoise z ~ normal[8]\noutput out = f(g(z))\n', {
      files: {
        'a.gan': 'use "c.gan"\ndef f(x) = h(x)\n',
        'b.gan': 'use "./c.gan"\ndef g(x) = h(x)\n',
        'c.gan': 'def h(x) = 2 * x\n',
        './c.gan': 'def h(x) = 2 * x\n',
      },
    });
  });

  test('clashes, circles, missing files', () => {
    const files = { 'blocks.gan': 'def tweak(x) = x\nuse "test.gan"\n' };
    expect(
      said('use "blocks.gan"\nnoise z ~ normal[8]\ndef tweak(x) = x\noutput out = tweak(z)\n', { files }),
    ).toContain('GAN0208');
    expect(said('use "blocks.gan"\nnoise z ~ normal[8]\noutput out = tweak(z)\n', { files })).toContain(
      '"test.gan" → "blocks.gan" → "test.gan"',
    );
    expect(said('use "nowhere.gan"\nnoise z ~ normal[8]\noutput out = z\n')).toContain('GAN0209');
  });

  test('mistakes in a used file are shown there', () => {
    const [finding] = findings('use "a.gan"\nnoise z ~ normal[8]\noutput out = f(z)\n', {
      files: { 'a.gan': 'def f(x) = reshape(x, 3, 3)\n' },
    });
    expect(finding!.span.file).toBe('a.gan');
    expect(finding!.labels.map((l) => l.text)).toEqual(['inside `f`, called here']);
  });
});

describe('--set', () => {
  const text = `param n = 8
param name = "a"
param on = true
param sizes = [1, 2]
noise z ~ normal[n]
output out = if on && name != "b" then z * sum(sizes) else z
`;

  test('keeps the kind', () => {
    const { params } = modelOf(text, { set: { n: '1_6', name: 'b', on: 'false', sizes: '[3, 4,5]' } });
    expect(params.map((p) => p.value)).toEqual([16, 'b', false, [3, 4, 5]]);
    expect(said(text, { set: { n: 'x' } })).toMatchInlineSnapshot(
      `"1:7 GAN0212 \`--set n=x\` gives \`n\` another kind: it takes a number, as 8 is"`,
    );
    expect(said(text, { set: { on: '1' } })).toContain('it takes `true` or `false`');
    expect(said(text, { set: { sizes: 'a,b' } })).toContain('it takes a list of numbers');
  });

  test('reaches the params of used files', () => {
    const files = { 'p.gan': 'param n = 8\n' };
    const model = modelOf('use "p.gan"\nnoise z ~ normal[n]\noutput out = z\n', { files, set: { n: '3' } });
    expect(model.noise[0]!.shape).toEqual([3]);
  });

  test('of nothing', () => {
    expect(said(text, { set: { siezs: '1' } })).toMatchInlineSnapshot(`
      "1:1 GAN0211 \`--set siezs=…\`: there is no \`param siezs\`
        help: did you mean \`--set sizes=…\`?"
    `);
  });

  test('is taken on by params made of it', () => {
    const model = modelOf('param a = 2\nparam b = a * 3\nnoise z ~ normal[b]\noutput out = z\n', {
      set: { a: '5' },
    });
    expect(model.noise[0]!.shape).toEqual([15]);
  });
});

describe('never used', () => {
  test.each([
    ['let', 'noise z ~ normal[8]\nlet a = z\noutput out = z\n', '2:5 GAN0217 the let `a`'],
    ['a block', 'noise z ~ normal[8]\noutput out = { let a = z  return z }\n', 'GAN0217 the let `a`'],
    [
      'a parameter',
      'noise z ~ normal[8]\ndef f(a, b) = a\noutput out = f(z, 1)\n',
      '2:10 GAN0217 the parameter `b`',
    ],
    ['noise', 'noise z ~ normal[8]\nnoise w ~ normal[8]\noutput out = z\n', '2:7 GAN0217 `w`'],
    ['a net', 'noise z ~ normal[8]\nnet N(z: [8]) -> [8] = z\noutput out = z\n', '2:5 GAN0217 the net `N`'],
  ])('%s', (_, text, expected) => {
    expect(said(text)).toContain(expected);
  });

  test('a name that begins with _ may be', () => {
    accepted('noise z ~ normal[8]\nlet (a, _) = split(z, [4, 4])\nlet _b = z\noutput out = a\n');
  });

  test('a field of a record may be, and the contents of a file for others', () => {
    accepted('data (x, y) ~ ([8], label[10])\noutput out = x\n');
    accepted('param n = 8\ndef f(x) = x * n\nnet N(z: [n]) -> [n] = f(z)\n');
  });

  test('beside an error is not said: it is most often its consequence', () => {
    expect(said('noise latent ~ normal[8]\noutput out = latnet\n')).toBe(
      '2:14 GAN0201 there is no value called `latnet`\n  help: did you mean `latent`?',
    );
  });
});
