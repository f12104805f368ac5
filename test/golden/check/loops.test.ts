/** `repeat` and `scan`: what they take, what they give, and what is wrong in them. */
import { describe, expect, test } from 'vitest';
import { printModel } from '../../../src/model/print.ts';
import { accepted, modelOf, said } from './checking.ts';

const file = (value: string, more = '') =>
  `noise z ~ normal[8]\nnoise s ~ normal[5, 3]\n${more}\noutput out = ${value}\noutput used = z + sum(s)\n`;
const net = (body: string) => file('N(z)', `net N(z: [8]) -> [8] = ${body}`);
const shape = (value: string, more = ''): string => {
  const { term } = modelOf(file(value, more)).values[0]!;
  return `${term.batch ? 'per example ' : ''}[${term.shape.join(', ')}]`;
};

describe('what loops take and give', () => {
  test('a repeat gives the last value, a scan all states', () => {
    expect(shape('z |> repeat i in 1..3 { sin }')).toBe('per example [8]');
    expect(shape('s |> scan h = 0 * range(4) { cell(h) }', 'def cell(x, h) = h + sum(x)')).toBe(
      'per example [5, 4]',
    );
    expect(shape('0.5 |> repeat i in 1..3 { sin }')).toBe('[]');
  });

  test('a value that begins whole becomes per example, and a layer in it stays one', () => {
    const text = `noise z ~ normal[8]
net N(z: [8]) -> [8] = 0 * range(8) |> repeat i in 1..3 { turn(z) }
def turn(h, z) = dense(h, 8, bias = false) + z
output out = N(z)
`;
    const model = modelOf(text);
    expect(model.nets[0]!.weights.map((w) => w.name)).toEqual(['N/dense_1/kernel']);
    expect(printModel(model)).toContain('loop 3');
  });

  test('`repeat` and `scan` are names like any other', () => {
    accepted(file('z |> repeat |> scan', 'def repeat(x) = 2 * x\ndef scan(x) = 3 * x'));
    accepted(file('scan(z, 2) |> repeat(3)', 'def repeat(x, i) = i * x\ndef scan(x, i) = i * x'));
    accepted(file('z |> (if true then repeat else scan)', 'def repeat(x) = 2 * x\ndef scan(x) = 3 * x'));
  });

  test('tuples are handed on whole, with their names', () => {
    const def = 'def move(s, t) = { let (x, v) = s  return (x = x + v / t, v = -x) }';
    expect(shape('((x = z, v = 2 * z) |> repeat t in 1..3 { move(t) }).v', def)).toBe('per example [8]');
  });

  test('draws name the loops that they stand in', () => {
    const text = file('z |> repeat i in 1..3 { noisy }', 'def noisy(x) = x + draw normal[8]');
    const [out] = modelOf(text).values;
    expect(out!.term.kind).toBe('loop');
  });
});

describe('what is wrong', () => {
  test.each([
    [
      'another shape',
      net('z |> repeat i in 1..3 { dense(4) }'),
      'GAN0390 the state of this `repeat` is [8] before a turn and [4] after it',
    ],
    [
      'another form',
      net('z |> repeat i in 1..3 { pair }').replace('output out', 'def pair(x) = (x, x)\noutput out'),
      'GAN0390',
    ],
    [
      'nothing to scan',
      file('z |> sum |> scan h = 0 { sin }'),
      'GAN0391 `scan` goes along the first axis, and this is a scalar',
    ],
    ['two lengths', file('(s, z) |> scan h = 0 { first }', 'def first(x) = 1'), 'GAN0391'],
    ['no turn', file('z |> repeat i in [] { sin }'), 'GAN0242'],
    ['too many turns', file('z |> repeat i in 1..10_000_000 { sin }'), 'GAN0242'],
    ['a range of parts', file('z |> repeat i in 0.5..3 { sin }'), 'GAN0241'],
    ['a list of words', file('z |> repeat i in ["a"] { sin }'), 'GAN0224'],
    ['no list', file('z |> repeat i in 3 { sin }'), 'GAN0224 what `repeat` goes through must be a list'],
    [
      'the variable where a constant is needed',
      net('z |> repeat i in 1..3 { dense(8 * i) }'),
      '`each` is written out, and counts by constants',
    ],
    [
      'the variable in an `if`',
      file('z |> repeat i in 1..3 { f(i) }', 'def f(x, i) = if i == 1 then x else -x'),
      'GAN0244',
    ],
    ['a function as state', file('sin |> repeat i in 1..3 { cos }'), 'GAN0213'],
    ['an unknown name in a turn', file('z |> repeat i in 1..3 { sine }'), 'GAN0202'],
    [
      'too many names for the state',
      file('s |> scan (a, b, c) = (0, 1) { f(a, b, c) }', 'def f(x, a, b, c) = (a, b)'),
      'GAN0347',
    ],
    ['a layer outside a net', file('z |> repeat i in 1..3 { dense(8) }'), 'GAN0340'],
  ])('%s', (_, text, message) => {
    expect(said(text)).toContain(message);
    expect(said(text)).not.toMatch(/undefined|internal|\[object/);
  });

  test('a batch norm in the turns of a loop that is trained through', () => {
    const text = (turn: string, more = '') => `noise z ~ normal[8]
net N(z: [8]) -> [8] = z |> dense(8) |> batch_norm |> tanh
${more}
let y = z |> repeat i in 1..3 { ${turn} }
loss l = expect(sum(square(y + N(z))))
output out = y
train (batch = 8, steps = 100) { sample z  update N to minimize l with sgd(0.1) }
`;
    expect(said(text('N'))).toContain('GAN0392 `N` has a `batch_norm`');
    expect(said(text('M', 'net M(z: [8]) -> [8] = N(z) / 2'))).toContain('GAN0392 `M` has a `batch_norm`');
    accepted(text('N.live'));
    // The same in all turns: evaluated once, before the loop.
    accepted(text('mean_with(c)', 'let c = N(z)\ndef mean_with(x, c) = (x + c) / 2'));
  });
});
