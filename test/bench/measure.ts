/** One workload, all contenders, turn by turn: first that they compute the same, then how long they take. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.ts';
import type { Contender } from './contenders.ts';
import type { Prepared } from './inputs.ts';
import { stepsGiven } from './inputs.ts';
import type { Losses, Memory, Steps } from './protocol.ts';
import { type Spread, spread } from './statistics.ts';

export interface Result {
  contender: Contender;
  ms: Spread;
  memory: Memory;
  /** Tensors alive, or MiB of wasm, grew between warm-up and end. */
  grew: boolean;
  losses: Losses[];
}
export interface Failure {
  contender: Contender;
  reason: string;
}

export interface Rounds {
  /** Timed steps of each contender, at least three. */
  steps: number;
  /** A contender whose steps are slow makes fewer, after so many seconds (but three). */
  seconds: number;
  /** Seconds that jax-js is given for the first three steps; it is left out where it takes longer. */
  waiting: number;
}

/** A turn lasts about as long for everyone: this many milliseconds, or one step. */
const turn = 250;

export async function measure(
  workload: string,
  files: Prepared,
  list: readonly Contender[],
  { steps, seconds, waiting }: Rounds,
): Promise<{ results: Result[]; failures: Failure[] }> {
  const failures: Failure[] = [];
  const running: {
    contender: Contender;
    child: Child;
    losses: Losses[];
    ms: number[];
    each: number;
    before: Memory;
    at: number;
  }[] = [];
  try {
    for (const contender of list) {
      const child = new Child(...contender.start(workload, files));
      try {
        await child.answer();
        // jax-js has no product behind its convolutions, and may take minutes for one step.
        const patience = contender.kind === 'jax' ? waiting * 1000 : undefined;
        // These three are compared; they and two more warm up.
        const first = await child.ask<Steps>({ ask: 'steps', from: 0, count: stepsGiven }, patience);
        const slow = first.ms.at(-1)! > 2000;
        const warm = await child.ask<Steps>({ ask: 'steps', from: stepsGiven, count: slow ? 1 : 6 });
        const before = await child.ask<Memory>({ ask: 'memory' });
        const at = stepsGiven + (slow ? 1 : 6);
        running.push({
          contender,
          child,
          losses: first.losses,
          ms: [],
          each: spread(warm.ms).median,
          before,
          at,
        });
      } catch (error) {
        failures.push({ contender, reason: (error as Error).message });
        await child.end();
      }
    }
    compare(workload, running);
    const wanted = (r: (typeof running)[number]) =>
      Math.max(3, Math.min(steps, Math.floor((seconds * 1000) / r.each)));
    while (running.some((r) => r.ms.length < wanted(r))) {
      for (const r of running) {
        if (r.ms.length >= wanted(r)) continue;
        // Threads that spin for more work (OpenMP's) come to rest first.
        await sleep(30);
        // A quick step after a rest is first a cold one.
        const cold = r.each < turn / 4 ? 1 : 0;
        const count = cold + Math.max(1, Math.min(wanted(r) - r.ms.length, Math.floor(turn / r.each)));
        const { ms } = await r.child.ask<Steps>({ ask: 'steps', from: r.at, count });
        r.at += count;
        r.ms.push(...ms.slice(cold));
      }
    }
    const results: Result[] = [];
    for (const { contender, child, losses, ms, before } of running) {
      const memory = await child.ask<Memory>({ ask: 'memory' });
      const grew = memory.tensors !== before.tensors || (memory.used ?? 0) > (before.used ?? 0);
      results.push({ contender, ms: spread(ms), memory, grew, losses });
    }
    return { results, failures };
  } finally {
    await Promise.all(running.map(({ child }) => child.end()));
  }
}

/**
 * How far apart losses may be, relative, at each of the first steps. Adam's first steps have the size of the learning
 * rate wherever a gradient's sign is, so rounding grows; by W3's third step PyTorch in float64 and in float32, tfjs and
 * ganc are all about 0.001 from each other.
 */
const tolerance: Record<string, number[]> = { w3: [1e-3, 1e-3, 5e-3] };

/** A loss that passes through 0, as a critic's mean does, is compared as if it were this large. */
const near = 0.05;

/** Every loss of the first steps near the first contender's, which may note more of them. */
function compare(workload: string, all: readonly { contender: Contender; losses: Losses[] }[]): void {
  const [first, ...others] = all;
  for (const other of others) {
    for (const [step, losses] of other.losses.entries()) {
      const allowed = tolerance[workload]?.[step] ?? 1e-3;
      for (const [name, found] of Object.entries(losses)) {
        const expected = first!.losses[step]![name];
        if (
          expected !== undefined &&
          Math.abs(found - expected) <= allowed * Math.max(Math.abs(expected), near)
        )
          continue;
        const seen = all.map((c) => `  ${c.contender.name}: ${JSON.stringify(c.losses)}`).join('\n');
        throw new Error(
          `${workload}, step ${step + 1}: ${name} differs between ${first!.contender.name} and ` +
            `${other.contender.name}. They do not compute the same, so their times are not compared.\n${seen}`,
        );
      }
    }
  }
}
