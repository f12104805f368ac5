/** From a record's samples to graphs with numbers in them: what the generated tests of operations run on. */

import type { Leaf, LeafNode, Node } from '../../src/ir/graph.ts';
import { createBuilder, type GraphBuilder } from '../../src/ir/graph-builder.ts';
import { runShape } from '../../src/ir/interpret.ts';
import { ndarray, sizeOf } from '../../src/ir/ndarray.ts';
import type { NDArray, Shaped } from '../../src/ir/types.ts';
import type { BuildContext, Operation, Sample } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';

/** The examples in a batch; enough that batch statistics are not degenerate. */
export const BATCH = 3;

export interface Case {
  readonly b: GraphBuilder;
  readonly y: Node;
  /** The operands, then a layer's weights. */
  readonly inputs: readonly LeafNode[];
  /** Those for which a gradient is checked. */
  readonly wrt: readonly LeafNode[];
  readonly values: Map<Leaf, NDArray>;
}

/** A small seeded generator (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function uniformArray(shape: readonly number[], random: () => number, low = -1, high = 1): NDArray {
  return ndarray(
    shape,
    Float64Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random()),
  );
}

export interface TitledSample {
  readonly name: string;
  readonly record: Operation;
  readonly sample: Sample;
  readonly training: boolean;
  readonly title: string;
}

/** Every primitive, composite and layer with each of its samples; what may differ in inference, in both modes. */
export function allSamples(): TitledSample[] {
  return Object.entries(operations as Record<string, Operation>).flatMap(([name, record]) =>
    record.samples.flatMap((sample, i) => {
      const title = `${name} ${i}: ${describe(sample)}`;
      const training = { name, record, sample, training: true, title };
      return record.kind === 'primitive'
        ? [training]
        : [training, { ...training, training: false, title: `${title}, inference` }];
    }),
  );
}

function describe(sample: Sample): string {
  const operands = sample.operands.map((o) => `${o.batch ? 'batch×' : ''}[${o.shape}]`).join(', ');
  return sample.attrs ? `(${operands}) ${JSON.stringify(sample.attrs)}` : `(${operands})`;
}

/** The graph of one sample, with inputs that keep away from its kinks. */
export function makeCase(
  name: string,
  record: Operation,
  sample: Sample,
  seed = 1,
  training = true,
  batch = BATCH,
): Case {
  const b = createBuilder(operations);
  const random = seeded(seed);
  const values = new Map<Leaf, NDArray>();
  const give = (node: LeafNode, value: NDArray): LeafNode => {
    values.set(node.leaf, value);
    return node;
  };
  const draws = drawInputs(sample, random, batch);
  const args = sample.operands.map((operand, i) =>
    give(operandLeaf(b, `x${i}`, operand), ndarray(runtimeShape(operand, batch), draws[i]!)),
  );
  const stats = record.kind === 'layer' ? (record.stats?.(sample.operands, sample.attrs ?? {}) ?? []) : [];
  let places = 0;
  const context: BuildContext = {
    training,
    uniform: (shape) =>
      give(
        b.leaf(
          {
            kind: 'draw',
            place: `u${places++}`,
            call: 0,
            dist: { kind: 'uniform', low: 0, high: 1 },
            version: 0,
          },
          shape,
          'batch',
        ),
        uniformArray([batch, ...shape], random, 0, 1),
      ),
    stat: (slot) => {
      const spec = stats.find((s) => s.slot === slot)!;
      return give(
        b.leaf({ kind: 'stat', name: `N/layer/${slot}`, copy: 'live', version: 0 }, spec.shape, null),
        uniformArray(spec.shape, random, 0.3, 1.3),
      );
    },
    move: () => {},
    iterate: () => {},
  };
  const attrs = sample.attrs ?? {};
  const weights: Record<string, LeafNode> = {};
  if (record.kind === 'layer') {
    for (const { slot, shape } of record.weights(sample.operands, attrs)) {
      weights[slot] = give(
        b.leaf({ kind: 'weight', name: `N/layer/${slot}`, copy: 'live', version: 0 }, shape, null),
        uniformArray(shape, random),
      );
    }
  }
  const y =
    record.kind === 'primitive'
      ? b.op(name, args, attrs)
      : record.kind === 'composite'
        ? record.build(b, args, attrs, context)
        : record.build(b, args, attrs, weights, context);
  const operandWrt = (sample.wrt ?? args.map((_, i) => i)).map((i) => args[i]!);
  return {
    b,
    y,
    inputs: [...args, ...Object.values(weights)],
    wrt: [...operandWrt, ...Object.values(weights)],
    values,
  };
}

function runtimeShape(operand: Shaped, batch: number): number[] {
  return operand.batch ? [batch, ...operand.shape] : [...operand.shape];
}

export function operandLeaf(b: GraphBuilder, name: string, { shape, batch }: Shaped): LeafNode {
  return batch
    ? b.leaf({ kind: 'source', name, version: 0 }, shape, 'batch')
    : b.leaf({ kind: 'weight', name, copy: 'live', version: 0 }, shape, null);
}

/** Numbers for all operands: inside their intervals, away from the kinks and, where asked, from each other. */
function drawInputs(sample: Sample, random: () => number, batch: number): Float64Array[] {
  const sizes = sample.operands.map((o) => sizeOf(runtimeShape(o, batch)));
  const total = sizes.reduce((a, n) => a + n, 0);
  // One order of ranks over all operands, so that no two entries come close.
  const ranks = Array.from({ length: total }, (_, i) => i);
  for (let i = total - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [ranks[i], ranks[j]] = [ranks[j]!, ranks[i]!];
  }
  let at = 0;
  return sample.operands.map((operand, k) => {
    const [low, high] = operand.from ?? [-2, 2];
    return Float64Array.from({ length: sizes[k]! }, () => {
      const rank = ranks[at++]!;
      let x = low;
      do {
        x = sample.distinct
          ? low + ((high - low) * (rank + 0.3 + 0.4 * random())) / total
          : low + (high - low) * random();
      } while (!sample.distinct && sample.avoid?.some((kink) => Math.abs(x - kink) < 0.05));
      return sample.distinct && sample.avoid?.some((kink) => Math.abs(x - kink) < 1e-3) ? x + 2e-3 : x;
    });
  });
}

export function lookup(values: ReadonlyMap<Leaf, NDArray>): (leaf: Leaf, node: LeafNode) => NDArray {
  return (leaf, node) => {
    const value = values.get(leaf);
    if (value === undefined)
      throw new Error(`no value for ${JSON.stringify(leaf)} [${runShape(node, { batch: BATCH })}]`);
    return value;
  };
}
