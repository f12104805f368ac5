/** Rules 18–24: the schedule, each rule from both sides. */
import { describe, expect, test } from 'vitest';
import { showHost } from '../../../src/model/print.ts';
import { parse } from '../../../src/syntax/parse.ts';
import { accepted, modelOf, said } from './checking.ts';

const declarations = `data x ~ [8]
data (u, v) ~ ([8], label[3])
noise z ~ normal[8]
net G(z: [8]) -> [8] = z |> dense(8)
net D(x: [8]) -> [1] = x |> dense(1)
net plain(x: [8]) -> [8] = tanh(x)
net C(x: [8]) -> [8] = G(x) |> dense(8)
let fake = G(z)
loss d_loss = expect(D(fake)) - expect(D(x))
loss g_loss = -expect(D(fake))
loss u_loss = expect(D(u) * sum(v))
loss c_loss = expect(sum(C(z)))
metric size = expect(norm(fake))
output samples = plain(fake)
optimizer opt = adam(1e-3)
`;
/** Uses every name, so that only what a test adds is spoken of. */
const rest =
  'train warm_up (batch = 8, steps = 1) { sample x, z, u  update D, G, C to minimize d_loss + g_loss + u_loss + c_loss with opt }\n';
const train = (body: string, args = 'batch = 8, steps = 10') =>
  `${declarations}${rest}train (${args}) {\n${body}\n}\n`;
const schedule = (body: string, args?: string) => said(train(body, args));
const update = 'update D to minimize d_loss with opt';

test('the schedule of the WGAN authors, with average and lazy R1', () => {
  const model = modelOf(`data x ~ image[8, 8, 1]
noise z ~ normal[8]
net G(z: [8]) -> image[8, 8, 1] = z |> dense(64) |> reshape(8, 8, 1) |> tanh
net D(x: image[8, 8, 1]) -> [1] = x |> conv(4, kernel = 3) |> leaky_relu |> flatten |> dense(1)
let fake = G(z)
loss critic = wasserstein_d(D(x), D(fake))
loss generator = wasserstein_g(D(fake))
loss penalty = r1(D, x)
output samples = fake
/// The schedule of the WGAN authors' own code, with a moving average and lazy R1 added.
optimizer d_opt = rmsprop(5e-5, decay = 0.99)
train (batch = 64, steps = 100_000) {
  repeat (if step < 25 || step % 500 == 0 then 100 else 5) {
    sample x, z
    clip D to [-0.01, 0.01]
    update D to minimize critic with d_opt
  }
  sample z
  update G to minimize generator with rmsprop(5e-5)
  average G decay 0.999
  every 16 { sample x  update D to minimize 16 * penalty with d_opt }
}
`);
  const [phase] = model.phases;
  expect(phase!.body.map((a) => a.kind)).toEqual(['repeat', 'sample', 'update', 'average', 'every']);
  const [repeat, , , average, every] = phase!.body;
  expect(repeat?.kind === 'repeat' && showHost(repeat.count)).toBe(
    '(if ((step < 25) || ((step % 500) == 0)) then 100 else 5)',
  );
  expect(average).toMatchObject({ net: 'G', decay: { kind: 'number', value: 0.999 } });
  expect(every?.kind === 'every' && every.body[1]).toMatchObject({ losses: ['penalty'], optimizer: 'd_opt' });
  expect(model.optimizers.map((o) => o.name)).toEqual(['d_opt', 'train/G/generator/rmsprop']);
});

