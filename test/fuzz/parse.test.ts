/** Whatever the text: the parser comes back with findings that point into it, and never throws. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import prelude from '../../grammar/prelude.gan';
import { vocabulary } from '../../grammar/tokens.ts';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { parse } from '../../src/syntax/parse.ts';
import { printAst } from '../../src/syntax/print.ts';

const words = vocabulary.flatMap((type) => /^`(.+)`$/.exec(type.LABEL ?? '')?.[1] ?? []);
const others = [
  'x',
  'G',
  'σ2',
  '64',
  '2e-4',
  '1..4',
  '"a"',
  '"',
  '3x',
  '.5',
  '// 2',
  '/// doc',
  '\n',
  ';',
  '²',
  '/*',
  '*/',
];
const files = [
  prelude,
  ...readdirSync('models')
    .filter((name) => name.endsWith('.gan'))
    .map((name) => readFileSync(`models/${name}`, 'utf8')),
];

/** Every span in a tree or a list of findings lies in the text. */
function expectInside(value: unknown, text: string): void {
  const rest: unknown[] = [value];
  while (rest.length > 0) {
    const next = rest.pop();
    if (typeof next !== 'object' || next === null) continue;
    if ('file' in next && 'start' in next && 'end' in next) {
      const { start, end } = next as { start: number; end: number };
      if (!(start >= 0 && start <= end && end <= text.length)) {
        expect.fail(`the span ${start}–${end} in a text of ${text.length}`);
      }
    }
    rest.push(...Object.values(next));
  }
}

function check(text: string): void {
  const { value, diagnostics } = parse({ path: 'model.gan', text });
  expectInside(diagnostics, text);
  expectInside(value, text);
  if (value !== undefined) printAst(value);
  const errors = diagnostics.filter((d) => d.severity === 'error');
  expect(errors.length).toBeLessThanOrEqual(50);
  for (const d of diagnostics) expect(d.message).not.toMatch(/undefined|NaN|\[object/);
  for (const [name, made] of mended(text, diagnostics)) {
    expect(typeof made, name).toBe('string');
  }
}

/** The text with each repair made; repairs are edits of the text. */
function mended(text: string, diagnostics: readonly Diagnostic[]): [string, string][] {
  return diagnostics.flatMap(({ code, fix }) => {
    if (fix === undefined) return [];
    const sorted = [...fix].sort((a, b) => b.span.start - a.span.start);
    return [
      [code, sorted.reduce((t, { span, text: by }) => t.slice(0, span.start) + by + t.slice(span.end), text)],
    ];
  });
}

const soup = fc
  .array(fc.tuple(fc.constantFrom(...words, ...others), fc.constantFrom('', ' ', ' ', '\n')), {
    maxLength: 200,
  })
  .map((parts) => parts.map(([word, space]) => word + space).join(''));

const mutated = fc
  .tuple(
    fc.constantFrom(...files),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat({ max: 12 }),
        fc.constantFrom('', ...words, ...others),
      ),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
  )
  .map(([file, edits]) =>
    edits.reduce((text, [where, length, by]) => {
      const at = Math.floor(where * text.length);
      return text.slice(0, at) + by + text.slice(at + length);
    }, file),
  );

describe('never throws, and points into the text', () => {
  test('at characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), check), { numRuns: 500 });
  });
  test('at token soup', () => {
    fc.assert(fc.property(soup, check), { numRuns: 1000 });
  });
  test('at files with mistakes', () => {
    fc.assert(fc.property(mutated, check), { numRuns: 500 });
  });
  test('at the halves of files', () => {
    for (const file of files) {
      // At most 150 places of a file.
      for (let i = 0; i < file.length; i += Math.max(37, Math.ceil(file.length / 150))) {
        check(file.slice(0, i));
        check(file.slice(i));
      }
    }
  });
  test('at deep nesting of any brackets', () => {
    const openers = fc.array(
      fc.constantFrom('(', '[', '{', 'f(', '{ return ', 'if ', 'if a then ', '-', 'each i in ', 'a |> '),
      {
        minLength: 100,
        maxLength: 3000,
        size: 'max',
      },
    );
    fc.assert(
      fc.property(openers, (parts) => check(`let a = ${parts.join('')}`)),
      { numRuns: 100 },
    );
  });
});

describe('an error in one declaration', () => {
  test('leaves the others as they are', () => {
    const lines = ['let b = f(1)', 'loss l = expect(b)', 'noise z ~ normal[2]', 'def g(a) = { return a }'];
    const kinds = ['let', 'loss', 'noise', 'def'];
    const broken = soup.filter(
      (text) =>
        !/\b(param|data|noise|init|net|optimizer|def|let|loss|metric|output|train|use)\b|["/{}]/.test(text),
    );
    fc.assert(
      fc.property(broken, (text) => {
        const all = `param first = ${text}\n${lines.join('\n')}\n`;
        const { value } = parse({ path: 'model.gan', text: all });
        expect(value?.declarations.slice(-4).map((d) => d.kind)).toEqual(kinds);
        const untouched = parse({ path: 'model.gan', text: `${lines.join('\n')}\n` });
        expect(untouched.diagnostics).toEqual([]);
        const strip = (x: unknown) => JSON.stringify(x, (key, v) => (/span/i.test(key) ? undefined : v));
        expect(strip(value?.declarations.slice(-4))).toBe(strip(untouched.value?.declarations));
      }),
      { numRuns: 500 },
    );
  });
});
