/** The grammar: valid in Chevrotain's eyes, written down as it is, and read as language.md has it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ebnf } from '../../grammar/ebnf.ts';
import { GanParser } from '../../grammar/parser.ts';
import prelude from '../../grammar/prelude.gan';
import { operationsPage, preludePage } from '../../grammar/reference.ts';
import { createLexer, givenNames, reservedWords, vocabulary } from '../../grammar/tokens.ts';
import { withoutAllowed } from '../../src/check/allow.ts';
import { analyse } from '../../src/compile.ts';
import type { File } from '../../src/syntax/ast.ts';
import { parse } from '../../src/syntax/parse.ts';
import { printAst } from '../../src/syntax/print.ts';

function file(text: string): File {
  const { value, diagnostics } = parse({ path: 'model.gan', text });
  expect(diagnostics).toEqual([]);
  return value!;
}

/** The tree of one expression, without the lines around it. */
function tree(expression: string): string {
  return printAst(file(`let a = ${expression}`))
    .split('\n')
    .slice(2)
    .map((line) => line.slice(4))
    .join('\n');
}

const codes = (text: string) => parse({ path: 'model.gan', text }).diagnostics.map((d) => d.code);

describe('the grammar', () => {
  test('has no ambiguity, no left recursion and no unreachable token', () => {
    expect(() => createLexer({ validate: true })).not.toThrow();
    expect(() => new GanParser({ validate: true })).not.toThrow();
  });

  test('gan.ebnf is what the parser says (vitest -u writes it)', async () => {
    await expect(ebnf()).toMatchFileSnapshot('../../grammar/gan.ebnf');
  });

  test('the pages of operations and prelude are what those say (vitest -u writes them)', async () => {
    await expect(operationsPage()).toMatchFileSnapshot('../../grammar/operations.md');
    await expect(preludePage()).toMatchFileSnapshot('../../grammar/prelude.md');
  });

  test('the prelude parses, and every def in it is documented', () => {
    for (const d of file(prelude).declarations) {
      expect(d.kind).toBe('def');
      expect(d.doc).toMatch(/\.$/);
    }
  });
});

describe('precedence', () => {
  test.each([
    ['-a ^ b', '-(a ^ b)'],
    ['a ^ -b ^ c', 'a ^ (-(b ^ c))'],
    ['a ^ b ^ c', 'a ^ (b ^ c)'],
    ['a - b - c', '(a - b) - c'],
    ['a / b * c % d', '((a / b) * c) % d'],
    ['a + b * -c', 'a + (b * (-c))'],
    ['-a * b', '(-a) * b'],
    ['!a == b', '(!a) == b'],
    ['a + 1 < b && c || d', '(((a + 1) < b) && c) || d'],
    ['a || b && c', 'a || (b && c)'],
    ['if a then b else c + d', 'if a then b else (c + d)'],
    ['if a then b else c |> f', '(if a then b else c) |> f'],
    ['if a then b else if c then d else e', 'if a then b else (if c then d else e)'],
    ['a + b |> f', '(a + b) |> f'],
    ['-a.b', '-(a.b)'],
    ['--a', '-(-a)'],
    ['a^2*b', '(a ^ 2) * b'],
  ])('%s is %s', (plain, bracketed) => {
    expect(tree(plain)).toBe(tree(bracketed));
  });

  test('a chain of else if stays flat, and ends where the pipe begins', () => {
    expect(tree('if a then b |> f else if c then d else e |> g(h, k = 2) as last')).toMatchInlineSnapshot(`
      "pipe
        choice
          if
            name a
          then
            pipe
              name b
              stage f
          if
            name c
          then
            name d
          else
            name e
        stage g as last
          name h
          k =
            number 2
      "
    `);
  });

  test('a span takes the parentheses of its operands in', () => {
    const text = 'let a = (b + c) * (d |> f)';
    const [declaration] = file(text).declarations;
    const value = declaration?.kind === 'let' ? declaration.value : undefined;
    expect(text.slice(value!.span.start, value!.span.end)).toBe('(b + c) * (d |> f)');
  });
});