describe('sample', () => {
  test('stands above what needs it, at any depth', () => {
    accepted(train(`once { sample x }  repeat 2 { sample z }  ${update}`));
    expect(schedule(`sample x  ${update}  sample z`)).toMatchInlineSnapshot(`
      "18:32 GAN0501 \`d_loss\` needs \`z\`, and nothing has sampled it yet
        help: write \`sample z\` above this update"
    `);
  });

  test('in every phase anew', () => {
    expect(schedule(update)).toContain('GAN0501');
  });

  test('of a field draws the record', () => {
    accepted(train('sample v  update D to minimize u_loss with opt'));
  });

  test('of sources only', () => {
    expect(schedule('sample fake')).toContain('GAN0516 `fake` is a `let`');
    expect(schedule('sample zz, x')).toContain('GAN0516 there is no `data` or `noise` called `zz`');
  });

  test('counts', () => {
    accepted(train(`sample 50 of x  sample 50 of z  update D to minimize expect(D(x) - D(z)) with opt`));
    accepted(train(`sample 50 of x  sample z  ${update}`));
    expect(schedule('sample 50 of x  sample z  update D to minimize expect(D(x) - D(z)) with opt')).toContain(
      "GAN0512 `x` holds 50 examples here and `z` the phase's `batch`",
    );
    expect(
      schedule('sample 50 of x  sample 40 of z  update D to minimize expect(D(x) - D(z)) with opt'),
    ).toContain('GAN0512 `x` holds 50 examples here and `z` 40');
    // A metric is worked out at the end of the step, on what is held there.
    const metrics = (body: string) =>
      said(train(body).replace('output samples', 'metric apart = expect(norm(x - z))\noutput samples'));
    expect(metrics(`sample 50 of x  sample z  ${update}`)).toContain('GAN0512');
    expect(metrics(`sample x, z  ${update}  every 2 { sample 50 of x, z }`)).toContain('GAN0513');
    expect(metrics(`sample 50 of x  sample z  ${update}  sample x`)).not.toContain('GAN05');
    expect(schedule('sample 2.5 of x')).toContain('GAN0241');
    expect(schedule('sample 0 of x')).toContain('GAN0242');
  });

  test('a draw takes the count of what it meets', () => {
    accepted(train('sample 50 of x  update D to minimize expect(D(x + draw normal[8])) with opt'));
    expect(
      schedule(
        'sample 50 of x  sample z  update D to minimize expect(D(z + 0 * draw normal[8]) + D(x)) with opt',
      ),
    ).toContain('GAN0512');
  });

  test('a draw, or a net, brings two counts together', () => {
    const both = 'update D to minimize expect(D(x + e)) + expect(D(z + e)) with opt';
    const text = train(`sample 50 of x  sample z  ${both}`);
    expect(said(text.replace('output samples', 'let e = draw normal[8]\noutput samples'))).toContain(
      'GAN0512',
    );
    const net =
      'net P(a: [8], b: [8]) -> (s: [1], t: [1]) = (s = dense(a, 1), t = dense(b, 1))\noutput samples';
    const apart = train(
      'sample 50 of x  sample z  update P to minimize expect(P(x, z).s) + expect(P(x, z).t) with opt',
    );
    accepted(apart.replace('output samples', net));
    const meet = train(
      'sample 50 of x  sample z  update P to minimize expect(P(x, z).s * P(x, z).t) with opt',
    );
    expect(said(meet.replace('output samples', net))).toContain('GAN0512');
  });

  test('a count that depends on what has run', () => {
    expect(schedule(`sample x, z  every 3 { sample 50 of x }  ${update}`)).toContain('GAN0513');
    accepted(train(`sample x, z  every 3 { sample 50 of x  ${update} }  sample x  ${update}`));
    // The body of a loop meets what its own end left behind.
    expect(schedule(`sample x, z  repeat 2 { ${update}  sample 50 of x }  sample x  ${update}`)).toContain(
      'GAN0513',
    );
  });
});

