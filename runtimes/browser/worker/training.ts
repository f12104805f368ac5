/** One run in the worker: from settings to a trained model, with everything that a page may ask of it in between. */

import { UserError } from '../../core/errors.ts';
import { cadenceOf, Pace } from '../../core/run/cadence.ts';
import { captureCheckpoint, restoreCheckpoint } from '../../core/run/checkpoint.ts';
import type { Dataset } from '../../core/run/data.ts';
import { type LogEntry, type LoopHost, type StepReport, trainLoop } from '../../core/run/loop.ts';
import type { CompiledModel } from '../../core/run/model.ts';
import { TrainingRun } from '../../core/run/run.ts';
import { encodeSafetensors, type SafetensorsFile } from '../../core/run/safetensors.ts';
import { type Chosen, discardWasm, startBackend } from '../backends/backends.ts';
import { phaseFacts } from '../facts.ts';
import type { About, BackendFacts, FromWorker, RunState, Settings } from '../protocol.ts';
import { Attempt } from './attempt.ts';
import { concerning } from './concerns.ts';
import { drawAll, realExamples, type Watched } from './drawings.ts';
import type { Keeper } from './keeping.ts';
import { openData, type Prepared, prepare } from './prepare.ts';
import { breathe } from './turns.ts';

export interface Setting {
  model: CompiledModel;
  /** Where the emitted module lies. */
  base: string;
  backends: readonly BackendFacts[];
  watched: Watched;
  keeper: Keeper;
  send(message: FromWorker, transfer?: Transferable[]): void;
  /** Something failed, and the run goes on. */
  problem(error: unknown, about: About): void;
}

/** Milliseconds between two messages of progress, two states in memory, two in the browser's storage. */
const PROGRESS = 100;
const CAPTURE = 5_000;
const KEEP = 10_000;
/** Drawing takes at most this part of the time, taking the state this. */
const DRAWING = 0.2;
const CAPTURING = 0.03;
/** How long the loss of a GPU may take to be told after the error that it caused, in milliseconds. */
const TELLING = 100;

export class Training {
  state: RunState = 'starting';
  private run!: TrainingRun;
  private backend!: Chosen;
  private attempt = new Attempt();
  private datasets: Record<string, Dataset> = {};
  /** The newest state on the host: what is gone back to. */
  private good!: { step: number; file: SafetensorsFile };
  private captured = { at: 0, cost: 0 };
  private kept = { step: -1, at: performance.now(), soon: false, failed: false };
  private keep: boolean;
  private looping = false;
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
  private restoredAt = -1;

  private constructor(
    private readonly setting: Setting,
    private readonly prepared: Prepared,
  ) {
    this.paused = prepared.settings.paused ?? false;
    this.keep = prepared.settings.keep ?? true;
  }

  static async start(setting: Setting, given: Settings): Promise<Training> {
    const training = new Training(setting, await prepare(setting.model, given, setting.keeper));
    try {
      await training.begin();
    } catch (error) {
      training.dispose();
      throw error;
    }
    return training;
  }

  private async begin(): Promise<void> {
    const { prepared, setting, attempt } = this;
    const { model, choices, from, settings, seed } = prepared;
    this.backend = await concerning({ about: 'backend' }, () =>
      startBackend(settings.backend, setting.backends, (why) => this.gone(why)),
    );
    this.datasets = await openData(model, choices, setting.base);
    this.run = await concerning({ about: from === null ? 'training' : 'checkpoint' }, () =>
      this.makeRun(from?.file ?? null, from?.name ?? ''),
    );
    await attempt.race(this.capture());
    const { name, line } = this.backend;
    const step = this.run.state.total;
    setting.send({ type: 'started', backend: name, line, seed, step, phases: phaseFacts(model) });
    for (const real of await realExamples(this.run)) setting.send(real, [real.values.buffer]);
    if (name === 'wasm' && !globalThis.crossOriginIsolated) {
      this.notice(
        'backend',
        'WebAssembly computes with one thread here: the page is not cross-origin isolated',
        ISOLATE,
      );
    }
    const { state } = this.run;
    if (state.total > 0 && state.phase === model.phases.length - 1 && this.run.phaseDone()) {
      this.notice('checkpoint', `its ${state.total} steps are done`, 'a larger number of steps goes on');
    }
  }

  private makeRun(file: SafetensorsFile | null, name: string): TrainingRun {
    const { model, seed } = this.prepared;
    const run = new TrainingRun(model, { seed, datasets: this.datasets });
    try {
      run.state.initialise(seed);
      const notices = file === null ? [] : restoreCheckpoint(run, file, name);
      for (const notice of notices) this.notice('checkpoint', notice, null);
      return run;
    } catch (error) {
      run.dispose();
      throw error;
    }
  }

