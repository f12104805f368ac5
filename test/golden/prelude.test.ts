/** The prelude: every def is accepted in a small game, and gives the numbers of its paper. */
import { describe, expect, test } from 'vitest';
import prelude from '../../grammar/prelude.gan';
import type { HostExpr } from '../../src/ir/host.ts';
import { parse } from '../../src/syntax/parse.ts';
import { hostValue } from '../oracle/host.ts';
import { array, close, column, compile, mean, numbers } from './prelude-numbers.ts';

const defs = parse({ path: 'prelude.gan', text: prelude }).value!.declarations.flatMap((d) =>
  d.kind === 'def' ? [d.name.text] : [],
);

/** A game in which D and G are both updated. */
const game = (d: string, g: string, layer = '') => `
data x ~ image[16, 16, 1]
noise z ~ normal[4]
net G(z: [4]) -> image[16, 16, 1] = z |> dense(16 * 16) |> tanh |> reshape(16, 16, 1) ${layer}
net D(x: image[16, 16, 1]) -> [1] = x |> flatten |> dense(4) |> softplus |> dense(1)
let fake = G(z)
loss d_loss = ${d}
loss g_loss = ${g}
train (batch = 2, steps = 3) {
  sample x, z
  update D to minimize d_loss with sgd(0.1)
  update G to minimize g_loss with sgd(0.1)
}
`;
const pair = (name: string) => game(`${name}_d(D(x), D(fake))`, `${name}_g(D(fake))`);
const bound = (name: string) => game(`-${name}(D(x), D(fake))`, `${name}_g(D(fake))`);
const critic = (penalty: string) =>
  game(`wasserstein_d(D(x), D(fake)) + 10 * ${penalty}`, 'wasserstein_g(D(fake))');
const of = (value: string) => game('hinge_d(D(x), D(fake))', `hinge_g(D(fake)) + expect(${value})`);

const recurrent = (body: string) =>
  game(
    'hinge_d(D(x), D(fake))',
    'hinge_g(D(fake))',
    `|> reshape(16, 16) |> along |> tanh |> reshape(16, 16, 1)\ndef along(s) = ${body}`,
  );

const classes = (value: string) => `
data (x, y) ~ ([4], label[10])
net C(x: [4]) -> [10] = x |> dense(10)
loss l = expect(${value})
train (batch = 2, steps = 3) { sample x, y  update C to minimize l with sgd(1) }
`;

const rate = (factor: string) => `
noise z ~ normal[2]
net G(z: [2]) -> [1] = z |> dense(1)
loss l = expect(G(z))
train (batch = 2, steps = 8) { sample z  update G to minimize l with sgd(${factor}) }
`;

