/**
 * Gradients through `repeat` and `scan`, from the text to the gradients of an update, in float64: against finite differences
 * of the loss, and against the same turns written out by `each` or by hand. Second order is a loss that holds a gradient
 * (`grad`) of a loop.
 */
import { describe, expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import { inOrder } from '../../src/ir/print.ts';
import { verify } from '../../src/ir/verify.ts';
import { operations } from '../../src/ops/table.ts';
import type { Plan, Step } from '../../src/plan/plan.ts';
import { reads, walk } from '../../src/plan/uses.ts';
import { verifyLifetimes } from '../../src/plan/verify.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';

function planFor(text: string): Plan {
  const source = { path: 'loops.gan', text };
  const { model, sources, diagnostics } = analyse({ source, load: () => undefined });
  const errors = diagnostics.filter((d) => d.severity === 'error');
  if (!model || errors.length > 0) throw new Error(errors.map((d) => `${d.code} ${d.message}`).join('\n'));
  const plan = planOf(model, sources);
  const roots = plan.phases.flatMap((phase) => [...walk(phase.body)].flatMap(reads));
  expect(verify(inOrder(roots), operations)).toEqual([]);
  expect(verifyLifetimes(plan)).toEqual([]);
  return plan;
}

type Weights = Record<string, Float64Array>;

/** The loss of one step, and the gradient of each weight, as plain descent by the whole gradient shows it. */
async function slopes(plan: Plan, moved: Weights = {}): Promise<{ loss: number; slopes: Weights }> {
  const trainer = new ReferenceTrainer(plan, supply(plan, 5));
  trainer.begin(plan.phases[0]!);
  const { live } = trainer.state;
  for (const [name, by] of Object.entries(moved)) {
    const { shape, data } = live[name]!;
    live[name] = { shape, data: data.map((x, i) => x + by[i]!) };
  }
  const before = { ...live };
  const { l: loss } = await trainer.step(0);
  const found = plan.weights.map(({ name }) => [
    name,
    before[name]!.data.map((x, i) => x - live[name]!.data[i]!),
  ]);
  return { loss: loss!, slopes: Object.fromEntries(found) };
}

const STEP = 1e-5;

async function expectDifferences(text: string): Promise<void> {
  const plan = planFor(text);
  const { slopes: analytic } = await slopes(plan);
  for (const { name } of plan.weights) {
    const slope = analytic[name]!;
    // Two directions stand for all.
    for (const phase of [1, 2.3]) {
      const direction = slope.map((_, i) => Math.cos(phase * (i + 1)));
      const at = async (t: number) => (await slopes(plan, { [name]: direction.map((d) => t * d) })).loss;
      const numeric = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
      const expected = slope.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      const size = Math.max(1e-3, ...slope.map(Math.abs));
      expect(
        Math.abs(numeric - expected) / size,
        `${name}: ${expected}, by differences ${numeric}`,
      ).toBeLessThan(1e-6);
    }
  }
}

async function expectSame(rolled: string, unrolled: string): Promise<void> {
  const [a, b] = [await slopes(planFor(rolled)), await slopes(planFor(unrolled))];
  expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-10 * Math.max(1, Math.abs(b.loss)));
  for (const [name, slope] of Object.entries(b.slopes)) {
    const size = Math.max(1e-3, ...slope.map(Math.abs));
    const off = slope.reduce((most, g, i) => Math.max(most, Math.abs(g - a.slopes[name]![i]!)), 0);
    expect(off / size, name).toBeLessThan(1e-9);
  }
}

const game = (body: string, loss: string, step = 'N') => `
noise z ~ normal[3]
noise s ~ normal[4, 3]
${body}
loss l = ${loss}
train (batch = 3, steps = 2) { sample z, s  update ${step} to minimize l with sgd(1) }
`;

const net = 'net N(x: [3], t: []) -> [3] = { let h = tanh(dense(x, 4) + t)  return x / 2 + dense(h, 3) }';
const sized = 'expect(sum(square(y)))';

