/** One backend's own process: starts it, times a small model's step on it, and says so as JSON on its last line. */
import { performance } from 'node:perf_hooks';
import type { Dataset } from '../../../runtimes/core/run/data.ts';
import type { BackendName, Outcome } from '../../../runtimes/node/index.ts';
import { loadModel, loadRuntime } from '../in-memory.ts';
import type { Terminal } from '../terminal.ts';
import text from './sample.gan';

/** What is known of a backend. */
export type Finding = Outcome & {
  name: BackendName;
  /** Milliseconds of a training step; null: it was not timed. */
  ms: number | null;
  /** Why it was not timed, though it is here. */
  problem?: string;
};

/** Steps until code and caches are warm, and how long all may take; the slow make two. */
const WARM = 3;
const MEASURED_MS = 500;
const MOST_STEPS = 50;

/** The child begins its answer with this: what libraries print does not. */
export const mark = 'ganc-backend ';

export async function measureHere(name: BackendName, terminal: Terminal): Promise<void> {
  const runtime = await loadRuntime();
  const outcome: Outcome = await runtime.backends[name].start({ software: true });
  const finding: Finding = { ...outcome, name, ms: null };
  if (outcome.available) {
    try {
      finding.ms = await stepTime(terminal);
    } catch (error) {
      finding.problem = error instanceof Error ? error.message : String(error);
    }
  }
  process.stdout.write(`\n${mark}${JSON.stringify(finding)}\n`, () => process.exit(0));
}

/** The median of a few steps of D and G. */
async function stepTime(terminal: Terminal): Promise<number> {
  const { TrainingRun } = await loadRuntime();
  const source = { path: 'sample.gan', text };
  const program = { input: { source, load: () => undefined }, set: {}, directory: '.' };
  const { model } = await loadModel(program, terminal);
  const run = new TrainingRun(model, { seed: 0, datasets: { x: grey(28 * 28) } });
  run.state.initialise(0);
  const phase = model.phases[0]!;
  run.beginPhase(phase);
  const times: number[] = [];
  const begin = performance.now();
  for (let step = 0; step < WARM + MOST_STEPS; step++) {
    if (times.length > 1 && performance.now() - begin > MEASURED_MS) break;
    const before = performance.now();
    run.beginStep(true);
    await phase.step(run);
    // A GPU has computed when its numbers are here.
    await run.readNotes();
    run.endStep();
    times.push(performance.now() - before);
  }
  run.dispose();
  const warm = times.slice(Math.min(WARM, times.length - 1)).sort((a, b) => a - b);
  return warm[warm.length >> 1]!;
}

/** Pictures that are no data set's: what they show does not matter to a clock. */
function grey(size: number): Dataset {
  return {
    origin: 'made up',
    count: 64,
    read: async (indices) => [
      Float32Array.from({ length: indices.length * size }, (_, i) => Math.sin(i * 1.3)),
    ],
  };
}
