/** Nets, shapes and layers: rules 10, 11, 13–15, and networks that don't meet. */
import { describe, expect, test } from 'vitest';
import { printModel } from '../../../src/model/print.ts';
import { accepted, findings, modelOf, repaired, said } from './checking.ts';

const weights = (text: string, net = 0): string[] => modelOf(text).nets[net]!.weights.map((w) => w.name);

describe('weights are named by their place', () => {
  test('numbered from 1 per net and kind, in the order of the text after inlining', () => {
    const text = `noise z ~ normal[8]
def block(x) = x |> dense(8) |> layer_norm |> relu
net A(z: [8]) -> [8] = z |> dense(8) |> block |> each i in 1..2 { block } |> dense(8)
output out = A(z)
`;
    expect(weights(text).filter((n) => n.endsWith('kernel') || n.endsWith('gamma'))).toEqual([
      'A/dense_1/kernel',
      'A/dense_2/kernel',
      'A/layer_norm_1/gamma',
      'A/dense_3/kernel',
      'A/layer_norm_2/gamma',
      'A/dense_4/kernel',
      'A/layer_norm_3/gamma',
      'A/dense_5/kernel',
    ]);
  });

  test('`as` gives a name; inside `each` and `def` it is numbered, even if used once', () => {
    const text = `noise z ~ normal[8]
def block(x) = x |> dense(8, bias = false) as inner
net A(z: [8]) -> [8] =
  z |> dense(8, bias = false) as stem |> block |> each i in 1..2 { dense(8, bias = false) as rung } |> dense(8, bias = false)
output out = A(z)
`;
    expect(weights(text)).toEqual([
      'A/stem/kernel',
      'A/inner_1/kernel',
      'A/rung_1/kernel',
      'A/rung_2/kernel',
      'A/dense_1/kernel',
    ]);
  });

  test('two equal names', () => {
    const text = (second: string) =>
      `noise z ~ normal[8]\nnet A(z: [8]) -> [8] = z |> dense(8) as dense_2 |> dense(8) |> ${second}\noutput out = A(z)\n`;
    accepted(text('relu'));
    expect(said(text('dense(8)'))).toContain('GAN0219 two layers of `A` are called `dense_2`');
  });

  test('a net called twice uses the same weights; a def makes fresh ones', () => {
    expect(
      weights(
        'noise z ~ normal[8]\nnet A(z: [8]) -> [8] = z |> dense(8, bias = false)\noutput out = A(A(z))\n',
      ),
    ).toEqual(['A/dense_1/kernel']);
  });

  test('habits of other libraries', () => {
    const text = (stages: string) =>
      `data x ~ [8, 8, 2]\nnet D(x: [8, 8, 2]) -> [1] = x\n  |> ${stages}\noutput out = D(x)\n`;
    accepted(text('conv(4, kernel = 3, stride = 2) |> relu |> flatten |> dense(1)'));
    // A critic without `flatten`: one number for each position.
    expect(said(text('conv(4, kernel = 3) |> dense(1) |> sigmoid'))).toContain(
      'help: `dense` acts on the last axis alone: `flatten |> dense(1)` would give [1]',
    );
    const asked = (stages: string) => said(text(`${stages} |> flatten |> dense(1)`));
    expect(asked('conv(4, kernel_size = 3)')).toContain('help: here it is called `kernel`');
    expect(asked('conv(4, kernel = 3) |> leaky_relu(alpha = 0.1)')).toContain('here it is called `slope`');
    expect(asked('conv(4, kernel = 3, activation = 1)')).toContain('an activation is a stage of its own');
    expect(asked('conv(4, kernel = 3, stirde = 2)')).toContain('help: did you mean `stride`?');
    expect(asked('conv(4, kernel = 3, colour = 2)')).toContain('help: it takes: `conv(');
    const train = (optimizer: string) =>
      said(
        `data x ~ [2]\nnoise z ~ gaussian[2]\nnet D(x: [2]) -> [1] = x |> dense(1)\nloss l = expect(D(x))\ntrain (batch = 2, steps = 1) { sample x update D to minimize l with ${optimizer} }\n`,
      );
    expect(train('adam(learning_rate = 1)')).toContain('here it is called `lr`');
    expect(train('adam(1, betas = [0.5, 0.9])')).toContain(
      'two arguments here: `beta1 = 0.9, beta2 = 0.999`',
    );
    expect(train('sgd(1)')).toContain('help: did you mean `normal`?');
  });

  test('`as` on something else', () => {
    expect(
      said('noise z ~ normal[8]\nnet A(z: [8]) -> [8] = z |> relu as bend\noutput out = A(z)\n'),
    ).toContain('GAN0227');
    expect(
      said(
        'noise z ~ normal[8]\ndef f(x) = x |> dense(8)\nnet A(z: [8]) -> [8] = z |> f as bend\noutput out = A(z)\n',
      ),
    ).toContain('GAN0227');
  });
});