describe('update', () => {
  test('of nets that influence the loss', () => {
    accepted(train('sample x, z  update D, G to minimize d_loss with opt'));
    expect(schedule('sample x, z  update G to minimize expect(D(x)) with opt')).toContain(
      'GAN0502 `expect(D(x))` does not depend on the weights of `G`',
    );
  });

  test.each([
    ['stop', 'expect(D(stop(fake)))'],
    ['a comparison', 'expect(D(x) * sum(fake > 0))'],
    ['a frozen net', 'expect(D(G.frozen(z)))'],
  ])('not through %s', (_, loss) => {
    expect(schedule(`sample x, z  update G to minimize ${loss} with opt`)).toContain('GAN0502');
  });

  test('through frozen nets to their inputs, and through gradients', () => {
    accepted(train('sample x, z  update G to minimize expect(D.frozen(fake)) with opt'));
    accepted(train('sample x, z  update D to minimize r1(D, x) with opt'));
    accepted(train('sample x, z  update G to minimize expect(D(G.live(z))) with opt'));
  });

  test('leaves alone the nets that a net calls', () => {
    accepted(train('sample z  update C to minimize c_loss with opt'));
    accepted(train('sample z  update C, G to minimize c_loss with opt'));
  });

  test('of a net without weights, of none, of one twice', () => {
    expect(schedule('sample x, z  update plain to minimize expect(sum(plain(x))) with opt')).toContain(
      'GAN0515',
    );
    expect(schedule('sample x, z  update E to minimize d_loss with opt')).toContain('GAN0517');
    expect(schedule('sample x, z  update D, D to minimize d_loss with opt')).toContain('GAN0520');
  });

  test('of one whole number', () => {
    expect(schedule('sample x, z  update D to minimize D(x) with opt')).toMatchInlineSnapshot(`
      "18:35 GAN0344 the value to minimize must be one number for the whole batch, and this is [1] for each example
        help: average it over the batch: \`expect(D(x))\`"
    `);
    expect(schedule('sample x, z  update D to minimize expect(x) * D(x) with opt')).toContain('GAN0344');
  });

  test('logs the losses that its objective is made of', () => {
    const model = modelOf(train('sample x, z  update D to maximize 0.5 * d_loss + g_loss with sgd(0.1)'));
    expect(model.phases[1]!.body[1]).toMatchObject({ losses: ['d_loss', 'g_loss'], direction: 'maximize' });
  });

  test('a net whose weights a loss uses, and no update lists', () => {
    const file = (head: string, loss: string) => `data x ~ [8]
net D(x: [8]) -> [1] = x |> dense(1)
net E(x: [8]) -> [8]${head} = x |> dense(8)
loss l = expect(D(${loss}))
train (batch = 8, steps = 1) { sample x  update D to minimize l with adam(1e-3) }
`;
    expect(said(file('', 'E(x)'))).toContain('3:5 GAN0503 a loss uses the weights of `E`');
    accepted(file(' from "run"', 'E(x)'));
    accepted(file('', 'E.frozen(x)'));
  });
});

describe('optimizers', () => {
  const spec = (call: string) =>
    modelOf(train(`sample x, z  update D to minimize d_loss with ${call}`)).optimizers.at(-1)!;

  test("have PyTorch's defaults", () => {
    const values = (call: string) =>
      Object.fromEntries(
        Object.entries(spec(call).hyper).map(([k, v]) => [
          k,
          typeof v === 'object' && v?.kind === 'number' ? v.value : v,
        ]),
      );
    expect(values('adam()')).toEqual({ lr: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, clip_norm: null });
    expect(values('adamw(1e-4)')).toEqual({
      lr: 1e-4,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      decay: 0.01,
      clip_norm: null,
    });
    expect(values('sgd(0.1)')).toEqual({ lr: 0.1, momentum: 0, nesterov: false, clip_norm: null });
    expect(values('rmsprop(5e-5)')).toEqual({
      lr: 5e-5,
      decay: 0.99,
      momentum: 0,
      epsilon: 1e-8,
      clip_norm: null,
    });
    expect(values('adagrad(clip_norm = 1)')).toEqual({ lr: 0.01, epsilon: 1e-10, clip_norm: 1 });
  });

  test('take scalars of the step', () => {
    const { lr } = spec('adam(2e-4 * (1 - progress))').hyper;
    expect(lr !== null && typeof lr === 'object' && showHost(lr!)).toBe('(0.0002 * (1 - progress))');
  });

  test.each([
    ['adam(beta = 0.5)', 'GAN0220'],
    ['adam(1e-3, beta1 = 1)', 'GAN0522'],
    ['adam(-1)', 'GAN0522'],
    ['sgd(0.1, nesterov = true)', 'GAN0522'],
    ['adam(d_loss)', 'GAN0519'],
    ['adam("fast")', 'GAN0519'],
    ['adan(1e-3)', 'GAN0518'],
    ['adam', 'GAN0518'],
    ['optt', 'GAN0518'],
    ['tanh(1)', 'GAN0518'],
  ])('%s', (call, code) => {
    expect(schedule(`sample x, z  update D to minimize d_loss with ${call}`)).toContain(code);
  });
});

