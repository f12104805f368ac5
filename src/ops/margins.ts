/** Margins: zeros around a value, their removal, and padding with what the border holds. */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import { offsets, strides, zeros } from '../ir/ndarray.ts';
import type { Attrs, Shape, Shaped } from '../ir/types.ts';
import { withoutCrop } from './convolution-margins.ts';
import { union } from './interval.ts';
import type { Composite, Parameter, Primitive } from './record.ts';
import { countedShape, shift } from './shapes.ts';
import { numbers, pairOf, spatialAxes } from './window.ts';

const x: Parameter = { name: 'x', kind: 'value' };
const free = () => ({ flops: 0 });
const one = (shape: Shape, batch = true): { operands: readonly Shaped[] } => ({
  operands: [{ shape, batch }],
});

/** A margin argument (a number or [h, w], on each side) as what each axis gets before and after. */
function margin(op: string, a: Shaped, attrs: Attrs): Attrs | Problem {
  if (attrs.before !== undefined) return attrs;
  const spatial = spatialAxes(op, a.shape);
  if (isProblem(spatial)) return spatial;
  const amount = pairOf(op, 'amount', attrs.amount, spatial, 0, 0);
  if (isProblem(amount)) return amount;
  const each = spatial === 2 ? [...amount, 0] : [amount[1], 0];
  const { amount: _, ...rest } = attrs;
  return { ...rest, before: each, after: each };
}

/** `[[0, 0], [1, 2], …]`, as tfjs takes paddings. */
function paddings(node: OpNode): string {
  const before = numbers(node.attrs, 'before');
  const after = numbers(node.attrs, 'after');
  const pairs = before.map((n, i) => `[${n}, ${after[i]}]`);
  return `[${[...(shift(node) ? ['[0, 0]'] : []), ...pairs].join(', ')}]`;
}

/** Copies between a box and the larger array around it, whose margins before the axes are given. */
function boxOffsets(node: OpNode, box: Shape, around: Shape): { at: Int32Array; start: number } {
  const own = strides(around);
  const before = numbers(node.attrs, 'before');
  const start = before.reduce((sum, n, i) => sum + n * own[i + shift(node)]!, 0);
  return { at: offsets(box, own), start };
}

const zeroPad: Primitive = {
  kind: 'primitive',
  doc: 'Zeros around a value: `before` and `after` say how many on each axis.',
  signature: null,
  shape: ([a], attrs) =>
    a!.shape.map((d, i) => d + numbers(attrs, 'before')[i]! + numbers(attrs, 'after')[i]!),
  gradient: (b, node, dy) => b.op('crop', [dy], node.attrs),
  range: ([a]) => union(a!, { lo: 0, hi: 0 }),
  cost: free,
  reference: ([a], node) => {
    const result = zeros(countedShape(node));
    const { at, start } = boxOffsets(node, a!.shape, result.shape);
    for (const [i, to] of at.entries()) result.data[to + start] = a!.data[i]!;
    return result;
  },
  simplify: (_, [a], attrs) => (noMargin(attrs) ? a! : null),
  lower: { tfjs: ([a], node) => `tf.pad(${a}, ${paddings(node)})` },
  samples: [
    { ...one([2, 3]), attrs: { before: [1, 0], after: [0, 2] } },
    { ...one([3, 2, 2]), attrs: { before: [1, 1, 0], after: [1, 1, 0] } },
    { ...one([3], false), attrs: { before: [2], after: [1] } },
  ],
};

function noMargin(attrs: Attrs): boolean {
  return [...numbers(attrs, 'before'), ...numbers(attrs, 'after')].every((n) => n === 0);
}

