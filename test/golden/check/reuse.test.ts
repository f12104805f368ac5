/** An analysis of an edited file works out again only what the edit touches, and gives what a fresh one would. */
import { describe, expect, test } from 'vitest';
import { type Analysis, analyse } from '../../../src/compile.ts';
import { spansOf } from './spans.ts';

const text = `param width = 8
data x ~ [8]
noise z ~ normal[4]
init kernel ~ normal(0, 0.02)
def act(v) = leaky_relu(v, 0.2)
net G(z: [4]) -> [8] =
  z |> dense(width) |> act |> dense(8)
net D(x: [8]) -> [1] =
  x |> dense(width) |> relu |> dense(1)
let fake = G(z)
loss d_loss = hinge_d(D(x), D(fake))
loss g_loss = hinge_g(D(fake))
metric size = expect(norm(fake))
output samples = fake
train (batch = 8, steps = 10) {
  sample x, z
  update D to minimize d_loss with adam(1e-3)
  sample z
  update G to minimize g_loss with adam(1e-3)
}
`;

const input = (of: string, set?: Record<string, string>) => ({
  source: { path: 'model.gan', text: of },
  load: () => undefined,
  ...(set ? { set } : {}),
});

/** What is worked out again when the first text becomes the second, without the file's name. */
function again(edit: (text: string) => string): string[] {
  const edited = edit(text);
  const now = analyse(input(edited), analyse(input(text)));
  expectSame(now, analyse(input(edited)));
  return now.worked.map((key) => key.replace(/^model\.gan /, ''));
}

/** How many declarations are parsed again. */
const parsedAgain = (edit: (text: string) => string) =>
  analyse(input(edit(text)), analyse(input(text))).parsed;

function expectSame(now: Analysis, fresh: Analysis): void {
  expect(now.diagnostics).toEqual(fresh.diagnostics);
  expect(now.file).toEqual(fresh.file);
  expect(spansOf(now.model!)).toEqual(spansOf(fresh.model!));
}

const change = (from: string, to: string) => (of: string) => {
  expect(of).toContain(from);
  return of.replace(from, to);
};

describe('an edit', () => {
  test('parses the declarations again that it is in', () => {
    expect(analyse(input(text)).parsed).toBe(13);
    expect(parsedAgain((t) => t)).toBe(0);
    expect(parsedAgain((t) => `\n// moved\n${t}`)).toBe(0);
    expect(parsedAgain(change('|> relu |>', '|> relu |> relu |>'))).toBe(1);
    expect(parsedAgain(change('let fake', '/// What G draws.\nlet fake'))).toBe(0);
    expect(parsedAgain(change('let fake = G(z)', 'let fake = G(z'))).toBe(1);
    expect(parsedAgain((t) => t.replaceAll('fake', 'drawn'))).toBe(5);
  });

  test('is nothing where there is none', () => {
    expect(analyse(input(text)).worked.length).toBe(10);
    expect(again((t) => t)).toEqual([]);
  });

  test('of blanks and comments between declarations moves what is below', () => {
    expect(again(change('net G', '// a generator\n\nnet G'))).toEqual([]);
    expect(again((t) => `\n\n${t}`)).toEqual([]);
  });

  test('of a net works out the net and what uses it', () => {
    expect(again(change('|> relu |>', '|> relu |> relu |>'))).toEqual(
      ['net D e', 'loss d_loss value', 'loss g_loss value'].sort(
        (a, b) => Number(b.startsWith('loss d')) - Number(a.startsWith('loss d')),
      ),
    );
  });

  test('of a def works out the nets that use it', () => {
    expect(again(change('0.2)', '0.1)')).filter((key) => key.startsWith('net'))).toEqual(['net G e']);
  });

  test('of a param works out all that it is in', () => {
    expect(again(change('= 8', '= 9')).filter((key) => /^(param|net)/.test(key))).toEqual([
      'param width value',
      'net G e',
      'net D e',
    ]);
  });

  test('of a loss works out the loss alone', () => {
    expect(again(change('hinge_g(D(fake))', '2 * hinge_g(D(fake))'))).toEqual(['loss g_loss value']);
  });

  test('of the schedule works out no value', () => {
    expect(again(change('steps = 10', 'steps = 20'))).toEqual([]);
  });

  test('of an `init` works out the nets of its file, and not what calls them', () => {
    expect(again(change('0.02', '0.01'))).toEqual(['net G e', 'net D e']);
    expect(again(change('init kernel ~ normal(0, 0.02)\n', ''))).toEqual(['net G e', 'net D e']);
  });

  test('that hides a def of the prelude works out what used that', () => {
    const own = 'def hinge_g(v) = expect(-v)\n';
    expect(again(change('def act', `${own}def act`))).toEqual(['loss g_loss value']);
  });

  test('that breaks a declaration leaves the others', () => {
    expect(again(change('|> relu |>', '|> relu |> |>'))).toEqual([
      'loss d_loss value',
      'net D e',
      'loss g_loss value',
    ]);
  });

  test('of `--set` works out everything', () => {
    const now = analyse(input(text, { width: '16' }), analyse(input(text)));
    expectSame(now, analyse(input(text, { width: '16' })));
    expect(now.worked.length).toBe(10);
  });
});

