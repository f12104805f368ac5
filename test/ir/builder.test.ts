/** The builder: types, identity, rank alignment, counts, constant folding, and that it stays linear. */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../src/ir/graph.ts';
import { createBuilder, type GraphBuilder, splat } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { ndarray } from '../../src/ir/ndarray.ts';
import { printGraph, printType } from '../../src/ir/print.ts';
import type { Count, Shape } from '../../src/ir/types.ts';
import { operations } from '../../src/ops/table.ts';
import { gradient } from '../../src/plan/differentiate.ts';

const make = (): GraphBuilder => createBuilder(operations);
const source = (b: GraphBuilder, name: string, shape: Shape, count: Count = 'batch', version = 0) =>
  b.leaf({ kind: 'source', name, version }, shape, count);
const weight = (b: GraphBuilder, name: string, shape: Shape) =>
  b.leaf({ kind: 'weight', name, copy: 'live', version: 0 }, shape, null);
const numbers = (b: GraphBuilder, shape: Shape, values: number[]) =>
  b.leaf({ kind: 'constant', value: ndarray(shape, values) }, shape, null);

describe('identity', () => {
  test('the same operation on the same operands is the same node', () => {
    const b = make();
    const x = source(b, 'x', [3]);
    expect(b.op('tanh', [x])).toBe(b.op('tanh', [x]));
    expect(source(b, 'x', [3])).toBe(x);
    expect(b.op('leaky_relu', [x], { slope: 0.2 })).toBe(b.op('leaky_relu', [x], { slope: 0.2 }));
    expect(b.op('sum', [x], { axes: [0], keep: false, batch: false })).toBe(
      b.op('sum', [x], { batch: false, keep: false, axes: [0] }),
    );
  });

  test('another version, attribute or operand is another node', () => {
    const b = make();
    const x = source(b, 'x', [3]);
    expect(source(b, 'x', [3], 'batch', 1)).not.toBe(x);
    expect(b.op('leaky_relu', [x], { slope: 0.2 })).not.toBe(b.op('leaky_relu', [x], { slope: 0.1 }));
    expect(b.sub(x, b.scalar(1))).not.toBe(b.sub(1, x));
    expect(b.scalar(0)).not.toBe(b.scalar(-0));
    expect(numbers(b, [2], [0, 1])).not.toBe(numbers(b, [2], [-0, 1]));
    expect(splat(numbers(b, [2], [0, -0]))).toBe(null);
  });

  test('span and origin are the first maker’s, and no part of identity', () => {
    const b = make();
    const x = source(b, 'x', [3]);
    const at = { file: 'a.gan', start: 1, end: 2 };
    const first = b.at(at, 'D/tanh', () => b.op('tanh', [x]));
    const again = b.at({ ...at, start: 9 }, 'G', () => b.op('tanh', [x]));
    expect(again).toBe(first);
    expect([first.origin, first.span.start]).toEqual(['D/tanh', 1]);
    expect(b.op('exp', [x]).origin).toBe('');
  });
});

