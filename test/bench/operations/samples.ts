/**
 * Samples of the operations at a real size: each record's own, its axes made longer; and others where that makes no
 * sense, because an attribute says the shape (a kernel, a slice) or only one size is in use (pictures of many channels).
 */
import { sizeOf } from '../../../src/ir/ndarray.ts';
import type { Attrs, Shape, Shaped } from '../../../src/ir/types.ts';
import type { Operation, Sample } from '../../../src/ops/record.ts';
import { type OperationName, operations } from '../../../src/ops/table.ts';

/** Examples in a batch. */
export const EXAMPLES = 32;
/** Numbers of the largest operand, or of the result. */
const NUMBERS = 300_000;

export interface RealSample {
  readonly name: string;
  readonly record: Operation;
  readonly sample: Sample;
  readonly title: string;
}

const each = (...shape: number[]): Shaped => ({ shape, batch: true });
const whole = (...shape: number[]): Shaped => ({ shape, batch: false });
const window = (stride: number, padding: string | number, groups = 1, dilation = 1): Attrs => ({
  stride: [stride, stride],
  padding,
  dilation: [dilation, dilation],
  groups,
});
const layer = { norm: 'none', init: null };
const pool = (kernel: number, stride: number, padding: string | number): Attrs => ({
  kernel: [kernel, kernel],
  stride: [stride, stride],
  padding,
});
const pooled = [
  { small: 16, attrs: pool(2, 2, 'same') },
  { small: 16, attrs: pool(3, 2, 'same') },
  { small: 30, attrs: pool(3, 1, 'valid') },
];
const upsampled = (operand: Shaped) => [{ operands: [operand], attrs: { factor: [2, 2] } }];

