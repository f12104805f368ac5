/**
 * How checking grows with the file: `npx vitest bench --run --config test/vitest.config.ts --root . test/bench/checking`.
 * One long pipe, blocks inlined in an `each`, and as many `let`s; where a file has twice the layers, twice the time is due.
 */
import { bench, describe } from 'vitest';
import { check } from '../../src/check/check.ts';
import { parse } from '../../src/syntax/parse.ts';

const options = { time: 300, iterations: 3, warmupTime: 100, warmupIterations: 1 };

const schedule = `
loss size = expect(mean(square(G(z))))
train (batch = 8, steps = 10) {
  sample z
  update G to minimize size with adam(1e-3)
}
`;
const pipeline = (layers: number) =>
  `noise z ~ normal[16]\nnet G(z: [16]) -> [16] = z\n${'  |> dense(16)\n  |> tanh\n'.repeat(layers / 2)}${schedule}`;
const inlined = (layers: number) =>
  `noise z ~ normal[16]\ndef block(x) = x + (x |> dense(16) |> relu |> dense(16))\nnet G(z: [16]) -> [16] = z |> each i in 1..${layers / 4} { block }\n${schedule}`;
const lets = (n: number) =>
  `noise z ~ normal[16]\nlet h0 = z\n${Array.from({ length: n }, (_, i) => `let h${i + 1} = tanh(h${i}) + z\n`).join('')}output out = h${n}\n`;

describe.each([
  ['a pipeline', pipeline],
  ['an inlined block', inlined],
  ['lets', lets],
])('%s', (_, make) => {
  for (const layers of [1000, 2000, 4000, 8000]) {
    const source = { path: 'bench.gan', text: make(layers) };
    const file = parse(source).value!;
    bench(
      `${layers}`,
      () => {
        const { diagnostics } = check({ file, source, set: {}, load: () => undefined });
        if (diagnostics.length > 0) throw new Error(diagnostics[0]!.message);
      },
      options,
    );
  }
});
