/** Operations that treat the examples of a batch apart or together: batch, examples, dropout, minibatch_stddev, one_hot. */
import { problem } from '../diagnostics/table.ts';
import type { HostExpr } from '../ir/host.ts';
import { sizeOf, zeros } from '../ir/ndarray.ts';
import { relabelled } from './entries.ts';
import { match } from './families.ts';
import type { Composite, Parameter, Primitive } from './record.ts';
import { countedShape } from './shapes.ts';
import { positive } from './window.ts';

const x: Parameter = { name: 'x', kind: 'value' };

const dropout: Composite = {
  kind: 'composite',
  draws: true,
  doc: 'In training, each number becomes 0 with probability `rate`, and the others are scaled to keep the mean (Srivastava et al. 2014).',
  signature: [
    x,
    { name: 'rate', kind: 'scalar', doc: 'from 0, below 1; it may follow `step` and `progress`' },
  ],
  resolve: (_, attrs) => {
    const rate = attrs.rate;
    if (typeof rate !== 'number' || (rate >= 0 && rate < 1)) return attrs;
    const needs = 'from 0 up to, but not including, 1';
    return problem('GAN0330', { op: 'dropout', argument: 'rate', value: rate, needs }, { argument: 'rate' });
  },
  shape: ([a]) => (a!.batch ? a!.shape : problem('GAN0334', { op: 'dropout' }, { operand: 0 })),
  build: (b, [a], attrs, context) => {
    const { rate } = attrs;
    if (!context.training || rate === 0) return a!;
    if (typeof rate === 'number') {
      const keep = 1 - rate;
      const kept = b.op('lt', [context.uniform(a!.shape), b.scalar(keep)]);
      return b.mul(a!, b.mul(kept, 1 / keep));
    }
    // A rate that reaches 1 leaves nothing, and divides by nothing.
    const expr = (rate as unknown as { readonly host: HostExpr }).host;
    const keep = b.op('maximum', [b.sub(1, b.leaf({ kind: 'host', expr }, [], null)), b.scalar(1e-6)]);
    const kept = b.op('lt', [context.uniform(a!.shape), keep]);
    return b.mul(a!, b.mul(kept, b.div(1, keep)));
  },
  range: ([a], attrs) => {
    if (typeof attrs.rate !== 'number') return { lo: Math.min(0, a!.lo * 1e6), hi: Math.max(0, a!.hi * 1e6) };
    const scale = 1 / (1 - attrs.rate);
    return { lo: Math.min(0, a!.lo * scale), hi: Math.max(0, a!.hi * scale) };
  },
  samples: [{ operands: [{ shape: [3, 2], batch: true }], attrs: { rate: 0.4 } }],
};

/** As many equal groups as divide the batch, at most `groups`. The runtime's `groupMean` does the same. */
export function groupsOf(batch: number, groups: number): number {
  let n = Math.min(groups, batch);
  while (batch % n !== 0) n--;
  return n;
}

const groupMean: Primitive = {
  kind: 'primitive',
  doc: 'Each example becomes the mean of its group: the batch in `groups` equal runs (fewer where they would not be equal). Its own transpose.',
  signature: null,
  shape: ([a]) => a!.shape,
  gradient: (b, node, dy) => b.op('group_mean', [dy], node.attrs),
  range: ([a]) => a!,
  cost: (_, __, out) => ({ flops: 2 * sizeOf(out) }),
  reference: ([a], node) => {
    const batch = node.count as number;
    const result = zeros(a!.shape);
    const n = sizeOf(node.shape);
    const run = batch / groupsOf(batch, node.attrs.groups as number);
    for (let i = 0; i < a!.data.length; i++) {
      const start = Math.floor(i / (n * run)) * n * run + (i % n);
      for (let j = 0; j < run; j++) result.data[i]! += a!.data[start + j * n]! / run;
    }
    return result;
  },
  lower: { tfjs: ([a], node) => `nn.groupMean(${a}, ${node.attrs.groups})` },
  samples: [
    { operands: [{ shape: [2], batch: true }], attrs: { groups: 3 } },
    { operands: [{ shape: [2, 2], batch: true }], attrs: { groups: 2 } },
    { operands: [{ shape: [], batch: true }], attrs: { groups: 1 } },
  ],
};

