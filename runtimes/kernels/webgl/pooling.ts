/** The gradient of max pooling. tfjs's own gives it to the last of equal values, and every other backend to the first. */
import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGLBackend } from './backend.ts';
import { type Conv, launch, windowSizes } from './products.ts';

/** dx of x's shape: dy of each window goes to the first, by rows, of its largest values. */
export function maxPoolGradient(
  backend: WebGLBackend,
  dy: TensorInfo,
  x: TensorInfo,
  window: Conv,
): TensorInfo {
  return launch(backend, {
    name: 'max pool gradient',
    operands: [dy, x],
    shape: window.inShape,
    sizes: windowSizes(window),
    terms: window.filterHeight,
    weight: window.filterWidth * window.filterHeight * window.filterWidth,
    text: `  int image = b / height;
  int y = b % height;
  int pairs = (widthIn + 1) / 2;
  int outPairs = (outWidth + 1) / 2;
  for (int pixel = 0; pixel < 2; pixel++) {
    int x = 2 * rb + pixel;
    if (x >= widthIn) continue;
    vec2 own = half_of(at1((image * height + y) * pairs + x / 2, cb), x);
    vec2 total = vec2(0.0);
    for (int ky = first; ky < end; ky++) {
      int down = y + top - ky;
      if (down < 0 || down % strideH != 0 || down / strideH >= outHeight) continue;
      for (int kx = 0; kx < kernelW; kx++) {
        int across = x + left - kx;
        if (across < 0 || across % strideW != 0 || across / strideW >= outWidth) continue;
        bvec2 chosen = bvec2(true);
        for (int i = 0; i < kernelH; i++) {
          int row = down - top + i;
          if (row < 0 || row >= height) continue;
          for (int j = 0; j < kernelW; j++) {
            int column = across - left + j;
            if (column < 0 || column >= widthIn) continue;
            vec2 other = half_of(at1((image * height + row) * pairs + column / 2, cb), column);
            bool before = i < ky || (i == ky && j < kx);
            bvec2 larger = before ? greaterThanEqual(other, own) : greaterThan(other, own);
            chosen = bvec2(chosen.x && !larger.x, chosen.y && !larger.y);
          }
        }
        int from = across / strideW;
        vec2 d = half_of(at0((image * outHeight + down / strideH) * outPairs + from / 2, cb), from);
        total += mix(vec2(0.0), d, chosen);
      }
    }
    if (pixel == 0) sum.xy = total;
    else sum.zw = total;
  }`,
  });
}
