/** Groups of operations where there are more of them, or more operands, than one formula may hold. */
import { describe, expect, it } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import { isNumber } from '../../src/plan/numbers.ts';
import { operandsOf } from '../../src/plan/plan.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';

/** A polynomial of G's values by Horner's rule: its operations are cheap, and all on the way to one number. */
function polynomial(degree: number, term: (i: number) => string): string {
  let text = 'y';
  for (let i = 1; i <= degree; i++) text = `(${text} * 0.5 + ${term(i)})`;
  const noises = Array.from({ length: degree }, (_, i) => `noise n${i + 1} ~ normal[1]`);
  return `
${noises.join('\n')}
noise z ~ normal[2]
net G(z: [2]) -> [3] = z |> dense(3)
let y = G(z)
loss l = expect(mean(tanh(${text}))) + expect(mean(sigmoid(y)))
output o = y
train (batch = 2, steps = 1) { sample z, ${noises.map((_, i) => `n${i + 1}`).join(', ')}  update G to minimize l with sgd(0.1) }
`;
}

describe('a long polynomial', () => {
  it.each([
    ['of 30 operations', polynomial(15, (i) => `0.${i}`)],
    ['of ten tensors', polynomial(10, (i) => `n${i}`)],
  ])('%s', async (_, text) => {
    const source = { path: 'polynomial.gan', text };
    const { model, diagnostics, sources } = analyse({ source, load: () => undefined });
    expect(diagnostics.filter((d) => d.severity === 'error').map((d) => d.message)).toEqual([]);
    const plan = planOf(model!, sources);
    for (const step of plan.phases[0]!.body) {
      if (step.kind !== 'fuse') continue;
      expect(step.nodes.length).toBeLessThanOrEqual(24);
      const tensors = operandsOf(step).filter((node) => !isNumber(node));
      expect(tensors.length + step.results.length).toBeLessThanOrEqual(8);
    }
    const trainer = new ReferenceTrainer(plan, supply(plan, 1));
    trainer.begin(plan.phases[0]!);
    expect((await trainer.step(0)).l).toBeTypeOf('number');
  });
});
