/** Which craft warnings a text brings about, and where they point: near misses beside the real thing. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../../src/compile.ts';

/** Findings as `CODE text under the span`; the text must be free of errors. */
function findings(text: string): string[] {
  const { diagnostics } = analyse({ source: { path: 'case.gan', text }, load: () => undefined });
  const craft = diagnostics.filter(({ code }) => code.startsWith('GAN04'));
  return craft.map(({ code, severity, message, span }) => {
    expect(severity, `${code} ${message}`).not.toBe('error');
    return `${code} ${text.slice(span.start, span.end).replace(/\s+/g, ' ')}`;
  });
}

/** A game on points, in which one thing is changed. */
function game(parts: {
  d?: string;
  dLoss?: string;
  gLoss?: string;
  gUpdate?: string;
  lets?: string;
}): string {
  return `
data  x ~ [2]
noise z ~ normal[4]
net G(z: [4]) -> [2] = z |> dense(8) |> relu |> dense(2)
net D(x: [2]) -> [1] = x |> dense(8) |> leaky_relu |> ${parts.d ?? 'dense(1)'}
let fake = G(z)
${parts.lets ?? ''}
loss d_loss = ${parts.dLoss ?? 'expect(softplus(-D(x))) + expect(softplus(D(fake)))'}
loss g_loss = ${parts.gLoss ?? 'expect(softplus(-D(fake)))'}
output samples = fake
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize d_loss with adam(1e-3)
  sample z
  ${parts.gUpdate ?? 'update G to minimize g_loss'} with adam(1e-3)
}`;
}

/** A generator of pictures that ends so. */
const picture = (end: string, type = 'image[4, 4, 1]') => `
data  x ~ image[4, 4, 1]
noise z ~ normal[4]
net G(z: [4]) -> ${type} = z |> dense(16) |> reshape(4, 4, 1) ${end}
loss distance = expect(sum(abs(G(z) - x)))
output samples = G(z)
train (batch = 8, steps = 10) {
  sample x, z
  update G to minimize distance with adam(1e-3)
}`;

test('a plain game is left in peace', () => {
  expect(findings(game({}))).toEqual([]);
});

describe('GAN0401: the range of a net', () => {
  test.each([
    ['|> tanh', []],
    ['|> sigmoid', ['GAN0401 sigmoid']],
    ['|> clamp(-1, 1)', []],
    ['|> clamp(0, 1)', ['GAN0401 clamp(0, 1)']],
    ['|> tanh |> upsample(1)', []],
    ['|> sin', []],
    ['|> conv(1, kernel = 3)', ['GAN0401 conv(1, kernel = 3)']],
  ])('%s', (end, found) => {
    expect(findings(picture(end))).toEqual(found);
  });

  test('of a plain tensor nothing is expected', () => {
    expect(findings(picture('|> sigmoid', '[4, 4, 1]'))).toEqual([]);
  });

  test('a stretched sigmoid is right', () => {
    const text = picture('', '[4, 4, 1]')
      .replace('net G', 'net L')
      .replace('loss', 'net G(z: [4]) -> image[4, 4, 1] = 2 * sigmoid(L(z)) - 1\nloss')
      .replace('update G', 'update L');
    expect(findings(text)).toEqual([]);
  });
});

describe('GAN0402: log of 0', () => {
  test.each([
    ['dense(1) |> sigmoid', '-expect(log(D(x))) - expect(log(1 - D(fake)))', []],
    ['dense(1) |> sigmoid', '-expect(log(D(x) + 1e-8)) - expect(log(1 - D(fake) + 1e-8))', []],
    [
      'dense(1) |> sigmoid',
      '-expect(log(clamp(D(x), 1e-6, 1))) - expect(log(clamp(1 - D(fake), 1e-6, 1)))',
      [],
    ],
    ['dense(1)', '-expect(log(sum(exp(D(x)), keep = true))) + expect(D(fake))', []],
    ['dense(1)', '-expect(log(abs(D(x)))) + expect(D(fake))', ['GAN0402 log(abs(D(x)))']],
    ['dense(1)', '-expect(log(D(x))) + expect(D(fake))', ['GAN0402 log(D(x))']],
    ['dense(1) |> relu', '-expect(log(D(x))) + expect(D(fake))', ['GAN0402 log(D(x))']],
  ])('D ends in %s: %s', (d, dLoss, found) => {
    const gLoss = d.endsWith('sigmoid') ? '-expect(log(D(fake)))' : '-expect(D(fake))';
    const said = findings(game({ d, dLoss, gLoss }));
    // A critic that is linear, and held by nothing, is another matter.
    expect(said.filter((line) => !line.startsWith('GAN0410'))).toEqual(found);
  });
});

