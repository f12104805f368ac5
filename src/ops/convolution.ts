/**
 * Convolution and its two gradients: three primitives, linear in each operand, each differentiated into the other two,
 * so that any order of gradient stays within them. All are 2-D; sequences are pictures of height 1.
 */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import type { Attrs, Shape, Shaped } from '../ir/types.ts';
import { marginsOf, plainPadding, withoutPad } from './convolution-margins.ts';
import { anything, mulInterval, sumInterval, union } from './interval.ts';
import type { Composite, Interval, Primitive } from './record.ts';
import { countedShape } from './shapes.ts';
import {
  along,
  firstProblem,
  type Margins,
  numbers,
  type Padding,
  type Pair,
  paddingOf,
  pairAttr,
  pairOf,
  pairText,
  positive,
  spanOf,
  spatialAxes,
  windowCount,
  windowCounts,
} from './window.ts';
import {
  convolveFilterGradient,
  convolveInputGradient,
  convolve as convolveReference,
  type Geometry,
} from './window-reference.ts';

const zero: Interval = { lo: 0, hi: 0 };

function geometry(attrs: Attrs, size: Shape, out: Shape, kernel: Shape): Geometry {
  return {
    size: [size[0]!, size[1]!],
    out: [out[0]!, out[1]!],
    kernel: [kernel[0]!, kernel[1]!],
    stride: pairAttr(attrs, 'stride'),
    dilation: pairAttr(attrs, 'dilation'),
    padding: attrs.padding as Padding | Margins,
  };
}

/** A bug of the compiler unless the user's kernel is at fault; `convolve` has checked that one with better words. */
function shapeOf(attrs: Attrs, x: Shape, k: Shape): Shape | Problem {
  const groups = attrs.groups as number;
  if (x.length !== 3 || k.length !== 4 || x[2] !== k[2]! * groups || k[3]! % groups !== 0) {
    return problem('GAN0328', { channels: x[2] ?? 0, kernel: k, groups, needed: (x[2] ?? 0) / groups });
  }
  const out = windowCounts(
    'convolution',
    [x[0]!, x[1]!],
    [k[0]!, k[1]!],
    pairAttr(attrs, 'stride'),
    pairAttr(attrs, 'dilation'),
    attrs.padding as Padding | Margins,
  );
  return isProblem(out) ? out : [...out, k[3]!];
}

function flops(out: Shape, kernel: Shape): number {
  return 2 * out[0]! * out[1]! * kernel[0]! * kernel[1]! * kernel[2]! * kernel[3]!;
}

/** The window's attributes, without those that say a gradient's own shape. */
function windowOf({ stride, dilation, groups, padding }: Attrs): Attrs {
  return { stride: stride!, dilation: dilation!, groups: groups!, padding: padding! };
}

/** Whether tfjs has a function of its own for it: it takes no groups, no margins, and no dilation beside a stride. */
function plain(attrs: Attrs): boolean {
  const [stride, dilation] = [pairAttr(attrs, 'stride'), pairAttr(attrs, 'dilation')];
  const dilated = Math.max(...dilation) > 1;
  return attrs.groups === 1 && typeof attrs.padding === 'string' && !(dilated && Math.max(...stride) > 1);
}

/** `'same'`, or pixels: `2` on all sides, `[[1, 2], [0, 1]]` before and after each axis. */
function paddingText({ padding }: Attrs): string {
  if (typeof padding === 'string') return `'${padding}'`;
  const [rows, columns] = padding as unknown as Margins;
  const equal = new Set([...rows, ...columns]).size === 1;
  return equal ? String(rows[0]) : `[[${rows.join(', ')}], [${columns.join(', ')}]]`;
}

/** The window as the last argument of a runtime function. */
function windowText(attrs: Attrs): string {
  const parts = [`stride: ${pairText(pairAttr(attrs, 'stride'))}`, `padding: ${paddingText(attrs)}`];
  const dilation = pairAttr(attrs, 'dilation');
  if (Math.max(...dilation) > 1) parts.push(`dilation: ${pairText(dilation)}`);
  if (attrs.groups !== 1) parts.push(`groups: ${attrs.groups}`);
  return `{ ${parts.join(', ')} }`;
}

