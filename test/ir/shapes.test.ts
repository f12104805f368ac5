/** What shapes come of shapes, or which finding: a line each, arguments as users write them. */
import { describe, expect, test } from 'vitest';
import { isProblem } from '../../src/diagnostics/table.ts';
import type { Attr, Attrs, Shape, Shaped } from '../../src/ir/types.ts';
import type { Operation } from '../../src/ops/record.ts';
import { operations } from '../../src/ops/table.ts';

type Name = keyof typeof operations;

/** The result's shape, or the code of what is wrong. */
function typed(name: Name, operands: readonly Shape[], given: Attrs = {}, batch = true): Shape | string {
  const record: Operation = operations[name];
  const args: Shaped[] = operands.map((shape) => ({ shape, batch }));
  const attrs: Record<string, Attr> = {};
  for (const { name: argument, kind, default: otherwise } of record.signature!) {
    if (kind !== 'value' && otherwise !== undefined) attrs[argument] = otherwise;
  }
  const resolved = record.resolve?.(args, { ...attrs, ...given }) ?? { ...attrs, ...given };
  if (isProblem(resolved)) return resolved.code;
  expect(record.resolve?.(args, resolved) ?? resolved, 'resolving twice is resolving once').toEqual(resolved);
  const shape = record.shape(args, resolved);
  return isProblem(shape) ? shape.code : [...shape];
}

const picture = [9, 6, 4];
const sequence = [9, 2];

