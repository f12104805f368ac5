/** The two gradients of a depthwise convolution, which tfjs's wasm backend lacks: a few flops a number, so plain loops serve. */
import type { TensorInfo } from '@tensorflow/tfjs';
import { numbersOf, output, register } from './heap.ts';
import { type Windows, windowsOf } from './patches.ts';

interface Attrs {
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
  filterShape: number[];
  inputShape: number[];
}

/** Calls `f` with a pixel of the input, one of the output, and the tap between them. */
function eachTap(g: Windows, f: (input: number, output: number, tap: number) => void): void {
  for (let b = 0; b < g.batch; b++) {
    for (let oy = 0; oy < g.oh; oy++) {
      for (let ox = 0; ox < g.ow; ox++) {
        for (let ky = 0; ky < g.kh; ky++) {
          const y = oy * g.sh - g.top + ky;
          if (y < 0 || y >= g.h) continue;
          for (let kx = 0; kx < g.kw; kx++) {
            const x = ox * g.sw - g.left + kx;
            if (x < 0 || x >= g.w) continue;
            f((b * g.h + y) * g.w + x, (b * g.oh + oy) * g.ow + ox, ky * g.kw + kx);
          }
        }
      }
    }
  }
}

export function registerDepthwise(): void {
  register('DepthwiseConv2dNativeBackpropFilter', () => ({ inputs, attrs, backend }) => {
    const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
    const { filterShape, strides, pad } = attrs as unknown as Attrs;
    const result = output(backend, filterShape);
    const [c, m] = filterShape.slice(2) as [number, number];
    const [from, slope, to] = [x, dy, result].map((t) => numbersOf(backend, t)) as Float32Array[];
    to!.fill(0);
    eachTap(windowsOf(x.shape, filterShape, strides, pad), (i, o, tap) => {
      for (let j = 0; j < c * m; j++) {
        to![tap * c * m + j]! += from![i * c + Math.floor(j / m)]! * slope![o * c * m + j]!;
      }
    });
    return result;
  });
  register('DepthwiseConv2dNativeBackpropInput', () => ({ inputs, attrs, backend }) => {
    const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
    const { inputShape, strides, pad } = attrs as unknown as Attrs;
    const result = output(backend, inputShape);
    const [c, m] = filter.shape.slice(2) as [number, number];
    const [slope, k, to] = [dy, filter, result].map((t) => numbersOf(backend, t)) as Float32Array[];
    to!.fill(0);
    eachTap(windowsOf(inputShape, filter.shape, strides, pad), (i, o, tap) => {
      for (let j = 0; j < c * m; j++) {
        to![i * c + Math.floor(j / m)]! += slope![o * c * m + j]! * k![tap * c * m + j]!;
      }
    });
    return result;
  });
}
