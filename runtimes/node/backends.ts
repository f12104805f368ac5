/** What tfjs can compute on under Node, and how `auto` chooses: a GPU, else TensorFlow, else our own wasm kernels. */
import { totalmem } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../core/errors.ts';
import { BACKEND } from '../kernels/wasm/backend.ts';
import { registerWasm } from '../kernels/wasm/register.ts';
import type { Missing, Outcome, Started } from './outcome.ts';
import { startTensorflow } from './tensorflow.ts';
import { kernelHost } from './threads.ts';
import { startWebgpu } from './webgpu.ts';

// Before anything can create a tensor: no banners, no validation that costs time.
tf.enableProdMode();

interface Entry {
  /** Takes it as tfjs's backend, or says why not. `software`: a program that plays a GPU will do. */
  start(allow: { software: boolean }): Promise<Outcome>;
}

export const backends = {
  webgpu: { start: startWebgpu },
  tensorflow: { start: startTensorflow },
  wasm: { start: startWasm },
  cpu: { start: startCpu },
} satisfies Record<string, Entry>;

export type BackendName = keyof typeof backends;

/** What was chosen, in one line for people. */
export interface Backend extends Started {
  name: BackendName;
  line: string;
}

/** Starts the backend that is asked for; `auto` the first that is worth it. */
export async function chooseBackend(wanted: BackendName | 'auto'): Promise<Backend> {
  if (wanted !== 'auto') {
    const outcome = await (backends[wanted] as Entry).start({ software: true });
    if (outcome.available) return { ...outcome, name: wanted, line: lineOf(wanted, outcome) };
    throw refusal(wanted, outcome);
  }
  const passed: string[] = [];
  for (const name of ['webgpu', 'tensorflow', 'wasm'] as const) {
    const outcome = await (backends[name] as Entry).start({ software: false });
    if (outcome.available) {
      const why = passed.length === 0 ? '' : ` (${passed.join('; ')})`;
      return { ...outcome, name, line: `${lineOf(name, outcome)}${why}` };
    }
    passed.push(`no ${name}: ${outcome.why}`);
    if (name === 'wasm') throw refusal(name, outcome);
  }
  throw new Error('`auto` has nothing to try.');
}

const lineOf = (name: BackendName, { device }: Started): string => `computing on ${name}, ${device}`;

/** A backend that is not here, in the words of `ganc backends`. */
function refusal(name: BackendName, { why, get }: Missing): UserError {
  return new UserError(`the backend ${name} is not here: ${why}`, { hint: get, code: 2 });
}

/** 32-bit WebAssembly addresses four gibibytes. */
const WASM_MEMORY = 4 * 2 ** 30;

async function startWasm(): Promise<Outcome> {
  const kernels = kernelHost();
  if (kernels === null) {
    return {
      available: false,
      why: 'this Node has no WebAssembly with SIMD',
      get: 'Node 20 or newer; --backend cpu computes without (slowly)',
    };
  }
  registerWasm(kernels.host);
  if (!(await tf.setBackend(BACKEND))) throw new UserError('the wasm backend does not start', { code: 2 });
  await tf.ready();
  const { threads } = kernels.host;
  const simd = kernels.build.relaxed ? 'SIMD with fused multiply-add' : 'SIMD';
  return {
    available: true,
    device: `${threads} thread${threads === 1 ? '' : 's'}, ${simd}`,
    memory: Math.min(WASM_MEMORY, totalmem()),
    hardware: true,
  };
}

async function startCpu(): Promise<Outcome> {
  await tf.setBackend('cpu');
  await tf.ready();
  return {
    available: true,
    device: 'one thread, no SIMD (slow: for tests)',
    memory: totalmem(),
    hardware: true,
  };
}
