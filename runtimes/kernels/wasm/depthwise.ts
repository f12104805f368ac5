/**
 * Convolutions of one channel a group, and both of their gradients (assembly/depthwise.ts). Where a group has several
 * channels of y, those of x are repeated first: so there is one of each.
 */
import * as tf from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { broadcastOf, chain } from './elementwise.ts';
import { JOB } from './engine.ts';
import { geometryOf } from './geometry.ts';
import { reduceRuns } from './reductions.ts';

type ConvInfo = tf.backend_util.Conv2DInfo;

const KIND = { forward: 0, byPicture: 1, byKernel: 2 } as const;
/** Sums of a kernel's gradient at most, each of some rows of positions: their number does not depend on the threads'. */
const PARTS = 16;
const COPY = 46;

function run(
  backend: WasmBackend,
  kind: number,
  addresses: readonly [number, number, number],
  c: ConvInfo,
  parts: number,
): void {
  const [from, other, to] = addresses;
  backend.engine.words.set([kind, from, other, to, c.batchSize, c.filterHeight, parts, 0, 0]);
  backend.engine.words.set(geometryOf(c, c.outChannels), 9);
  const places = Math.max(c.inHeight * c.inWidth, c.outHeight * c.outWidth);
  backend.engine.run(JOB.depthwise, c.batchSize * places * c.outChannels * c.filterHeight * c.filterWidth);
}

/** x with each channel as often as a group has channels of y; what is new is the caller's. */
function repeated(backend: WasmBackend, x: tf.TensorInfo, c: ConvInfo): tf.TensorInfo {
  const times = c.outChannels / c.inChannels;
  if (times === 1) return x;
  const n = tf.util.sizeFromShape(x.shape);
  const out = backend.output([...x.shape.slice(0, -1), c.outChannels]);
  const how = broadcastOf([n, 1], [n, times])!;
  chain(backend, [{ t: x, how }], [[COPY, 1, 0, 0, 0]], [{ register: 1, t: out }], n * times);
  return out;
}

/** y from x and the kernel. Nothing is empty. */
export function depthwiseForward(
  backend: WasmBackend,
  c: ConvInfo,
  x: tf.TensorInfo,
  kernel: tf.TensorInfo,
  y: tf.TensorInfo,
): void {
  const wide = repeated(backend, x, c);
  const from = backend.entry(wide).floats(),
    by = backend.entry(kernel).floats();
  run(backend, KIND.forward, [from, by, backend.entry(y).address], c, 0);
  if (wide !== x) backend.disposeData(wide.dataId);
}

/** The kernel's gradient from x and dy. Nothing is empty. */
export function depthwiseByKernel(
  backend: WasmBackend,
  c: ConvInfo,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  dk: tf.TensorInfo,
): void {
  const wide = repeated(backend, x, c);
  const from = backend.entry(wide).floats(),
    by = backend.entry(dy).floats(),
    to = backend.entry(dk).address;
  const { engine } = backend;
  const length = c.filterHeight * c.filterWidth * c.outChannels;
  const parts = Math.min(c.batchSize * c.outHeight, PARTS);
  const sums = parts === 1 ? to : engine.allocate(parts * length * 4);
  run(backend, KIND.byKernel, [from, by, sums], c, parts);
  if (parts > 1) {
    reduceRuns(engine, sums, to, [[1, parts, length]], 0, 1);
    engine.release(sums);
  }
  if (wide !== x) backend.disposeData(wide.dataId);
}

/** The picture's gradient from dy and the kernel. Nothing is empty. */
export function depthwiseByPicture(
  backend: WasmBackend,
  c: ConvInfo,
  dy: tf.TensorInfo,
  kernel: tf.TensorInfo,
  dx: tf.TensorInfo,
): void {
  const times = c.outChannels / c.inChannels;
  const from = backend.entry(dy).floats(),
    by = backend.entry(kernel).floats(),
    to = backend.entry(dx).address;
  const { engine } = backend;
  const n = c.batchSize * c.inHeight * c.inWidth * c.inChannels;
  const wide = times === 1 ? to : engine.allocate(n * times * 4);
  run(backend, KIND.byPicture, [from, by, wide], c, 0);
  if (times > 1) {
    reduceRuns(engine, wide, to, [[n, times, 1]], 0, 1);
    engine.release(wide);
  }
}