describe('blocks', () => {
  test('together holds updates, and no optimizer touches a weight twice', () => {
    accepted(
      train(
        'sample x, z  together { update D to minimize d_loss with opt  update G to minimize g_loss with opt }',
      ),
    );
    accepted(train(`sample x, z  together { ${update}  update D to minimize d_loss with adam(1e-3) }`));
    expect(schedule(`sample x, z  together { ${update}  ${update} }`)).toContain('GAN0507');
    expect(schedule(`sample x  together { sample z  ${update} }`)).toContain('GAN0506');
    expect(schedule(`sample x, z  together { once { ${update} } }`)).toContain('GAN0506');
  });

  test('repeat rounds down; a constant below 1 never runs', () => {
    accepted(train(`sample x, z  repeat 1.5 { ${update} }  repeat step / 2 { ${update} }`));
    expect(schedule(`sample x, z  repeat 0.5 { ${update} }`)).toContain('GAN0504 `repeat 0.5` never runs');
    expect(schedule(`sample x, z  repeat d_loss { ${update} }`)).toContain('GAN0519');
  });

  test('every takes a whole constant of at least 1', () => {
    accepted(train(`sample x, z  every 4 / 2 { ${update} }`));
    expect(schedule(`sample x, z  every 0 { ${update} }`)).toContain('GAN0242');
    expect(schedule(`sample x, z  every 1.5 { ${update} }`)).toContain('GAN0241');
    expect(schedule(`sample x, z  every step { ${update} }`)).toContain('GAN0240');
  });

  test('clip and average', () => {
    accepted(train(`sample x, z  ${update}  clip D to [-0.1, 0.1 * (1 + progress)]  average G decay 0.9`));
    expect(schedule('clip D to [1, -1]')).toContain(
      'GAN0522 the upper end of `clip` must be at least the lower end, 1',
    );
    accepted(train(`sample x, z  ${update}  clip D to norm 2 - progress`));
    expect(schedule('clip D to norm 0')).toContain(
      'GAN0522 the norm of `clip` must be above 0, and this is 0',
    );
    expect(schedule('clip D to norm size')).toContain('GAN0519');
    expect(schedule('clip fake to [-1, 1]')).toContain('GAN0517');
    expect(schedule('average plain decay 0.9')).toContain('GAN0515');
    expect(schedule('average G decay 1.1')).toContain('GAN0522');
  });
});

describe('phases', () => {
  const body = `sample x, z  ${update}`;

  test('have names', () => {
    expect(
      modelOf(
        `${declarations}${rest}train (batch = 8, steps = 1) { ${body} }\ntrain (batch = 8, steps = 1) { ${body} }\n`,
      ).phases.map((p) => p.name),
    ).toEqual(['warm_up', 'train', 'train_2']);
    expect(said(`${declarations}${rest}train warm_up (batch = 8, steps = 1) { ${body} }\n`)).toContain(
      'GAN0203 `warm_up` is declared twice',
    );
  });

  test('run for steps or epochs, with a batch', () => {
    accepted(train(body, 'batch = 8, epochs = 2'));
    expect(schedule(body, 'batch = 8')).toContain('GAN0509');
    expect(schedule(body, 'batch = 8, steps = 1, epochs = 1')).toContain('GAN0509');
    expect(schedule(body, 'steps = 1')).toContain('GAN0511');
    expect(schedule(body, 'batch = 8, step = 1')).toContain('did you mean `steps`?');
    expect(schedule(body, 'batch = 0, steps = 1')).toContain('GAN0242');
    expect(
      schedule('sample z  update G to minimize expect(norm(fake)) with opt', 'batch = 8, epochs = 1'),
    ).toContain('GAN0508');
  });
});

