/** Matrix products and convolutions by one packed GEMM (assembly/gemm.ts), but those of few channels (few.ts). */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { depthwiseByKernel, depthwiseByPicture, depthwiseForward } from './depthwise.ts';
import { broadcastOf, chain, floatBits, type Instruction } from './elementwise.ts';
import { JOB } from './engine.ts';
import { type KernelArgs as Args, cpuKernel, type Kernel } from './fallback.ts';
import { fewByKernel, fewByPicture, fewForward } from './few.ts';
import { geometryOf } from './geometry.ts';

const ACTIVATIONS = new Set(['linear', 'relu', 'sigmoid', 'elu', 'leakyrelu']);

/** Ours where it can take the operands, else the cpu backend's. */
function orCpu(name: string, takes: (a: Args) => boolean, ours: Kernel): [string, Kernel] {
  const cpu = cpuKernel(name);
  return [name, (args) => (takes(args) ? ours(args) : cpu(args))];
}
const floats = ({ inputs }: Args) => Object.values(inputs).every((t) => !t || t.dtype === 'float32');
const channelsLast = (a: Args) => floats(a) && (a.attrs.dataFormat ?? 'NHWC') === 'NHWC';

const KIND = { plain: 0, windows: 1, windowsT: 2, phase: 3 } as const;

/** Products of one kind side by side: how many, and how many floats each operand and the result go on from one to the next. */
interface Many {
  count: number;
  a: number;
  b: number;
  c: number;
}
const ONE: Many = { count: 1, a: 0, b: 0, c: 0 };

/** Where rows lie that are parts of longer ones: floats from one to the next of B, of C (or its pixels), of windows' pixels. */
interface Rows {
  b: number;
  c: number;
  pixel: number;
}

function gemm(
  backend: WasmBackend,
  head: readonly number[],
  geometry: readonly number[],
  phase: readonly number[],
  { count, a, b, c }: Many = ONE,
  rows: Rows = { b: head[5]!, c: head[5]!, pixel: geometry[2] ?? 0 },
): void {
  const w = backend.engine.words;
  for (let i = 0; i < 9; i++) w[i] = head[i] as number;
  for (let i = 0; i < geometry.length; i++) w[9 + i] = geometry[i] as number;
  for (let i = 0; i < phase.length; i++) w[21 + i] = phase[i] as number;
  w.set([count, a * 4, b * 4, c * 4, rows.b, rows.c, rows.pixel], 34);
  backend.engine.run(JOB.gemm, count * (head[4] as number) * (head[5] as number) * (head[6] as number));
}

function zero(backend: WasmBackend, t: tf.TensorInfo): void {
  const e = backend.entry(t);
  backend.engine.floats(e.address, e.length).fill(0);
}

/** Where an entry of `outer` is in an array of `shape` that is broadcast to it. */
function placesIn(shape: readonly number[], outer: readonly number[]): (i: number) => number {
  const size = tf.util.sizeFromShape(shape as number[]);
  if (size === 1) return () => 0;
  if (size === tf.util.sizeFromShape(outer as number[])) return (i) => i;
  return (i) => {
    let place = 0;
    for (let d = outer.length - 1, stride = 1; d >= 0; d--) {
      const n = outer[d] as number;
      const own = shape[d - (outer.length - shape.length)] ?? 1;
      if (own !== 1) place += (i % n) * stride;
      stride *= own;
      i = Math.floor(i / n);
    }
    return place;
  };
}

