/**
 * Programs of our own beside tfjs's: pipelines recorded into the backend's own command encoder, so that all happens in
 * the order in which it is asked for, on buffers from its own store, to which they go back.
 */
import type { TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** tfjs's webgpu backend, as far as it is built upon here. */
export interface WebgpuBackend {
  device: GPUDevice;
  queue: GPUQueue;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  thresholdToIncreaseWorkgroups: number;
  /** What a recorded command reads or writes: freed only once it is submitted. */
  commandQueueOwnedIds: WeakSet<object>;
  uniformPendingDisposal: GPUBuffer[];
  tensorMap: { get(dataId: object): { dtype: string; resource: GPUBuffer | null } };
  bufferManager: { acquireBuffer(size: number, usage: number): GPUBuffer };
  makeTensorInfo(shape: number[], dtype: 'float32', values?: Float32Array): TensorInfo;
  uploadToGPU(dataId: object): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  disposeData(dataId: object): boolean;
  read(dataId: object): Promise<unknown>;
}

/** A pipeline, with the buffers of uniforms that never change: those that hold sizes alone. */
export interface Program {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  sizes: Map<string, GPUBuffer>;
}

export function makeProgram(device: GPUDevice, label: string, code: string): Program {
  const module = device.createShaderModule({ code, label });
  const pipeline = device.createComputePipeline({
    label,
    layout: 'auto',
    compute: { module, entryPoint: 'run' },
  });
  return { pipeline, layout: pipeline.getBindGroupLayout(0), sizes: new Map() };
}

/** What a program is told beside its tensors, in the order of its `struct Uniforms`: sizes as u32, then floats. */
export interface Uniforms {
  sizes: readonly number[];
  floats: readonly number[];
}

/** Records one launch. Tensors are bound from 0 on, in their order; the uniforms after them. */
export function launch(
  backend: WebgpuBackend,
  program: Program,
  tensors: readonly TensorInfo[],
  uniforms: Uniforms,
  groups: readonly [number, number, number],
): void {
  const { device } = backend;
  const entries: GPUBindGroupEntry[] = [];
  for (const t of tensors) {
    backend.uploadToGPU(t.dataId);
    backend.commandQueueOwnedIds.add(t.dataId);
    entries.push({
      binding: entries.length,
      resource: { buffer: backend.tensorMap.get(t.dataId).resource! },
    });
  }
  entries.push({ binding: entries.length, resource: { buffer: uniformBuffer(backend, program, uniforms) } });
  const bindGroup = device.createBindGroup({ layout: program.layout, entries });
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
  const pass = backend.computePassEncoder;
  pass.setPipeline(program.pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...groups);
  backend.dispatchCountInPass++;
  if (backend.dispatchCountInPass >= (tf.env().get('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE') as number)) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}

/** Sizes alone are written once for each shape; what holds numbers of the host is written anew for each launch. */
function uniformBuffer(backend: WebgpuBackend, program: Program, { sizes, floats }: Uniforms): GPUBuffer {
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
  const count = sizes.length + floats.length;
  if (floats.length === 0) {
    const key = sizes.join();
    let buffer = program.sizes.get(key);
    if (buffer === undefined) {
      buffer = backend.device.createBuffer({ size: 4 * count, usage });
      backend.queue.writeBuffer(buffer, 0, Uint32Array.from(sizes));
      program.sizes.set(key, buffer);
    }
    return buffer;
  }
  const bytes = new ArrayBuffer(4 * count);
  new Uint32Array(bytes, 0, sizes.length).set(sizes);
  new Float32Array(bytes, 4 * sizes.length).set(floats);
  const buffer = backend.bufferManager.acquireBuffer(4 * count, usage);
  backend.queue.writeBuffer(buffer, 0, bytes);
  backend.uniformPendingDisposal.push(buffer);
  return buffer;
}

/** A grid of at least `count` workgroups in two dimensions; a program finds its own as `y · width + x`. */
export function grid(device: GPUDevice, count: number): [number, number, number] {
  const most = device.limits.maxComputeWorkgroupsPerDimension;
  if (count <= most) return [count, 1, 1];
  const height = Math.ceil(count / most);
  return [Math.ceil(count / height), height, 1];
}
