/** How often a run is logged, drawn and checkpointed, from its length; and how long its steps take. */
import type { Cadence } from './loop.ts';
import type { PhaseSpec } from './model.ts';
import type { TrainingRun } from './run.ts';

/** Default rhythms: some 200 lines of log, ten drawings. */
export function cadenceOf(
  phases: readonly PhaseSpec[],
  run: TrainingRun,
  asked: { [K in keyof Cadence]?: number | undefined },
): Cadence {
  const steps = phases.reduce((sum, p) => sum + (p.steps ?? estimate(p, run)), 0);
  return {
    log: asked.log ?? Math.max(1, Math.min(50, Math.round(steps / 200))),
    checkpoint: asked.checkpoint ?? 500,
    pictures: asked.pictures ?? Math.max(1, Math.round(steps / 10)),
  };
}

/** Steps of a phase that is counted in epochs, if each step takes one batch. */
function estimate(phase: PhaseSpec, run: TrainingRun): number {
  const feed = Object.values(run.feeds)[0];
  return feed === undefined ? 1 : Math.ceil(((phase.epochs ?? 1) * feed.dataset.count) / phase.batch);
}

/** Mean step time, the latest steps weighing most: a first step that warms up is soon forgotten. */
class Mean {
  private mean = 0;
  private weight = 0;
  constructor(private readonly keep: number) {}
  add(ms: number): void {
    this.mean = this.keep * this.mean + (1 - this.keep) * ms;
    this.weight = this.keep * this.weight + (1 - this.keep);
  }
  get ms(): number {
    return this.weight === 0 ? 0 : this.mean / this.weight;
  }
}

export class Pace {
  readonly now = new Mean(0.9);
  /** For what is left: a machine that is busy for a second says little about the next minutes. */
  readonly steady = new Mean(0.995);
  add(ms: number): void {
    this.now.add(ms);
    this.steady.add(ms);
  }
  /** Milliseconds to the end of a phase of which `done` steps are `progress` (0 to 1). */
  left(done: number, progress: number): number {
    return progress > 0 ? (this.steady.ms * done * (1 - progress)) / progress : 0;
  }
}
