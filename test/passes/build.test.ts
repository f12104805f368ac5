/** What an expression becomes, where identity matters: gradients by name, variants of nets, effects of evaluations. */
import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/compile.ts';
import type { Copy, LeafNode, Node } from '../../src/ir/graph.ts';
import { createBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { inOrder } from '../../src/ir/print.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { verify } from '../../src/ir/verify.ts';
import { operations } from '../../src/ops/table.ts';
import { Evaluation } from '../../src/plan/build.ts';
import type { Setting } from '../../src/plan/setting.ts';

const head = `
data x ~ [2] from "ring"
net G(z: [2]) -> [2] = z |> dense(2) |> batch_norm |> dropout(0.5)
`;
const tail = `
loss l = expect(sum(square(G(x) - G.frozen(x) + G.averaged(x) - G.live(x))))
train (batch = 3, steps = 1) { sample x  update G to minimize l with sgd(1)  average G decay 0.5 }
`;

const setting = (training: boolean): Setting => ({
  training,
  copy: training ? 'live' : 'output',
  source: () => ({ version: 1, count: 'batch' }),
  state: ({ count }) => ({ version: 1, count }),
  batch: 'batch',
  weight: () => 1,
  stat: () => 1,
  draw: 1,
  keepsAverage: () => true,
  iterate: () => null,
});

function built(lines: string, name: string, training = true) {
  const source = { path: 'test.gan', text: head + lines + tail };
  const { model, diagnostics } = analyse({ source, load: () => undefined });
  expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  const b = createBuilder(operations);
  const here = new Evaluation(model!, b, setting(training));
  const node = here.value(model!.values.find((v) => v.name === name)!.term);
  expect(verify(inOrder([node]), operations)).toEqual([]);
  return { node, moves: here.moves, leaves: inOrder([node]).filter((n) => n.kind === 'leaf') };
}

const x: NDArray = { shape: [3, 2], data: Float64Array.of(0.5, -1, 2, 0.25, -0.5, 1.5) };

function numberOf(node: Node): number {
  const leaf = (_: unknown, { leaf: l }: LeafNode): NDArray => {
    if (l.kind === 'source' && l.name === 'x') return x;
    if (l.kind === 'weight') return { shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) };
    throw new Error(`no value for ${l.kind}`);
  };
  return evaluate([node], leaf, { batch: 3 }).get(node)!.data[0]!;
}

const mean = (f: (a: number, b: number) => number): number => (f(0.5, -1) + f(2, 0.25) + f(-0.5, 1.5)) / 3;

describe('a gradient by a name', () => {
  it('is by that name, even where a rewrite would look through it', () => {
    const { node } = built('let s = sigmoid(x)\nmetric m = expect(sum(grad(sum(log(s)), s) * s))', 'm');
    expect(numberOf(node)).toBeCloseTo(2, 12);
  });

  it('goes through that name alone, even where another has its value', () => {
    const lines =
      'net slope(p: [2], q: [2]) -> [2] = grad(sum(p ^ 2) + sum(q ^ 2), p)\nmetric m = expect(sum(slope(x, x)))';
    expect(numberOf(built(lines, 'm').node)).toBeCloseTo(
      mean((a, b) => 2 * a + 2 * b),
      12,
    );
  });

  it('may be taken of a gradient', () => {
    const lines = 'let g = grad(sum(x ^ 3), x)\nlet h = grad(sum(g ^ 2), x)\nmetric m = expect(sum(h))';
    expect(numberOf(built(lines, 'm').node)).toBeCloseTo(
      mean((a, b) => 36 * (a ** 3 + b ** 3)),
      10,
    );
  });

  it('leaves nothing behind but the nodes of the value itself', () => {
    const { node, leaves } = built('let s = tanh(x)\nmetric m = expect(sum(s * grad(sum(s ^ 2), s)))', 'm');
    expect(leaves.map((n) => n.leaf.kind)).toEqual(['source', 'constant']);
    // s · 2s: tanh is computed once.
    expect(inOrder([node]).filter((n) => n.kind === 'op' && n.op === 'tanh')).toHaveLength(1);
  });
});

describe('a derivative along a direction', () => {
  it('is the change of each entry', () => {
    const { node } = built('let y = x ^ 3\nmetric m = expect(sum(jvp(y, x, 2)))', 'm');
    expect(numberOf(node)).toBeCloseTo(
      mean((a, b) => 6 * (a * a + b * b)),
      12,
    );
  });

  it('takes its values as independent, even where one is made from another', () => {
    const { node } = built(
      'let r = 2 * x\nlet y = r * x\nmetric m = expect(sum(jvp(y, (x, r), (1, 0))))',
      'm',
    );
    expect(numberOf(node)).toBeCloseTo(
      mean((a, b) => 2 * (a + b)),
      12,
    );
  });

  it('goes through the turns of a loop', () => {
    const lines = (loop: string) => `def turn(h) = sin(h) * h + h
let s = 0.5 * x
let y = s |> ${loop} { turn }
let t = jvp(y, s, x)
metric m = expect(sum(grad(sum(t * t), x)))`;
    const [unrolled, rolled] = [built(lines('each i in 1..3'), 'm'), built(lines('repeat i in 1..3'), 'm')];
    expect(numberOf(rolled.node)).toBeCloseTo(numberOf(unrolled.node), 9);
  });

  it('leaves nothing behind but the nodes of the value itself', () => {
    const { node, leaves } = built('let s = tanh(x)\nmetric m = expect(sum(s * jvp(s, x, x)))', 'm');
    expect(leaves.map((n) => n.leaf.kind)).toEqual(['source', 'constant']);
    expect(inOrder([node]).filter((n) => n.kind === 'op' && n.op === 'tanh')).toHaveLength(1);
  });

  it('moves the averages of what it goes through once', () => {
    const { moves } = built('let y = G(x)\nmetric m = expect(sum(y + jvp(y, x, 1)))', 'm');
    expect(new Set(moves.map((m) => m.evaluation.id)).size).toBe(1);
  });
});

