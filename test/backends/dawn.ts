/** WebGPU under Node without a graphics card: Dawn finds the SwiftShader that comes along with the tests' Chromium. */
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect } from 'vitest';
import { startWebgpu } from '../../runtimes/node/webgpu.ts';
import { chromiumHere } from '../browser/unpack.ts';

/** Not among Node's names for dlopen's flags: a library stays loaded though it was closed. */
const RTLD_NODELETE = 0x1000;

/** What a process needs in its environment, or in words why WebGPU cannot be tested here. */
export type Dawn = { env: Record<string, string>; problem: null } | { env: null; problem: string };

export async function dawnHere(): Promise<Dawn> {
  try {
    createRequire(import.meta.url).resolve('webgpu');
  } catch {
    return { env: null, problem: 'the optional package webgpu is not installed' };
  }
  const { unpacked, problem } = await chromiumHere();
  if (unpacked === null) return { env: null, problem };
  const libraries = [unpacked.folder, process.env.LD_LIBRARY_PATH].filter(Boolean);
  const driver = path.join(unpacked.folder, 'vk_swiftshader_icd.json');
  return {
    env: { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: libraries.join(path.delimiter) },
    problem: null,
  };
}

/** Lets this very process find SwiftShader: `startWebgpu({ software: true })` takes it then. Throws where it is not. */
export async function useSwiftShader(): Promise<void> {
  const { env, problem } = await dawnHere();
  if (problem !== null) throw new Error(problem);
  process.env.VK_ICD_FILENAMES = env.VK_ICD_FILENAMES;
  const library = path.join(path.dirname(env.VK_ICD_FILENAMES!), 'libvulkan.so.1');
  try {
    // Once it is loaded, Dawn finds it by its name, wherever it lies. It is no addon, of which Node complains.
    process.dlopen({ exports: {} }, library, os.constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    if (!/did not self-register/.test(String(error))) throw error;
  }
}

const here = await dawnHere();

/** A describe block on tfjs's webgpu backend, computed by SwiftShader in this process. */
export function onSwiftShader(title: string, tests: () => void): void {
  if (here.problem !== null) {
    describe.skip(`${title} (not run: ${here.problem})`, tests);
    return;
  }
  describe(title, () => {
    beforeAll(async () => {
      await useSwiftShader();
      expect(await startWebgpu({ software: true })).toMatchObject({ available: true, device: 'SwiftShader' });
    });
    tests();
  });
}

/** The labels of all programs that the GPU is given while `work` is done, in their order: a dispatch each. */
export async function launchesOf(
  work: () => unknown,
  { skip = false }: { /** They are counted, and nothing is computed. */ skip?: boolean } = {},
): Promise<string[]> {
  const labels: string[] = [];
  const { prototype } = GPUComputePassEncoder;
  const { setPipeline, dispatchWorkgroups } = prototype;
  let label = '';
  prototype.setPipeline = function (pipeline) {
    ({ label } = pipeline);
    setPipeline.call(this, pipeline);
  };
  prototype.dispatchWorkgroups = function (...count) {
    labels.push(label);
    if (!skip) dispatchWorkgroups.apply(this, count);
  };
  try {
    await work();
  } finally {
    Object.assign(prototype, { setPipeline, dispatchWorkgroups });
  }
  return labels;
}
