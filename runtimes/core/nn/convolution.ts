/**
 * Convolutions and their gradients where tfjs has no function of its own: strides beside dilations, groups, pictures without
 * a batch. Layouts are NHWC and HWIO; every function frees what it made on the way.
 */
import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { own } from './own.ts';

type Pair = [number, number];
type Picture = Tensor3D | Tensor4D;

export interface Window {
  stride: number | Pair;
  /** Or zeros around the picture: so many on all sides, or before and after each axis. */
  padding: 'same' | 'valid' | number | [Pair, Pair];
  dilation?: number | Pair;
  groups?: number;
}

const pair = (n: number | Pair = 1): Pair => (typeof n === 'number' ? [n, n] : n);

/** Runs `f` on a batch; a single picture becomes a batch of one, and its result a single picture again. */
function batched(x: Tensor, f: (x: Tensor4D) => Tensor): Tensor {
  if (x.rank === 4) return f(x as Tensor4D);
  return tf.squeeze(f(tf.expandDims(x, 0) as Tensor4D), [0]);
}

/** A gradient kernel of tfjs that has no public function. */
function runKernel(name: string, inputs: Record<string, Tensor>, attrs: Record<string, unknown>): Tensor {
  return tf.engine().runKernel(name, inputs, attrs as never) as Tensor;
}

/** Puts `by` − 1 zeros after each entry of an axis but the last. */
function spreadAxis(x: Tensor, axis: number, by: number): Tensor {
  if (by === 1) return x;
  const n = x.shape[axis]!;
  const before = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const after = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const wide = tf.pad(tf.reshape(x, [before, n, 1, after]), [
    [0, 0],
    [0, 0],
    [0, by - 1],
    [0, 0],
  ]);
  const span = (n - 1) * by + 1;
  const cut = tf.slice(tf.reshape(wide, [before, n * by, after]), [0, 0, 0], [before, span, after]);
  return tf.reshape(cut, [...x.shape.slice(0, axis), span, ...x.shape.slice(axis + 1)]);
}

/** A dilated kernel as the larger one that it stands for. */
function spread(k: Tensor, [dh, dw]: Pair): Tensor4D {
  return spreadAxis(spreadAxis(k, 0, dh), 1, dw) as Tensor4D;
}

/** TensorFlow's depthwise kernels take one stride for both directions. */
function depthwise(groups: number, channelsOfGroup: number, [sh, sw]: Pair): boolean {
  return groups > 1 && channelsOfGroup === 1 && sh === sw;
}

/** The kernel [h, w, 1, channels · m] of a depthwise convolution as tfjs has it: [h, w, channels, m]. */
function perChannel(k: Tensor, channels: number): Tensor4D {
  return tf.reshape(k, [k.shape[0]!, k.shape[1]!, channels, k.shape[3]! / channels]);
}

/** Applies `f` to each group's part of both values (split along these axes), and joins the results. */
function grouped(
  groups: number,
  [a, axisA]: [Tensor, number],
  [b, axisB]: [Tensor, number],
  joined: number,
  f: (a: Tensor4D, b: Tensor4D) => Tensor,
): Tensor {
  const as = tf.split(a, groups, axisA) as Tensor4D[];
  const bs = tf.split(b, groups, axisB) as Tensor4D[];
  return tf.concat(
    as.map((part, i) => f(part, bs[i]!)),
    joined,
  );
}

/** y of [n, oh, ow, out] from x of [n, h, w, in] and a kernel of [kh, kw, in / groups, out]. */
export function conv2d(x: Picture, k: Tensor4D, window: Window): Tensor {
  return tf.tidy(() => batched(x, (batch) => forward(batch, k, window)));
}

/** [[top, bottom], [left, right]]; null where the padding is a word. */
function marginsOf({ padding }: Window): [Pair, Pair] | null {
  if (typeof padding === 'string') return null;
  if (typeof padding === 'object') return padding;
  return [
    [padding, padding],
    [padding, padding],
  ];
}

/** Margins as tfjs has them, batch and channels included. */
const around = ([rows, columns]: [Pair, Pair]): [Pair, Pair, Pair, Pair] => [[0, 0], rows, columns, [0, 0]];

/** The same window on a picture that has its margins, for backends that do not all take them. */
const inside = (window: Window): Window & { padding: 'same' | 'valid' } => ({
  ...window,
  padding: typeof window.padding === 'string' ? window.padding : 'valid',
});

function withMargins(x: Tensor4D, window: Window): Tensor4D {
  const margins = marginsOf(window);
  return margins ? tf.pad(x, around(margins)) : x;
}

/** The window as the attributes of a kernel that takes all of it. */
const attrsOf = (window: Window) => ({
  strides: pair(window.stride),
  pad: typeof window.padding === 'string' ? window.padding : around(marginsOf(window)!),
  dilations: pair(window.dilation),
  groups: window.groups ?? 1,
  dataFormat: 'NHWC',
});