const minibatchStddev: Composite = {
  kind: 'composite',
  doc: 'One channel more: the standard deviation of the values over the batch (or over each of `groups` equal parts of it), averaged to one number, by which a critic sees variety (Karras et al. 2018).',
  signature: [
    x,
    {
      name: 'groups',
      kind: 'integer',
      default: 1,
      doc: 'parts of the batch that are compared apart: examples that follow each other',
    },
  ],
  resolve: (_, attrs) => positive('minibatch_stddev', 'groups', attrs.groups) ?? attrs,
  shape: ([a]) => {
    const { shape, batch } = a!;
    if (!batch) return problem('GAN0334', { op: 'minibatch_stddev' }, { operand: 0 });
    if (shape.length > 0) return [...shape.slice(0, -1), shape.at(-1)! + 1];
    return problem(
      'GAN0321',
      { op: 'minibatch_stddev', expected: 'at least one axis', shape },
      { operand: 0 },
    );
  },
  build: (b, [a], attrs) => {
    const over = (v: typeof a) =>
      attrs.groups === 1 ? b.mean(v!, { axes: [], batch: true }) : b.op('group_mean', [v!], attrs);
    const deviation = b.sqrt(b.add(over(b.square(b.sub(a!, over(a!)))), 1e-8));
    const ones = a!.shape.map(() => 1);
    const channel = [...a!.shape.slice(0, -1), 1];
    return b.concat(
      [a!, b.broadcast(b.reshape(b.mean(deviation), ones), channel, a!.count)],
      a!.shape.length - 1,
    );
  },
  samples: [
    { operands: [{ shape: [2, 2, 2], batch: true }], attrs: { groups: 1 } },
    { operands: [{ shape: [3], batch: true }], attrs: { groups: 1 } },
  ],
};

const oneHot: Primitive = {
  kind: 'primitive',
  doc: 'Class numbers as one-hot vectors: 0 to n − 1 along a new last axis; anything else is a vector of zeros.',
  signature: [x, { name: 'n', kind: 'integer', doc: 'number of classes' }],
  resolve: (_, attrs) => positive('one_hot', 'n', attrs.n) ?? attrs,
  shape: ([a], attrs) => [...a!.shape, attrs.n as number],
  gradient: () => null,
  range: () => ({ lo: 0, hi: 1 }),
  cost: (_, __, out) => ({ flops: sizeOf(out) }),
  reference: ([a], node) => {
    const result = zeros(countedShape(node));
    const n = node.attrs.n as number;
    for (const [i, value] of a!.data.entries()) {
      const index = Math.trunc(value);
      if (index >= 0 && index < n) result.data[i * n + index] = 1;
    }
    return result;
  },
  lower: { tfjs: ([a], node) => `nn.oneHot(${a}, ${node.attrs.n})` },
  samples: [
    { operands: [{ shape: [], batch: true, from: [0, 4] }], attrs: { n: 4 }, wrt: [] },
    { operands: [{ shape: [3], batch: true, from: [-2, 6] }], attrs: { n: 3 }, wrt: [] },
    { operands: [{ shape: [2], batch: false, from: [0, 2] }], attrs: { n: 2 }, wrt: [] },
    { operands: [{ shape: [2], batch: true, from: [-0.9, 1.9] }], attrs: { n: 1 }, wrt: [] },
  ],
};

const batch: Primitive = {
  ...relabelled,
  doc: 'The examples of a batch side by side: a value [d] of each example becomes one whole value [n, d], where n is the number of examples that the phase draws. So pairs of examples can meet; a loss of it is whole, and is not averaged again.',
  signature: [x],
  shape: ([a], attrs) => [attrs.n as number, ...a!.shape],
  batch: () => false,
  gradient: (b, node, dy) => b.op('examples', [dy], { count: node.args[0]!.count }),
  simplify: (_, [a]) => match(a!, 'examples')?.args[0] ?? null,
  samples: [
    { operands: [{ shape: [2], batch: true }], attrs: { n: 3 } },
    { operands: [{ shape: [], batch: true }], attrs: { n: 3 } },
  ],
};

const examples: Primitive = {
  ...relabelled,
  doc: 'The inverse of `batch`: of a whole value [n, d] each example gets its own row, a value [d]. The first axis must be the number of examples that the phase draws.',
  signature: [x],
  shape: ([a]) => a!.shape.slice(1),
  batch: () => true,
  gradient: (b, node, dy) => b.op('batch', [dy], { n: node.args[0]!.shape[0]! }),
  simplify: (_, [a], attrs) => {
    const inner = match(a!, 'batch')?.args[0];
    return inner && inner.count === attrs.count ? inner : null;
  },
  samples: [
    { operands: [{ shape: [3, 2], batch: false }], attrs: { count: 'batch' } },
    { operands: [{ shape: [3], batch: false }], attrs: { count: 'batch' } },
  ],
};

export const batchOps = {
  batch,
  examples,
  dropout,
  group_mean: groupMean,
  minibatch_stddev: minibatchStddev,
  one_hot: oneHot,
};
