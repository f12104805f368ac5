/** Pixels of padding belong to a convolution's window: nothing is padded, sliced or cropped beside it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Leaf, Node } from '../../src/ir/graph.ts';
import { createBuilder, type GraphBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { inOrder } from '../../src/ir/print.ts';
import type { Attrs, NDArray } from '../../src/ir/types.ts';
import type { Layer, Sample } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { windowCount } from '../../src/ops/window.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { BATCH, lookup, makeCase, seeded, uniformArray } from '../gradients/cases.ts';

const movers = new Set(['zero_pad', 'crop', 'slice']);
const moved = (nodes: readonly Node[]) =>
  inOrder(nodes).flatMap((n) => (n.kind === 'op' && movers.has(n.op) ? [n.op] : []));

const layer = { bias: true, norm: 'none', init: null, filters: 2, dilation: [1, 1], groups: 1 };
const cases: [string, 'conv' | 'conv_transpose', Sample][] = (['conv', 'conv_transpose'] as const).flatMap(
  (name) =>
    [
      ['a picture, padding 2', [6, 5, 3], { kernel: [5, 5], stride: [2, 2], padding: 2 }],
      [
        'a picture, more padding than the kernel has taps',
        [6, 5, 3],
        { kernel: [7, 7], stride: [1, 1], padding: 3 },
      ],
      ['a sequence, padding 1', [7, 3], { kernel: [1, 4], stride: [1, 2], padding: 1 }],
    ].map(([title, shape, attrs]): [string, 'conv' | 'conv_transpose', Sample] => [
      `${name} of ${title}`,
      name,
      { operands: [{ shape: shape as number[], batch: true }], attrs: { ...layer, ...(attrs as Attrs) } },
    ]),
);

test.each(cases)('%s', (_, name, sample) => {
  const c = makeCase(name, operations[name] as Layer, sample);
  const first = gradient(c.b, c.b.sum(c.b.square(c.y), { batch: true }), c.wrt);
  const total = first.map((g) => c.b.sum(c.b.square(g), { batch: true })).reduce(c.b.add);
  expect(moved([c.y, ...first, ...gradient(c.b, total, c.wrt)])).toEqual([]);
});

test('a margin of its own, however uneven, goes into the convolution that reads it', () => {
  const b = createBuilder(operations);
  const x = b.leaf({ kind: 'source', name: 'x', version: 0 }, [6, 5, 3], 'batch');
  const k = b.leaf({ kind: 'weight', name: 'k', copy: 'live', version: 0 }, [3, 3, 3, 2], null);
  const wide = b.op('zero_pad', [x], { before: [1, 0, 0], after: [2, 3, 0] });
  const y = b.op('conv2d', [wide, k], { stride: [1, 1], dilation: [1, 1], groups: 1, padding: 'valid' });
  const slopes = gradient(b, b.sum(b.square(y), { batch: true }), [x, k] as never);
  expect(moved([y, ...slopes])).toEqual([]);
  expect(y.kind === 'op' && y.attrs.padding).toEqual([
    [1, 2],
    [0, 3],
  ]);
});

test('pixels that are what "same" takes are "same"', () => {
  const sample = { operands: [{ shape: [8, 8, 1], batch: true }] };
  const built = (attrs: Attrs) =>
    inOrder([
      makeCase('conv', operations.conv as Layer, { ...sample, attrs: { ...layer, ...attrs } }).y,
    ]).flatMap((n) => (n.kind === 'op' && n.op === 'conv2d' ? [n.attrs.padding] : []));
  expect(built({ kernel: [3, 3], stride: [1, 1], padding: 1 })).toEqual(['same']);
  expect(built({ kernel: [4, 4], stride: [2, 2], padding: 1 })).toEqual(['same']);
  expect(built({ kernel: [3, 3], stride: [1, 1], padding: 0 })).toEqual(['valid']);
  expect(built({ kernel: [5, 5], stride: [2, 2], padding: 2 })).toEqual([
    [
      [2, 2],
      [2, 2],
    ],
  ]);
});

describe('what is computed stays the same', () => {
  const side = fc.integer({ min: 1, max: 6 });
  const few = fc.integer({ min: 1, max: 4 });
  const margin = fc.record({ before: fc.tuple(fc.nat(3), fc.nat(3)), after: fc.tuple(fc.nat(3), fc.nat(3)) });
  const given = fc.record({
    size: fc.tuple(side, side),
    kernel: fc.tuple(few, few),
    stride: fc.tuple(few, few),
    dilation: fc.constantFrom([1, 1], [1, 1], [2, 1]),
    padding: fc.constantFrom('same', 'valid'),
    margin,
  });

  /** Both ways of building a graph, with the same numbers. */
  function compare(
    build: (b: GraphBuilder, leaf: (name: string, shape: number[], whole?: boolean) => Node) => Node[],
  ) {
    const [plain, simple] = [false, true].map((simplify) => {
      const b = createBuilder(operations, { simplify });
      const values = new Map<Leaf, NDArray>();
      const random = seeded(3);
      const nodes = build(b, (name, shape, whole = false) => {
        const leaf = whole
          ? b.leaf({ kind: 'weight', name, copy: 'live', version: 0 }, shape, null)
          : b.leaf({ kind: 'source', name, version: 0 }, shape, 'batch');
        values.set(leaf.leaf, uniformArray(whole ? shape : [BATCH, ...shape], random));
        return leaf;
      });
      const found = evaluate(nodes, lookup(values), { batch: BATCH });
      return nodes.map((n) => found.get(n)!);
    });
    for (const [i, { shape, data }] of plain!.entries()) {
      expect(simple![i]!.shape).toEqual(shape);
      for (const [j, v] of data.entries()) expect(simple![i]!.data[j]).toBeCloseTo(v, 10);
    }
  }

  test('convolutions of padded inputs, and cropped gradients', () => {
    fc.assert(
      fc.property(given, ({ size, kernel, stride, dilation, padding, margin: { before, after } }) => {
        const wide = size.map((n, i) => n + before[i]! + after[i]!);
        const count = (sizes: number[]) =>
          sizes.map((n, i) =>
            windowCount(n, (kernel[i]! - 1) * dilation[i]! + 1, stride[i]!, padding as 'same'),
          );
        const [out] = [count(wide)];
        fc.pre(out.every((n) => n >= 1));
        const around = { before: [...before, 0], after: [...after, 0] };
        const attrs = { stride, dilation, padding, groups: 1 };
        compare((b, leaf) => {
          const x = b.op('zero_pad', [leaf('x', [...size, 2])], around);
          const k = leaf('k', [...kernel, 2, 3], true);
          const dy = leaf('dy', [...out, 3]);
          const dx = b.op('conv2d_input_gradient', [dy, k], { ...attrs, size: wide });
          return [
            b.op('conv2d', [x, k], attrs),
            b.op('conv2d_filter_gradient', [x, dy], { ...attrs, kernel }),
            b.op('crop', [dx], around),
          ];
        });
      }),
      { numRuns: 80 },
    );
  });
});
