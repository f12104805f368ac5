/**
 * Gradients of gradients through whole critics: the penalty of WGAN-GP (Gulrajani et al. 2017) holds a gradient, so
 * training it needs a second order, which tapes get wrong in silence. Held against finite differences of the penalty.
 */
import { describe, expect, test } from 'vitest';
import type { Leaf, LeafNode, Node } from '../../src/ir/graph.ts';
import { createBuilder, type GraphBuilder } from '../../src/ir/graph-builder.ts';
import type { Attrs, NDArray, Shape } from '../../src/ir/types.ts';
import { verify } from '../../src/ir/verify.ts';
import type { BuildContext, Layer } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { gradient } from '../../src/plan/differentiate.ts';
import { BATCH, operandLeaf, seeded, uniformArray } from './cases.ts';
import { expectGradients } from './differences.ts';

const context: BuildContext = {
  training: true,
  uniform: () => {
    throw new Error('nothing is drawn here');
  },
  stat: () => {
    throw new Error('no moving average is read in training');
  },
  move: () => {},
  iterate: () => {},
};

/** Builds a critic layer by layer and keeps its weights with their numbers. */
class Critic {
  readonly b: GraphBuilder = createBuilder(operations);
  readonly values = new Map<Leaf, NDArray>();
  readonly weights: LeafNode[] = [];
  readonly #random = seeded(5);

  source(name: string, shape: Shape): LeafNode {
    const leaf = operandLeaf(this.b, name, { shape, batch: true });
    this.values.set(leaf.leaf, uniformArray([BATCH, ...shape], this.#random));
    return leaf;
  }

  layer(name: 'dense' | 'conv' | 'conv_transpose' | 'batch_norm', x: Node, attrs: Attrs): Node {
    const record: Layer = operations[name];
    const own: Record<string, LeafNode> = {};
    for (const { slot, shape } of record.weights([{ shape: x.shape, batch: true }], attrs)) {
      const leaf = this.b.leaf(
        { kind: 'weight', name: `D/${this.weights.length}/${slot}`, copy: 'live', version: 0 },
        shape,
        null,
      );
      this.values.set(leaf.leaf, uniformArray(shape, this.#random, -0.7, 0.7));
      this.weights.push(leaf);
      own[slot] = leaf;
    }
    return record.build(this.b, [x], attrs, own, context);
  }

  conv(x: Node, filters: number, stride: number): Node {
    const window = { kernel: [3, 3], stride: [stride, stride], dilation: [1, 1], groups: 1, padding: 'same' };
    return this.layer('conv', x, { filters, ...window, bias: true, norm: 'none', init: null });
  }

  convTranspose(x: Node, filters: number): Node {
    const window = { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], groups: 1, padding: 'same' };
    return this.layer('conv_transpose', x, { filters, ...window, bias: true, norm: 'none', init: null });
  }

  dense(x: Node, units: number): Node {
    const flat = this.b.reshape(x, [x.shape.reduce((n, d) => n * d, 1)]);
    return this.layer('dense', flat, { units, bias: true, norm: 'none', init: null });
  }

  /** expect((‖∂D/∂x̂‖ − 1)²) at a point between real and fake that is itself a value of the graph. */
  penalty(critic: (x: Node) => Node, shape: Shape): Node {
    const { b } = this;
    const [x, fake, mix] = [this.source('x', shape), this.source('fake', shape), this.source('e', [1])];
    const between = b.add(b.mul(x, mix), b.mul(fake, b.sub(1, mix)));
    const [slope] = gradient(b, critic(between), [between]);
    const length = b.op('norm', [slope!], { axes: shape.map((_, i) => i), keep: false });
    return b.mean(b.square(b.sub(length, 1)), { batch: true });
  }
}

const picture: Shape = [4, 4, 2];

const critics: Record<string, (c: Critic, x: Node) => Node> = {
  tanh: (c, x) => c.dense(c.b.op('tanh', [c.conv(x, 3, 2)]), 1),
  sigmoid: (c, x) => c.dense(c.b.op('sigmoid', [c.conv(x, 3, 2)]), 1),
  exp: (c, x) => c.dense(c.b.exp(c.conv(x, 3, 2)), 1),
  softmax: (c, x) => c.dense(c.b.op('softmax', [c.dense(x, 5)], { axis: 0 }), 1),
  leaky_relu: (c, x) => c.dense(c.b.op('leaky_relu', [c.conv(x, 3, 2)], { slope: 0.2 }), 1),
  max: (c, x) => c.dense(c.b.op('max', [c.b.square(c.conv(x, 3, 1))], { axes: [0, 1], keep: false }), 1),
  maximum: (c, x) => {
    const h = c.conv(x, 4, 1);
    return c.dense(c.b.square(c.b.op('maximum', [c.b.slice(h, 2, 0, 2), c.b.slice(h, 2, 2, 4)])), 1);
  },
  max_pool: (c, x) => {
    const window = { kernel: [2, 2], stride: [2, 2], padding: 'same' };
    return c.dense(c.b.square(c.b.op('max_pool2d', [c.conv(x, 3, 1)], window)), 1);
  },
  conv: (c, x) => c.dense(c.b.square(c.conv(c.b.square(c.conv(x, 3, 1)), 2, 2)), 1),
  conv_transpose: (c, x) => c.dense(c.b.op('tanh', [c.convTranspose(x, 2)]), 1),
  batch_norm: (c, x) =>
    c.dense(c.b.op('tanh', [c.layer('batch_norm', c.conv(x, 3, 2), { affine: true })]), 1),
  everything: (c, x) => {
    const { b } = c;
    const a = b.op('leaky_relu', [c.conv(x, 3, 2)], { slope: 0.2 });
    const up = b.op('sigmoid', [c.layer('batch_norm', c.convTranspose(a, 2), { affine: true })]);
    const h = b.op('tanh', [c.conv(up, 3, 1)]);
    const top = b.op('max', [h], { axes: [0, 1], keep: false });
    const shares = b.op('softmax', [c.dense(b.exp(h), 3)], { axis: 0 });
    return c.dense(b.mul(top, shares), 1);
  },
};

describe.each(Object.entries(critics))('a gradient penalty through %s', (_, critic) => {
  const c = new Critic();
  const loss = c.penalty((x) => critic(c, x), picture);
  const slopes = gradient(c.b, loss, c.weights);

  test('has the gradient of its differences', () => {
    expectGradients(loss, c.weights, slopes, c.values, 1e-5);
    expect(verify(c.b.nodes, operations)).toEqual([]);
  });

  test('and so has the squared length of that gradient', () => {
    const squares = slopes.map((g) => c.b.sum(c.b.square(g)));
    const length = squares.reduce((a, s) => c.b.add(a, s));
    const third = gradient(c.b, length, c.weights);
    expectGradients(length, c.weights, third, c.values, 1e-4);
    expect(verify(c.b.nodes, operations)).toEqual([]);
  });
});

test('a gradient that is 0 has norm 0, and pulls nowhere', () => {
  const c = new Critic();
  const loss = c.penalty((x) => c.b.mul(c.b.sum(x), 0), picture);
  const [slope] = gradient(c.b, loss, [c.source('x', picture)]);
  expect(slope!.kind === 'op' && slope!.op).toBe('broadcast_to');
});
