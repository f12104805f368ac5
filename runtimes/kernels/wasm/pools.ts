/** Pooling and larger pictures, and their gradients (assembly/pools.ts, resize.ts). Pictures are [images, h, w, channels]. */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { JOB } from './engine.ts';
import { cpuKernel, type Kernel, type KernelArgs } from './fallback.ts';
import { geometryOf } from './geometry.ts';

const POOL = { mean: 0, meanGradient: 1, maximum: 2, maximumGradient: 3, select: 4 } as const;
const RESIZE = { nearest: 0, bilinear: 1, bilinearGradient: 2 } as const;

function pool(kind: number, args: KernelArgs, shape: number[], from: tf.TensorInfo, other?: tf.TensorInfo) {
  const backend = args.backend as WasmBackend;
  const { attrs } = args;
  const c = tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    attrs.filterSize as [number, number],
    attrs.strides as [number, number],
    1,
    attrs.pad as 'same',
    attrs.dimRoundingMode as 'floor',
  );
  const toSmall = kind === POOL.mean || kind === POOL.maximum || kind === POOL.select;
  const out = backend.output(toSmall ? c.outShape : shape);
  const places = [backend.entry(from).floats(), other ? backend.entry(other).floats() : 0];
  const to = backend.entry(out).address;
  const { engine } = backend;
  if (tf.util.sizeFromShape(out.shape) === 0) return out;
  if (tf.util.sizeFromShape(from.shape) === 0) {
    engine.floats(to, tf.util.sizeFromShape(out.shape)).fill(0);
    return out;
  }
  // Of few images some of the channels are a piece.
  const parts = c.batchSize >= 8 ? 1 : Math.max(1, Math.min(8, c.inChannels >> 2));
  engine.words.set([kind, ...places, to, c.batchSize, c.filterHeight, parts, 0, 0]);
  engine.words.set(geometryOf(c), 9);
  engine.run(
    JOB.pool,
    c.batchSize *
      c.inChannels *
      Math.max(c.inHeight * c.inWidth, c.outHeight * c.outWidth * c.filterHeight * c.filterWidth),
  );
  return out;
}

function resize(kind: number, backend: WasmBackend, x: tf.TensorInfo, [fh, fw]: readonly [number, number]) {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const back = kind === RESIZE.bilinearGradient;
  const small = back ? [h / fh, w / fw] : [h, w];
  const out = backend.output(back ? [n, ...small, c] : [n, h * fh, w * fw, c]);
  const from = backend.entry(x).floats();
  backend.engine.words.set([kind, from, backend.entry(out).address, n, ...small, c, fh, fw]);
  const size = n * c * small[0]! * small[1]! * fh * fw;
  if (size > 0) backend.engine.run(JOB.resize, size * (kind === RESIZE.nearest ? 1 : 4));
  return out;
}

/** By how many times a picture is enlarged, if that is whole numbers. */
function factorOf(x: tf.TensorInfo, attrs: KernelArgs['attrs']): [number, number] | null {
  const [h, w] = attrs.size as [number, number];
  const factor: [number, number] = [h / x.shape[1]!, w / x.shape[2]!];
  return factor.every((f) => Number.isInteger(f) && f > 0) ? factor : null;
}

function enlargement(name: string, kind: number, halfPixelCenters: boolean): [string, Kernel] {
  const cpu = cpuKernel(name);
  return [
    name,
    (args) => {
      const x = args.inputs.images!;
      const factor = factorOf(x, args.attrs);
      const as = args.attrs.alignCorners !== true && args.attrs.halfPixelCenters === halfPixelCenters;
      if (!factor || !as || x.dtype !== 'float32') return cpu(args);
      return resize(kind, args.backend as WasmBackend, x, factor);
    },
  ];
}

function pooling(name: string, kind: number): [string, Kernel] {
  const cpu = cpuKernel(name);
  return [
    name,
    (args) => {
      const x = args.inputs.x!;
      return x.dtype === 'float32' ? pool(kind, args, x.shape, x) : cpu(args);
    },
  ];
}

export function poolKernels(): [string, Kernel][] {
  return [
    pooling('AvgPool', POOL.mean),
    pooling('MaxPool', POOL.maximum),
    // As runtimes/core/nn/pooling.ts calls them.
    [
      'AvgPoolGradient',
      (args) => pool(POOL.meanGradient, args, args.attrs.inputShape as number[], args.inputs.dy!),
    ],
    [
      'MaxPoolGradient',
      (args) => pool(POOL.maximumGradient, args, args.inputs.x!.shape, args.inputs.x!, args.inputs.dy),
    ],
    ['MaxPoolSelect', (args) => pool(POOL.select, args, args.inputs.x!.shape, args.inputs.x!, args.inputs.g)],
    enlargement('ResizeNearestNeighbor', RESIZE.nearest, false),
    enlargement('ResizeBilinear', RESIZE.bilinear, true),
    [
      'UpsampleNearest',
      ({ inputs, attrs, backend }) =>
        resize(RESIZE.nearest, backend as WasmBackend, inputs.x!, attrs.factor as [number, number]),
    ],
    [
      'UpsampleBilinearGradient',
      ({ inputs, attrs, backend }) =>
        resize(RESIZE.bilinearGradient, backend as WasmBackend, inputs.dy!, attrs.factor as [number, number]),
    ],
  ];
}
