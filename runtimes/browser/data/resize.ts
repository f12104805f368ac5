/**
 * Scales pixels as sharp does under Node: Lanczos with three lobes where they become fewer, a cubic where they become more
 * (Catmull & Rom), so that a model sees the same pictures on both platforms. Canvases have filters of their own.
 */

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (x: number) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0);

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

/** Which pixels make one, and by how much. */
interface Tap {
  first: number;
  weights: Float64Array;
}

/** For `count` pixels from `start` of a row that goes from `from` pixels to `to`. */
function tapsOf(from: number, to: number, start: number, count: number): Tap[] {
  const ratio = from / to;
  const [kernel, lobes] = ratio > 1 ? [lanczos, 3] : [cubic, 2];
  const width = Math.max(1, ratio);
  return Array.from({ length: count }, (_, i) => {
    // Enlarging, libvips puts the first pixel half a pixel of the source outside: measured, to a level.
    const centre = (start + i + (ratio > 1 ? 0.5 : 0)) * ratio - 0.5;
    const first = Math.ceil(centre - lobes * width);
    const last = Math.floor(centre + lobes * width);
    const weights = Float64Array.from({ length: last - first + 1 }, (_, k) =>
      kernel((first + k - centre) / width),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((w) => w / sum) };
  });
}

export interface Pixels {
  width: number;
  height: number;
  /** Row-major, four channels. */
  data: ArrayLike<number>;
}

/** Scales until width × height is covered, and takes its middle. */
export function cover({ data, width: w, height: h }: Pixels, width: number, height: number): Float32Array {
  const scale = Math.max(width / w, height / h);
  const [wide, high] = [Math.max(width, Math.round(w * scale)), Math.max(height, Math.round(h * scale))];
  const across = tapsOf(w, wide, Math.floor((wide - width) / 2), width);
  const down = tapsOf(h, high, Math.floor((high - height) / 2), height);
  // Rows outside are the nearest inside; only those that are needed are scaled.
  const narrow = new Float32Array(h * width * 4);
  const top = Math.max(0, down[0]!.first);
  const bottom = Math.min(h - 1, down.at(-1)!.first + down.at(-1)!.weights.length - 1);
  for (let y = top; y <= bottom; y++) {
    for (const [x, { first, weights }] of across.entries()) {
      for (let k = 0; k < weights.length; k++) {
        const from = 4 * (y * w + Math.min(w - 1, Math.max(0, first + k)));
        const to = 4 * (y * width + x);
        for (let c = 0; c < 4; c++) narrow[to + c]! += weights[k]! * data[from + c]!;
      }
    }
  }
  const out = new Float32Array(width * height * 4);
  for (const [y, { first, weights }] of down.entries()) {
    for (let k = 0; k < weights.length; k++) {
      const from = 4 * width * Math.min(h - 1, Math.max(0, first + k));
      const to = 4 * width * y;
      for (let i = 0; i < 4 * width; i++) out[to + i]! += weights[k]! * narrow[from + i]!;
    }
  }
  return out;
}
