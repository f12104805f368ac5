/**
 * Every operation as tfjs computes it, against the float64 interpreter: its value and its gradients of first and second
 * order, from the samples of its record; and nothing left in memory.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Leaf, Node } from '../../src/ir/graph.ts';
import type { GraphBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { allSamples, BATCH, type Case, lookup, makeCase, seeded, uniformArray } from '../gradients/cases.ts';
import { expectClose } from './close.ts';
import { backends, execute, start } from './execute.ts';

function weighted(b: GraphBuilder, y: Node, values: Map<Leaf, NDArray>, name: string): Node {
  const r = b.leaf({ kind: 'source', name, version: 0 }, y.shape, 'batch');
  values.set(r.leaf, uniformArray([BATCH, ...y.shape], seeded(7), 0.5, 1.5));
  return b.sum(b.mul(r, y), { batch: true });
}

/** Inputs as float32 has them, so that both sides start from the same numbers. */
function rounded(c: Case): Map<Leaf, NDArray> {
  return new Map([...c.values].map(([leaf, v]) => [leaf, { ...v, data: v.data.map((x) => Math.fround(x)) }]));
}

function compare(c: Case, nodes: readonly Node[], tolerance: number): void {
  const values = rounded(c);
  const expected = evaluate(nodes, lookup(values), { batch: BATCH });
  const got = execute(nodes, values, BATCH);
  for (const [i, node] of nodes.entries()) {
    expectClose(got.values[i]!, expected.get(node)!, `result ${i}`, tolerance);
  }
  expect(got.leaked, 'tensors left over').toBe(0);
}

describe.each(backends())('%s', (backend) => {
  beforeAll(() => start(backend));

  describe.each(allSamples())('$title', ({ name, record, sample }) => {
    test.each([true, false])('value, training %s', (training) => {
      const c = makeCase(name, record, sample, 1, training);
      compare(c, [c.y], 1e-5);
    });

    test('gradients', () => {
      const c = makeCase(name, record, sample);
      const slopes = gradient(c.b, weighted(c.b, c.y, c.values, 'r'), c.wrt);
      if (slopes.length === 0) return;
      compare(c, slopes, 1e-4);
      const parts = slopes.map((g, i) => weighted(c.b, g, c.values, `w${i}`));
      compare(c, gradient(c.b, parts.reduce(c.b.add), c.wrt), 1e-3);
    });
  });
});
