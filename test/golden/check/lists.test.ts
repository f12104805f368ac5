/** Lists of nets, and `map`: functions over a list and over an axis. */
import { describe, expect, test } from 'vitest';
import { printModel } from '../../../src/model/print.ts';
import { accepted, modelOf, said } from './checking.ts';

describe('net c[n](…)', () => {
  const list = 'noise z ~ normal[8]\nnet c[3](z: [8]) -> [8] = z |> dense(8, bias = false)\n';
  const out = (value: string, more = '') => `${list}${more}output out = ${value}\n`;

  test('are nets of their own, named by their place', () => {
    const model = modelOf(out('z |> each k in 1..3 { c[k] }'));
    expect(model.nets.map((net) => net.name)).toEqual(['c_1', 'c_2', 'c_3']);
    expect(model.nets.flatMap((net) => net.weights.map((w) => w.name))).toEqual([
      'c_1/dense_1/kernel',
      'c_2/dense_1/kernel',
      'c_3/dense_1/kernel',
    ]);
    expect(printModel(model)).toContain('call c_2(%1)');
  });

  test('as long as a param says, with places that are worked out', () => {
    const text = `param n = 2
noise z ~ normal[8]
net c[2 * n](z: [8]) -> [8] = z |> dense(8)
def last(h) = c[2 * n](h)
output out = last(c[1].frozen(z)) + (z |> c[n] |> (if n > 1 then c[3] else c[1].live))
`;
    expect(modelOf(text).nets.length).toBe(4);
    expect(modelOf(text, { set: { n: '3' } }).nets.length).toBe(6);
  });

  test('one of them goes where a net goes', () => {
    accepted(out('f(c[2], z)', 'def f(g, h) = g(g(h))\n'));
    accepted(out('c[1](z)', 'loss l = sum(square(c[3].weights.dense_1.kernel))\n'));
  });

  test('places that are not there', () => {
    expect(said(out('c[4](z)'))).toContain('GAN0382 there is no `c[4]`: the list has 3 nets, from 1 to 3');
    expect(said(out('z |> each k in 0..2 { c[k] }'))).toContain('GAN0382 there is no `c[0]`');
    expect(said(out('c[1.5](z)'))).toContain('GAN0241');
    expect(said(out('c[z](z)'))).toContain('GAN0381');
    expect(said(out('c["a"](z)'))).toContain('GAN0224');
  });

  test('a list where one net is needed, and a place in what is no list', () => {
    for (const value of ['c(z)', 'z |> c', 'c.frozen(z)', 'f(c, z)'])
      expect(said(out(value, 'def f(g, h) = g(h)\n'))).toContain(
        'GAN0383 `c` is a list of 3 nets: say which one, `c[1]` for the first',
      );
    expect(said(out('c + z'))).toContain('GAN0213');
    expect(said(out('z[1]'))).toContain('GAN0380 `z` is a per-example tensor [8], and only a list');
    expect(said(out('D[1](z)', 'net D(z: [8]) -> [8] = z |> dense(8)\n'))).toContain('GAN0380');
    expect(said(out('relu[1](z)'))).toContain('GAN0380');
  });

  test('a length that is none', () => {
    const text = (n: string) =>
      `noise z ~ normal[8]\nnet c[${n}](z: [8]) -> [8] = z |> dense(8)\noutput out = c[1](z)\n`;
    expect(said(text('0'))).toContain('GAN0242');
    expect(said(text('1.5'))).toContain('GAN0241');
    expect(said(text('1001'))).toContain('GAN0242');
    expect(said(text('z'))).toContain('GAN0205');
  });

  test('the names of its nets are taken', () => {
    expect(said(out('c[1](z) + c_1(z)', 'net c_1(z: [8]) -> [8] = z |> dense(8)\n'))).toContain('GAN0203');
  });

  test('a mistake in the body is said once', () => {
    const text = 'noise z ~ normal[8]\nnet c[3](z: [8]) -> [8] = z |> dense(7)\noutput out = c[1](z)\n';
    expect(said(text).match(/GAN0341/g)).toHaveLength(1);
  });

  test('statements move, clip and average all of them', () => {
    const text = (value: string, statements: string) => `data x ~ [8]
net c[2](x: [8]) -> [8] = x |> dense(8)
loss l = expect(sum(${value}))
output out = c[1](x)
train (batch = 4, steps = 1) { sample x  ${statements} }
`;
    const both = 'c[2](c[1](x))';
    const statements = 'update c to minimize l with sgd(0.1)  clip c to [-1, 1]  average c decay 0.9';
    const printed = printModel(modelOf(text(both, statements)));
    expect(printed).toContain('update c_1, c_2 to minimize objective 1 with train/c/l/sgd');
    expect(printed).toContain('clip c_1 to [-1, 1]\n  clip c_2 to [-1, 1]');
    expect(printed).toContain('average c_1 decay 0.9\n  average c_2 decay 0.9');
    expect(said(text('c[1](x)', 'update c to minimize l with sgd(0.1)'))).toContain(
      'GAN0502 `l` does not depend on the weights of `c_2`',
    );
    expect(said(text(both, 'update c, c to minimize l with sgd(0.1)'))).toContain('GAN0520');
  });
});

