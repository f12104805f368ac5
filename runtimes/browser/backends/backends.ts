/**
 * What a browser can compute on. `auto` is WebGL where a GPU renders 32-bit float textures, else WebAssembly: a GPU that
 * is played by the processor is slower than the processor itself.
 */
import * as tf from '@tensorflow/tfjs';
import { said, UserError } from '../../core/errors.ts';
import { BACKEND } from '../../kernels/wasm/backend.ts';
import { registerWasm } from '../../kernels/wasm/register.ts';
import { lookAtWebgl } from '../../kernels/webgl/look.ts';
import type { BackendFacts, BackendName } from '../protocol.ts';
import { kernelBuild, kernelHost, threadsHere } from '../worker/threads.ts';

// Before anything can create a tensor: no banners, no validation that costs time.
tf.enableProdMode();

export interface Chosen {
  name: BackendName;
  /** What it computes on and why, for people. */
  line: string;
}

/** GPUs that are programs. */
const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;

interface Looked {
  available: boolean;
  device: string | null;
  why: string | null;
  /** A GPU that is there. */
  hardware: boolean;
}

/** Everything that there could be, looked at once. */
export async function backendsHere(): Promise<BackendFacts[]> {
  const looked: Record<BackendName, Looked> = {
    webgl: lookAtWebgl(),
    webgpu: await lookAtWebgpu(),
    wasm: lookAtWasm(),
    cpu: { available: true, device: 'plain JavaScript', why: 'slow: for tests', hardware: false },
  };
  const order: BackendName[] = ['webgl', 'webgpu', 'wasm', 'cpu'];
  const chosen: BackendName =
    looked.webgl.available && looked.webgl.hardware ? 'webgl' : looked.wasm.available ? 'wasm' : 'cpu';
  return order.map((name) => {
    const { available, device, why } = looked[name];
    return { name, available, device, why, chosen: name === chosen };
  });
}

const missing = (why: string): Looked => ({ available: false, device: null, why, hardware: false });

interface Gpu {
  requestAdapter(options?: { powerPreference: 'high-performance' }): Promise<{
    info?: { vendor: string; architecture: string; description: string };
  } | null>;
}

async function lookAtWebgpu(): Promise<Looked> {
  const gpu = (navigator as unknown as { gpu?: Gpu }).gpu;
  if (gpu === undefined) {
    return missing(
      globalThis.isSecureContext
        ? 'this browser has no WebGPU'
        : 'WebGPU works on https and on localhost only',
    );
  }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) return missing('this browser has WebGPU, but no GPU for it');
    const { vendor = '', architecture = '', description = '' } = adapter.info ?? {};
    const device = description || [vendor, architecture].filter((s) => s !== '').join(' ') || 'a GPU';
    const hardware = !SOFTWARE.test(`${device} ${architecture}`);
    return {
      available: true,
      device,
      why: hardware ? null : 'the processor plays the GPU here, so WebAssembly is faster',
      hardware,
    };
  } catch (error) {
    return missing(`WebGPU does not start: ${said(error)}`);
  }
}

function lookAtWasm(): Looked {
  const threads = threadsHere();
  const build = kernelBuild(threads);
  if (build === null) return missing('this browser has no WebAssembly with SIMD');
  const device = `${threads} thread${threads === 1 ? '' : 's'}${build.relaxed ? ', fused multiply-add' : ''}`;
  return { available: true, device, why: null, hardware: true };
}

/**
 * Makes tfjs compute on it. What is not available is refused in the words of the table. `lost` is called when a GPU is
 * gone, with all that it held; started again, the backend is a new one.
 */
export async function startBackend(
  wanted: BackendName | 'auto',
  facts: readonly BackendFacts[],
  lost: (why: string) => void,
): Promise<Chosen> {
  const found = facts.find((f) => (wanted === 'auto' ? f.chosen : f.name === wanted));
  if (found === undefined) throw new UserError(`there is no backend ${wanted}`);
  const { name, device } = found;
  if (!found.available) throw new UserError(`${name} cannot be used: ${found.why}`, { hint: instead(facts) });
  try {
    if (name === 'wasm') await startWasm();
    else if (name === 'webgl') await (await import('./webgl.ts')).start(lost);
    else if (name === 'webgpu') await (await import('./webgpu.ts')).start(lost);
    else await tf.setBackend('cpu');
    await tf.ready();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${name} does not start: ${said(error)}`, { hint: instead(facts), cause: error });
  }
  return { name, line: line(name, device, wanted === 'auto' ? whyNot(facts) : null) };
}

function instead(facts: readonly BackendFacts[]): string {
  return `choose ${facts
    .filter((f) => f.available && f.name !== 'cpu')
    .map((f) => f.name)
    .join(' or ')}`;
}

function line(name: BackendName, device: string | null, why: string | null): string {
  const names = { wasm: 'WebAssembly', webgl: 'WebGL', webgpu: 'WebGPU', cpu: 'plain JavaScript' };
  const about = [device, why].filter((s) => s !== null && name !== 'cpu').join('; ');
  return `computing on ${names[name]}${about === '' ? '' : ` (${about})`}`;
}

/** Why `auto` does not take WebGL. */
function whyNot(facts: readonly BackendFacts[]): string | null {
  const webgl = facts.find((f) => f.name === 'webgl')!;
  return webgl.chosen ? null : `WebGL: ${webgl.why}`;
}

/** The engine that runs, unless a run failed on it. */
let wasmStarted = false;

/** After a failure the engine may be one whose threads died: the next run gets another. */
export function discardWasm(): void {
  wasmStarted = false;
}

async function startWasm(): Promise<void> {
  if (!wasmStarted) {
    if (tf.findBackend(BACKEND) !== null) tf.removeBackend(BACKEND);
    const threads = threadsHere();
    const kernels = kernelHost(kernelBuild(threads)!, threads);
    registerWasm(kernels.host);
    await kernels.ready();
    wasmStarted = true;
  }
  if (!(await tf.setBackend(BACKEND))) throw new UserError('the wasm backend does not start');
}