describe('weights start', () => {
  const first = (init: string, layer = 'dense(8)') =>
    modelOf(`noise z ~ normal[8]\n${init}\nnet A(z: [8]) -> [8] = z |> ${layer}\noutput out = A(z)\n`)
      .nets[0]!.weights;

  test('as the layer documents, as `init` says, as the layer itself says', () => {
    expect(first('').map((w) => w.init)).toEqual([
      { kind: 'glorot_uniform' },
      { kind: 'constant', value: 0 },
    ]);
    expect(first('init kernel ~ normal(0, 0.02)')[0]!.init).toEqual({ kind: 'normal', mean: 0, std: 0.02 });
    expect(first('init bias ~ constant(1)')[1]!.init).toEqual({ kind: 'constant', value: 1 });
    expect(first('init kernel ~ he_normal', 'dense(8, init = orthogonal)')[0]!.init).toEqual({
      kind: 'orthogonal',
    });
  });

  test("a convolution's fans count its window", () => {
    const text = `data x ~ image[8, 8, 1]
net D(x: image[8, 8, 1]) -> [8, 8, 4] = x |> conv(2, kernel = 3) |> conv(4, kernel = [3, 5])
output out = D(x)
`;
    const kernels = modelOf(text).nets[0]!.weights.filter((w) => w.slot === 'kernel');
    expect(kernels.map((w) => [w.shape, w.fanIn, w.fanOut])).toEqual([
      [[3, 3, 1, 2], 9, 18],
      [[3, 5, 2, 4], 30, 60],
    ]);
  });

  test.each([
    ['init weights ~ normal(0, 1)', 'GAN0232'],
    ['init kernel ~ xavier', 'GAN0230'],
    ['init kernel ~ normal(0, 1)[3]', 'GAN0234'],
    ['init kernel ~ normal(0, 1)\ninit kernel ~ he_normal', 'GAN0203'],
  ])('%s', (init, code) => {
    expect(
      said(`noise z ~ normal[8]\n${init}\nnet A(z: [8]) -> [8] = z |> dense(8)\noutput out = A(z)\n`),
    ).toContain(code);
  });
});

describe('layers', () => {
  test('stand only inside a net, or a def used by one', () => {
    accepted('noise z ~ normal[8]\ndef f(x) = dense(x, 8)\nnet A(z: [8]) -> [8] = f(z)\noutput out = A(z)\n');
    expect(said('noise z ~ normal[8]\noutput out = dense(z, 8)\n')).toContain('2:14 GAN0340');
    const [inDef] = findings('noise z ~ normal[8]\ndef f(x) = dense(x, 8)\noutput out = f(z)\n');
    expect(inDef).toMatchObject({ code: 'GAN0340', labels: [{ text: 'inside `f`, called here' }] });
  });

  test('on whole values give whole values, but batch_norm and minibatch_stddev refuse them', () => {
    const text = (layer: string) =>
      `net prior() -> [8] = weight([8]) |> ${layer}\nnoise z ~ normal[8]\noutput out = prior() + z\n`;
    const model = modelOf(text('dense(8)'));
    expect(model.nets[0]!.bodies.get('')!.results[0]!.batch).toBe(false);
    expect(said(text('batch_norm'))).toMatch(/GAN03\d\d .*batch/);
    expect(said(text('minibatch_stddev'))).toMatch(/GAN03\d\d .*batch/);
  });
});

