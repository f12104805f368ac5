/** Every build of the kernels that runs here, with one thread and with several, each as a tfjs backend of its own. */
import v8 from 'node:v8';
import * as tf from '@tensorflow/tfjs';
import type { Engine } from '../../runtimes/kernels/wasm/engine.ts';
import { builds } from '../../runtimes/kernels/wasm/modules.ts';
import { registerWasm } from '../../runtimes/kernels/wasm/register.ts';
import { kernelHost } from '../../runtimes/node/threads.ts';
import { seeded } from '../gradients/cases.ts';

tf.enableProdMode();
// Node 20 and 22 have relaxed SIMD behind a flag, later ones as it is.
if (!WebAssembly.validate(builds[0]!.bytes)) v8.setFlagsFromString('--experimental-wasm-relaxed-simd');

export interface Variant {
  readonly name: string;
  readonly build: string;
  readonly threads: number;
}

/** At most three threads: an odd number, and more than some machines have cores. */
export const variants: readonly Variant[] = builds
  .filter((b) => WebAssembly.validate(b.bytes))
  .flatMap((b) =>
    (b.shared ? [1, 2, 3] : [1]).map((threads) => ({ name: `${b.name}-${threads}`, build: b.name, threads })),
  );

const engines = new Map<string, Engine>();

/** Makes this variant the current backend. */
export async function use(v: Variant): Promise<Engine> {
  const name = `kernels-${v.name}`;
  if (!engines.has(name)) engines.set(name, registerWasm(kernelHost(v)!.host, name));
  await tf.setBackend(name);
  await tf.ready();
  return engines.get(name)!;
}

/** What `f` computes on tfjs's own cpu backend; the variant is current again afterwards. */
export async function onCpu<T>(f: () => T): Promise<T> {
  const before = tf.getBackend();
  await tf.setBackend('cpu');
  try {
    return f();
  } finally {
    await tf.setBackend(before);
  }
}

/** float32 numbers between -1 and 1, all different, the same for the same seed. */
export function numbers(n: number, seed: number): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length: n }, () => 2 * random() - 1);
}

/** The numbers of a tensor that is not needed any more. */
export function taken(t: tf.Tensor): { shape: number[]; data: Float32Array } {
  const data = t.dataSync() as Float32Array;
  t.dispose();
  return { shape: t.shape, data };
}

/** Whether two results are the same, bit for bit (a NaN is a NaN). */
export function sameBits(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((p, n) => p * n, 1);
