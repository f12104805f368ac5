/**
 * The prelude's GRU and LSTM along a sequence, by `scan`: the loss on their last states, a penalty on its slope (second order)
 * and the gradients of both, in float64 against PyTorch. `recurrent.py` beside this file wrote the numbers.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';

interface Array64 {
  shape: number[];
  data: number[];
}
type Arrays = Record<string, Array64>;
interface Cell {
  weights: Arrays;
  loss: number;
  penalty: number;
  loss_gradients: Arrays;
  penalty_gradients: Arrays;
}
const numbers = JSON.parse(readFileSync(new URL('recurrent.json', import.meta.url), 'utf8')) as {
  s: Array64;
  gru: Cell;
  lstm: Cell;
};
const array = ({ shape, data }: Array64) => ({ shape, data: Float64Array.from(data) });

const bodies = {
  gru: 's |> scan h = [0, 0, 0] { gru(h) } |> last',
  lstm: '{ let (hs, cs) = s |> scan (h, c) = ([0, 0, 0], [1, 1, 1]) { lstm(h, c) }  return last(hs + 0 * cs) }',
};

test.each(['gru', 'lstm'] as const)('%s', async (kind) => {
  for (const what of ['loss', 'penalty'] as const) {
    const text = `
data s ~ [5, 2]
net N(s: [5, 2]) -> [3] = ${bodies[kind]}
let y = sum(square(N(s)))
let slope = grad(y, s)
loss loss_ = expect(y)
loss penalty_ = expect(sum(square(slope)))
train (batch = 3, steps = 1) { sample s  update N to minimize ${what}_ with sgd(1) }`;
    const { model, sources, diagnostics } = analyse({
      source: { path: 'cell.gan', text },
      load: () => undefined,
    });
    expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
    const cell = numbers[kind];
    const trainer = new ReferenceTrainer(planOf(model!, sources), {
      sample: () => ({ s: array(numbers.s) }),
      draw: () => expect.fail('nothing is drawn'),
      weight: ({ name }) => array(cell.weights[name]!),
      stat: () => expect.fail('there is no statistic'),
      state: () => expect.fail('there is no state'),
    });
    trainer.begin(trainer.plan.phases[0]!);
    const found = await trainer.step(0);
    expect(found[`${what}_`]).toBeCloseTo(cell[what], 12);
    for (const [name, { data }] of Object.entries(cell[`${what}_gradients`])) {
      const after = trainer.state.live[name]!.data;
      const before = cell.weights[name]!.data;
      data.forEach((slope, i) => {
        expect(before[i]! - after[i]!, `${name}[${i}]`).toBeCloseTo(slope, 11);
      });
    }
  }
});