test('the nets of a list are worked out again with their text', () => {
  const list = change(
    'net D(x: [8]) -> [1]',
    'net F[2](x: [8]) -> [8] =\n  x |> dense(8)\nnet D(x: [8]) -> [1]',
  )(text);
  const flows = change('D(fake))\nmetric', 'D(fake |> each i in 1..2 { F[i] }))\nmetric')(list);
  const edited = change('x |> dense(8)\n', 'x |> dense(8) |> tanh\n')(flows);
  const now = analyse(input(edited), analyse(input(flows)));
  expectSame(now, analyse(input(edited)));
  expect(now.worked.filter((key) => / net /.test(key))).toEqual([
    'model.gan net F F_1 e',
    'model.gan net F F_2 e',
  ]);
});

test('what is drawn without a name is numbered through the file, so it is worked out again', () => {
  const drawn = change('let fake = G(z)', 'let e = draw normal[8]\nlet fake = G(z) + e')(text);
  const edited = change('let e', 'let first = draw normal[8]\nlet e')(drawn);
  const now = analyse(input(edited), analyse(input(drawn)));
  expectSame(now, analyse(input(edited)));
  expect(now.worked.map((key) => key.split(' ')[2])).toEqual([
    'first',
    'e',
    'fake',
    'd_loss',
    'g_loss',
    'size',
    'samples',
  ]);
});

test('another number of examples works out again what crosses the batch, and no more', () => {
  const pairs = text
    .replace('loss d_loss', 'let near = mmd(x, fake)\nlet far = sum(fake)\nloss d_loss')
    .replace('norm(fake)', 'norm(fake) + near + far');
  const edited = pairs.replace('batch = 8', 'batch = 9');
  const now = analyse(input(edited), analyse(input(pairs)));
  expectSame(now, analyse(input(edited)));
  const worked = now.worked.map((key) => key.replace(/^model\.gan /, ''));
  expect(worked).toContain('let near value');
  expect(worked).not.toContain('let far value');
});

describe('lists of nets, maps and weights as values', () => {
  const program = `param n = 3
data x ~ [4, 8]
net c[n](v: [8]) -> [8] = v |> dense(8, bias = false)
net D(v: [8]) -> [1] = v |> dense(1)
def all(v) = v |> each k in 1..n { c[k] }
let y = x |> map(all) |> mean(axis = 0)
let score = expect(D(y))
let w = D.weights - 0.1 * grad(score, D.weights)
loss l = expect(D(y, weights = w))
train (batch = 8, steps = 10) { sample x  update c, D to minimize l with adam(1e-3) }
`;

  test.each([
    ['of blanks moves them', '\n\ndef all', 'def all'],
    ['of the length', 'n = 4', 'n = 3'],
    ['of the body', 'v |> dense(8, bias = false) |> relu', 'v |> dense(8, bias = false)'],
    ['of a net whose weights are read', 'dense(3) |> relu |> dense(1)', 'dense(1)'],
    ['of the step', '0.2 * grad', '0.1 * grad'],
    ['of the function of a map', 'v |> relu |> each', 'v |> each'],
  ])('an edit %s', (_, to, from) => {
    expect(analyse(input(program)).diagnostics).toEqual([]);
    const edited = change(from, to)(program);
    expectSame(analyse(input(edited), analyse(input(program))), analyse(input(edited)));
  });

  test('a name that one value gives to weights does not stay with another that reads them', () => {
    const size = 'metric size = sum(square(D.weights.dense_1.kernel))';
    const named = change('loss l', `let own = D.weights\n${size}\nloss l`)(program);
    for (const edit of [change('let own', 'let kept'), change('let own = D.weights\n', '')]) {
      const edited = edit(named);
      const now = analyse(input(edited), analyse(input(named)));
      expectSame(now, analyse(input(edited)));
      expect(now.worked).not.toContain('model.gan metric size value');
    }
  });
});

test('a path that reads like a declaration is a path', () => {
  const at = (of: string) => ({ ...input(of), source: { path: 'the data of/model.gan', text: of } });
  const edited = change('steps = 10', 'steps = 20')(text);
  expect(analyse(at(edited), analyse(at(text))).worked).toEqual([]);
});