test.each([
  [4, 2, []],
  [5, 2, ['GAN0403 conv_transpose(1, kernel = 5, stride = 2)']],
  [3, 1, []],
])('GAN0403: kernel %d, stride %d', (kernel, stride, found) => {
  const stage = `|> conv_transpose(1, kernel = ${kernel}, stride = ${stride})`;
  const text = picture(`${stage} |> tanh`)
    .replaceAll('4, 4, 1]', `${4 * stride}, ${4 * stride}, 1]`)
    .replace('reshape(8, 8, 1)', 'reshape(4, 4, 1)');
  expect(findings(text)).toEqual(found);
});

describe('GAN0404: batch norm under a gradient penalty', () => {
  const lets = 'let slope = norm(grad(D(x), x))';
  const dLoss = 'expect(D(fake)) - expect(D(x)) + 10 * expect((slope - 1) ^ 2)';
  const gLoss = '-expect(D(fake))';
  test('points at the layer', () => {
    expect(findings(game({ d: 'batch_norm |> dense(1)', lets, dLoss, gLoss }))).toEqual([
      'GAN0404 batch_norm',
    ]);
  });
  test('a layer norm is no matter', () => {
    expect(findings(game({ d: 'layer_norm |> dense(1)', lets, dLoss, gLoss }))).toEqual([]);
  });
  test('nor is batch norm where no gradient is penalised', () => {
    expect(findings(game({ d: 'batch_norm |> dense(1)' }))).toEqual([]);
  });
});

describe('GAN0405: a sigmoid under a Wasserstein loss', () => {
  test('written out', () => {
    const text = game({
      d: 'dense(1) |> sigmoid',
      dLoss: 'expect(D(fake)) - expect(D(x))',
      gLoss: '-expect(D(fake))',
    });
    expect(findings(text)).toEqual(['GAN0405 sigmoid']);
  });
  test('a critic of plain numbers is what belongs there', () => {
    const text = game({
      dLoss: 'expect(D(fake)) - expect(D(x))',
      gLoss: '-expect(D(fake))',
      gUpdate: 'clip D to [-0.01, 0.01] update G to minimize g_loss',
    });
    expect(findings(text)).toEqual([]);
  });
});

describe('GAN0406: a sigmoid twice', () => {
  test('under softplus', () => {
    expect(findings(game({ d: 'dense(1) |> sigmoid' }))).toEqual([
      'GAN0406 softplus(-D(x))',
      'GAN0406 softplus(D(fake))',
      'GAN0406 softplus(-D(fake))',
    ]);
  });
  test('in the net itself', () => {
    expect(
      findings(
        game({
          d: 'dense(1) |> sigmoid |> sigmoid',
          gLoss: '-expect(log(D(fake)))',
          dLoss: '-expect(log(D(x))) - expect(log(1 - D(fake)))',
        }),
      ),
    ).toEqual(['GAN0406 sigmoid']);
  });
});

describe('GAN0407: a saturating generator', () => {
  test.each([
    [
      'update G to maximize d_loss',
      'dense(1)',
      undefined,
      ['GAN0407 update G to maximize d_loss with adam(1e-3)'],
    ],
    [
      'update G to minimize g_loss',
      'dense(1) |> sigmoid',
      'expect(log(1 - D(fake)))',
      ['GAN0407 update G to minimize g_loss with adam(1e-3)'],
    ],
    [
      'update G to minimize g_loss',
      'dense(1)',
      '-expect(softplus(D(fake)))',
      ['GAN0407 update G to minimize g_loss with adam(1e-3)'],
    ],
    ['update G to minimize g_loss', 'dense(1) |> sigmoid', '-expect(log(D(fake)))', []],
  ])('%s, D ends in %s, %s', (gUpdate, d, gLoss, found) => {
    const dLoss = d.endsWith('sigmoid') ? '-expect(log(D(x))) - expect(log(1 - D(fake)))' : undefined;
    expect(findings(game({ gUpdate, d, ...(gLoss ? { gLoss } : {}), ...(dLoss ? { dLoss } : {}) }))).toEqual(
      found,
    );
  });
});

describe('GAN0408: sqrt at 0', () => {
  test.each([
    ['sqrt(relu(D(fake)))', ['GAN0408 sqrt(relu(D(fake)))']],
    ['sqrt(relu(D(fake)) + 1e-8)', []],
    ['sqrt(sum(fake ^ 2))', []],
  ])('%s', (value, found) => {
    expect(findings(game({ gLoss: `expect(softplus(-D(fake))) + expect(sum(${value}))` }))).toEqual(found);
  });
});

