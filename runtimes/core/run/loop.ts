/** The training loop: phases in file order, steps, and what is written down on the way. */
import { UserError } from '../errors.ts';
import { tableOf } from '../table.ts';
import type { PhaseSpec } from './model.ts';
import type { TrainingRun } from './run.ts';

/** One line of the log: a logged step's losses and metrics. `step` counts over all phases, from 1. */
export interface LogEntry {
  step: number;
  phase: string;
  phaseStep: number;
  epoch: number;
  ms: number;
  values: Record<string, number>;
}

export interface StepReport {
  phase: PhaseSpec;
  /** Steps of the phase done, and how far it is (0 to 1). */
  done: number;
  progress: number;
  total: number;
  ms: number;
  /** The latest values known. */
  values: Record<string, number>;
}

/** What the loop needs of its platform. */
export interface LoopHost {
  /** A clock in milliseconds. */
  now(): number;
  /** Lets signals and timers through. */
  breathe(): Promise<void>;
  /** Someone asked for an end: after this step. */
  stopping(): boolean;
  phaseBegins(phase: PhaseSpec): void;
  step(report: StepReport): void;
  logged(entry: LogEntry): void;
  /** Enough time has passed since the latest checkpoint. */
  checkpointDue(): boolean;
  checkpoint(): Promise<void>;
  pictures(): Promise<void>;
}

/** In steps of the run. */
export interface Cadence {
  log: number;
  checkpoint: number;
  pictures: number;
}

/** A loss left the numbers: the run stops before anything is saved that it spoilt. */
export class Diverged extends UserError {
  constructor(
    readonly loss: string,
    readonly value: number,
    readonly step: number,
  ) {
    super(`${loss} became ${Number.isNaN(value) ? 'NaN' : value} at step ${step}`, {
      hint: 'a lower learning rate, or a loss that cannot overflow, often helps',
    });
  }
}

/** Takes what no one reads out of a step's notes; gives the first of it that is no finite number, in words. */
function takeObjectives(
  { objectives = [] }: PhaseSpec,
  noted: Record<string, number>,
): { name: string; value: number } | null {
  let found: { name: string; value: number } | null = null;
  for (const { name, update, line } of objectives) {
    const value = noted[name];
    delete noted[name];
    if (value !== undefined && !Number.isFinite(value)) {
      found ??= { name: `the objective of \`${update}\` (line ${line})`, value };
    }
  }
  return found;
}

/**
 * Trains until the last phase ends or someone asks to stop. The run may be fresh or restored from a checkpoint; it is
 * checkpointed at its end in both cases.
 */
export async function trainLoop(
  run: TrainingRun,
  cadence: Cadence,
  host: LoopHost,
): Promise<'finished' | 'stopped'> {
  const { model, state } = run;
  if (state.total === 0) await host.pictures();
  let saved = -1;
  let drawn = state.total;
  for (;;) {
    const phase = model.phases[state.phase]!;
    if (!state.begun) run.beginPhase(phase);
    host.phaseBegins(phase);
    const latest: Record<string, number> = run.lastLosses();
    while (!run.phaseDone()) {
      const begin = host.now();
      run.beginStep(state.step % cadence.log === 0);
      await phase.step(run);
      const { logging, epoch } = run;
      const noted = await run.readNotes();
      const unnamed = takeObjectives(phase, noted);
      const ms = host.now() - begin;
      const values = tableOf(run.lastLosses(), noted);
      Object.assign(latest, values);
      run.endStep();
      if (logging) {
        host.logged({ step: state.total, phase: phase.name, phaseStep: state.step, epoch, ms, values });
      }
      for (const [name, value] of Object.entries(noted)) {
        if (phase.losses.includes(name) && !Number.isFinite(value))
          throw new Diverged(name, value, state.total);
      }
      if (unnamed !== null) throw new Diverged(unnamed.name, unnamed.value, state.total);
      host.step({
        phase,
        done: state.step,
        progress: run.progressNow(),
        total: state.total,
        ms,
        values: latest,
      });
      if (state.total % cadence.pictures === 0) {
        await host.pictures();
        drawn = state.total;
      }
      if (state.total % cadence.checkpoint === 0 || host.checkpointDue()) {
        await host.checkpoint();
        saved = state.total;
      }
      await host.breathe();
      if (host.stopping()) {
        if (saved !== state.total) await host.checkpoint();
        if (drawn !== state.total) await host.pictures();
        return 'stopped';
      }
    }
    if (state.phase === model.phases.length - 1) break;
    state.phase++;
    state.begun = false;
  }
  if (drawn !== state.total) await host.pictures();
  if (saved !== state.total) await host.checkpoint();
  return 'finished';
}