describe('nets', () => {
  test('with several results, by name or position', () => {
    accepted(`noise z ~ normal[8]
net E(z: [8]) -> (mu: [4], s: [4]) = { let h = z |> dense(4)  return (s = exp(h), mu = h) }
net F(z: [8]) -> (mu: [4], s: [4]) = split(z, [4, 4])
let (a, b) = E(z)
output out = a + b + E(z).mu + F(z).s
`);
    expect(
      said(
        'noise z ~ normal[8]\nnet E(z: [8]) -> (mu: [8], s: [8]) = (mu = z, sigma = z)\noutput out = E(z).mu\n',
      ),
    ).toContain('GAN0343 `E` is declared to give `mu`, `s`, and its body gives (mu, sigma)');
    expect(said('noise z ~ normal[8]\nnet E(z: [8]) -> [8] = (z, z)\noutput out = E(z)\n')).toContain(
      'GAN0343 `E` is declared to give one value, and its body gives 2 values without names',
    );
    expect(said('noise z ~ normal[8]\nnet E(z: [8]) -> (mu: [8]) = z\noutput out = E(z)\n')).toContain(
      'GAN0343',
    );
    expect(
      said('noise z ~ normal[8]\nnet E(z: [8]) -> (a: [8], b: [8]) = (z, z)\noutput out = E(z).c\n'),
    ).toContain('GAN0226 there is no `.c` among the results: they are `a`, `b`');
  });

  test('without parameters are whole', () => {
    const model = modelOf(`noise e ~ normal[2]
net prior() -> (mu: [2], s: [2]) = (mu = weight([2]), s = weight([2], init = constant(1)))
let p = prior()
output out = p.mu + p.s * e
`);
    expect(model.nets[0]!.weights.map((w) => w.name)).toEqual([
      'prior/weight_1/value',
      'prior/weight_2/value',
    ]);
  });

  test('call nets, whose weights stay theirs', () => {
    const model = modelOf(`noise z ~ normal[8]
net A(z: [8]) -> [8] = z |> dense(8)
net B(z: [8]) -> [8] = A(z) |> dense(8) |> A
output out = B(z)
`);
    expect(model.nets.map((n) => [n.name, n.weights.length, n.calls])).toEqual([
      ['A', 2, []],
      ['B', 2, ['A']],
    ]);
  });

  test('are typed for what is per example and what is whole', () => {
    const model = modelOf(`noise z ~ normal[8]
net A(a: [8], b: [8]) -> [8] = a + dense(b, 8)
output out = A(z, range(8)) + A(range(8), z) + A(range(8), range(8))
`);
    expect([...model.nets[0]!.bodies].map(([key, b]) => `${key} ${b.results[0]!.batch}`)).toEqual([
      'ew true',
      'we true',
      'ww false',
    ]);
    expect(model.nets[0]!.weights.length).toBe(2);
  });

  test('that nothing calls are checked too', () => {
    expect(said('net A(z: [8]) -> [9] = z |> dense(8)\n')).toContain('GAN0341');
  });

  test('shapes match exactly, meanings do not matter', () => {
    accepted(
      'noise z ~ normal[4, 4, 1]\nnet D(x: image[4, 4, 1]) -> sound[16] = reshape(x, 16, 1)\noutput out = D(z)\n',
    );
    expect(
      said('noise z ~ normal[4, 4]\nnet D(x: image[4, 4, 1]) -> [16] = flatten(x)\noutput out = D(z)\n'),
    ).toMatchInlineSnapshot(`
      "3:16 GAN0342 \`D\` takes [4, 4, 1] as \`x\`, and this is [4, 4]
        help: \`|> reshape(4, 4, 1)\` behind it would give [4, 4, 1]"
    `);
  });

  test('an argument of the wrong shape is said once', () => {
    expect(
      said(
        'noise z ~ normal[7]\nnet D(x: [8]) -> [1] = x |> dense(1)\nmetric m = expect(D(z) + 1)\noutput out = z\n',
      ).split('\n'),
    ).toHaveLength(1);
  });
});

