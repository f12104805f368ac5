/** Operations that put values together, order them or take them by index: their shapes, and what is said of wrong use. */
import { describe, expect, test } from 'vitest';
import { accepted, modelOf, said } from './checking.ts';

const head =
  'data x ~ image[4, 6, 3]\nnoise v ~ normal[5]\nnoise m ~ normal[3, 3]\nnoise k ~ uniform(0, 5)[2, 2]\n';

test.each([
  ['expand(v, 0)', 'true [1, 5]'],
  ['expand(x, -2)', 'true [4, 6, 1, 3]'],
  ['stack(v, 2 * v, range(5))', 'true [3, 5]'],
  ['stack(v, v, axis = -1)', 'true [5, 2]'],
  ['tile(x, [2, 1, 3])', 'true [8, 6, 9]'],
  ['tile(v, 3)', 'true [15]'],
  ['roll(x, -7, axis = 1)', 'true [4, 6, 3]'],
  ['zeros(2, 3)', 'false [2, 3]'],
  ['ones(size(x))', 'false [4, 6, 3]'],
  ['diag(v)', 'true [5, 5]'],
  ['diagonal(m)', 'true [3]'],
  ['triangle(m, "upper", offset = 1)', 'true [3, 3]'],
  ['sort(x, axis = 0)', 'true [4, 6, 3]'],
  ['argsort(v, descending = true)', 'true [5]'],
  ['argmax(x)', 'true [4, 6]'],
  ['argmin(x, axis = 0, keep = true)', 'true [1, 6, 3]'],
  ['cumsum(v, reverse = true)', 'true [5]'],
  ['cumprod(x, axis = 1)', 'true [4, 6, 3]'],
  ['gather(v, k)', 'true [2, 2]'],
  ['gather(range(9), k)', 'true [2, 2]'],
  ['gather(x, [0, 2], axis = 1)', 'true [4, 2, 3]'],
  ['gather(x, argmax(v), axis = -1)', 'true [4, 6]'],
  ['std(x, axis = [0, 1])', 'true [3]'],
  ['determinant(m)', 'true []'],
  ['inverse(m)', 'true [3, 3]'],
  ['triangular_solve(m, expand(slice(v, 0, 0, 3), 1))', 'true [3, 1]'],
  ['outer(v, range(7))', 'true [5, 7]'],
  ['pairwise(m, ones(8, 3))', 'true [3, 8]'],
])('%s', (expression, expected) => {
  const { term } = modelOf(`${head}output out = ${expression}\noutput used = (x, v, m, k)\n`).values[0]!;
  expect(`${term.batch} [${term.shape.join(', ')}]`).toBe(expected);
});

test('an embedding of class numbers', () => {
  const model = modelOf(`noise t ~ uniform(0, 10)[7]
net E(t: [7]) -> [7, 16] = t |> embed(16, classes = 10)
output out = E(t)
`);
  expect(model.nets[0]!.weights.map((w) => `${w.name} [${w.shape}]`)).toEqual(['E/embed_1/kernel [10,16]']);
});

test.each([
  ['expand(v, 3)', 'GAN0303'],
  ['stack(v, m)', 'GAN0323'],
  ['tile(x, [2, 2])', 'GAN0330'],
  ['tile(v, 0)', 'GAN0330'],
  ['roll(v, 1, axis = 1)', 'GAN0303'],
  ['zeros(0)', 'GAN0330'],
  ['zeros(100_000, 100_000)', 'GAN0357'],
  ['tile(x, [100_000, 100_000, 1])', 'GAN0357'],
  ['diag(zeros(1_000_000))', 'GAN0357'],
  ['outer(zeros(1_000_000), zeros(1_000_000))', 'GAN0357'],
  ['diag(sum(v))', 'GAN0321'],
  ['diagonal(x)', 'GAN0321'],
  ['triangle(v)', 'GAN0321'],
  ['triangle(m, "left")', 'GAN0225'],
  ['sort(sum(v))', 'GAN0303'],
  ['gather(sum(v), k)', 'GAN0321'],
  ['gather(v, k, axis = 1)', 'GAN0303'],
  ['determinant(x)', 'GAN0321'],
  ['inverse(v)', 'GAN0321'],
  ['triangular_solve(m, v)', 'GAN0321'],
  ['triangular_solve(m, ones(2, 2))', 'GAN0327'],
])('%s is refused', (expression, code) => {
  expect(said(`${head}output out = ${expression}\n`)).toContain(code);
});

test('a net that only chooses by position does not learn', () => {
  const text = (loss: string) => `noise z ~ normal[4]
net G(z: [4]) -> [3] = z |> dense(3)
loss l = expect(${loss})
train (batch = 2, steps = 1) { sample z  update G to minimize l with sgd(1) }
`;
  expect(said(text('argmax(G(z))'))).toMatch(/GAN\d+/);
  accepted(text('sum(sort(G(z)))'));
  accepted(text('gather(G(z), argmax(G(z)))'));
});

describe('draws and noise', () => {
  test('a list of sizes stands for several', () => {
    accepted(
      'data x ~ image[4, 6, 3]\noutput out = x + draw gumbel[size(x)] + draw normal[4, size(m, 0), 3]\nnoise m ~ normal[6]\n',
    );
    expect(said('data x ~ [2]\noutput out = x + draw normal[[0.5, 2]]\n')).toContain('GAN0241');
  });

  test.each([
    ['truncated_normal[4]', ''],
    ['truncated_normal(0, 1, bound = 0.5)[4]', ''],
    ['truncated_normal(bound = 0)[4]', 'GAN0242'],
    ['gumbel[4]', ''],
    ['gumbel(scale = -1)[4]', 'GAN0242'],
    ['categorical([0, 1, 2])[3]', ''],
    ['categorical(logits = [0, 1, 2])[2, 3]', ''],
    ['categorical([0, 1])[3]', 'GAN0242'],
    ['categorical(2)[3]', 'GAN0224'],
    ['categorical([0, 1])[]', 'GAN0233'],
    ['categorical([0, 1], 2)[2]', 'GAN0222'],
  ])('%s', (dist, code) => {
    const text = said(`noise z ~ ${dist}\noutput out = z\n`);
    if (code === '') expect(text).toBe('');
    else expect(text).toContain(code);
  });

  test('logits that are values go another way', () => {
    expect(said('data x ~ [3]\noutput out = draw categorical(x)[3]\n')).toContain('gumbel_softmax(logits)');
  });
});

test.each([
  ['unsqueeze(v, 0)', 'here it is called `expand`'],
  ['index_select(v, k)', 'here it is called `gather`'],
  ['tril(m)', 'here it is called `triangle`'],
  ['det(m)', 'here it is called `determinant`'],
  ['eye(3)', 'here one writes `diag(ones(n))`'],
  ['einsum(v, v)', 'here one writes `expand` and `sum`, or `matmul` after `transpose`'],
  ['zeros_like(v)', 'here one writes `0 * x`'],
])('%s: a hint', (call, hint) => {
  expect(said(`${head}output out = ${call}\n`)).toContain(hint);
});