const programs: Record<string, string> = {
  minimax_d: pair('minimax'),
  minimax_g: pair('minimax'),
  nonsaturating_d: pair('nonsaturating'),
  nonsaturating_g: pair('nonsaturating'),
  smoothed_d: game('smoothed_d(D(x), D(fake))', 'nonsaturating_g(D(fake))'),
  least_squares_d: pair('least_squares'),
  least_squares_g: pair('least_squares'),
  hinge_d: pair('hinge'),
  hinge_g: pair('hinge'),
  wasserstein_d: pair('wasserstein'),
  wasserstein_g: pair('wasserstein'),
  relativistic_average_d: game(
    'relativistic_average_d(D(x), D(fake))',
    'relativistic_average_g(D(x), D(fake))',
  ),
  relativistic_average_g: game(
    'relativistic_average_d(D(x), D(fake))',
    'relativistic_average_g(D(x), D(fake))',
  ),
  gradient_penalty: critic('gradient_penalty(D, x, fake)'),
  r1: critic('r1(D, x)'),
  r2: critic('r2(D, fake)'),
  dragan: critic('dragan(D, x)'),
  fgan_kl: bound('fgan_kl'),
  fgan_kl_g: bound('fgan_kl'),
  fgan_reverse_kl: bound('fgan_reverse_kl'),
  fgan_reverse_kl_g: bound('fgan_reverse_kl'),
  fgan_pearson: bound('fgan_pearson'),
  fgan_pearson_g: bound('fgan_pearson'),
  fgan_squared_hellinger: bound('fgan_squared_hellinger'),
  fgan_squared_hellinger_g: bound('fgan_squared_hellinger'),
  fgan_jensen_shannon: bound('fgan_jensen_shannon'),
  fgan_jensen_shannon_g: bound('fgan_jensen_shannon'),
  fgan_gan: bound('fgan_gan'),
  fgan_gan_g: bound('fgan_gan'),
  divergence_js: game('-divergence_js(fgan_gan(D(x), D(fake)))', 'fgan_gan_g(D(fake))'),
  kl_normal: of('kl_normal(fake, D(fake))'),
  log_prob_normal: of('log_prob_normal(x, fake, 0)'),
  cross_entropy: classes('cross_entropy(C(x), y)'),
  smooth_label: classes('cross_entropy(C(x), smooth_label(y))'),
  binary_cross_entropy: of('binary_cross_entropy(fake, (x + 1) / 2)'),
  total_variation: of('total_variation(fake)'),
  gaussian_filter: of('sum(gaussian_filter(fake))'),
  ssim_factors: of('ssim(fake, x)'),
  ssim: of('1 - ssim(fake, x)'),
  ms_ssim_weight: of('1 - ms_ssim(fake, x, scales = 1)'),
  ms_ssim_scale: of('1 - ms_ssim(fake, x, scales = 3, window = 3)'),
  ms_ssim: of('1 - ms_ssim(fake, x, scales = 2, window = 5)'),
  warmup: rate('warmup(5)'),
  cosine: rate('cosine()'),
  cosine_restarts: rate('cosine_restarts(4)'),
  linear_decay: rate('linear_decay()'),
  exponential_decay: rate('exponential_decay(0.5, 4)'),
  inverse_sqrt: rate('inverse_sqrt(4)'),
  ramped_decay: rate('ramped_decay(0.9)'),
  pooled: `
noise z ~ normal[4]
state pool ~ normal[3, 4]
state filled = 0
net D(x: [4]) -> [1] = x |> dense(1)
let (shown, kept) = pooled(pool, z, filled)
loss l = expect(D(shown))
train (batch = 2, steps = 3) {
  sample z
  update D to minimize l with sgd(1)
  set pool to kept
  set filled to filled + 1
}
`,
  outer: of('sum(outer(D(x), D(x)))'),
  pairwise: of('mean(pairwise(reshape(fake, 16, 16), reshape(x, 16, 16)))'),
  straight_through: of('mean(straight_through(sign(fake), fake))'),
  categorical_sample: classes('sum(categorical_sample(C(x)) * C(x))'),
  gumbel_softmax: classes('cross_entropy(C(x), stop(y)) + sum(gumbel_softmax(C(x), 0.5, hard = true) * y)'),
  nearest_code: of('mean(nearest_code(reshape(x, 16, 16), zeros(3, 16)) * D(fake))'),
  vector_quantise: of('vector_quantise(reshape(fake, 16, 16), zeros(3, 16)).loss'),
  augment_colour: game(
    'hinge_d(D(augment_colour(x)), D(augment_colour(fake)))',
    'hinge_g(D(augment_colour(fake)))',
  ),
  augment_translation: game(
    'hinge_d(D(augment_translation(x)), D(augment_translation(fake)))',
    'hinge_g(D(augment_translation(fake)))',
  ),
  augment_cutout: game(
    'hinge_d(D(augment_cutout(x)), D(augment_cutout(fake)))',
    'hinge_g(D(augment_cutout(fake)))',
  ),
  diff_augment: game(
    'hinge_d(D(diff_augment(x, progress)), D(diff_augment(fake, progress)))',
    'hinge_g(D(diff_augment(fake, progress)))',
  ),
  gaussian_kernel: of('mean(gaussian_kernel(batch(flatten(x)), batch(flatten(fake))))'),
  gaussian_kernel_part: of('mean(gaussian_kernel(batch(flatten(x)), batch(flatten(fake)), widths = [1]))'),
  rational_quadratic_kernel: of('mean(rational_quadratic_kernel(batch(flatten(x)), batch(flatten(fake))))'),
  rational_quadratic_kernel_part: of('mmd(flatten(x), flatten(fake), kernel = rational_quadratic_kernel)'),
  mmd: of('mmd(flatten(x), flatten(fake))'),
  off_diagonal_mean: of('off_diagonal_mean(gaussian_kernel(batch(flatten(x)), batch(flatten(fake))))'),
  nt_xent: of('nt_xent(flatten(x), flatten(fake))'),
  minibatch_discrimination: of('D(fake)').replace('|> softplus', '|> minibatch_discrimination |> softplus'),
  self_attention: game('hinge_d(D(x), D(fake))', 'hinge_g(D(fake))', '|> self_attention |> tanh'),
  last: of('sum(last(fake))'),
  gru: recurrent('s |> scan h = zeros(16) { gru(h) }'),
  lstm: recurrent(
    '{ let (hs, cs) = s |> scan (h, c) = (zeros(16), zeros(16)) { lstm(h, c) }  return hs + cs }',
  ),
  time_embedding: of('sum(time_embedding(D(fake), 8))'),
  alpha_bar_linear: of('alpha_bar_linear(floor(stop(D(fake))), 10) |> sum'),
  alpha_bar_cosine: of('alpha_bar_cosine(stop(D(fake)), 10) |> sum'),
  diffuse: of('sum(diffuse(fake, x, 0.5))'),
  ddpm_step: of('sum(ddpm_step(fake, x, 0.5, 0.7, draw normal[16, 16, 1]))'),
  ddim_step: of('sum(ddim_step(fake, x, 0.5, 0.7))'),
  flow_point: of('sum(flow_point(fake, x, 0.3))'),
};

