/**
 * How parsing grows with the file: `npx vitest bench --run --config test/vitest.config.ts --root . test/bench/parse`.
 * Each row doubles the text; the time should do the same.
 */
import { bench, describe } from 'vitest';
import { parse } from '../../src/syntax/parse.ts';

const options = { time: 300, iterations: 3, warmupTime: 100, warmupIterations: 1 };

const pipeline = (n: number) => `net G(z: [2]) -> [2] =\n  z\n${'  |> dense(2) as layer\n'.repeat(n)}`;
const declarations = (n: number) =>
  Array.from(
    { length: n },
    (_, i) => `/// The value of ${i}.\nlet v${i} = 2 * v${i - 1} + f(x, k = ${i}) // next\n`,
  ).join('');
const mistakes = (n: number) => 'let a = b c\n'.repeat(n);

describe.each([
  ['a pipeline', pipeline],
  ['declarations', declarations],
  ['mistakes', mistakes],
])('%s', (_, text) => {
  for (const n of [1250, 2500, 5000, 10_000]) {
    const source = { path: 'model.gan', text: text(n) };
    bench(`${n}`, () => void parse(source), options);
  }
});