test('every form once', () => {
  const text = `
/// What it is.
///   More of it.
param latent = [1, 2,]
data (x, y,) ~ (image[28, 28, 1], label[10],) from "fashion"
noise z ~ normal(0, 1)[latent]
init kernel ~ glorot_uniform
net E(x: image[28, 28, 1], mode: [2],) -> (mu: [20], data: []) from "runs/e" = (mu = x, data = x,)
net prior() -> [2] = weight([2])
optimizer o = adam(1e-4, beta1 = 0.5)
def f(a, b = a * 2, init = 3) = { let h = a  let (p, q) = h  return (p, q) }
let (s, t) = E(x).mu |> each i in 1..4 { g(i) |> conv(2 ^ i, init = normal(0, 0.02)) as stem } |> (if flag then G.frozen else relu)
let n = draw uniform(0, 1)[1] + G.averaged(z).data
loss l = expect(s)
metric m = l
output o = n
train learn (batch = 64, steps = 20_000,) {
  sample x, z
  sample 500 of x
  sample 2 * n of z, x
  update D, G to maximize l - m with adam(2e-4 * (1 - progress))
  together { update D to minimize l with o update G to minimize l with o }
  repeat (if step < 25 || step % 500 == 0 then 100 else 5) { sample z }
  repeat(3) { }
  every 16 { clip D to [-0.01, 0.01,] }
  once { average G decay 0.999 }
  clip D to norm 1 - progress
  if step % 2 == 0 { save D, G } else if progress > 0.5 { restore D } else { }
  if flag { set pool to pool |> flatten }
}
state level = 0
state chain ~ normal(0, 1)[2]
state pool ~ 2 * n of normal[2]
use "other.gan"
`;
  // `init` can't be declared, and nothing else is wrong.
  expect(codes(text)).toEqual(['GAN0115']);
  expect(printAst(file(text.replace(', init = 3', '')))).toMatchSnapshot();
});

describe('names', () => {
  const words = vocabulary.flatMap((type) => /^`([a-z]+)`$/.exec(type.LABEL ?? '')?.[1] ?? []);
  const cannot = new Set([...reservedWords, ...givenNames]);

  test.each(words.filter((word) => !cannot.has(word)))('%s can be declared, and means itself', (word) => {
    const text = `
data ${word} ~ [2]
net ${word}(${word}: [2]) -> (${word}: [2]) = (${word} = ${word}(${word}, ${word} = ${word}.${word}))
def ${word}(${word}, b = ${word}) = { let ${word} = b return ${word} }
let ${word} = ${word} |> ${word} |> ${word}(${word}) as ${word} |> each ${word} in ${word} { ${word} }
train ${word} (${word} = ${word}) {
  sample ${word}
  sample ${word}, ${word}
  sample ${word} of ${word}
  update ${word}, ${word} to minimize ${word} with ${word}
  repeat ${word} { clip ${word} to [${word}, ${word}] average ${word} decay ${word} }
  every ${word} { once { sample ${word} } }
  if ${word} { save ${word} } else if ${word} { restore ${word} } else { set ${word} to ${word} }
  clip ${word} to norm ${word}
}
state ${word} = ${word}
state ${word} ~ ${word}[2]
state ${word} ~ ${word} of ${word}(${word})[2]
`;
    expect(codes(text)).toEqual([]);
  });

  test.each([...cannot])('%s cannot be declared, but names an argument and a field', (word) => {
    expect(codes(`let ${word} = 3`)).toEqual(['GAN0115']);
    expect(codes(`let (a, ${word}) = 3`)).toEqual(['GAN0115']);
    expect(codes(`def f(${word}) = 3`)).toEqual(['GAN0115']);
    expect(codes(`net ${word}(x: [1]) -> [1] = x`)).toEqual(['GAN0115']);
    expect(codes(`net f(${word}: [1]) -> [1] = x`)).toEqual(['GAN0115']);
    expect(codes(`loss ${word} = 3`)).toEqual(['GAN0115']);
    expect(codes(`let a = f(${word} = 3, b = (${word} = 2)).${word}`)).toEqual([]);
    expect(codes(`net f(x: [1]) -> (${word}: [1], b: [2]) = (${word} = x, b = x)`)).toEqual([]);
  });

  test('may be of any script, and are the same however their accents are written', () => {
    const { declarations } = file('let σ2 = μ + 変数 + _x1\nlet e\u0301 = \u00e9\nlet 𝒙 = ж');
    expect(
      declarations.map((d) => (d.kind === 'let' && d.pattern.kind === 'name' ? d.pattern.name.text : '')),
    ).toEqual(['σ2', '\u00e9', '𝒙']);
  });
});

describe('comments', () => {
  test('a run of /// right above a declaration is its documentation', () => {
    const { declarations } = file(
      '/// apart\n\n/// one\n///  two\n// between\nparam a = 1\n\n/// three\n\nparam b = 2 /// four\nparam c = 3\r\n/// five\r\n/// six\r\nparam d = 4',
    );
    expect(declarations.map((d) => d.doc)).toEqual(['one\n two', '', '', 'five\nsix']);
  });

  test('// allow', () => {
    const text =
      'param a = 1\n  // allow GAN0403, GAN0120\nlet b = c // 2\n// allow everything\n// allow GAN0120 as it is said\nlet c = b // 2\n';
    const { value, diagnostics } = parse({ path: 'model.gan', text });
    expect(value!.allowances.map(({ line, codes }) => [line, ...codes])).toEqual([
      [1, 'GAN0403', 'GAN0120'],
      [4, 'GAN0120'],
    ]);
    expect(diagnostics.map((d) => d.code)).toEqual(['GAN0120', 'GAN0120']);
    const read = [{ source: { path: 'model.gan', text }, file: value! }];
    expect(withoutAllowed(diagnostics, read)).toEqual([]);
  });
});

