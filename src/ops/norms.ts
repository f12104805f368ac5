/** Normalisations: mean and variance over the batch, the last axis, the positions, or groups of channels. */
import { isProblem, type Problem, problem } from '../diagnostics/table.ts';
import type { Builder } from '../ir/builder.ts';
import type { Node } from '../ir/graph.ts';
import { sizeOf } from '../ir/ndarray.ts';
import { named } from '../ir/remarks.ts';
import type { Attrs, Shape, Shaped } from '../ir/types.ts';
import type { Layer, Parameter, Slot } from './record.ts';
import { positive } from './window.ts';

const EPSILON = 1e-5;
/** How much of a running average stays at each move. */
const KEEP = 0.9;

const x: Parameter = { name: 'x', kind: 'value' };
const affine: Parameter = {
  name: 'affine',
  kind: 'boolean',
  default: true,
  doc: 'false leaves out scale (gamma) and shift (beta)',
};

/** Scale and shift, one of each for every entry of the last axis. */
function affineSlots([a]: readonly Shaped[], attrs: Attrs): readonly Slot[] {
  if (!attrs.affine) return [];
  const n = a!.shape.at(-1)!;
  const slot = (name: string, value: number): Slot => ({
    slot: name,
    shape: [n],
    init: { kind: 'constant', value },
    fanIn: n,
    fanOut: n,
  });
  return [slot('gamma', 1), slot('beta', 0)];
}

function scaled(b: Builder, y: Node, weights: Readonly<Record<string, Node>>): Node {
  return weights.gamma ? b.add(b.mul(y, weights.gamma), weights.beta!) : y;
}

/** (x − mean) / √(variance + ε), the statistics taken over `axes`. */
function standardised(b: Builder, a: Node, axes: readonly number[]): Node {
  const mean = named('mean', b.mean(a, { axes, keep: true }));
  const centred = named('centred', b.sub(a, mean));
  const variance = named('variance', b.mean(b.square(centred), { axes, keep: true }));
  return named('standard', b.mul(centred, named('inverse', b.rsqrt(b.add(variance, EPSILON)))));
}

/** (x − mean) · gamma / √(variance + ε) + beta. With whole statistics, gamma is divided once for all examples. */
function normalised(
  b: Builder,
  centred: Node,
  variance: Node,
  weights: Readonly<Record<string, Node>>,
): Node {
  const inverse = named('inverse', b.rsqrt(b.add(variance, EPSILON)));
  return weights.gamma
    ? b.add(b.mul(centred, named('scale', b.mul(inverse, weights.gamma))), weights.beta!)
    : b.mul(centred, inverse);
}

/** Needs channels at least. */
function channels(op: string) {
  return ([a]: readonly Shaped[]): Shape | Problem =>
    a!.shape.length > 0
      ? a!.shape
      : problem('GAN0321', { op, expected: 'at least one axis', shape: a!.shape }, { operand: 0 });
}

/** Of a single number the mean is the number itself: nothing is left of it. */
function single(op: string, shape: Shape, help: string): Problem {
  return problem('GAN0337', { op, shape }, { operand: 0 }, { help });
}

const leading = (shape: Shape): number[] => shape.slice(0, -1).map((_, i) => i);

const sample = (shape: Shape, attrs: Attrs, batch = true) => ({ operands: [{ shape, batch }], attrs });

const batchNorm: Layer = {
  kind: 'layer',
  doc: 'Normalises each channel by its mean and variance over the minibatch and all positions; outputs use moving averages (Ioffe & Szegedy 2015).',
  signature: [x, affine],
  shape: ([a]) =>
    a!.batch ? channels('batch_norm')([a!]) : problem('GAN0334', { op: 'batch_norm' }, { operand: 0 }),
  weights: affineSlots,
  stats: ([a]) => [
    { slot: 'mean', shape: [a!.shape.at(-1)!], init: 'zeros' },
    { slot: 'variance', shape: [a!.shape.at(-1)!], init: 'ones' },
  ],
  build: (b, [a], _, weights, context) => {
    if (!context.training) {
      return normalised(
        b,
        named('centred', b.sub(a!, context.stat('mean'))),
        context.stat('variance'),
        weights,
      );
    }
    // [channels] meets the values at the right without the reduced axes.
    const over = { axes: leading(a!.shape), keep: false, batch: true };
    const mean = named('mean', b.mean(a!, over));
    const centred = named('centred', b.sub(a!, mean));
    const variance = named('variance', b.mean(b.square(centred), over));
    context.move('mean', mean, KEEP);
    context.move('variance', unbiased(b, variance, a!), KEEP);
    return normalised(b, centred, variance, weights);
  },
  samples: [
    sample([3], { affine: true }),
    sample([2, 2, 2], { affine: true }),
    sample([4, 2], { affine: false }),
  ],
};