describe('repeat', () => {
  test('against differences', () =>
    expectDifferences(game(`${net}\nlet y = z |> repeat t in 4..1 { N(t / 4) }`, sized)));

  test('is what `each` writes out', async () => {
    const same = (list: string) => {
      const of = (word: string) => game(`${net}\nlet y = z |> ${word} t in ${list} { N(t / 4) }`, sized);
      return expectSame(of('repeat'), of('each'));
    };
    await same('1..5');
    await same('[4, 3, 2]');
    await same('[0.5, 3, 2, 2]');
    await same('[7]');
  });

  test('a tuple, captured values, and a value that is handed on unchanged', () =>
    expectDifferences(
      game(
        `net N(x: [3]) -> [3] = {
          let w = weight([3], init = normal(0, 1))
          let c = sin(x) * w
          let (y, v) = (x, w) |> repeat i in 1..3 { turn(c, i) }
          return y * v
        }
        def turn(s, c, i) = { let (x, v) = s  return (tanh(dense(x, 3) + v * c / i), v + x * c) }
        let y = N(z)`,
        sized,
      ),
    ));

  test('a gradient of the loop in the loss: second order', () =>
    expectDifferences(
      game(
        `${net}
        let y = sum(square(z |> repeat t in 1..3 { N(t) }))
        let g = grad(y, z)`,
        'expect(sum(square(g)))',
      ),
    ));

  test('a gradient in the turn: Langevin steps on an energy', () =>
    expectDifferences(
      game(
        `net N(x: [3]) -> [] = x |> dense(4) |> tanh |> dense(1) |> sum
        def langevin(x) = { let e = N(x)  return x - 0.3 * grad(e, x) }
        let y = z |> repeat i in 1..3 { langevin }`,
        sized,
      ),
    ));

  test('in itself: the inner loop reads the outer turn', () =>
    expectDifferences(
      game(
        `net N(x: [3], t: []) -> [3] = tanh(dense(x, 3) + t) / 2
        def inner(x, t) = x |> repeat i in 1..3 { turn(x, t) }
        def turn(v, x, t) = x * N(v, t)
        let y = z |> repeat t in 2..1 { inner(t) }`,
        sized,
      ),
    ));

  test('draws differ from turn to turn, and are the same on the way back', () =>
    expectDifferences(
      game(
        `net N(x: [3]) -> [3] = tanh(dense(x, 3) * draw normal[3]) |> dropout(0.3)
        let y = z |> repeat i in 1..4 { noisy }
        def noisy(x) = N(x) + x * draw uniform(0, 1)[3]`,
        sized,
      ),
    ));
});

describe('scan', () => {
  const cell = 'def cell(x, h) = tanh(dense(x, 4) + dense(h, 4, bias = false))';
  const rnn = `${cell}\nnet N(s: [4, 3]) -> [4, 4] = s |> scan h = [0, 0, 0, 0] { cell(h) }`;

  test('against differences', () =>
    expectDifferences(game(`${rnn}\nlet y = N(s) * [[1], [2], [-1], [3]]`, sized)));

  test('is the same cell called by hand', async () => {
    const parts = `net N(x: [3], h: [4]) -> [4] = tanh(dense(x, 4) + dense(h, 4, bias = false))\nlet h0 = [0.1, 0, 0, 0.5]`;
    const rolled = game(`${parts}\nlet y = s |> scan h = h0 { N(h) }`, sized);
    const byHand = game(
      `${parts}
      def at(s, k) = s |> slice(0, k, k + 1) |> reshape(3)
      let h1 = N(at(s, 0), h0 + 0 * expect(0 * z |> sum))
      let h2 = N(at(s, 1), h1)
      let h3 = N(at(s, 2), h2)
      let h4 = N(at(s, 3), h3)
      let y = concat(h1, h2, h3, h4)`,
      sized,
    );
    await expectSame(rolled, byHand);
  });

  test('two sequences, a state of two values, the last of them alone in the loss', () =>
    expectDifferences(
      game(
        `net N(s: [4, 3]) -> [2] = {
          let (hs, cs) = (s, s * s) |> scan (h, c) = ([0, 0], [1, 1]) { lstm(h, c) }
          return hs |> slice(0, 3, 4) |> reshape(2)
        }
        def lstm(xs, h, c) = {
          let (x, q) = xs
          let c1 = sigmoid(dense(x, 2) + dense(h, 2)) * c + tanh(dense(q, 2))
          return (tanh(c1), c1)
        }
        let y = N(s)`,
        sized,
      ),
    ));

  test('second order, with respect to the sequence', () =>
    expectDifferences(
      game(
        `${rnn}
        let y = sum(square(N(s)))
        let g = grad(y, s)`,
        'expect(sum(square(g))) + expect(y)',
      ),
    ));

  // Where entries, states and weights have one shape, what one way back is given looks like what the next one is given.
  test('second order, with respect to a sequence of states’ own shape', () =>
    expectDifferences(
      game(
        `net N(s: [4, 3]) -> [4, 3] = s |> scan h = [0, 0, 0] { cell(h) }
        def cell(x, h) = tanh(dense(x, 3) + dense(h, 3, bias = false))
        let y = sum(square(N(s)))
        let g = grad(y, s)`,
        'expect(sum(square(g)))',
      ),
    ));

  test('a step of gradient descent on the weights of a recurrent net', () =>
    expectDifferences(
      game(
        `${rnn}
        let w = N.weights
        let first = expect(sum(square(N(s))))
        let y = sum(square(N(s, weights = w - 0.1 * grad(first, w))))`,
        'expect(y)',
      ),
    ));
});

