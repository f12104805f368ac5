/**
 * Conventions that people meet when they compare with PyTorch or with papers' code, each against their numbers:
 * `conventions.py` beside this file wrote them. The language reference says each in a sentence.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { analyse, planOf } from '../../src/compile.ts';
import type { Leaf } from '../../src/ir/graph.ts';
import { createBuilder } from '../../src/ir/graph-builder.ts';
import { evaluate } from '../../src/ir/interpret.ts';
import { ndarray } from '../../src/ir/ndarray.ts';
import type { Attrs, NDArray } from '../../src/ir/types.ts';
import type { BuildContext, Layer, Operation } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';
import { numbers } from '../golden/prelude-numbers.ts';
import { ReferenceTrainer } from '../oracle/reference-trainer.ts';
import { supply } from '../oracle/supply.ts';
import { lookup } from './cases.ts';

interface Numbers {
  shape: number[];
  data: number[];
}
const file = new URL('conventions.json', import.meta.url);
const from = JSON.parse(readFileSync(file, 'utf8'));
const array = ({ shape, data }: Numbers): NDArray => ndarray(shape, data);

/** An operation or layer on examples, with its weights and states. */
function apply(
  op: keyof typeof operations,
  x: Numbers,
  attrs: Attrs,
  own: Record<string, Numbers> = {},
): number[] {
  const b = createBuilder(operations);
  const values = new Map<Leaf, NDArray>();
  const leaf = (name: string, value: Numbers, batch: boolean) => {
    const node = b.leaf(
      { kind: 'source', name, version: 0 },
      batch ? value.shape.slice(1) : value.shape,
      batch ? 'batch' : null,
    );
    values.set(node.leaf, array(value));
    return node;
  };
  const owned = Object.fromEntries(
    Object.entries(own).map(([name, value]) => [name, leaf(name, value, false)]),
  );
  const context: BuildContext = {
    training: false,
    uniform: () => leaf('none', from.minibatch_stddev.x, true),
    stat: (slot) => owned[slot]!,
    move: () => {},
    iterate: () => {},
  };
  const record: Operation = operations[op];
  const input = leaf('x', x, true);
  const y =
    record.kind === 'layer'
      ? (record as Layer).build(b, [input], attrs, owned, context)
      : b.expand(op, [input], attrs, context);
  return [...evaluate([y], lookup(values), { batch: x.shape[0]! }).get(y)!.data];
}

function near(found: readonly number[], wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 9);
}

const transposed = { stride: [2, 2], padding: 'same', bias: false, norm: 'none', init: null };

test('conv_transpose with "same" loses its odd pixel at the end; PyTorch with output_padding at the start', () => {
  const { x, kernel, torch } = from.conv_transpose;
  const ours = apply('conv_transpose', x, { ...transposed, filters: 1, kernel: [5, 5] }, { kernel });
  // Both give 6×6; ours begins one row and one column earlier.
  const [inner, theirs]: [number[], number[]] = [[], []];
  for (let row = 0; row < 5; row++) {
    for (let column = 0; column < 5; column++) {
      inner.push(ours[(row + 1) * 6 + column + 1]!);
      theirs.push(torch.data[row * 6 + column]);
    }
  }
  near(inner, theirs);
  expect(Math.abs(ours[0]! - torch.data[0])).toBeGreaterThan(1e-3);
});

test('depth_to_space has the channel last, PixelShuffle the block', () => {
  const { x, pixel_shuffle } = from.depth_to_space;
  // PixelShuffle takes channel c · 4 + block, depth_to_space block · 2 + c.
  const permuted = {
    shape: x.shape,
    data: x.data.map((_: number, i: number) => {
      const [pixel, at] = [Math.floor(i / 8), i % 8];
      return x.data[pixel * 8 + (at % 2) * 4 + Math.floor(at / 2)];
    }),
  };
  near(apply('depth_to_space', permuted, { size: 2 }), pixel_shuffle.data);
  expect(apply('depth_to_space', x, { size: 2 })).not.toEqual(pixel_shuffle.data);
});

