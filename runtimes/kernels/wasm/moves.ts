/** Kernels that only move numbers: slices, margins, joins, parts, repetition, reversal, exchanged axes, constants. */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { type Box, moveBoxes, stepsOf } from './boxes.ts';
import { type KernelArgs as Args, cpuKernel } from './fallback.ts';

type Kernel = (a: Args) => tf.TensorInfo | tf.TensorInfo[];
type Floats = 'float32' | 'bool';

/** Truth values are kept as floats, whole numbers are not. */
const isFloat = (t: tf.TensorInfo) => t.dtype === 'float32' || t.dtype === 'bool';

/** A kernel of ours for operands of floats; the cpu backend's for all others. */
function moving(name: string, ours: Kernel): [string, Kernel] {
  const cpu = cpuKernel(name);
  return [name, (args) => (Object.values(args.inputs).every(isFloat) ? ours(args) : cpu(args))];
}

const only = ({ inputs, backend }: Args) => ({
  x: inputs.x as tf.TensorInfo,
  backend: backend as WasmBackend,
});

/** The operand's numbers by other steps, from the number at `start` on: every number of the result is one of them. */
function view(
  backend: WasmBackend,
  x: tf.TensorInfo,
  shape: readonly number[],
  source: readonly number[],
  start = 0,
  result: readonly number[] = shape,
): tf.TensorInfo {
  const out = backend.output(result, x.dtype as Floats);
  const from = backend.entry(x).floats() + 4 * start;
  const to = backend.entry(out).address;
  moveBoxes(backend.engine, [{ shape, from, source, to, target: stepsOf(shape) }]);
  return out;
}

const placeOf = (at: readonly number[], steps: readonly number[]) =>
  at.reduce((sum, i, d) => sum + i * steps[d]!, 0);

const slice: Kernel = (args) => {
  const { x, backend } = only(args);
  const { begin, size } = args.attrs as { begin: number[]; size: number[] };
  const [from, shape] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size) as [number[], number[]];
  const steps = stepsOf(x.shape);
  return view(backend, x, shape, steps, placeOf(from, steps));
};

const stridedSlice: Kernel = (args) => {
  const { x, backend } = only(args);
  const a = args.attrs as Record<'begin' | 'end' | 'strides', number[]> & Record<string, number>;
  const { finalShape, begin, end, strides } = tf.slice_util.sliceInfo(
    x.shape,
    a.begin,
    a.end,
    a.strides,
    a.beginMask!,
    a.endMask!,
    a.ellipsisMask!,
    a.newAxisMask!,
    a.shrinkAxisMask!,
  );
  const steps = stepsOf(x.shape);
  const source = steps.map((step, d) => step * strides[d]!);
  const start = begin.reduce((sum, i, d) => sum + i * steps[d]!, 0);
  return view(backend, x, tf.slice_util.computeOutShape(begin, end, strides), source, start, finalShape);
};

/** Boxes of one number around a box: what a margin is, axis by axis, none of them twice. */
function marginBoxes(
  inner: readonly number[],
  paddings: readonly (readonly [number, number])[],
  from: number,
  to: number,
): Box[] {
  const outer = inner.map((n, d) => n + paddings[d]![0] + paddings[d]![1]);
  const target = stepsOf(outer);
  const boxes: Box[] = [];
  const put = (shape: number[], start: number) =>
    boxes.push({ shape, from, source: shape.map(() => 0), to: to + 4 * start, target });
  // The axes before are those of the inner box, those behind it whole.
  let start = 0;
  const shape = [...outer];
  for (let d = 0; d < inner.length; d++) {
    const [before, after] = paddings[d]!;
    shape[d] = before;
    put([...shape], start);
    shape[d] = after;
    put([...shape], start + (before + inner[d]!) * target[d]!);
    shape[d] = inner[d]!;
    start += before * target[d]!;
  }
  return boxes;
}