describe('beside other words', () => {
  const expectMetric = async (text: string, name: string, most = 1e-9) => {
    const plan = planFor(text);
    const trainer = new ReferenceTrainer(plan, supply(plan, 5));
    trainer.begin(plan.phases[0]!);
    const found = await trainer.step(0);
    expect(Math.abs(found[name]!), name).toBeLessThan(most);
  };

  test('forward mode through a loop is the product with its gradient', () =>
    expectMetric(
      game(
        `${net}
        let y = z |> repeat t in 3..1 { N(t) }
        let v = cos(z)
        let u = sin(z)
        let forward = sum(u * jvp(y, z, v))
        let slope = sum(stop(u) * y)
        let back = sum(v * grad(slope, z))
        metric off = expect(square(forward - back))`,
        sized,
      ),
      'off',
    ));

  test('a gradient through forward mode through a loop', () =>
    expectDifferences(
      game(
        `${net}
        let y = z |> repeat t in 3..1 { N(t) }
        let v = cos(z)`,
        'expect(sum(square(jvp(y, z, v))))',
      ),
    ));

  test('a loop for each entry of an axis, and an axis in each turn', () =>
    expectDifferences(
      game(
        `net N(x: [3]) -> [3] = x |> repeat i in 1..2 { turn(i) }
        def turn(x, i) = tanh(dense(x, 3)) + x / i
        net S(s: [4, 3]) -> [4, 3] = s |> map(N) |> repeat i in 1..2 { deeper }
        def deeper(s) = s + map(s, N) * 0.3
        let y = S(s)`,
        sized,
      ),
    ));

  test('given weights in each turn: the inner steps of meta-learning', () =>
    expectDifferences(
      game(
        `net N(x: [3]) -> [3] = x |> dense(3, bias = false) |> tanh
        def learn(w, z) = {
          let l = expect(sum(square(N(z, weights = w) - 1)))
          return w - 0.1 * grad(l, w)
        }
        let w = N.weights |> repeat i in 1..3 { learn(z) }
        let y = N(z, weights = w)`,
        sized,
      ),
    ));

  test('pairs of examples in each turn', () =>
    expectDifferences(
      game(
        `${net}
        let y = z |> repeat t in 1..3 { drift(t) }
        def drift(x, t) = { let all = batch(x)  return N(x, t) - 0.3 * mean(tanh(all), axis = 0) }`,
        sized,
      ),
    ));

  test('a turn reads a value that lives on', () =>
    expectDifferences(
      game(
        `${net}
        state shift ~ normal[3]
        let y = z |> repeat t in 1..3 { move(shift) }
        def move(x, c) = N(x, 1) + sin(x) * c`,
        sized,
      ),
    ));
});

test('what does not depend on the turn is worked out once, outside', () => {
  const plan = planFor(
    game(
      `${net}\nlet c = exp(z)\nlet y = z |> repeat t in 1..4 { move(c) }\ndef move(x, c) = N(x, 1) * cos(c * 2)`,
      sized,
    ),
  );
  const inLoops = (steps: readonly Step[], inside: boolean): string[] =>
    steps.flatMap((step) => {
      if (step.kind === 'loop') return inLoops(step.body, true);
      const nodes = step.kind === 'compute' ? [step.node] : step.kind === 'fuse' ? step.nodes : [];
      return inside ? nodes.flatMap((node) => (node.kind === 'op' ? [node.op] : [])) : [];
    });
  const found = inLoops(plan.phases[0]!.body, false);
  expect(found).toContain('tanh');
  for (const op of ['exp', 'cos']) expect(found).not.toContain(op);
});

test('the plan does not grow with the turns', () => {
  const size = (turns: number) =>
    [...walk(planFor(game(`${net}\nlet y = z |> repeat t in ${turns}..1 { N(t) }`, sized)).phases[0]!.body)]
      .length;
  expect(size(1000)).toBe(size(10));
});
