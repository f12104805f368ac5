/** Layers with a kernel: dense, convolutions, embeddings, and a bare weight. */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { sizeOf } from '../ir/ndarray.ts';
import { named } from '../ir/remarks.ts';
import type { Attr, Attrs, Initializer, Shape, Shaped } from '../ir/types.ts';
import { buildConvolution, convolutionShape, resolveConvolution, windowParameters } from './convolution.ts';
import type { BuildContext, Layer, Parameter, Slot } from './record.ts';
import { tooLarge } from './room.ts';
import {
  firstProblem,
  numbers,
  type Padding,
  type Pair,
  paddingOf,
  pairAttr,
  pairOf,
  positive,
  spatialAxes,
} from './window.ts';

const x: Parameter = { name: 'x', kind: 'value' };
const bias: Parameter = { name: 'bias', kind: 'boolean', default: true };
const init: Parameter = { name: 'init', kind: 'initializer', default: null, doc: 'how the kernel starts' };
const norm: Parameter = {
  name: 'norm',
  kind: 'string',
  words: ['none', 'spectral'],
  default: 'none',
  doc: '"spectral" divides the kernel by its largest singular value (Miyato et al. 2018)',
};
const kernelSize: Parameter = { name: 'kernel', kind: 'size', doc: 'a number or [h, w]' };

const zeroInit: Initializer = { kind: 'constant', value: 0 };

/** A layer's own `init`, or the default of its kind of slot. */
function initOf(attrs: Attrs, otherwise: Initializer): Initializer {
  return (attrs.init as unknown as Initializer | null | undefined) ?? otherwise;
}

function kernelSlot(shape: Shape, fanIn: number, fanOut: number, attrs: Attrs): Slot {
  return { slot: 'kernel', shape, init: initOf(attrs, { kind: 'glorot_uniform' }), fanIn, fanOut };
}

function biasSlots(units: number, attrs: Attrs): Slot[] {
  return attrs.bias ? [{ slot: 'bias', shape: [units], init: zeroInit, fanIn: units, fanOut: units }] : [];
}

/** A spectral norm keeps estimates of the kernel's first singular vectors: K̂ = [rest, last] has u on the left, v on the right. */
function spectralStats(kernel: Shape, attrs: Attrs) {
  if (attrs.norm !== 'spectral') return [];
  const last = kernel.at(-1)!;
  return [
    { slot: 'u', shape: [sizeOf(kernel) / last], init: 'unit' as const },
    { slot: 'v', shape: [last], init: 'unit' as const },
  ];
}

/** The kernel, divided by σ = uᵀK̂v where the layer asks for it; no gradient flows to u and v. */
function normalised(b: Builder, kernel: Node, attrs: Attrs, context: BuildContext): Node {
  if (attrs.norm !== 'spectral') return kernel;
  if (context.training) context.iterate(kernel, 'u', 'v');
  const [u, v] = [context.stat('u'), context.stat('v')];
  const outer = b.matmul(b.reshape(u, [sizeOf(u.shape), 1]), b.reshape(v, [1, sizeOf(v.shape)]));
  const sigma = b.sum(b.mul(b.reshape(kernel, outer.shape), outer));
  return b.div(kernel, sigma);
}

function biased(b: Builder, y: Node, weights: Readonly<Record<string, Node>>): Node {
  return weights.bias ? b.add(named('product', y), weights.bias) : y;
}

/** The last axis, which dense layers act on. */
function lastAxis(op: string, { shape }: Shaped): number | Problem {
  if (shape.length > 0) return shape.at(-1)!;
  return problem(
    'GAN0321',
    { op, expected: 'at least one axis', shape },
    { operand: 0 },
    { help: '`reshape(1)` makes a scalar a vector of one number' },
  );
}

function denseShape(op: string) {
  return ([a]: readonly Shaped[], attrs: Attrs): Shape | Problem => {
    const last = lastAxis(op, a!);
    return isProblem(last) ? last : [...a!.shape.slice(0, -1), attrs.units as number];
  };
}

