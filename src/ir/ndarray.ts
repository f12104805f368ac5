/** Float64 arrays in row-major order: what constants are made of and what the interpreter computes with. */
import type { NDArray } from './types.ts';

export type { NDArray };

export function sizeOf(shape: readonly number[]): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

export function ndarray(shape: readonly number[], data: ArrayLike<number>): NDArray {
  const values = data instanceof Float64Array ? data : Float64Array.from(data);
  if (values.length !== sizeOf(shape)) {
    throw new Error(`internal: ${values.length} numbers do not fill [${shape}]`);
  }
  return { shape, data: values };
}

export function zeros(shape: readonly number[]): NDArray {
  return { shape, data: new Float64Array(sizeOf(shape)) };
}

export function filled(shape: readonly number[], value: number): NDArray {
  return { shape, data: new Float64Array(sizeOf(shape)).fill(value) };
}

export function scalarArray(value: number): NDArray {
  return { shape: [], data: Float64Array.of(value) };
}

export function strides(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    result[i] = step;
    step *= shape[i]!;
  }
  return result;
}

/** Strides with which `shape` is read as if it had shape `to` (right-aligned); 0 where it is repeated. */
function stretched(shape: readonly number[], to: readonly number[]): number[] {
  const own = strides(shape);
  const lead = to.length - shape.length;
  if (lead < 0) throw new Error(`internal: [${shape}] does not broadcast to [${to}]`);
  return to.map((d, i) => {
    if (i < lead) return 0;
    const n = shape[i - lead]!;
    if (n !== d && n !== 1) throw new Error(`internal: [${shape}] does not broadcast to [${to}]`);
    return n === 1 ? 0 : own[i - lead]!;
  });
}

/** The offsets into an array with these strides, walking `shape` in row-major order. */
export function offsets(shape: readonly number[], steps: readonly number[]): Int32Array {
  let result = new Int32Array(1);
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    const step = steps[axis]!;
    const next = new Int32Array(result.length * n);
    for (let i = 0, k = 0; i < result.length; i++) {
      for (let j = 0; j < n; j++) next[k++] = result[i]! + j * step;
    }
    result = next;
  }
  return result;
}

export function broadcastTo(a: NDArray, shape: readonly number[]): NDArray {
  const from = offsets(shape, stretched(a.shape, shape));
  const data = new Float64Array(from.length);
  for (let i = 0; i < data.length; i++) data[i] = a.data[from[i]!]!;
  return { shape, data };
}

/** NumPy's broadcast of several shapes; throws where they don't meet. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result = new Array<number>(rank).fill(1);
  for (const s of shapes) {
    for (let i = 0; i < s.length; i++) {
      const at = rank - s.length + i;
      const d = s[i]!;
      if (d === 1) continue;
      if (result[at] !== 1 && result[at] !== d)
        throw new Error(`internal: shapes do not broadcast: ${shapes.map((x) => `[${x}]`).join(' ')}`);
      result[at] = d;
    }
  }
  return result;
}

export function map(a: NDArray, f: (x: number) => number): NDArray {
  const data = new Float64Array(a.data.length);
  for (let i = 0; i < data.length; i++) data[i] = f(a.data[i]!);
  return { shape: a.shape, data };
}

/** Elementwise with broadcasting. */
export function zip(arrays: readonly NDArray[], f: (...x: number[]) => number): NDArray {
  const shape = broadcastShapes(arrays.map((a) => a.shape));
  const wide = arrays.map((a) => (sameShape(a.shape, shape) ? a.data : broadcastTo(a, shape).data));
  const data = new Float64Array(sizeOf(shape));
  const [p, q] = wide;
  if (wide.length === 2) for (let i = 0; i < data.length; i++) data[i] = f(p![i]!, q![i]!);
  else for (let i = 0; i < data.length; i++) data[i] = f(...wide.map((w) => w[i]!));
  return { shape, data };
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

export function reshaped(a: NDArray, shape: readonly number[]): NDArray {
  return ndarray(shape, a.data);
}

export function transposed(a: NDArray, axes: readonly number[]): NDArray {
  const shape = axes.map((i) => a.shape[i]!);
  const own = strides(a.shape);
  const from = offsets(
    shape,
    axes.map((i) => own[i]!),
  );
  const data = new Float64Array(from.length);
  for (let i = 0; i < data.length; i++) data[i] = a.data[from[i]!]!;
  return { shape, data };
}

/**
 * Reduces `axes`: each group of entries, given as a small array, becomes one number. The reduced axes are kept as 1
 * where `keep`.
 */
export function reduce(
  a: NDArray,
  axes: readonly number[],
  keep: boolean,
  f: (group: Float64Array) => number,
): NDArray {
  const own = strides(a.shape);
  const kept = a.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const starts = offsets(
    kept.map((i) => a.shape[i]!),
    kept.map((i) => own[i]!),
  );
  const inner = offsets(
    axes.map((i) => a.shape[i]!),
    axes.map((i) => own[i]!),
  );
  const group = new Float64Array(inner.length);
  const data = new Float64Array(starts.length);
  for (let i = 0; i < starts.length; i++) {
    for (let j = 0; j < inner.length; j++) group[j] = a.data[starts[i]! + inner[j]!]!;
    data[i] = f(group);
  }
  const shape = keep ? a.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : kept.map((i) => a.shape[i]!);
  return { shape, data };
}
