/** A contender's side of the protocol, under Node. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { decodeSafetensors, type StoredTensor } from '../../runtimes/core/run/safetensors.ts';
import type { Losses, Memory, ProfileLine, Request } from './protocol.ts';

/** A workload's weights, and its samples by step, `sample` statement and source. */
export interface Inputs {
  weights: Map<string, StoredTensor>;
  samples: Record<string, StoredTensor>[][];
}

export function readInputs(path: string): Inputs {
  const weights = new Map<string, StoredTensor>();
  const samples: Inputs['samples'] = [];
  for (const [name, tensor] of decodeSafetensors(readFileSync(path), path).tensors) {
    const [kind, ...rest] = name.split('/');
    if (kind === 'weights') weights.set(rest.join('/'), tensor);
    else {
      const [step, statement, source] = rest as [string, string, string];
      samples[Number(step)] ??= [];
      samples[Number(step)]![Number(statement)] ??= {};
      samples[Number(step)]![Number(statement)]![source] = tensor;
    }
  }
  return { weights, samples };
}

export interface Contender {
  /** One step on the samples of step `i`. */
  step(i: number): Promise<Losses>;
  memory?(): Partial<Memory>;
  profile?(): ProfileLine[];
}

const MiB = 2 ** 20;

/** The process's own highest mark, in MiB: Linux's `maxRSS` begins with that of the process that started it. */
function peak(): number {
  try {
    return Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

export async function serve(contender: Contender): Promise<void> {
  const start = process.memoryUsage.rss() / MiB;
  const answer = (x: object) => process.stdout.write(`${JSON.stringify(x)}\n`);
  answer({ ready: process.version });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    if (request.ask === 'steps') {
      const losses: Losses[] = [];
      const ms: number[] = [];
      for (let i = request.from; i < request.from + request.count; i++) {
        const begin = performance.now();
        losses.push(await contender.step(i % 3));
        ms.push(performance.now() - begin);
      }
      answer({ losses, ms });
    } else if (request.ask === 'memory') {
      answer({ peak: peak(), start, wasm: null, used: null, tensors: null, ...contender.memory?.() });
    } else if (request.ask === 'profile') answer(contender.profile?.() ?? []);
    else process.exit(0);
  }
  process.exit(0);
}
