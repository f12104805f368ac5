/** Chooses what tfjs computes on: tfjs-node where it is installed, else wasm; `cpu` only when asked for. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { said, UserError } from '../core/errors.ts';
import { registerWasmKernels } from '../kernels/wasm/index.ts';

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
  await startWasm();
  return {
    name: 'wasm',
    line: `computing on WebAssembly${wanted === 'auto' ? ' (@tensorflow/tfjs-node is not installed)' : ''}`,
  };
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

async function startWasm(): Promise<void> {
  const path = find('@tensorflow/tfjs-backend-wasm');
  if (path === null) {
    throw new UserError('the wasm backend needs @tensorflow/tfjs-backend-wasm, which is not installed', {
      hint: 'npm install @tensorflow/tfjs-backend-wasm@4.22.0',
      code: 2,
    });
  }
  try {
    const wasm = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
    const module = (wasm.setWasmPaths === undefined ? wasm.default : wasm) as {
      setWasmPaths(prefix: string): void;
      setThreadsCount?(count: number): void;
    };
    module.setWasmPaths(`${dirname(path)}/`);
    registerWasmKernels();
    if (!(await tf.setBackend('wasm'))) throw new Error('its backend could not be initialised');
    await tf.ready();
  } catch (error) {
    throw new UserError(`the wasm backend does not start: ${said(error)}`, { code: 2, cause: error });
  }
}
