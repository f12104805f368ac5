/** Convolutions of few channels and their gradients, by kernels of their own (assembly/few.ts) where there is room. */
import type { backend_util } from '@tensorflow/tfjs';
import type { WasmBackend } from './backend.ts';
import { JOB } from './engine.ts';
import { geometryOf } from './geometry.ts';

type ConvInfo = backend_util.Conv2DInfo;

/** Up to here a tile of a product over packed windows would be half empty, or packing cost as much as the product. */
const FEW_CHANNELS = 4;
/** Floats that a thread has room for, and that it works on at a time (KC · (NC + NR) of gemm.ts; NEAR of few.ts). */
const ROOM = 264_192;
const NEAR = 8192;
/** Sums of a kernel's gradient at most, each of them some of the positions; more threads than this find no work. */
const PARTS = 16;

const KIND = { forward: 0, byKernel: 1, byPicture: 2, addParts: 3 } as const;
const up = (n: number) => Math.ceil(n / 8) * 8;
const steps = (c: ConvInfo) => c.filterHeight * c.filterWidth * c.inChannels;
/** Floats of the copy of a picture that windows of one row of positions touch, or of several where these are few. */
const copied = (c: ConvInfo) =>
  Math.max(
    NEAR,
    ((c.filterHeight - 1) * c.dilationHeight + 1) *
      ((c.outWidth - 1) * c.strideWidth + (c.filterWidth - 1) * c.dilationWidth + 1) *
      c.inChannels,
  );
/** Few channels, and nothing that is empty. */
const few = (c: ConvInfo) =>
  c.inChannels <= FEW_CHANNELS && steps(c) * c.batchSize * c.outHeight * c.outWidth * c.outChannels > 0;

function run(
  backend: WasmBackend,
  kind: number,
  addresses: readonly [number, number, number],
  c: ConvInfo,
  parts: number,
): void {
  backend.engine.words.set([
    kind,
    ...addresses,
    c.batchSize,
    c.filterHeight,
    c.filterWidth,
    c.outChannels,
    parts,
    ...geometryOf(c),
  ]);
  const positions = kind === KIND.addParts ? parts : c.batchSize * c.outHeight * c.outWidth;
  backend.engine.run(JOB.few, positions * steps(c) * c.outChannels);
}

/** y from x and the kernel, by address; false where that is not for this way. */
export function fewForward(backend: WasmBackend, c: ConvInfo, x: number, kernel: number, y: number): boolean {
  const room = steps(c) * up(c.outChannels) + Math.max(NEAR, c.outWidth) + copied(c);
  if (!few(c) || c.dilationWidth > 1 || room > ROOM) return false;
  run(backend, KIND.forward, [x, kernel, y], c, 1);
  return true;
}

/** The kernel's gradient from x and dy, by address; false where that is not for this way. */
export function fewByKernel(backend: WasmBackend, c: ConvInfo, x: number, dy: number, out: number): boolean {
  const room = steps(c) + 8 + Math.max(4 * NEAR, c.outWidth * up(c.outChannels)) + copied(c);
  if (!few(c) || room > ROOM) return false;
  const { engine } = backend;
  const length = steps(c) * c.outChannels;
  const parts = Math.min(c.batchSize * c.outHeight, PARTS);
  const sums = engine.allocate(parts * length * 4);
  run(backend, KIND.byKernel, [x, dy, sums], c, parts);
  run(backend, KIND.addParts, [sums, 0, out], c, parts);
  engine.release(sums);
  return true;
}

/** The picture's gradient from dy and the kernel, by address; false where that is not for this way. */
export function fewByPicture(
  backend: WasmBackend,
  c: ConvInfo,
  dy: number,
  kernel: number,
  dx: number,
): boolean {
  const columns = c.outWidth + Math.floor(((c.filterWidth - 1) * c.dilationWidth) / c.strideWidth);
  const planes = Math.max(4 * NEAR, c.strideWidth * c.inChannels * columns);
  const windows = Math.max(NEAR, steps(c) * c.outWidth) + 8 * steps(c);
  if (!few(c) || steps(c) + 8 + 8 * c.outChannels + planes + windows > ROOM) return false;
  run(backend, KIND.byPicture, [kernel, dy, dx], c, 1);
  return true;
}
