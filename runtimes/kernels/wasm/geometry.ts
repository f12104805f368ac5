/** How windows lie in a picture, as the twelve words that `geometry` of assembly/windows.ts reads. */
import type { backend_util } from '@tensorflow/tfjs';

type ConvInfo = backend_util.Conv2DInfo;

/** Of a convolution or a pooling; `channels` are those of the tensor that is read. */
export const geometryOf = (c: ConvInfo, channels = c.inChannels): number[] => [
  c.inHeight,
  c.inWidth,
  channels,
  c.outHeight,
  c.outWidth,
  c.strideHeight,
  c.strideWidth,
  -c.padInfo.top,
  -c.padInfo.left,
  c.filterWidth,
  c.dilationHeight,
  c.dilationWidth,
];
