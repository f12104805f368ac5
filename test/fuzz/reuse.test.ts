/** Whatever the edits: an analysis that reuses the one before gives what a fresh one gives, and a partial Model can be used. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Analysis, analyse, planOf } from '../../src/compile.ts';
import { TooLarge } from '../../src/ir/budget.ts';
import { summary } from '../../src/summary/summary.ts';
import { spansOf } from '../golden/check/spans.ts';
import { mutated, randomOf } from './mutations.ts';

const files = readdirSync('models')
  .filter((name) => name.endsWith('.gan'))
  .map((name) => readFileSync(`models/${name}`, 'utf8'))
  .filter((text) => text.length < 3000);

const input = (text: string) => ({ source: { path: 'model.gan', text }, load: () => undefined });

function expectSame(now: Analysis, fresh: Analysis): void {
  expect(now.diagnostics).toEqual(fresh.diagnostics);
  // Compared as text: a tree is large.
  expect(JSON.stringify(now.file) === JSON.stringify(fresh.file)).toBe(true);
  expect(now.model && spansOf(now.model)).toEqual(fresh.model && spansOf(fresh.model));
}

describe('edits', () => {
  test('one after the other, also through broken texts', () => {
    const random = randomOf(28_11);
    let [reused, unparsed] = [0, 0];
    for (const file of files) {
      let [text, last] = [file, analyse(input(file))];
      for (let i = 0; i < 6; i++) {
        // Every third edit mends the file, as people do.
        text = i % 3 === 2 ? file : mutated([text], random);
        const fresh = analyse(input(text));
        const now = analyse(input(text), last);
        expectSame(now, fresh);
        reused += fresh.worked.length - now.worked.length;
        unparsed += fresh.parsed - now.parsed;
        last = now;
      }
    }
    expect(reused).toBeGreaterThan(200);
    expect(unparsed).toBeGreaterThan(400);
  });
});

test('the sound part of any partial Model has a plan and its costs', () => {
  const random = randomOf(2025);
  let partial = 0;
  for (let i = 0; i < 100; i++) {
    const { model, sources } = analyse(input(mutated(files, random)));
    if (!model || model.whole) continue;
    partial++;
    try {
      summary(model, planOf(model, sources));
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
    }
  }
  expect(partial).toBeGreaterThan(30);
});
