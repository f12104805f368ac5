/** One run in the worker: from settings to a trained model, with everything that a page may ask of it in between. */
import { cadenceOf, Pace } from '../core/cadence.ts';
import { adjustPhases, captureCheckpoint, checkpointSummary, restoreCheckpoint } from '../core/checkpoint.ts';
import type { Dataset } from '../core/data.ts';
import { UserError } from '../core/errors.ts';
import { type LogEntry, type LoopHost, type StepReport, trainLoop } from '../core/loop.ts';
import type { CompiledModel } from '../core/model.ts';
import { TrainingRun } from '../core/run.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from '../core/safetensors.ts';
import { table } from '../core/state.ts';
import { startBackend } from './backends.ts';
import { drawAll, realExamples, type Watched } from './drawings.ts';
import { phaseFacts } from './facts.ts';
import { openChoice } from './files.ts';
import type { BackendFacts, FromWorker, RunState, Settings } from './protocol.ts';
import { breathe, Turns } from './turns.ts';

export interface Setting {
  model: CompiledModel;
  /** Where the emitted module lies. */
  base: string;
  backends: readonly BackendFacts[];
  watched: Watched;
  send(message: FromWorker, transfer?: Transferable[]): void;
}

/** Milliseconds between two messages of progress. */
const PROGRESS = 100;
/** Drawing takes at most this part of the time. */
const DRAWING = 0.2;

export class Training {
  readonly turns = new Turns();
  state: RunState = 'starting';
  private paused: boolean;
  /** Steps to make before it pauses again; null: as many as there are. */
  private left: number | null = null;
  private wake: (() => void) | null = null;
  private ending = false;
  private pace = new Pace();
  private entries: LogEntry[] = [];
  private report: StepReport | null = null;
  private told = 0;
  private drawn = { step: -1, at: 0, cost: 0 };

  private constructor(
    private readonly setting: Setting,
    readonly run: TrainingRun,
    private readonly datasets: Record<string, Dataset>,
    settings: Settings,
  ) {
    this.paused = settings.paused ?? false;
  }

  static async start(setting: Setting, settings: Settings): Promise<Training> {
    const { model: compiled, send } = setting;
    const model = adjustPhases(compiled, lengths(settings.steps), lengths(settings.batch));
    if (model.phases.length === 0) {
      throw new UserError(`${model.name} has no \`train\`: there is nothing to do`);
    }
    const file = readFile(settings);
    const seed = (file && checkpointSummary(file)?.seed) ?? settings.seed;
    const backend = await startBackend(settings.backend, setting.backends);
    const datasets = await openData(model, settings, setting.base);
    const run = new TrainingRun(model, { seed, datasets });
    const training = new Training(setting, run, datasets, settings);
    try {
      run.state.initialise(seed);
      if (file !== null) restoreCheckpoint(run, file, fileName(settings));
      const { name, line } = backend;
      const step = run.state.total;
      send({ type: 'started', backend: name, line, seed, step, phases: phaseFacts(model) });
      for (const real of await realExamples(run)) send(real, [real.values.buffer]);
    } catch (error) {
      training.dispose();
      throw error;
    }
    return training;
  }

  /** Trains to the end, or until it is stopped. */
  async train(): Promise<void> {
    let end = await this.turns.take();
    try {
      await this.draw();
      this.enter(this.paused ? 'paused' : 'running');
      const breath = async () => {
        end();
        await breathe();
        if (this.paused) await this.resumed();
        end = await this.turns.take();
      };
      if (this.paused) await breath();
      const { model } = this.run;
      const cadence = cadenceOf(model.phases, this.run, {
        checkpoint: Number.POSITIVE_INFINITY,
        pictures: Number.POSITIVE_INFINITY,
      });
      const status = await trainLoop(this.run, cadence, this.host(breath));
      this.tell();
      await this.draw();
      this.enter(status);
    } catch (error) {
      this.tell();
      this.enter('failed');
      throw error;
    } finally {
      end();
    }
  }

