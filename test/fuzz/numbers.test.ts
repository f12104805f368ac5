/**
 * Numbers that no author means (0, −1, a half, 2^53, 1e308, lists of them, words and tuples) in every argument of every
 * operation and layer, in types, distributions and the schedule: `check` says what is wrong, or the program compiles. It
 * never throws, and never speaks of NaN. `FUZZ_RUNS` sets how many programs of each kind.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyse, moduleOf } from '../../src/compile.ts';
import type { Operation, Parameter } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { loadModule } from '../emitted/load.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 12);

const hostile = fc.constantFrom(
  ...['0', '-1', '-2', '0.5', '1', '2', '3', '7', '33', '1e5', '1e9', '2^30', '2^31', '2^31 - 1', '2^32'],
  ...[
    '2^53 - 1',
    '2^53',
    '1 - 2^53',
    '1e15',
    '1e16',
    '1e38',
    '1e39',
    '1e308',
    '-1e308',
    '1e-308',
    '-0',
    '1e-10',
  ],
  ...['2^1000', 'pi', '1 + 1e-12', '2^0.5'],
);
const list = fc.oneof(
  { weight: 4, arbitrary: fc.array(hostile, { minLength: 1, maxLength: 4 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom([], ['[1, 2]'], Array(300).fill('1'), Array(7).fill('1'), Array(40).fill('2')),
  },
);
const listText = list.map((items) => `[${items.join(', ')}]`);
const odd = fc.constantFrom(
  '"same"',
  '"valid"',
  '"reflect"',
  '"x"',
  'true',
  '(2, 2)',
  'normal',
  'normal(0, 1e308)',
  'orthogonal',
  'range(5)',
  'range(1e9)',
  'uniform(1, 1)',
  'constant(1e300)',
);
const value = fc.oneof(
  { weight: 6, arbitrary: hostile },
  { weight: 2, arbitrary: listText },
  { weight: 1, arbitrary: odd },
);

/** What a careful author would write, so that the one hostile number is looked at. */
const plain: Readonly<Record<string, string>> = {
  units: '3',
  filters: '4',
  kernel: '3',
  stride: '2',
  groups: '2',
  axis: '0',
  from: '0',
  to: '1',
  sizes: '[2, 2]',
  factor: '2',
  rate: '0.5',
  lo: '-1',
  hi: '1',
  n: '3',
  shape: '[4]',
  amount: '1',
  size: '2',
};

function argument(parameter: Parameter): fc.Arbitrary<string | null> {
  if (parameter.kind === 'value')
    return fc.constantFrom('x', 'x', 'x', '2', '1e308', 'range(4)', '[[1, 2], [3, 4]]');
  const usual = parameter.default === undefined ? (plain[parameter.name] ?? '2') : null;
  return fc.oneof({ weight: 2, arbitrary: fc.constant(usual) }, { weight: 3, arbitrary: value });
}

const shapes = fc.constantFrom('[4, 4, 4]', '[6, 4]', '[8]', '[]', '[1, 1, 4]', '[1]', '[2, 3, 4, 2]');

/** A critic around one application, trained with the gradient of its gradient. */
function critic(name: string, record: Operation): fc.Arbitrary<string> {
  const [first, ...rest] = record.signature!;
  const piped = first?.kind === 'value' && name !== 'where';
  const parameters = piped ? rest : record.signature!;
  return fc
    .tuple(shapes, fc.tuple(...parameters.map(argument)), fc.boolean())
    .map(([shape, args, penalty]) => {
      const given = parameters.flatMap((p, i) => {
        const text = args[i];
        if (text === null || text === undefined) return [];
        return p.kind === 'value' ? [text] : [`${p.name} = ${text}`];
      });
      const call = `${name}${given.length > 0 ? `(${given.join(', ')})` : ''}`;
      const value = piped ? `x |> ${call}` : `${name}(${given.join(', ')})`;
      return `data x ~ ${shape}
net D(x: ${shape}) -> [1] = (x + 0 * sum(x)) |> identity |> flatten |> dense(1)
def identity(x) = ${value}
loss l = expect(mean(D(x)))${penalty ? ' + expect(sum(square(grad(sum(D(x)), x))))' : ''}
output out = D(x)
train (batch = 2, steps = 1) { sample x update D to minimize l with sgd(0.1) }
`;
    });
}

/** How many programs were right after all. */
let compiled = 0;