describe('networks that do not meet', () => {
  const generator = (last: string, more = '') => `noise z ~ normal[100]
net G(z: [100]) -> image[28, 28, 1] =
  z
  |> dense(7 * 7 * 64)
  |> reshape(7, 7, 64)
  |> conv_transpose(32, kernel = 4, stride = 2)
  |> relu
  |> ${last}
  |> tanh
${more}output out = G(z)
`;

  test('with the chain of shapes, and the layer that would put it right', () => {
    const text = generator('conv_transpose(1, kernel = 4, stride = 4)');
    const [finding] = findings(text);
    expect(finding!.notes.join('\n')).toMatchInlineSnapshot(`
      "the shapes that led here:
        z                                              [100]
        |> dense(7 * 7 * 64)                           [3136]
        |> reshape(7, 7, 64)                           [7, 7, 64]
        |> conv_transpose(32, kernel = 4, stride = 2)  [14, 14, 32]
        |> relu                                        [14, 14, 32]
        |> conv_transpose(1, kernel = 4, stride = 4)   [56, 56, 1]
        |> tanh                                        [56, 56, 1]"
    `);
    expect(said(text)).toMatchInlineSnapshot(`
      "9:6 GAN0341 \`G\` is declared to give [28, 28, 1], and its body gives [56, 56, 1]
        help: \`conv_transpose(1, kernel = 4, stride = 2)\` would give [28, 28, 1]"
    `);
    expect(said(repaired(text))).toBe('');
  });

  test.each([
    ['a width', 'conv_transpose(3, kernel = 4, stride = 2)', 'conv_transpose(1, kernel = 4, stride = 2)'],
    ['a missing stride', 'conv_transpose(1, kernel = 4)', 'conv_transpose(1, kernel = 4, stride = 2)'],
    ['a padding', 'conv_transpose(1, kernel = 4, stride = 2, padding = "valid")', 'padding = "same"'],
    ['an upsampling', 'upsample(4) |> conv(1, kernel = 3)', 'upsample(2)'],
  ])('%s', (_, wrong, right) => {
    const text = generator(wrong);
    expect(said(text)).toContain('GAN0341');
    expect(repaired(text)).toContain(right);
    expect(said(repaired(text))).toBe('');
  });

  test('where only a new stage helps', () => {
    const text = 'noise z ~ normal[8]\nnet D(z: [8]) -> [4, 2] = z |> dense(8)\noutput out = D(z)\n';
    expect(repaired(text)).toContain('z |> dense(8) |> reshape(4, 2)');
    expect(said(repaired(text))).toBe('');
  });

  test("G's output against D's input", () => {
    const text = `noise z ~ normal[8]
net G(z: [8]) -> image[32, 32, 1] =
  z |> dense(8 * 8 * 4) |> reshape(8, 8, 4) |> conv_transpose(1, kernel = 4, stride = 4) |> tanh
net D(x: image[16, 16, 1]) -> [1] = x |> flatten |> dense(1)
metric m = expect(D(G(z)))
`;
    expect(said(text)).toMatchInlineSnapshot(`
      "5:21 GAN0342 \`D\` takes [16, 16, 1] as \`x\`, and this is [32, 32, 1]
        help: \`conv_transpose(1, kernel = 4, stride = 2)\` in \`G\` would give [16, 16, 1]; the type that \`G\` declares then changes too"
    `);
  });

  test('inside a body: a reshape, a skip connection', () => {
    const reshaped = generator('conv(1, kernel = 3)').replace('7 * 7 * 64', '6272');
    expect(said(reshaped)).toContain('help: `dense(3136)` would give [3136]');
    const skip =
      'noise z ~ normal[8]\nnet A(z: [8]) -> [8] = { let h = z |> dense(6) |> tanh  return z + h }\noutput out = A(z)\n';
    expect(said(skip)).toContain('GAN0301');
    expect(repaired(skip)).toContain('dense(8)');
    expect(said(repaired(skip))).toBe('');
  });
});