const image = (h: number, w: number, c: number, batch = true): Shaped => ({ shape: [h, w, c], batch });
const kernelOf = (kh: number, kw: number, i: number, o: number): Shaped => ({
  shape: [kh, kw, i, o],
  batch: false,
});

function window(
  stride: Pair,
  padding: 'same' | 'valid' | Margins,
  dilation: Pair = [1, 1],
  groups = 1,
): Attrs {
  return { stride, padding, dilation, groups };
}

/** Margins for samples: another number on each side, and the same on all. */
const uneven: Margins = [
  [2, 1],
  [1, 2],
];
const even: Margins = [
  [2, 2],
  [2, 2],
];

const conv2d: Primitive = {
  kind: 'primitive',
  doc: 'Convolution (cross-correlation, as everywhere in deep learning) of [h, w, in] with a kernel [kh, kw, in / groups, out].',
  signature: null,
  shape: ([x, k], attrs) => shapeOf(attrs, x!.shape, k!.shape),
  gradient: (b, node, dy, i) => {
    const [x, k] = node.args as [Node, Node];
    const attrs = windowOf(node.attrs);
    return i === 0
      ? b.op('conv2d_input_gradient', [dy, k], { ...attrs, size: x.shape.slice(0, 2) })
      : b.op('conv2d_filter_gradient', [x, dy], { ...attrs, kernel: k.shape.slice(0, 2) });
  },
  range: ([x, k], attrs, shapes) => {
    const product = mulInterval(x!, k!);
    const taps = shapes[1]!.shape;
    return sumInterval(
      attrs.padding === 'valid' ? product : union(product, zero),
      taps[0]! * taps[1]! * taps[2]!,
    );
  },
  cost: ([, k], _, out) => ({ flops: flops(out, k!.shape) }),
  reference: ([x, k], node) =>
    convolveReference(
      x!,
      k!,
      geometry(node.attrs, node.args[0]!.shape, node.shape, k!.shape),
      node.attrs.groups as number,
      countedShape(node),
    ),
  simplify: (b, [x, k], attrs) =>
    withoutPad(b, 'conv2d', [x!, k!], attrs, k!.shape) ?? plainWindows(b, x!, k!, attrs),
  lower: {
    tfjs: ([x, k], node) => {
      if (!plain(node.attrs)) return `nn.conv2d(${x}, ${k}, ${windowText(node.attrs)})`;
      const dilation = pairAttr(node.attrs, 'dilation');
      const rest = Math.max(...dilation) > 1 ? `, 'NHWC', ${pairText(dilation)}` : '';
      return `tf.conv2d(${x}, ${k}, ${pairText(pairAttr(node.attrs, 'stride'))}, '${node.attrs.padding}'${rest})`;
    },
  },
  samples: [
    { operands: [image(5, 4, 2), kernelOf(3, 3, 2, 3)], attrs: window([1, 1], 'same') },
    { operands: [image(5, 6, 2), kernelOf(3, 2, 2, 2)], attrs: window([2, 2], 'same') },
    { operands: [image(6, 6, 1), kernelOf(5, 5, 1, 2)], attrs: window([2, 2], 'same') },
    { operands: [image(5, 5, 2), kernelOf(2, 2, 2, 2)], attrs: window([2, 1], 'valid') },
    { operands: [image(7, 6, 1), kernelOf(3, 2, 1, 2)], attrs: window([1, 1], 'same', [2, 2]) },
    { operands: [image(7, 6, 1), kernelOf(3, 2, 1, 2)], attrs: window([2, 1], 'same', [2, 3]) },
    { operands: [image(4, 4, 4), kernelOf(3, 3, 2, 2)], attrs: window([1, 1], 'same', [1, 1], 2) },
    { operands: [image(5, 4, 3), kernelOf(3, 3, 1, 3)], attrs: window([2, 2], 'same', [1, 1], 3) },
    { operands: [image(5, 4, 2, false), kernelOf(1, 1, 2, 3)], attrs: window([1, 1], 'same') },
    { operands: [image(5, 5, 1), kernelOf(1, 1, 1, 2)], attrs: window([3, 2], 'same') },
    { operands: [image(6, 6, 1), kernelOf(2, 3, 1, 2)], attrs: window([3, 2], 'same') },
    { operands: [image(3, 2, 1), kernelOf(2, 1, 1, 2)], attrs: window([1, 3], 'valid') },
    { operands: [image(5, 4, 2), kernelOf(3, 3, 2, 3)], attrs: window([2, 1], uneven) },
    { operands: [image(4, 4, 4), kernelOf(3, 2, 2, 2)], attrs: window([1, 2], uneven, [1, 2], 2) },
    { operands: [image(6, 5, 1), kernelOf(5, 5, 1, 2)], attrs: window([2, 2], even) },
  ],
};