function holds(text: string): void {
  const analysis = analyse({ source: { path: 'numbers.gan', text }, load: () => undefined });
  for (const { code, message, help = '', notes } of analysis.diagnostics) {
    // These two say what becomes of a logarithm and a root.
    if (code === 'GAN0402' || code === 'GAN0408') continue;
    expect(`${message} ${help} ${notes.join(' ')}`).not.toMatch(/NaN|undefined|Infinity|\[object/);
  }
  const errors = analysis.diagnostics.filter((d) => d.severity === 'error');
  if (errors.length > 0) return;
  expect(analysis.model).toBeDefined();
  const { code } = moduleOf(analysis.model!, analysis.sources);
  expect(code).not.toMatch(/\bNaN\b|undefined/);
  loadModule(code);
  compiled++;
}

function property(text: fc.Arbitrary<string>, times = runs): void {
  fc.assert(fc.property(text, holds), { numRuns: times, seed: 5 });
}

const written = Object.entries(operations as Record<string, Operation>).filter(
  ([, r]) => r.signature !== null,
);

test('the table is looked through', () => expect(written.length).toBeGreaterThan(60));

describe('operations and layers', () => {
  test.each(written)('%s', (name, record) => property(critic(name, record)));
});

/** A program with holes for numbers. */
const holes = (pieces: TemplateStringsArray, ...arbitraries: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...arbitraries).map((values) => pieces.reduce((text, piece, i) => text + values[i - 1]! + piece));

const one = fc.oneof({ weight: 1, arbitrary: fc.constant('2') }, { weight: 2, arbitrary: value });
const rule = fc.constantFrom('sgd', 'adam', 'adamw', 'rmsprop', 'adagrad');

const places: Readonly<Record<string, fc.Arbitrary<string>>> = {
  types: holes`data x ~ [${one}, ${one}]\noutput out = x\n`,
  images: holes`data x ~ image[${one}, ${one}, ${fc.constantFrom('1', '3', '2', '1e9')}]\noutput out = x\n`,
  labels: holes`data (x, y) ~ (sound[${one}, ${one}], label[${one}])\noutput out = x\n`,
  noise: holes`noise z ~ ${fc.constantFrom('normal', 'truncated_normal', 'uniform', 'gumbel', 'bernoulli', 'categorical')}(${one}, ${one})[${one}]\noutput out = z\n`,
  draws: holes`noise z ~ normal[2]\nlet t = draw uniform(${one}, ${one})[${one}]\noutput out = t + sum(z)\n`,
  inits: holes`init kernel ~ ${fc.constantFrom('normal', 'truncated_normal', 'uniform')}(${one}, ${one})
noise z ~ normal[2]\nnet G(z: [2]) -> [2] = z |> dense(2, init = constant(${one}))\noutput out = G(z)\n`,
  schedule: holes`data x ~ [2] from "ring"\nnet D(x: [2]) -> [1] = x |> dense(3) |> batch_norm |> dense(1)
loss l = expect(D(x))\ntrain (batch = ${one}, steps = ${one}) {
  sample ${one} of x
  repeat ${one} { update D to minimize l with ${rule}(${one}) }
  every ${one} { clip D to [${one}, ${one}]  average D decay ${one} }
}\n`,
  epochs: holes`data x ~ [2] from "ring"\nnet D(x: [2]) -> [1] = x |> dense(1)
loss l = expect(D(x))\noptimizer o = ${rule}(${one} * progress, clip_norm = ${one})
train (batch = ${one}, epochs = ${one}) { sample x  update D to minimize ${one} * l * step with o }\n`,
  constants: holes`param a = ${one}\nparam b = ${one} * a + ${one} / ${one} - ${one} % ${one}
noise z ~ normal[2]\noutput out = z * a + [b, ${one}] + sqrt(${one}) + size(z, ${one}) + log2(${one})\n`,
  lists: holes`noise z ~ normal[2]\noutput out = z |> each i in ${one}..${one} { leaky_relu(i) }\noutput r = sum(range(${one})) + z\n`,
  'the prelude': holes`data x ~ image[8, 8, 1]\ndata y ~ image[8, 8, 1]
output a = ms_ssim(x, y, scales = ${one}, window = ${one}, span = ${one})\noutput b = smooth_label(x, ${one})\noutput c = gaussian_filter(x, ${one}, ${one})\n`,
  attention: holes`data x ~ image[8, 8, 1]\nnet D(x: image[8, 8, 1]) -> [8, 8, 1] = self_attention(x, ${one})\noutput out = D(x)\n`,
};

describe('everywhere else', () => {
  test.each(Object.entries(places))('%s', (_, text) => property(text, 4 * runs));
  test('many of them compile', () => expect(compiled).toBeGreaterThan(10 * runs));
});