const pad: Kernel = (args) => {
  const { x, backend } = only(args);
  const { paddings, constantValue } = args.attrs as { paddings: [number, number][]; constantValue: number };
  const shape = x.shape.map((n, d) => n + paddings[d]![0] + paddings[d]![1]);
  const out = backend.output(shape, x.dtype as Floats);
  const from = backend.entry(x).floats();
  const to = backend.entry(out).address;
  const target = stepsOf(shape);
  const start = paddings.reduce((sum, [before], d) => sum + before * target[d]!, 0);
  moveBoxes(backend.engine, [
    ...marginBoxes(x.shape, paddings, backend.engine.constant(constantValue), to),
    { shape: x.shape, from, source: stepsOf(x.shape), to: to + 4 * start, target },
  ]);
  return out;
};

type Mode = 'reflect' | 'edge';
/** Positions of a padded axis that lie alike: where they begin, how many, which they repeat, and the step between those. */
interface Stretch {
  at: number;
  n: number;
  origin: number;
  step: number;
}

/** An axis itself, and its borders. */
function stretches(
  n: number,
  [before, after]: readonly [number, number],
  mode: Mode,
): [Stretch, ...Stretch[]] {
  const step = mode === 'reflect' ? -1 : 0;
  return [
    { at: before, n, origin: 0, step: 1 },
    { at: 0, n: before, origin: mode === 'reflect' ? before : 0, step },
    { at: before + n, n: after, origin: mode === 'reflect' ? n - 2 : n - 1, step },
  ];
}

/** Every stretch of every axis with every other: one box each, and no number twice. */
const borderPad: Kernel = (args) => {
  const { x, backend } = only(args);
  const { paddings, mode } = args.attrs as { paddings: [number, number][]; mode: Mode };
  const shape = x.shape.map((n, d) => n + paddings[d]![0] + paddings[d]![1]);
  const out = backend.output(shape, x.dtype as Floats);
  const from = backend.entry(x).floats();
  const to = backend.entry(out).address;
  const steps = stepsOf(x.shape);
  const target = stepsOf(shape);
  let boxes: Box[] = [{ shape: [], from, source: [], to, target: [] }];
  for (const [d, n] of x.shape.entries()) {
    const parts = stretches(n, paddings[d]!, mode).filter((s) => s.n > 0);
    boxes = boxes.flatMap((box) =>
      parts.map((s) => ({
        shape: [...box.shape, s.n],
        from: box.from + 4 * s.origin * steps[d]!,
        source: [...box.source, s.step * steps[d]!],
        to: box.to + 4 * s.at * target[d]!,
        target: [...box.target, target[d]!],
      })),
    );
  }
  moveBoxes(backend.engine, boxes);
  return out;
};

/** Axis by axis: what lies inside, to which the borders are added, position by position where they repeat one. */
const borderPadGradient: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const dy = args.inputs.dy as tf.TensorInfo;
  const { paddings, mode } = args.attrs as { paddings: [number, number][]; mode: Mode };
  let sum = dy;
  for (const [d, [before, after]] of paddings.entries()) {
    if (before + after === 0) continue;
    const n = sum.shape[d]! - before - after;
    const shape = sum.shape.map((size, i) => (i === d ? n : size));
    const out = backend.output(shape);
    const from = backend.entry(sum).floats();
    const to = backend.entry(out).address;
    const [source, target] = [stepsOf(sum.shape), stepsOf(shape)];
    const added = (s: Stretch): Box => ({
      shape: shape.map((size, i) => (i === d ? s.n : size)),
      from: from + 4 * s.at * source[d]!,
      source,
      to: to + 4 * s.origin * target[d]!,
      target: target.map((t, i) => (i === d ? s.step * t : t)),
      add: true,
    });
    const [inside, ...borders] = stretches(n, [before, after], mode);
    moveBoxes(backend.engine, [{ ...added(inside), add: false }]);
    // One after another: several positions may go to one, and borders that meet would write at the same time.
    for (const border of borders) {
      for (let i = 0; i < border.n; i++) {
        const origin = border.origin + i * border.step;
        moveBoxes(backend.engine, [added({ at: border.at + i, n: 1, origin, step: 1 })]);
      }
    }
    if (sum !== dy) backend.disposeData(sum.dataId);
    sum = out;
  }
  return sum === dy ? view(backend, dy, dy.shape, stepsOf(dy.shape)) : sum;
};

