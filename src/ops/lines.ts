/** What operations along one axis share: the argument `axis`, and the float64 reference that goes line by line. */
import { isProblem, type Problem } from '../diagnostics/table.ts';
import type { OpNode } from '../ir/graph.ts';
import { offsets, strides } from '../ir/ndarray.ts';
import type { Attrs, NDArray, Shaped } from '../ir/types.ts';
import type { Parameter } from './record.ts';
import { normalAxis, shift } from './shapes.ts';

export const operand: Parameter = { name: 'x', kind: 'value' };

export const axisLast: Parameter = {
  name: 'axis',
  kind: 'integer',
  default: -1,
  doc: 'from 0, or negative from the end',
};

/** Resolves the argument `axis` of a value: counted from 0. */
export function withAxis(a: Shaped, attrs: Attrs): Attrs | Problem {
  const axis = normalAxis(attrs.axis as number, a.shape.length);
  return isProblem(axis) ? axis : { ...attrs, axis };
}

/** `resolve` of an operation along one axis of its first operand. */
export const resolveAxis = ([a]: readonly Shaped[], attrs: Attrs): Attrs | Problem => withAxis(a!, attrs);

export function axisOf(attrs: Attrs): number {
  return attrs.axis as number;
}

/** The axis of a node's attribute `axis` at run time, where a per-example value has the count in front. */
export function runtimeAxis(node: OpNode): number {
  return axisOf(node.attrs) + shift(node);
}

/** Applies `f` to each line along `axis` of arrays of one shape; it gives a line of the same length. */
export function mapLines(
  arrays: readonly NDArray[],
  axis: number,
  f: (...lines: Float64Array[]) => Float64Array,
): NDArray {
  const { shape } = arrays[0]!;
  const own = strides(shape);
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const starts = offsets(
    others.map((i) => shape[i]!),
    others.map((i) => own[i]!),
  );
  const [n, step] = [shape[axis]!, own[axis]!];
  const data = new Float64Array(arrays[0]!.data.length);
  const lines = arrays.map(() => new Float64Array(n));
  for (const start of starts) {
    for (const [k, line] of lines.entries()) {
      for (let i = 0; i < n; i++) line[i] = arrays[k]!.data[start + i * step]!;
    }
    f(...lines).forEach((y, i) => {
      data[start + i * step] = y;
    });
  }
  return { shape, data };
}
