/** The part of the plane in which points are drawn. */

export interface Square {
  x: [number, number];
  y: [number, number];
}

/** How far it reaches beyond the points on each side, in parts of their larger extent. */
const MARGIN = 0.25;

/** A square centred on points (x, y, x, y, …). What is not finite is left out; without points it lies about the origin. */
export function squareAround(points: Float32Array): Square {
  const x = extent(points, 0);
  const y = extent(points, 1);
  // Equal points, far out, still need two different ends.
  const least = 1e-3 * Math.max(1, Math.abs(x.middle), Math.abs(y.middle));
  const half = (0.5 + MARGIN) * Math.max(x.size, y.size, least);
  return { x: [x.middle - half, x.middle + half], y: [y.middle - half, y.middle + half] };
}

function extent(points: Float32Array, axis: 0 | 1): { middle: number; size: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i + 1 < points.length; i += 2) {
    if (!Number.isFinite(points[i]) || !Number.isFinite(points[i + 1])) continue;
    low = Math.min(low, points[i + axis]!);
    high = Math.max(high, points[i + axis]!);
  }
  return low > high ? { middle: 0, size: 2 } : { middle: (low + high) / 2, size: high - low };
}
