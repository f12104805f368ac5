/**
 * Every operation's gradient of first and second order, from the samples of its record, against finite differences; and
 * the graph verified after each.
 */
import { describe, expect, test } from 'vitest';
import type { Leaf, Node } from '../../src/ir/graph.ts';
import type { GraphBuilder } from '../../src/ir/graph-builder.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { verify } from '../../src/ir/verify.ts';
import { operations } from '../../src/ops/table.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { allSamples, BATCH, makeCase, seeded, uniformArray } from './cases.ts';
import { expectGradients } from './differences.ts';

/** Σ r·y with random r, so that no symmetry of y hides a wrong slope. */
function weighted(
  b: GraphBuilder,
  y: Node,
  values: Map<Leaf, NDArray>,
  name: string,
  random: () => number,
): Node {
  const r = b.leaf({ kind: 'source', name, version: 0 }, y.shape, 'batch');
  values.set(r.leaf, uniformArray([BATCH, ...y.shape], random, 0.5, 1.5));
  return b.sum(b.mul(r, y), { batch: true });
}

describe.each(allSamples())('$title', ({ name, record, sample, training }) => {
  const c = makeCase(name, record, sample, 1, training);
  const random = seeded(7);
  const first = weighted(c.b, c.y, c.values, 'r', random);
  const slopes = gradient(c.b, first, c.wrt);

  test('first order', () => {
    expectGradients(first, c.wrt, slopes, c.values, 1e-6);
    expect(verify(c.b.nodes, operations)).toEqual([]);
  });

  test('second order', () => {
    if (slopes.length === 0) return;
    const parts = slopes.map((g, i) => weighted(c.b, g, c.values, `w${i}`, random));
    const second = parts.reduce((a, p) => c.b.add(a, p));
    const curvatures = gradient(c.b, second, c.wrt);
    expectGradients(second, c.wrt, curvatures, c.values, 1e-5);
    expect(verify(c.b.nodes, operations)).toEqual([]);
  });
});
