/** The gradient of max pooling for tfjs's wasm backend, whose own gives zeros for all examples but the first. */
import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { numbersOf, output, register } from './heap.ts';

interface Attrs {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: 'same' | 'valid' | number;
}

export function registerPooling(): void {
  register('MaxPoolGrad', () => ({ inputs, attrs, backend }) => {
    const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
    const { filterSize, strides, pad } = attrs as unknown as Attrs;
    const shape = input.shape as [number, number, number, number];
    const g = tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad);
    const result = output(backend, shape);
    const [x, slope, dx] = [input, dy, result].map((t) => numbersOf(backend, t)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    dx.fill(0);
    const c = g.inChannels;
    let at = 0;
    for (let b = 0; b < g.batchSize; b++) {
      for (let oy = 0; oy < g.outHeight; oy++) {
        const y0 = oy * g.strideHeight - g.padInfo.top;
        const yEnd = Math.min(g.inHeight, y0 + g.filterHeight);
        for (let ox = 0; ox < g.outWidth; ox++) {
          const x0 = ox * g.strideWidth - g.padInfo.left;
          const xEnd = Math.min(g.inWidth, x0 + g.filterWidth);
          const first = ((b * g.inHeight + Math.max(0, y0)) * g.inWidth + Math.max(0, x0)) * c;
          for (let i = 0; i < c; i++, at++) {
            let best = first + i;
            for (let py = Math.max(0, y0); py < yEnd; py++) {
              const row = (b * g.inHeight + py) * g.inWidth;
              for (let px = Math.max(0, x0); px < xEnd; px++) {
                const here = (row + px) * c + i;
                // Of equal values the first wins.
                if (x[here]! > x[best]!) best = here;
              }
            }
            dx[best]! += slope[at]!;
          }
        }
      }
    }
    return result;
  });
}
