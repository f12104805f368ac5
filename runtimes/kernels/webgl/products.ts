/**
 * Products of matrices and convolutions with both their gradients, each as one launch on packed textures: tfjs's own convolution
 * unrolls its windows into a texture first (three to five launches), its filter gradient wants unpacked operands, and a matrix
 * by a vector is a product, a transposition and a sum there. Where there are few results of long sums, these are
 * made in parts by more fragments, and a second launch adds the parts up.
 */
import type * as tf from '@tensorflow/tfjs';
import { fetch } from './arguments.ts';
import { blocksOf, newPacked, newScratch, Operand, type Texture, type WebGLBackend } from './backend.ts';
import { launcherOf } from './launch.ts';

/** How a product's launch goes over its result and its sum. */
export interface Product {
  /** Tells its program from others. */
  name: string;
  operands: readonly tf.TensorInfo[];
  shape: readonly number[];
  /** Numbers for the program, by the names that it uses. */
  sizes: Record<string, number>;
  /** Terms of the outermost loop, and how many fetches each makes: `k` from `first` to `end` in the text. */
  terms: number;
  weight: number;
  /**
   * Statements that add to `sum` the terms `first` to `end` of the block (b, rb, cb) of the result. `at0(row, column)` and
   * `at1` are an operand's texels, in pairs of rows (those of all batches behind one another) and of columns.
   */
  text: string;
}

/** Fragments that keep a device busy, and the fetches that one may make alone. */
const BUSY = 8192;
const ALONE = 256;

export function launch(backend: WebGLBackend, product: Product): tf.TensorInfo {
  const output = newPacked(backend, product.shape);
  const { count } = blocksOf(product.shape);
  const { terms, weight } = product;
  const parts =
    terms * weight <= ALONE
      ? 1
      : Math.min(Math.floor(BUSY / count), Math.ceil((terms * weight) / ALONE), terms, 64);
  if (parts <= 1) {
    part(backend, product, output, count, 1);
    return output;
  }
  const scratch = newScratch(backend, count * parts);
  part(backend, product, scratch, count, parts);
  addParts(backend, scratch, output, count, parts);
  backend.disposeIntermediateTensorInfo(scratch);
  return output;
}