const real: Partial<Record<OperationName, readonly Sample[]>> = {
  where: [
    { operands: [each(96, 96), each(96, 96), whole(96)], wrt: [1, 2] },
    { operands: [whole(9216), each(9216), each(9216)], wrt: [1, 2] },
  ],
  expect: [{ operands: [each(9216)] }],
  one_hot: [
    { operands: [each()], attrs: { n: 1000 }, wrt: [] },
    { operands: [each(256)], attrs: { n: 32 }, wrt: [] },
  ].map((s) => ({ ...s, operands: s.operands.map((o) => ({ ...o, from: [0, s.attrs.n] as const })) })),
  broadcast_to: [
    { operands: [whole(9216)], attrs: { shape: [9216], count: 'batch' } },
    { operands: [whole(96)], attrs: { shape: [3200, 96], count: null } },
    { operands: [each(96, 1)], attrs: { shape: [96, 96], count: 'batch' } },
  ],
  reshape: [{ operands: [each(9216)], attrs: { shape: [96, 96] } }],
  transpose: [
    { operands: [each(96, 96)], attrs: { axes: [1, 0] } },
    { operands: [each(16, 16, 36)], attrs: { axes: [2, 0, 1] } },
    { operands: [each(16, 9, 64)], attrs: { axes: [1, 0, 2] } },
    { operands: [whole(480, 640)], attrs: { axes: [1, 0] } },
  ],
  concat: [
    { operands: [each(16, 16, 20), each(16, 16, 16)], attrs: { axis: 2 } },
    { operands: [each(8, 16, 36), whole(8, 16, 36)], attrs: { axis: 0 } },
    { operands: [whole(100_000), whole(200_000), whole(999)], attrs: { axis: 0 } },
  ],
  slice: [
    { operands: [each(128, 72)], attrs: { axis: 0, from: 32, to: 96 } },
    { operands: [each(128, 72)], attrs: { axis: 1, from: 30, to: 61 } },
    { operands: [each(9216)], attrs: { axis: 0, from: 1, to: 9215 } },
    { operands: [each(128, 72)], attrs: { axis: 1, from: 71, to: 72 } },
  ],
  split: [{ operands: [each(128, 72)], attrs: { sizes: [40, 32], axis: 1 } }],
  flip: [
    { operands: [each(32, 32, 9)], attrs: { axis: [1] } },
    { operands: [each(96, 96)], attrs: { axis: [1] } },
    { operands: [each(32, 32, 9)], attrs: { axis: [0, 2] } },
  ],
  crop: [{ operands: [each(32, 32, 9)], attrs: { before: [2, 2, 0], after: [2, 2, 0] } }],
  zero_pad: [{ operands: [each(28, 28, 12)], attrs: { before: [2, 2, 0], after: [2, 3, 0] } }],
  border_pad: ['reflect', 'edge'].map((mode) => ({
    operands: [each(28, 28, 12)],
    attrs: { before: [2, 2, 0], after: [2, 3, 0], mode },
  })),
  border_pad_gradient: ['reflect', 'edge'].map((mode) => ({
    operands: [each(32, 33, 9)],
    attrs: { before: [2, 2, 0], after: [2, 3, 0], mode },
  })),
  pad: ['zero', 'reflect', 'edge'].map((mode) => ({
    operands: [each(28, 28, 12)],
    attrs: { before: [2, 2, 0], after: [2, 2, 0], mode },
  })),
  upsample: ['nearest', 'bilinear'].map((method) => ({
    operands: [each(16, 16, 9)],
    attrs: { factor: [2, 2], method },
  })),
  upsample_nearest: upsampled(each(8, 8, 36)),
  upsample_bilinear: upsampled(each(8, 8, 36)),
  upsample_bilinear_gradient: upsampled(each(16, 16, 36)),
  depth_to_space: [{ operands: [each(16, 16, 36)], attrs: { size: 2 } }],
  space_to_depth: [{ operands: [each(32, 32, 9)], attrs: { size: 2 } }],
  matmul: [
    { operands: [each(64, 32), each(32, 64)], attrs: { transposeA: false, transposeB: false } },
    { operands: [each(64, 32), each(64, 32)], attrs: { transposeA: false, transposeB: true } },
    { operands: [each(4, 64, 16), each(4, 64, 16)], attrs: { transposeA: false, transposeB: true } },
    { operands: [each(4, 64, 64), each(4, 64, 16)], attrs: { transposeA: false, transposeB: false } },
    { operands: [each(96, 96), whole(96, 96)], attrs: { transposeA: false, transposeB: false } },
    { operands: [whole(96, 96), each(96, 96)], attrs: { transposeA: false, transposeB: false } },
    { operands: [whole(512, 512), whole(512, 512)], attrs: { transposeA: false, transposeB: false } },
  ],
  conv2d: [
    { operands: [each(16, 16, 32), whole(3, 3, 32, 32)], attrs: window(1, 'same') },
    { operands: [each(28, 28, 1), whole(5, 5, 1, 64)], attrs: window(2, 'same') },
    { operands: [each(16, 16, 32), whole(3, 3, 32, 32)], attrs: window(1, 'same', 1, 2) },
    { operands: [each(16, 16, 32), whole(3, 3, 8, 32)], attrs: window(1, 'same', 4) },
    { operands: [each(16, 16, 32), whole(3, 3, 1, 32)], attrs: window(1, 'same', 32) },
    { operands: [each(16, 16, 32), whole(1, 1, 32, 64)], attrs: window(1, 'same') },
  ],
  conv2d_input_gradient: [
    { operands: [each(16, 16, 32), whole(3, 3, 32, 32)], attrs: { ...window(1, 'same'), size: [16, 16] } },
    { operands: [each(7, 7, 128), whole(5, 5, 64, 128)], attrs: { ...window(2, 'same'), size: [14, 14] } },
    { operands: [each(16, 16, 32), whole(3, 3, 8, 32)], attrs: { ...window(1, 'same', 4), size: [16, 16] } },
    { operands: [each(16, 16, 32), whole(3, 3, 1, 32)], attrs: { ...window(1, 'same', 32), size: [16, 16] } },
  ],
  conv2d_filter_gradient: [
    { operands: [each(16, 16, 32), each(16, 16, 32)], attrs: { ...window(1, 'same'), kernel: [3, 3] } },
    { operands: [each(14, 14, 64), each(7, 7, 128)], attrs: { ...window(2, 'same'), kernel: [5, 5] } },
    { operands: [each(16, 16, 32), each(16, 16, 32)], attrs: { ...window(1, 'same', 4), kernel: [3, 3] } },
    { operands: [each(16, 16, 32), each(16, 16, 32)], attrs: { ...window(1, 'same', 32), kernel: [3, 3] } },
  ],
  convolve: [
    { operands: [each(28, 28, 16), whole(5, 5, 16, 32)], attrs: window(2, 2) },
    {
      operands: [each(512, 16), whole(9, 16, 32)],
      attrs: { stride: [1, 2], padding: 4, dilation: [1, 1], groups: 1 },
    },
  ],
  avg_pool2d: pooled.map(({ attrs }) => ({ operands: [each(32, 32, 9)], attrs })),
  avg_pool2d_gradient: pooled.map(({ small, attrs }) => ({
    operands: [each(small, small, 9)],
    attrs: { ...attrs, size: [32, 32] },
  })),
  max_pool2d: pooled.map(({ attrs }) => ({ operands: [each(32, 32, 9)], attrs })),
  max_pool2d_gradient: pooled.map(({ small, attrs }) => ({
    operands: [each(32, 32, 9), each(small, small, 9)],
    attrs,
    wrt: [1],
  })),
  max_pool2d_select: pooled.map(({ attrs }) => ({
    operands: [each(32, 32, 9), each(32, 32, 9)],
    attrs,
    wrt: [1],
  })),
  avg_pool: [{ operands: [each(32, 32, 9)], attrs: pool(3, 2, 1) }],
  max_pool: [{ operands: [each(32, 32, 9)], attrs: pool(3, 2, 1) }],
  global_avg_pool: [{ operands: [each(16, 16, 36)] }],
  group_mean: [{ operands: [each(9216)], attrs: { groups: 8 } }],
  minibatch_stddev: [{ operands: [each(16, 16, 36)], attrs: { groups: 8 } }],
  dense: [
    { operands: [each(512)], attrs: { units: 512, bias: true, ...layer } },
    { operands: [each(64, 128)], attrs: { units: 128, bias: true, ...layer } },
    { operands: [each(512)], attrs: { units: 512, bias: true, ...layer, norm: 'spectral' } },
  ],
  embed: [{ operands: [each(512)], attrs: { units: 128, init: null } }],
  conv: [
    [[16, 16, 32], window(1, 'same')],
    [[28, 28, 16], window(2, 2)],
    [[28, 28, 16], window(2, 'valid')],
    [[256, 32], { stride: [1, 2], padding: 'same', dilation: [1, 1], groups: 1 }],
  ].map(([shape, attrs]) => ({
    operands: [{ shape: shape as Shape, batch: true }],
    attrs: {
      ...(attrs as Attrs),
      ...layer,
      bias: true,
      filters: 32,
      kernel: (shape as Shape).length === 2 ? [1, 5] : [5, 5],
    },
  })),
  conv_transpose: [
    [[14, 14, 32], window(2, 'same')],
    [[14, 14, 32], window(2, 1)],
    [[256, 32], { stride: [1, 2], padding: 1, dilation: [1, 1], groups: 1 }],
  ].map(([shape, attrs]) => ({
    operands: [{ shape: shape as Shape, batch: true }],
    attrs: {
      ...(attrs as Attrs),
      ...layer,
      bias: true,
      filters: 16,
      kernel: (shape as Shape).length === 2 ? [1, 4] : [4, 4],
    },
  })),
  batch_norm: [
    { operands: [each(9216)], attrs: { affine: true } },
    { operands: [each(16, 16, 36)], attrs: { affine: true } },
  ],
  layer_norm: [
    { operands: [each(9216)], attrs: { affine: true } },
    { operands: [each(64, 144)], attrs: { affine: true } },
  ],
  instance_norm: [{ operands: [each(16, 16, 36)], attrs: { affine: true } }],
  group_norm: [{ operands: [each(16, 16, 36)], attrs: { groups: 4, affine: true } }],
};