const dense: Layer = {
  kind: 'layer',
  doc: 'Fully connected layer on the last axis: [..., n] gives [..., units].',
  signature: [x, { name: 'units', kind: 'integer' }, bias, norm, init],
  resolve: (_, attrs) => positive('dense', 'units', attrs.units) ?? attrs,
  shape: denseShape('dense'),
  weights: ([a], attrs) => {
    const [n, units] = [a!.shape.at(-1)!, attrs.units as number];
    return [kernelSlot([n, units], n, units, attrs), ...biasSlots(units, attrs)];
  },
  stats: ([a], attrs) => spectralStats([a!.shape.at(-1)!, attrs.units as number], attrs),
  build: (b, [a], attrs, weights, context) => {
    const kernel = normalised(b, weights.kernel!, attrs, context);
    return biased(b, b.op('linear', [a!, kernel], { transpose: false }), weights);
  },
  samples: [
    { operands: [{ shape: [3], batch: true }], attrs: { units: 2, bias: true, norm: 'none', init: null } },
    {
      operands: [{ shape: [2, 3], batch: true }],
      attrs: { units: 2, bias: false, norm: 'none', init: null },
    },
    {
      operands: [{ shape: [3], batch: true }],
      attrs: { units: 2, bias: true, norm: 'spectral', init: null },
    },
    { operands: [{ shape: [3], batch: false }], attrs: { units: 2, bias: true, norm: 'none', init: null } },
  ],
};

/** How many classes an embedding has: as many as the last axis of a label, or as many as are said where it gets numbers. */
function classesOf({ shape }: Shaped, attrs: Attrs): number {
  return (attrs.classes as number | null) ?? shape.at(-1)!;
}

const embed: Layer = {
  kind: 'layer',
  doc: 'A vector of `units` numbers for each class: its row of the kernel. Of a label, or any one-hot last axis [..., n], it gives [..., units]; with `classes = n` it takes class numbers from 0, of any shape [...], and gives [..., units].',
  signature: [
    { ...x, doc: 'a label, or class numbers' },
    { name: 'units', kind: 'integer' },
    {
      name: 'classes',
      kind: 'integer',
      default: null,
      doc: 'how many there are, where `x` is class numbers',
    },
    init,
  ],
  resolve: (_, attrs) =>
    firstProblem(
      positive('embed', 'units', attrs.units),
      attrs.classes === null ? null : positive('embed', 'classes', attrs.classes),
    ) ?? attrs,
  shape: ([a], attrs) =>
    attrs.classes === null ? denseShape('embed')([a!], attrs) : [...a!.shape, attrs.units as number],
  weights: ([a], attrs) => {
    const [n, units] = [classesOf(a!, attrs), attrs.units as number];
    return [kernelSlot([n, units], n, units, attrs)];
  },
  build: (b, [a], attrs, weights) =>
    attrs.classes === null
      ? b.op('linear', [a!, weights.kernel!], { transpose: false })
      : b.op('take', [weights.kernel!, a!], { lead: 0, permutation: false }),
  samples: [
    { operands: [{ shape: [4], batch: true }], attrs: { units: 2, classes: null, init: null } },
    {
      operands: [{ shape: [3], batch: true, from: [0, 4.9] }],
      attrs: { units: 2, classes: 5, init: null },
      wrt: [],
    },
  ],
};

const weight: Layer = {
  kind: 'layer',
  doc: 'A bare weight of this shape, the same for every example.',
  signature: [{ name: 'shape', kind: 'integers', doc: 'a list: `weight([4, 4, 512])`' }, init],
  resolve: (_, attrs) => {
    const shape = [attrs.shape as Attr].flat() as number[];
    return firstProblem(...shape.map((d) => positive('weight', 'shape', d))) ?? { ...attrs, shape };
  },
  shape: (_, attrs) => numbers(attrs, 'shape'),
  batch: () => false,
  weights: (_, attrs) => {
    const shape = numbers(attrs, 'shape');
    const fanOut = shape.at(-1) ?? 1;
    return [{ slot: 'value', shape, init: initOf(attrs, zeroInit), fanIn: sizeOf(shape) / fanOut, fanOut }];
  },
  build: (_, __, ___, weights) => weights.value!,
  samples: [{ operands: [], attrs: { shape: [2, 3], init: null } }],
};

/** A kernel argument and what else convolutions check before shapes. */
function convolutionArguments(op: string, shape: Shape, attrs: Attrs): Attrs | Problem {
  const window = resolveConvolution(op, shape, attrs);
  if (isProblem(window)) return window;
  const spatial = shape.length === 2 ? 1 : 2;
  const kernel = pairOf(op, 'kernel', attrs.kernel, spatial);
  return (
    firstProblem<unknown>(positive(op, 'filters', attrs.filters), kernel) ?? {
      ...window,
      kernel: kernel as Pair,
    }
  );
}

