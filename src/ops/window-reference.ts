/** Convolutions and pooling in float64, as loops that one can check by eye against their definitions. */
import { zeros } from '../ir/ndarray.ts';
import type { NDArray } from '../ir/types.ts';
import { along, type Margins, marginOf, type Padding, type Pair, spanOf } from './window.ts';

export interface Geometry {
  /** Of the wide side: the input of a convolution. */
  readonly size: Pair;
  /** Of the narrow side: its output. */
  readonly out: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: Padding | Margins;
}

/** Calls `f` for each example, output position and tap of the window that meets the input, in row-major order. */
export function eachTap(
  batch: number,
  g: Geometry,
  f: (wide: number, narrow: number, tap: number) => void,
): void {
  const [h, w] = g.size;
  const [oh, ow] = g.out;
  const [top] = marginOf(h, spanOf(g.kernel[0], g.dilation[0]), g.stride[0], along(g.padding, 0));
  const [left] = marginOf(w, spanOf(g.kernel[1], g.dilation[1]), g.stride[1], along(g.padding, 1));
  for (let b = 0; b < batch; b++) {
    for (let oy = 0; oy < oh; oy++) {
      for (let ox = 0; ox < ow; ox++) {
        const narrow = (b * oh + oy) * ow + ox;
        for (let ky = 0; ky < g.kernel[0]; ky++) {
          const y = oy * g.stride[0] - top + ky * g.dilation[0];
          if (y < 0 || y >= h) continue;
          for (let kx = 0; kx < g.kernel[1]; kx++) {
            const x = ox * g.stride[1] - left + kx * g.dilation[1];
            if (x < 0 || x >= w) continue;
            f((b * h + y) * w + x, narrow, ky * g.kernel[1] + kx);
          }
        }
      }
    }
  }
}

/** A value as [count, height, width, channels]; a whole one counts as one example. */
function batchOf(x: NDArray): number {
  return x.shape.length === 4 ? x.shape[0]! : 1;
}

interface Channels {
  /** Channels in and out of one group. */
  readonly ci: number;
  readonly co: number;
  readonly groups: number;
}

/** y = x ∗ k. Kernel [kh, kw, ci, co · groups]. */
export function convolve(
  x: NDArray,
  k: NDArray,
  g: Geometry,
  groups: number,
  shape: readonly number[],
): NDArray {
  const c = channelsOf(k, groups);
  const y = zeros(shape);
  const all = c.co * groups;
  eachTap(batchOf(x), g, (wide, narrow, tap) => {
    for (let group = 0; group < groups; group++) {
      const to = narrow * all + group * c.co;
      for (let i = 0; i < c.ci; i++) {
        const value = x.data[(wide * groups + group) * c.ci + i]!;
        const from = (tap * c.ci + i) * all + group * c.co;
        for (let o = 0; o < c.co; o++) y.data[to + o]! += value * k.data[from + o]!;
      }
    }
  });
  return y;
}

/** The transpose of `convolve` in x. */
export function convolveInputGradient(
  dy: NDArray,
  k: NDArray,
  g: Geometry,
  groups: number,
  shape: readonly number[],
): NDArray {
  const c = channelsOf(k, groups);
  const dx = zeros(shape);
  const all = c.co * groups;
  eachTap(batchOf(dy), g, (wide, narrow, tap) => {
    for (let group = 0; group < groups; group++) {
      const at = narrow * all + group * c.co;
      for (let i = 0; i < c.ci; i++) {
        const from = (tap * c.ci + i) * all + group * c.co;
        let sum = 0;
        for (let o = 0; o < c.co; o++) sum += dy.data[at + o]! * k.data[from + o]!;
        dx.data[(wide * groups + group) * c.ci + i]! += sum;
      }
    }
  });
  return dx;
}

/** The transpose of `convolve` in k, summed over the examples. */
export function convolveFilterGradient(
  x: NDArray,
  dy: NDArray,
  g: Geometry,
  groups: number,
  shape: readonly number[],
): NDArray {
  const dk = zeros(shape);
  const c = channelsOf(dk, groups);
  const all = c.co * groups;
  eachTap(batchOf(x), g, (wide, narrow, tap) => {
    for (let group = 0; group < groups; group++) {
      const at = narrow * all + group * c.co;
      for (let i = 0; i < c.ci; i++) {
        const value = x.data[(wide * groups + group) * c.ci + i]!;
        const to = (tap * c.ci + i) * all + group * c.co;
        for (let o = 0; o < c.co; o++) dk.data[to + o]! += value * dy.data[at + o]!;
      }
    }
  });
  return dk;
}

function channelsOf(k: NDArray, groups: number): Channels {
  return { ci: k.shape[2]!, co: k.shape[3]! / groups, groups };
}

/** For each output of a pooling window, how many input positions it covers (padding does not count). */
function coverage(batch: number, g: Geometry): Float64Array {
  const result = new Float64Array(batch * g.out[0] * g.out[1]);
  eachTap(batch, g, (_, narrow) => {
    result[narrow]! += 1;
  });
  return result;
}

export function averagePool(x: NDArray, g: Geometry, shape: readonly number[]): NDArray {
  const y = zeros(shape);
  const c = shape.at(-1)!;
  const share = coverage(batchOf(x), g);
  eachTap(batchOf(x), g, (wide, narrow) => {
    for (let i = 0; i < c; i++) y.data[narrow * c + i]! += x.data[wide * c + i]! / share[narrow]!;
  });
  return y;
}

export function averagePoolGradient(dy: NDArray, g: Geometry, shape: readonly number[]): NDArray {
  const dx = zeros(shape);
  const c = shape.at(-1)!;
  const share = coverage(batchOf(dy), g);
  eachTap(batchOf(dy), g, (wide, narrow) => {
    for (let i = 0; i < c; i++) dx.data[wide * c + i]! += dy.data[narrow * c + i]! / share[narrow]!;
  });
  return dx;
}

/** Where each output of a max pooling comes from: an index into x; the first of equal values. */
function winners(x: NDArray, g: Geometry): Int32Array {
  const c = x.shape.at(-1)!;
  const batch = batchOf(x);
  const result = new Int32Array(batch * g.out[0] * g.out[1] * c).fill(-1);
  eachTap(batch, g, (wide, narrow) => {
    for (let i = 0; i < c; i++) {
      const best = result[narrow * c + i]!;
      if (best < 0 || x.data[wide * c + i]! > x.data[best]!) result[narrow * c + i] = wide * c + i;
    }
  });
  return result;
}

/** Takes `values` (of x's shape; x itself: the pooling) at each window's winner. */
export function maxPoolSelect(x: NDArray, values: NDArray, g: Geometry, shape: readonly number[]): NDArray {
  const y = zeros(shape);
  for (const [i, from] of winners(x, g).entries()) y.data[i] = values.data[from]!;
  return y;
}

export function maxPoolGradient(x: NDArray, dy: NDArray, g: Geometry): NDArray {
  const dx = zeros(x.shape);
  for (const [i, from] of winners(x, g).entries()) dx.data[from]! += dy.data[i]!;
  return dx;
}
