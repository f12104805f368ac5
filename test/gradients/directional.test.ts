/**
 * Forward mode of every operation, against differences along the direction; and the gradient of what it gives. Whole programs
 * with `jvp` are held against PyTorch in programs.test.ts.
 */
import { describe, expect, test } from 'vitest';
import type { Leaf, LeafNode, Node } from '../../src/ir/graph.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { inOrder } from '../../src/ir/print.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { verify } from '../../src/ir/verify.ts';
import { operations } from '../../src/ops/table.ts';
import { directional, gradient } from '../../src/plan/differentiate.ts';
import { allSamples, BATCH, type Case, lookup, makeCase, seeded, uniformArray } from './cases.ts';
import { expectGradients } from './differences.ts';

const STEP = 1e-5;

/** A direction for each input, with numbers in it. */
function directions({ b, wrt, values }: Case, random: () => number): LeafNode[] {
  return wrt.map((x, i) => {
    const name = `v${i}`;
    const v = b.leaf(
      x.count === null
        ? { kind: 'weight', name, copy: 'live', version: 0 }
        : { kind: 'source', name, version: 0 },
      x.shape,
      x.count,
    );
    values.set(v.leaf, uniformArray(values.get(x.leaf)!.shape, random));
    return v;
  });
}

function arrayAt(y: Node, values: ReadonlyMap<Leaf, NDArray>): NDArray {
  return evaluate([y], lookup(values), { batch: BATCH }).get(y)!;
}

/** Those with something to differentiate by. */
const samples = allSamples().filter(
  ({ training, name, record, sample }) => training && makeCase(name, record, sample).wrt.length > 0,
);

describe.each(samples)('$title', ({ name, record, sample }) => {
  const c = makeCase(name, record, sample);
  const vs = directions(c, seeded(3));
  const pushed = directional(c.b, c.y, c.wrt, vs);

  test('is the difference along the direction', () => {
    const found = arrayAt(pushed, c.values);
    const along = (t: number): NDArray => {
      const moved = new Map(c.values);
      for (const [i, x] of c.wrt.entries()) {
        const { shape, data } = c.values.get(x.leaf)!;
        const v = c.values.get(vs[i]!.leaf)!.data;
        moved.set(x.leaf, { shape, data: data.map((value, j) => value + t * v[j]!) });
      }
      return arrayAt(c.y, moved);
    };
    const [after, before] = [along(STEP), along(-STEP)];
    expect(found.shape).toEqual(after.shape);
    const numeric = after.data.map((value, i) => (value - before.data[i]!) / (2 * STEP));
    const scale = numeric.reduce((m, d) => Math.max(m, Math.abs(d)), 0.01);
    for (const [i, d] of numeric.entries()) expect(Math.abs(found.data[i]! - d)).toBeLessThan(1e-6 * scale);
  });

  test('holds no mark, and is a graph as any other', () => {
    const marks = inOrder([pushed]).filter(
      (n) => n.kind === 'leaf' && n.leaf.kind === 'source' && n.leaf.version < 0,
    );
    expect(marks).toEqual([]);
    expect(verify(inOrder([pushed]), operations)).toEqual([]);
  });

  test('has the gradient of its differences', () => {
    const loss = c.b.sum(c.b.square(pushed), { batch: true });
    expectGradients(loss, c.wrt, gradient(c.b, loss, c.wrt), c.values, 1e-5);
  });
});