describe('types', () => {
  const type = (node: Node): string => printType(node);

  test.each<[Shape, Count | null, Shape, Count | null, string]>([
    [[3], 'batch', [3], 'batch', 'batch×[3]'],
    [[], 'batch', [8], null, 'batch×[8]'],
    [[8], null, [], 'batch', 'batch×[8]'],
    [[28, 28, 3], 'batch', [3], null, 'batch×[28,28,3]'],
    [[3], 500, [2, 1, 3], null, '500×[2,1,3]'],
    [[1], null, [], null, '[1]'],
  ])('%j %s + %j %s', (left, leftCount, right, rightCount, expected) => {
    const b = make();
    const leaf = (name: string, shape: Shape, count: Count | null) =>
      count === null ? weight(b, name, shape) : source(b, name, shape, count);
    expect(type(b.add(leaf('x', left, leftCount), leaf('y', right, rightCount)))).toBe(expected);
  });

  test('per-example operands of lower rank get their ones after the batch axis', () => {
    const b = make();
    const x = source(b, 'x', [2, 3]);
    const s = source(b, 's', []);
    expect(printGraph([b.mul(x, s)])).toBe(
      [
        '%0 = source x@0 : batch×[2,3]',
        '%1 = source s@0 : batch×[]',
        '%2 = reshape(%1) {shape=[1,1]} : batch×[1,1]',
        '%3 = mul(%0, %2) : batch×[2,3]',
        'result 0 = %3',
        '',
      ].join('\n'),
    );
    const values = evaluate(
      [b.mul(x, s)],
      (leaf) =>
        leaf.kind === 'source' && leaf.name === 'x'
          ? ndarray([2, 2, 3], [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6])
          : ndarray([2], [10, 100]),
      { batch: 2 },
    );
    expect([...values.get(b.mul(x, s))!.data]).toEqual([
      10, 20, 30, 40, 50, 60, 100, 200, 300, 400, 500, 600,
    ]);
  });

  test('a whole vector against a per-example scalar goes along the example, not the batch', () => {
    const b = make();
    const y = b.add(source(b, 's', []), weight(b, 'w', [2]));
    const value = evaluate(
      [y],
      (leaf) => (leaf.kind === 'source' ? ndarray([2], [10, 20]) : ndarray([2], [1, 2])),
      { batch: 2 },
    ).get(y)!;
    expect(value).toEqual(ndarray([2, 2], [11, 12, 21, 22]));
  });

  test('a wrong shape, a mixture of counts and an unknown name are faults of the compiler', () => {
    const b = make();
    const x = source(b, 'x', [3]);
    expect(() => b.add(x, source(b, 'y', [4]))).toThrow(/GAN0301/);
    expect(b.add(source(b, 'p', [3, 1]), source(b, 'q', [1, 4])).shape).toEqual([3, 4]);
    expect(() => b.add(x, source(b, 'z', [3], 500))).toThrow(/batch.*500/);
    expect(() => b.op('frobnicate', [x])).toThrow(/frobnicate/);
    expect(() => b.op('silu', [x])).toThrow(/composite/);
  });
});

describe('constants', () => {
  test('are worked out', () => {
    const b = make();
    const sum = b.add(numbers(b, [3], [1, 2, 3]), 1);
    expect(sum).toBe(numbers(b, [3], [2, 3, 4]));
    expect(b.sum(sum)).toBe(b.scalar(9));
    expect(b.exp(b.scalar(0))).toBe(b.scalar(1));
  });

  test('one number everywhere stays one number', () => {
    const b = make();
    const ones = b.full([64, 64], 'batch', 1);
    expect(b.add(ones, ones)).toBe(b.full([64, 64], 'batch', 2));
    expect(b.sum(ones, { axes: [0] })).toBe(b.full([64], 'batch', 64));
    const x = source(b, 'x', [64, 64]);
    expect(b.mul(x, ones)).toBe(x);
    expect(b.add(x, b.full([64, 64], 'batch', 2))).toBe(b.add(x, 2));
  });

  test('a repetition over the batch is summed without being made', () => {
    const b = make();
    const w = weight(b, 'w', [2]);
    const repeated = b.broadcast(w, [3, 2], 'batch');
    expect(printGraph([b.sum(repeated, { axes: [0], batch: true })])).toMatchInlineSnapshot(`
      "%0 = weight w@0 : [2]
      %1 = count batch : []
      %2 = mul(%0, %1) : [2]
      %3 = mul(%2, 3) : [2]
      result 0 = %3
      "
    `);
  });
});

describe('size', () => {
  test('ten thousand layers build and differentiate without recursion', () => {
    const b = make();
    const x = source(b, 'x', [4]);
    let y: Node = x;
    for (let i = 0; i < 10_000; i++) {
      y = b.op('tanh', [b.add(b.mul(y, weight(b, `w${i}`, [4])), weight(b, `c${i}`, [4]))]);
    }
    const [slope] = gradient(b, b.sum(y), [x]);
    // Per layer: two weights, three forward nodes, and in the gradient the slope of tanh, its product, and mul's.
    expect(b.nodes.length).toBeLessThan(10_000 * 10);
    const value = evaluate(
      [slope!],
      (_, node) => ndarray(node.count === null ? [4] : [1, 4], [0.5, 0.5, 0.5, 0.5]),
      {
        batch: 1,
      },
    ).get(slope!)!;
    expect(value.data.every((g) => Number.isFinite(g))).toBe(true);
  });
});
