/** Margins: zeros around a value, their removal, and padding with what the border holds. */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { OpNode } from '../ir/graph.ts';
import { offsets, sizeOf, strides, zeros } from '../ir/ndarray.ts';
import type { Attrs, Shape, Shaped } from '../ir/types.ts';
import { withoutCrop } from './convolution-margins.ts';
import { sumInterval, union } from './interval.ts';
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
    const around = { before, after: before };
    return attrs.mode === 'zero'
      ? b.op('zero_pad', [a!], around)
      : b.op('border_pad', [a!], { ...around, mode: attrs.mode! });
  },
  samples: [
    { ...one([3, 4, 1]), attrs: { before: [1, 2, 0], after: [1, 2, 0], mode: 'zero' } },
    { ...one([3, 4, 1]), attrs: { before: [2, 1, 0], after: [2, 1, 0], mode: 'reflect' } },
    { ...one([3, 2]), attrs: { before: [2, 0], after: [2, 0], mode: 'edge' } },
  ],
};

/** Where each position of a padded axis comes from: mirrored at the border positions, or the nearest of them. */
function origins(size: number, before: number, after: number, mode: string): number[] {
  return Array.from({ length: before + size + after }, (_, i) => {
    const at = i - before;
    if (mode === 'edge') return Math.min(size - 1, Math.max(0, at));
    return at < 0 ? -at : at < size ? at : 2 * (size - 1) - at;
  });
}

/** Calls `f` with the place of each padded number and of the one that it repeats. */
function eachBorder(node: OpNode, small: Shape, f: (wide: number, inner: number) => void): void {
  const by = shift(node);
  const [before, after] = [numbers(node.attrs, 'before'), numbers(node.attrs, 'after')];
  const own = strides(small);
  let places = [0];
  for (const [d, size] of small.entries()) {
    const from =
      d < by
        ? origins(size, 0, 0, 'edge')
        : origins(size, before[d - by]!, after[d - by]!, node.attrs.mode as string);
    places = places.flatMap((place) => from.map((i) => place + i * own[d]!));
  }
  places.forEach((inner, wide) => {
    f(wide, inner);
  });
}

const borderPad: Primitive = {
  kind: 'primitive',
  doc: 'What lies at a border around a value: mirrored at its border positions ("reflect"), or these repeated ("edge").',
  signature: null,
  shape: ([a], attrs) =>
    a!.shape.map((d, i) => d + numbers(attrs, 'before')[i]! + numbers(attrs, 'after')[i]!),
  gradient: (b, node, dy) => b.op('border_pad_gradient', [dy], node.attrs),
  range: ([a]) => a!,
  cost: free,
  reference: ([a], node) => {
    const result = zeros(countedShape(node));
    eachBorder(node, a!.shape, (wide, inner) => {
      result.data[wide] = a!.data[inner]!;
    });
    return result;
  },
  simplify: (_, [a], attrs) => (noMargin(attrs) ? a! : null),
  lower: { tfjs: ([a], node) => `nn.borderPad(${a}, ${paddings(node)}, '${node.attrs.mode}')` },
  samples: [
    { ...one([3, 4, 1]), attrs: { before: [2, 1, 0], after: [1, 3, 0], mode: 'reflect' } },
    { ...one([4, 2]), attrs: { before: [0, 1], after: [3, 0], mode: 'reflect' } },
    { ...one([3, 1, 2]), attrs: { before: [2, 1, 0], after: [0, 3, 0], mode: 'edge' } },
    { ...one([3], false), attrs: { before: [1], after: [2], mode: 'edge' } },
  ],
};

const borderPadGradient: Primitive = {
  kind: 'primitive',
  doc: 'The transpose of a border repeated around a value: each number is the sum of those that repeat it.',
  signature: null,
  shape: ([dy], attrs) =>
    dy!.shape.map((d, i) => d - numbers(attrs, 'before')[i]! - numbers(attrs, 'after')[i]!),
  gradient: (b, node, dy) => b.op('border_pad', [dy], node.attrs),
  range: ([dy], attrs) => {
    const [before, after] = [numbers(attrs, 'before'), numbers(attrs, 'after')];
    const most = before.map((n, i) => (attrs.mode === 'edge' ? 1 + n + after[i]! : 3));
    return sumInterval(union(dy!, { lo: 0, hi: 0 }), sizeOf(most));
  },
  cost: ([dy]) => ({ flops: sizeOf(dy!.shape) }),
  reference: ([dy], node) => {
    const result = zeros(countedShape(node));
    eachBorder(node, result.shape, (wide, inner) => {
      result.data[inner]! += dy!.data[wide]!;
    });
    return result;
  },
  lower: { tfjs: ([dy], node) => `nn.borderPadGradient(${dy}, ${paddings(node)}, '${node.attrs.mode}')` },
  samples: [
    { ...one([6, 8, 1]), attrs: { before: [2, 1, 0], after: [1, 3, 0], mode: 'reflect' } },
    { ...one([4, 2]), attrs: { before: [1, 0], after: [1, 0], mode: 'reflect' } },
    { ...one([5, 5, 2]), attrs: { before: [2, 1, 0], after: [0, 3, 0], mode: 'edge' } },
    { ...one([6], false), attrs: { before: [1], after: [2], mode: 'edge' } },
  ],
};

export const margins = {
  crop,
  zero_pad: zeroPad,
  border_pad: borderPad,
  border_pad_gradient: borderPadGradient,
  pad,
};