describe('averages and metrics', () => {
  test('N.averaged needs an average N', () => {
    const average = (more: string) =>
      train(`sample x, z  ${update}  ${more}`).replace('plain(fake)', 'plain(G.averaged(z))');
    accepted(average('average G decay 0.99'));
    expect(said(average(''))).toContain('GAN0514');
  });

  test('a metric whose sources no phase samples', () => {
    const metric = (sample: string) => `data x ~ [8]
noise z ~ normal[8]
net D(x: [8]) -> [1] = x |> dense(1)
loss l = expect(D(x))
metric m = expect(D(z))
train (batch = 8, steps = 1) { sample ${sample}  update D to minimize l with adam(1e-3) }
`;
    accepted(metric('x, z'));
    expect(said(metric('x'))).toContain('GAN0523 the metric `m` needs `z`');
  });
});

describe('states', () => {
  const declared = (state: string, body: string) =>
    said(
      `${declarations}${state}\n${rest}train (batch = 8, steps = 10) { sample x, z  ${update}  ${body} }\n`,
    );

  test('hold a whole value, one of each example, or a number of examples of their own', () => {
    const { states } = modelOf(`${declarations}
state level = 0
state centre = 0 * range(8)
state chain ~ uniform(-1, 1)[8]
state pool ~ 2 * 250 of normal[8]
metric shown = level + sum(centre) + expect(sum(chain)) + expect(sum(pool))
${rest}train (batch = 8, steps = 10) {
  sample x, z  ${update}
  set level to progress
  set centre to 0.9 * centre + 0.1 * expect(fake)
  set chain to chain - 0.1 * grad(D(chain), chain)
  set pool to 0
}`);
    expect(states.map(({ name, shape, count }) => [name, shape, count])).toEqual([
      ['level', [], null],
      ['centre', [8], null],
      ['chain', [8], 'batch'],
      ['pool', [8], 500],
    ]);
  });

  test('start with numbers, and keep their shape', () => {
    expect(declared('state a = fake', 'set a to a')).toContain('GAN0205');
    expect(declared('state a = progress', 'set a to a')).toContain('GAN0240');
    expect(declared('state a = "no"', 'set a to a')).toContain('GAN0224');
    expect(declared('state a ~ 0 of normal[2]', 'set a to a')).toContain('GAN0242');
    expect(declared('state a ~ gaussian[2]', 'set a to a')).toContain('GAN0229');
    expect(declared('state a = 0', 'set a to 0.5 * a + norm(z)')).toContain(
      'GAN0526 `a` is [] as a whole, and this is [] for each example',
    );
    expect(declared('state a = 0', 'set a to [1, 2] * a')).toContain('GAN0526');
    expect(declared('state a ~ normal[8]', 'set a to slice(a, 0, 0, 3)')).toContain('GAN0526');
    expect(declared('state a ~ 50 of normal[8]', 'set a to a + z')).toContain('GAN0512');
    expect(declared('state a ~ 50 of normal[8]', 'set a to z + draw normal[8]')).toContain(
      "GAN0512 `a` holds 50 examples here and `z + draw normal[8]` the phase's `batch`",
    );
  });

  test('are set, and nothing else is', () => {
    expect(declared('state mean_size = 0', 'set mean_sise to 1')).toContain('did you mean `mean_size`?');
    expect(declared('', 'set x to 1')).toContain('GAN0525 `x` is a `data`, and only a `state` is set');
    expect(declared('state a = 1', 'update D to minimize a * d_loss with opt')).toContain('GAN0528');
    expect(declared('state a = 1', 'set a to 2')).toContain('GAN0217');
    expect(declared('state a = 1', 'sample a')).toContain('GAN0516');
    expect(declared('state a = 1', 'set a to a + expect(sum(u))')).toContain(
      'GAN0501 `a + expect(sum(u))` needs `u`, and nothing has sampled it yet\n  help: write `sample u` above this statement',
    );
    expect(declared('state a = 1\nnet E(x: [8]) -> [8] = a * x', 'set a to 2')).toContain(
      'GAN0205 `a` is a `state` of the file',
    );
  });
});

