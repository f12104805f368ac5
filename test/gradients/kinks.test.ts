/** What a slope is where there is none, or more than one: each convention as its record's documentation says it. */
import { expect, test } from 'vitest';
import type { LeafNode, Node } from '../../src/ir/graph.ts';
import { createBuilder, type GraphBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { ndarray } from '../../src/ir/ndarray.ts';
import type { Attrs } from '../../src/ir/types.ts';
import type { BuildContext } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { gradient } from '../../src/plan/differentiate.ts';

/** Slopes of Σ f at whole vectors. */
function slopes(f: (b: GraphBuilder, x: readonly Node[]) => Node, ...at: readonly number[][]): number[][] {
  const b = createBuilder(operations);
  const xs: LeafNode[] = at.map((v, i) =>
    b.leaf({ kind: 'weight', name: `x${i}`, copy: 'live', version: 0 }, [v.length], null),
  );
  const gradients = gradient(b, b.sum(f(b, xs)), xs);
  const values = evaluate(gradients, (_, node) => ndarray(node.shape, at[xs.indexOf(node)]!), { batch: 1 });
  return gradients.map((g) => [...values.get(g)!.data]);
}

const unary =
  (op: string, attrs: Attrs = {}) =>
  (b: GraphBuilder, [x]: readonly Node[]): Node =>
    b.op(op, [x!], attrs);
const binary =
  (op: string) =>
  (b: GraphBuilder, x: readonly Node[]): Node =>
    b.op(op, x);
const all = { axes: [0], keep: false };
const composite =
  (op: string, attrs: Attrs) =>
  (b: GraphBuilder, x: readonly Node[]): Node =>
    b.expand(op, x, attrs, {} as BuildContext);
const weights = (b: GraphBuilder, list: readonly number[]): Node =>
  b.leaf({ kind: 'constant', value: ndarray([list.length], list) }, [list.length], null);

test.each<[string, (b: GraphBuilder, x: readonly Node[]) => Node, number[][], number[][]]>([
  ['relu at 0 is flat', unary('relu'), [[-1, 0, 1]], [[0, 0, 1]]],
  ['leaky_relu at 0 leaks', unary('leaky_relu', { slope: 0.2 }), [[-1, 0, 1]], [[0.2, 0.2, 1]]],
  ['elu at 0', unary('elu'), [[0, 1]], [[1, 1]]],
  ['|x| at 0 is flat', unary('abs'), [[-1, 0, 1]], [[-1, 0, 1]]],
  ['sign is flat', unary('sign'), [[-1, 0, 1]], [[0, 0, 0]]],
  ['floor is flat', unary('floor'), [[-0.5, 1]], [[0, 0]]],
  ['√ at 0 is steep', unary('sqrt'), [[0, 4]], [[Number.POSITIVE_INFINITY, 0.25]]],
  ['clamp is open at its ends', unary('clamp', { lo: -1, hi: 1 }), [[-2, -1, 0, 1, 2]], [[0, 1, 1, 1, 0]]],
  ['the norm at 0 pulls nowhere', unary('norm', all), [[0, 0]], [[0, 0]]],
  ['the norm elsewhere', unary('norm', all), [[3, 4]], [[0.6, 0.8]]],
  ['√Σx² at 0 is a norm', (b, [x]) => b.sqrt(b.sum(b.square(x!))), [[0, 0]], [[0, 0]]],
  ['entries that tie for max share', unary('max', all), [[1, 3, 3, 2]], [[0, 0.5, 0.5, 0]]],
  ['entries that tie for min share', unary('min', all), [[1, 1, 1, 2]], [[1 / 3, 1 / 3, 1 / 3, 0]]],
  [
    'maximum of equals halves',
    binary('maximum'),
    [
      [1, 2],
      [1, 3],
    ],
    [
      [0.5, 0],
      [0.5, 1],
    ],
  ],
  [
    'minimum of equals halves',
    binary('minimum'),
    [
      [1, 2],
      [1, 3],
    ],
    [
      [0.5, 1],
      [0.5, 0],
    ],
  ],
  [
    'a power of 0 has no slope in its exponent',
    binary('pow'),
    [
      [0, 2],
      [3, 3],
    ],
    [
      [0, 12],
      [0, 8 * Math.log(2)],
    ],
  ],
  ['a power of a negative number', binary('pow'), [[-2], [3]], [[12], [0]]],
  ['a deviation of nothing pulls nowhere', composite('std', all), [[2, 2, 2]], [[0, 0, 0]]],
  ['running products with a zero among them', composite('cumprod', { axis: 0 }), [[2, 0, 3]], [[1, 8, 0]]],
  ['running products of zeros', composite('cumprod', { axis: 0 }), [[0, 0]], [[1, 0]]],
  [
    'entries that tie keep their order when sorted, and their slopes',
    (b, [x]) =>
      b.mul(composite('sort', { axis: 0, descending: false })(b, [x!]), weights(b, [1, 10, 100, 1000])),
    [[3, 1, 3, 1]],
    [[100, 1, 1000, 10]],
  ],
  [
    'a position that comes twice adds up, one outside has no slope',
    (b, [x, i]) => b.op('take', [x!, i!], { lead: 0, permutation: false }),
    [
      [5, 6, 7],
      [2, 2, 0, 3, -1],
    ],
    [
      [1, 0, 2],
      [0, 0, 0, 0, 0],
    ],
  ],
  ['a position has no slope', unary('argmax', { axis: 0, keep: false }), [[1, 2]], [[0, 0]]],
  ['stop', unary('stop'), [[1, 2]], [[0, 0]]],
  ['a comparison is flat', binary('lt'), [[1], [2]], [[0], [0]]],
])('%s', (_, f, at, expected) => {
  const found = slopes(f, ...at);
  for (const [i, slope] of expected.entries()) {
    for (const [j, value] of slope.entries()) expect(found[i]![j]).toBeCloseTo(value, 12);
  }
});

test('a condition of where gets no gradient, a value only where it is taken', () => {
  expect(slopes((b, x) => b.op('where', x), [1, 0, 0.5], [1, 2, 3], [4, 5, 6])).toEqual([
    [0, 0, 0],
    [1, 0, 1],
    [0, 1, 0],
  ]);
});

test('what y does not depend on has gradient 0, and y itself 1', () => {
  const b = createBuilder(operations);
  const x = b.leaf({ kind: 'source', name: 'x', version: 0 }, [2], 'batch');
  const other = b.leaf({ kind: 'weight', name: 'w', copy: 'live', version: 0 }, [3], null);
  const y = b.op('tanh', [x]);
  const before = b.nodes.length;
  expect(gradient(b, y, [other])[0]).toBe(b.full([3], null, 0));
  expect(b.nodes.length - before).toBeLessThanOrEqual(2);
  expect(gradient(b, y, [y])[0]).toBe(b.full([2], 'batch', 1));
});

test('the sum runs over the batch too', () => {
  const b = createBuilder(operations);
  const x = b.leaf({ kind: 'source', name: 'x', version: 0 }, [2], 'batch');
  const w = b.leaf({ kind: 'weight', name: 'w', copy: 'live', version: 0 }, [2], null);
  const [slope] = gradient(b, b.mul(x, w), [w]);
  const values = evaluate([slope!], () => ndarray([3, 2], [1, 2, 3, 4, 5, 6]), { batch: 3 });
  expect(values.get(slope!)).toEqual(ndarray([2], [9, 12]));
});

test('an interior value that another follows from: the gradient goes through both', () => {
  const b = createBuilder(operations);
  const x = b.leaf({ kind: 'weight', name: 'x', copy: 'live', version: 0 }, [], null);
  const h = b.op('tanh', [x]);
  const y = b.mul(h, x);
  const [atX, atH] = gradient(b, y, [x, h]);
  const at = 0.7;
  const value = evaluate([atX!, atH!], () => ndarray([], [at]), { batch: 1 });
  expect(value.get(atH!)!.data[0]).toBeCloseTo(at, 14);
  expect(value.get(atX!)!.data[0]).toBeCloseTo(Math.tanh(at) + at * (1 - Math.tanh(at) ** 2), 14);
});
