/** A draw belongs to the call in the text that makes it, and to the latest `sample`; nothing else tells draws apart. */
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
    let (of_data, of_fake) = (D(x), D(fake))
    loss both = expect(of_data) + expect(of_fake) + none
    loss real = expect(of_data) + none
    loss made = expect(of_fake) + none
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

test('each call in the text draws anew; what has one name is one value', async () => {
  const [first] = await losses(
    `${declarations}
    net N(z: [2]) -> [2] = z + draw normal[2]
    net M(z: [2]) -> [2] = N(z) + z
    net E(v: [2]) -> (mu: [2], s: [2]) = { let h = v |> dropout(0.5)  return (mu = h, s = h) }
    let n = noisy(x)
    let m = M(x)
    let e = E(x)
    loss l = none
    metric one_def = expect(norm(n - n))
    metric one_net = expect(norm(m - m))
    metric one_pair = expect(norm(e.mu - e.s))
    metric two_defs = expect(norm(noisy(x) - noisy(x)))
    metric two_nets = expect(norm(N(x) - N(x)))
    metric two_nets_deep = expect(norm(M(x) - M(x)))
    metric two_pairs = expect(norm(E(x).mu - E(x).s))
    metric two_in_a_net = expect(norm(N(x) - x - (m - 2 * x)))
    metric def_other = expect(norm(noisy(x) - x - (noisy(z) - z)))
    metric turns = expect(norm((x |> each i in 1..2 { noisy }) - x - 2 * (noisy(x) - x)))
    metric turns_of_nets = expect(norm((x |> each i in 1..2 { N }) - x - 2 * (N(x) - x)))
    train (batch = 2, steps = 3) { sample x, z  update G to minimize l with sgd(0.1) }`,
    1,
  );
  for (const [name, value] of Object.entries(first!)) {
    if (name.startsWith('one')) expect(value, name).toBe(0);
    else if (name !== 'l') expect(value, name).toBeGreaterThan(1e-3);
  }
});

test('two turns of an `each` draw two numbers', async () => {
  const [first] = await losses(
    `${declarations}
    def walk(s) = s + draw normal(0, 1)[2000]
    let zero = 0 * draw normal[2000]
    loss l = none
    metric variance = expect(var(zero |> each i in 1..4 { walk }))
    train (batch = 4, steps = 3) { sample x, z  update G to minimize l with sgd(0.1) }`,
    1,
  );
  // The sum of four independent draws; one draw four times has the variance 16.
  expect(first!.variance).toBeGreaterThan(3.7);
  expect(first!.variance).toBeLessThan(4.3);
});

test("SimCLR's two views and two passes of a Π-model or R-Drop are no longer the same", async () => {
  const [first] = await losses(
    `${declarations}
    def augment(v) = v |> noisy |> dropout(0.1)
    let v1 = augment(x)
    let v2 = augment(x)
    net P(v: [2]) -> [4] = v |> dense(64) |> dropout(0.5) |> dense(4)
    let p = log_softmax(P(x))
    let q = log_softmax(P(x))
    loss views = expect(sum(square(v1 - v2))) + none
    loss consistency = expect(sum(square(P(x) - P(x))))
    loss r_drop = expect(sum(exp(p) * (p - q))) + expect(sum(exp(q) * (q - p)))
    train (batch = 4, steps = 3) {
      sample x, z
      update G to minimize views with sgd(0.1)
      update P to minimize consistency + r_drop with sgd(0.1)
    }`,
    1,
  );
  for (const name of ['views', 'consistency', 'r_drop']) expect(first![name], name).toBeGreaterThan(1e-3);
});

test('a named value with dropout is computed once for two updates, a call without draws once for two calls', () => {
  const evaluations = (game: string) => {
    const text = `
    data  x ~ [2] from "ring"
    noise z ~ normal[2]
    net Wet(z: [2]) -> [2] = z |> dense(2) |> dropout(0.5) |> dense(2)
    net Dry(z: [2]) -> [2] = z |> dense(2) |> relu |> dense(2)
    net D(x: [2]) -> [] = x |> dense(1) |> sum
    ${game}
    train (batch = 4, steps = 3) {
      sample x, z
      update D to minimize d with sgd(0.1)
      update Dry, Wet to minimize g with sgd(0.1)
    }`;
    const { model, sources, diagnostics } = analyse({
      source: { path: 'draws.gan', text },
      load: () => undefined,
    });
    expect(diagnostics.filter((f) => f.severity === 'error')).toEqual([]);
    const steps = planOf(model!, sources).phases[0]!.body;
    const computed = steps.flatMap((s) =>
      s.kind === 'compute' ? [s.node] : s.kind === 'fuse' ? [...s.nodes] : [],
    );
    const forward = (net: string) =>
      computed.filter((n) => n.kind === 'op' && n.op === 'linear' && n.origin.startsWith(`${net}/dense`))
        .length;
    const masks = steps.filter(
      (s) => s.kind === 'compute' && s.node.kind === 'leaf' && s.node.leaf.kind === 'draw',
    );
    return { wet: forward('Wet'), dry: forward('Dry'), masks: masks.length };
  };
  const named = evaluations(`
    let wet = Wet(z)
    let dry = Dry(z)
    loss d = expect(D(wet)) + expect(D(dry))
    loss g = -expect(D(wet)) - expect(D(dry))`);
  const written = evaluations(`
    loss d = expect(D(Wet(z))) + expect(D(Dry(z)))
    loss g = -expect(D(Wet(z))) - expect(D(Dry(z)))`);
  expect(named.masks).toBe(1);
  expect(written.masks).toBe(2);
  expect(written.wet).toBeGreaterThan(named.wet);
  expect(written.dry).toBe(named.dry);
});
