/** Objectives that no loss names are watched: those alone, by their statement and its line. */
import { expect, test } from 'vitest';
import { compileText } from './load.ts';

const objectives = (objective: string) =>
  compileText(
    'watch.gan',
    `data x ~ [2] from "ring"
net D(x: [2]) -> [1] = x |> dense(1)
loss a = expect(square(D(x)))
loss b = expect(abs(D(x)))
train (batch = 8, steps = 5) {
  sample x
  update D to minimize ${objective} with sgd(0.1)
}
`,
  ).phases[0]!.objectives;

const watched = (objective: string) => [
  { name: 'objective 1', update: `update D to minimize ${objective} with sgd(0.1)`, line: 7 },
];

test.each(['a', '2 * a', 'a + 10 * b', 'a * (1 - progress) + 1', 'exp(a) - b'])(
  '%s: named losses say it',
  (objective) => {
    expect(objectives(objective)).toBe(undefined);
  },
);

test.each(['expect(square(D(x)) * 2)', 'a + expect(log(sum(square(D(x)))))', 'sum(grad(D(x), x)) |> expect'])(
  '%s',
  (objective) => {
    expect(objectives(objective)).toEqual(watched(objective));
  },
);