  /** Trains to the end, or until it is stopped. A lost GPU takes it back to the newest state. */
  async train(): Promise<void> {
    this.looping = true;
    try {
      for (;;) {
        const { attempt } = this;
        try {
          const status = await attempt.race(this.loop(attempt));
          this.tell();
          this.enter(status);
          for (const dataset of Object.values(this.datasets)) {
            const words = dataset.report?.();
            if (words) this.notice('data', words, null);
          }
          return;
        } catch (error) {
          if (this.onGpu && attempt.why === null) await pause(TELLING);
          if (attempt.why === null) throw await this.failed(error);
          await this.restore(attempt.why).catch(async (worse) => {
            throw await this.failed(worse);
          });
        }
      }
    } finally {
      this.looping = false;
    }
  }

  private async loop(attempt: Attempt): Promise<'finished' | 'stopped'> {
    let end = await attempt.turns.take();
    try {
      await this.draw();
      this.enter(this.paused ? 'paused' : 'running');
      // At most here, between two steps, does a page get its turn.
      const breath = async () => {
        end();
        await breathe();
        end = await attempt.turns.take();
        attempt.check();
        while (this.paused && !this.ending) {
          await this.rest();
          end();
          await this.resumed();
          end = await attempt.turns.take();
          attempt.check();
        }
      };
      if (this.paused) await breath();
      const cadence = cadenceOf(this.run.model.phases, this.run, {
        checkpoint: Number.POSITIVE_INFINITY,
        pictures: Number.POSITIVE_INFINITY,
      });
      const status = this.ending ? 'stopped' : await trainLoop(this.run, cadence, this.host(attempt, breath));
      await this.draw();
      this.keepNow();
      return status;
    } finally {
      end();
    }
  }

  private host(attempt: Attempt, breath: () => Promise<void>): LoopHost {
    return {
      now: () => performance.now(),
      stopping: () => this.ending,
      phaseBegins: () => {
        this.pace = new Pace();
      },
      step: (report) => {
        attempt.check();
        this.report = report;
        this.pace.add(report.ms);
        if (performance.now() - this.told >= PROGRESS) this.tell();
      },
      logged: (entry) => {
        attempt.check();
        this.entries.push(entry);
      },
      breathe: async () => {
        if (this.left !== null && --this.left <= 0) {
          this.left = null;
          this.paused = true;
        }
        const wait = Math.max(this.setting.watched.every, this.drawn.cost / DRAWING);
        if (!this.paused && performance.now() - this.drawn.at >= wait) await this.draw();
        await breath();
      },
      checkpointDue: () => {
        const since = performance.now() - this.captured.at;
        return this.kept.soon || since > Math.max(CAPTURE, this.captured.cost / CAPTURING);
      },
      checkpoint: async () => {
        await this.capture();
        if (this.kept.soon || performance.now() - this.kept.at > KEEP) this.keepNow();
      },
      pictures: async () => {},
    };
  }

  pause(): void {
    if (this.state === 'running' || this.state === 'starting') this.paused = true;
  }

  /** null: to the end. */
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

  /** Before it waits: all is said, drawn and kept. */
  private async rest(): Promise<void> {
    this.tell();
    await this.draw();
    await this.capture();
    this.keepNow();
  }

  private async resumed(): Promise<void> {
    // It may have been asked to go on, or to end, while it got ready to wait.
    if (this.paused) {
      this.enter('paused');
      await this.attempt.race(
        new Promise<void>((done) => {
          this.wake = done;
        }),
      );
      this.wake = null;
    }
    if (!this.ending) this.enter('running');
  }

  private enter(state: RunState): void {
    if (this.state === state) return;
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
    this.report = null;
  }

  private notice(about: About, message: string, hint: string | null): void {
    this.setting.send({ type: 'notice', about, message, hint });
  }

  /** What is watched, on the current weights; nothing that was drawn already. */
  private async draw(again = false): Promise<void> {
    const { watched, send } = this.setting;
    const { total } = this.run.state;
    if (!watched.visible || (this.drawn.step === total && !again)) return;
    const begin = performance.now();
    await drawAll(this.run, watched, send);
    const at = performance.now();
    this.drawn = { step: total, at, cost: at - begin };
  }

  /** Something of the page's, between two steps. */
  request<T>(work: (run: TrainingRun) => Promise<T>): Promise<T> {
    const { attempt } = this;
    return attempt.race(attempt.turns.during(() => work(this.run)));
  }

  /** What is watched has changed. While it trains, the next drawing shows it. */
  async watch(): Promise<void> {
    if (this.state !== 'running') await this.request(() => this.draw(true));
  }

  /** The state to the host. */
  private async capture(): Promise<void> {
    const { total } = this.run.state;
    if (this.good?.step === total) return;
    const begin = performance.now();
    const file = await captureCheckpoint(this.run);
    const at = performance.now();
    this.captured = { at, cost: at - begin };
    this.good = { step: total, file };
  }

