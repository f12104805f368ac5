/** Larger and smaller pictures without weights: upsampling, and blocks of pixels as channels. */
import { isProblem, problem } from '../diagnostics/table.ts';
import { sizeOf, transposed, zeros } from '../ir/ndarray.ts';
import type { Attrs, NDArray, Shape } from '../ir/types.ts';
import { sumInterval } from './interval.ts';
import type { Composite, Parameter, Primitive } from './record.ts';
import { countedShape } from './shapes.ts';
import { type Pair, pairAttr, pairOf, positive, spatialAxes } from './window.ts';

const x: Parameter = { name: 'x', kind: 'value' };
const free = () => ({ flops: 0 });

/** The larger side's shape. */
function enlarged(shape: Shape, factor: Pair): Shape {
  return [shape[0]! * factor[0], shape[1]! * factor[1], shape[2]!];
}

/** Calls `f` with an index of the large picture, one of the small, and the share that flows between them. */
type Weights = (n: number, factor: number, f: (large: number, small: number, share: number) => void) => void;

const nearest: Weights = (n, factor, f) => {
  for (let i = 0; i < n * factor; i++) f(i, Math.floor(i / factor), 1);
};

/** Pixel centres at half coordinates; beyond the outermost centres the border goes on. */
const bilinear: Weights = (n, factor, f) => {
  for (let i = 0; i < n * factor; i++) {
    const at = (i + 0.5) / factor - 0.5;
    const low = Math.floor(at);
    const clamp = (j: number) => Math.min(n - 1, Math.max(0, j));
    f(i, clamp(low), low + 1 - at);
    f(i, clamp(low + 1), at - low);
  }
};

/** y (large) from x (small), or the transpose of that. */
function resample(
  from: NDArray,
  to: NDArray,
  small: Shape,
  factor: Pair,
  weights: Weights,
  back: boolean,
): NDArray {
  const [h, w, c] = small as readonly [number, number, number];
  const batch = from.data.length / sizeOf(back ? enlarged(small, factor) : small);
  for (let b = 0; b < batch; b++) {
    weights(h, factor[0], (Y, y, sy) => {
      weights(w, factor[1], (X, x0, sx) => {
        const large = ((b * h * factor[0] + Y) * w * factor[1] + X) * c;
        const little = ((b * h + y) * w + x0) * c;
        const [source, target] = back ? [large, little] : [little, large];
        for (let i = 0; i < c; i++) to.data[target + i]! += sy * sx * from.data[source + i]!;
      });
    });
  }
  return to;
}

const pictures = [
  { shape: [2, 3, 2], batch: true, factor: [2, 2] },
  { shape: [3, 2, 1], batch: true, factor: [3, 2] },
  { shape: [1, 4, 1], batch: true, factor: [1, 4] },
  { shape: [2, 2, 1], batch: false, factor: [2, 3] },
  { shape: [1, 2, 1], batch: true, factor: [1, 49] },
] as const;

const samplesOf = (large: boolean) =>
  pictures.map(({ shape, batch, factor }) => ({
    operands: [{ shape: large ? enlarged(shape, factor) : shape, batch }],
    attrs: { factor },
  }));

const upsampleNearest: Primitive = {
  kind: 'primitive',
  doc: 'Each pixel of [h, w, c] as a block of pixels.',
  signature: null,
  shape: ([a], attrs) => enlarged(a!.shape, pairAttr(attrs, 'factor')),
  gradient: (b, node, dy) => {
    const kernel = pairAttr(node.attrs, 'factor');
    const mean = b.op('avg_pool2d', [dy], { kernel, stride: kernel, padding: 'valid' });
    return b.mul(mean, sizeOf(kernel));
  },
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) =>
    resample(
      a!,
      zeros(countedShape(node)),
      node.args[0]!.shape,
      pairAttr(node.attrs, 'factor'),
      nearest,
      false,
    ),
  lower: {
    tfjs: ([a], node) => {
      const factor = pairAttr(node.attrs, 'factor');
      // Its float32 positions are exact up to here.
      if (Math.max(...factor) > 32) return `nn.upsampleNearest(${a}, [${factor.join(', ')}])`;
      return `tf.image.resizeNearestNeighbor(${a}, [${node.shape.slice(0, 2).join(', ')}])`;
    },
  },
  samples: samplesOf(false),
};

