/**
 * Products of matrices. `matmul` of equally many matrices on both sides is a primitive; a whole matrix on the right, the
 * heart of dense layers, is `linear`, whose kernel gradient sums over the batch.
 */
import { problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { sameShape, sizeOf, zeros } from '../ir/ndarray.ts';
import type { Attrs, NDArray, Shape, Shaped } from '../ir/types.ts';
import { anything, mulInterval, sumInterval } from './interval.ts';
import type { Primitive } from './record.ts';
import { countedShape } from './shapes.ts';

const each = (shape: Shape): Shaped => ({ shape, batch: true });
const whole = (shape: Shape): Shaped => ({ shape, batch: false });

/** [rows, inner, columns] of one product. */
function sizes(a: Shape, b: Shape, attrs: Attrs): [number, number, number] {
  const [m, k] = attrs.transposeA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const n = attrs.transposeB ? b.at(-2)! : b.at(-1)!;
  return [m, k, n];
}

/** C += A·B over one pair of matrices, which may lie transposed. */
function multiply(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  [m, k, n]: readonly [number, number, number],
  at: { a: number; b: number; c: number; ta: boolean; tb: boolean },
): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < k; j++) {
      const value = a[at.a + (at.ta ? j * m + i : i * k + j)]!;
      if (value === 0) continue;
      const row = at.c + i * n;
      if (at.tb) for (let l = 0; l < n; l++) c[row + l]! += value * b[at.b + l * k + j]!;
      else for (let l = 0; l < n; l++) c[row + l]! += value * b[at.b + j * n + l]!;
    }
  }
}

const matmul: Primitive = {
  kind: 'primitive',
  doc: 'Product of the last two axes of each example: [n, k] by [k, m] gives [n, m]. Axes before them count matrices.',
  signature: [
    { name: 'a', kind: 'value' },
    { name: 'b', kind: 'value' },
  ],
  resolve: (_, attrs) => ({ transposeA: false, transposeB: false, ...attrs }),
  shape: ([a, b], attrs) => {
    for (const [operand, { shape }] of [a!, b!].entries()) {
      if (shape.length >= 2) continue;
      const help =
        shape.length === 1
          ? `\`reshape(1, ${shape[0]})\` makes it a row, \`reshape(${shape[0]}, 1)\` a column; \`dense\` is the layer on vectors`
          : 'for numbers there is `*`';
      return problem(
        'GAN0321',
        { op: 'matmul', expected: 'at least two axes', shape },
        { operand },
        { help },
      );
    }
    const [m, k, n] = sizes(a!.shape, b!.shape, attrs);
    const [leadA, leadB] = [a!.shape.slice(0, -2), b!.shape.slice(0, -2)];
    const inner = attrs.transposeB ? b!.shape.at(-1) : b!.shape.at(-2);
    const lead = leadA.length > leadB.length ? leadA : leadB;
    const meets = (own: Shape) => own.length === 0 || sizeOf(own) === 1 || sameShape(own, lead);
    if (k !== inner || !meets(leadA) || !meets(leadB)) {
      const turn = (shape: Shape, by: unknown) =>
        by ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
      const [left, right] = [turn(a!.shape, attrs.transposeA), turn(b!.shape, attrs.transposeB)];
      const turned = k === b!.shape.at(-1) && b!.shape.length === 2;
      return problem(
        'GAN0327',
        { left, right },
        { operand: 1 },
        turned ? { help: '`transpose(…, [1, 0])` on the second would meet the first' } : {},
      );
    }
    return [...(sizeOf(leadA) >= sizeOf(leadB) ? longer(leadA, leadB) : leadB), m, n];
  },
  gradient: (b, node, dy, i) => {
    const [p, q] = node.args as [Node, Node];
    const { transposeA: ta, transposeB: tb } = node.attrs as { transposeA: boolean; transposeB: boolean };
    if (i === 0) {
      return ta
        ? b.matmul(q, dy, { transposeA: tb, transposeB: true })
        : b.matmul(dy, q, { transposeB: !tb });
    }
    return tb ? b.matmul(dy, p, { transposeA: true, transposeB: ta }) : b.matmul(p, dy, { transposeA: !ta });
  },
  range: ([p, q], attrs, shapes) =>
    sumInterval(mulInterval(p!, q!), sizes(shapes[0]!.shape, shapes[1]!.shape, attrs)[1]),
  cost: ([a, b], attrs, out) => ({ flops: 2 * sizeOf(out) * sizes(a!.shape, b!.shape, attrs)[1] }),
  reference: ([p, q], node) => {
    const size = sizes(p!.shape, q!.shape, node.attrs);
    const [m, k, n] = size;
    const out = zeros(countedShape(node));
    const products = sizeOf(out.shape) / (m * n);
    const [ta, tb] = [node.attrs.transposeA === true, node.attrs.transposeB === true];
    // A side with fewer matrices is repeated: a whole one for each example, one of an example for each of the other's.
    const nth = (side: 0 | 1, i: number, matrices: number): number =>
      node.args[side]!.count === null ? i % matrices : Math.floor((i * matrices) / products);
    const [ofA, ofB] = [p!.data.length / (m * k), q!.data.length / (k * n)];
    for (let i = 0; i < products; i++) {
      const [a, b] = [nth(0, i, ofA) * m * k, nth(1, i, ofB) * k * n];
      multiply(p!.data, q!.data, out.data, size, { a, b, c: i * m * n, ta, tb });
    }
    return out;
  },
  simplify: (b, [p, q], attrs) => matched(b, p!, q!, attrs),
  lower: {
    tfjs: ([p, q], node) => {
      const { transposeA, transposeB } = node.attrs;
      const flags = transposeB ? `, ${transposeA}, true` : transposeA ? ', true' : '';
      return `tf.matMul(${p}, ${q}${flags})`;
    },
  },
  samples: [
    { operands: [each([3, 2]), each([2, 4])], attrs: { transposeA: false, transposeB: false } },
    { operands: [each([2, 3]), each([4, 2])], attrs: { transposeA: true, transposeB: true } },
    { operands: [each([2, 3, 2]), each([2, 2, 2])], attrs: { transposeA: false, transposeB: true } },
    { operands: [each([3, 2]), whole([2, 4])], attrs: { transposeA: false, transposeB: false } },
    { operands: [each([2, 3]), whole([4, 2])], attrs: { transposeA: true, transposeB: true } },
    { operands: [whole([3, 2]), each([2, 4])], attrs: { transposeA: false, transposeB: false } },
    { operands: [whole([2, 3]), each([4, 2])], attrs: { transposeA: true, transposeB: true } },
    { operands: [whole([2, 3, 2]), each([2, 2])], attrs: { transposeA: false, transposeB: false } },
    { operands: [whole([3, 2]), whole([2, 2])], attrs: { transposeA: false, transposeB: false } },
    { operands: [each([2, 2, 3]), whole([2, 3, 1])], attrs: { transposeA: false, transposeB: false } },
  ],
};

