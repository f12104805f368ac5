/** What tfjs can compute on under Node, and how `auto` chooses: a GPU, else TensorFlow, else our own wasm kernels, else cpu. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { said, UserError } from '../core/errors.ts';
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
  for (const name of ['webgpu', 'tensorflow', 'wasm', 'cpu'] as const) {
    const outcome = await (backends[name] as Entry).start({ software: false });
    if (outcome.available) {
      const why = passed.length === 0 ? '' : ` (${passed.join('; ')})`;
      return { ...outcome, name, line: `${lineOf(name, outcome)}${why}` };
    }
    passed.push(`no ${name}: ${outcome.why}`);
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
  if (typeof WebAssembly === 'undefined') {
    return {
      available: false,
      why: 'this Node runs without WebAssembly (--jitless)',
      get: 'start Node without --jitless; --backend cpu computes without (slowly)',
    };
  }
  const fitting = Math.min(availableParallelism(), threadsThatFit());
  let why = fitting < 1 ? 'the process may not have 12 GiB of address space' : '';
  for (const threads of fitting < 1 ? [] : new Set([fitting, 1])) {
    try {
      const kernels = kernelHost({ threads });
      if (kernels === null) break;
      registerWasm(kernels.host);
      if (!(await tf.setBackend(BACKEND))) throw new Error('tfjs does not take it');
      await tf.ready();
      return startedWasm(kernels, why);
    } catch (error) {
      why = said(error);
    }
  }
  return why === ''
    ? {
        available: false,
        why: 'this Node has no WebAssembly with SIMD',
        get: 'Node 20 or newer; --backend cpu computes without (slowly)',
      }
    : {
        available: false,
        why: `its memory cannot be allocated (${why})`,
        get: 'more memory for the process (ulimit -v); --backend cpu computes without (slowly)',
      };
}

/**
 * Where there is no address space left (ulimit -v) V8 ends the whole process, so nothing is tried that may take the rest of
 * it. The memory takes 12 GiB with what V8 leaves free around it, a worker's own heap and code a part of two.
 */
function threadsThatFit(): number {
  try {
    const limit = Number(/^Max address space +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
    if (Number.isNaN(limit)) return Number.POSITIVE_INFINITY;
    const used = 1024 * Number(/^VmSize:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    return 1 + Math.floor((limit - used - 12 * 2 ** 30) / 2 ** 31);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** `instead`: why it has one thread, where it could have more. */
function startedWasm({ host, build }: NonNullable<ReturnType<typeof kernelHost>>, instead: string): Outcome {
  const { threads } = host;
  const simd = build.relaxed ? 'SIMD with fused multiply-add' : 'SIMD';
  const alone = instead === '' ? '' : `; no more: ${instead}`;
  return {
    available: true,
    device: `${threads} thread${threads === 1 ? '' : 's'}, ${simd}${alone}`,
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
