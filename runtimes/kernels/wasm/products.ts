/** Matrix products and convolutions by one packed GEMM (assembly/gemm.ts), but those of few channels (few.ts). */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { broadcastOf, chain, floatBits, type Instruction } from './elementwise.ts';
import { JOB } from './engine.ts';
import { type KernelArgs as Args, cpuKernel, type Kernel } from './fallback.ts';
import { fewByKernel, fewByPicture, fewForward } from './few.ts';

/** The longest channel axis that the window paths take (ZEROS in assembly/gemm.ts). */
const MOST_CHANNELS = 8192;
const ACTIVATIONS = new Set(['linear', 'relu', 'sigmoid', 'elu', 'leakyrelu']);

/** Ours where it can take the operands, else the cpu backend's. */
function orCpu(name: string, takes: (a: Args) => boolean, ours: Kernel): [string, Kernel] {
  const cpu = cpuKernel(name);
  return [name, (args) => (takes(args) ? ours(args) : cpu(args))];
}
const floats = ({ inputs }: Args) => Object.values(inputs).every((t) => !t || t.dtype === 'float32');
const channelsLast = (a: Args) => floats(a) && (a.attrs.dataFormat ?? 'NHWC') === 'NHWC';
const channelsFit = (t: tf.TensorInfo) => (t.shape[3] as number) <= MOST_CHANNELS;

const KIND = { plain: 0, windows: 1, windowsT: 2, phase: 3 } as const;

function gemm(
  backend: WasmBackend,
  head: readonly number[],
  geometry: readonly number[],
  phase: readonly number[],
): void {
  const w = backend.engine.words;
  for (let i = 0; i < 9; i++) w[i] = head[i] as number;
  for (let i = 0; i < geometry.length; i++) w[9 + i] = geometry[i] as number;
  for (let i = 0; i < phase.length; i++) w[21 + i] = phase[i] as number;
  backend.engine.run(JOB.gemm, (head[4] as number) * (head[5] as number) * (head[6] as number));
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
const forwardGeometry = (c: ConvInfo) => [
  c.inHeight,
  c.inWidth,
  c.inChannels,
  c.outHeight,
  c.outWidth,
  c.strideHeight,
  c.strideWidth,
  -c.padInfo.top,
  -c.padInfo.left,
  c.filterWidth,
  c.dilationHeight,
  c.dilationWidth,
];

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

const conv2d: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const { x, filter } = args.inputs as { x: tf.TensorInfo; filter: tf.TensorInfo };
  const c = infoOf(x.shape, filter.shape, args.attrs);
  const out = backend.output(c.outShape);
  const px = backend.entry(x).floats(),
    pk = backend.entry(filter).floats(),
    po = backend.entry(out).address;
  const m = c.batchSize * c.outHeight * c.outWidth,
    k = c.filterHeight * c.filterWidth * c.inChannels;
  if (k === 0) zero(backend, out);
  else if (m > 0 && !fewForward(backend, c, px, pk, po))
    gemm(backend, [KIND.windows, px, pk, po, m, c.outChannels, k, 0, 0], forwardGeometry(c), []);
  return out;
};

const conv2dFilterGradient: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const { x, dy } = args.inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
  const shape = args.attrs.filterShape as number[];
  const c = infoOf(x.shape, shape, args.attrs);
  const out = backend.output(shape);
  const px = backend.entry(x).floats(),
    pd = backend.entry(dy).floats(),
    po = backend.entry(out).address;
  const positions = c.batchSize * c.outHeight * c.outWidth;
  if (positions === 0) zero(backend, out);
  else if (!fewByKernel(backend, c, px, pd, po))
    gemm(
      backend,
      [
        KIND.windowsT,
        px,
        pd,
        po,
        c.filterHeight * c.filterWidth * c.inChannels,
        c.outChannels,
        positions,
        0,
        0,
      ],
      forwardGeometry(c),
      [],
    );
  return out;
};

/** By stride phases: the places of dx that meet the same kernel taps are one dense product. */
const conv2dInputGradient: Kernel = (args) => {
  const backend = args.backend as WasmBackend;
  const { dy, filter } = args.inputs as { dy: tf.TensorInfo; filter: tf.TensorInfo };
  const shape = args.attrs.inputShape as number[];
  const c = infoOf(shape, filter.shape, args.attrs);
  const out = backend.output(shape);
  const pd = backend.entry(dy).floats(),
    pk = backend.entry(filter).floats(),
    po = backend.entry(out).address;
  const {
    strideHeight: sh,
    strideWidth: sw,
    filterHeight: kh,
    filterWidth: kw,
    inHeight: ih,
    inWidth: iw,
    inChannels: ic,
    outChannels: oc,
  } = c;
  if (fewByPicture(backend, c, pd, pk, po)) return out;
  if (kh < sh || kw < sw || c.outHeight * c.outWidth * oc === 0) zero(backend, out);
  for (let py = 0; py < sh; py++) {
    for (let px = 0; px < sw; px++) {
      const r0 = (py + c.padInfo.top) % sh,
        s0 = (px + c.padInfo.left) % sw;
      const ty = Math.ceil((kh - r0) / sh),
        tx = Math.ceil((kw - s0) / sw);
      const rows = Math.ceil((ih - py) / sh),
        cols = Math.ceil((iw - px) / sw);
      if (ty <= 0 || tx <= 0 || rows <= 0 || cols <= 0 || c.batchSize * oc === 0) continue;
      gemm(
        backend,
        [KIND.phase, pd, pk, po, c.batchSize * rows * cols, ic, ty * tx * oc, 0, 0],
        [
          c.outHeight,
          c.outWidth,
          oc,
          rows,
          cols,
          1,
          1,
          (py + c.padInfo.top - r0) / sh,
          (px + c.padInfo.left - s0) / sw,
          tx,
          -1,
          -1,
        ],
        [ih, iw, ic, sh, sw, py, px, kw, oc, r0, s0],
      );
    }
  }
  return out;
};

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
const windows = (a: Args) => channelsLast(a) && channelsFit(a.inputs.x as tf.TensorInfo);

export function productKernels(): [string, Kernel][] {
  return [
    orCpu('BatchMatMul', floats, batchMatMul),
    orCpu('_FusedMatMul', (a) => floats(a) && fusible(a), fused(batchMatMul)),
    orCpu('Conv2D', windows, conv2d),
    orCpu('FusedConv2D', (a) => windows(a) && fusible(a), fused(conv2d)),
    orCpu(
      'Conv2DBackpropInput',
      (a) => channelsLast(a) && channelsFit(a.inputs.dy as tf.TensorInfo),
      conv2dInputGradient,
    ),
    orCpu('Conv2DBackpropFilter', windows, conv2dFilterGradient),
  ];
}
