/** Starts native TensorFlow through tfjs-node: as `ganc setup` built it, or as npm installed it. */
import { totalmem } from 'node:os';
import { dirname, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { said } from '../core/errors.ts';
import { registerFused } from '../core/formula/fused.ts';
import { type Missing, type Outcome, tensorflowEntry, tfjsNode } from './outcome.ts';
import { type NodeBackend, tensorflowExecutor } from './tensorflow-fused.ts';

const [CPU, GPU] = tfjsNode;

const setup = 'ganc setup tfjs-node --python python3';

export async function startTensorflow(): Promise<Outcome> {
  const entry = tensorflowEntry();
  if (entry === null) {
    return {
      available: false,
      why: `${CPU} is not installed`,
      get: `npm install ${CPU}, or ${setup} (it needs a Python with TensorFlow)`,
    };
  }
  bringBack();
  // TensorFlow's own remarks on how it was compiled.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  try {
    await import(pathToFileURL(entry).href);
    if (!(await tf.setBackend('tensorflow'))) throw new Error('its backend is not registered');
    await tf.ready();
  } catch (error) {
    return broken(entry, error);
  }
  const backend = tf.backend() as unknown as NodeBackend;
  registerFused('tensorflow', tensorflowExecutor(backend));
  const { binding, isUsingGpuDevice } = backend;
  const version = binding.TF_Version === undefined ? 'TensorFlow' : `TensorFlow ${binding.TF_Version}`;
  return {
    available: true,
    device: `${version}, ${isUsingGpuDevice ? 'GPU' : 'CPU'}`,
    memory: isUsingGpuDevice ? null : totalmem(),
    hardware: true,
  };
}

/** Gone in Node 23, and still called by tfjs-node 4.22. */
function bringBack(): void {
  const old = util as unknown as Record<string, unknown>;
  old.isNullOrUndefined ??= (x: unknown) => x === null || x === undefined;
  old.isArray ??= Array.isArray;
}

/** An installed package that does not start: what is wrong, in words. */
function broken(entry: string, error: unknown): Missing {
  const message = said(error);
  const gpu = entry.includes(`${sep}tfjs-node-gpu${sep}`);
  const name = gpu ? GPU : CPU;
  if (/native addon module|Cannot find module .*tfjs_binding/.test(message)) {
    return {
      available: false,
      why: `${name} is installed without its binding: its installer could not download TensorFlow`,
      get: `${setup} (it needs a Python with TensorFlow), or npm rebuild ${name} where its download can be reached`,
    };
  }
  const library =
    /(lib\w*(?:tensorflow|cud|nv)[\w.]*\.so[\w.]*|lib\w+\.dylib): cannot open|Library not loaded: (\S+)/.exec(
      message,
    );
  if (library !== null) {
    return {
      available: false,
      why: `${name} was built against a library that is no longer there: ${library[1] ?? library[2]}`,
      get: `${setup} builds it anew, against the TensorFlow of that Python`,
    };
  }
  return {
    available: false,
    why: `${name} (in ${dirname(dirname(entry))}) does not start: ${message}`,
    get: `${setup} builds it anew (it needs a Python with TensorFlow)`,
  };
}