describe('every def is accepted', () => {
  test('and none is forgotten here', () => {
    expect(Object.keys(programs).sort()).toEqual([...defs].sort());
  });

  test.each(Object.entries(programs))('%s', (name, text) => {
    expect(text).toContain(name.replace(/_(factors|weight|scale|part)$/, '').replace(/_[dg]$/, ''));
    const { model, diagnostics } = compile(text);
    // What the checker says of the craft (a saturating loss) is not the prelude's fault.
    expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
    expect(model).toBeDefined();
  });
});

describe('factors of a learning rate are what their papers write', () => {
  /** At each of a phase's 8 steps. */
  const steps = (factor: string): number[] => {
    const { model } = compile(rate(factor));
    const lr = model!.optimizers[0]!.hyper.lr as HostExpr;
    return Array.from({ length: 8 }, (_, step) => hostValue(lr, { step, epoch: 0, progress: step / 8 }));
  };
  test.each<[string, (step: number) => number]>([
    ['warmup(5)', (s) => [0.2, 0.4, 0.6, 0.8][s] ?? 1],
    ['cosine()', (s) => Math.cos((Math.PI * s) / 16) ** 2],
    ['cosine(end = 0.1)', (s) => 0.1 + 0.9 * Math.cos((Math.PI * s) / 16) ** 2],
    ['cosine_restarts(4)', (s) => [1, (2 + Math.SQRT2) / 4, 0.5, (2 - Math.SQRT2) / 4][s % 4]!],
    ['linear_decay()', (s) => (s <= 4 ? 1 : (8 - s) / 4)],
    ['exponential_decay(0.25, 2)', (s) => 2 ** -s],
    ['inverse_sqrt(4)', (s) => (s < 3 ? (s + 1) / 4 : 2 / Math.sqrt(s + 1))],
    ['ramped_decay(0.4)', (s) => Math.min(0.4, (1 + s) / (10 + s))],
    ['2 * clamp(relu(step - 3) / 2, 0.25, 1) * warmup(1)', (s) => [0.5, 0.5, 0.5, 0.5, 1, 2, 2, 2][s]!],
  ])('%s', (factor, expected) => {
    for (const [step, value] of steps(factor).entries()) expect(value).toBeCloseTo(expected(step), 12);
  });
});

