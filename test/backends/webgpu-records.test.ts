/**
 * Every operation on tfjs's webgpu backend with our programs, on SwiftShader, against the float64 interpreter: value,
 * gradients of first and second order, from the samples of its record; and nothing left in memory.
 */
import { expect, test } from 'vitest';
import type { Leaf, Node } from '../../src/ir/graph.ts';
import type { GraphBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { allSamples, BATCH, type Case, lookup, makeCase, seeded, uniformArray } from '../gradients/cases.ts';
import { expectClose } from './close.ts';
import { onSwiftShader } from './dawn.ts';
import { executeThere } from './execute.ts';

function weighted(b: GraphBuilder, y: Node, values: Map<Leaf, NDArray>, name: string): Node {
  const r = b.leaf({ kind: 'source', name, version: 0 }, y.shape, 'batch');
  values.set(r.leaf, uniformArray([BATCH, ...y.shape], seeded(7), 0.5, 1.5));
  return b.sum(b.mul(r, y), { batch: true });
}

async function compare(c: Case, nodes: readonly Node[], tolerance: number): Promise<void> {
  // Inputs as float32 has them, so that both sides start from the same numbers.
  const values = new Map(
    [...c.values].map(([leaf, v]): [Leaf, NDArray] => [
      leaf,
      { ...v, data: v.data.map((x) => Math.fround(x)) },
    ]),
  );
  const expected = evaluate(nodes, lookup(values), { batch: BATCH });
  const got = await executeThere(nodes, values, BATCH);
  for (const [i, node] of nodes.entries()) {
    expectClose(got.values[i]!, expected.get(node)!, `result ${i}`, tolerance);
  }
  expect(got.leaked, 'tensors left over').toBe(0);
}

onSwiftShader('operations on webgpu', () => {
  test.each(allSamples())('$title', async ({ name, record, sample }) => {
    for (const training of [true, false]) {
      const c = makeCase(name, record, sample, 1, training);
      await compare(c, [c.y], 1e-5);
    }
    const c = makeCase(name, record, sample);
    const slopes = gradient(c.b, weighted(c.b, c.y, c.values, 'r'), c.wrt);
    if (slopes.length === 0) return;
    await compare(c, slopes, 1e-4);
    const parts = slopes.map((g, i) => weighted(c.b, g, c.values, `w${i}`));
    await compare(c, gradient(c.b, parts.reduce(c.b.add), c.wrt), 1e-3);
  });
});
