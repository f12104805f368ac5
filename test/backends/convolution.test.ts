/** Convolutions, pooling and upsampling of random sizes, strides and paddings: tfjs against the float64 interpreter. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Leaf, LeafNode, Node } from '../../src/ir/graph.ts';
import { createBuilder, type GraphBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import type { Attrs, NDArray, Shape } from '../../src/ir/types.ts';
import { operations } from '../../src/ops/table.ts';
import { along, type Margins, type Padding, spanOf, windowCount } from '../../src/ops/window.ts';
import { lookup, seeded, uniformArray } from '../gradients/cases.ts';
import { expectClose } from './close.ts';
import { dawnHere, useSwiftShader } from './dawn.ts';
import { backends, executeThere, start } from './execute.ts';

class Inputs {
  readonly values = new Map<Leaf, NDArray>();
  readonly #random: () => number;
  readonly b: GraphBuilder = createBuilder(operations);

  constructor(
    seed: number,
    readonly batch: number,
  ) {
    this.#random = seeded(seed);
  }

  source(name: string, shape: Shape): LeafNode {
    return this.#give(this.b.leaf({ kind: 'source', name, version: 0 }, shape, 'batch'), [
      this.batch,
      ...shape,
    ]);
  }

  weight(name: string, shape: Shape): LeafNode {
    return this.#give(this.b.leaf({ kind: 'weight', name, copy: 'live', version: 0 }, shape, null), shape);
  }

  /** Values of float32, all different. */
  #give(leaf: LeafNode, shape: Shape): LeafNode {
    const { data } = uniformArray(shape, this.#random);
    this.values.set(leaf.leaf, { shape, data: data.map((x) => Math.fround(x)) });
    return leaf;
  }

  async compare(nodes: readonly Node[], tolerance = 1e-5): Promise<void> {
    const counts = { batch: this.batch };
    const expected = evaluate(nodes, lookup(this.values), counts);
    const got = await executeThere(nodes, this.values, this.batch);
    for (const [i, node] of nodes.entries()) {
      expectClose(got.values[i]!, expected.get(node)!, (node as { op?: string }).op ?? 'leaf', tolerance);
    }
    expect(got.leaked, 'tensors left over').toBe(0);
  }
}

const side = fc.integer({ min: 1, max: 9 });
const small = fc.integer({ min: 1, max: 5 });
const seed = fc.integer();
const padding = fc.constantFrom<Padding>('same', 'valid');
const pixels = fc.tuple(fc.nat(4), fc.nat(4));
/** Of convolutions: also zeros before and after each axis, even more than the kernel is long. */
const margins = fc.oneof<fc.Arbitrary<Padding | Margins>[]>(padding, padding, fc.tuple(pixels, pixels));

/** Groups that divide the channels in and out; 1 most often, then depthwise. */
const channels = fc.oneof(
  fc.record({ ci: small, co: small, groups: fc.constant(1) }),
  fc.record({ n: fc.integer({ min: 2, max: 4 }), m: fc.integer({ min: 1, max: 2 }) }).map(({ n, m }) => ({
    ci: n,
    co: n * m,
    groups: n,
  })),
  fc.constantFrom({ ci: 4, co: 6, groups: 2 }, { ci: 6, co: 3, groups: 3 }),
);

const dawn = await dawnHere();
const tried = dawn.problem === null ? [...backends(), 'webgpu' as const] : backends();