const conv2dInputGradient: Primitive = {
  kind: 'primitive',
  doc: 'The transpose of a convolution in its input: [oh, ow, out] with a kernel [kh, kw, in / groups, out] gives [h, w, in]. Also the transposed convolution of generators.',
  signature: null,
  shape: ([, k], attrs) => [...pairAttr(attrs, 'size'), k!.shape[2]! * (attrs.groups as number)],
  gradient: (b, node, dy, i) => {
    const [g, k] = node.args as [Node, Node];
    const attrs = windowOf(node.attrs);
    return i === 0
      ? b.op('conv2d', [dy, k], attrs)
      : b.op('conv2d_filter_gradient', [dy, g], { ...attrs, kernel: k.shape.slice(0, 2) });
  },
  range: ([g, k], attrs, shapes) => {
    // Where the stride exceeds the kernel, or at a border, fewer taps meet a pixel, or none.
    const taps = shapes[1]!.shape;
    const most = [0, 1].map((i) => {
      return Math.ceil(taps[i]! / (pairAttr(attrs, 'dilation')[i]! > 1 ? 1 : pairAttr(attrs, 'stride')[i]!));
    });
    return sumInterval(
      union(mulInterval(g!, k!), zero),
      most[0]! * most[1]! * (taps[3]! / (attrs.groups as number)),
    );
  },
  cost: ([g, k]) => ({ flops: flops(g!.shape, k!.shape) }),
  reference: ([g, k], node) =>
    convolveInputGradient(
      g!,
      k!,
      geometry(node.attrs, node.shape, node.args[0]!.shape, k!.shape),
      node.attrs.groups as number,
      countedShape(node),
    ),
  lower: {
    tfjs: ([g, k], node) => {
      const { attrs } = node;
      const simple = plain(attrs) && Math.max(...pairAttr(attrs, 'dilation')) === 1 && node.count !== null;
      if (!simple) {
        return `nn.conv2dInputGradient(${g}, ${k}, [${numbers(attrs, 'size').join(', ')}], ${windowText(attrs)})`;
      }
      const stride = pairText(pairAttr(attrs, 'stride'));
      return `tf.conv2dTranspose(${g}, ${k}, [${g}.shape[0], ${node.shape.join(', ')}], ${stride}, '${attrs.padding}')`;
    },
  },
  samples: [
    inputGradientSample([5, 4], [5, 4, 3], [3, 3, 2, 3], window([1, 1], 'same')),
    inputGradientSample([5, 6], [3, 3, 2], [3, 2, 2, 2], window([2, 2], 'same')),
    inputGradientSample([6, 6], [3, 3, 2], [5, 5, 1, 2], window([2, 2], 'same')),
    inputGradientSample([5, 5], [2, 4, 2], [2, 2, 2, 2], window([2, 1], 'valid')),
    inputGradientSample([7, 6], [4, 6, 2], [3, 2, 1, 2], window([2, 1], 'same', [2, 3])),
    inputGradientSample([4, 4], [4, 4, 2], [3, 3, 2, 2], window([1, 1], 'same', [1, 1], 2)),
    inputGradientSample([5, 4], [3, 2, 3], [3, 3, 1, 3], window([2, 2], 'same', [1, 1], 3)),
    inputGradientSample([6, 6], [2, 2, 1], [2, 2, 2, 1], window([3, 3], 'same')),
    inputGradientSample([5, 4], [5, 4, 3], [3, 3, 2, 3], window([1, 1], 'same'), false),
    inputGradientSample([5, 4], [3, 5, 3], [3, 3, 2, 3], window([2, 1], uneven)),
    inputGradientSample([6, 5], [3, 3, 2], [5, 5, 1, 2], window([2, 2], even)),
    inputGradientSample([4, 4], [5, 3, 2], [3, 2, 2, 2], window([1, 2], uneven, [1, 2], 2)),
  ],
};