const batchMatMul: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const { a, b } = args.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
  const { transposeA, transposeB } = args.attrs as { transposeA: boolean; transposeB: boolean };
  const ra = a.shape.length,
    rb = b.shape.length;
  const m = a.shape[transposeA ? ra - 1 : ra - 2] as number;
  const k = a.shape[transposeA ? ra - 2 : ra - 1] as number;
  const n = b.shape[transposeB ? rb - 2 : rb - 1] as number;
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const out = backend.output([...outer, m, n]);
  const pa = backend.entry(a).floats(),
    pb = backend.entry(b).floats(),
    pc = backend.entry(out).address;
  const count = tf.util.sizeFromShape(outer);
  const ia = placesIn(a.shape.slice(0, -2), outer),
    ib = placesIn(b.shape.slice(0, -2), outer);
  if (k === 0) zero(backend, out);
  else if (m > 0 && n > 0) {
    // One for all, or each its own.
    const sizes = [a, b].map((t) => tf.util.sizeFromShape(t.shape.slice(0, -2)));
    const even = sizes.every((size) => size === 1 || size === count);
    const [nextA, nextB] = [sizes[0] === 1 ? 0 : m * k, sizes[1] === 1 ? 0 : k * n];
    if (even && (m === 1 || n === 1)) {
      // A·v with the matrix at the left, or v·B; each reads the matrix by its rows as they lie.
      const left = n === 1;
      const long = left ? m : n;
      const columns = left ? transposeA : !transposeB;
      const [rows, cols] = columns ? [k, long] : [long, k];
      backend.engine.words.set([
        columns ? 1 : 0,
        left ? pa : pb,
        left ? pb : pa,
        pc,
        rows,
        cols,
        count,
        4 * (left ? nextA : nextB),
        4 * (left ? nextB : nextA),
      ]);
      backend.engine.run(JOB.byVector, count * m * n * k);
      return out;
    }
    if (even && count > 1) {
      const head = [KIND.plain, pa, pb, pc, m, n, k, transposeA ? 1 : 0, transposeB ? 1 : 0];
      gemm(backend, head, [], [], { count, a: nextA, b: nextB, c: m * n });
      return out;
    }
    for (let i = 0; i < count; i++) {
      gemm(
        backend,
        [
          KIND.plain,
          pa + ia(i) * m * k * 4,
          pb + ib(i) * k * n * 4,
          pc + i * m * n * 4,
          m,
          n,
          k,
          transposeA ? 1 : 0,
          transposeB ? 1 : 0,
        ],
        [],
        [],
      );
    }
  }
  return out;
};

type ConvInfo = tf.backend_util.Conv2DInfo;
function infoOf(x: number[], filter: number[], attrs: Record<string, unknown>): ConvInfo {
  return tf.backend_util.computeConv2DInfo(
    x as [number, number, number, number],
    filter as [number, number, number, number],
    attrs.strides as number,
    (attrs.dilations as number) ?? 1,
    attrs.pad as 'same',
    attrs.dimRoundingMode as 'floor',
    false,
  );
}

/**
 * A convolution's groups as products side by side: `inner` is the window of one. Channels of a group lie together, and its
 * part of the kernel [kh, kw, in / groups, out] is some of the last axis.
 */
interface Groups {
  count: number;
  inner: ConvInfo;
}
function groupsOf(c: ConvInfo, attrs: Record<string, unknown>): Groups {
  const count = (attrs.groups as number | undefined) ?? 1;
  const inner = { ...c, inChannels: c.inChannels / count, outChannels: c.outChannels / count };
  return { count, inner };
}

/** Many groups of one channel each; nothing is empty. */
const isDepthwise = ({ count, inner }: Groups) =>
  count > 1 &&
  inner.inChannels === 1 &&
  tf.util.sizeFromShape(inner.inShape) * tf.util.sizeFromShape(inner.outShape) * inner.filterHeight > 0;