test("groups of minibatch_stddev follow each other; StyleGAN's are interleaved", () => {
  const { x, runs, style_gan } = from.minibatch_stddev;
  const found = apply('minibatch_stddev', x, { groups: 2 }).filter((_, i) => i % 5 === 4);
  near(found, runs.data);
  expect(runs.data).not.toEqual(style_gan.data);
});

test("fans of conv_transpose count what goes in and comes out; PyTorch's are exchanged", () => {
  const { in: channels, out, kernel, torch } = from.fans;
  const record = operations.conv_transpose as Layer;
  const attrs = { ...transposed, filters: out, kernel: [kernel, kernel] };
  const [slot] = record.weights([{ shape: [2, 2, channels], batch: true }], attrs);
  expect([slot!.fanIn, slot!.fanOut]).toEqual([kernel * kernel * channels, kernel * kernel * out]);
  expect([slot!.fanOut, slot!.fanIn]).toEqual(torch);
});

test('relativistic losses compare a patch with the mean of its own place', async () => {
  const { real, fake, per_position, over_all } = from.relativistic;
  const { patches, flat } = await numbers(
    {
      patches: 'relativistic_average_d(r, f)',
      flat: 'expect(mean(softplus(expect(mean(f)) - r))) + expect(mean(softplus(f - expect(mean(r)))))',
    },
    { unused: array({ shape: [4, 1], data: [0, 0, 0, 0] }), r: array(real), f: array(fake) },
  );
  expect(patches).toBeCloseTo(per_position, 10);
  expect(flat).toBeCloseTo(over_all, 10);
});

test('the spectral norm of conv_transpose is that of the convolution that it transposes', () => {
  const { x, kernel, u, v, sigma, torch_sigma, y, torch_y } = from.spectral;
  const attrs = { ...transposed, filters: 2, kernel: [4, 4], padding: 1, norm: 'spectral' };
  const record = operations.conv_transpose as Layer;
  const shapes = record.stats!([{ shape: [2, 2, 3], batch: true }], attrs).map(({ shape }) => shape);
  expect(shapes).toEqual([u.shape, v.shape]);
  // A convolution from 2 to 3 channels has this kernel, and these states.
  const conv = {
    filters: 3,
    kernel: [4, 4],
    stride: [2, 2],
    padding: 1,
    dilation: [1, 1],
    groups: 1,
    bias: false,
    norm: 'spectral',
    init: null,
  };
  const adjoint = operations.conv as Layer;
  expect(adjoint.weights([{ shape: [4, 4, 2], batch: true }], conv)[0]!.shape).toEqual(kernel.shape);
  expect(adjoint.stats!([{ shape: [4, 4, 2], batch: true }], conv).map(({ shape }) => shape)).toEqual(shapes);

  near(apply('conv_transpose', x, attrs, { kernel, u, v }), y.data);
  // PyTorch's matrix is [out, in · h · w]: the same map, divided by another number.
  near(
    y.data.map((value: number) => (value * sigma) / torch_sigma),
    torch_y.data,
  );
});

describe('running statistics', () => {
  const text = (use: string) => `noise z ~ normal[2]
net G(z: [2]) -> [3] = z |> dense(3)
net D(x: [3]) -> [1] from "run" = x |> batch_norm |> dense(1)
loss l = expect(${use}(G(z)))
train (batch = 4, steps = 1) { sample z  update G to minimize l with sgd(0.1) }
`;
  async function after(use: string) {
    const source = { path: 'm.gan', text: text(use) };
    const { model, sources, diagnostics } = analyse({ source, load: () => undefined });
    expect(diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
    const plan = planOf(model!, sources);
    const trainer = new ReferenceTrainer(plan, supply(plan, 3));
    trainer.begin(plan.phases[0]!);
    const before = trainer.state.live['D/batch_norm_1/mean']!.data.slice();
    await trainer.step(0, { logging: true });
    return { before, mean: trainer.state.live['D/batch_norm_1/mean']!.data };
  }

  test('of D are moved by the update of G too, which runs D in training', async () => {
    const { before, mean } = await after('D');
    expect([...mean]).not.toEqual([...before]);
  });

  test('D.live and D.frozen move none', async () => {
    for (const use of ['D.live', 'D.frozen']) {
      const { before, mean } = await after(use);
      expect([...mean]).toEqual([...before]);
    }
  });
});