const upsampleBilinear: Primitive = {
  kind: 'primitive',
  doc: 'Linear interpolation between the pixel centres of [h, w, c] in both directions.',
  signature: null,
  shape: ([a], attrs) => enlarged(a!.shape, pairAttr(attrs, 'factor')),
  gradient: (b, node, dy) => b.op('upsample_bilinear_gradient', [dy], node.attrs),
  range: ([a]) => a!,
  cost: (_, __, out) => ({ flops: 8 * sizeOf(out) }),
  reference: ([a], node) =>
    resample(
      a!,
      zeros(countedShape(node)),
      node.args[0]!.shape,
      pairAttr(node.attrs, 'factor'),
      bilinear,
      false,
    ),
  lower: {
    tfjs: ([a], node) => `tf.image.resizeBilinear(${a}, [${node.shape.slice(0, 2).join(', ')}], false, true)`,
  },
  samples: samplesOf(false),
};

const upsampleBilinearGradient: Primitive = {
  kind: 'primitive',
  doc: 'The transpose of bilinear upsampling: [h · f, w · f, c] gives [h, w, c].',
  signature: null,
  shape: ([dy], attrs) => {
    const [fh, fw] = pairAttr(attrs, 'factor');
    return [dy!.shape[0]! / fh, dy!.shape[1]! / fw, dy!.shape[2]!];
  },
  gradient: (b, node, dy) => b.op('upsample_bilinear', [dy], node.attrs),
  // All shares of one small pixel add up to the block that it stands for, at borders included.
  range: ([dy], attrs) => sumInterval(dy!, sizeOf(pairAttr(attrs, 'factor'))),
  cost: ([dy]) => ({ flops: 8 * sizeOf(dy!.shape) }),
  reference: ([dy], node) =>
    resample(dy!, zeros(countedShape(node)), node.shape, pairAttr(node.attrs, 'factor'), bilinear, true),
  lower: {
    tfjs: ([dy], node) =>
      `nn.upsampleBilinearGradient(${dy}, [${pairAttr(node.attrs, 'factor').join(', ')}])`,
  },
  samples: samplesOf(true),
};

const upsample: Composite = {
  kind: 'composite',
  doc: 'A picture `factor` times as large (a number or [h, w]): by repeating pixels, or bilinearly between pixel centres.',
  signature: [
    x,
    { name: 'factor', kind: 'size', doc: 'a number or [h, w]' },
    { name: 'method', kind: 'string', words: ['nearest', 'bilinear'], default: 'nearest' },
  ],
  resolve: ([a], attrs) => {
    const spatial = spatialAxes('upsample', a!.shape);
    if (isProblem(spatial)) return spatial;
    const factor = pairOf('upsample', 'factor', attrs.factor, spatial);
    return isProblem(factor) ? factor : { ...attrs, factor };
  },
  shape: ([a], attrs) => {
    const [fh, fw] = pairAttr(attrs, 'factor');
    return a!.shape.length === 2 ? [a!.shape[0]! * fw, a!.shape[1]!] : enlarged(a!.shape, [fh, fw]);
  },
  build: (b, [a], attrs) => {
    const sequence = a!.shape.length === 2;
    const picture = sequence ? b.reshape(a!, [1, ...a!.shape]) : a!;
    const y = b.op(`upsample_${attrs.method}`, [picture], { factor: attrs.factor! });
    return sequence ? b.reshape(y, y.shape.slice(1)) : y;
  },
  samples: [
    { operands: [{ shape: [2, 3, 1], batch: true }], attrs: { factor: [2, 2], method: 'nearest' } },
    { operands: [{ shape: [3, 2], batch: true }], attrs: { factor: [1, 2], method: 'bilinear' } },
  ],
};

const size: Parameter = { name: 'size', kind: 'integer', default: 2, doc: 'side of the blocks' };

function checkSize(op: string, attrs: Attrs) {
  return positive(op, 'size', attrs.size) ?? attrs;
}