/** [kh, kw, a, b] for pictures, [k, a, b] for sequences. */
function kernelShape(rank: number, [kh, kw]: Pair, a: number, b: number): Shape {
  return rank === 2 ? [kw, a, b] : [kh, kw, a, b];
}

function convSlots([a]: readonly Shaped[], attrs: Attrs): Slot[] {
  const kernel = pairAttr(attrs, 'kernel');
  const channels = a!.shape.at(-1)! / (attrs.groups as number);
  const filters = attrs.filters as number;
  const window = sizeOf(kernel);
  const shape = kernelShape(a!.shape.length, kernel, channels, filters);
  return [kernelSlot(shape, window * channels, window * filters, attrs), ...biasSlots(filters, attrs)];
}

const conv: Layer = {
  kind: 'layer',
  doc: 'Convolution of [height, width, channels] or [length, channels]. "same" gives ⌈n / stride⌉ positions.',
  signature: [
    x,
    { name: 'filters', kind: 'integer' },
    kernelSize,
    windowParameters.stride,
    windowParameters.padding,
    windowParameters.dilation,
    windowParameters.groups,
    bias,
    norm,
    init,
  ],
  resolve: ([a], attrs) => {
    const resolved = convolutionArguments('conv', a!.shape, attrs);
    if (isProblem(resolved)) return resolved;
    const [groups, filters] = [resolved.groups as number, resolved.filters as number];
    return filters % groups === 0
      ? resolved
      : problem(
          'GAN0329',
          { op: 'conv', groups, channels: filters, what: 'filters' },
          { argument: 'groups' },
        );
  },
  shape: ([a], attrs) =>
    convolutionShape('conv', a!.shape, pairAttr(attrs, 'kernel'), attrs.filters as number, attrs),
  weights: convSlots,
  stats: (args, attrs) => spectralStats(convSlots(args, attrs)[0]!.shape, attrs),
  build: (b, [a], attrs, weights, context) => {
    const kernel = normalised(b, weights.kernel!, attrs, context);
    return biased(b, buildConvolution(b, a!, kernel, attrs), weights);
  },
  samples: [
    convSample([5, 4, 2], { filters: 3, kernel: [3, 3], stride: [2, 2] }),
    convSample([5, 4, 2], { filters: 2, kernel: [3, 3], padding: 1, norm: 'spectral', bias: false }),
    convSample([4, 4, 2], { filters: 2, kernel: [2, 2], padding: 'valid', dilation: [2, 2], groups: 2 }),
    convSample([7, 2], { filters: 3, kernel: [1, 3], stride: [1, 2] }),
    convSample([6, 1], { filters: 2, kernel: [1, 3], padding: 2 }),
  ],
};

function convSample(shape: Shape, attrs: Attrs) {
  const defaults: Attrs = {
    stride: [1, 1],
    padding: 'same',
    dilation: [1, 1],
    groups: 1,
    bias: true,
    norm: 'none',
    init: null,
  };
  return { operands: [{ shape, batch: true }], attrs: { ...defaults, ...attrs } };
}

/** What a transposed convolution makes of one direction. */
function transposedSize(n: number, k: number, stride: number, padding: Padding): number {
  return padding === 'same' ? n * stride : (n - 1) * stride + k - 2 * (padding === 'valid' ? 0 : padding);
}

/** Sizes of the result as [h, w], and of it before pixels of padding are taken away. */
function transposedSizes(a: Shape, attrs: Attrs): { full: Pair; result: Pair } {
  const sequence = a.length === 2;
  const size: Pair = sequence ? [1, a[0]!] : [a[0]!, a[1]!];
  const [kernel, stride] = [pairAttr(attrs, 'kernel'), pairAttr(attrs, 'stride')];
  const padding = attrs.padding as Padding;
  const of = (i: 0 | 1, p: Padding) => transposedSize(size[i], kernel[i], stride[i], p);
  const full = typeof padding === 'number' ? 'valid' : padding;
  return {
    full: [of(0, full), of(1, full)],
    result: [of(0, sequence ? full : padding), of(1, padding)],
  };
}