describe('map(v, f)', () => {
  const file = (value: string, more = '') => `noise z ~ normal[5, 8]
net phi(e: [8]) -> [3] = e |> dense(3)
${more}output out = ${value}
`;

  test('the results stand side by side, per example where the value is', () => {
    const shape = (value: string, more = '') => {
      const { term } = modelOf(file(value, more)).values.at(-1)!;
      return `${term.batch ? 'per example' : 'whole'} ${JSON.stringify(term.shape)}`;
    };
    expect(shape('z |> map(phi)')).toBe('per example [5,3]');
    expect(shape('map(expect(z), phi)')).toBe('whole [5,3]');
    expect(shape('map(z, f) |> sum(axis = 0)', 'def f(e) = sum(phi(e))\n')).toBe('per example []');
    expect(
      shape(
        'map(z, rows)',
        'def one(e) = e * e\ndef rows(e) = map(e, one)\nmetric m = sum(expect(map(z, phi)))\n',
      ),
    ).toBe('per example [5,8]');
  });

  test('of a tuple, a tuple', () => {
    accepted(
      file(
        'let_parts(z)',
        'def let_parts(v) = { let (a, b) = map(v, two)  return a + b }\ndef two(e) = (phi(e), 2 * phi(e))\n',
      ),
    );
  });

  test('layers in its function are made once', () => {
    const text =
      'noise z ~ normal[5, 8]\nnet N(z: [5, 8]) -> [5, 3] = z |> map(block)\ndef block(e) = e |> dense(3, bias = false)\noutput out = N(z)\n';
    expect(modelOf(text).nets[0]!.weights.map((w) => w.name)).toEqual(['N/dense_1/kernel']);
  });

  test('what it refuses', () => {
    const used = 'metric m = sum(expect(map(z, phi)))\n';
    expect(said(file('map(phi, z)', used))).toMatchInlineSnapshot(`
      "4:23 GAN0224 \`f\` of \`map\` must be a net, a def or an operation, and this is a per-example tensor [5, 8]
        help: the value comes first: \`map(z, phi)\`"
    `);
    expect(said(file('map(sum(z), phi)', used))).toContain('GAN0374');
    expect(said(file('map(z, f)', `${used}def f(e) = expect(e)\n`))).toContain('GAN0375');
    expect(said(file('map(z, 3)', used))).toContain('GAN0224');
    expect(said(file('map(z)', used))).toContain('GAN0221');
    expect(
      said('noise z ~ normal[5, 7]\nnet phi(e: [8]) -> [3] = e |> dense(3)\noutput out = map(z, phi)\n'),
    ).toContain('GAN0342');
  });
});
