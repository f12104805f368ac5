/** A few lines that stand for more work than any machine would like: refused with the place and the count. */
import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/compile.ts';

const sources = 'data x ~ [2] from "ring"\nnoise z ~ normal[2]\n';
const critic = 'net D(x: [2]) -> [1] = x |> dense(4) |> tanh |> dense(1)\n';
const list = (n: number, f: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => f(i)).join('\n');

const game = (body: string): string => `${sources}net G(z: [2]) -> [2] = z |> ${body} |> dense(2)
${critic}loss l = expect(D(x)) - expect(D(G(z)))
train (batch = 4, steps = 10) {
  sample x, z
  update D to minimize l with sgd(0.1)
  sample z
  update G to maximize l with sgd(0.1)
}
`;

/** Errors as `line:column code message`. */
function errors(text: string): string[] {
  const { diagnostics } = analyse({ source: { path: 'm.gan', text }, load: () => undefined });
  return diagnostics
    .filter((d) => d.severity === 'error')
    .map(({ code, message, span }) => {
      const before = text.slice(0, span.start).split('\n');
      return `${before.length}:${before.at(-1)!.length + 1} ${code} ${message}`;
    });
}

describe('refused, with its place and the count', () => {
  test('defs that call defs twice', () => {
    const defs = list(16, (i) => `def f${i + 1}(h) = f${i}(f${i}(h))`);
    const text = `def f0(h) = h + 1\n${defs}\n${game('f16')}`;
    expect(errors(text)).toEqual(['25:3 GAN0247 this is too large to build: more than 100,000 operations']);
    const more = list(30, (i) => `def f${i + 1}(h) = f${i}(f${i}(h))`);
    expect(errors(`def f0(h) = h + 1\n${more}\n${game('f30')}`)).toEqual([
      '34:29 GAN0247 this is too large to build: more than 150,000 operations after inlining',
    ]);
  });

  test('functions handed to functions', () => {
    const defs = list(16, (i) => `def f${i + 1}(h) = two(f${i}, h)`);
    expect(errors(`def two(f, h) = f(f(h))\ndef f0(h) = h + 1\n${defs}\n${game('f16')}`)).toEqual([
      '26:3 GAN0247 this is too large to build: more than 100,000 operations',
    ]);
  });

  test('nets that call nets twice', () => {
    const nets = list(30, (i) => `net N${i + 1}(z: [2]) -> [2] = N${i}(N${i}(z))`);
    const text = `${sources}net N0(z: [2]) -> [2] = z |> dense(2)\n${nets}
loss l = expect(sum(N30(z)))
train (batch = 4, steps = 10) { sample z  update N0 to minimize l with sgd(0.1) }
`;
    expect(errors(text)).toEqual(['35:43 GAN0247 this is too large to build: more than 100,000 operations']);
  });

  test('gradients of gradients', () => {
    const nested = list(19, (i) => `let g${i + 1} = grad(sum(square(g${i})), x)`);
    const text = `${sources}${critic}let g0 = grad(D(x), x)\n${nested}
loss l = expect(sum(square(g19)))
train (batch = 4, steps = 10) { sample x  update D to minimize l with sgd(0.1) }
`;
    expect(errors(text)).toEqual(['25:43 GAN0247 this is too large to build: more than 100,000 operations']);
  });

  test('an each over a hundred thousand', () => {
    expect(errors(game('each i in 1..60_000 { tanh }'))[0]).toMatch(
      /^8:3 GAN0247 this is too large to build: more than 100,000 operations/,
    );
    expect(errors(game('each i in 1..100_000 { each j in 1..100_000 { tanh } }'))[0]).toMatch(
      /^3:\d+ GAN0247 this is too large to build: more than 150,000 operations after inlining/,
    );
  });

  test('an update for each of many losses of one deep value', () => {
    const text = `${sources}net N(x: [2]) -> [2] = x |> dense(2)
let h = N(x) |> each i in 1..1_000 { tanh }
${list(200, (i) => `loss l${i} = expect(mean(h)) * ${i}`)}
train (batch = 4, steps = 10) {
${list(200, (i) => `  sample x  update N to minimize l${i} with sgd(0.1)`)}
}
`;
    expect(errors(text)[0]).toMatch(
      /^2\d\d:13 GAN0247 this is too large to build: more than 100,000 operations/,
    );
  });
});

describe('what doubles with each line', () => {
  const net = 'data x ~ [8]\nnet N(x: [8]) -> [8] = x |> dense(8)\n';
  const play = (factor: string) =>
    `\nloss l = expect(mean(square(N(x)))) * ${factor}\ntrain (batch = 8, steps = 10) { sample x  update N to minimize l with sgd(1e-3) }\n`;

  test('scalars of the step', () => {
    const lets = list(40, (i) => `let h${i + 1} = h${i} + h${i}`);
    expect(errors(`${net}let h0 = step * 1\n${lets}${play('h40')}`)).toEqual([
      '12:10 GAN0247 this is too large to build: a scalar of the step made of more than 2,000 operations',
    ]);
  });

  test('lists of lists', () => {
    const lets = list(40, (i) => `let p${i + 1} = [p${i}, p${i}]`);
    expect(errors(`${net}let p0 = [1, 2]\n${lets}${play('sum(p40)')}`)).toEqual([
      expect.stringMatching(/^22:\d+ GAN0242 .*at most 1000000/),
    ]);
  });
});

describe('not refused', () => {
  test('a net ten thousand layers deep', () => {
    expect(
      errors(
        game('each i in 1..5_000 { layer }').replace('net G', 'def layer(h) = h |> dense(2) |> relu\nnet G'),
      ),
    ).toEqual([]);
  });
});