/**
 * `same` where it pads nothing is `valid`: one value, one node. Two kinds of windows come out wrong elsewhere, so they are
 * written otherwise: those of `same` that leave a gap at a border (zeros from XNNPACK, under tfjs's own wasm backend), and
 * unequal strides where a long one never takes a step (noise from oneDNN, under TensorFlow).
 */
function plainWindows(b: Builder, x: Node, k: Node, attrs: Attrs): Node | null {
  const strides = pairAttr(attrs, 'stride');
  const margins = marginsOf(attrs, x.shape, k.shape);
  const sides = ([0, 1] as const).map((i) => {
    const [n, stride] = [x.shape[i]!, strides[i]];
    const span = spanOf(k.shape[i]!, pairAttr(attrs, 'dilation')[i]);
    const out = windowCount(n, span, stride, along(attrs.padding as Padding | Margins, i));
    const [before, after] = margins[i];
    // (One that lies in the margin alone keeps its stride.)
    const still = out === 1 && stride > 1 && strides[0] !== strides[1] && span > before;
    // The only window that there is, and nothing beside it, needs no stride.
    return {
      missing: (out - 1) * stride + span - n,
      still,
      before,
      after: still ? span - n - before : after,
    };
  });
  const still = sides.some((side) => side.still);
  const gap = sides.some(({ missing }) => missing < 0) || sides.every(({ missing }) => missing === 0);
  if (!still && !(attrs.padding === 'same' && gap)) return null;
  const beyond = [...sides.map((side) => Math.max(0, -side.after)), 0];
  const input = b.op('crop', [x], { before: [0, 0, 0], after: beyond });
  const stride = still ? strides.map((_, i) => strides[sides[i]!.still ? 1 - i : i]!) : strides;
  const both = sides.every((side) => side.still) ? [1, 1] : stride;
  const around = sides.map(({ before, after }) => [before, Math.max(0, after)]) as unknown as Margins;
  const plain = { ...attrs, stride: both };
  return b.op('conv2d', [input, k], {
    ...plain,
    padding: plainPadding(around, plain, input.shape, k.shape),
  });
}

function inputGradientSample(size: Pair, dy: Shape, kernel: Shape, attrs: Attrs, batch = true) {
  return {
    operands: [
      { shape: dy, batch },
      { shape: kernel, batch: false },
    ],
    attrs: { ...attrs, size },
  };
}

