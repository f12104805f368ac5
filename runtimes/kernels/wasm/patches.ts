/** The windows of a picture as rows of a matrix (im2col), and back (col2im), in place on the heap. */
import * as tf from '@tensorflow/tfjs';

/** NHWC in and out, as tfjs works them out from strides and padding. */
export interface Windows {
  readonly batch: number;
  readonly h: number;
  readonly w: number;
  readonly channels: number;
  readonly oh: number;
  readonly ow: number;
  readonly kh: number;
  readonly kw: number;
  readonly sh: number;
  readonly sw: number;
  readonly top: number;
  readonly left: number;
}

export function windowsOf(
  input: number[],
  filter: number[],
  strides: number | [number, number],
  pad: 'same' | 'valid' | number,
): Windows {
  const info = tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    strides,
    1,
    pad,
  );
  return {
    batch: info.batchSize,
    h: info.inHeight,
    w: info.inWidth,
    channels: info.inChannels,
    oh: info.outHeight,
    ow: info.outWidth,
    kh: info.filterHeight,
    kw: info.filterWidth,
    sh: info.strideHeight,
    sw: info.strideWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}

/** Whether each window is one pixel and all are used, so that the picture is the matrix. */
export function pointwise(g: Windows): boolean {
  return g.kh === 1 && g.kw === 1 && g.sh === 1 && g.sw === 1;
}

/**
 * Walks the rows of windows of the examples `from` to `to`: `f(at, row, length)` is given where a run of numbers lies in
 * the pictures, where in the matrix, and how long it is. What no run covers lies in the padding.
 */
function eachRun(
  g: Windows,
  from: number,
  to: number,
  f: (at: number, row: number, length: number) => void,
): void {
  const c = g.channels;
  const k = g.kw * c;
  let row = 0;
  for (let b = from; b < to; b++) {
    for (let oy = 0; oy < g.oh; oy++) {
      for (let ox = 0; ox < g.ow; ox++) {
        const x0 = ox * g.sw - g.left;
        const first = Math.max(0, -x0);
        const length = (Math.min(g.kw, g.w - x0) - first) * c;
        for (let ky = 0; ky < g.kh; ky++, row += k) {
          const y = oy * g.sh - g.top + ky;
          if (y < 0 || y >= g.h || length <= 0) continue;
          f(((b * g.h + y) * g.w + x0 + first) * c, row + first * c, length);
        }
      }
    }
  }
}

/** Up to here a loop is faster than a call. */
const SHORT = 24;

/** matrix[(b, oy, ox), (ky, kx, c)] of the examples `from` to `to`. */
export function toRows(x: Float32Array, matrix: Float32Array, g: Windows, from: number, to: number): void {
  matrix.fill(0);
  eachRun(g, from, to, (at, row, length) => {
    if (length > SHORT) matrix.set(x.subarray(at, at + length), row);
    else for (let i = 0; i < length; i++) matrix[row + i] = x[at + i]!;
  });
}

/** The transpose of `toRows`: adds each row back onto the window that it came from. */
export function fromRows(matrix: Float32Array, x: Float32Array, g: Windows, from: number, to: number): void {
  eachRun(g, from, to, (at, row, length) => {
    for (let i = 0; i < length; i++) x[at + i]! += matrix[row + i]!;
  });
}
