/** Where a step of ours spends its time: by kernel, by job of the engine, and which kernels are plain JavaScript. */
import * as tf from '@tensorflow/tfjs';
import { BACKEND } from '../../runtimes/kernels/wasm/backend.ts';
import { type Engine, JOB } from '../../runtimes/kernels/wasm/engine.ts';
import type { ProfileLine } from './protocol.ts';

type Count = { calls: number; ms: number; flops: number };
/** As the engine's product counts them: where its left side comes from. */
const kinds = ['matrix', 'windows', 'windows, transposed', 'stride phase'];
/** A convolution of few channels: which of its products. */
const fewKinds = ['forward', 'filter gradient', 'input gradient', 'sum of parts'];
const cpu = new Map<string, Count>();
let depth = 0;

function add(to: Map<string, Count>, name: string, ms: number, flops = 0): void {
  const c = to.get(name) ?? { calls: 0, ms: 0, flops: 0 };
  c.calls++;
  c.flops += flops;
  c.ms += ms;
  to.set(name, c);
}

/** Before our backend takes over the cpu backend's kernels: those that it falls back to are then counted too. */
export function countCpuKernels(): void {
  for (const kernel of tf.getKernelsForBackend('cpu')) {
    // They only say that two tensors share their numbers.
    if (kernel.kernelName === 'Identity' || kernel.kernelName === 'Reshape') continue;
    const inner = kernel.kernelFunc;
    tf.unregisterKernel(kernel.kernelName, 'cpu');
    tf.registerKernel({
      ...kernel,
      kernelFunc: (args) => {
        const begin = performance.now();
        depth++;
        const out = inner(args);
        depth--;
        if (depth === 0) add(cpu, kernel.kernelName, performance.now() - begin);
        return out;
      },
    });
  }
}

export function countOurs(engine: Engine): { stepTook(ms: number): void; lines(): ProfileLine[] } {
  const kernels = new Map<string, Count>();
  const jobs = new Map<string, Count>();
  let steps = 0;
  let total = 0;
  for (const kernel of tf.getKernelsForBackend(BACKEND)) {
    const inner = kernel.kernelFunc;
    tf.unregisterKernel(kernel.kernelName, BACKEND);
    tf.registerKernel({
      ...kernel,
      kernelFunc: (args) => {
        const begin = performance.now();
        const out = inner(args);
        add(kernels, kernel.kernelName, performance.now() - begin);
        return out;
      },
    });
  }
  const names = Object.fromEntries(Object.entries(JOB).map(([name, code]) => [code, name]));
  const run = engine.run.bind(engine);
  engine.run = (job, operations) => {
    // A product is told by its kind and sizes: kernels see them in other orders.
    const words = engine.words;
    const [kind, m, n, k] = [words[0]!, words[4]!, words[5]!, words[6]!];
    // (And for few channels: images, taps, channels of y and of x, positions.)
    const [images, taps, to, from] = [words[4]!, words[5]! * words[6]!, words[7]!, words[11]!];
    const places = images * words[12]! * words[13]!;
    const begin = performance.now();
    run(job, operations);
    const ms = performance.now() - begin;
    const name = names[job] ?? String(job);
    if (job === JOB.few) {
      const flops = kind === 3 ? 0 : 2 * places * taps * from * to;
      add(jobs, `few channels, ${fewKinds[kind]}, ${places}×${to}×${taps}×${from}`, ms, flops);
    } else if (job !== JOB.gemm) add(jobs, name, ms);
    else add(jobs, `${name}, ${kinds[kind] ?? kind}, ${m}×${n}×${k}`, ms, 2 * m * n * k);
  };
  return {
    stepTook(ms) {
      // The first steps compile code; what they counted is dropped.
      if (++steps === 3) for (const m of [cpu, kernels, jobs]) m.clear();
      if (steps > 3) total += ms;
    },
    lines() {
      const n = Math.max(1, steps - 3);
      const lines: ProfileLine[] = [];
      const put = (where: ProfileLine['where'], m: Map<string, Count>) => {
        for (const [name, { calls, ms, flops }] of m)
          lines.push({
            name,
            where,
            calls: calls / n,
            ms: ms / n,
            gflops: flops > 0 ? flops / ms / 1e6 : null,
          });
      };
      put('ours', kernels);
      put('cpu', cpu);
      put('job', jobs);
      const inside = lines
        .filter((l) => l.where === 'cpu' || l.where === 'job')
        .reduce((s, l) => s + l.ms, 0);
      lines.push({
        name: 'all else (JavaScript around the kernels)',
        where: 'rest',
        calls: 1,
        gflops: null,
        ms: total / n - inside,
      });
      return lines.sort((a, b) => b.ms - a.ms);
    },
  };
}