describe('losses', () => {
  const r = [1.5, -0.3, 0.2, -2];
  const f = [-1, 0.4, 2.5, 0.7];
  const given = { real: column(r), fake: column(f) };
  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
  const E = (values: readonly number[], g: (v: number) => number) => mean(values.map(g));

  test('pairs are what their papers write', async () => {
    const found = await numbers(
      {
        minimax_d_: 'minimax_d(real, fake)',
        minimax_g_: 'minimax_g(fake)',
        nonsaturating_d_: 'nonsaturating_d(real, fake)',
        nonsaturating_g_: 'nonsaturating_g(fake)',
        smoothed: 'smoothed_d(real, fake)',
        ls_d: 'least_squares_d(real, fake)',
        ls_d2: 'least_squares_d(real, fake, a = -1, b = 1)',
        ls_g: 'least_squares_g(fake)',
        hinge_d_: 'hinge_d(real, fake)',
        hinge_g_: 'hinge_g(fake)',
        w_d: 'wasserstein_d(real, fake)',
        w_g: 'wasserstein_g(fake)',
        ra_d: 'relativistic_average_d(real, fake)',
        ra_g: 'relativistic_average_g(real, fake)',
      },
      given,
    );
    const d = -E(r, (v) => Math.log(sigmoid(v))) - E(f, (v) => Math.log(1 - sigmoid(v)));
    close(found, {
      minimax_d_: d,
      nonsaturating_d_: d,
      minimax_g_: E(f, (v) => Math.log(1 - sigmoid(v))),
      nonsaturating_g_: -E(f, (v) => Math.log(sigmoid(v))),
      smoothed:
        -E(r, (v) => 0.9 * Math.log(sigmoid(v)) + 0.1 * Math.log(1 - sigmoid(v))) -
        E(f, (v) => Math.log(1 - sigmoid(v))),
      ls_d: (E(r, (v) => (v - 1) ** 2) + E(f, (v) => v ** 2)) / 2,
      ls_d2: (E(r, (v) => (v - 1) ** 2) + E(f, (v) => (v + 1) ** 2)) / 2,
      ls_g: E(f, (v) => (v - 1) ** 2) / 2,
      hinge_d_: E(r, (v) => Math.max(0, 1 - v)) + E(f, (v) => Math.max(0, 1 + v)),
      hinge_g_: -mean(f),
      w_d: mean(f) - mean(r),
      w_g: -mean(f),
      ra_d: -E(r, (v) => Math.log(sigmoid(v - mean(f)))) - E(f, (v) => Math.log(1 - sigmoid(v - mean(r)))),
      ra_g: -E(f, (v) => Math.log(sigmoid(v - mean(r)))) - E(r, (v) => Math.log(1 - sigmoid(v - mean(f)))),
    });
  });

  test('a patch critic is averaged', async () => {
    const patches = { real: array([2, 2, 1], (i) => i - 1.5), fake: array([2, 2, 1], (i) => 0.5 - i) };
    const found = await numbers({ w: 'wasserstein_d(real, fake)', h: 'hinge_d(real, fake)' }, patches);
    close(found, { w: -1, h: mean([2.5, 1.5, 0.5, 0]) + mean([1.5, 0.5, 0, 0]) });
  });
});

describe('penalties', () => {
  const x = array([3, 2], (i) => Math.sin(i + 1));
  const y = array([3, 2], (i) => Math.cos(3 * i));
  const square = (i: number, at: (k: number) => number) => at(2 * i) ** 2 + at(2 * i + 1) ** 2;
  const critic = 'def D(v) = sum(square(v)) / 2';

  test('of a critic whose gradient is its input', async () => {
    const found = await numbers(
      { gp: 'gradient_penalty(D, x, y)', one: 'r1(D, x)', two: 'r2(D, y)', near: 'dragan(D, x, stop(y))' },
      { x, y },
      critic,
    );
    // The draw of the oracle above: t is i/7 for example i.
    const between = (i: number) => (k: number) => (i / 7) * x.data[k]! + (1 - i / 7) * y.data[k]!;
    close(found, {
      gp: mean([0, 1, 2].map((i) => (Math.sqrt(square(i, between(i))) - 1) ** 2)),
      one: mean([0, 1, 2].map((i) => square(i, (k) => x.data[k]!))),
      two: mean([0, 1, 2].map((i) => square(i, (k) => y.data[k]!))),
      near: mean([0, 1, 2].map((i) => (Math.sqrt(square(i, (k) => x.data[k]! + y.data[k]!)) - 1) ** 2)),
    });
  });

  test('of a linear net', async () => {
    const net = 'net L(v: [2]) -> [1] = v |> dense(1)';
    const found = await numbers({ gp: 'gradient_penalty(L, x, y)', one: 'r1(L, x)' }, { x, y }, net);
    const norm = Math.hypot(0.3, 0.6);
    close(found, { gp: (norm - 1) ** 2, one: norm ** 2 });
  });
});

