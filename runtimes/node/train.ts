/** Training as people run it: a run folder, progress, checkpoints, pictures, and an end that says where they are. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../core/errors.ts';
import { cadenceOf } from '../core/run/cadence.ts';
import {
  adjustPhases,
  captureCheckpoint,
  checkpointSummary,
  refuseShorter,
  restoreCheckpoint,
  soundRate,
} from '../core/run/checkpoint.ts';
import { factLines } from '../core/run/facts.ts';
import { type LogEntry, type LoopHost, trainLoop } from '../core/run/loop.ts';
import type { CompiledModel } from '../core/run/model.ts';
import { undrawn } from '../core/run/outputs.ts';
import { TrainingRun } from '../core/run/run.ts';
import { chooseBackend } from './backends.ts';
import { curvesSvg } from './charts.ts';
import { recordFacts } from './data.ts';
import { locate, RunFolder, readCheckpoint, withOlder } from './folder.ts';
import { checkBatches, inWords } from './memory.ts';
import type { Host, TrainOptions } from './options.ts';
import { Pictures } from './pictures.ts';
import { absoluteSources, checkFormat, openData, refuseInsideData, startNets } from './prepare.ts';
import { makeProgress, type Progress } from './progress.ts';
import type { RunRecord } from './record.ts';
import { shown } from './shown.ts';
import { listenForStop, type SignalCode, type StopRequest } from './signals.ts';
import { codeOf } from './trouble.ts';

export interface TrainResult {
  status: 'finished' | 'stopped';
  /** The run folder, the newest checkpoint in it, and steps done. */
  folder: string;
  checkpoint: string | null;
  steps: number;
  /** 0, or what a signal that ended it gives: 130 where it was Ctrl-C. */
  exitCode: 0 | SignalCode;
}

/** Longest time without a checkpoint where `--checkpoint-every` is not given. */
const CHECKPOINT_MS = 120_000;

/**
 * Trains a compiled model. Errors that the user can mend are `UserError`s; whatever was written stays whole.
 */
export async function train(
  compiled: CompiledModel,
  options: TrainOptions = {},
  host: Host = {},
): Promise<TrainResult> {
  checkFormat(compiled);
  if (compiled.phases.length === 0) {
    throw new UserError(`${compiled.name} has no \`train\`: there is nothing to do`);
  }
  const progress = makeProgress(process.stderr, () => performance.now());
  const stop = listenForStop((line) => progress.say(line));
  try {
    const folder = claimFolder(compiled, options);
    try {
      return await trainInto(folder, compiled, options, host, progress, stop);
    } finally {
      folder.close();
    }
  } finally {
    progress.end();
    stop.dispose();
  }
}

