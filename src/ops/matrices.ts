/** Small square matrices, each example's last two axes: inverse, determinant, and systems with a triangular matrix. */
import { type Problem, problem } from '../diagnostics/table.ts';
import { sameShape, sizeOf, zeros } from '../ir/ndarray.ts';
import type { Attrs, NDArray, Shape, Shaped } from '../ir/types.ts';
import { half, matrices, triangular } from './arrangement.ts';
import { perExample } from './families.ts';
import { anything } from './interval.ts';
import { operand } from './lines.ts';
import type { Composite, Operation, Primitive, Sample } from './record.ts';
import { countedShape } from './shapes.ts';

const orderOf = (shape: Shape): number => shape.at(-1)!;

/** Calls `f` for each matrix of an array, with the position of its first number. */
function eachMatrix(a: NDArray, n: number, f: (start: number, index: number) => void): void {
  for (let i = 0; i < a.data.length / (n * n); i++) f(i * n * n, i);
}

/** Gauss–Jordan elimination of [A | I] with the largest pivot of each column: A's inverse, and its determinant. */
function eliminated(a: Float64Array, n: number): { inverse: Float64Array; determinant: number } {
  const width = 2 * n;
  const m = new Float64Array(n * width);
  for (let i = 0; i < n; i++) {
    m.set(a.subarray(i * n, (i + 1) * n), i * width);
    m[i * width + n + i] = 1;
  }
  let determinant = 1;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(m[i * width + k]!) > Math.abs(m[best * width + k]!)) best = i;
    }
    if (best !== k) {
      const row = m.slice(k * width, (k + 1) * width);
      m.copyWithin(k * width, best * width, (best + 1) * width);
      m.set(row, best * width);
      determinant = -determinant;
    }
    const pivot = m[k * width + k]!;
    determinant *= pivot;
    if (pivot === 0) return { inverse: new Float64Array(n * n).fill(Infinity), determinant: 0 };
    for (let j = 0; j < width; j++) m[k * width + j]! /= pivot;
    for (let i = 0; i < n; i++) {
      const factor = m[i * width + k]!;
      if (i === k || factor === 0) continue;
      for (let j = 0; j < width; j++) m[i * width + j]! -= factor * m[k * width + j]!;
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) inverse.set(m.subarray(i * width + n, (i + 1) * width), i * n);
  return { inverse, determinant };
}

const one = (shape: Shape, batch: boolean): Sample => ({ operands: [{ shape, batch, from: [0.2, 2] }] });

const inverse: Primitive = {
  kind: 'primitive',
  doc: 'The inverse of square matrices [..., n, n], meant for small ones: n³ operations each. Of a singular one it is infinite.',
  signature: [operand],
  shape: ([a]) => matrices('inverse', a!, true) ?? a!.shape,
  // d(A⁻¹) = −A⁻¹ · dA · A⁻¹.
  gradient: (b, node, dy) =>
    b.neg(b.matmul(b.matmul(node, dy, { transposeA: true }), node, { transposeB: true })),
  range: () => anything,
  cost: ([a]) => ({ flops: 2 * sizeOf(a!.shape) * orderOf(a!.shape) }),
  reference: ([a], node) => {
    const n = orderOf(node.shape);
    const result = zeros(a!.shape);
    eachMatrix(a!, n, (start) =>
      result.data.set(eliminated(a!.data.subarray(start, start + n * n), n).inverse, start),
    );
    return result;
  },
  lower: { tfjs: ([a]) => `nn.inverse(${a})` },
  samples: [one([2, 2, 2], true), one([3, 3], false), one([1, 1], true)],
};

const determinant: Primitive = {
  kind: 'primitive',
  doc: 'The determinant of square matrices: [..., n, n] gives [...]. Its gradient is made with the inverse, so of a singular matrix it is not a number.',
  signature: [operand],
  shape: ([a]) => matrices('determinant', a!, true) ?? a!.shape.slice(0, -2),
  // Jacobi's formula: d det A = det A · tr(A⁻¹ · dA).
  gradient: (b, node, dy) => {
    const a = node.args[0]!;
    const rank = a.shape.length;
    const turned = [...a.shape.slice(0, -2).keys(), rank - 1, rank - 2];
    const share = b.mul(dy, node);
    return b.mul(b.transpose(b.op('inverse', [a]), turned), b.reshape(share, [...share.shape, 1, 1]));
  },
  range: () => anything,
  cost: ([a]) => ({ flops: sizeOf(a!.shape) * orderOf(a!.shape) }),
  reference: ([a], node) => {
    const n = orderOf(node.args[0]!.shape);
    const result = zeros(countedShape(node));
    eachMatrix(a!, n, (start, i) => {
      result.data[i] = eliminated(a!.data.subarray(start, start + n * n), n).determinant;
    });
    return result;
  },
  lower: { tfjs: ([a]) => `nn.determinant(${a})` },
  samples: [one([3, 3], true), one([2, 2], false)],
};