function convTransposeSlots([a]: readonly Shaped[], attrs: Attrs): Slot[] {
  const kernel = pairAttr(attrs, 'kernel');
  const [channels, filters] = [a!.shape.at(-1)!, attrs.filters as number];
  const window = sizeOf(kernel);
  const shape = kernelShape(a!.shape.length, kernel, filters, channels);
  return [kernelSlot(shape, window * channels, window * filters, attrs), ...biasSlots(filters, attrs)];
}

const convTranspose: Layer = {
  kind: 'layer',
  doc: 'Transposed convolution, with which generators grow pictures: "same" gives exactly n × stride positions, the odd one of what is cut off at the end. Its kernel is [height, width, out, in].',
  signature: [
    x,
    { name: 'filters', kind: 'integer' },
    kernelSize,
    windowParameters.stride,
    {
      ...windowParameters.padding,
      doc: '"same" gives n × stride; p pixels give (n − 1) · stride + kernel − 2p',
    },
    bias,
    norm,
    init,
  ],
  resolve: ([a], attrs) => {
    const spatial = spatialAxes('conv_transpose', a!.shape);
    if (isProblem(spatial)) return spatial;
    const kernel = pairOf('conv_transpose', 'kernel', attrs.kernel, spatial);
    const stride = pairOf('conv_transpose', 'stride', attrs.stride, spatial);
    const padding = paddingOf('conv_transpose', attrs.padding);
    const filters = positive('conv_transpose', 'filters', attrs.filters);
    const wrong = firstProblem<unknown>(filters, kernel, stride, padding);
    return wrong ?? { ...attrs, kernel: kernel as Pair, stride: stride as Pair, padding: padding as Padding };
  },
  shape: ([a], attrs) => {
    const { full, result } = transposedSizes(a!.shape, attrs);
    const sequence = a!.shape.length === 2;
    const large = tooLarge('`conv_transpose` before its padding is taken away', [
      ...full,
      attrs.filters as number,
    ]);
    if (large) return large;
    for (const i of [0, 1] as const) {
      if (result[i] >= 1) continue;
      const input = a!.shape[sequence ? 0 : i]!;
      const [kernel, stride] = [pairAttr(attrs, 'kernel')[i], pairAttr(attrs, 'stride')[i]];
      return problem(
        'GAN0335',
        { kernel, stride, padding: attrs.padding as number, input },
        { argument: 'padding' },
        { help: 'take `padding = "same"`, or fewer pixels' },
      );
    }
    return [...(sequence ? [result[1]] : result), attrs.filters as number];
  },
  weights: convTransposeSlots,
  stats: (args, attrs) => spectralStats(convTransposeSlots(args, attrs)[0]!.shape, attrs),
  build: (b, [a], attrs, weights, context) => {
    const kernel = normalised(b, weights.kernel!, attrs, context);
    const sequence = a!.shape.length === 2;
    const input = sequence ? b.reshape(a!, [1, ...a!.shape]) : a!;
    const k = sequence ? b.reshape(kernel, [1, ...kernel.shape]) : kernel;
    const { full, result } = transposedSizes(a!.shape, attrs);
    const y = b.op('conv2d_input_gradient', [input, k], {
      stride: attrs.stride!,
      dilation: [1, 1],
      groups: 1,
      padding: attrs.padding === 'same' ? 'same' : 'valid',
      size: full,
    });
    const margin = [(full[0] - result[0]) / 2, (full[1] - result[1]) / 2, 0];
    const kept = margin.some((n) => n > 0) ? b.op('crop', [y], { before: margin, after: margin }) : y;
    return biased(b, sequence ? b.reshape(kept, kept.shape.slice(1)) : kept, weights);
  },
  samples: [
    convSample([2, 3, 2], { filters: 2, kernel: [5, 5], stride: [2, 2] }),
    convSample([2, 2, 2], { filters: 1, kernel: [4, 4], stride: [2, 2], padding: 1, norm: 'spectral' }),
    convSample([2, 2, 1], { filters: 2, kernel: [2, 2], stride: [3, 3], bias: false }),
    convSample([2, 3, 1], { filters: 2, kernel: [3, 2], stride: [2, 1], padding: 'valid' }),
    convSample([3, 2], { filters: 2, kernel: [1, 4], stride: [1, 2], padding: 1 }),
  ],
};

export const layers = { dense, embed, weight, conv, conv_transpose: convTranspose };