function forward(picture: Tensor4D, k: Tensor4D, window: Window): Tensor {
  const y = own('GroupedConv2D', { x: picture, filter: k }, attrsOf(window));
  if (y) return y;
  const x = withMargins(picture, window);
  const { stride, padding, dilation, groups = 1 } = inside(window);
  const strides = pair(stride);
  const wide = spread(k, pair(dilation));
  if (groups === 1) return tf.conv2d(x, wide, strides, padding);
  if (depthwise(groups, k.shape[2], strides)) {
    return tf.depthwiseConv2d(x, perChannel(wide, groups), strides, padding);
  }
  return grouped(groups, [x, 3], [wide, 3], 3, (part, kernel) => tf.conv2d(part, kernel, strides, padding));
}

/** The transpose of `conv2d` in x: dx of [n, h, w, in], where `size` is [h, w]. */
export function conv2dInputGradient(dy: Picture, k: Tensor4D, size: Pair, window: Window): Tensor {
  return tf.tidy(() => batched(dy, (batch) => toInput(batch, k, size, window)));
}

function toInput(dy: Tensor4D, k: Tensor4D, [h, w]: Pair, window: Window): Tensor {
  const { stride, padding, dilation, groups = 1 } = inside(window);
  const inputShape: [number, number, number, number] = [dy.shape[0], h, w, k.shape[2] * groups];
  const dx = own('GroupedConv2DInputGradient', { dy, filter: k }, { ...attrsOf(window), inputShape });
  if (dx) return dx;
  const margins = marginsOf(window);
  if (margins) {
    const [rows, columns] = margins;
    const size: Pair = [h + rows[0] + rows[1], w + columns[0] + columns[1]];
    return tf.slice(
      toInput(dy, k, size, inside(window)) as Tensor4D,
      [0, rows[0], columns[0], 0],
      inputShape,
    );
  }
  const strides = pair(stride);
  const wide = spread(k, pair(dilation));
  const channels = k.shape[2];
  const transposed = (part: Tensor4D, kernel: Tensor4D) =>
    tf.conv2dTranspose(part, kernel, [dy.shape[0], h, w, channels], strides, padding);
  if (groups === 1) return transposed(dy, wide);
  if (depthwise(groups, channels, strides)) {
    return runKernel(
      'DepthwiseConv2dNativeBackpropInput',
      { dy, filter: perChannel(wide, groups) },
      { strides, pad: padding, dilations: [1, 1], inputShape },
    );
  }
  return grouped(groups, [dy, 3], [wide, 3], 3, transposed);
}

/** The transpose of `conv2d` in its kernel, summed over the examples: dk of `shape`, [kh, kw, in / groups, out]. */
export function conv2dFilterGradient(
  x: Picture,
  dy: Picture,
  shape: [number, number, number, number],
  window: Window,
): Tensor {
  return tf.tidy(() => {
    if (x.rank === 4) return toFilter(x as Tensor4D, dy as Tensor4D, shape, window);
    return toFilter(tf.expandDims(x, 0) as Tensor4D, tf.expandDims(dy, 0) as Tensor4D, shape, window);
  });
}

function toFilter(
  picture: Tensor4D,
  dy: Tensor4D,
  filterShape: [number, number, number, number],
  window: Window,
): Tensor {
  const dk = own('GroupedConv2DFilterGradient', { x: picture, dy }, { ...attrsOf(window), filterShape });
  if (dk) return dk;
  const x = withMargins(picture, window);
  const [kh, kw, ci, co] = filterShape;
  const { stride, padding, dilation, groups = 1 } = inside(window);
  const strides = pair(stride);
  const [dh, dw] = pair(dilation);
  // A dilated kernel is the larger one, of which only every d-th tap is wanted.
  const span: Pair = [(kh - 1) * dh + 1, (kw - 1) * dw + 1];
  const wanted = (dk: Tensor) =>
    dh === 1 && dw === 1 ? dk : tf.stridedSlice(dk, [0, 0, 0, 0], [...span, ci, co], [dh, dw, 1, 1]);
  if (depthwise(groups, ci, strides)) {
    const filterShape = [...span, groups, co / groups];
    const attrs = { strides, pad: padding, dilations: [1, 1], filterShape };
    const dk = runKernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, attrs);
    return wanted(tf.reshape(dk, [...span, 1, co]));
  }
  const attrs = { strides, pad: padding, dataFormat: 'NHWC', filterShape: [...span, ci, co / groups] };
  const one = (part: Tensor, gradient: Tensor) =>
    runKernel('Conv2DBackpropFilter', { x: part, dy: gradient }, attrs);
  return wanted(groups === 1 ? one(x, dy) : grouped(groups, [x, 3], [dy, 3], 3, one));
}
