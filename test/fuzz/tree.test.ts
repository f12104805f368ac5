/** Whatever the text: its tree gives it back byte for byte, and every comment in it has its place in the tree. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import prelude from '../../grammar/prelude.gan';
import { tokenize } from '../../grammar/tokens.ts';
import { attachComments } from '../../src/syntax/attach.ts';
import { parse } from '../../src/syntax/parse.ts';
import { type Element, endOf, isToken, startOf, textOf, triviaOf } from '../../src/syntax/tree.ts';
import { mutated, randomOf } from './mutations.ts';

const files = [
  prelude,
  ...readdirSync('models')
    .filter((name) => name.endsWith('.gan'))
    .map((name) => readFileSync(`models/${name}`, 'utf8')),
];

function check(text: string): void {
  const { value } = parse({ path: 'model.gan', text });
  // Texts that are refused as a whole have no tree.
  if (value === undefined) return;
  expect(textOf(value.tree)).toBe(text);
  expectOrder(value.tree);
  const { comments, blockComments, hashComments } = tokenize(text);
  const all = [...comments, ...blockComments, ...hashComments].sort((a, b) => a.startOffset - b.startOffset);
  const attached = attachComments(value.tree);
  expect(attached.map(({ comment }) => [comment.start, comment.text])).toEqual(
    all.map(({ startOffset, image }) => [startOffset, image]),
  );
}

/** Children lie in their parents, one behind the other; what stands between tokens comes apart without loss. */
function expectOrder(element: Element): void {
  if (isToken(element)) {
    const pieces = triviaOf(element);
    expect(pieces.map(({ text }) => text).join('')).toBe(element.before);
    return;
  }
  let at = element.start;
  for (const child of element.children) {
    expect(startOf(child)).toBeGreaterThanOrEqual(at);
    at = endOf(child);
    expectOrder(child);
  }
  expect(at).toBe(element.end);
}

describe('the tree is the text', () => {
  test('of programs with mistakes', () => {
    const random = randomOf(20_251_128);
    for (let i = 0; i < 150; i++) check(mutated(files, random));
  });
  test('of any characters', () => {
    const pieces = fc.constantFrom(
      '//',
      '/*',
      '*/',
      '#',
      '\n',
      '\r',
      '"',
      "'",
      '(',
      ')',
      'let ',
      'a',
      '1',
      '\uFEFF',
      '|>',
      '=',
    );
    const texts = fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 60 });
    fc.assert(
      fc.property(texts, (parts) => check(parts.join(''))),
      { numRuns: 300 },
    );
  });
  test('of the halves of files', () => {
    for (const file of files) for (let i = 0; i < file.length; i += 797) check(file.slice(i));
  });
});
