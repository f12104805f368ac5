/**
 * Pooling over windows, and what gradients of it need. Average pooling is linear, so its gradient is its transpose; max
 * pooling's gradient spreads dy to the winners (of equal values the first), and its transpose picks the winners' values.
 */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { filled, sizeOf } from '../ir/ndarray.ts';
import type { Attrs, Shape } from '../ir/types.ts';
import { sumInterval, union } from './interval.ts';
import type { Composite, Primitive, Sample } from './record.ts';
import { countedShape } from './shapes.ts';
import {
  firstProblem,
  numbers,
  type Padding,
  type Pair,
  paddingOf,
  pairAttr,
  pairOf,
  pairText,
  spatialAxes,
  windowCounts,
} from './window.ts';
import {
  averagePool,
  averagePoolGradient,
  type Geometry,
  maxPoolGradient as maxPoolGradientReference,
  maxPoolSelect as maxPoolSelectReference,
} from './window-reference.ts';

const unit: Pair = [1, 1];

function pooled(x: Shape, attrs: Attrs): Shape | Problem {
  const [kernel, stride] = [pairAttr(attrs, 'kernel'), pairAttr(attrs, 'stride')];
  const out = windowCounts('pooling', [x[0]!, x[1]!], kernel, stride, unit, attrs.padding as Padding);
  return isProblem(out) ? out : [...out, x[2]!];
}

function geometry(attrs: Attrs, size: Shape, out: Shape): Geometry {
  return {
    size: [size[0]!, size[1]!],
    out: [out[0]!, out[1]!],
    kernel: pairAttr(attrs, 'kernel'),
    stride: pairAttr(attrs, 'stride'),
    dilation: unit,
    padding: attrs.padding as Padding,
  };
}

const taps = (attrs: Attrs) => sizeOf(pairAttr(attrs, 'kernel'));

/** Kernel, stride and padding as tfjs takes them. */
function windowText(attrs: Attrs): string {
  return `${pairText(pairAttr(attrs, 'kernel'))}, ${pairText(pairAttr(attrs, 'stride'))}, '${attrs.padding}'`;
}

const windowOf = ({ kernel, stride, padding }: Attrs): Attrs => ({
  kernel: kernel!,
  stride: stride!,
  padding: padding!,
});

const windows: readonly { x: Shape; out: Shape; attrs: Attrs }[] = [
  { x: [4, 6, 2], out: [2, 3, 2], attrs: { kernel: [2, 2], stride: [2, 2], padding: 'same' } },
  { x: [5, 4, 1], out: [3, 2, 1], attrs: { kernel: [3, 3], stride: [2, 2], padding: 'same' } },
  { x: [5, 4, 1], out: [4, 2, 1], attrs: { kernel: [2, 3], stride: [1, 1], padding: 'valid' } },
  { x: [5, 5, 1], out: [2, 2, 1], attrs: { kernel: [2, 2], stride: [3, 3], padding: 'same' } },
];

/** Samples of an operation on the window's input, its output, or both. */
function samples(operands: 'x' | 'out' | 'x, out' | 'x, x', wrt?: readonly number[]): readonly Sample[] {
  const make = (w: (typeof windows)[number], batch: boolean): Sample => {
    const shapes = operands.split(', ').map((side) => (side === 'x' ? w.x : w.out));
    const size: Attrs = operands === 'out' ? { size: w.x.slice(0, 2) } : {};
    return {
      operands: shapes.map((shape) => ({ shape, batch })),
      attrs: { ...w.attrs, ...size },
      distinct: true,
      ...(wrt ? { wrt } : {}),
    };
  };
  return [...windows.map((w) => make(w, true)), make(windows[0]!, false)];
}

const avgPool2d: Primitive = {
  kind: 'primitive',
  doc: 'Mean of each window of [h, w, c], over the pixels that exist.',
  signature: null,
  shape: ([x], attrs) => pooled(x!.shape, attrs),
  gradient: (b, node, dy) =>
    b.op('avg_pool2d_gradient', [dy], { ...windowOf(node.attrs), size: node.args[0]!.shape.slice(0, 2) }),
  range: ([x]) => x!,
  cost: (_, attrs, out) => ({ flops: sizeOf(out) * taps(attrs) }),
  reference: ([x], node) =>
    averagePool(x!, geometry(node.attrs, node.args[0]!.shape, node.shape), countedShape(node)),
  lower: { tfjs: ([x], node) => `tf.avgPool(${x}, ${windowText(node.attrs)})` },
  samples: samples('x'),
};

