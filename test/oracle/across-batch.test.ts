/** Gradients of values that cross the batch, of first and second order, against finite differences in float64. */
import { expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import { ReferenceTrainer } from './reference-trainer.ts';
import { supply } from './supply.ts';

async function metrics(text: string, t: number): Promise<Record<string, number>> {
  const { model, sources, diagnostics } = analyse({
    source: { path: 'pairs.gan', text },
    set: { t: String(t) },
    load: () => undefined,
  });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  const plan = planOf(model!, sources);
  const trainer = new ReferenceTrainer(plan, supply(plan, 5));
  trainer.begin(plan.phases[0]!);
  return trainer.step(0, { logging: true });
}

/** `d` is moved along a direction by `t`; `slope` and `bend` are its first and second derivatives by `t`. */
async function holds(text: string): Promise<void> {
  const h = 1e-4;
  const [below, here, above] = await Promise.all([-h, 0, h].map((t) => metrics(text, t)));
  expect(Math.abs(here!.slope!)).toBeGreaterThan(1e-3);
  expect(Math.abs(here!.bend!)).toBeGreaterThan(1e-3);
  expect(here!.slope).toBeCloseTo((above!.d! - below!.d!) / (2 * h), 6);
  expect(here!.bend).toBeCloseTo((above!.slope! - below!.slope!) / (2 * h), 6);
}

const head = `
param t = 0
data  x ~ [2]
noise z ~ normal[2]
net N(v: [2]) -> [2] = v |> dense(2)
loss l = expect(sum(N(x)))
train (batch = 5, steps = 1) { sample x, z  update N to minimize l with sgd(0.1) }
`;

test.each(['mmd(N(x), f)', 'mmd(x, f, kernel = rational_quadratic_kernel)', 'nt_xent(x, f)'])(
  'of %s by each example',
  async (value) => {
    await holds(`${head}
    let direction = z * [1, -2] + 0.3
    let f = N(z) + t * direction
    let whole = ${value}
    let along = sum(batch(sum(grad(whole, f) * direction)))
    metric d = whole
    metric slope = along
    metric bend = sum(batch(sum(grad(along, f) * direction)))`);
  },
);

test('of a value of each example that has met all others, by each example', async () => {
  await holds(`${head}
    let direction = z * [1, -2] + 0.3
    let f = N(z) + t * direction
    let near = logsumexp(-sum(square(batch(f) - x), axis = 1))
    let along = sum(batch(sum(grad(near, f) * direction)))
    metric d = sum(batch(near))
    metric slope = along
    metric bend = sum(batch(sum(grad(along, f) * direction)))`);
});

test('of a whole value by a whole one', async () => {
  await holds(`${head}
    let w = [0.7, -0.4] + t * [1, 2] + 0 * expect(z)
    let y = mmd(x, w * z) + expect(sum(sin(x * w)))
    let along = sum(grad(y, w) * [1, 2])
    metric d = y
    metric slope = along
    metric bend = sum(grad(along, w) * [1, 2])`);
});

test('`examples` after `batch` is the value itself', async () => {
  const found = await metrics(
    `${head}
    metric same = expect(norm(examples(batch(x)) - x))
    metric rows = expect(sum(examples(matmul([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]], batch(x))) * z))
    metric straight = expect(sum(x * examples(matmul([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]], batch(z)))))`,
    0,
  );
  expect(found.same).toBe(0);
  // Exchanging two examples on one side or on the other is the same.
  expect(found.rows).toBeCloseTo(found.straight!, 12);
});
