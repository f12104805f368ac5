/** Every operation's samples in a page, on whatever backend was started there: as test/backends/records.test.ts does it. */
import type { Leaf, Node } from '../../src/ir/graph.ts';
import type { GraphBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { difference } from '../backends/difference.ts';
import { execute } from '../backends/graph.ts';
import { allSamples, BATCH, type Case, lookup, makeCase, seeded, uniformArray } from '../gradients/cases.ts';

function weighted(b: GraphBuilder, y: Node, values: Map<Leaf, NDArray>, name: string): Node {
  const r = b.leaf({ kind: 'source', name, version: 0 }, y.shape, 'batch');
  values.set(r.leaf, uniformArray([BATCH, ...y.shape], seeded(7), 0.5, 1.5));
  return b.sum(b.mul(r, y), { batch: true });
}

/** What is wrong with these nodes, each a line. */
function compare(c: Case, nodes: readonly Node[], tolerance: number): string[] {
  // Inputs as float32 has them, so that both sides start from the same numbers.
  const values = new Map(
    [...c.values].map(([leaf, v]): [Leaf, NDArray] => [
      leaf,
      { ...v, data: v.data.map((x) => Math.fround(x)) },
    ]),
  );
  const expected = evaluate(nodes, lookup(values), { batch: BATCH });
  const got = execute(nodes, values, BATCH);
  const wrong = nodes.flatMap((node, i) => {
    const message = difference(got.values[i]!, expected.get(node)!, tolerance);
    return message === null ? [] : [`result ${i}, ${message}`];
  });
  return got.leaked === 0 ? wrong : [...wrong, `${got.leaked} tensors left over`];
}

/**
 * Value and gradients of every sample, and the gradients of these of one in `each`: a page spends its time on compiling what
 * backends make for each shape.
 */
export function operationsOf(each: number): { tried: number; wrong: string[] } {
  const wrong: string[] = [];
  let tried = 0;
  const note = (title: string, messages: () => string[]) => {
    tried++;
    try {
      wrong.push(...messages().map((message) => `${title}: ${message}`));
    } catch (error) {
      wrong.push(`${title}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    }
  };
  for (const [i, { title, name, record, sample }] of allSamples().entries()) {
    for (const training of [true, false]) {
      note(`${title}, value, training ${training}`, () => {
        const c = makeCase(name, record, sample, 1, training);
        return compare(c, [c.y], 1e-5);
      });
    }
    const c = makeCase(name, record, sample);
    const slopes = gradient(c.b, weighted(c.b, c.y, c.values, 'r'), c.wrt);
    if (slopes.length === 0) continue;
    note(`${title}, gradients`, () => compare(c, slopes, 1e-4));
    if (i % each !== 0) continue;
    note(`${title}, second order`, () => {
      const parts = slopes.map((g, i) => weighted(c.b, g, c.values, `w${i}`));
      return compare(c, gradient(c.b, parts.reduce(c.b.add), c.wrt), 1e-3);
    });
  }
  return { tried, wrong };
}
