/**
 * What the kernels use of tfjs's webgl backend, and where a tensor's numbers lie in its textures.
 *
 * All of ours read and write PACKED textures, tfjs's own form for its fast programs: a texel (RGBA, 32-bit floats) holds two
 * neighbouring columns of two neighbouring rows, rows and columns being the last two axes. Texels follow one another
 * row-major over [batch, pairs of rows, pairs of columns], whatever the texture's width. So a result goes from one of our
 * programs to the next, or to one of tfjs's packed ones, without a launch that only moves it (in a DCGAN's step written by
 * hand these are 345 of 1174), and a product has four results a fetch where an unpacked texture gives one.
 */
import * as tf from '@tensorflow/tfjs';
import type { Launcher } from './launch.ts';

/** tfjs's entry for a tensor's data (backend-webgl's tex_util.ts). */
interface TexData {
  shape: number[];
  texShape: [rows: number, columns: number] | null;
  texture: { texture: WebGLTexture } | null;
  values: ArrayLike<number> | null;
  isPacked?: boolean;
  slice?: object | null;
}

/** The members of tfjs's MathBackendWebGL that are used; it declares some of them private. */
export interface WebGLBackend extends tf.KernelBackend {
  gpgpu: { gl: WebGL2RenderingContext; program: unknown };
  texData: { get(dataId: object): TexData };
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: Float32Array): tf.TensorInfo;
  uploadToGPU(dataId: object): void;
  packTensor(x: tf.TensorInfo): tf.TensorInfo;
  packedReshape(x: tf.TensorInfo, shape: number[]): tf.TensorInfo;
  disposeIntermediateTensorInfo(x: tf.TensorInfo): void;
  launcher?: Launcher;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A shape as rows and columns, and how many pairs of them there are. */
export interface Blocks {
  rows: number;
  columns: number;
  rowPairs: number;
  columnPairs: number;
  /** All texels. */
  count: number;
}

export function blocksOf(shape: readonly number[]): Blocks {
  const columns = shape.at(-1) ?? 1;
  const rows = shape.at(-2) ?? 1;
  const rowPairs = Math.ceil(rows / 2);
  const columnPairs = Math.ceil(columns / 2);
  let count = rowPairs * columnPairs;
  for (let i = 0; i < shape.length - 2; i++) count *= shape[i]!;
  return { rows, columns, rowPairs, columnPairs, count };
}

/** A texture and its size in texels. */
export interface Texture {
  texture: WebGLTexture;
  width: number;
  height: number;
}

/** A tensor in a packed texture. It may have been moved there in passing: `done` frees that. */
export class Operand implements Texture {
  readonly texture: WebGLTexture;
  readonly width: number;
  readonly height: number;
  readonly shape: readonly number[];
  private readonly passing: tf.TensorInfo | null;

  constructor(
    private readonly backend: WebGLBackend,
    x: tf.TensorInfo,
  ) {
    let source = x;
    let data = backend.texData.get(x.dataId);
    if (data.texture === null || data.texture === undefined) {
      // It goes up in the form in which it is wanted.
      data.isPacked = true;
      data.shape = x.shape;
      backend.uploadToGPU(x.dataId);
    } else if (!data.isPacked || data.slice) {
      source = backend.packTensor(x);
    } else if (!sameBlocks(data.shape, x.shape)) {
      source = backend.packedReshape({ dataId: x.dataId, shape: data.shape, dtype: x.dtype }, x.shape);
    }
    this.passing = source === x ? null : source;
    data = backend.texData.get(source.dataId);
    [this.width, this.height] = texelsOf(data.texShape!);
    this.texture = data.texture!.texture;
    this.shape = x.shape;
  }

  /** To be called when the launches that read it have been made. */
  done(): void {
    if (this.passing !== null) this.backend.disposeIntermediateTensorInfo(this.passing);
  }
}

/** A new float32 tensor in a packed texture whose texels are to be written. */
export function newPacked(backend: WebGLBackend, shape: readonly number[]): tf.TensorInfo & Texture {
  const info = backend.makeTensorInfo([...shape], 'float32');
  const data = backend.texData.get(info.dataId);
  data.isPacked = true;
  backend.uploadToGPU(info.dataId);
  const [width, height] = texelsOf(data.texShape!);
  return { ...info, texture: data.texture!.texture, width, height };
}

/** Texels for results in passing, `count` of them, in rows of any length. The caller frees it. */
export function newScratch(backend: WebGLBackend, count: number): tf.TensorInfo & Texture {
  const width = Math.min(count, 1024);
  return newPacked(backend, [2 * Math.ceil(count / width), 2 * width]);
}

const texelsOf = ([rows, columns]: readonly [number, number]): [number, number] => [
  Math.max(1, Math.ceil(columns / 2)),
  Math.max(1, Math.ceil(rows / 2)),
];

/** Two shapes of one tensor whose texels hold the same numbers in the same order. */
export function sameBlocks(a: readonly number[], b: readonly number[]): boolean {
  const [p, q] = [blocksOf(a), blocksOf(b)];
  // With even rows, batches lie behind one another as if they were rows.
  const even = (x: Blocks) => x.rows % 2 === 0;
  return p.columns === q.columns && p.count === q.count && (p.rows === q.rows || (even(p) && even(q)));
}

/** The current backend, where it is webgl. */
export const webglBackend = (): WebGLBackend => tf.backend() as unknown as WebGLBackend;
