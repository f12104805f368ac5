/** Operations on our wasm backend or on tfjs's: `node operation.mjs '{"kind": "ours", "threads": 2}'`. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import * as nn from '../../../runtimes/core/nn/nn.ts';
import { decodeSafetensors } from '../../../runtimes/core/run/safetensors.ts';
import { BACKEND } from '../../../runtimes/kernels/wasm/backend.ts';
import { registerWasm } from '../../../runtimes/kernels/wasm/register.ts';
import { kernelHost } from '../../../runtimes/node/threads.ts';
import { registerFilterGradient } from '../peers/filter-gradient.ts';
import type { OperationRequest } from '../protocol.ts';
import type { OperationCase, OperationFiles } from './case.ts';

const settings = JSON.parse(process.argv[2]!) as {
  kind: 'ours' | 'tfjs';
  threads: number;
  alone: boolean;
};
tf.enableProdMode();
if (settings.kind === 'ours') {
  const kernels = kernelHost({ threads: settings.threads });
  if (kernels === null) throw new Error('WebAssembly without SIMD.');
  registerWasm(kernels.host);
  await tf.setBackend(BACKEND);
} else {
  await tf.setBackend('wasm');
  registerFilterGradient();
}
await tf.ready();

type Program = (tf_: typeof tf, nn_: typeof nn, run: object) => void;

/** A number that depends on every entry and its place. */
function check(t: Tensor): number {
  let sum = 0;
  for (const [i, x] of t.dataSync().entries()) sum += (x * (((i * 7919) % 1009) + 1)) / 1009;
  return sum;
}

class Running {
  private readonly tensors = new Map<string, Tensor>();
  private readonly run: Record<string, unknown>;
  private readonly programs: Record<'forward' | 'both', Program | null>;
  private checks: Map<string, number> | null = null;

  constructor(file: string, of: OperationCase) {
    for (const [name, { data, shape }] of decodeSafetensors(readFileSync(file), file).tensors)
      this.tensors.set(name, tf.tensor(data, shape, 'float32'));
    const named = (name: string): Tensor => {
      const short = name.replace(/^.*\//, '');
      return (this.tensors.get(short) ?? this.tensors.get(`w/${short}`))!;
    };
    const byName = new Proxy({}, { get: (_, name) => named(String(name)) });
    this.run = {
      batch: of.examples,
      samples: byName,
      live: byName,
      draw: (place: string) => tf.clone(this.tensors.get(`d/${place.replace(/#.*$/, '')}`)!),
      log: (name: string, t: Tensor) => this.checks?.set(name, check(t)),
      update: (_: string, gradients: Record<string, Tensor>) => {
        for (const [name, t] of Object.entries(gradients)) {
          this.checks?.set(name.replace(/^.*\//, ''), check(t));
          t.dispose();
        }
      },
    };
    const compile = (text: string | null) =>
      text ? (new Function('tf', 'nn', 'run', text) as Program) : null;
    this.programs = { forward: compile(of.forward), both: compile(of.both) };
  }
  step(what: 'forward' | 'both'): void {
    this.programs[what]!(tf, nn, this.run);
  }
  /** Of the result and of each gradient, in the order of `wrt`. */
  compared(of: OperationCase): number[] {
    const found = new Map<string, number>();
    this.checks = found;
    const before = tf.memory().numTensors;
    this.step('forward');
    if (of.both) this.step('both');
    if (tf.memory().numTensors !== before) throw new Error('tensors are left over');
    this.checks = null;
    return ['y', ...of.wrt].map((name) => found.get(name)!);
  }
  dispose(): void {
    for (const t of this.tensors.values()) t.dispose();
  }
}

/** Milliseconds; where all have one thread, of the processor's own time, which other work on the machine does not lengthen. */
function clock(): number {
  if (!settings.alone) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Calls for about so long; the mean of one. */
function calls(f: () => void, ms: number): number {
  const begin = clock();
  for (let count = 1; ; count++) {
    f();
    const spent = clock() - begin;
    if (spent >= ms) return spent / count;
  }
}

const answer = (x: object) => process.stdout.write(`${JSON.stringify(x)}\n`);
let running: Running | null = null;
answer({ ready: process.version });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as OperationRequest;
  try {
    if (request.ask === 'operation') {
      const { file, case: of } = request as OperationFiles & OperationRequest;
      running?.dispose();
      running = new Running(file, of);
      answer({ checks: running.compared(of) });
    } else if (request.ask === 'time') answer({ ms: calls(() => running!.step(request.what), request.ms) });
    else break;
  } catch (error) {
    tf.engine().startScope();
    tf.engine().endScope();
    answer({ error: (error as Error).message.split('\n')[0] });
  }
}
process.exit(0);