async function trainInto(
  folder: RunFolder,
  compiled: CompiledModel,
  options: TrainOptions,
  host: Host,
  progress: Progress,
  stop: StopRequest,
): Promise<TrainResult> {
  // Looked up now that the folder is this process's: no checkpoint comes or goes any more.
  const origin = options.from === undefined ? null : locate(options.from);
  const before = origin?.folder?.record() ?? null;
  const settings = await merge(compiled, before?.options ?? {}, options);
  const model = adjustPhases(compiled, settings.steps ?? [], settings.batch ?? []);
  checkBatches(model);
  const orOlder = (error: unknown) => (origin === null ? error : withOlder(error, origin));
  const file = origin?.checkpoint == null ? null : whole(() => readCheckpoint(origin.checkpoint!), orOlder);
  if (file !== null) {
    const planned = before && adjustPhases(compiled, before.options.steps ?? [], []);
    refuseShorter(compiled, options.steps ?? [], file, origin!.checkpoint!, planned);
  }
  const seed =
    options.seed ?? (file && checkpointSummary(file, origin!.checkpoint!)?.seed) ?? settings.seed ?? 0;
  const backend = await chooseBackend(settings.backend ?? 'auto');
  progress.say(backend.line);

  // New sounds are brought to the rate that the run has learnt.
  const resample =
    settings.resample ?? (file === null ? null : soundRate(file, origin!.checkpoint!)) ?? undefined;
  await refuseInsideData(folder.path, model, settings, host);
  const datasets = await openData(model, { ...settings, resample }, host, undefined, origin !== null);
  const run = new TrainingRun(model, { seed, datasets });
  try {
    run.state.initialise(seed);
    let notices: readonly string[] = [];
    if (file === null) startNets(run, host);
    else notices = whole(() => restoreCheckpoint(run, file, origin!.checkpoint!), orOlder);

    const recorded = { ...settings, seed, backend: settings.backend ?? backend.name };
    folder.create(recordOf(model, recorded, backend.name, host, before), host.files ?? []);
    const lost = folder.openLog(run.state.total);
    if (lost > 0) progress.say(`log.jsonl: ${lost} damaged line${lost === 1 ? '' : 's'} left out`);
    const data = recordFacts(model, datasets);
    for (const { names, facts } of data) for (const line of factLines(names, facts)) progress.say(line);
    const tell = options.json === true ? jsonLine : null;
    tell?.({
      event: 'start',
      model: model.name,
      folder: folder.path,
      seed,
      backend: backend.name,
      step: run.state.total,
      data,
      notices,
    });
    progress.say(beginning(run, folder, seed, origin !== null && file === null));
    for (const notice of notices) progress.say(notice);
    const missing = undrawn(model.outputs);
    if (missing !== null) progress.say(missing);
    const start = run.state.total;
    const pictures = new Pictures(run, folder);
    stop.begin();
    const status = await trainLoop(
      run,
      cadenceOf(model.phases, run, {
        log: settings.logEvery,
        checkpoint: settings.checkpointEvery,
        pictures: settings.samplesEvery,
      }),
      loopHost(run, folder, pictures, progress, stop, settings, host.carried ?? {}, tell),
    ).catch((thrown) => {
      const error = inWords(thrown);
      // Where the system refused to write, its message says how to go on with what is there.
      const refused = codeOf((error as Error).cause ?? thrown) !== '';
      if (run.state.total === start && !refused) folder.discard();
      throw run.state.total === 0 ? error : withLastGood(error, folder);
    });
    progress.end();
    for (const dataset of Object.values(datasets)) {
      const words = dataset.report?.();
      if (words) progress.say(words);
    }
    writeCurves(folder);
    return finish(status === 'finished' ? null : stop.requested, run, folder, pictures, host, tell);
  } finally {
    progress.end();
    run.dispose();
    for (const dataset of Object.values(datasets)) await dataset.close?.();
  }
}

/** Events of `--json`. */
type Tell = (event: Record<string, unknown>) => void;

const jsonLine: Tell = (event) => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** Does it, and throws what it throws in other words. */
function whole<T>(work: () => T, words: (error: unknown) => unknown): T {
  try {
    return work();
  } catch (error) {
    throw words(error);
  }
}

function beginning(run: TrainingRun, folder: RunFolder, seed: number, anew: boolean): string {
  const { model, state } = run;
  const line = `${model.name} → ${shown(folder.path)} (seed ${seed})`;
  if (anew) return `${line}, from the start: it has no checkpoint yet`;
  if (state.total === 0) return line;
  const over = state.phase === model.phases.length - 1 && run.phaseDone();
  return over
    ? `${line}: its ${state.total} steps are done; --steps with a larger number goes on`
    : `${line}, from step ${state.total}`;
}

function loopHost(
  run: TrainingRun,
  folder: RunFolder,
  pictures: Pictures,
  progress: Progress,
  stop: StopRequest,
  settings: TrainOptions,
  carried: Record<string, string>,
  tell: Tell | null,
): LoopHost {
  let saved = performance.now();
  return {
    now: () => performance.now(),
    breathe: () => new Promise((done) => setImmediate(done)),
    stopping: () => stop.requested !== null,
    phaseBegins: (phase) => progress.begin(phase),
    step(report) {
      folder.renew();
      progress.step(report);
    },
    logged(entry) {
      folder.append(entry);
      tell?.({ event: 'log', ...entry });
    },
    checkpointDue: () => settings.checkpointEvery === undefined && performance.now() - saved > CHECKPOINT_MS,
    async checkpoint() {
      const { tensors, metadata } = await captureCheckpoint(run);
      folder.saveCheckpoint(run.state.total, tensors, { ...metadata, ...carried });
      saved = performance.now();
    },
    async pictures() {
      await pictures.draw();
      writeCurves(folder);
    },
  };
}

