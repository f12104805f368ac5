/** Shape rules that many operations share: broadcasting, axes, and how a per-example value lies in memory. */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import { sizeOf } from '../ir/ndarray.ts';
import type { Attr, Attrs, Shape, Shaped } from '../ir/types.ts';

/**
 * The common shape of operands that meet elementwise: aligned at the right as in NumPy. Stretching all sides at once is
 * nearly always a slip where an axis is missing (`[n]` against `[n, 1]`), so it must be said: either one operand has the
 * result's size, or all but single numbers have its number of axes (`[n, 1]` against `[1, m]`).
 */
export function broadcast(args: readonly Shaped[]): Shape | Problem {
  const rank = Math.max(0, ...args.map((a) => a.shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const [operand, { shape }] of args.entries()) {
    for (const [i, d] of shape.entries()) {
      const at = rank - shape.length + i;
      if (d === 1) continue;
      if (result[at] !== 1 && result[at] !== d) {
        const earlier = args.slice(0, operand).findIndex((a) => (a.shape.at(at - rank) ?? 1) === result[at]);
        return problem(
          'GAN0301',
          { left: args[earlier]!.shape, right: shape, axis: at - rank },
          { operand },
          { help: helpFor(args[earlier]!.shape, shape) },
        );
      }
      result[at] = d;
    }
  }
  const size = sizeOf(result);
  if (args.length < 2 || args.some((a) => sizeOf(a.shape) === size)) return result;
  const short = args.findIndex((a) => a.shape.length < rank && sizeOf(a.shape) > 1);
  if (short < 0) return result;
  return problem(
    'GAN0302',
    { shapes: args.map((a) => a.shape), result },
    {},
    {
      help: helpForBoth(
        args[short]!.shape,
        args.map((a) => a.shape),
      ),
    },
  );
}

/** A table may be wanted; where an axis of another operand has the size of a vector, they may have been meant to meet. */
function helpForBoth(short: Shape, others: readonly Shape[]): string {
  const rank = Math.max(...others.map((shape) => shape.length));
  const axes = short.length === 1 && rank === 2 ? '`expand(…, 0)`' : `\`expand\` to ${rank} axes`;
  const table = `for a table of all pairs write ${axes} on the one of shape [${short.join(', ')}]`;
  const long = others.find((shape) => shape.length === rank)!;
  const at = short.length === 1 ? long.indexOf(short[0]!) : -1;
  if (at < 0) return table;
  const meeting = long.map((_, i) => (i === at ? short[0] : 1));
  return `${table}; to let their axes meet, \`reshape(${meeting.join(', ')})\``;
}

/** The most common cause of shapes that don't meet is a missing axis at the end. */
function helpFor(left: Shape, right: Shape): string {
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  if (short.length > 0 && short.length < long.length && short.every((d, i) => d === long[i])) {
    const ones = long.map((d, i) => (i < short.length ? d : 1));
    return `shapes meet from the right; \`reshape(${ones.join(', ')})\` on the one of shape [${short}] lets its axes meet the first ones`;
  }
  return 'shapes meet from the right: each axis must be the same in both, or 1 in one of them';
}

/** An axis as users write it (negative from the end) as one counted from 0. */
export function normalAxis(axis: number, rank: number, argument = 'axis'): number | Problem {
  const result = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && result >= 0 && result < rank) return result;
  return problem('GAN0303', { axis, rank }, { argument });
}

/** What `axis = …` of a reduction says: null is all axes, else a number or a list; sorted, each once. */
export function normalAxes(axis: Attr | undefined, shape: Shape): readonly number[] | Problem {
  const rank = shape.length;
  if (axis === null || axis === undefined) return shape.map((_, i) => i);
  const list = (Array.isArray(axis) ? axis : [axis]) as readonly number[];
  const result: number[] = [];
  for (const a of list) {
    const n = normalAxis(a, rank);
    if (isProblem(n)) return n;
    if (result.includes(n)) return problem('GAN0304', { axis: a }, { argument: 'axis' });
    result.push(n);
  }
  return result.sort((a, b) => a - b);
}

/** The shape after reducing `axes`. */
export function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): Shape {
  return keep ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
}

/** 1 where the value carries the count as axis 0 at run time: by how much an example's axes are shifted. */
export function shift(node: Node): 0 | 1 {
  return node.count === null ? 0 : 1;
}

/** A node's shape at run time as JavaScript text: `[-1, 7, 7, 64]` for a per-example value. */
export function runtimeShape(node: OpNode, shape: Shape = node.shape): string {
  return `[${[...(node.count === null ? [] : [-1]), ...shape].join(', ')}]`;
}

/** A node's shape in the float64 interpreter, where counts are numbers. */
export function countedShape(node: OpNode): Shape {
  return node.count === null ? node.shape : [node.count as number, ...node.shape];
}

export function shapedOf(node: Node): Shaped {
  return { shape: node.shape, batch: node.count !== null };
}

export function axesAttr(attrs: Attrs): readonly number[] {
  return attrs.axes as readonly number[];
}