describe('a map', () => {
  it('has each entry as an example: expect inside is over all of them', () => {
    const { node } = built('def f(e) = square(e - expect(e))\nmetric m = expect(sum(map(x, f)))', 'm');
    const centre = mean((a, b) => (a + b) / 2);
    expect(numberOf(node)).toBeCloseTo(
      mean((a, b) => (a - centre) ** 2 + (b - centre) ** 2),
      12,
    );
  });

  it('draws once for each entry', () => {
    const { leaves } = built('def f(e) = e + draw normal[]\nmetric m = expect(sum(map(x, f)))', 'm');
    expect(leaves.filter((n) => n.leaf.kind === 'draw').map((n) => n.count)).toEqual(['batch*2']);
  });

  it('over a whole value has a fixed number of them', () => {
    const { leaves } = built('def f(e) = draw normal[] - e\nmetric m = sum(map(expect(x), f))', 'm');
    expect(leaves.filter((n) => n.leaf.kind === 'draw').map((n) => n.count)).toEqual([2]);
  });

  it('counts them in a map within a map', () => {
    const lines =
      'def g(e) = e * draw normal[]\ndef f(e) = map(e * [1, 2, 3], g)\nmetric m = expect(sum(map(x, f)))';
    const { leaves } = built(lines, 'm');
    expect(leaves.filter((n) => n.leaf.kind === 'draw').map((n) => n.count)).toEqual(['batch*6']);
  });
});

describe('weights as values', () => {
  const net = 'net L(z: [2]) -> [2] = z |> dense(2, bias = false)\n';

  it('are differentiated by in all calls of the net', () => {
    const lines = `${net}let value = expect(sum(L(x)) + sum(L(2 * x)) + 7 * sum(L.frozen(x)))
metric m = sum(grad(value, L.weights.dense_1.kernel))`;
    expect(numberOf(built(lines, 'm').node)).toBeCloseTo(
      mean((a, b) => 6 * (a + b)),
      12,
    );
  });

  it('take the place of the own ones in one call', () => {
    const lines = `${net}let w = 2 * L.weights - 1
metric m = expect(sum(L(x, weights = w) + 0 * L(x)))`;
    // Kernels [[1, 2], [3, 4]] become [[1, 3], [5, 7]].
    expect(numberOf(built(lines, 'm').node)).toBeCloseTo(
      mean((a, b) => 4 * a + 12 * b),
      12,
    );
  });

  it('of a moved step are differentiated by as they stand there', () => {
    const lines = `${net}let w = 3 * L.weights
let value = expect(sum(square(L(x, weights = w))))
metric m = sum(grad(value, w.dense_1.kernel)) / sum(grad(value, L.weights.dense_1.kernel))`;
    expect(numberOf(built(lines, 'm').node)).toBeCloseTo(1 / 3, 12);
  });
});

describe('a call', () => {
  const copies = (leaves: readonly LeafNode[], kind: 'weight' | 'stat'): Copy[] => [
    ...new Set(leaves.flatMap(({ leaf }) => (leaf.kind === kind ? [leaf.copy] : []))),
  ];

  it('in training has batch statistics, dropout, and moves the averages', () => {
    const { leaves, moves } = built('metric m = expect(sum(G(x)))', 'm');
    expect(copies(leaves, 'weight')).toEqual(['live']);
    expect(copies(leaves, 'stat')).toEqual([]);
    expect(leaves.some((n) => n.leaf.kind === 'draw')).toBe(true);
    expect(moves.map((m) => m.stat)).toEqual(['G/batch_norm_1/mean', 'G/batch_norm_1/variance']);
  });

  it.each(['frozen', 'averaged', 'live'] as const)('of the %s net runs as outputs do', (copy) => {
    const { leaves, moves } = built(`metric m = expect(sum(G.${copy}(x)))`, 'm');
    expect(copies(leaves, 'weight')).toEqual([copy]);
    expect(copies(leaves, 'stat')).toEqual([copy]);
    expect(leaves.some((n) => n.leaf.kind === 'draw')).toBe(false);
    expect(moves).toEqual([]);
  });

  it('in an output reads the weights that outputs use', () => {
    const { leaves, moves } = built('output o = G(x)', 'o', false);
    expect(copies(leaves, 'weight')).toEqual(['output']);
    expect(copies(leaves, 'stat')).toEqual(['output']);
    expect(moves).toEqual([]);
  });

  it('freezes the nets that a frozen net calls', () => {
    const lines = 'net F(z: [2]) -> [2] = G(z)\nmetric m = expect(sum(F.frozen(x)))';
    expect(copies(built(lines, 'm').leaves, 'weight')).toEqual(['frozen']);
  });

  it('with the same arguments is the same evaluation: its averages move once', () => {
    const { moves } = built('metric m = expect(sum(G(x) - G(stop(x)) * G(x)))', 'm');
    // Each call draws a mask of its own, behind the batch norm.
    expect(new Set(moves.map((move) => `${move.evaluation.id} ${move.stat}`)).size).toBe(4);
  });
});