/** What is said now goes before what the run was started with. */
async function merge(model: CompiledModel, before: TrainOptions, now: TrainOptions): Promise<TrainOptions> {
  const { from: _, out: __, json: ___, ...rest } = now;
  const given = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined)) as TrainOptions;
  const merged: TrainOptions = { ...before, ...given };
  if (given.data !== undefined)
    merged.data = { ...before.data, ...(await absoluteSources(model, given.data)) };
  return merged;
}

/** A new folder; the old one where a run goes on from its newest checkpoint. It is this process's from here on. */
function claimFolder(model: CompiledModel, options: TrainOptions): RunFolder {
  const origin = options.from === undefined ? null : locate(options.from);
  if (options.out === undefined) {
    if (origin?.folder == null || !origin.newest) return RunFolder.claimNext(model.name);
    origin.folder.claim();
    return origin.folder;
  }
  const folder = new RunFolder(resolve(options.out));
  folder.claim();
  try {
    const same = origin?.folder?.path === folder.path;
    if (!same && (folder.record() !== null || folder.latest() !== null)) {
      throw new UserError(`${options.out} holds a run already`, {
        hint: `--from ${options.out} goes on with it; another --out starts a new one`,
        code: 2,
      });
    }
    return folder;
  } catch (error) {
    folder.close();
    throw error;
  }
}

function recordOf(
  model: CompiledModel,
  options: TrainOptions,
  backend: string,
  host: Host,
  before: RunRecord | null,
): RunRecord {
  return {
    format: 1,
    model: model.name,
    source: model.source,
    params: model.params,
    options,
    about: { ...before?.about, ...host.about },
    versions: { node: process.versions.node, tfjs: tf.version_core, backend },
    started: before?.started ?? new Date().toISOString(),
  };
}

function writeCurves(folder: RunFolder): void {
  let entries: LogEntry[];
  try {
    entries = folder.entries();
  } catch (error) {
    // A log that is too large to be read is no reason to end a run.
    if (error instanceof UserError) return;
    throw error;
  }
  const svg = curvesSvg(entries);
  if (svg !== null) folder.writeWhole('curves.svg', [new TextEncoder().encode(svg)]);
}

/** A run that failed says what is left of it. */
function withLastGood(error: unknown, folder: RunFolder): unknown {
  if (!(error instanceof UserError) || !folder.isOurs) return error;
  const latest = folder.latest();
  const left =
    latest === null
      ? 'there is no checkpoint yet'
      : `the last good checkpoint is ${shown(latest.path)} (step ${latest.step})`;
  return new UserError(`${error.message}; ${left}`, {
    ...(error.hint === null ? {} : { hint: error.hint }),
    code: error.code,
    cause: error,
  });
}

function finish(
  signal: SignalCode | null,
  run: TrainingRun,
  folder: RunFolder,
  pictures: Pictures,
  host: Host,
  tell: Tell | null,
): TrainResult {
  const checkpoint = folder.latest()?.path ?? null;
  const curves = join(folder.path, 'curves.svg');
  const lines = [
    `${signal === null ? 'done' : 'stopped'} after ${run.state.total} ${run.state.total === 1 ? 'step' : 'steps'}`,
    ...pictures.latest.map((path) => `pictures    ${shown(path)}`),
    // A run that had no step left to make has logged nothing.
    ...(existsSync(curves) ? [`curves      ${shown(curves)}`] : []),
    ...(checkpoint === null ? [] : [`checkpoint  ${shown(checkpoint)}`]),
  ];
  if (signal !== null) lines.push(`go on with  ${host.command ?? 'ganc train'} --from ${shown(folder.path)}`);
  const status = signal === null ? 'finished' : 'stopped';
  if (tell === null) process.stdout.write(`${lines.join('\n')}\n`);
  else {
    const { total: steps } = run.state;
    tell({ event: 'end', status, steps, folder: folder.path, checkpoint, pictures: pictures.latest });
  }
  return {
    status,
    folder: folder.path,
    checkpoint,
    steps: run.state.total,
    exitCode: signal ?? 0,
  };
}
