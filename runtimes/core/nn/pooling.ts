/** Gradients of pooling and upsampling, and blocks of pixels as channels: on every backend of tfjs alike. */
import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { own } from './own.ts';

type Pair = [number, number];
type Size = number | Pair;
type Padding = 'same' | 'valid';
type Picture = Tensor3D | Tensor4D;

const pair = (n: Size): Pair => (typeof n === 'number' ? [n, n] : n);

/** Runs `f` on batches; single pictures become batches of one, and the result a single picture again. */
function batched(pictures: Picture[], f: (...batches: Tensor4D[]) => Tensor): Tensor {
  return tf.tidy(() => {
    if (pictures[0]!.rank === 4) return f(...(pictures as Tensor4D[]));
    const batches = pictures.map((x) => tf.expandDims(x, 0) as Tensor4D);
    return tf.squeeze(f(...batches), [0]);
  });
}

function runKernel(name: string, inputs: Record<string, Tensor>, attrs: Record<string, unknown>): Tensor {
  return tf.engine().runKernel(name, inputs, attrs as never) as Tensor;
}

/**
 * The transpose of average pooling: dx of [n, h, w, c], where `size` is [h, w]. tfjs's own kernel divides by the whole window
 * even where a part of it lies in the padding, so the padding is made here.
 */
export function avgPoolGradient(
  dy: Picture,
  [h, w]: Pair,
  kernel: Size,
  stride: Size,
  padding: Padding,
): Tensor {
  return batched([dy], (d) => {
    const [kh, kw] = pair(kernel);
    const strides = pair(stride);
    const [n, oh, ow, c] = d!.shape;
    const window = { filterSize: [kh, kw], strides, pad: padding };
    const dx = own('AvgPoolGradient', { dy: d! }, { ...window, inputShape: [n, h, w, c] });
    if (dx) return dx;
    const rows = padding === 'same' ? marginOf(h, kh, strides[0], oh) : ([0, 0] as Pair);
    const columns = padding === 'same' ? marginOf(w, kw, strides[1], ow) : ([0, 0] as Pair);
    const padded = rows[0] + rows[1] + columns[0] + columns[1] > 0;
    const share = (count: number, k: number, s: number, before: number, size: number) =>
      Array.from({ length: count }, (_, o) => {
        const from = o * s - before;
        return k / (Math.min(size, from + k) - Math.max(0, from));
      });
    // The kernel looks at its input's shape alone.
    const input = tf.zeros([n, h + rows[0] + rows[1], w + columns[0] + columns[1], c]);
    const attrs = { filterSize: [kh, kw], strides, pad: 'valid' };
    if (!padded) return runKernel('AvgPoolGrad', { dy: d!, input }, attrs);
    const across = tf.tensor(share(ow, kw, strides[1], columns[0], w), [ow, 1]);
    const down = tf.tensor(share(oh, kh, strides[0], rows[0], h), [oh, 1, 1]);
    const scaled = tf.mul(d!, tf.mul(down, across));
    const wide = runKernel('AvgPoolGrad', { dy: scaled, input }, attrs);
    return tf.slice(wide, [0, rows[0], columns[0], 0], [n, h, w, c]);
  });
}

/** dy where x is the largest of its window (the first of equal ones). */
export function maxPoolGradient(
  x: Picture,
  dy: Picture,
  kernel: Size,
  stride: Size,
  padding: Padding,
): Tensor {
  return batched([x, dy], (input, d) => {
    const attrs = { filterSize: pair(kernel), strides: pair(stride), pad: padding };
    const dx = own('MaxPoolGradient', { x: input!, dy: d! }, attrs);
    if (dx) return dx;
    const output = tf.maxPool(input!, pair(kernel), pair(stride), padding);
    return runKernel('MaxPoolGrad', { dy: d!, input: input!, output }, attrs);
  });
}

/** Of each window, the value of `g` where `x` is largest (the first of equal ones). */
export function maxPoolSelect(x: Picture, g: Picture, kernel: Size, stride: Size, padding: Padding): Tensor {
  return batched([x, g], (input, values) => {
    const [kh, kw] = pair(kernel);
    const strides = pair(stride);
    const winners = { filterSize: [kh, kw], strides, pad: padding };
    const chosen = own('MaxPoolSelect', { x: input!, g: values! }, winners);
    if (chosen) return chosen;
    const best = tf.maxPool(input!, [kh, kw], strides, padding);
    const out: Pair = [best.shape[1]!, best.shape[2]!];
    const margins = [0, 1].map((i) => marginOf(input!.shape[i + 1]!, pair(kernel)[i]!, strides[i]!, out[i]!));
    const room: [Pair, Pair, Pair, Pair] = [[0, 0], margins[0]!, margins[1]!, [0, 0]];
    const wide = tf.pad(input!, room, -3.4e38);
    const wideValues = tf.pad(values!, room);
    let result: Tensor = tf.zerosLike(best);
    let open: Tensor = tf.onesLike(best);
    for (let i = 0; i < kh; i++) {
      for (let j = 0; j < kw; j++) {
        const at = (a: Tensor) => everyStride(a, [i, j], strides, out);
        const hit = tf.mul(tf.cast(tf.equal(at(wide), best), 'float32'), open);
        result = tf.add(result, tf.mul(hit, at(wideValues)));
        open = tf.sub(open, hit);
      }
    }
    return result;
  });
}