const log_determinant: Composite = {
  kind: 'composite',
  doc: 'log |det A| of square matrices, [..., n, n] to [...]: what a linear layer adds to the log-likelihood of a flow.',
  signature: [operand],
  shape: ([a]) => matrices('log_determinant', a!, true) ?? a!.shape.slice(0, -2),
  build: (b, [a]) => b.log(b.op('abs', [b.op('determinant', [a!])])),
  samples: [one([2, 2], true)],
};

/** Matrices and right sides must be equally many and of one height. */
function systems([a, b]: readonly Shaped[]): Problem | null {
  const wrong = matrices('triangular_solve', a!, true);
  if (wrong) return wrong;
  if (b!.shape.length < 2) {
    const help = { help: '`expand(…, -1)` makes a vector a column' };
    const expected = 'a right side of at least two axes';
    return problem('GAN0321', { op: 'triangular_solve', expected, shape: b!.shape }, { operand: 1 }, help);
  }
  const meets =
    orderOf(a!.shape) === b!.shape.at(-2) && sameShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2));
  return meets ? null : problem('GAN0327', { left: a!.shape, right: b!.shape }, { operand: 1 });
}

const lowerOf = (attrs: Attrs): boolean => (attrs.half === 'lower') !== (attrs.transpose === true);

const triangular_solve: Primitive = {
  kind: 'primitive',
  doc: 'X with T · X = b, where T is the lower half of `a`, [..., n, n], its diagonal included (or the upper one), and `b` is [..., n, m]. The other half of `a` is not looked at.',
  signature: [
    { name: 'a', kind: 'value' },
    { name: 'b', kind: 'value' },
    { ...half, doc: 'which half of `a` is meant, its diagonal included' },
  ],
  resolve: (_, attrs) => ({ transpose: false, ...attrs }),
  shape: (args) => systems(args) ?? args[1]!.shape,
  gradient: (b, node, dy, i) => {
    const [a] = node.args as [typeof dy, typeof dy];
    const transposed = node.attrs.transpose === true;
    // With X = T⁻¹ · b: db = T⁻ᵀ · dX, and dT = −db · Xᵀ, of which only T's half is a's.
    const right = b.op('triangular_solve', [a, dy], { half: node.attrs.half!, transpose: !transposed });
    if (i === 1) return right;
    const slope = transposed
      ? b.matmul(node, right, { transposeB: true })
      : b.matmul(right, node, { transposeB: true });
    return b.neg(triangular(b, slope, node.attrs.half === 'upper' ? 'upper' : 'lower', 0));
  },
  range: () => anything,
  cost: ([a, b]) => ({ flops: sizeOf(a!.shape) * b!.shape.at(-1)! }),
  reference: ([a, b], node) => {
    const [n, m] = node.shape.slice(-2) as [number, number];
    const result = zeros(b!.shape);
    const turned = node.attrs.transpose === true;
    const lower = lowerOf(node.attrs);
    eachMatrix(a!, n, (start, index) => {
      const t = (i: number, k: number) => a!.data[start + (turned ? k * n + i : i * n + k)]!;
      for (let step = 0; step < n; step++) {
        const i = lower ? step : n - 1 - step;
        for (let j = 0; j < m; j++) {
          let sum = b!.data[(index * n + i) * m + j]!;
          for (let k = lower ? 0 : i + 1; k < (lower ? i : n); k++) {
            sum -= t(i, k) * result.data[(index * n + k) * m + j]!;
          }
          result.data[(index * n + i) * m + j] = sum / t(i, i);
        }
      }
    });
    return result;
  },
  simplify: perExample('triangular_solve'),
  lower: {
    tfjs: ([a, b], node) =>
      `nn.triangularSolve(${a}, ${b}, ${lowerOf(node.attrs)}${node.attrs.transpose === true ? ', true' : ''})`,
  },
  samples: [
    solved([3, 3], true, [3, 2], true, 'lower', false),
    solved([2, 2], true, [2, 1], true, 'upper', true),
    solved([2, 2], false, [2, 2], true, 'upper', false),
  ],
};

function solved(
  a: Shape,
  aBatch: boolean,
  b: Shape,
  bBatch: boolean,
  which: 'lower' | 'upper',
  transpose: boolean,
): Sample {
  return {
    operands: [
      { shape: a, batch: aBatch, from: [0.6, 1.5] },
      { shape: b, batch: bBatch },
    ],
    attrs: { half: which, transpose },
  };
}

export const matrixOps = { inverse, determinant, log_determinant, triangular_solve } satisfies Record<
  string,
  Operation
>;
