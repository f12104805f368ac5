/**
 * A text that does not parse whole: what only follows from the part that is missing is not said. And a text with errors: what
 * checks of it has its shapes, types and costs.
 */
import { describe, expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import { summary } from '../../src/summary/summary.ts';

const model = `data x ~ [8]
noise z ~ normal[4]
net G(z: [4]) -> [8] =
  z
  |> dense(16)
  |> relu
  |> dense(8)
net D(x: [8]) -> [1] = {
  let h = x |> dense(8)
  return dense(h, 1)
}
let fake = G(z)
loss d_loss = hinge_d(D(x), D(fake))
loss g_loss = hinge_g(D(fake))
output samples = fake
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize d_loss with adam(1e-3)
  sample z
  update G to minimize g_loss with adam(1e-3)
}
`;

const codes = (text: string) =>
  analyse({ source: { path: 'model.gan', text }, load: () => undefined }).diagnostics.map((d) => d.code);

test.each<[what: string, from: string, to: string, ...codes: string[]]>([
  ['nothing', '', ''],
  ['a hash comment', 'data x', '# data\ndata x', 'GAN0103'],
  ['single quotes', 'data x ~ [8]', "data x ~ [8] from 'ring'", 'GAN0103'],
  [':=', 'fake = G', 'fake := G', 'GAN0112'],
  ['a stage without its sign', '  |> relu', '  | relu', 'GAN0103'],
  ['a loop among stages', '  |> relu', '  for i in 1..2 { dense(3) }', 'GAN0113'],
  ['no return', '  return dense', '  dense', 'GAN0122'],
  ['a comma left out', 'sample x, z\n', 'sample x z\n', 'GAN0127'],
  ['a power of Python', 'normal[4]', 'normal[2**2]', 'GAN0112'],
  ['a parameter without its type', 'net D(x: [8])', 'net D(x)', 'GAN0112'],
  ['train of another name', 'train (', 'training (', 'GAN0113'],
])('%s', (_, from, to, ...expected) => {
  expect(model).toContain(from);
  expect(codes(model.replace(from, to))).toEqual(expected);
});

test('what is wrong in whole declarations is said all the same', () => {
  const text = model.replace('fake = G', 'fake := G').replace('dense(h, 1)', 'dense(h, 2)');
  expect(codes(text)).toEqual(['GAN0112', 'GAN0341']);
});

describe('a partial Model', () => {
  const input = (text: string) => ({ source: { path: 'model.gan', text }, load: () => undefined });
  const wide = `${model}
net E(x: [8]) -> [4] =
  x |> dense(4)
loss rebuilt = expect(sum(square(G(E(x)) - x)))
train warm (batch = 8, steps = 5) {
  sample x
  update E, G to minimize rebuilt with adam(1e-3)
}
`;
  const partOf = (text: string) => {
    const { model, sources, diagnostics } = analyse(input(text));
    expect(diagnostics.some((d) => d.severity === 'error')).toBe(true);
    return { ...model!, costs: summary(model!, planOf(model!, sources)) };
  };
  const whole = analyse(input(wide));
  const costs = summary(whole.model!, planOf(whole.model!, whole.sources));

  test('is whole without errors', () => {
    expect(whole.diagnostics).toEqual([]);
    expect(whole.model!.whole).toBe(true);
  });

  test.each([
    ['does not check', 'dense(h, 1)', 'dense(h, 2)'],
    ['does not parse', 'return dense(h, 1)', 'return |> dense(h, 1)'],
    ['has a name that nothing has', 'x |> dense(8)\n  return', 'y |> dense(8)\n  return'],
  ])('has all but a net that %s', (_, from, to) => {
    const part = partOf(wide.replace(from, to));
    expect(part.whole).toBe(false);
    expect(part.nets.map((net) => [net.name, net.bodies.size])).toEqual([
      ['G', 1],
      ['D', 0],
      ['E', 1],
    ]);
    // The declared types stand, so what calls it has its shape.
    expect(part.nets[1]!.results).toEqual([{ name: null, type: { meaning: 'tensor', shape: [1] } }]);
    expect(part.values.map(({ name, term }) => `${name} [${term.shape}]`)).toEqual([
      'd_loss []',
      'g_loss []',
      'samples [8]',
      'rebuilt []',
    ]);
    expect(part.costs.nets[0]).toEqual(costs.nets[0]);
    expect(part.costs.nets[2]).toEqual(costs.nets[2]);
    // The phase that needs the broken net has no costs; the other one has them.
    expect(part.phases.map(({ name }) => name)).toEqual(['warm']);
    const { flops, operations } = costs.phases[1]!;
    expect(part.costs.phases).toMatchObject([{ phase: 'warm', flops, operations }]);
  });

  test('leaves out a value that does not check, and what needs it', () => {
    const part = partOf(wide.replace('hinge_g(D(fake))', 'hinge_g(D(fake), 3)'));
    expect(part.values.map(({ name }) => name)).toEqual(['d_loss', 'samples', 'rebuilt']);
    expect(part.phases.map(({ name }) => name)).toEqual(['warm']);
    expect(part.costs.nets).toEqual(costs.nets);
  });

  test('takes nothing from a stage that is missing', () => {
    const part = partOf(wide.replace('let fake = G(z)', 'let fake = G(z) |>'));
    // What nets give has its declared shape, whatever they are given.
    expect(part.values.map(({ name }) => name)).toEqual(['d_loss', 'g_loss', 'rebuilt']);
    expect(part.phases.map(({ name }) => name)).toEqual(['warm']);
  });

  test('has no phase that breaks a rule of its own', () => {
    const part = partOf(
      wide.replace('sample x\n  update E', 'update E').replace('dense(h, 1)', 'dense(h, 2)'),
    );
    expect(part.phases).toEqual([]);
  });
});