const conv2d: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const { x, filter } = args.inputs as { x: tf.TensorInfo; filter: tf.TensorInfo };
  const c = infoOf(x.shape, filter.shape, args.attrs);
  const groups = groupsOf(c, args.attrs);
  const { count, inner } = groups;
  const out = backend.output(c.outShape);
  if (isDepthwise(groups)) {
    depthwiseForward(backend, c, x, filter, out);
    return out;
  }
  const px = backend.entry(x).floats(),
    pk = backend.entry(filter).floats(),
    po = backend.entry(out).address;
  const m = c.batchSize * c.outHeight * c.outWidth,
    k = c.filterHeight * c.filterWidth * inner.inChannels;
  if (k === 0) zero(backend, out);
  else if (m > 0 && !(count === 1 && fewForward(backend, c, px, pk, po)))
    gemm(
      backend,
      [KIND.windows, px, pk, po, m, inner.outChannels, k, 0, 0],
      geometryOf(inner),
      [],
      { count, a: inner.inChannels, b: inner.outChannels, c: inner.outChannels },
      { b: c.outChannels, c: c.outChannels, pixel: c.inChannels },
    );
  return out;
};

const conv2dFilterGradient: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const { x, dy } = args.inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
  const shape = args.attrs.filterShape as number[];
  const c = infoOf(x.shape, shape, args.attrs);
  const groups = groupsOf(c, args.attrs);
  const { count, inner } = groups;
  const out = backend.output(shape);
  if (isDepthwise(groups)) {
    depthwiseByKernel(backend, c, x, dy, out);
    return out;
  }
  const px = backend.entry(x).floats(),
    pd = backend.entry(dy).floats(),
    po = backend.entry(out).address;
  const positions = c.batchSize * c.outHeight * c.outWidth;
  if (positions === 0) zero(backend, out);
  else if (!(count === 1 && fewByKernel(backend, c, px, pd, po)))
    gemm(
      backend,
      [
        KIND.windowsT,
        px,
        pd,
        po,
        c.filterHeight * c.filterWidth * inner.inChannels,
        inner.outChannels,
        positions,
        0,
        0,
      ],
      geometryOf(inner),
      [],
      { count, a: inner.inChannels, b: inner.outChannels, c: inner.outChannels },
      { b: c.outChannels, c: c.outChannels, pixel: c.inChannels },
    );
  return out;
};

