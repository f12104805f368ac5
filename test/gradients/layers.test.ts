/**
 * Layers, pooling and padding in float64 against what PyTorch made of the same numbers: results, gradients, and moved
 * averages. `layers.py` beside this file wrote them.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Leaf, LeafNode, Node } from '../../src/ir/graph.ts';
import { createBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { ndarray } from '../../src/ir/ndarray.ts';
import type { Attrs, NDArray, Shaped } from '../../src/ir/types.ts';
import type { BuildContext, Operation } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { lookup } from './cases.ts';

interface Numbers {
  shape: number[];
  data: number[];
}
interface Case {
  op: keyof typeof operations;
  attrs: Attrs;
  training: boolean;
  x: Numbers;
  weights: Record<string, Numbers>;
  stats: Record<string, Numbers>;
  y: Numbers;
  r: Numbers;
  dx: Numbers;
  dw: Record<string, Numbers>;
  moved: Record<string, Numbers>;
}

const file = new URL('layers.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];
const titled = cases.map((c, i) => ({
  title: `${i} ${c.op} [${c.x.shape}] ${JSON.stringify(c.attrs)}${c.training ? '' : ', inference'}`,
  c,
}));

function expectEqual(got: NDArray, wanted: Numbers, what: string): void {
  expect(got.shape, `shape of ${what}`).toEqual(wanted.shape);
  for (const [i, value] of wanted.data.entries()) {
    const error = Math.abs(got.data[i]! - value);
    if (!(error <= 1e-9 * Math.max(1, Math.abs(value)))) {
      expect.fail(`${what}, entry ${i}: ${got.data[i]}, PyTorch ${value}`);
    }
  }
}

test.each(titled)('$title', ({ c }) => {
  const b = createBuilder(operations);
  const batch = c.x.shape[0]!;
  const values = new Map<Leaf, NDArray>();
  const give = (leaf: LeafNode, { shape, data }: Numbers): LeafNode => {
    values.set(leaf.leaf, ndarray(shape, data));
    return leaf;
  };
  const perExample = (name: string, value: Numbers) =>
    give(b.leaf({ kind: 'source', name, version: 0 }, value.shape.slice(1), 'batch'), value);
  const whole = (name: string, value: Numbers) =>
    give(b.leaf({ kind: 'weight', name, copy: 'live', version: 0 }, value.shape, null), value);

  const x = perExample('x', c.x);
  const weights = Object.fromEntries(Object.entries(c.weights).map(([k, w]) => [k, whole(k, w)]));
  const stats = Object.fromEntries(Object.entries(c.stats).map(([k, s]) => [k, whole(k, s)]));
  const moved = new Map<string, Node>();
  const context: BuildContext = {
    training: c.training,
    uniform: () => {
      throw new Error('nothing is drawn here');
    },
    stat: (slot) => stats[slot]!,
    move: (slot, value, keep) => {
      moved.set(slot, b.add(b.mul(stats[slot]!, keep), b.mul(value, 1 - keep)));
    },
    iterate: () => {},
  };
  const record: Operation = operations[c.op];
  const operand: Shaped = { shape: x.shape, batch: true };
  if (record.kind === 'layer') {
    const slots = record.weights([operand], c.attrs).map(({ slot, shape }) => [slot, [...shape]]);
    expect(slots).toEqual(Object.entries(c.weights).map(([slot, w]) => [slot, w.shape]));
    const own = record.stats?.([operand], c.attrs) ?? [];
    expect(own.map(({ slot, shape }) => [slot, [...shape]])).toEqual(
      Object.entries(c.stats).map(([slot, s]) => [slot, s.shape]),
    );
  }
  const y =
    record.kind === 'layer'
      ? record.build(b, [x], c.attrs, weights, context)
      : b.expand(c.op, [x], c.attrs, context);
  expect(record.shape([operand], c.attrs)).toEqual(y.shape);

  const slope = b.sum(b.mul(perExample('r', c.r), y), { batch: true });
  const inputs = [x, ...Object.values(weights)];
  const slopes = gradient(b, slope, inputs);
  const results = evaluate([y, ...slopes, ...moved.values()], lookup(values), { batch });
  expectEqual(results.get(y)!, c.y, 'result');
  expectEqual(results.get(slopes[0]!)!, c.dx, 'gradient by x');
  for (const [i, name] of Object.keys(weights).entries()) {
    expectEqual(results.get(slopes[i + 1]!)!, c.dw[name]!, `gradient by ${name}`);
  }
  expect([...moved.keys()].sort()).toEqual(Object.keys(c.moved).sort());
  for (const [slot, value] of moved) expectEqual(results.get(value)!, c.moved[slot]!, `moved ${slot}`);
});
