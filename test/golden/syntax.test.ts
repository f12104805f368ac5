/** Syntax errors: a text above, what is said of it below. */
import { describe, expect, test } from 'vitest';
import { renderFrame } from '../../src/cli/render.ts';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { syntax } from '../../src/diagnostics/syntax.ts';
import { parse } from '../../src/syntax/parse.ts';

function findings(text: string): readonly Diagnostic[] {
  return parse({ path: 'model.gan', text }).diagnostics;
}

function shown(text: string): string {
  const sources = new Map([['model.gan', { path: 'model.gan', text }]]);
  return findings(text)
    .map((d) => renderFrame(d, sources))
    .join('\n\n');
}

const codes = (text: string) => findings(text).map((d) => d.code);

describe('every code of syntax', () => {
  const files = (entry: { example: string; exampleFiles?: Record<string, string> }) => [
    entry.example,
    ...Object.values(entry.exampleFiles ?? {}),
  ];
  test.each(Object.entries(syntax))('%s is what its example brings about', (code, entry) => {
    expect(files(entry).flatMap(codes)).toEqual([code]);
  });
});

const mistakes: Record<string, string> = {
  'several errors in one go': `param latent 100
data x ~ image[28, 28, 1
net D(x: image[28, 28, 1]) -> [1] = x |> flatten |> dense(1
let fake = G (z)
loss = expect(D(fake))
metric m = 1 < 2 < 3
train (batch = 64, steps = 10) {
  smaple x
  update D minimize d_loss with adam(2e-4)
  clip D to 0.1
  average G 0.999
}
`,
  'statements of a schedule': `train (batch = 1, steps = 1) {
  if step > 1 then sample z
  set a = 3
  clip D to norms 1
  if step > 0 { sample z } else update D
}
state a ~ 5
state b 5
`,
  'a forgotten return': 'def f(x) = { let h = relu(x) (h + 1) }\n',
  'a forgotten return before a name': 'def f(x) = { let h = relu(x) h }\n',
  'a space before the parenthesis of a call': 'let fake = G (z)\n',
  'a forgotten times': 'let a = 2 (b + c)\n',
  'brackets of the wrong kind': 'param a = [1, 2)\nparam b = [3]\n',
  'an unclosed bracket inside others': 'let a = f(b, [1, 2)\nlet b = 3\n',
  'an unclosed brace':
    'train (batch = 1, steps = 1) {\n  repeat 5 {\n    sample z\n}\nnet G(z: [1]) -> [1] = z\n',
  'an unclosed parameter list': 'net D(x: image[28, 28, 1] -> [1] = x |> dense(1)\n',
  'an unclosed block': 'def f(x) = { let h = x return h\nlet b = 3\n',
  'a reserved word as a name': 'let data = 3\nnet loss(x: [1]) -> [1] = x\nlet a = data + 1\n',
  'words that cannot be declared': 'let pi = 3\ndef f(step) = step\n',
  'an if in the middle of things': 'let a = 1 + if b then c else d\n',
  'an if as a stage': 'let a = x |> if b then relu else tanh\n',
  'a choice of what is no name': 'let a = x |> (if b then relu else group_norm(8))\n',
  'an operator after a stage': 'let a = x |> relu * 2\n',
  'characters from a paper': 'let a = 2 × σ² − “b”\n',
  'numbers gone wrong': 'param a = [3x, 1., .5, 1e999, 0x10, 2__0, 1.e5]\n',
  'a division in brackets': 'let a = f(b // 2\n)\nlet c = size // 2\nlet d = f(a,\n  // 2 of them\n  b)\n',
  'words for operators': 'let a = b and c\n',
  'a comparison by one sign': 'let a = if b = c then d else e\n',
  'two commas': 'let a = f(b, , c)\n',
  'the end of the file': 'let a =',
  'statements outside': 'sample x\nlet a = 3\nupdate D to minimize e with sgd(1)\n',
  'a Python power': 'let a = b ** 2\n',
  'a missing comma': 'let a = f(b c)\nlet d = [1 2]\n',
  'a declaration inside a schedule':
    'train (batch = 1, steps = 1) {\n  sample x\n  let fake = G(x)\n  update G to minimize loss with sgd(1)\n}\nlet a = 3 4\n',
  'a let among stages': 'let a = b |> each i in 1..4 { let h = i f(h) }\n',
  'a string that swallows its bracket':
    'data x ~ image[28, 28, 1] from "fashion\nlet a = f("b)\nlet c = 1 2\n',
  'a comment without end': 'let a = f(b, /* and so on\nlet c = 2)\n',
  'habits of other languages': [
    'import "a.gan"',
    'let a = x[0]',
    'let a = x.1',
    'let a = not b',
    'let a, b = c',
    'let a := b',
    'param a: 3',
    'data x = image[28, 28, 1]',
    'net G(z: [2]) -> image(28, 28, 1) = z',
    'def f(x) { return x }',
    'def f(x) -> [1] = x',
    'let a = b |> conv(64, kernel: 5)',
    'let a = b <> c',
    'let a = each i in 1..4 { f }',
    'let a = draw(normal)[3]',
    'let a = conv(64) as stem',
    'optimizer adam(1)',
    'let a = b; let c = d;',
  ].join('\n'),
  'habits of Python': "# a comment\ndata x ~ [2] from 'ring' # it's one\nlet a = x' + f('b', 2)\n",
  'a train called training': 'let fake = G(z)\ntraining (batch = 8, steps = 10) { sample x }\n',
  'statements of other names':
    'train (batch = 1, steps = 1) {\n  clip critic to 0.01\n  average E with 0.9\n  update E minimize kl with sgd(1)\n}\nnet D(picture) = picture\n',
  'nothing more behind a stumble':
    'net D(x: [8]) -> [1] = {\n  let h = x |> dense(8)\n  dense(h, 1) + 1 < 2 < 3\n}\n',
  'words nearly right':
    'nett G(z: [2]) -> [1] = z\ntrain (batch = 1, steps = 1) {\n  updat D to minimize d with sgd(1)\n  update D to minimise d with sgd(1)\n  update D too minimize d with sgd(1)\n  sample x z\n  average G decoy 0.9\n}\n',
  'what a train needs': 'train { sample x }\n',
  'a filter of data': 'data (x, y) ~ ([2], label[4]) from "a.csv" where y == 3\nlet a = b\n',
};

describe('mistakes', () => {
  test.each(Object.entries(mistakes))('%s', async (name, text) => {
    const file = `findings/syntax/${name.replaceAll(' ', '-')}.txt`;
    await expect(`${text}${'─'.repeat(80)}\n${shown(text)}\n`).toMatchFileSnapshot(file);
  });
});