const avgPool2dGradient: Primitive = {
  kind: 'primitive',
  doc: 'The transpose of average pooling: each number goes in equal shares to the pixels of its window.',
  signature: null,
  shape: ([dy], attrs) => [...pairAttr(attrs, 'size'), dy!.shape[2]!],
  gradient: (b, node, dy) => b.op('avg_pool2d', [dy], windowOf(node.attrs)),
  range: ([dy], attrs) => sumInterval(union(dy!, { lo: 0, hi: 0 }), taps(attrs)),
  cost: ([dy], attrs) => ({ flops: sizeOf(dy!.shape) * taps(attrs) }),
  reference: ([dy], node) =>
    averagePoolGradient(dy!, geometry(node.attrs, node.shape, node.args[0]!.shape), countedShape(node)),
  lower: {
    tfjs: ([dy], node) =>
      `nn.avgPoolGradient(${dy}, [${numbers(node.attrs, 'size').join(', ')}], ${windowText(node.attrs)})`,
  },
  samples: samples('out'),
};

const maxPool2d: Primitive = {
  kind: 'primitive',
  doc: 'Largest number of each window of [h, w, c].',
  signature: null,
  shape: ([x], attrs) => pooled(x!.shape, attrs),
  gradient: (b, node, dy) => b.op('max_pool2d_gradient', [node.args[0]!, dy], windowOf(node.attrs)),
  range: ([x]) => x!,
  cost: (_, attrs, out) => ({ flops: sizeOf(out) * taps(attrs) }),
  reference: ([x], node) =>
    maxPoolSelectReference(x!, x!, geometry(node.attrs, node.args[0]!.shape, node.shape), countedShape(node)),
  lower: { tfjs: ([x], node) => `tf.maxPool(${x}, ${windowText(node.attrs)})` },
  samples: samples('x'),
};

const maxPool2dGradient: Primitive = {
  kind: 'primitive',
  doc: 'Gradient of max pooling of `x`: dy goes to the winner of each window, of equal values to the first.',
  signature: null,
  shape: ([x]) => x!.shape,
  gradient: (b, node, dy, i) =>
    // Which pixel wins does not change with small changes of x.
    i === 0 ? null : b.op('max_pool2d_select', [node.args[0]!, dy], windowOf(node.attrs)),
  range: ([, dy], attrs) => sumInterval(union(dy!, { lo: 0, hi: 0 }), taps(attrs)),
  cost: ([, dy], attrs) => ({ flops: sizeOf(dy!.shape) * taps(attrs) }),
  reference: ([x, dy], node) =>
    maxPoolGradientReference(x!, dy!, geometry(node.attrs, node.shape, node.args[1]!.shape)),
  lower: { tfjs: ([x, dy], node) => `nn.maxPoolGradient(${x}, ${dy}, ${windowText(node.attrs)})` },
  samples: samples('x, out', [1]),
};

const maxPool2dSelect: Primitive = {
  kind: 'primitive',
  doc: 'Of each window the value of `g` where `x` is largest: the transpose of the gradient of max pooling.',
  signature: null,
  shape: ([x], attrs) => pooled(x!.shape, attrs),
  gradient: (b, node, dy, i) =>
    i === 0 ? null : b.op('max_pool2d_gradient', [node.args[0]!, dy], windowOf(node.attrs)),
  range: ([, g]) => g!,
  cost: (_, attrs, out) => ({ flops: sizeOf(out) * taps(attrs) }),
  reference: ([x, g], node) =>
    maxPoolSelectReference(x!, g!, geometry(node.attrs, node.args[0]!.shape, node.shape), countedShape(node)),
  lower: { tfjs: ([x, g], node) => `nn.maxPoolSelect(${x}, ${g}, ${windowText(node.attrs)})` },
  samples: samples('x, x', [1]),
};

