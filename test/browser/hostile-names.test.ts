/** Names that objects of JavaScript inherit, in a page's worker: it trains, draws, keeps and goes on. */
import { expect, test } from 'vitest';
import { inChromium } from './chromium.ts';
import { compiled, Talk } from './talk.ts';

const text = `data toString ~ [2] from "ring"
noise __proto__ ~ normal[2]
noise constructor ~ uniform(-1, 1)[2]
param hasOwnProperty = 2
net valueOf(x: [2]) -> [2] = x |> dense(hasOwnProperty) |> tanh |> dense(2)
let isPrototypeOf = valueOf(__proto__ + constructor)
loss toLocaleString = expect(sum(square(isPrototypeOf - toString)))
metric __defineGetter__ = expect(sum(abs(isPrototypeOf)))
output propertyIsEnumerable = isPrototypeOf
optimizer prototype = adam(0.01)
train await (batch = 4, steps = 6) {
  sample toString, __proto__, constructor
  update valueOf to minimize toLocaleString with prototype
}
`;

inChromium('a compiled folder', (browser) => {
  test('runs with names that every object has', async () => {
    const folder = await compiled('a+b $(x)', text);
    const talk = await Talk.begin(browser(), folder, 'a-b-x');
    const entries = await talk.train({ backend: 'wasm', steps: { await: 3 } });
    for (const { values } of entries) {
      expect(Object.keys(values).sort()).toEqual(['__defineGetter__', 'toLocaleString']);
      expect(Object.values(values).every(Number.isFinite)).toBe(true);
    }
    const drawn = await talk.ask(
      { type: 'sample', output: 'propertyIsEnumerable', count: 2, from: { kind: 'seed', seed: 1 } },
      'sample',
    );
    if (drawn.type === 'problem') throw new Error(drawn.message);
    expect(Object.keys(drawn.latents).sort()).toEqual(['__proto__', 'constructor']);
    const saved = await talk.ask({ type: 'checkpoint' }, 'checkpoint');
    if (saved.type === 'problem') throw new Error(saved.message);
    const on = await talk.train({
      checkpoint: { name: saved.name, bytes: saved.bytes },
      steps: { await: 6 },
    });
    expect(on.map(({ step }) => step)).toEqual([4, 5, 6]);
  });
});
