/** Elementwise functions of one operand: activations and the functions of the analysis book. */
import { problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node, OpNode } from '../ir/graph.ts';
import { splat } from '../ir/graph-builder.ts';
import { sameShape } from '../ir/ndarray.ts';
import { constantOf, match, unary } from './families.ts';
import { hull, increasing, interval, negInterval, reciprocal, squareInterval } from './interval.ts';
import type { Composite, Interval, Operation } from './record.ts';
import { erf, sigmoid, softplus } from './special.ts';

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

const rising =
  (f: (x: number) => number) =>
  (x: Interval): Interval =>
    increasing(f)([x]);

const selu = (x: number): number => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x));

/** eˣ below 0 and 1 above: the slope of `elu`. It is capped before the exponential, so that nothing overflows. */
function expBelowZero(b: Builder, x: Node): Node {
  return b.exp(b.op('minimum', [x, b.scalar(0)]));
}

/**
 * `log` of values whose logarithm is known without taking it: the way to losses that neither overflow nor round to log 0.
 * What is matched here is positive by its making, so logarithms of its products and powers come apart.
 */
function knownLog(b: Builder, x: Node): Node | null {
  if (x.kind === 'leaf') return null;
  const [first, second] = x.args;
  switch (x.op) {
    case 'exp':
      return first!;
    case 'sigmoid':
      return b.neg(b.op('softplus', [b.neg(first!)]));
    case 'softmax':
      return b.op('log_softmax', x.args, x.attrs);
    case 'sum':
    case 'mean':
      return logOfTotal(b, x);
    case 'add': {
      // log(1 + eᵃ), in either order.
      const exp = splat(first!) === 1 ? match(second!, 'exp') : splat(second!) === 1 && match(first!, 'exp');
      return exp && sameShape(exp.shape, x.shape) && exp.count === x.count
        ? b.op('softplus', exp.args)
        : null;
    }
    case 'reshape': {
      const inner = knownLog(b, first!);
      return inner && b.reshape(inner, x.shape);
    }
    case 'square':
    case 'sqrt': {
      const inner = knownLog(b, first!);
      return inner && b.mul(inner, x.op === 'square' ? 2 : 0.5);
    }
    case 'mul':
    case 'div': {
      const [left, right] = [knownLog(b, first!), knownLog(b, second!)];
      return left && right && b.op(x.op === 'mul' ? 'add' : 'sub', [left, right]);
    }
    default:
      return null;
  }
}

/** log Σ eᵃ over axes or the batch; of a mean, less the logarithm of their number. */
function logOfTotal(b: Builder, total: OpNode): Node | null {
  const exp = match(total.args[0]!, 'exp');
  if (!exp) return null;
  const result = b.op('logsumexp', exp.args, total.attrs);
  if (total.op === 'sum') return result;
  let n = 1;
  for (const axis of total.attrs.axes as readonly number[]) n *= exp.shape[axis]!;
  const less = b.sub(result, Math.log(n));
  if (total.attrs.batch !== true) return less;
  return b.sub(less, b.log(b.leaf({ kind: 'count', count: exp.count! }, [], null)));
}

const gelu: Composite = {
  kind: 'composite',
  doc: 'Gaussian error linear unit x·Φ(x), with the exact Φ (Hendrycks & Gimpel 2016).',
  signature: [{ name: 'x', kind: 'value' }],
  shape: ([x]) => x!.shape,
  build: (b, [x]) => b.mul(b.mul(x!, 0.5), b.add(b.op('erf', [b.mul(x!, Math.SQRT1_2)]), 1)),
  range: ([x]) => ({ lo: Math.max(-0.17, Math.min(x!.lo, 0)), hi: Math.max(x!.hi, 0) }),
  samples: [{ operands: [{ shape: [2, 3], batch: true }] }, { operands: [{ shape: [], batch: false }] }],
};

const silu: Composite = {
  kind: 'composite',
  doc: 'x · sigmoid(x), also called swish (Elfwing et al. 2017).',
  signature: [{ name: 'x', kind: 'value' }],
  shape: ([x]) => x!.shape,
  build: (b, [x]) => b.mul(x!, b.op('sigmoid', [x!])),
  range: ([x]) => ({ lo: Math.max(-0.2785, Math.min(x!.lo, 0)), hi: Math.max(x!.hi, 0) }),
  samples: [{ operands: [{ shape: [2, 3], batch: true }] }, { operands: [{ shape: [], batch: false }] }],
};