describe('f-divergences are met where the critic is optimal', () => {
  // p and q on three points; each point stands in the batch as often as its probability says.
  const p = [0.5, 0.25, 0.25];
  const q = [0.25, 0.25, 0.5];
  const real = [0, 0, 1, 2];
  const fake = [0, 1, 2, 2];
  const at = (v: (ratio: number) => number) => ({
    real: column(real.map((k) => v(p[k]! / q[k]!))),
    fake: column(fake.map((k) => v(p[k]! / q[k]!))),
  });
  const sum = (f: (p: number, q: number) => number) => p.reduce((s, _, k) => s + f(p[k]!, q[k]!), 0);
  const kl = (a: number, b: number) => a * Math.log(a / b);
  const jsd = sum((a, b) => (kl(a, (a + b) / 2) + kl(b, (a + b) / 2)) / 2);

  test.each<[string, (u: number) => number, number]>([
    ['fgan_kl(real, fake)', (u) => 1 + Math.log(u), sum(kl)],
    ['fgan_reverse_kl(real, fake)', Math.log, sum((a, b) => kl(b, a))],
    ['fgan_pearson(real, fake)', (u) => 2 * (u - 1), sum((a, b) => (a - b) ** 2 / b)],
    [
      'fgan_squared_hellinger(real, fake)',
      (u) => Math.log(u) / 2,
      sum((a, b) => (Math.sqrt(a) - Math.sqrt(b)) ** 2),
    ],
    ['fgan_jensen_shannon(real, fake)', Math.log, 2 * jsd],
    ['fgan_gan(real, fake)', Math.log, 2 * jsd - 2 * Math.log(2)],
    ['divergence_js(fgan_gan(real, fake))', Math.log, jsd],
  ])('%s', async (value, optimal, divergence) => {
    close(await numbers({ best: value }, at(optimal)), { best: divergence });
    // A lower bound: any other critic gives less.
    const { other } = await numbers(
      { other: value },
      at((u) => optimal(u) + 0.3),
    );
    expect(other).toBeLessThan(divergence);
  });

  test.each(['kl', 'reverse_kl', 'pearson', 'squared_hellinger', 'jensen_shannon', 'gan'])(
    'fgan_%s_g is what the generator can change of the bound',
    async (name) => {
      const given = {
        fake: column([0.3, -1, 2, 0]),
        other: column([1, 0.1, -0.7, 0.4]),
        real: column([1, 2, 3, 4]),
      };
      const found = await numbers(
        {
          bounds: `fgan_${name}(real, fake) - fgan_${name}(real, other)`,
          parts: `fgan_${name}_g(fake) - fgan_${name}_g(other)`,
        },
        given,
      );
      close(found, { bounds: found.parts! });
    },
  );
});

