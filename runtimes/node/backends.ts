/** Chooses what tfjs computes on: tfjs-node where it is installed, else wasm; `cpu` only when asked for. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { said, UserError } from '../core/errors.ts';
import { BACKEND } from '../kernels/wasm/backend.ts';
import { registerWasm } from '../kernels/wasm/register.ts';
import { kernelHost } from './threads.ts';

// Before anything can create a tensor: no banners, no validation that costs time.
tf.enableProdMode();

export const backendNames = ['auto', 'tensorflow', 'wasm', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

/** What was chosen, in one line for people. */
export interface Backend {
  name: 'tensorflow' | 'wasm' | 'cpu';
  line: string;
}

/** Resolves from the program first (an emitted folder has its own packages), then from here. */
function find(name: string): string | null {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // Not there; the next place may have it.
    }
  }
  return null;
}

export async function chooseBackend(wanted: BackendName): Promise<Backend> {
  if (wanted === 'tensorflow' || wanted === 'auto') {
    const path = find('@tensorflow/tfjs-node');
    if (path !== null) {
      const problem = await startTensorflow(path);
      if (problem === null) {
        return { name: 'tensorflow', line: 'computing on TensorFlow (@tensorflow/tfjs-node)' };
      }
      if (wanted === 'tensorflow') {
        throw new UserError(`@tensorflow/tfjs-node is installed but does not start: ${problem}`, {
          hint: 'npm rebuild @tensorflow/tfjs-node --build-addon-from-source, or --backend wasm',
          code: 2,
        });
      }
    } else if (wanted === 'tensorflow') {
      throw new UserError('the tensorflow backend needs @tensorflow/tfjs-node, which is not installed', {
        hint: 'npm install @tensorflow/tfjs-node, or --backend wasm',
        code: 2,
      });
    }
  }
  if (wanted === 'cpu') {
    await tf.setBackend('cpu');
    await tf.ready();
    return { name: 'cpu', line: 'computing on plain JavaScript (slow: for tests)' };
  }
  const how = await startWasm();
  const why = wanted === 'auto' ? '; @tensorflow/tfjs-node is not installed' : '';
  return { name: 'wasm', line: `computing on WebAssembly (${how}${why})` };
}

async function startTensorflow(path: string): Promise<string | null> {
  // Gone in Node 23, and still called by tfjs-node 4.22.
  const old = util as unknown as Record<string, unknown>;
  old.isNullOrUndefined ??= (x: unknown) => x === null || x === undefined;
  old.isArray ??= Array.isArray;
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    await import(pathToFileURL(path).href);
    if (!(await tf.setBackend('tensorflow'))) return 'its backend could not be initialised';
    await tf.ready();
    return null;
  } catch (error) {
    return said(error);
  }
}

/** Starts our kernels; says how, in words. */
async function startWasm(): Promise<string> {
  const kernels = kernelHost();
  if (kernels === null) {
    throw new UserError('the wasm backend needs a WebAssembly with SIMD, which this Node has not', {
      hint: 'use Node 20 or newer, or --backend cpu (slow)',
      code: 2,
    });
  }
  registerWasm(kernels.host);
  if (!(await tf.setBackend(BACKEND))) throw new UserError('the wasm backend does not start', { code: 2 });
  await tf.ready();
  const { threads } = kernels.host;
  return `${threads} thread${threads === 1 ? '' : 's'}${kernels.build.relaxed ? ', fused multiply-add' : ''}`;
}