describe.each(tried)('%s', (backend) => {
  beforeAll(async () => {
    if (backend === 'webgpu') await useSwiftShader();
    await start(backend);
  });
  /** A program for each shape: in software the GPU's compiler takes its time. */
  const runs = (n: number) => (backend === 'webgpu' ? Math.ceil(n / 3) : n);

  test('a convolution and its two gradients', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(side, side),
        fc.tuple(small, small),
        fc.tuple(small, small),
        fc.oneof({ weight: 3, arbitrary: fc.constant([1, 1]) }, fc.tuple(small, small)),
        margins,
        channels,
        fc.integer({ min: 1, max: 3 }),
        seed,
        async (size, kernel, stride, dilation, pad, { ci, co, groups }, batch, s) => {
          const out = ([0, 1] as const).map((i) =>
            windowCount(size[i]!, spanOf(kernel[i]!, dilation[i]!), stride[i]!, along(pad, i)),
          );
          fc.pre(out.every((n) => n >= 1));
          const inputs = new Inputs(s, batch);
          const { b } = inputs;
          const x = inputs.source('x', [...size, ci]);
          const k = inputs.weight('k', [...kernel, ci / groups, co]);
          const dy = inputs.source('dy', [...out, co]);
          const attrs: Attrs = { stride, dilation, padding: pad, groups };
          await inputs.compare([
            b.op('conv2d', [x, k], attrs),
            b.op('conv2d_input_gradient', [dy, k], { ...attrs, size }),
            b.op('conv2d_filter_gradient', [x, dy], { ...attrs, kernel }),
          ]);
        },
      ),
      { numRuns: runs(200), seed: 20_260 },
    );
  });

  test('pooling, its gradients, and theirs', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(side, side),
        fc.tuple(small, small),
        fc.tuple(small, small),
        padding,
        small,
        fc.boolean(),
        seed,
        async (size, kernel, stride, pad, c, ties, s) => {
          const out = [0, 1].map((i) => windowCount(size[i]!, kernel[i]!, stride[i]!, pad));
          fc.pre(out.every((n) => n >= 1));
          const inputs = new Inputs(s, 2);
          const { b } = inputs;
          const x = inputs.source('x', [...size, c]);
          if (ties) {
            const v = inputs.values.get(x.leaf)!;
            inputs.values.set(x.leaf, { ...v, data: v.data.map((n) => Math.round(2 * n)) });
          }
          const g = inputs.source('g', [...size, c]);
          const dy = inputs.source('dy', [...out, c]);
          const attrs: Attrs = { kernel, stride, padding: pad as string };
          await inputs.compare([
            b.op('avg_pool2d', [x], attrs),
            b.op('avg_pool2d_gradient', [dy], { ...attrs, size }),
            b.op('max_pool2d', [x], attrs),
            b.op('max_pool2d_gradient', [x, dy], attrs),
            b.op('max_pool2d_select', [x, g], attrs),
          ]);
        },
      ),
      { numRuns: runs(100), seed: 20_261 },
    );
  });

  test('products of matrices, turned over or not, one or many', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(side, side, side),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom('each', 'whole', 'left whole', 'right whole'),
        fc.integer({ min: 1, max: 3 }),
        seed,
        async ([m, k, n], transposeA, transposeB, kind, heads, s) => {
          const inputs = new Inputs(s, 3);
          const lead = heads === 1 ? [] : [heads];
          const make = (name: string, shape: Shape, whole: boolean) =>
            whole ? inputs.weight(name, shape) : inputs.source(name, shape);
          const a = make('a', [...lead, ...(transposeA ? [k, m] : [m, k])], /^whole|left/.test(kind));
          const b = make('b', [...lead, ...(transposeB ? [n, k] : [k, n])], /^whole|right/.test(kind));
          await inputs.compare([inputs.b.matmul(a, b, { transposeA, transposeB })]);
        },
      ),
      { numRuns: runs(100), seed: 20_262 },
    );
  });

  test('upsampling and blocks', async () => {
    await fc.assert(
      fc.asyncProperty(small, small, small, small, small, seed, async (h, w, c, fh, fw, s) => {
        const inputs = new Inputs(s, 2);
        const { b } = inputs;
        const x = inputs.source('x', [h, w, c]);
        const large = inputs.source('large', [h * fh, w * fw, c]);
        const blocks = inputs.source('blocks', [h * fh, w * fh, c]);
        const factor = [fh, fw];
        const deep = inputs.source('deep', [h, w, c * fh * fh]);
        await inputs.compare([
          b.op('upsample_nearest', [x], { factor }),
          b.op('upsample_bilinear', [x], { factor }),
          b.op('upsample_bilinear_gradient', [large], { factor }),
          b.op('depth_to_space', [deep], { size: fh }),
          b.op('space_to_depth', [blocks], { size: fh }),
        ]);
      }),
      { numRuns: runs(60), seed: 20_263 },
    );
  });
});
