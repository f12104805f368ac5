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
interface Product {
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
   * Statements that add to `sum` the terms `first` to `end` of the block (b, rb, cb) of the result. Operands are read
   * by `at0(texel)` and `at1(texel)`.
   */
  text: string;
  functions?: string;
}

/** Fragments that keep a device busy, and the fetches that one may make alone. */
const BUSY = 8192;
const ALONE = 256;

function launch(backend: WebGLBackend, product: Product): tf.TensorInfo {
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
  const { name, operands, shape, terms, text, functions = '' } = product;
  const launcher = launcherOf(backend);
  const { rows, columns, rowPairs, columnPairs } = blocksOf(shape);
  const whole = operands.map((x) => new Operand(backend, x));
  const share = Math.ceil(terms / parts);
  const sizes: Record<string, number> = {
    ...{ toWidth: to.width, count, rows, columns, rowPairs, columnPairs, share, terms },
    ...{ width0: whole[0]!.width, width1: whole[1]!.width },
    ...product.sizes,
  };
  const program = launcher.programNamed(name, () => {
    const names = Object.keys(sizes);
    return {
      inputs: 2,
      outputs: 1,
      ints: names.length,
      floats: 0,
      functions: `${names.map((key, n) => `#define ${key} I[${n}]`).join('\n')}
vec4 at0(int texel) { return ${fetch('in0', 'texel', 'width0')}; }
vec4 at1(int texel) { return ${fetch('in1', 'texel', 'width1')}; }
${functions}`,
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
  launcher.run(program, whole, [to], Object.values(sizes));
  for (const operand of whole) operand.done();
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
  const [m, k] = transposeA ? [a.shape[1]!, a.shape[0]!] : [a.shape[0]!, a.shape[1]!];
  const n = transposeB ? b.shape[0]! : b.shape[1]!;
  // Beyond an odd k, texels hold anything: NaN times 0 would be NaN.
  const cut = k % 2 === 1 ? 'if (2 * k + 1 == depth) { x.yw = vec2(0.0); y.zw = vec2(0.0); }' : '';
  return launch(backend, {
    name: `matMul ${transposeA} ${transposeB} ${k % 2}`,
    operands: [a, b],
    shape,
    sizes: { depth: k, mPairs: Math.ceil(m / 2), kPairs: Math.ceil(k / 2), nPairs: Math.ceil(n / 2) },
    terms: Math.ceil(k / 2),
    weight: 1,
    text: `  for (int k = first; k < end; k++) {
    vec4 x = ${transposeA ? 'at0(k * mPairs + rb).xzyw' : 'at0(rb * kPairs + k)'};
    vec4 y = ${transposeB ? 'at1(cb * kPairs + k).xzyw' : 'at1(k * nPairs + cb)'};
    ${cut}
    sum += x.xxzz * y.xyxy + x.yyww * y.zwzw;
  }`,
  });
}

/** tfjs's description of a convolution (NHWC pictures, HWIO kernels). */
type Conv = tf.backend_util.Conv2DInfo;

const windowSizes = (c: Conv) => ({
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

/** Two channels of a pixel: a picture's texel holds them for two neighbours in a row. */
const PIXEL = (height: string, width: string, channels: string) => `
vec2 pixel0(int b, int y, int x, int pair) {
  if (x < 0 || x >= ${width}) return vec2(0.0);
  vec4 two = at0(((b * ${height} + y) * ((${width} + 1) / 2) + x / 2) * ((${channels} + 1) / 2) + pair);
  vec2 one = (x & 1) == 0 ? two.xy : two.zw;
  return 2 * pair + 1 < ${channels} ? one : vec2(one.x, 0.0);
}`;

/** y of [n, oh, ow, co] from x of [n, h, w, ci]: for two pixels and two channels, a kernel's texel serves both pixels. */
export function conv2d(
  backend: WebGLBackend,
  x: tf.TensorInfo,
  kernel: tf.TensorInfo,
  c: Conv,
): tf.TensorInfo {
  const ciPairs = Math.ceil(c.inChannels / 2);
  const cut = c.inChannels % 2 === 1 ? 'if (2 * ci + 1 == channels) w.zw = vec2(0.0);' : '';
  return launch(backend, {
    name: `conv2d ${c.inChannels % 2}`,
    operands: [x, kernel],
    shape: c.outShape,
    sizes: windowSizes(c),
    terms: c.filterHeight * c.filterWidth,
    weight: ciPairs,
    functions: PIXEL('height', 'widthIn', 'channels'),
    text: `  int image = b / outHeight;
  int top0 = (b % outHeight) * strideH - top;
  int ciPairs = (channels + 1) / 2;
  for (int k = first; k < end; k++) {
    int y = top0 + (k / kernelW) * dilationH;
    if (y < 0 || y >= height) continue;
    int x0 = 2 * rb * strideW - left + (k % kernelW) * dilationW;
    for (int ci = 0; ci < ciPairs; ci++) {
      vec4 w = at1((k * ciPairs + ci) * columnPairs + cb);
      ${cut}
      vec2 p = pixel0(image, y, x0, ci);
      vec2 q = pixel0(image, y, x0 + strideW, ci);
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
  const cut = c.outChannels % 2 === 1 ? 'if (2 * co + 1 == outChannels) w.yw = vec2(0.0);' : '';
  return launch(backend, {
    name: `conv2d input gradient ${c.outChannels % 2}`,
    operands: [dy, kernel],
    shape: c.inShape,
    sizes: windowSizes(c),
    terms: c.filterHeight,
    weight: c.filterWidth * Math.ceil(c.outChannels / 2),
    functions: PIXEL('outHeight', 'outWidth', 'outChannels'),
    text: `  int image = b / height;
  int coPairs = (outChannels + 1) / 2;
  for (int ky = first; ky < end; ky++) {
    int down = b % height + top - ky * dilationH;
    if (down < 0 || down % strideH != 0 || down / strideH >= outHeight) continue;
    int y = down / strideH;
    for (int kx = 0; kx < kernelW; kx++) {
      int across = 2 * rb + left - kx * dilationW;
      bool left0 = across >= 0 && across % strideW == 0;
      bool right0 = across + 1 >= 0 && (across + 1) % strideW == 0;
      if (!left0 && !right0) continue;
      for (int co = 0; co < coPairs; co++) {
        vec4 w = at1(((ky * kernelW + kx) * columnPairs + cb) * coPairs + co);
        ${cut}
        vec2 p = left0 ? pixel0(image, y, across / strideW, co) : vec2(0.0);
        vec2 q = right0 ? pixel0(image, y, (across + 1) / strideW, co) : vec2(0.0);
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
    functions: PIXEL('height', 'widthIn', 'channels'),
    text: `  int ky = b / kernelW;
  int kx = b % kernelW;
  int outPairs = (outWidth + 1) / 2;
  for (int k = first; k < end; k++) {
    int image = k / outHeight;
    int y = (k % outHeight) * strideH - top + ky * dilationH;
    if (y < 0 || y >= height) continue;
    int texel = k * outPairs * columnPairs + cb;
    for (int ox = 0; ox < outPairs; ox++, texel += columnPairs) {
      vec4 d = at1(texel);
      // Beyond an odd width, texels hold anything.
      if (2 * ox + 1 == outWidth) d.zw = vec2(0.0);
      int x0 = 2 * ox * strideW - left + kx * dilationW;
      vec2 p = pixel0(image, y, x0, rb);
      vec2 q = pixel0(image, y, x0 + strideW, rb);
      sum += vec4(p.xx, p.yy) * d.xyxy + vec4(q.xx, q.yy) * d.zwzw;
    }
  }`,
  });
}
