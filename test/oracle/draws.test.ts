/** A draw is fixed by its place, the arguments of the call that it stands in, and the latest `sample`; by nothing else. */
import { expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import { ReferenceTrainer } from './reference-trainer.ts';
import { supply } from './supply.ts';

async function losses(text: string, steps: number): Promise<Record<string, number>[]> {
  const { model, sources, diagnostics } = analyse({
    source: { path: 'draws.gan', text },
    load: () => undefined,
  });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  const plan = planOf(model!, sources);
  const trainer = new ReferenceTrainer(plan, supply(plan, 5));
  trainer.begin(plan.phases[0]!);
  const result: Record<string, number>[] = [];
  for (let step = 0; step < steps; step++) result.push(await trainer.step(step));
  return result;
}

const declarations = `
data  x ~ [2] from "ring"
noise z ~ normal[2]
def noisy(v, s = 1) = v + s * draw normal[2]
net D(x: [2]) -> [] = x |> dropout(0.5) |> sum
net G(z: [2]) -> [2] = z |> dense(2)
let fake = G.frozen(z)
let none = 0 * expect(sum(G(z)))
`;

test('a block that is passed over changes no mask', async () => {
  const [first, second] = await losses(
    `${declarations}
    loss both = expect(D(x)) + expect(D(fake)) + none
    loss real = expect(D(x)) + none
    loss made = expect(D(fake)) + none
    train (batch = 2, steps = 3) {
      sample x, z
      update G to minimize both with sgd(0.1)
      every 2 { sample z }
      update G to minimize made with sgd(0.1)
      update G to minimize real with sgd(0.1)
    }`,
    2,
  );
  expect(second!.both).toBeCloseTo(second!.real! + second!.made!, 9);
  expect(Math.abs(first!.both! - first!.real! - first!.made!)).toBeGreaterThan(1e-3);
});

test('the same call is the same draw, other arguments are another', async () => {
  const [first] = await losses(
    `${declarations}
    net N(z: [2]) -> [2] = z + draw normal[2]
    loss l = none
    metric def_again = expect(norm(noisy(x) - noisy(x)))
    metric net_again = expect(norm(N(x) - N(x)))
    metric def_other = expect(norm(noisy(x) - x - (noisy(z) - z)))
    metric def_number = expect(norm(2 * (noisy(x) - x) - (noisy(x, 2) - x)))
    metric net_other = expect(norm(N(x) - x - (N(z) - z)))
    train (batch = 2, steps = 3) { sample x, z  update G to minimize l with sgd(0.1) }`,
    1,
  );
  expect(first!.def_again).toBe(0);
  expect(first!.net_again).toBe(0);
  for (const name of ['def_other', 'def_number', 'net_other']) expect(first![name]).toBeGreaterThan(1e-3);
});