const conv2dFilterGradient: Primitive = {
  kind: 'primitive',
  doc: 'The transpose of a convolution in its kernel: [h, w, in] with [oh, ow, out] gives the whole [kh, kw, in / groups, out], summed over the examples.',
  signature: null,
  shape: ([x, dy], attrs) => [
    ...pairAttr(attrs, 'kernel'),
    x!.shape[2]! / (attrs.groups as number),
    dy!.shape[2]!,
  ],
  batch: () => false,
  gradient: (b, node, dk, i) => {
    const [x, g] = node.args as [Node, Node];
    const attrs = windowOf(node.attrs);
    return i === 0
      ? b.op('conv2d_input_gradient', [g, dk], { ...attrs, size: x.shape.slice(0, 2) })
      : b.op('conv2d', [x, dk], attrs);
  },
  range: () => anything,
  cost: ([x, dy], attrs) => ({
    flops: flops(dy!.shape, [
      ...pairAttr(attrs, 'kernel'),
      x!.shape[2]! / (attrs.groups as number),
      dy!.shape[2]!,
    ]),
  }),
  reference: ([x, dy], node) =>
    convolveFilterGradient(
      x!,
      dy!,
      geometry(node.attrs, node.args[0]!.shape, node.args[1]!.shape, node.shape),
      node.attrs.groups as number,
      node.shape,
    ),
  simplify: (b, args, attrs) =>
    withoutPad(b, 'conv2d_filter_gradient', args, attrs, pairAttr(attrs, 'kernel')),
  lower: {
    tfjs: ([x, dy], node) =>
      `nn.conv2dFilterGradient(${x}, ${dy}, [${node.shape.join(', ')}], ${windowText(node.attrs)})`,
  },
  samples: [
    filterGradientSample([5, 4, 2], [5, 4, 3], [3, 3], window([1, 1], 'same')),
    filterGradientSample([5, 6, 2], [3, 3, 2], [3, 2], window([2, 2], 'same')),
    filterGradientSample([6, 6, 1], [3, 3, 2], [5, 5], window([2, 2], 'same')),
    filterGradientSample([5, 5, 2], [2, 4, 2], [2, 2], window([2, 1], 'valid')),
    filterGradientSample([7, 6, 1], [4, 6, 2], [3, 2], window([2, 1], 'same', [2, 3])),
    filterGradientSample([4, 4, 4], [4, 4, 2], [3, 3], window([1, 1], 'same', [1, 1], 2)),
    filterGradientSample([5, 4, 3], [3, 2, 3], [3, 3], window([2, 2], 'same', [1, 1], 3)),
    filterGradientSample([5, 4, 2], [5, 4, 3], [3, 3], window([1, 1], 'same'), false),
    filterGradientSample([5, 4, 2], [3, 5, 3], [3, 3], window([2, 1], uneven)),
    filterGradientSample([6, 5, 1], [3, 3, 2], [5, 5], window([2, 2], even)),
    filterGradientSample([4, 4, 4], [5, 3, 2], [3, 2], window([1, 2], uneven, [1, 2], 2)),
  ],
};

function filterGradientSample(x: Shape, dy: Shape, kernel: Pair, attrs: Attrs, batch = true) {
  return {
    operands: [
      { shape: x, batch },
      { shape: dy, batch },
    ],
    attrs: { ...attrs, kernel },
  };
}

/**
 * A convolution as users mean it: sequences and pictures, pixels of padding. `attrs` are resolved. A sequence's kernel is
 * [k, in, out].
 */
export function buildConvolution(b: Builder, x: Node, kernel: Node, attrs: Attrs): Node {
  const sequence = x.shape.length === 2;
  let input = sequence ? b.reshape(x, [1, ...x.shape]) : x;
  const k = sequence ? b.reshape(kernel, [1, ...kernel.shape]) : kernel;
  let padding = attrs.padding as Padding;
  if (typeof padding === 'number') {
    if (padding > 0) {
      const amount = [sequence ? 0 : padding, padding, 0];
      input = b.op('zero_pad', [input], { before: amount, after: amount });
    }
    padding = 'valid';
  }
  const y = b.op('conv2d', [input, k], windowOf({ ...attrs, padding }));
  return sequence ? b.reshape(y, y.shape.slice(1)) : y;
}

/** Stride, dilation, padding and groups of a convolution, checked and as pairs. */
export function resolveConvolution(op: string, x: Shape, attrs: Attrs): Attrs | Problem {
  const spatial = spatialAxes(op, x);
  if (isProblem(spatial)) return spatial;
  const stride = pairOf(op, 'stride', attrs.stride, spatial);
  const dilation = pairOf(op, 'dilation', attrs.dilation, spatial);
  const padding = paddingOf(op, attrs.padding);
  const wrong = firstProblem<unknown>(stride, dilation, padding, positive(op, 'groups', attrs.groups));
  if (wrong) return wrong;
  const groups = attrs.groups as number;
  const channels = x.at(-1)!;
  if (channels % groups !== 0) {
    return problem('GAN0329', { op, groups, channels, what: 'channels' }, { argument: 'groups' });
  }
  return { ...attrs, stride: stride as Pair, dilation: dilation as Pair, padding: padding as Padding };
}