function longer(a: Shape, b: Shape): Shape {
  return b.length > a.length ? b : a;
}

/** Brings both sides to equally many matrices, or to `linear` where one side is a single whole matrix. */
function matched(b: Builder, p: Node, q: Node, attrs: Attrs): Node | null {
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const turned = (a: Node) => {
    const r = a.shape.length;
    const axes = a.shape.map((_, i) => i);
    return b.transpose(a, [...axes.slice(0, -2), r - 1, r - 2]);
  };
  if (q.count === null && q.shape.length === 2) {
    return b.op('linear', [transposeA ? turned(p) : p, q], { transpose: transposeB });
  }
  if (p.count === null && p.shape.length === 2) {
    // A·B = (Bᵀ·Aᵀ)ᵀ, whose right side is the whole one.
    return turned(b.op('linear', [transposeB ? q : turned(q), p], { transpose: !transposeA }));
  }
  const [leadP, leadQ] = [p.shape.slice(0, -2), q.shape.slice(0, -2)];
  const count = p.count ?? q.count;
  if (sameShape(leadP, leadQ) && p.count === q.count) return null;
  const lead =
    sizeOf(leadP) === sizeOf(leadQ) ? longer(leadP, leadQ) : sizeOf(leadP) > sizeOf(leadQ) ? leadP : leadQ;
  const wide = (a: Node) => b.broadcast(a, [...lead, ...a.shape.slice(-2)], count);
  return b.op('matmul', [wide(p), wide(q)], attrs);
}