const crop: Primitive = {
  kind: 'primitive',
  doc: 'Takes `amount` positions (a number or [h, w]) from each side.',
  signature: [x, { name: 'amount', kind: 'size', doc: 'on each side' }],
  resolve: ([a], attrs) => margin('crop', a!, attrs),
  shape: ([a], attrs) => {
    const [before, after] = [numbers(attrs, 'before'), numbers(attrs, 'after')];
    const result = a!.shape.map((d, i) => d - before[i]! - after[i]!);
    const empty = result.findIndex((d) => d < 1);
    return empty < 0
      ? result
      : problem(
          'GAN0333',
          { op: 'crop', amount: before[empty]!, size: a!.shape[empty]! },
          { argument: 'amount' },
        );
  },
  gradient: (b, node, dy) => b.op('zero_pad', [dy], node.attrs),
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => {
    const shape = countedShape(node);
    const { at, start } = boxOffsets(node, shape, a!.shape);
    return { shape, data: Float64Array.from(at, (i) => a!.data[i + start]!) };
  },
  simplify: (b, [a], attrs) => (noMargin(attrs) ? a! : withoutCrop(b, a!, attrs)),
  lower: {
    tfjs: ([a], node) => {
      const by = shift(node) ? [0] : [];
      const begin = [...by, ...numbers(node.attrs, 'before')];
      const size = [...by.map(() => -1), ...node.shape];
      return `tf.slice(${a}, [${begin.join(', ')}], [${size.join(', ')}])`;
    },
  },
  samples: [
    { ...one([4, 5, 1]), attrs: { before: [1, 2, 0], after: [1, 2, 0] } },
    { ...one([5, 2]), attrs: { before: [1, 0], after: [2, 1] } },
    { ...one([3], false), attrs: { before: [1], after: [1] } },
  ],
};

const pad: Composite = {
  kind: 'composite',
  doc: 'A margin of `amount` positions (a number or [h, w]) on each side: zeros, the value mirrored at its border pixels ("reflect"), or its border repeated ("edge").',
  signature: [
    x,
    { name: 'amount', kind: 'size', doc: 'on each side' },
    { name: 'mode', kind: 'string', words: ['zero', 'reflect', 'edge'], default: 'zero' },
  ],
  resolve: ([a], attrs) => margin('pad', a!, attrs),
  shape: ([a], attrs) => {
    const before = numbers(attrs, 'before');
    const wide = before.findIndex((n, i) => n >= a!.shape[i]!);
    if (attrs.mode === 'reflect' && wide >= 0) {
      return problem(
        'GAN0333',
        { op: 'pad', amount: before[wide]!, size: a!.shape[wide]! },
        { argument: 'amount' },
      );
    }
    return a!.shape.map((d, i) => d + 2 * before[i]!);
  },
  build: (b, [a], attrs) => {
    const before = numbers(attrs, 'before');
    if (attrs.mode === 'zero') return b.op('zero_pad', [a!], { before, after: before });
    let result = a!;
    for (const [axis, n] of before.entries()) {
      if (n > 0) result = b.concat(bordered(b, result, axis, n, attrs.mode === 'reflect'), axis);
    }
    return result;
  },
  samples: [
    { ...one([3, 4, 1]), attrs: { before: [1, 2, 0], after: [1, 2, 0], mode: 'zero' } },
    { ...one([3, 4, 1]), attrs: { before: [2, 1, 0], after: [2, 1, 0], mode: 'reflect' } },
    { ...one([3, 2]), attrs: { before: [2, 0], after: [2, 0], mode: 'edge' } },
  ],
};

/** A value between the two margins that its own border makes. */
function bordered(b: Builder, a: Node, axis: number, n: number, reflect: boolean): Node[] {
  const size = a.shape[axis]!;
  if (reflect) {
    const mirror = (from: number) => b.op('flip', [b.slice(a, axis, from, from + n)], { axis: [axis] });
    return [mirror(1), a, mirror(size - 1 - n)];
  }
  const repeat = (at: number) => {
    const border = b.slice(a, axis, at, at + 1);
    return b.broadcast(
      border,
      border.shape.map((d, i) => (i === axis ? n : d)),
      a.count,
    );
  };
  return [repeat(0), a, repeat(size - 1)];
}

export const margins = { crop, zero_pad: zeroPad, pad };