/** Nothing is computed here: the value itself, or a bare weight. */
const NOTHING = new Set<string>(['stop', 'weight']);

/** All of them; those of operations whose names contain `filter` where it is given. */
export function realSamples(filter = ''): RealSample[] {
  return Object.entries(operations as Record<string, Operation>).flatMap(([name, record]) => {
    if (NOTHING.has(name) || !name.includes(filter)) return [];
    const samples = real[name as OperationName] ?? distinct(record.samples).flatMap((s) => scaled(record, s));
    return samples.map((sample) => ({ name, record, sample, title: `${name}${describe(sample)}` }));
  });
}

/** Of samples of one operand with the same attributes the first: others are the same numbers with other axes. */
function distinct(samples: readonly Sample[]): Sample[] {
  const seen = new Set<string>();
  return samples.filter((s) => {
    if (s.operands.length !== 1) return true;
    const key = JSON.stringify(s.attrs ?? {});
    return !seen.has(key) && seen.add(key);
  });
}

/** All axes but those of 1 longer by one factor; none where an example is a single number. */
function scaled(record: Operation, sample: Sample): Sample[] {
  const longer = (by: number): Sample => ({
    ...sample,
    operands: sample.operands.map((o) => ({ ...o, shape: o.shape.map((d) => (d === 1 ? 1 : d * by)) })),
  });
  const count = (s: Sample) => {
    const shape = record.shape(s.operands, s.attrs ?? {}) as Shape;
    const batch = s.operands.some((o) => o.batch);
    return Math.max(
      ...[...s.operands, { shape, batch }].map((o) => sizeOf(o.shape) * (o.batch ? EXAMPLES : 1)),
    );
  };
  if (count(longer(2)) === count(sample)) return [];
  let by = 1;
  while (count(longer(by * 2)) <= NUMBERS) by *= 2;
  for (let step = by / 2; step >= 1; step /= 2) if (count(longer(by + step)) <= NUMBERS) by += step;
  return [longer(by)];
}

function describe({ operands, attrs }: Sample): string {
  const shapes = operands.map((o) => `${o.batch ? `${EXAMPLES}×` : ''}[${o.shape.join(', ')}]`).join(', ');
  const quiet = (value: unknown) =>
    value === null || value === false || value === 'none' || (Array.isArray(value) && value.length === 0);
  const rest = Object.entries(attrs ?? {}).flatMap(([key, value]) =>
    quiet(value) ? [] : [`${key} ${JSON.stringify(value).replaceAll('"', '')}`],
  );
  return ` ${[shapes, ...rest].join(' · ')}`;
}
