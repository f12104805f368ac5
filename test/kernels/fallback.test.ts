/** What the kernels do not take: other types, other layouts, odd attributes, many axes. As tfjs's cpu backend has it. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { numbers, onCpu, use, variants } from './engines.ts';

const float = (shape: number[], seed = 1) =>
  tf.tensor(
    numbers(
      shape.reduce((p, n) => p * n, 1),
      seed,
    ),
    shape,
  );
const int = (shape: number[], seed = 1) =>
  tf.tensor(
    Int32Array.from(
      numbers(
        shape.reduce((p, n) => p * n, 1),
        seed,
      ),
      (x) => Math.round(x * 20),
    ),
    shape,
    'int32',
  );
const bool = (shape: number[], seed = 1) => tf.greater(float(shape, seed), 0);
/** A float tensor that lives in the kernels' memory. */
const moved = (shape: number[], seed = 1) => tf.neg(float(shape, seed));
const large = 2 ** 24 + 1;
const kernel = (name: string, inputs: object, attrs: object) =>
  tf.engine().runKernel(name, inputs as tf.NamedTensorMap, attrs as never) as tf.Tensor;

const programs: Record<string, () => tf.Tensor | tf.Tensor[]> = {
  'int32 arithmetic': () => [
    tf.add(int([4, 3]), int([3], 2)),
    tf.sub(int([4, 3]), int([4, 1], 2)),
    tf.mul(int([4, 3]), int([4, 3], 2)),
    tf.div(int([4, 3]), tf.scalar(3, 'int32')),
    tf.floorDiv(int([4, 3]), tf.scalar(3, 'int32')),
    tf.mod(int([4, 3]), tf.scalar(3, 'int32')),
    tf.maximum(int([4, 3]), int([4, 3], 2)),
    tf.squaredDifference(int([4, 3]), int([4, 3], 2)),
  ],
  'int32 functions': () => [
    tf.neg(int([9])),
    tf.abs(int([9])),
    tf.square(int([9])),
    tf.sign(int([9])),
    tf.relu(int([9])),
    tf.clipByValue(int([9]), -3, 3),
    tf.exp(int([9])),
  ],
  'whole numbers that no float holds': () => {
    const x = tf.tensor1d([large, -large], 'int32');
    return [
      tf.add(x, tf.zerosLike(x)),
      tf.reshape(x, [2, 1]),
      tf.cast(tf.equal(x, tf.tensor1d([large, large], 'int32')), 'float32'),
      tf.sum(x),
      tf.slice(x, [0], [1]),
      tf.where(tf.tensor1d([true, false], 'bool'), x, tf.zerosLike(x)),
    ];
  },
  'int32 and float32 together': () => [
    tf.add(int([4, 3]), float([3])),
    tf.mul(moved([4, 3]), int([4, 3])),
    tf.less(int([4]), float([4])),
  ],
  'int32 comparisons': () => [
    tf.equal(int([9]), int([9], 2)),
    tf.less(int([9]), int([9], 2)),
    tf.greaterEqual(int([9]), tf.scalar(0, 'int32')),
  ],
  'truth values': () => [
    tf.logicalAnd(bool([3, 4]), bool([4], 2)),
    tf.logicalOr(bool([3, 4]), bool([3, 1], 2)),
    tf.logicalXor(bool([9]), bool([9], 2)),
    tf.logicalNot(bool([9])),
    tf.equal(bool([9]), bool([9], 2)),
    tf.add(bool([9]), bool([9], 2)),
    tf.mul(bool([9]), bool([9], 2)),
    tf.mul(float([9]), bool([9])),
    tf.all(bool([3, 4]), 1),
    tf.any(bool([3, 4]), 0),
    tf.sum(bool([3, 4]), 1),
    tf.mean(tf.cast(bool([3, 4]), 'float32'), 1),
    tf.cast(bool([9]), 'int32'),
    tf.cast(bool([9]), 'float32'),
    tf.cast(float([9]), 'bool'),
    tf.where(bool([9]), moved([9]), float([9], 2)),
    tf.where(bool([9]), int([9]), int([9], 2)),
    tf.where(bool([3, 1]), float([3, 4]), float([3, 4], 2)),
    tf.reshape(bool([3, 4]), [12]),
    tf.concat([bool([3]), bool([4], 2)]),
  ],
  casts: () => [
    tf.cast(moved([9]), 'int32'),
    tf.cast(int([9]), 'float32'),
    tf.cast(int([9]), 'bool'),
    tf.cast(moved([9]), 'float32'),
  ],
  'int32 reductions and products': () => [
    tf.sum(int([4, 5]), 0),
    tf.mean(int([4, 5]), 1),
    tf.max(int([4, 5]), 1),
    tf.min(int([4, 5])),
    tf.argMax(moved([4, 5]), 1),
    tf.matMul(int([4, 5]) as tf.Tensor2D, int([5, 3]) as tf.Tensor2D),
    tf.cumsum(moved([4, 5]), 1),
  ],
  'moving about': () => {
    const x = moved([2, 3, 4, 5]);
    return [
      tf.transpose(x),
      tf.transpose(x, [0, 3, 1, 2]),
      tf.reverse(x, [1, 3]),
      tf.pad(x, [
        [1, 0],
        [0, 2],
        [0, 0],
        [1, 1],
      ]),
      tf.tile(x, [1, 2, 1, 3]),
      tf.slice(x, [1, 0, 0, 0], [1, 3, 4, 5]),
      tf.slice(x, [0, 1, 1, 2], [2, 1, 2, 2]),
      tf.stridedSlice(x, [0, 0, 3, 0], [2, 3, 0, 5], [1, 2, -1, 2]),
      tf.concat([x, x], 2),
      tf.stack([x, x], 1),
      ...tf.unstack(x, 2),
      ...tf.split(x, [1, 3], 2),
      tf.gather(x, tf.tensor1d([2, 0, 0], 'int32'), 1),
      tf.expandDims(tf.squeeze(moved([1, 4, 1])), 0),
      tf.broadcastTo(moved([3, 1]), [2, 3, 4]),
      tf.depthToSpace(moved([2, 2, 2, 8]) as tf.Tensor4D, 2),
      tf.oneHot(tf.tensor1d([1, 0, 3], 'int32'), 4),
      tf.linalg.bandPart(moved([4, 4]), 1, 1),
    ];
  },
  'six axes': () => {
    const x = moved([2, 1, 3, 2, 2, 2]);
    return [
      tf.add(x, float([1, 3, 1, 2, 1])),
      tf.sum(x, [0, 3, 5]),
      tf.max(x, [1, 4]),
      tf.transpose(x, [5, 3, 1, 0, 2, 4]),
      tf.mul(float([2, 1, 3, 1, 2, 1]), float([1, 3, 1, 2, 1, 2])),
    ];
  },
  'complex numbers': () => {
    const z = tf.complex(moved([4]), float([4], 2));
    const w = tf.complex(float([4], 3), moved([4], 4));
    return [
      tf.real(z),
      tf.imag(z),
      tf.add(z, w),
      tf.mul(z, w),
      tf.abs(z),
      tf.reshape(z, [2, 2]),
      tf.fft(z),
      tf.cast(z, 'float32'),
    ];
  },
  strings: () => tf.reshape(tf.tensor1d(['a', 'b']), [2, 1]),
  'fused products with any activation': () => {
    const [a, b] = [moved([3, 4]) as tf.Tensor2D, float([4, 5]) as tf.Tensor2D];
    const bias = float([5], 3);
    const [x, filter] = [moved([2, 5, 5, 3]) as tf.Tensor4D, float([3, 3, 3, 5]) as tf.Tensor4D];
    const of = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const;
    return of.flatMap((activation) => {
      const more = {
        bias,
        activation,
        leakyreluAlpha: 0.1,
        ...(activation === 'prelu' ? { preluActivationWeights: float([5], 4) } : {}),
      };
      return [
        tf.fused.matMul({ a, b, ...more }),
        tf.fused.conv2d({ x, filter, strides: 2, pad: 'same', ...more } as never),
      ];
    });
  },
  'channels first': () => {
    const x = moved([2, 3, 6, 5]) as tf.Tensor4D;
    const filter = float([3, 3, 3, 4]) as tf.Tensor4D;
    const attrs = { strides: [1, 1], pad: 'same', dataFormat: 'NCHW', dimRoundingMode: undefined };
    const dy = moved([2, 4, 6, 5], 2);
    return [
      kernel('Conv2D', { x, filter }, { ...attrs, dilations: [1, 1] }),
      kernel('Conv2DBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape }),
      kernel('Conv2DBackpropFilter', { x, dy }, { ...attrs, filterShape: filter.shape }),
    ];
  },
  'other convolutions and pooling': () => {
    const x = moved([2, 6, 6, 4]) as tf.Tensor4D;
    return [
      tf.depthwiseConv2d(x, float([3, 3, 4, 2]) as tf.Tensor4D, 1, 'same'),
      tf.maxPool(x, 2, 2, 'valid'),
      tf.avgPool(x, 3, 2, 'same'),
      tf.conv1d(moved([2, 9, 3]) as tf.Tensor3D, float([3, 3, 5]) as tf.Tensor3D, 1, 'same'),
      tf.conv3d(moved([1, 4, 4, 4, 2]) as tf.Tensor5D, float([2, 2, 2, 2, 3]) as tf.Tensor5D, 1, 'same'),
      tf.conv2dTranspose(x, float([3, 3, 5, 4]) as tf.Tensor4D, [2, 12, 12, 5], 2, 'same'),
      tf.image.resizeBilinear(x, [9, 7]),
      tf.image.resizeNearestNeighbor(x, [12, 12]),
      tf.conv2d(x, float([3, 3, 4, 2]) as tf.Tensor4D, 1, [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ]),
    ];
  },
  'gradients by the tape': () => {
    const f = (x: tf.Tensor) =>
      tf.sum(tf.mul(tf.softmax(tf.matMul(x as tf.Tensor2D, float([4, 5]) as tf.Tensor2D)), float([3, 5], 7)));
    return tf.grad(f)(moved([3, 4]));
  },
};

type Read = { dtype: string; shape: number[]; data: unknown[] };
const read = (t: tf.Tensor): Read => ({
  dtype: t.dtype,
  shape: t.shape,
  data: [...(t.dataSync() as Iterable<unknown>)],
});

describe.each(variants.filter((v) => v.threads !== 2))('$name', (variant) => {
  beforeAll(async () => void (await use(variant)));

  test.each(Object.keys(programs))('%s', async (name) => {
    const run = (): Read[] => {
      let results: Read[] = [];
      tf.tidy(() => {
        results = [programs[name]!()].flat().map(read);
      });
      return results;
    };
    const want = await onCpu(run);
    const tensors = tf.memory().numTensors;
    const buffers = tf.memory().numDataBuffers;
    const got = run();
    expect(got.length).toBe(want.length);
    for (const [i, w] of want.entries()) {
      const g = got[i]!;
      expect({ ...g, data: g.data.length }, `result ${i}`).toEqual({ ...w, data: w.data.length });
      for (const [j, b] of w.data.entries()) {
        const a = g.data[j];
        const same =
          Object.is(a, b) ||
          a === b ||
          Math.abs((a as number) - (b as number)) <= 1e-5 * Math.max(1, Math.abs(b as number));
        if (!same) expect.fail(`result ${i}, entry ${j}: ${a}, not ${b}`);
      }
    }
    expect([tf.memory().numTensors, tf.memory().numDataBuffers], 'left over').toEqual([tensors, buffers]);
  });
});