function part(backend: WebGLBackend, product: Product, to: Texture, count: number, parts: number): void {
  const { name, operands, shape, terms, text } = product;
  const launcher = launcherOf(backend);
  const { rows, columns, rowPairs, columnPairs } = blocksOf(shape);
  const [p, q] = operands.map((x) => new Operand(backend, x)) as [Operand, Operand];
  const [columns0, columns1] = [blocksOf(p.shape).columnPairs, blocksOf(q.shape).columnPairs];
  const share = Math.ceil(terms / parts);
  const sizes: Record<string, number> = {
    ...{ toWidth: to.width, count, rows, columns, rowPairs, columnPairs, share, terms },
    ...{ width0: p.width, width1: q.width, columns0, columns1 },
    ...product.sizes,
  };
  // Where a texture is as wide as its tensor, a fetch needs no division, of which devices have no fast one.
  const plain = [p.width === columns0, q.width === columns1];
  const program = launcher.programNamed(`${name} ${plain}`, () => {
    const names = Object.keys(sizes);
    const at = (n: number) => {
      const place = plain[n] ? 'ivec2(column, row)' : `ivec2(texel % width${n}, texel / width${n})`;
      return `vec4 at${n}(int row, int column) {
  ${plain[n] ? '' : `int texel = row * columns${n} + column;`}
  return texelFetch(in${n}, ${place}, 0);
}`;
    };
    return {
      inputs: 2,
      outputs: 1,
      ints: names.length,
      floats: 0,
      functions: `${names.map((key, n) => `#define ${key} I[${n}]`).join('\n')}
// A picture's texel holds two channels of two neighbours in a row.
vec2 half_of(vec4 two, int x) { return (x & 1) == 0 ? two.xy : two.zw; }
${at(0)}
${at(1)}`,
      main: `  int place = int(gl_FragCoord.y) * toWidth + int(gl_FragCoord.x);
  int T = place % count;
  int first = (place / count) * share;
  int end = min(first + share, terms);
  int cb = T % columnPairs;
  int rb = (T / columnPairs) % rowPairs;
  int b = T / (columnPairs * rowPairs);
  vec4 sum = vec4(0.0);
${text}
  if (2 * rb + 1 >= rows) sum.zw = vec2(0.0);
  if (2 * cb + 1 >= columns) sum.yw = vec2(0.0);
  out0 = sum;`,
    };
  });
  launcher.run(program, [p, q], [to], Object.values(sizes));
  p.done();
  q.done();
}

function addParts(backend: WebGLBackend, from: Texture, to: Texture, count: number, parts: number): void {
  const launcher = launcherOf(backend);
  const program = launcher.programNamed('add parts', () => ({
    inputs: 1,
    outputs: 1,
    ints: 4,
    floats: 0,
    main: `  int T = int(gl_FragCoord.y) * I[0] + int(gl_FragCoord.x);
  vec4 sum = vec4(0.0);
  for (int k = 0; k < I[1]; k++) sum += ${fetch('in0', 'k * I[2] + T', 'I[3]')};
  out0 = sum;`,
  }));
  launcher.run(program, [from], [to], [to.width, parts, count, from.width]);
}

/** c of [m, n] from a of [m, k] and b of [k, n], either one transposed. */
export function matMul(
  backend: WebGLBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  transposeA: boolean,
  transposeB: boolean,
  shape: readonly number[],
): tf.TensorInfo {
  const k = a.shape[transposeA ? 0 : 1]!;
  // Beyond an odd k, texels hold anything: NaN times 0 would be NaN.
  const cut = k % 2 === 1 ? 'if (2 * k + 1 == depth) { x.yw = vec2(0.0); y.zw = vec2(0.0); }' : '';
  return launch(backend, {
    name: `matMul ${transposeA} ${transposeB} ${k % 2}`,
    operands: [a, b],
    shape,
    sizes: { depth: k },
    terms: Math.ceil(k / 2),
    weight: 1,
    text: `  for (int k = first; k < end; k++) {
    vec4 x = ${transposeA ? 'at0(k, rb).xzyw' : 'at0(rb, k)'};
    vec4 y = ${transposeB ? 'at1(cb, k).xzyw' : 'at1(k, cb)'};
    ${cut}
    sum += x.xxzz * y.xyxy + x.yyww * y.zwzw;
  }`,
  });
}

/** tfjs's description of a convolution (NHWC pictures, HWIO kernels). */
export type Conv = tf.backend_util.Conv2DInfo;

export const windowSizes = (c: Conv) => ({
  height: c.inHeight,
  widthIn: c.inWidth,
  channels: c.inChannels,
  outHeight: c.outHeight,
  outWidth: c.outWidth,
  outChannels: c.outChannels,
  strideH: c.strideHeight,
  strideW: c.strideWidth,
  dilationH: c.dilationHeight,
  dilationW: c.dilationWidth,
  top: c.padInfo.top,
  left: c.padInfo.left,
  kernelH: c.filterHeight,
  kernelW: c.filterWidth,
  batch: c.batchSize,
});

/** y of [n, oh, ow, co] from x of [n, h, w, ci]: for two pixels and two channels, a kernel's texel serves both pixels. */
export function conv2d(
  backend: WebGLBackend,
  x: tf.TensorInfo,
  kernel: tf.TensorInfo,
  c: Conv,
): tf.TensorInfo {
  const cut =
    c.inChannels % 2 === 1 ? 'if (2 * ci + 1 == channels) { w.zw = vec2(0.0); p.y = q.y = 0.0; }' : '';
  return launch(backend, {
    name: `conv2d ${c.inChannels % 2}`,
    operands: [x, kernel],
    shape: c.outShape,
    sizes: windowSizes(c),
    terms: c.filterHeight * c.filterWidth,
    weight: Math.ceil(c.inChannels / 2),
    text: `  int image = b / outHeight;
  int top0 = (b % outHeight) * strideH - top;
  int pairs = (widthIn + 1) / 2;
  for (int k = first; k < end; k++) {
    int y = top0 + (k / kernelW) * dilationH;
    if (y < 0 || y >= height) continue;
    int x0 = 2 * rb * strideW - left + (k % kernelW) * dilationW;
    int x1 = x0 + strideW;
    bool has0 = x0 >= 0 && x0 < widthIn;
    bool has1 = x1 >= 0 && x1 < widthIn;
    if (!has0 && !has1) continue;
    int line = (image * height + y) * pairs;
    for (int ci = 0; ci < columns0; ci++) {
      vec4 w = at1(k * columns0 + ci, cb);
      vec2 p = has0 ? half_of(at0(line + x0 / 2, ci), x0) : vec2(0.0);
      vec2 q = has1 ? half_of(at0(line + x1 / 2, ci), x1) : vec2(0.0);
      ${cut}
      sum += vec4(p.xx, q.xx) * w.xyxy + vec4(p.yy, q.yy) * w.zwzw;
    }
  }`,
  });
}

/** dx of [n, h, w, ci] from dy of [n, oh, ow, co]: the transpose of `conv2d` in its picture. */
export function conv2dInputGradient(
  backend: WebGLBackend,
  dy: tf.TensorInfo,
  kernel: tf.TensorInfo,
  c: Conv,
): tf.TensorInfo {
  const cut =
    c.outChannels % 2 === 1 ? 'if (2 * co + 1 == outChannels) { w.yw = vec2(0.0); p.y = q.y = 0.0; }' : '';
  return launch(backend, {
    name: `conv2d input gradient ${c.outChannels % 2}`,
    operands: [dy, kernel],
    shape: c.inShape,
    sizes: windowSizes(c),
    terms: c.filterHeight,
    weight: c.filterWidth * Math.ceil(c.outChannels / 2),
    text: `  int image = b / height;
  int pairs = (outWidth + 1) / 2;
  for (int ky = first; ky < end; ky++) {
    int down = b % height + top - ky * dilationH;
    if (down < 0 || down % strideH != 0 || down / strideH >= outHeight) continue;
    int line = (image * outHeight + down / strideH) * pairs;
    for (int kx = 0; kx < kernelW; kx++) {
      int across = 2 * rb + left - kx * dilationW;
      int x0 = across / strideW;
      int x1 = (across + 1) / strideW;
      bool has0 = across >= 0 && x0 * strideW == across && x0 < outWidth;
      bool has1 = across >= -1 && x1 * strideW == across + 1 && x1 < outWidth;
      if (!has0 && !has1) continue;
      int row = (ky * kernelW + kx) * columnPairs + cb;
      for (int co = 0; co < columns0; co++) {
        vec4 w = at1(row, co);
        vec2 p = has0 ? half_of(at0(line + x0 / 2, co), x0) : vec2(0.0);
        vec2 q = has1 ? half_of(at0(line + x1 / 2, co), x1) : vec2(0.0);
        ${cut}
        sum += vec4(p.xx, q.xx) * w.xzxz + vec4(p.yy, q.yy) * w.ywyw;
      }
    }
  }`,
  });
}

/** dk of [kh, kw, ci, co] from x and dy, summed over the examples: the transpose of `conv2d` in its kernel. */
export function conv2dFilterGradient(
  backend: WebGLBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  c: Conv,
): tf.TensorInfo {
  return launch(backend, {
    name: 'conv2d filter gradient',
    operands: [x, dy],
    shape: c.filterShape,
    sizes: windowSizes(c),
    terms: c.batchSize * c.outHeight,
    weight: Math.ceil(c.outWidth / 2),
    text: `  int ky = b / kernelW;
  int kx = b % kernelW;
  int pairs = (widthIn + 1) / 2;
  int outPairs = (outWidth + 1) / 2;
  for (int k = first; k < end; k++) {
    int y = (k % outHeight) * strideH - top + ky * dilationH;
    if (y < 0 || y >= height) continue;
    int line = ((k / outHeight) * height + y) * pairs;
    int x0 = kx * dilationW - left;
    for (int ox = 0; ox < outPairs; ox++, x0 += 2 * strideW) {
      vec4 d = at1(k * outPairs + ox, cb);
      // Beyond an odd width, texels hold anything.
      if (2 * ox + 1 == outWidth) d.zw = vec2(0.0);
      int x1 = x0 + strideW;
      vec2 p = x0 >= 0 && x0 < widthIn ? half_of(at0(line + x0 / 2, rb), x0) : vec2(0.0);
      vec2 q = x1 >= 0 && x1 < widthIn ? half_of(at0(line + x1 / 2, rb), x1) : vec2(0.0);
      sum += vec4(p.xx, p.yy) * d.xyxy + vec4(q.xx, q.yy) * d.zwzw;
    }
  }`,
  });
}