  /** The newest state as a safetensors file. */
  async checkpoint(): Promise<{ name: string; step: number; bytes: ArrayBuffer }> {
    if (this.state !== 'failed') await this.request(() => this.capture());
    const { step, file } = this.good;
    return { name: `${this.run.model.name}-${step}.safetensors`, step, bytes: await bytesOf(file) };
  }

  /** The tab may be closed soon. */
  keepSoon(): void {
    this.kept.soon = true;
  }

  forget(): void {
    this.keep = false;
  }

  /** Puts the newest state into the browser's storage, while the training goes on. */
  private keepNow(): void {
    const { step, file } = this.good;
    this.kept.soon = false;
    if (!this.keep || step === 0 || step === this.kept.step) return;
    this.kept.step = step;
    this.kept.at = performance.now();
    void this.save(step, file);
  }

  private async save(step: number, file: SafetensorsFile): Promise<void> {
    const { keeper, send, problem } = this.setting;
    const { choices, settings, seed } = this.prepared;
    const data = Object.entries(choices);
    const kept = {
      step,
      seed,
      at: Date.now(),
      files: data.flatMap(([record, { kind }]) => (kind === 'files' ? [record] : [])),
      backend: this.backend.name,
    };
    const builtIn = data.flatMap(([record, c]) => (c.kind === 'built-in' ? [[record, c.name]] : []));
    try {
      const facts = {
        kept,
        data: Object.fromEntries(builtIn),
        steps: settings.steps ?? {},
        batch: settings.batch ?? {},
      };
      await keeper.save(facts, await bytesOf(file));
      this.kept.failed = false;
      send({ type: 'kept', kept });
    } catch (error) {
      // Once is enough; it is tried again with the next state.
      if (!this.kept.failed) problem(error, 'storage');
      this.kept.failed = true;
    }
  }

  private get onGpu(): boolean {
    return this.backend.name === 'webgl' || this.backend.name === 'webgpu';
  }

  private gone(why: string): void {
    const { attempt } = this;
    attempt.lose(why);
    if (this.looping || this.state === 'starting') return;
    this.restore(why).catch((error) => this.setting.problem(error, 'backend'));
  }

  /** Goes back to the newest state on a new context. */
  private async restore(why: string): Promise<void> {
    const { setting, run, good } = this;
    const lostSteps = run.state.total - good.step;
    disposeOf(run);
    this.attempt = new Attempt();
    const gone = (reason: string) => this.gone(reason);
    // A GPU that is lost again before it has got anywhere is given up.
    const again = this.restoredAt === good.step;
    this.restoredAt = good.step;
    try {
      if (again) throw new UserError(`${why} again`);
      this.backend = await startBackend(this.backend.name, setting.backends, gone);
    } catch (error) {
      this.backend = await startBackend('wasm', setting.backends, gone);
      const message = error instanceof Error ? error.message : String(error);
      this.notice('backend', `${message}; ${this.backend.line} from here on`, null);
    }
    this.run = this.makeRun(good.file, 'the last state');
    this.report = null;
    this.entries = [];
    this.drawn.step = -1;
    setting.send({ type: 'restored', step: good.step, lostSteps, why });
    if (!this.looping) await this.watch();
  }

  /** What can still be done with a run that failed is done with its last good state. */
  private async failed(error: unknown): Promise<unknown> {
    this.tell();
    const { good, attempt } = this;
    try {
      disposeOf(this.run);
      attempt.lose('the run failed');
      this.attempt = new Attempt();
      discardWasm();
      this.backend = await startBackend(this.backend.name, this.setting.backends, (why) => this.gone(why));
      this.run = this.makeRun(good.file, 'the last state');
      this.drawn.step = -1;
      await this.draw();
    } catch {
      // Then there is only the state in memory, which can be downloaded.
    }
    this.enter('failed');
    if (!(error instanceof UserError)) return error;
    const left = good.step === 0 ? '' : `; the last good state is of step ${good.step}`;
    return new UserError(`${error.message}${left}`, {
      ...(error.hint === null ? {} : { hint: error.hint }),
      cause: error,
    });
  }

  dispose(): void {
    this.attempt.lose('the run is over');
    if (this.run !== undefined) disposeOf(this.run);
    for (const dataset of Object.values(this.datasets)) void dataset.close?.();
  }
}

const ISOLATE =
  'serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, as ganc serve does';

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

function bytesOf({ tensors, metadata }: SafetensorsFile): Promise<ArrayBuffer> {
  return new Blob(encodeSafetensors(tensors, metadata) as Uint8Array<ArrayBuffer>[]).arrayBuffer();
}

/** Nothing of a lost context can be freed, and trying may throw. */
function disposeOf(run: TrainingRun): void {
  try {
    run.dispose();
  } catch (error) {
    console.warn(error);
  }
}