describe('likelihoods', () => {
  test('of one example', async () => {
    const mu = array([2, 2], (i) => [0, 0, 0.5, -1][i]!);
    const logvar = array([2, 2], (i) => [0, 0, 0.3, -0.7][i]!);
    const x = array([2, 2], (i) => [0.1, 0.2, 0.9, 0.4][i]!);
    const found = await numbers(
      {
        zero: 'expect(kl_normal(0 * mu, 0 * mu))',
        kl: 'expect(kl_normal(mu, logvar))',
        standard: 'expect(log_prob_normal(x, 0, 0))',
        normal: 'expect(log_prob_normal(x, mu, logvar))',
        bernoulli: 'expect(binary_cross_entropy(mu, x))',
      },
      { mu, logvar, x },
    );
    const total = (f: (m: number, l: number, v: number) => number) =>
      mu.data.reduce((s, m, i) => s + f(m, logvar.data[i]!, x.data[i]!), 0) / 2;
    const density = (v: number, m: number, variance: number) =>
      Math.log(Math.exp(-((v - m) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance));
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    close(found, {
      zero: 0,
      // log σ₂/σ₁ + (σ₁² + (μ₁ - μ₂)²)/(2σ₂²) - ½
      kl: total((m, l) => -l / 2 + (Math.exp(l) + m * m) / 2 - 0.5),
      standard: total((_, __, v) => density(v, 0, 1)),
      normal: total((m, l, v) => density(v, m, Math.exp(l))),
      bernoulli: total((m, _, v) => -v * Math.log(sigmoid(m)) - (1 - v) * Math.log(1 - sigmoid(m))),
    });
  });

  test('of classes', async () => {
    const logits = array([2, 3], (i) => [1, 2, 0.5, -1, 0, 3][i]!);
    const y = array([2, 3], (i) => [0, 1, 0, 0, 0, 1][i]!);
    const found = await numbers(
      {
        hard: 'expect(cross_entropy(logits, y))',
        soft: 'expect(cross_entropy(logits, smooth_label(y, 0.3)))',
      },
      { logits, y },
    );
    const log = [0, 1].map((row) => {
      const e = [0, 1, 2].map((k) => Math.exp(logits.data[3 * row + k]!));
      return e.map((v) => Math.log(v / (e[0]! + e[1]! + e[2]!)));
    });
    const soft = (row: number, label: number) =>
      -log[row]!.reduce((s, l, k) => s + l * (k === label ? 0.8 : 0.1), 0);
    close(found, { hard: -(log[0]![1]! + log[1]![2]!) / 2, soft: (soft(0, 1) + soft(1, 2)) / 2 });
  });
});

describe('self-attention', () => {
  const x = array([1, 2, 2, 8], (i) => Math.cos(i));

  test('attends as section 3 of the paper writes it', async () => {
    const net = 'net A(x: [2, 2, 8]) -> [2, 2, 8] = x |> self_attention(2)';
    const found = await numbers({ value: 'expect(sum(square(A(x))))' }, { x }, net);
    const at = (k: number) => 0.3 * (k + 1);
    const project = (v: number[][], width: number) =>
      v.map((row) =>
        Array.from({ length: width }, (_, o) => row.reduce((s, y, i) => s + y * at(i * width + o), 0)),
      );
    const points = [0, 1, 2, 3].map((k) => Array.from(x.data.slice(8 * k, 8 * k + 8)));
    const small = project(points, 2);
    const found2 = small.map((query) => {
      const weights = small.map((key) => Math.exp(query[0]! * key[0]! + query[1]! * key[1]!));
      const all = weights.reduce((s, w) => s + w, 0);
      return [0, 1].map((c) => weights.reduce((s, w, k) => s + (w / all) * small[k]![c]!, 0));
    });
    // gamma is its only entry's 0.3 here.
    const result = project(found2, 8).map((row, k) => row.map((v, c) => points[k]![c]! + 0.3 * v));
    expect(found.value).toBeCloseTo(
      result.flat().reduce((s, v) => s + v * v, 0),
      8,
    );
  });

  test('is nothing at the start, and has an eighth of the channels', () => {
    const { model } = compile(
      game(
        'hinge_d(D(x), D(fake))',
        'hinge_g(D(fake))',
        '|> conv(16, kernel = 1) |> self_attention |> conv(1, kernel = 1) |> tanh',
      ),
    );
    const weights = model!.nets.find(({ name }) => name === 'G')!.weights;
    const gamma = weights.find(({ slot }) => slot === 'value')!;
    expect([gamma.shape, gamma.init]).toEqual([[], { kind: 'constant', value: 0 }]);
    expect(
      weights.filter(({ layer }) => layer.includes('conv')).map(({ shape }) => shape.slice(2)),
    ).toContainEqual([16, 2]);
  });
});
