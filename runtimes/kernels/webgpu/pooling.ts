/**
 * The gradient of max pooling, in one launch: to the first of a window's equal largest values, as TensorFlow and tfjs's
 * cpu backend give it. tfjs's own on webgpu takes two launches, and gives it to the last one.
 */
import * as tf from '@tensorflow/tfjs';
import { INVOCATIONS } from './formula.ts';
import { grid, launch, makeProgram, type Program, type WebgpuBackend } from './launch.ts';

const CODE = `
struct Uniforms {
  count: u32, height: u32, width: u32, channels: u32, out_height: u32, out_width: u32,
  kernel_height: u32, kernel_width: u32, stride_height: u32, stride_width: u32, top: u32, left: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> u: Uniforms;

// Whether the value at a place is its window's largest, and no equal one comes before it.
fn first(image: u32, window_row: i32, window_column: i32, row: i32, column: i32, channel: u32, value: f32) -> bool {
  let from_row = max(window_row, 0);
  let from_column = max(window_column, 0);
  let to_row = min(window_row + i32(u.kernel_height), i32(u.height));
  let to_column = min(window_column + i32(u.kernel_width), i32(u.width));
  for (var r = from_row; r < to_row; r++) {
    for (var c = from_column; c < to_column; c++) {
      let other = x[((image * u.height + u32(r)) * u.width + u32(c)) * u.channels + channel];
      if (other > value || (other == value && (r < row || (r == row && c < column)))) { return false; }
    }
  }
  return true;
}

@compute @workgroup_size(${INVOCATIONS})
fn run(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32) {
  let at = (group.y * groups.x + group.x) * ${INVOCATIONS}u + lane;
  if (at >= u.count) { return; }
  let channel = at % u.channels;
  let column = (at / u.channels) % u.width;
  let row = (at / u.channels / u.width) % u.height;
  let image = at / u.channels / u.width / u.height;
  // The windows that reach this place: their numbers, down and across.
  let rows = i32(row + u.top);
  let columns = i32(column + u.left);
  let down = i32(u.stride_height);
  let across = i32(u.stride_width);
  let from_row = max(0, (rows - i32(u.kernel_height) + down) / down);
  let from_column = max(0, (columns - i32(u.kernel_width) + across) / across);
  let to_row = min(rows / down, i32(u.out_height) - 1);
  let to_column = min(columns / across, i32(u.out_width) - 1);
  var sum = 0.0;
  for (var r = from_row; r <= to_row; r++) {
    for (var c = from_column; c <= to_column; c++) {
      if (first(image, r * down - i32(u.top), c * across - i32(u.left), i32(row), i32(column), channel, x[at])) {
        sum += dy[((image * u.out_height + u32(r)) * u.out_width + u32(c)) * u.channels + channel];
      }
    }
  }
  dx[at] = sum;
}`;

type Pair = number | [number, number];

const programs = new WeakMap<WebgpuBackend, Program>();

/** dx of x's shape [n, h, w, c] from dy of the pooled one. */
export function maxPoolGradient(
  backend: WebgpuBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  attrs: Record<string, unknown>,
): tf.TensorInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const window = tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    filterSize as Pair,
    strides as Pair,
    1,
    pad as 'same' | 'valid' | number,
    dimRoundingMode as 'floor' | undefined,
  );
  let program = programs.get(backend);
  if (program === undefined) {
    program = makeProgram(backend.device, 'ganc max pooling, backwards', CODE);
    programs.set(backend, program);
  }
  const dx = backend.makeTensorInfo(x.shape, 'float32');
  const count = tf.util.sizeFromShape(x.shape);
  const sizes = [
    count,
    ...[window.inHeight, window.inWidth, window.inChannels, window.outHeight, window.outWidth],
    ...[window.filterHeight, window.filterWidth, window.strideHeight, window.strideWidth],
    ...[window.padInfo.top, window.padInfo.left],
  ];
  const groups = grid(backend.device, Math.ceil(count / INVOCATIONS));
  launch(backend, program, [x, dy, dx], { sizes, floats: [] }, groups);
  return dx;
}