const lines: [Name, readonly Shape[], Attrs, Shape | string][] = [
  ['reshape', [[12]], { shape: [3, 4] }, [3, 4]],
  ['reshape', [[12]], { shape: [[3, 4]] }, [3, 4]],
  ['reshape', [[12]], { shape: [2, -1] }, [2, 6]],
  ['reshape', [[12]], { shape: [5, -1] }, 'GAN0330'],
  ['reshape', [[12]], { shape: [5, 2] }, 'GAN0320'],
  ['reshape', [[12]], { shape: [0] }, 'GAN0330'],
  ['reshape', [[]], { shape: [1, 1] }, [1, 1]],
  ['flatten', [picture], {}, [216]],
  ['transpose', [picture], {}, [4, 6, 9]],
  ['transpose', [picture], { axes: [-1, 0, 1] }, [4, 9, 6]],
  ['transpose', [picture], { axes: [0, 1] }, 'GAN0326'],
  [
    'concat',
    [
      [2, 3],
      [2, 4],
    ],
    {},
    [2, 7],
  ],
  [
    'concat',
    [
      [2, 3],
      [1, 3],
    ],
    { axis: 0 },
    [3, 3],
  ],
  [
    'concat',
    [
      [2, 3],
      [2, 3, 1],
    ],
    {},
    'GAN0323',
  ],
  ['concat', [[2], [2]], { axis: 1 }, 'GAN0303'],
  ['slice', [[10, 2]], { axis: 0, from: -3, to: 10 }, [3, 2]],
  ['slice', [[10, 2]], { axis: -1, from: 1, to: 2 }, [10, 1]],
  ['slice', [[10]], { axis: 0, from: 4, to: 4 }, 'GAN0324'],
  ['split', [[2, 5]], { sizes: [3, 2] }, [2, 3]],
  ['split', [[2, 5]], { sizes: [3, 3] }, 'GAN0325'],
  ['split', [[2, 4]], { sizes: 2 }, 'GAN0325'],
  ['flip', [picture], { axis: 1 }, picture],
  ['flip', [picture], { axis: [0, 3] }, 'GAN0303'],
  ['pad', [picture], { amount: 2 }, [13, 10, 4]],
  ['pad', [picture], { amount: [1, 0], mode: 'edge' }, [11, 6, 4]],
  ['pad', [picture], { amount: 6, mode: 'reflect' }, 'GAN0333'],
  ['pad', [sequence], { amount: 3, mode: 'reflect' }, [15, 2]],
  ['pad', [sequence], { amount: [1, 2] }, 'GAN0331'],
  ['pad', [[7]], { amount: 1 }, 'GAN0321'],
  ['crop', [picture], { amount: [4, 2] }, [1, 2, 4]],
  ['crop', [picture], { amount: 3 }, 'GAN0333'],
  ['crop', [picture], { amount: -1 }, 'GAN0330'],
  ['upsample', [picture], { factor: [1, 3] }, [9, 18, 4]],
  ['upsample', [sequence], { factor: 2 }, [18, 2]],
  ['upsample', [picture], { factor: 0.5 }, 'GAN0330'],
  ['depth_to_space', [picture], { size: 2 }, [18, 12, 1]],
  ['depth_to_space', [sequence], { size: 2 }, 'GAN0321'],
  ['space_to_depth', [picture], { size: 3 }, [3, 2, 36]],
  ['space_to_depth', [picture], { size: 2 }, 'GAN0332'],
  ['one_hot', [[3]], { n: 5 }, [3, 5]],
  [
    'matmul',
    [
      [2, 3],
      [3, 4],
    ],
    {},
    [2, 4],
  ],
  [
    'matmul',
    [
      [5, 2, 3],
      [3, 4],
    ],
    {},
    [5, 2, 4],
  ],
  [
    'matmul',
    [
      [5, 2, 3],
      [4, 3, 4],
    ],
    {},
    'GAN0327',
  ],
  [
    'matmul',
    [
      [2, 3],
      [4, 3],
    ],
    {},
    'GAN0327',
  ],
  ['matmul', [[3], [3, 4]], {}, 'GAN0321'],
  ['max_pool', [picture], {}, [5, 3, 4]],
  ['max_pool', [picture], { padding: 'valid' }, [4, 3, 4]],
  ['avg_pool', [sequence], { kernel: 3, stride: 2, padding: 1 }, [5, 2]],
  ['avg_pool', [picture], { kernel: [3, 2], padding: 2 }, 'GAN0330'],
  ['max_pool', [picture], { kernel: 7, padding: 'valid' }, 'GAN0322'],
  ['global_avg_pool', [sequence], {}, [2]],
  ['dense', [picture], { units: 7 }, [9, 6, 7]],
  ['dense', [[]], { units: 7 }, 'GAN0321'],
  ['dense', [[3]], { units: 0 }, 'GAN0330'],
  ['embed', [[10]], { units: 4 }, [4]],
  ['conv', [picture], { filters: 8, kernel: 5, stride: 2 }, [5, 3, 8]],
  ['conv', [picture], { filters: 8, kernel: [3, 2], padding: 'valid' }, [7, 5, 8]],
  ['conv', [picture], { filters: 8, kernel: 3, padding: 2, dilation: 2, stride: 3 }, [3, 2, 8]],
  ['conv', [picture], { filters: 8, kernel: 4, padding: 'valid', dilation: 2 }, 'GAN0322'],
  ['conv', [picture], { filters: 6, kernel: 3, groups: 2 }, [9, 6, 6]],
  ['conv', [picture], { filters: 5, kernel: 3, groups: 2 }, 'GAN0329'],
  ['conv', [picture], { filters: 6, kernel: 3, groups: 3 }, 'GAN0329'],
  ['conv', [picture], { filters: 8, kernel: 3, padding: -1 }, 'GAN0330'],
  ['conv', [sequence], { filters: 8, kernel: 4, stride: 4 }, [3, 8]],
  ['conv', [sequence], { filters: 8, kernel: 12, padding: 1 }, 'GAN0322'],
  ['conv', [[100]], { filters: 8, kernel: 3 }, 'GAN0321'],
  ['conv_transpose', [picture], { filters: 3, kernel: 5, stride: 2 }, [18, 12, 3]],
  ['conv_transpose', [picture], { filters: 3, kernel: 2, stride: 3 }, [27, 18, 3]],
  ['conv_transpose', [picture], { filters: 3, kernel: 4, stride: 2, padding: 1 }, [18, 12, 3]],
  ['conv_transpose', [picture], { filters: 3, kernel: 5, stride: 2, padding: 'valid' }, [21, 15, 3]],
  ['conv_transpose', [sequence], { filters: 3, kernel: 4, stride: 4 }, [36, 3]],
  ['conv_transpose', [[1, 1, 8]], { filters: 3, kernel: 4, padding: 2 }, 'GAN0335'],
  ['convolve', [picture, [3, 3, 4, 2]], {}, 'GAN0336'],
  ['batch_norm', [picture], {}, picture],
  ['group_norm', [picture], { groups: 2 }, picture],
  ['group_norm', [[6]], { groups: 6 }, 'GAN0337'],
  ['instance_norm', [[6]], {}, 'GAN0337'],
  ['layer_norm', [[]], {}, 'GAN0321'],
  ['minibatch_stddev', [picture], {}, [9, 6, 5]],
  ['minibatch_stddev', [[7]], { groups: 4 }, [8]],
  ['dropout', [[7]], { rate: 0.5 }, [7]],
  ['dropout', [[7]], { rate: -0.1 }, 'GAN0330'],
];

describe('per example', () => {
  test.each(lines)('%s %j %j', (name, operands, attrs, expected) => {
    expect(typed(name, operands, attrs)).toEqual(expected);
  });
});

describe('whole', () => {
  test.each<[Name, Shape[], Attrs, Shape | string]>([
    ['convolve', [picture, [3, 3, 4, 2]], { stride: 2 }, [5, 3, 2]],
    ['convolve', [picture, [3, 3, 1, 8]], { groups: 4 }, [9, 6, 8]],
    ['convolve', [picture, [3, 3, 4, 6]], { groups: 2 }, 'GAN0328'],
    ['convolve', [sequence, [3, 2, 5]], { padding: 'valid' }, [7, 5]],
    ['convolve', [sequence, [3, 3, 2, 5]], {}, 'GAN0321'],
    ['batch_norm', [picture], {}, 'GAN0334'],
    ['minibatch_stddev', [picture], {}, 'GAN0334'],
    ['dropout', [picture], { rate: 0.5 }, 'GAN0334'],
    ['dense', [[5]], { units: 2 }, [2]],
    ['weight', [], { shape: [4, 4] }, [4, 4]],
    ['weight', [], { shape: [] }, []],
    ['weight', [], { shape: [4, 0] }, 'GAN0330'],
  ])('%s %j %j', (name, operands, attrs, expected) => {
    expect(typed(name, operands, attrs, false)).toEqual(expected);
  });
});