/** Average or max pooling as users write it: of pictures and of sequences. */
function pool(name: 'avg_pool' | 'max_pool', doc: string): Composite {
  return {
    kind: 'composite',
    doc,
    signature: [
      { name: 'x', kind: 'value' },
      { name: 'kernel', kind: 'size', default: 2, doc: 'of the window: a number or [h, w]' },
      {
        name: 'stride',
        kind: 'size',
        default: null,
        doc: 'default: the kernel, so that windows do not overlap',
      },
      { name: 'padding', kind: 'string', words: ['same', 'valid'], orNumber: true, default: 'same' },
    ],
    resolve: ([x], attrs) => {
      const spatial = spatialAxes(name, x!.shape);
      if (isProblem(spatial)) return spatial;
      const kernel = pairOf(name, 'kernel', attrs.kernel, spatial);
      if (isProblem(kernel)) return kernel;
      const stride = pairOf(name, 'stride', attrs.stride ?? kernel, spatial);
      const padding = paddingOf(name, attrs.padding);
      const side = Math.min(...kernel.slice(spatial === 1 ? 1 : 0));
      if (typeof padding === 'number' && padding >= side) {
        const needs = `smaller than the kernel (${side}), so that every window meets the value`;
        return problem(
          'GAN0330',
          { op: name, argument: 'padding', value: padding, needs },
          { argument: 'padding' },
        );
      }
      return (
        firstProblem<unknown>(stride, padding) ?? {
          kernel,
          stride: stride as Pair,
          padding: padding as Padding,
        }
      );
    },
    shape: ([x], attrs) => {
      const spatial = x!.shape.length === 2 ? 1 : 2;
      const size: Pair = spatial === 1 ? [1, x!.shape[0]!] : [x!.shape[0]!, x!.shape[1]!];
      const [kernel, stride] = [pairAttr(attrs, 'kernel'), pairAttr(attrs, 'stride')];
      const out = windowCounts(name, size, kernel, stride, unit, attrs.padding as Padding, spatial);
      if (isProblem(out)) return out;
      return spatial === 1 ? [out[1], x!.shape[1]!] : [...out, x!.shape[2]!];
    },
    build: (b, [x], attrs) => buildPool(b, `${name}2d`, x!, attrs),
    samples: [
      { ...samples('x')[0]! },
      {
        operands: [{ shape: [7, 2], batch: true }],
        attrs: { kernel: [1, 3], stride: [1, 2], padding: 'same' },
        distinct: true,
      },
      {
        operands: [{ shape: [6, 1], batch: true }],
        attrs: { kernel: [1, 3], stride: [1, 2], padding: 1 },
        distinct: true,
      },
    ],
  };
}

function buildPool(b: Builder, op: string, x: Node, attrs: Attrs): Node {
  const sequence = x.shape.length === 2;
  const picture = sequence ? b.reshape(x, [1, ...x.shape]) : x;
  const p = attrs.padding;
  const y =
    typeof p === 'number' && p > 0
      ? paddedPool(b, op, picture, [sequence ? 0 : p, p], attrs)
      : b.op(op, [picture], windowOf({ ...attrs, padding: typeof p === 'number' ? 'valid' : p! }));
  return sequence ? b.reshape(y, y.shape.slice(1)) : y;
}

/** Lower than any number that a network computes with, and yet a float32. */
const LOWEST = -3e38;

/** Pooling with pixels of padding, which count neither in a mean nor for a maximum. */
function paddedPool(b: Builder, op: string, x: Node, margin: Pair, attrs: Attrs): Node {
  const around = { before: [...margin, 0], after: [...margin, 0] };
  const wide = b.op('zero_pad', [x], around);
  const valid = windowOf({ ...attrs, padding: 'valid' });
  const ones = filled([x.shape[0]!, x.shape[1]!, 1], 1);
  const inside = b.op('zero_pad', [b.leaf({ kind: 'constant', value: ones }, ones.shape, null)], around);
  if (op === 'max_pool2d') {
    return b.op(op, [b.add(wide, b.mul(b.sub(1, inside), LOWEST))], valid);
  }
  return b.div(b.op(op, [wide], valid), b.op(op, [inside], valid));
}

const globalAvgPool: Composite = {
  kind: 'composite',
  doc: 'Mean of each channel over all positions: [h, w, c] or [n, c] gives [c].',
  signature: [{ name: 'x', kind: 'value' }],
  shape: ([x]) => {
    const spatial = spatialAxes('global_avg_pool', x!.shape);
    return isProblem(spatial) ? spatial : [x!.shape.at(-1)!];
  },
  build: (b, [x]) => b.mean(x!, { axes: x!.shape.slice(0, -1).map((_, i) => i) }),
  samples: [
    { operands: [{ shape: [2, 3, 2], batch: true }] },
    { operands: [{ shape: [4, 2], batch: true }] },
  ],
};

export const pooling = {
  avg_pool2d: avgPool2d,
  avg_pool2d_gradient: avgPool2dGradient,
  max_pool2d: maxPool2d,
  max_pool2d_gradient: maxPool2dGradient,
  max_pool2d_select: maxPool2dSelect,
  avg_pool: pool('avg_pool', 'Mean of each window, over the pixels that exist (padding does not count).'),
  max_pool: pool('max_pool', 'Largest number of each window.'),
  global_avg_pool: globalAvgPool,
};