export const elementwise = {
  relu: unary({
    doc: 'max(x, 0). The slope at 0 is 0.',
    f: (x) => Math.max(x, 0),
    // The result has the operand's sign, and is kept anyway.
    gradient: (b, _, dy, node) => b.mul(dy, b.op('step', [node], { low: 0 })),
    range: rising((x) => Math.max(x, 0)),
    simplify: (_, x) => match(x, 'relu'),
    tfjs: (x) => `tf.relu(${x})`,
    formula: (x) => `relu(${x})`,
    avoid: [0],
  }),
  leaky_relu: unary({
    doc: 'x above 0, slope · x below (Maas et al. 2013). The slope at 0 is that of the negative side.',
    parameters: [{ name: 'slope', kind: 'number', default: 0.2 }],
    f: (x, { slope }) => (x > 0 ? x : x * (slope as number)),
    gradient: (b, x, dy, node) => {
      const slope = node.attrs.slope as number;
      return b.mul(dy, b.op('step', [slope > 0 ? node : x], { low: slope }));
    },
    range: (x, attrs) => {
      const f = (v: number) => (v > 0 ? v : v * (attrs.slope as number));
      const ends = [x.lo, x.hi].map((v) => (v === -Infinity && attrs.slope === 0 ? 0 : f(v)));
      return hull(x.lo < 0 && x.hi > 0 ? [...ends, 0] : ends);
    },
    tfjs: (x, node) => `tf.leakyRelu(${x}, ${node.attrs.slope})`,
    formula: (x, node) => `leaky_relu(${x}, ${node.attrs.slope})`,
    avoid: [0],
    attrs: { slope: 0.2 },
  }),
  /** The slope of `relu` and `leaky_relu`. */
  step: unary({
    doc: '1 above 0, `low` elsewhere; gradient 0.',
    parameters: null,
    f: (x, { low }) => (x > 0 ? 1 : (low as number)),
    gradient: () => null,
    range: (x, { low }) =>
      x.lo > 0 ? interval(1, 1) : x.hi <= 0 ? hull([low as number]) : hull([low as number, 1]),
    tfjs: (x, node) => (node.attrs.low === 0 ? `tf.step(${x})` : `tf.step(${x}, ${node.attrs.low})`),
    formula: (x, node) => `step(${x}, ${node.attrs.low})`,
    avoid: [0],
    attrs: { low: 0.2 },
  }),
  elu: unary({
    doc: 'x above 0, eˣ − 1 below (Clevert et al. 2015).',
    f: (x) => (x > 0 ? x : Math.expm1(x)),
    gradient: (b, x, dy) => b.mul(dy, expBelowZero(b, x)),
    range: rising((x) => (x > 0 ? x : Math.expm1(x))),
    tfjs: (x) => `tf.elu(${x})`,
    formula: (x) => `elu(${x})`,
    avoid: [0],
  }),
  selu: unary({
    doc: 'Scaled elu, which keeps mean and variance (Klambauer et al. 2017). The slope at 0 is that of the negative side.',
    f: selu,
    gradient: (b, x, dy) => {
      const below = b.mul(expBelowZero(b, x), SELU_SCALE * SELU_ALPHA);
      const slope = b.op('where', [b.op('gt', [x, b.scalar(0)]), b.scalar(SELU_SCALE), below]);
      return b.mul(dy, slope);
    },
    range: rising(selu),
    tfjs: (x) => `tf.selu(${x})`,
    avoid: [0],
  }),
  gelu,
  silu,
  tanh: unary({
    doc: 'Hyperbolic tangent: values in (−1, 1).',
    f: Math.tanh,
    gradient: (b, _, dy, node) => b.mul(dy, b.sub(1, b.square(node))),
    range: rising(Math.tanh),
    tfjs: (x) => `tf.tanh(${x})`,
    formula: (x) => `tanh(${x})`,
  }),
  sigmoid: unary({
    doc: '1 / (1 + e⁻ˣ): values in (0, 1).',
    f: sigmoid,
    gradient: (b, _, dy, node) => b.mul(dy, b.mul(node, b.op('sub', [b.scalar(1), node]))),
    range: rising(sigmoid),
    tfjs: (x) => `tf.sigmoid(${x})`,
    formula: (x) => `sigmoid(${x})`,
  }),
  softplus: unary({
    doc: 'log(1 + eˣ), without overflow.',
    f: softplus,
    gradient: (b, x, dy) => b.mul(dy, b.op('sigmoid', [x])),
    range: rising((x) => (x === Infinity ? x : softplus(x))),
    tfjs: (x) => `tf.softplus(${x})`,
    formula: (x) => `softplus(${x})`,
  }),
  exp: unary({
    doc: 'eˣ.',
    f: Math.exp,
    gradient: (b, _, dy, node) => b.mul(dy, node),
    range: rising(Math.exp),
    simplify: (b, x) => {
      const log = match(x, 'log_softmax');
      if (log) return b.op('softmax', log.args, log.attrs);
      return match(x, 'log')?.args[0] ?? null;
    },
    tfjs: (x) => `tf.exp(${x})`,
    formula: (x) => `exp(${x})`,
  }),
  log: unary({
    doc: 'Natural logarithm. The compiler takes the stable way where it knows one: log(sigmoid(a)), log(1 − sigmoid(a)), log(softmax(a)), log(sum(exp(a))).',
    f: Math.log,
    gradient: (b, x, dy) => b.div(dy, x),
    range: (x) => interval(x.lo <= 0 ? -Infinity : Math.log(x.lo), Math.log(Math.max(x.hi, 0))),
    simplify: knownLog,
    tfjs: (x) => `tf.log(${x})`,
    formula: (x) => `log(${x})`,
    from: [0.3, 3],
  }),
  sqrt: unary({
    doc: 'Square root. The slope at 0 is ∞; `norm` is the Euclidean length with slope 0 there.',
    f: Math.sqrt,
    gradient: (b, _, dy, node) => b.div(b.mul(dy, 0.5), node),
    range: rising((x) => Math.sqrt(Math.max(x, 0))),
    simplify: (b, x) => {
      const square = match(x, 'square');
      if (square) return b.op('abs', square.args);
      const sum = match(x, 'sum');
      const summed = sum && sum.attrs.batch === false && match(sum.args[0]!, 'square');
      return summed ? b.op('norm', summed.args, { axes: sum.attrs.axes!, keep: sum.attrs.keep! }) : null;
    },
    tfjs: (x) => `tf.sqrt(${x})`,
    formula: (x) => `sqrt(${x})`,
    from: [0.3, 3],
  }),
  rsqrt: unary({
    doc: '1 / √x.',
    parameters: null,
    f: (x) => 1 / Math.sqrt(x),
    gradient: (b, _, dy, node) => b.mul(b.mul(dy, -0.5), b.mul(b.square(node), node)),
    range: (x) => reciprocal(rising((v) => Math.sqrt(Math.max(v, 0)))(x)),
    tfjs: (x) => `tf.rsqrt(${x})`,
    formula: (x) => `rsqrt(${x})`,
    from: [0.3, 3],
  }),
  square: unary({
    doc: 'x².',
    f: (x) => x * x,
    gradient: (b, x, dy) => b.mul(x, b.mul(dy, 2)),
    range: squareInterval,
    simplify: (b, x) => {
      const inner = match(x, 'neg') ?? match(x, 'abs');
      if (inner) return b.square(inner.args[0]!);
      const norm = match(x, 'norm');
      return norm && b.op('sum', [b.square(norm.args[0]!)], { ...norm.attrs, batch: false });
    },
    tfjs: (x) => `tf.square(${x})`,
    formula: (x) => `square(${x})`,
  }),
  abs: unary({
    doc: '|x|. The slope at 0 is 0.',
    f: Math.abs,
    gradient: (b, x, dy) => b.mul(dy, b.op('sign', [x])),
    range: (x) => (x.lo >= 0 ? x : x.hi <= 0 ? negInterval(x) : { lo: 0, hi: Math.max(-x.lo, x.hi) }),
    simplify: (b, x) => {
      if (match(x, 'abs') || match(x, 'square') || match(x, 'norm')) return x;
      const neg = match(x, 'neg');
      return neg && b.op('abs', neg.args);
    },
    tfjs: (x) => `tf.abs(${x})`,
    formula: (x) => `abs(${x})`,
    avoid: [0],
  }),
  sign: unary({
    doc: '−1, 0 or 1. Its gradient is 0.',
    f: Math.sign,
    gradient: () => null,
    range: rising(Math.sign),
    tfjs: (x) => `tf.sign(${x})`,
    formula: (x) => `sign(${x})`,
    avoid: [0],
  }),
  sin: unary({
    doc: 'Sine, of radians.',
    f: Math.sin,
    gradient: (b, x, dy) => b.mul(dy, b.op('cos', [x])),
    range: () => ({ lo: -1, hi: 1 }),
    tfjs: (x) => `tf.sin(${x})`,
  }),
  cos: unary({
    doc: 'Cosine, of radians.',
    f: Math.cos,
    gradient: (b, x, dy) => b.neg(b.mul(dy, b.op('sin', [x]))),
    range: () => ({ lo: -1, hi: 1 }),
    tfjs: (x) => `tf.cos(${x})`,
  }),
  erf: unary({
    doc: 'The error function 2/√π ∫₀ˣ e^(−t²) dt.',
    f: erf,
    gradient: (b, x, dy) => b.mul(dy, b.mul(b.exp(b.neg(b.square(x))), 2 / Math.sqrt(Math.PI))),
    range: rising(erf),
    tfjs: (x) => `tf.erf(${x})`,
  }),
  floor: unary({
    doc: 'The largest whole number not above x. Its gradient is 0.',
    f: Math.floor,
    gradient: () => null,
    range: rising(Math.floor),
    tfjs: (x) => `tf.floor(${x})`,
    formula: (x) => `floor(${x})`,
    avoid: [-2, -1, 0, 1, 2],
  }),
  clamp: unary({
    doc: 'x kept between lo and hi. The slope is 1 from lo to hi, both included, and 0 outside.',
    parameters: [
      { name: 'lo', kind: 'number' },
      { name: 'hi', kind: 'number' },
    ],
    resolve: (_, attrs) => {
      const [lo, hi] = [attrs.lo as number, attrs.hi as number];
      return lo > hi ? problem('GAN0305', { lo, hi }, { argument: 'lo' }) : attrs;
    },
    f: (x, { lo, hi }) => Math.min(Math.max(x, lo as number), hi as number),
    gradient: (b, x, dy, { attrs }) =>
      b.mul(
        dy,
        b.op('and', [
          b.op('ge', [x, b.scalar(attrs.lo as number)]),
          b.op('le', [x, b.scalar(attrs.hi as number)]),
        ]),
      ),
    range: (x, { lo, hi }) => rising((v) => Math.min(Math.max(v, lo as number), hi as number))(x),
    tfjs: (x, { attrs }) => `tf.clipByValue(${x}, ${attrs.lo}, ${attrs.hi})`,
    formula: (x, { attrs }) => `clamp(${x}, ${attrs.lo}, ${attrs.hi})`,
    avoid: [-1, 0.5],
    attrs: { lo: -1, hi: 0.5 },
  }),
  neg: unary({
    doc: '−x.',
    parameters: null,
    f: (x) => -x,
    gradient: (b, _, dy) => b.neg(dy),
    range: negInterval,
    simplify: (b, x) => {
      const sub = match(x, 'sub');
      if (sub) return b.sub(sub.args[1]!, sub.args[0]!);
      const product = match(x, 'mul') ?? match(x, 'div');
      const factor = product && constantOf(product.args[1]!);
      if (product && factor !== null) return b.op(product.op, [product.args[0]!, b.scalar(-factor)]);
      return match(x, 'neg')?.args[0] ?? null;
    },
    tfjs: (x) => `tf.neg(${x})`,
    formula: (x) => `-${x}`,
  }),
  not: unary({
    doc: '1 where x is 0, else 0.',
    parameters: null,
    f: (x) => (x === 0 ? 1 : 0),
    gradient: () => null,
    range: (x) => (x.lo > 0 || x.hi < 0 ? { lo: 0, hi: 0 } : { lo: 0, hi: 1 }),
    tfjs: (x) => `nn.not(${x})`,
    formula: (x) => `not(${x})`,
    avoid: [0],
  }),
  stop: unary({
    doc: 'The value itself, through which no gradient flows.',
    f: (x) => x,
    gradient: () => null,
    range: (x) => x,
    simplify: (_, x) => match(x, 'stop'),
    tfjs: (x) => `tf.clone(${x})`,
    wrt: [],
  }),
} satisfies Record<string, Operation>;