const concat: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const list = Object.values(args.inputs);
  const axis = tf.util.parseAxisParam(args.attrs.axis as number, list[0]!.shape)[0]!;
  const shapes = list.map((t) => t.shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const shape = tf.backend_util.computeOutShape(shapes, axis);
  const out = backend.output(shape, list[0]!.dtype as Floats);
  const from = list.map((t) => backend.entry(t).floats());
  const target = stepsOf(shape);
  let to = backend.entry(out).address;
  const boxes = list.map((t, i): Box => {
    const box = { shape: t.shape, from: from[i]!, source: stepsOf(t.shape), to, target };
    to += 4 * t.shape[axis]! * target[axis]!;
    return box;
  });
  moveBoxes(backend.engine, boxes);
  return out;
};

const split: Kernel = (args) => {
  const { x, backend } = only(args);
  const { numOrSizeSplits, axis } = args.attrs as { numOrSizeSplits: number[] | number; axis: number };
  const at = tf.util.parseAxisParam(axis, x.shape)[0]!;
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, at);
  const steps = stepsOf(x.shape);
  let start = 0;
  return sizes.map((n) => {
    const shape = x.shape.map((d, i) => (i === at ? n : d));
    const part = view(backend, x, shape, steps, start);
    start += n * steps[at]!;
    return part;
  });
};

const reverse: Kernel = (args) => {
  const { x, backend } = only(args);
  const axes = tf.util.parseAxisParam(args.attrs.dims as number[], x.shape);
  const steps = stepsOf(x.shape);
  const start = axes.reduce((sum, d) => sum + (x.shape[d]! - 1) * steps[d]!, 0);
  const source = steps.map((step, d) => (axes.includes(d) ? -step : step));
  return view(backend, x, x.shape, source, start);
};

const transpose: Kernel = (args) => {
  const { x, backend } = only(args);
  const perm = args.attrs.perm as number[];
  const steps = stepsOf(x.shape);
  return view(
    backend,
    x,
    perm.map((d) => x.shape[d]!),
    perm.map((d) => steps[d]!),
  );
};

const tile: Kernel = (args) => {
  const { x, backend } = only(args);
  const reps = args.attrs.reps as number[];
  const steps = stepsOf(x.shape);
  // Each axis is two: how often, and what.
  const shape = x.shape.flatMap((n, d) => [reps[d]!, n]);
  const source = steps.flatMap((step) => [0, step]);
  return view(
    backend,
    x,
    shape,
    source,
    0,
    x.shape.map((n, d) => n * reps[d]!),
  );
};

const depthToSpace: Kernel = (args) => {
  const { x, backend } = only(args);
  const size = args.attrs.blockSize as number;
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const depth = c / (size * size);
  const [sn, sh, sw, sy, sx, sc] = stepsOf([n, h, w, size, size, depth]) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return view(backend, x, [n, h, size, w, size, depth], [sn, sh, sy, sw, sx, sc], 0, [
    n,
    h * size,
    w * size,
    depth,
  ]);
};

/** A tensor of one number. */
function filled(backend: WasmBackend, shape: readonly number[], value: number, dtype: Floats): tf.TensorInfo {
  const out = backend.output(shape, dtype);
  const { address, length } = backend.entry(out);
  backend.engine.floats(address, length).fill(value);
  return out;
}

const like =
  (value: number): Kernel =>
  (args) =>
    filled(args.backend as WasmBackend, only(args).x.shape, value, only(args).x.dtype as Floats);

const cpuFill = cpuKernel('Fill');
const fill: Kernel = (args) => {
  const { shape, value, dtype } = args.attrs as { shape: number[]; value: number; dtype?: string };
  return typeof value === 'number' && (dtype ?? 'float32') === 'float32'
    ? filled(args.backend as WasmBackend, shape, value, 'float32')
    : cpuFill(args);
};

export function moveKernels(): [string, Kernel][] {
  return [
    moving('Slice', slice),
    moving('StridedSlice', stridedSlice),
    moving('PadV2', pad),
    moving('Concat', concat),
    moving('SplitV', split),
    moving('Reverse', reverse),
    moving('Transpose', transpose),
    moving('Tile', tile),
    moving('DepthToSpace', depthToSpace),
    moving('ZerosLike', like(0)),
    moving('OnesLike', like(1)),
    ['Fill', fill],
    // Padding with a border, and its transpose (runtimes/core/nn/borders.ts).
    ['BorderPad', borderPad],
    ['BorderPadGradient', borderPadGradient],
  ];
}