  private host(breath: () => Promise<void>): LoopHost {
    return {
      now: () => performance.now(),
      stopping: () => this.ending,
      phaseBegins: () => {
        this.pace = new Pace();
      },
      step: (report) => {
        this.report = report;
        this.pace.add(report.ms);
        if (performance.now() - this.told >= PROGRESS) this.tell();
      },
      logged: (entry) => {
        this.entries.push(entry);
      },
      breathe: async () => {
        if (this.left !== null && --this.left <= 0) {
          this.left = null;
          this.paused = true;
        }
        if (this.paused) this.tell();
        await this.drawIfDue(this.paused);
        await breath();
      },
      checkpointDue: () => false,
      checkpoint: async () => {},
      pictures: async () => {},
    };
  }

  pause(): void {
    if (this.state === 'running') this.paused = true;
  }

  resume(steps: number | null = null): void {
    this.left = steps;
    this.paused = false;
    this.wake?.();
  }

  /** After the step that is being made. */
  stop(): void {
    this.ending = true;
    this.resume();
  }

  private async resumed(): Promise<void> {
    this.enter('paused');
    await new Promise<void>((done) => {
      this.wake = done;
    });
    this.wake = null;
    if (!this.ending) this.enter('running');
  }

  private enter(state: RunState): void {
    if (this.state === state && state === 'paused') return;
    this.state = state;
    this.setting.send({ type: 'state', state, step: this.run.state.total });
  }

  /** Progress, and the log's new lines. */
  private tell(): void {
    const { report, entries, pace } = this;
    this.told = performance.now();
    if (entries.length > 0) this.setting.send({ type: 'logged', entries: entries.splice(0) });
    if (report === null) return;
    this.setting.send({
      type: 'progress',
      progress: {
        phase: report.phase.name,
        done: report.done,
        of: report.phase.steps,
        epoch: this.run.epoch,
        fraction: Math.min(1, report.progress),
        step: report.total,
        ms: pace.now.ms,
        left: report.done > 1 ? pace.left(report.done, report.progress) : null,
        values: { ...report.values },
      },
    });
  }

  private async drawIfDue(must: boolean): Promise<void> {
    const { at, cost } = this.drawn;
    const wait = Math.max(this.setting.watched.every, cost / DRAWING);
    if (must || performance.now() - at >= wait) await this.draw();
  }

  /** What is watched, on the current weights; nothing that was drawn already. */
  async draw(again = false): Promise<void> {
    const { total } = this.run.state;
    if (!this.setting.watched.visible || (this.drawn.step === total && !again)) return;
    const begin = performance.now();
    await drawAll(this.run, this.setting.watched, this.setting.send);
    const at = performance.now();
    this.drawn = { step: total, at, cost: at - begin };
  }

  /** The run as a safetensors file. */
  async checkpoint(): Promise<{ name: string; step: number; bytes: ArrayBuffer }> {
    const { tensors, metadata } = await captureCheckpoint(this.run);
    const step = this.run.state.total;
    const bytes = await new Blob(
      encodeSafetensors(tensors, metadata) as Uint8Array<ArrayBuffer>[],
    ).arrayBuffer();
    return { name: `${this.run.model.name}-${step}.safetensors`, step, bytes };
  }

  dispose(): void {
    this.run.dispose();
    for (const dataset of Object.values(this.datasets)) void dataset.close?.();
  }
}

const lengths = (given: Record<string, number> = {}) =>
  Object.entries(given).map(([phase, n]) => `${phase}=${n}`);

function fileName({ checkpoint }: Settings): string {
  return checkpoint === 'kept' || checkpoint === undefined ? 'the kept run' : checkpoint.name;
}

function readFile(settings: Settings): SafetensorsFile | null {
  const { checkpoint } = settings;
  if (checkpoint === undefined || checkpoint === 'kept') return null;
  return decodeSafetensors(new Uint8Array(checkpoint.bytes), checkpoint.name);
}

async function openData(
  model: CompiledModel,
  settings: Settings,
  base: string,
): Promise<Record<string, Dataset>> {
  const opened: Record<string, Dataset> = table();
  for (const record of model.data) {
    const name = record.fields[0]!.name;
    const choice =
      settings.data[name] ?? (record.from === null ? null : { kind: 'built-in' as const, name: record.from });
    if (choice === null) {
      throw new UserError(`\`${name}\` has no data yet`, {
        hint: 'choose files for it, or drop them on the page',
      });
    }
    opened[name] = await openChoice(choice, record, base);
  }
  return opened;
}