function onPictures(op: string, shape: Shape) {
  return shape.length === 3
    ? null
    : problem('GAN0321', { op, expected: '[height, width, channels]', shape }, { operand: 0 });
}

const depthToSpace: Primitive = {
  kind: 'primitive',
  doc: 'Channels as blocks of pixels, the sub-pixel layer: [h, w, c · b²] gives [h · b, w · b, c], the channels of a pixel beside each other as in TensorFlow (Shi et al. 2016).',
  signature: [x, size],
  resolve: (_, attrs) => checkSize('depth_to_space', attrs),
  shape: ([a], attrs) => {
    const wrong = onPictures('depth_to_space', a!.shape);
    if (wrong) return wrong;
    const n = attrs.size as number;
    const [h, w, c] = a!.shape as readonly [number, number, number];
    return c % (n * n) === 0
      ? [h * n, w * n, c / (n * n)]
      : problem('GAN0332', { op: 'depth_to_space', size: n, shape: a!.shape }, { argument: 'size' });
  },
  gradient: (b, node, dy) => b.op('space_to_depth', [dy], node.attrs),
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => {
    const n = node.attrs.size as number;
    const [h, w, c] = node.shape as readonly [number, number, number];
    const split = { shape: [-1, h / n, w / n, n, n, c], data: a!.data };
    const shape = [a!.data.length / sizeOf(node.shape), ...split.shape.slice(1)];
    return { shape: countedShape(node), data: transposed({ ...split, shape }, [0, 1, 3, 2, 4, 5]).data };
  },
  simplify: (_, [a], attrs) => (attrs.size === 1 ? a! : null),
  lower: {
    tfjs: ([a], node) =>
      node.count === null
        ? `nn.depthToSpace(${a}, ${node.attrs.size})`
        : `tf.depthToSpace(${a}, ${node.attrs.size}, 'NHWC')`,
  },
  samples: [
    { operands: [{ shape: [2, 3, 8], batch: true }], attrs: { size: 2 } },
    { operands: [{ shape: [1, 2, 9], batch: true }], attrs: { size: 3 } },
    { operands: [{ shape: [2, 1, 4], batch: false }], attrs: { size: 2 } },
  ],
};

const spaceToDepth: Primitive = {
  kind: 'primitive',
  doc: 'Blocks of pixels as channels: [h · b, w · b, c] gives [h, w, c · b²]; the inverse of depth_to_space.',
  signature: [x, size],
  resolve: (_, attrs) => checkSize('space_to_depth', attrs),
  shape: ([a], attrs) => {
    const wrong = onPictures('space_to_depth', a!.shape);
    if (wrong) return wrong;
    const n = attrs.size as number;
    const [h, w, c] = a!.shape as readonly [number, number, number];
    return h % n === 0 && w % n === 0
      ? [h / n, w / n, c * n * n]
      : problem('GAN0332', { op: 'space_to_depth', size: n, shape: a!.shape }, { argument: 'size' });
  },
  gradient: (b, node, dy) => b.op('depth_to_space', [dy], node.attrs),
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => {
    const n = node.attrs.size as number;
    const [h, w, c] = node.args[0]!.shape as readonly [number, number, number];
    const shape = [a!.data.length / sizeOf(node.shape), h / n, n, w / n, n, c];
    return { shape: countedShape(node), data: transposed({ shape, data: a!.data }, [0, 1, 3, 2, 4, 5]).data };
  },
  simplify: (_, [a], attrs) => (attrs.size === 1 ? a! : null),
  lower: { tfjs: ([a], node) => `nn.spaceToDepth(${a}, ${node.attrs.size})` },
  samples: [
    { operands: [{ shape: [4, 2, 2], batch: true }], attrs: { size: 2 } },
    { operands: [{ shape: [3, 6, 1], batch: true }], attrs: { size: 3 } },
    { operands: [{ shape: [2, 2, 1], batch: false }], attrs: { size: 2 } },
  ],
};

export const resampling = {
  upsample,
  upsample_nearest: upsampleNearest,
  upsample_bilinear: upsampleBilinear,
  upsample_bilinear_gradient: upsampleBilinearGradient,
  depth_to_space: depthToSpace,
  space_to_depth: spaceToDepth,
};