/** The result of a convolution with `filters` filters of size `kernel`. */
export function convolutionShape(op: string, x: Shape, kernel: Pair, filters: number, attrs: Attrs) {
  const spatial = x.length === 2 ? 1 : 2;
  const out = windowCounts(
    op,
    spatial === 1 ? [1, x[0]!] : [x[0]!, x[1]!],
    kernel,
    pairAttr(attrs, 'stride'),
    pairAttr(attrs, 'dilation'),
    attrs.padding as Padding,
    spatial,
  );
  if (isProblem(out)) return out;
  return spatial === 1 ? [out[1], filters] : [...out, filters];
}

export const windowParameters = {
  stride: { name: 'stride', kind: 'size', default: 1, doc: 'a number or [h, w]' },
  padding: {
    name: 'padding',
    kind: 'string',
    words: ['same', 'valid'],
    orNumber: true,
    default: 'same',
    doc: '"same" gives ⌈n / stride⌉, "valid" pads nothing, a number is pixels on each side',
  },
  dilation: { name: 'dilation', kind: 'size', default: 1, doc: 'distance between the taps of the kernel' },
  groups: { name: 'groups', kind: 'integer', default: 1, doc: 'channels are split into so many groups' },
} as const;

const convolve: Composite = {
  kind: 'composite',
  doc: 'Convolution with a kernel that is a value: [kh, kw, in / groups, out] on pictures, [k, in / groups, out] on sequences.',
  signature: [
    { name: 'v', kind: 'value' },
    { name: 'kernel', kind: 'value' },
    windowParameters.stride,
    windowParameters.padding,
    windowParameters.dilation,
    windowParameters.groups,
  ],
  resolve: ([x], attrs) => resolveConvolution('convolve', x!.shape, attrs),
  shape: ([x, k], attrs) => {
    const spatial = x!.shape.length - 1;
    if (k!.batch) return problem('GAN0336', { op: 'convolve' }, { operand: 1 });
    if (k!.shape.length !== spatial + 2) {
      const expected = spatial === 2 ? 'a kernel [kh, kw, in, out]' : 'a kernel [k, in, out]';
      return problem('GAN0321', { op: 'convolve', expected, shape: k!.shape }, { operand: 1 });
    }
    const groups = attrs.groups as number;
    const [channels, filters] = [x!.shape.at(-1)!, k!.shape.at(-1)!];
    if (k!.shape.at(-2)! * groups !== channels) {
      const needed = channels / groups;
      return problem('GAN0328', { channels, kernel: k!.shape, groups, needed }, { operand: 1 });
    }
    if (filters % groups !== 0) {
      return problem(
        'GAN0329',
        { op: 'convolve', groups, channels: filters, what: 'filters' },
        { argument: 'groups' },
      );
    }
    const kernel: Pair = spatial === 2 ? [k!.shape[0]!, k!.shape[1]!] : [1, k!.shape[0]!];
    return convolutionShape('convolve', x!.shape, kernel, filters, attrs);
  },
  build: (b, [x, k], attrs) => buildConvolution(b, x!, k!, attrs),
  samples: [
    { operands: [image(5, 5, 2), kernelOf(3, 3, 2, 2)], attrs: { ...window([2, 2], 'same'), padding: 1 } },
    {
      operands: [
        { shape: [9, 2], batch: true },
        { shape: [4, 1, 4], batch: false },
      ],
      attrs: window([1, 2], 'same', [1, 1], 2),
    },
    {
      operands: [
        { shape: [6, 1], batch: true },
        { shape: [3, 1, 1], batch: false },
      ],
      attrs: { ...window([1, 1], 'valid', [1, 2]), padding: 2 },
    },
  ],
};

export const convolution = {
  conv2d,
  conv2d_input_gradient: conv2dInputGradient,
  conv2d_filter_gradient: conv2dFilterGradient,
  convolve,
};
