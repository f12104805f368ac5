/** Where the pieces lie that come along with the command; it runs from dist/. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The trainer's runtime, vendored into compiled folders and loaded by `ganc train`. */
export const runtimeUrl = new URL('./runtime.node.js', import.meta.url);
export const runtimeFile = fileURLToPath(runtimeUrl);

/** What the runtime loads beside itself to compute on a GPU. */
export const webgpuFile = fileURLToPath(new URL('./runtime.webgpu.js', import.meta.url));

/** What the runtime loads beside itself to resample sound. */
export const resampleFile = fileURLToPath(new URL('./runtime.resample.js', import.meta.url));

/** What stands around a model in a browser's folder. */
export const browserFolder = fileURLToPath(new URL('./browser/', import.meta.url));

/** The data sets that come along. */
export const dataFolder = fileURLToPath(new URL('../models/data/', import.meta.url));

/** A path as people want to read it: from the working folder, where it lies under it. */
export function here(file: string): string {
  const relative = path.relative('.', file);
  return relative.startsWith('..') || relative === '' ? file : relative;
}