/** The variance times n / (n − 1), n being the examples times the positions; of a single number as it is. */
function unbiased(b: Builder, variance: Node, of: Node): Node {
  const positions = sizeOf(of.shape.slice(0, -1));
  const n = named('n', b.mul(b.leaf({ kind: 'count', count: of.count! }, [], null), positions));
  const correction = named('correction', b.div(n, b.op('maximum', [b.sub(n, 1), b.scalar(1)])));
  return named('unbiased', b.mul(variance, correction));
}

const layerNorm: Layer = {
  kind: 'layer',
  doc: 'Normalises the last axis of each example, with one gamma and beta for each entry (Ba et al. 2016).',
  signature: [x, affine],
  shape: ([a]) => {
    const shape = channels('layer_norm')([a!]);
    if (isProblem(shape) || shape.at(-1)! > 1) return shape;
    return single('layer_norm', shape, 'normalise before the layer that makes one number of it');
  },
  weights: affineSlots,
  build: (b, [a], _, weights) => scaled(b, standardised(b, a!, [a!.shape.length - 1]), weights),
  samples: [
    sample([4], { affine: true }),
    sample([2, 3], { affine: false }),
    sample([3], { affine: true }, false),
  ],
};

const instanceNorm: Layer = {
  kind: 'layer',
  doc: 'Normalises each channel of each example over its positions (Ulyanov et al. 2016).',
  signature: [x, affine],
  shape: ([a]) =>
    sizeOf(leading(a!.shape).map((i) => a!.shape[i]!)) > 1
      ? a!.shape
      : single('instance_norm', a!.shape, '`layer_norm` normalises the channels of each example'),
  weights: affineSlots,
  build: (b, [a], _, weights) => scaled(b, standardised(b, a!, leading(a!.shape)), weights),
  samples: [sample([2, 3, 2], { affine: true }), sample([4, 2], { affine: false })],
};

const groupNorm: Layer = {
  kind: 'layer',
  doc: 'Normalises groups of channels of each example, over their positions (Wu & He 2018).',
  signature: [x, { name: 'groups', kind: 'integer', doc: 'a divisor of the number of channels' }, affine],
  resolve: (_, attrs) => positive('group_norm', 'groups', attrs.groups) ?? attrs,
  shape: ([a], attrs) => {
    const shape = channels('group_norm')([a!]);
    if (isProblem(shape)) return shape;
    const [c, groups] = [shape.at(-1)!, attrs.groups as number];
    if (c % groups !== 0) {
      return problem(
        'GAN0329',
        { op: 'group_norm', groups, channels: c, what: 'channels' },
        { argument: 'groups' },
      );
    }
    return sizeOf(shape) > groups ? shape : single(`group_norm(${groups})`, shape, 'take fewer groups');
  },
  weights: affineSlots,
  build: (b, [a], attrs, weights) => {
    const groups = attrs.groups as number;
    const split = b.reshape(a!, [...a!.shape.slice(0, -1), groups, a!.shape.at(-1)! / groups]);
    const axes = split.shape.map((_, i) => i).filter((i) => i !== split.shape.length - 2);
    return scaled(b, b.reshape(standardised(b, split, axes), a!.shape), weights);
  },
  samples: [
    sample([2, 2, 4], { groups: 2, affine: true }),
    sample([4], { groups: 2, affine: false }),
    sample([3, 2], { groups: 1, affine: true }),
  ],
};

export const norms = {
  batch_norm: batchNorm,
  layer_norm: layerNorm,
  instance_norm: instanceNorm,
  group_norm: groupNorm,
};