/** Pixels before and after, so that `out` windows fit; none where the windows leave a rest uncovered. */
function marginOf(n: number, k: number, stride: number, out: number): Pair {
  const total = Math.max(0, (out - 1) * stride + k - n);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/** The pixels that one tap of a window sees. */
function everyStride(x: Tensor, [i, j]: Pair, [sh, sw]: Pair, [oh, ow]: Pair): Tensor {
  const end = [x.shape[0]!, i + (oh - 1) * sh + 1, j + (ow - 1) * sw + 1, x.shape[3]!];
  return tf.stridedSlice(x, [0, i, j, 0], end, [1, sh, sw, 1]);
}

/** The transpose of bilinear upsampling between pixel centres: [n, h · f, w · f, c] gives [n, h, w, c]. */
export function upsampleBilinearGradient(dy: Picture, [fh, fw]: Pair): Tensor {
  return batched([dy], (d) => {
    const dx = own('UpsampleBilinearGradient', { dy: d! }, { factor: [fh, fw] });
    if (dx) return dx;
    const [n, h, w, c] = d!.shape;
    const rows = gather(tf.reshape(d!, [n, h / fh, fh, w * c]), fh);
    const columns = gather(tf.reshape(rows, [(n * h) / fh, w / fw, fw, c]), fw);
    return tf.reshape(columns, [n, h / fh, w / fw, c]);
  });
}

/** [a, n, f, b] to [a, n, b]: each run of f numbers goes to its pixel and to the neighbours it was interpolated from. */
function gather(x: Tensor, factor: number): Tensor {
  if (factor === 1) return tf.squeeze(x, [2]);
  const [a, n, , b] = x.shape as [number, number, number, number];
  const shares = (f: (offset: number) => number) => {
    const weights = Array.from({ length: factor }, (_, r) => f((r + 0.5) / factor - 0.5));
    return tf.sum(tf.mul(x, tf.tensor(weights, [factor, 1])), 2);
  };
  const own = shares((at) => 1 - Math.abs(at));
  const previous = shares((at) => Math.max(0, -at));
  const next = shares((at) => Math.max(0, at));
  if (n === 1) return tf.addN([own, previous, next]);
  // Beyond the border the border goes on: the outermost shares fall back on it.
  const piece = (v: Tensor, from: number, length: number) => tf.slice(v, [0, from, 0], [a, length, b]);
  return tf.addN([
    own,
    tf.concat([piece(previous, 0, 1), tf.zeros([a, n - 1, b])], 1),
    tf.concat([piece(previous, 1, n - 1), tf.zeros([a, 1, b])], 1),
    tf.concat([tf.zeros([a, 1, b]), piece(next, 0, n - 1)], 1),
    tf.concat([tf.zeros([a, n - 1, b]), piece(next, n - 1, 1)], 1),
  ]);
}

/** Each pixel as a block: [n, h, w, c] gives [n, h · f, w · f, c]. tfjs's own misplaces pixels for some factors from 41. */
export function upsampleNearest(x: Picture, [fh, fw]: Pair): Tensor {
  return batched([x], (batch) => {
    const large = own('UpsampleNearest', { x: batch! }, { factor: [fh, fw] });
    if (large) return large;
    const [n, h, w, c] = batch!.shape;
    const rows = tf.broadcastTo(tf.reshape(batch!, [n * h, 1, w * c]), [n * h, fh, w * c]);
    const all = n * h * fh * w;
    const columns = tf.broadcastTo(tf.reshape(rows, [all, 1, c]), [all, fw, c]);
    return tf.reshape(columns, [n, h * fh, w * fw, c]);
  });
}

/** [n, h, w, c · b²] to [n, h · b, w · b, c]. */
export function depthToSpace(x: Picture, block: number): Tensor {
  return batched([x], (batch) => tf.depthToSpace(batch!, block, 'NHWC'));
}

/** [n, h · b, w · b, c] to [n, h, w, c · b²]. */
export function spaceToDepth(x: Picture, block: number): Tensor {
  return batched([x], (batch) => {
    const [n, h, w, c] = batch!.shape;
    const rows = tf.reshape(batch!, [(n * h) / block, block, w / block, block * c]);
    return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), [n, h / block, w / block, c * block * block]);
  });
}
