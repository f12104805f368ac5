/** What came of starting a backend: it computes on a device, or says why not and how to get it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Started {
  available: true;
  /** What it computes on, for people: `2 threads, SIMD`, `NVIDIA RTX 4090, Vulkan`. */
  device: string;
  /** Bytes that tensors may take; null: not known. */
  memory: number | null;
  /** A processor that is there, not a program that plays a GPU. */
  hardware: boolean;
}

export interface Missing {
  available: false;
  /** What is not here: `the package webgpu is not installed`. */
  why: string;
  /** The line that gets it. */
  get: string;
}

export type Outcome = Started | Missing;

/** Where packages are looked for: an emitted folder and a project have their own, then those of this file. */
const places = (): string[] => [process.cwd(), dirname(fileURLToPath(import.meta.url))];

/** A package's entry. */
export function find(name: string): string | null {
  for (const folder of places()) {
    try {
      return createRequire(join(folder, 'from.js')).resolve(name);
    } catch {
      // Not there; the next place may have it.
    }
  }
  return null;
}

/** Where `ganc setup` puts what it builds, inside a `node_modules`: npm leaves alone what begins with a dot. */
const BUILT = join('.ganc', 'tfjs-node', 'node_modules');

/** A package's entry among what `ganc setup` built, in any `node_modules` above these places. */
function findBuilt(name: string): string | null {
  for (const place of places()) {
    for (let folder = place; ; folder = dirname(folder)) {
      const built = join(folder, 'node_modules', BUILT, name);
      if (existsSync(join(built, 'package.json')))
        return createRequire(join(built, 'from.js')).resolve(built);
      if (folder === dirname(folder)) break;
    }
  }
  return null;
}

/** tfjs on native TensorFlow; the second takes one made for CUDA. */
export const tfjsNode = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'] as const;

/** Where tfjs-node is: as `ganc setup` built it, else as npm installed it; null: it is not. */
export function tensorflowEntry(): string | null {
  const [cpu, gpu] = tfjsNode;
  return findBuilt(cpu) ?? find(gpu) ?? find(cpu);
}