/** The taps of a kernel that the places of one stride phase meet: the first, from each to the next, how many. */
interface Taps {
  first: number;
  step: number;
  count: number;
  /** The position of y that the first tap meets at the phase's first place, and how many positions each tap goes back. */
  at: number;
  back: number;
}
function tapsOf(phase: number, before: number, stride: number, dilation: number, taps: number): Taps {
  // Place phase + stride · y meets tap r at position (phase + before − r · dilation) / stride + y, if that is whole.
  const distance = (r: number) => phase + before - r * dilation;
  const step = stride / gcd(stride, dilation);
  let first = 0;
  while (first < step && distance(first) % stride !== 0) first++;
  const count = first === step ? 0 : Math.max(0, Math.ceil((taps - first) / step));
  return { first, step, count, at: distance(first) / stride, back: (step * dilation) / stride };
}
const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** By stride phases: the places of dx that meet the same kernel taps are one dense product. */
const conv2dInputGradient: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const { dy, filter } = args.inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo };
  const shape = args.attrs.inputShape as number[];
  const c = infoOf(shape, filter.shape, args.attrs);
  const groups = groupsOf(c, args.attrs);
  const { count, inner } = groups;
  const out = backend.output(shape);
  if (isDepthwise(groups)) {
    depthwiseByPicture(backend, c, dy, filter, out);
    return out;
  }
  const pd = backend.entry(dy).floats(),
    pk = backend.entry(filter).floats(),
    po = backend.entry(out).address;
  if (count === 1 && fewByPicture(backend, c, pd, pk, po)) return out;
  const { strideHeight: sh, strideWidth: sw, filterHeight: kh, filterWidth: kw, inHeight, inWidth } = c;
  const { inChannels: ic, outChannels: oc } = inner;
  const down = range(sh).map((p) => tapsOf(p, c.padInfo.top, sh, c.dilationHeight, kh));
  const across = range(sw).map((p) => tapsOf(p, c.padInfo.left, sw, c.dilationWidth, kw));
  const isMet = (t: Taps) => t.count > 0;
  if (!down.every(isMet) || !across.every(isMet) || c.outHeight * c.outWidth * oc === 0) zero(backend, out);
  for (const [py, ty] of down.entries()) {
    for (const [px, tx] of across.entries()) {
      const rows = Math.ceil((inHeight - py) / sh),
        cols = Math.ceil((inWidth - px) / sw);
      if (ty.count === 0 || tx.count === 0 || rows <= 0 || cols <= 0 || c.batchSize * oc === 0) continue;
      gemm(
        backend,
        [KIND.phase, pd, pk, po, c.batchSize * rows * cols, ic, ty.count * tx.count * oc, 0, 0],
        [c.outHeight, c.outWidth, oc, rows, cols, 1, 1, ty.at, tx.at, tx.count, -ty.back, -tx.back],
        [inHeight, inWidth, ic, sh, sw, py, px, kw, oc, ty.first, tx.first, ty.step, tx.step],
        { count, a: oc, b: oc, c: ic },
        { b: c.outChannels, c: c.inChannels, pixel: c.outChannels },
      );
    }
  }
  return out;
};
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Adds the bias and applies the activation of tfjs's fused kernels. */
function finish(
  backend: WasmBackend,
  x: tf.TensorInfo,
  bias: tf.TensorInfo | undefined,
  activation: string | undefined,
  alpha: number | undefined,
): tf.TensorInfo {
  const code: Instruction[] = [];
  const inputs: { t: tf.TensorInfo; how: readonly [number, number, number, number, number] }[] = [
    { t: x, how: [0, 0, 0, 0, 0] },
  ];
  let r = 0;
  let next = bias ? 2 : 1;
  if (bias) {
    const how = broadcastOf(bias.shape, x.shape);
    if (!how) throw new Error('A bias of this shape cannot be added.');
    inputs.push({ t: bias, how });
    code.push([0, next, 0, 1, 0]);
    r = next++;
  }
  const act = activation ?? 'linear';
  const op: Record<string, Instruction> = {
    relu: [43, next, r, 0, 0],
    sigmoid: [41, next, r, 0, 0],
    elu: [75, next, r, floatBits(1), 0],
    leakyrelu: [70, next, r, floatBits(alpha ?? 0.2), 0],
  };
  if (act !== 'linear') {
    const i = op[act];
    if (!i) throw new Error(`The activation ${act} is not fused here.`);
    code.push(i);
    r = next;
  }
  if (code.length === 0) return x;
  const out = backend.output(x.shape);
  chain(backend, inputs, code, [{ register: r, t: out }], tf.util.sizeFromShape(x.shape));
  (backend as unknown as { disposeData(id: object): void }).disposeData(x.dataId);
  return out;
}
const fused =
  (plain: Kernel): Kernel =>
  (args) =>
    finish(
      args.backend as WasmBackend,
      plain(args),
      args.inputs.bias,
      args.attrs.activation as string,
      args.attrs.leakyreluAlpha as number,
    );

const fusible = (a: Args) => ACTIVATIONS.has((a.attrs.activation as string) ?? 'linear');

export function productKernels(): [string, Kernel][] {
  return [
    // Windows with stride, dilation and groups at once (runtimes/core/nn/convolution.ts).
    ['GroupedConv2D', conv2d],
    ['GroupedConv2DInputGradient', conv2dInputGradient],
    ['GroupedConv2DFilterGradient', conv2dFilterGradient],
    orCpu('BatchMatMul', floats, batchMatMul),
    orCpu('_FusedMatMul', (a) => floats(a) && fusible(a), fused(batchMatMul)),
    orCpu('Conv2D', channelsLast, conv2d),
    orCpu('FusedConv2D', (a) => channelsLast(a) && fusible(a), fused(conv2d)),
    orCpu('Conv2DBackpropInput', channelsLast, conv2dInputGradient),
    orCpu('Conv2DBackpropFilter', channelsLast, conv2dFilterGradient),
  ];
}
