/**
 * tfjs-backend-wasm has no Conv2DBackpropFilter, so no convolution can be trained on it. What its users do: register the
 * kernel, composed of kernels that it has. The gradient is a convolution of x by dy with examples as channels and
 * channels as examples, dilated by the stride.
 */
import * as tf from '@tensorflow/tfjs';

export function registerFilterGradient(): void {
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs }) => {
      const x = inputs.x as tf.Tensor4D;
      const dy = inputs.dy as tf.Tensor4D;
      const { strides, pad, filterShape } = attrs as unknown as {
        strides: [number, number];
        pad: 'same' | 'valid';
        filterShape: [number, number, number, number];
      };
      const info = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad);
      const { top, left } = info.padInfo;
      // As many rows and columns as make the result the filter's size: padded after, or cut off.
      const rows = (info.outHeight - 1) * info.strideHeight + info.filterHeight;
      const columns = (info.outWidth - 1) * info.strideWidth + info.filterWidth;
      return tf.tidy(() => {
        const below = Math.max(0, rows - info.inHeight - top);
        const right = Math.max(0, columns - info.inWidth - left);
        const padded = tf.pad(x, [
          [0, 0],
          [top, below],
          [left, right],
          [0, 0],
        ]);
        const used = tf.slice(padded, [0, 0, 0, 0], [info.batchSize, rows, columns, info.inChannels]);
        const byChannel = tf.transpose(used, [3, 1, 2, 0]) as tf.Tensor4D;
        const asFilter = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
        const dilation: [number, number] = [info.strideHeight, info.strideWidth];
        const y = tf.conv2d(byChannel, asFilter, 1, 'valid', 'NHWC', dilation);
        return tf.transpose(y, [1, 2, 0, 3]);
      });
    },
  });
}
