/** A text that does not parse whole: what only follows from the part that is missing is not said. */
import { expect, test } from 'vitest';
import { analyse } from '../../src/compile.ts';

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