const linear: Primitive = {
  kind: 'primitive',
  doc: 'The last axis of a value times one whole matrix: [..., k] by [k, n] ([n, k] with `transpose`) gives [..., n].',
  signature: null,
  shape: ([x, w], attrs) => {
    const [k, n] = attrs.transpose ? [w!.shape[1]!, w!.shape[0]!] : [w!.shape[0]!, w!.shape[1]!];
    return x!.shape.at(-1) === k
      ? [...x!.shape.slice(0, -1), n]
      : problem('GAN0327', { left: x!.shape, right: [k, n] });
  },
  gradient: (b, node, dy, i) => {
    const [x, w] = node.args as [Node, Node];
    const transpose = node.attrs.transpose as boolean;
    if (i === 0) return b.op('linear', [dy, w], { transpose: !transpose });
    return b.op('linear_kernel_gradient', transpose ? [dy, x] : [x, dy]);
  },
  range: ([x, w], _, shapes) => sumInterval(mulInterval(x!, w!), shapes[0]!.shape.at(-1)!),
  cost: ([x], _, out) => ({ flops: 2 * sizeOf(out) * x!.shape.at(-1)! }),
  reference: ([x, w], node) => {
    const tb = node.attrs.transpose === true;
    const out = zeros(countedShape(node));
    const n = node.shape.at(-1)!;
    const size = [out.data.length / n, x!.shape.at(-1)!, n] as const;
    multiply(x!.data, w!.data, out.data, size, { a: 0, b: 0, c: 0, ta: false, tb });
    return out;
  },
  simplify: (b, [x, w], attrs) => {
    // The same row for all examples is multiplied once.
    const source = x!.kind === 'op' && x!.op === 'broadcast_to' && x!.count !== null ? x!.args[0]! : null;
    if (source && source.count === null) {
      const y = b.op('linear', [b.broadcast(source, x!.shape, null), w!], attrs);
      return b.broadcast(y, y.shape, x!.count);
    }
    // A turned kernel is read turned.
    if (w!.kind !== 'op' || w!.op !== 'transpose') return null;
    return b.op('linear', [x!, w!.args[0]!], { transpose: !attrs.transpose });
  },
  lower: {
    tfjs: ([x, w], node) => {
      const turned = node.attrs.transpose ? ', false, true' : '';
      return isMatrix(node.args[0]!)
        ? `tf.matMul(${x}, ${w}${turned})`
        : `nn.linear(${x}, ${w}${node.attrs.transpose ? ', true' : ''})`;
    },
  },
  samples: [
    { operands: [each([3]), whole([3, 2])], attrs: { transpose: false } },
    { operands: [each([3]), whole([2, 3])], attrs: { transpose: true } },
    { operands: [each([2, 3]), whole([3, 2])], attrs: { transpose: false } },
    { operands: [whole([2, 3]), whole([3, 2])], attrs: { transpose: false } },
    { operands: [whole([3]), whole([2, 3])], attrs: { transpose: true } },
  ],
};

/** Whether a value has two axes at run time, the count included. */
function isMatrix(a: Node): boolean {
  return a.shape.length + (a.count === null ? 0 : 1) === 2;
}

const linearKernelGradient: Primitive = {
  kind: 'primitive',
  doc: 'Sum over the batch and all but the last axes of the products x[i]·dy[j]: [..., k] with [..., n] gives the whole [k, n].',
  signature: null,
  shape: ([x, dy]) => [x!.shape.at(-1)!, dy!.shape.at(-1)!],
  batch: () => false,
  gradient: (b, node, dw, i) => {
    const [x, dy] = node.args as [Node, Node];
    return i === 0
      ? b.op('linear', [dy, dw], { transpose: true })
      : b.op('linear', [x, dw], { transpose: false });
  },
  range: () => anything,
  cost: ([x, dy]) => ({ flops: 2 * sizeOf(x!.shape) * dy!.shape.at(-1)! }),
  reference: ([x, dy], node) => {
    const out: NDArray = zeros(node.shape);
    const [k, n] = node.shape as [number, number];
    const size = [k, x!.data.length / k, n] as const;
    multiply(x!.data, dy!.data, out.data, size, { a: 0, b: 0, c: 0, ta: true, tb: false });
    return out;
  },
  lower: {
    tfjs: ([x, dy], node) =>
      node.args.every(isMatrix) ? `tf.matMul(${x}, ${dy}, true)` : `nn.linearKernelGradient(${x}, ${dy})`,
  },
  samples: [
    { operands: [each([3]), each([2])] },
    { operands: [each([2, 3]), each([2, 1])] },
    { operands: [whole([2, 3]), whole([2, 2])] },
    { operands: [whole([3]), whole([2])] },
  ],
};

export const contraction = { matmul, linear, linear_kernel_gradient: linearKernelGradient };