test('GAN0408: a square root that no weight reaches has no slope that matters', () => {
  const lets = 'let length = sqrt(sum(abs(x)))';
  expect(findings(game({ lets, gLoss: 'expect(softplus(-D(fake))) + expect(length)' }))).toEqual([]);
  const asked = `expect(softplus(-D(fake))) + expect(sum(grad(length, x)))`;
  expect(findings(game({ lets, gLoss: asked }))).toEqual(['GAN0408 sqrt(sum(abs(x)))']);
});

describe('GAN0402: what an interval of a whole tensor does not see', () => {
  const covariance = (diagonal: string) => `
net L(x: [2]) -> [3] = x |> dense(3)
let l = L(x)
let strict = reshape(slice(l, 0, 2, 3), 1, 1) * [[0, 0], [1, 0]]
let cholesky = strict + reshape(${diagonal}, 2, 1) * [[1, 0], [0, 1]]
let log_determinant = sum(log(sum(cholesky * [[1, 0], [0, 1]], axis = 1)))`;
  test.each([
    ['log(4 / (square(D(fake)) + 1e-9))', []],
    ['log(4 / square(D(fake)))', ['GAN0402 log(4 / square(D(fake)))']],
    ['log(D(fake) / (square(D(fake)) + 1e-9))', ['GAN0402 log(D(fake) / (square(D(fake)) + 1e-9))']],
    ['log(2 * exp(-abs(D(fake))))', []],
  ])('%s', (value, found) => {
    expect(findings(game({ gLoss: `expect(softplus(-D(fake))) + expect(sum(${value}))` }))).toEqual(found);
  });

  test.each([
    ['exp(slice(l, 0, 0, 2))', []],
    ['softplus(slice(l, 0, 0, 2)) + 1e-3', []],
    ['slice(l, 0, 0, 2)', ['GAN0402 log(sum(cholesky * [[1, 0], [0, 1]], axis = 1))']],
  ])('the diagonal of a Cholesky factor, %s', (diagonal, found) => {
    const text = game({ lets: covariance(diagonal), gLoss: 'expect(softplus(-D(fake)) + log_determinant)' });
    expect(findings(text.replace('update G', 'update L, G'))).toEqual(found);
  });
});

test('GAN0414: two calls in one expression that draw apart', () => {
  const dropped = (gLoss: string, lets = '') =>
    findings(game({ d: 'dropout(0.1) |> dense(1)', gLoss, lets }));
  expect(dropped('expect(softplus(-D(fake))) + expect(square(D(fake)))')).toEqual(['GAN0414 D(fake)']);
  expect(dropped('expect(softplus(-p)) + expect(square(p))', 'let p = D(fake)')).toEqual([]);
  expect(dropped('expect(square(p - q))', 'let p = D(fake)\nlet q = D(fake)')).toEqual([]);
  expect(dropped('expect(softplus(-D(fake))) + expect(square(D(x)))')).toEqual([]);
  expect(findings(game({ gLoss: 'expect(softplus(-D(fake))) + expect(square(D(fake)))' }))).toEqual([]);
});

test('GAN0408: a metric has no slope', () => {
  expect(findings(game({ lets: 'metric spread = expect(sum(sqrt(relu(fake))))' }))).toEqual([]);
});

test.each([
  ['minimax_d', 'minimax_g', 'dense(1)', ['GAN0407 update G to minimize g_loss with adam(1e-3)']],
  ['nonsaturating_d', 'nonsaturating_g', 'dense(1)', []],
  ['wasserstein_d', 'wasserstein_g', 'dense(1) |> sigmoid', ['GAN0405 sigmoid']],
  [
    'nonsaturating_d',
    'nonsaturating_g',
    'dense(1) |> sigmoid',
    [
      'GAN0406 loss d_loss = nonsaturating_d(D(x), D(fake))',
      'GAN0406 loss g_loss = nonsaturating_g(D(fake))',
    ],
  ],
])('through the prelude too: %s, %s, D ends in %s', (dLoss, gLoss, d, found) => {
  const text = game({ d, dLoss: `${dLoss}(D(x), D(fake))`, gLoss: `${gLoss}(D(fake))` });
  expect(findings(text)).toEqual(found);
});

test('an allowance silences the line below it, and no other', () => {
  const text = picture('\n  // allow GAN0401\n  |> sigmoid');
  expect(findings(text)).toEqual([]);
  expect(findings(text.replace('GAN0401', 'GAN0402'))).toEqual(['GAN0401 sigmoid']);
});

test('ten thousand layers are looked at in one pass', () => {
  const layers = `${'|> leaky_relu\n'.repeat(10_000)} |> tanh`;
  expect(findings(picture(layers))).toEqual([]);
});