describe('if, save and restore', () => {
  test('conditions look at the clocks', () => {
    accepted(
      train(`sample x, z  if step % 2 == 0 { ${update} } else if progress > 0.5 { sample z } else { }`),
    );
    accepted(train(`sample x, z  if step % 2 == 0 { ${update} }  if epoch > 1 { sample z }  ${update}`));
    expect(schedule(`sample x, z  if d_loss > 1 { ${update} }`)).toContain('GAN0519 the condition of `if`');
    expect(schedule(`sample x, z  if 1 { ${update} }`)).toContain('GAN0245');
    expect(
      schedule(`if step > 1 { sample 5 of x, z }  sample z  if step > 2 { sample x }  ${update}`),
    ).toContain('GAN0513');
  });

  test('many of them one after the other', () => {
    accepted(train(`sample x, z  ${'if step > 1 { sample z } '.repeat(70)} ${update}`));
  });

  test('at most 256 in a chain, and no condition too long to write', () => {
    const chain = (n: number) =>
      `if step == 0 { ${update} }${' else if step > 1 { sample z }'.repeat(n - 1)}`;
    accepted(train(`sample x, z  ${chain(256)}`));
    const { diagnostics } = parse({ path: 'test.gan', text: train(chain(257)) });
    expect(diagnostics.map((d) => d.code)).toEqual(['GAN0111']);
    const long = Array.from({ length: 200 }, (_, i) => `step == ${i}`).join(' || ');
    const longest = Array.from({ length: 20 }, () => `if ${long} { sample z } else `).join('');
    expect(schedule(`sample x, z  ${update}  ${longest}{ sample x }`)).toContain('GAN0247');
  });

  test('one that is known while compiling is chosen', () => {
    const model = modelOf(train(`sample x, z  if 1 > 2 { sample 5 of z } else { ${update} }`));
    expect(model.phases[1]!.body.map((a) => a.kind)).toEqual(['sample', 'update']);
  });

  test('what is restored has been saved', () => {
    accepted(train(`sample x, z  save D, G  ${update}  restore G  together { restore D  ${update} }`));
    expect(schedule(`sample x, z  ${update}  restore D  save D`)).toContain(
      'GAN0527 no `save D` stands above',
    );
    expect(schedule(`sample x, z  together { restore G  ${update} }`)).toContain('GAN0527');
    expect(schedule(`sample x, z  save fake  ${update}`)).toContain('GAN0517');
    expect(schedule(`sample x, z  save plain  ${update}`)).toContain('GAN0515');
    expect(schedule(`sample x, z  together { save G  ${update} }`)).toContain('GAN0506');
  });
});

test('independent mistakes are all said, each once', () => {
  const text = `data x ~ image[28, 28]
noise z ~ normal[7.5]
net G(z: [8]) -> [4] = z |> dense(5)
net D(x: [8]) -> [1] = x |> dens(1)
let a = tnah(1)
loss l = D(G(range(8)))
train (batch = 8, step = 3) {
  sample x, y
  update D to minimize l with adam(1e-3, bta1 = 0)
}
`;
  expect(
    said(text)
      .split('\n')
      .filter((l) => !l.startsWith('  '))
      .map((l) => l.split(' ').slice(0, 2).join(' ')),
  ).toEqual([
    '1:10 GAN0353',
    '2:18 GAN0241',
    '3:29 GAN0341',
    '4:29 GAN0202',
    '5:9 GAN0202',
    '6:12 GAN0342',
    '7:19 GAN0220',
    '8:13 GAN0516',
    '9:42 GAN0220',
  ]);
});
