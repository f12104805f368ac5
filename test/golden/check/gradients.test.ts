/** Rule 17: what `grad` may differentiate, and by what. Rule 18's draws: each call has its own. */
import { describe, expect, test } from 'vitest';
import type { Model, Term } from '../../../src/model/model.ts';
import { postorder } from '../../../src/model/walk.ts';
import { accepted, modelOf, said } from './checking.ts';

const game = (value: string, more = '') => `data x ~ [8]
noise z ~ normal[8]
net D(x: [8]) -> [1] = x |> dense(8) |> tanh |> dense(1)
${more}metric m = ${value}
output out = (x, z)
`;
const metric = (value: string, more = '') => said(game(value, more));

describe('grad(y, x)', () => {
  test('of a source, a let, a parameter; of gradients too', () => {
    accepted(game('expect(sum(grad(D(x), x)))'));
    accepted(game('expect(norm(grad(D(h), h)))', 'let h = (x + z) / 2\n'));
    accepted(game('gradient_penalty(D, x, z)'));
    accepted(game('expect(sum(grad(norm(g), x)))', 'let g = grad(D(x), x)\n'));
    accepted(game('expect(sum(grad(D(p.a), p.a)))', 'let p = (a = 2 * x, b = z)\n'));
    accepted(
      game(
        'expect(sum(S(x)) + D(x))',
        'net S(x: [8]) -> [8] = { let y = sum(square(x))  return grad(y, x) }\n',
      ),
    );
  });

  test('x lies on the way to y', () => {
    expect(metric('expect(sum(grad(D(x), z)))')).toMatchInlineSnapshot(`
      "4:34 GAN0352 \`z\` does not lie on the way to \`D(x)\`
        help: work \`D(x)\` out from \`z\` itself: an equal value made anew is not on its way"
    `);
    expect(metric('expect(sum(grad(D(2 * x), h)))', 'let h = 2 * x\n')).toContain('GAN0352');
    expect(metric('expect(sum(grad(D(stop(x)), x)))')).toContain('GAN0352');
    const net = 'net N(a: [8], b: [8]) -> (s: [], t: []) = (s = sum(a), t = sum(b * D(a)))\n';
    accepted(game('expect(sum(grad(N(x, z).t, z)))', net));
    expect(metric('expect(sum(grad(N(x, z).s, z)))', net)).toContain('GAN0352');
  });

  test('x has a name', () => {
    expect(metric('expect(sum(grad(D(2 * x), 2 * x)))')).toContain(
      'GAN0351 `grad` needs a named value to differentiate by, and `2 * x` is an expression',
    );
    accepted(game('f(2 * x)', 'def f(v) = expect(sum(grad(D(v), v)))\n'));
  });

  test('x is no bare weight', () => {
    const net = (x: string) =>
      `net W(a: [8]) -> [8] = { let w = weight([8])  let k = 2 * w  return a * grad(expect(sum(a * k)), ${x}) }\n`;
    expect(metric('expect(sum(W(x)) + D(x))', net('w'))).toContain('GAN0354 `w` is a `weight` of this net');
    accepted(game('expect(sum(W(x)) + D(x))', net('k')));
    expect(
      metric('expect(sum(grad(sum(x * p), p)) + D(x))', 'net P() -> [8] = weight([8])\nlet p = P()\n'),
    ).toContain('GAN0354');
  });

  test('what crosses the batch may be whole', () => {
    expect(metric('expect(sum(grad(2 * expect(D(x)) + 1, x)))')).toContain('GAN0350');
    const phase =
      'loss l = expect(D(x))\ntrain (batch = 4, steps = 1) { sample x, z  update D to minimize l with sgd(1) }\n';
    accepted(game('expect(sum(grad(mmd(x, z), x)) + D(x))', phase));
  });

  test('a net with a mistake hides what leads where', () => {
    const broken = said(game('expect(sum(grad(N(x), x)))', 'net N(a: [8]) -> [1] = a |> dense(2)\n'));
    expect(broken).toContain('GAN0341');
    expect(broken).not.toContain('GAN0352');
  });

  test('y is one element for each example', () => {
    expect(metric('expect(sum(grad(tanh(x), x)))')).toContain('GAN0349');
    expect(metric('sum(grad(expect(D(x)), x))')).toContain(
      'GAN0350 `expect(D(x))` is whole and `x` per example',
    );
    expect(metric('sum(grad(D(x + h), h))', 'let h = expect(x)\n')).toContain(
      'GAN0350 `D(x + h)` is per example and `h` whole',
    );
    accepted(game('sum(grad(expect(D(x + h)), h))', 'let h = expect(x)\n'));
    expect(metric('expect(sum(grad(D(x), 3)))')).toContain('GAN0351');
  });
});

/** Places of the draws (or dropout masks) that a model's values are made of, each once. */
function places(model: Model): string[] {
  const found = new Set<Term>();
  for (const v of model.values) for (const t of postorder([v.term])) found.add(t);
  return [...found].flatMap((t) =>
    (t.kind === 'draw' || t.kind === 'op') && t.place !== null ? [t.place] : [],
  );
}

describe('a draw belongs to the call in the text that makes it', () => {
  const file = (value: string, more = '') => `noise z ~ normal[8]\n${more}output out = ${value}\n`;

  test('two places are two draws', () => {
    expect(places(modelOf(file('z + draw normal[8] + draw normal[8]')))).toEqual(['draw_1', 'draw_2']);
  });

  test('each call of a def and each turn of an `each` draws anew', () => {
    const def = 'def noisy(v) = v + draw normal[8]\n';
    expect(places(modelOf(file('noisy(z) * noisy(z)', def)))).toEqual(['draw_1', 'draw_2']);
    expect(places(modelOf(file('noisy(z) * noisy(2 * z)', def)))).toEqual(['draw_1', 'draw_2']);
    expect(places(modelOf(file('z |> each i in 1..2 { noisy }', def)))).toEqual(['draw_1', 'draw_2']);
    expect(places(modelOf(file('z |> each i in 1..3 { dropout(0.5) }')))).toHaveLength(3);
    const defaults = 'def noisy(v, e = draw normal[8]) = v + e + e\n';
    expect(places(modelOf(file('noisy(z) * noisy(z)', defaults)))).toEqual(['draw_1', 'draw_2']);
  });

  test('what a `let` names is drawn once', () => {
    const def = 'let n = noisy(z)\ndef noisy(v) = v + draw normal[8]\n';
    expect(places(modelOf(file('n * n', def)))).toEqual(['draw_1']);
  });

  test('in nets they are numbered with the net', () => {
    const nets = `net G(z: [8]) -> [8] = z |> dropout(0.5) |> dropout(0.1) |> noisy
def noisy(v) = v + draw normal[8]
`;
    const model = modelOf(file('G(z)', nets));
    const terms = postorder(model.nets[0]!.bodies.get('e')!.results);
    expect(
      terms.flatMap((t) => ((t.kind === 'draw' || t.kind === 'op') && t.place ? [t.place] : [])),
    ).toEqual(['G/dropout_1', 'G/dropout_2', 'G/draw_1']);
  });

  test('a bad draw', () => {
    expect(said(file('z + draw normal'))).toContain('GAN0233');
    expect(said(file('z + draw normal(0, z)[8]'))).toContain('GAN0240');
  });
});