describe('limits', () => {
  const nested = (n: number, open: string, close: string) => `let a = ${open.repeat(n)}b${close.repeat(n)}`;

  test.each([
    ['(', ')'],
    ['[', ']'],
    ['f(', ')'],
    ['{ return ', ' }'],
    ['if c then ', ' else d'],
    ['2 * (3 + ', ')'],
  ])('brackets and ifs nest 64 deep: %s', (open, close) => {
    expect(codes(nested(64, open, close))).toEqual([]);
    expect(codes(nested(65, open, close))).toEqual(['GAN0110']);
    expect(codes(nested(20_000, open, close))).toEqual(['GAN0110']);
    expect(codes(`let a = ${open.repeat(20_000)}`)[0]).toMatch(/GAN01(08|10)/);
  });

  test('too deep a declaration does not hide its neighbours', () => {
    expect(codes(`let a = ${'('.repeat(70)}\nlet b c = 3\nlet d = 3`)).toEqual(['GAN0110', 'GAN0112']);
  });

  test.each([
    ['+ b', (n: number) => `let a = b${' + b'.repeat(n)}`],
    ['^ b', (n: number) => `let a = b${' ^ b'.repeat(n)}`],
    ['-', (n: number) => `let a = ${'-'.repeat(n)}b`],
    ['&& b', (n: number) => `let a = b${' && b'.repeat(n)}`],
  ])('operators chain 256 long: %s', (_, text) => {
    expect(codes(text(256))).toEqual([]);
    expect(codes(text(257))).toEqual(['GAN0111']);
    expect(codes(text(20_000))).toEqual(['GAN0111']);
  });

  test('else if goes on 256 times', () => {
    const text = (n: number) => `let a = if b then c${' else if b then c'.repeat(n)} else d`;
    expect(codes(text(255))).toEqual([]);
    expect(codes(text(20_000))).toEqual(['GAN0111']);
  });

  test('chains within brackets do not add up to an overflow', () => {
    const within = (n: number) => `${`b${' + b'.repeat(250)} + (`.repeat(n)}c${')'.repeat(n)}`;
    expect(codes(`let a = ${within(3)}`)).toEqual([]);
    expect(codes(`let a = ${within(60)}`)).toEqual(['GAN0111']);
  });

  test('a pipeline has no limit', () => {
    const [declaration] = file(`let a = b${' |> f(1)'.repeat(20_000)}`).declarations;
    expect(
      declaration?.kind === 'let' && declaration.value.kind === 'pipe' && declaration.value.stages.length,
    ).toBe(20_000);
  });

  test('at most 50 errors, and a word on the rest', () => {
    const { diagnostics } = parse({ path: 'model.gan', text: 'let a b\n'.repeat(1000) });
    expect(diagnostics.length).toBe(50);
    expect(diagnostics.at(-1)!.notes).toEqual(['the file has more syntax errors than are shown']);
    expect(codes('let a b\n'.repeat(50)).length).toBe(50);
  });

  test('a text of another kind is refused', () => {
    expect(codes('// a\0b')).toEqual(['GAN0102']);
    expect(codes('// caf\uFFFD')).toEqual(['GAN0102']);
    expect(codes(`// ${'a'.repeat(1024 * 1024)}`)).toEqual(['GAN0101']);
    expect(codes(`// ${'é'.repeat(512 * 1024)}`)).toEqual(['GAN0101']);
    expect(codes(`// ${'a'.repeat(1024 * 1024 - 3)}`)).toEqual([]);
    expect(codes('')).toEqual([]);
    expect(codes('\uFEFFparam a = 1\r\n')).toEqual([]);
  });
});

test('the examples of the reference are accepted', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../grammar/README.md'), 'utf8');
  const examples = [...readme.matchAll(/```gan\n([\s\S]*?)```/g)].map((match) => match[1]!);
  expect(examples.length).toBe(10);
  for (const text of examples) {
    const { diagnostics } = analyse({ source: { path: 'model.gan', text }, load: () => undefined });
    expect(diagnostics.filter((d) => d.severity !== 'note').map((d) => `${d.code} ${d.message}`)).toEqual([]);
  }
});
