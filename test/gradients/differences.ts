/** Central finite differences in float64, against which gradients are held. */
import { expect } from 'vitest';
import type { Leaf, LeafNode, Node } from '../../src/ir/graph.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import type { NDArray } from '../../src/ir/types.ts';
import { BATCH, lookup, seeded } from './cases.ts';

const STEP = 1e-5;
/** Beyond this many entries, random directions stand for them. */
const EACH = 40;
const DIRECTIONS = 6;

function scalarAt(y: Node, values: ReadonlyMap<Leaf, NDArray>): number {
  return evaluate([y], lookup(values), { batch: BATCH }).get(y)!.data[0]!;
}

/**
 * Holds `gradients` of the scalar `y` with respect to `inputs` against differences of `y`: |analytic − numeric| ≤
 * tolerance · (the largest slope of that input, at least 0.01).
 */
export function expectGradients(
  y: Node,
  inputs: readonly LeafNode[],
  gradients: readonly Node[],
  values: Map<Leaf, NDArray>,
  tolerance: number,
): void {
  const analytic = evaluate(gradients, lookup(values), { batch: BATCH });
  const random = seeded(99);
  for (const [k, input] of inputs.entries()) {
    const slope = analytic.get(gradients[k]!)!;
    const at = values.get(input.leaf)!;
    expect(slope.shape, `shape of the gradient of ${name(input)}`).toEqual(at.shape);
    const scale = slope.data.reduce((m, g) => Math.max(m, Math.abs(g)), 0.01);
    for (const direction of directions(at.data.length, random)) {
      const along = (t: number): number => {
        const moved = at.data.map((x, i) => x + t * direction[i]!);
        return scalarAt(y, new Map(values).set(input.leaf, { shape: at.shape, data: moved }));
      };
      const numeric = (along(STEP) - along(-STEP)) / (2 * STEP);
      const expected = slope.data.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      const error = Math.abs(numeric - expected);
      if (!(error <= tolerance * Math.max(scale, Math.abs(numeric)))) {
        expect.fail(`gradient of ${name(input)}: ${expected}, by differences ${numeric} (scale ${scale})`);
      }
    }
  }
}

function directions(n: number, random: () => number): Float64Array[] {
  if (n <= EACH) {
    return Array.from({ length: n }, (_, i) =>
      Float64Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)),
    );
  }
  return Array.from({ length: DIRECTIONS }, () => {
    const d = Float64Array.from({ length: n }, () => 2 * random() - 1);
    const length = Math.hypot(...d);
    return d.map((x) => x / length);
  });
}

function name(input: LeafNode): string {
  return 'name' in input.leaf ? input.leaf.name : input.leaf.kind;
}