describe('values', () => {
  test('losses and metrics are whole and have one element', () => {
    accepted(
      'noise z ~ normal[8]\nmetric a = expect(mean(z))\nmetric b = expect(slice(z, 0, 0, 1))\nmetric c = 2 * 3\n',
    );
    const loose = 'noise z ~ normal[8]\nmetric a = mean(z)\n';
    expect(said(loose)).toMatchInlineSnapshot(`
      "2:12 GAN0344 metric \`a\` must be one number for the whole batch, and this is [] for each example
        help: average it over the batch: \`expect(mean(z))\`"
    `);
    expect(said(repaired(loose))).toBe('');
    expect(said(repaired('noise z ~ normal[8]\nmetric a = square(z)\n'))).toBe('');
    expect(said('noise z ~ normal[8]\nmetric a = expect(z)\n')).toContain('GAN0345');
  });

  test('tuples are taken apart, returned or passed whole', () => {
    accepted(`noise z ~ normal[8]
def swap(t) = { let (a, b) = t  return (b, a) }
let pair = swap((z, 2 * z))
let (c, d) = pair
output out = (first = c, second = d)
`);
    expect(said('noise z ~ normal[8]\nlet (a, b) = split(z, [2, 3, 3])\noutput out = (a, b)\n')).toContain(
      'GAN0347',
    );
    expect(said('noise z ~ normal[8]\nlet t = split(z, [4, 4])\noutput out = relu(t)\n')).toContain(
      'GAN0346',
    );
    expect(said('noise z ~ normal[8]\noutput out = z.mean\n')).toContain('GAN0348');
  });

  test('outputs are drawn as what their net or source declares', () => {
    const model = modelOf(`data x ~ image[4, 4, 1]
noise z ~ normal[8]
net G(z: [8]) -> image[4, 4, 1] = z |> dense(16) |> reshape(4, 4, 1) |> tanh
net E(x: image[4, 4, 1]) -> (code: [2], again: image[4, 4, 1]) = (code = x |> flatten |> dense(2), again = x)
output samples = G(z)
output real = x
output both = E(x)
output plain = G(z) * 2
`);
    expect(model.values.map((v) => `${v.name}: ${v.meaning}`)).toEqual([
      'samples: image',
      'real: image',
      'both.code: tensor',
      'both.again: image',
      'plain: tensor',
    ]);
  });

  test('a value is per example if any operand is', () => {
    const model = modelOf('noise s ~ normal[]\noutput out = s * range(8)\noutput flat = 2 * range(8)\n');
    expect(model.values.map((v) => `${v.term.batch} [${v.term.shape}]`)).toEqual(['true [8]', 'false [8]']);
  });

  test('broadcasting', () => {
    accepted('data x ~ image[4, 4, 3]\noutput out = x * [1, 2, 3]\n');
    expect(said('data x ~ image[4, 4, 3]\noutput out = x * [1, 2]\n')).toContain('GAN0301');
    expect(said('noise a ~ normal[8, 1]\nnoise b ~ normal[5]\noutput out = a + b\n')).toMatchInlineSnapshot(`
      "3:14 GAN0302 [8, 1] and [5] would all be stretched, to [8, 5], and one of them lacks an axis
        help: for a table of all pairs write \`expand(…, 0)\` on the one of shape [5]"
    `);
    const meant = 'noise a ~ normal[8, 1]\nnoise b ~ normal[8]\noutput out = a + b\n';
    expect(said(meant)).toContain('to let their axes meet, `reshape(8, 1)`');
    // Equally many axes say that a table is meant; single numbers have no axes to say.
    accepted('noise a ~ normal[8, 1]\nnoise b ~ normal[1, 5]\noutput out = where(a < b, a, 0)\n');
    expect(said('noise a ~ normal[8, 1]\nnoise b ~ normal[5]\noutput out = where(a, b, 0)\n')).toContain(
      'GAN0302',
    );
  });
});

test('the Model as text', async () => {
  const text = `/// Two nets that play.
param width = 8
data (x, y) ~ (image[4, 4, 1], label[3]) from "some.npz"
noise z ~ normal(0, 2)[width]
net H(a: [width]) -> [width] = a |> dense(width) as stem |> dropout(0.5)
net G(z: [width], y: label[3]) -> (picture: image[4, 4, 1], extra: []) = {
  let h = H(concat(z, y) |> dense(width)) |> relu
  return (picture = h |> dense(16) |> reshape(4, 4, 1) |> batch_norm |> tanh, extra = sum(h) + draw uniform(0, 1)[])
}
net D(x: image[4, 4, 1]) -> [1] = x |> conv(2, kernel = 3, norm = "spectral") |> flatten |> dense(1)
let fake = G(z, y)
let slope = grad(D(x), x)
loss d = expect(softplus(D(fake.picture)) + softplus(-D(x))) + 10 * expect(sum(square(slope))) * progress
loss g = expect(softplus(-D(fake.picture)))
metric extra = expect(fake.extra)
output samples = G.averaged(z, y)
optimizer opt = adamw(1e-3 * (1 - progress), clip_norm = 1)
train first (batch = 16, steps = 100) {
  sample x, z
  repeat (if step < 10 then 5 else 1) { sample 32 of z, x  update D to minimize d with opt }
  sample x, z
  together {
    update G, H to minimize g with sgd(0.1, momentum = 0.9, nesterov = true)
    update D to maximize 0.5 * g with rmsprop()
  }
  every 10 { clip D to [-0.1, 0.1] }
  once { sample z }
  sample x, z
  average G decay 0.99
}
`;
  await expect(printModel(modelOf(text))).toMatchFileSnapshot('model.txt');
});
