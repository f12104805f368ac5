/** `run.json`, what a run was started with, and `log.jsonl`, its values: written by runs, read with nothing trusted. */
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../core/errors.ts';
import type { LogEntry } from '../core/run/loop.ts';
import { byName, mismatch, positive, whole } from '../core/validate.ts';
import { backendWords, type TrainOptions } from './options.ts';
import { codeOf, trouble } from './trouble.ts';

/** Text files of a run are never so large. */
const LARGEST = 256 * 2 ** 20;

export interface RunRecord {
  format: 1;
  model: string;
  source: string;
  params: Record<string, unknown>;
  /** As given; sources of data are absolute where they are paths. */
  options: TrainOptions;
  about: Record<string, unknown>;
  versions: Record<string, string>;
  started: string;
}

/** A new option of training has its line here, or this does not compile. */
const options = {
  data: byName(v.string()),
  steps: v.array(v.string()),
  batch: v.array(v.string()),
  seed: whole,
  backend: v.picklist(['auto', ...Object.keys(backendWords)]),
  out: v.string(),
  from: v.string(),
  checkpointEvery: positive,
  logEvery: positive,
  samplesEvery: positive,
  resample: positive,
  json: v.boolean(),
} satisfies Record<keyof TrainOptions, v.GenericSchema>;

const optional = Object.fromEntries(
  Object.entries(options).map(([name, schema]) => [name, v.optional(schema)]),
);

const recordSchema = v.object({
  format: v.literal(1),
  model: v.string(),
  source: v.string(),
  params: byName(v.unknown()),
  options: v.object(optional),
  about: byName(v.unknown()),
  versions: byName(v.string()),
  started: v.string(),
});

/** A run's record; null where there is none. Throws a `UserError` where it is not whole. */
export function readRecord(folder: string): RunRecord | null {
  const path = join(folder, 'run.json');
  const text = readText(path);
  if (text === null) return null;
  const damaged = (why: string) =>
    new UserError(`${path} is not what a run writes: ${why}`, {
      hint: 'its checkpoints can still be used: ganc train FILE --from CHECKPOINT goes on in a new folder',
      code: 2,
    });
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    throw damaged('it is not JSON, or was cut off');
  }
  const wrong = mismatch(recordSchema, record);
  if (wrong !== null) throw damaged(wrong);
  return record as RunRecord;
}

const entrySchema = v.object({
  step: positive,
  phase: v.string(),
  phaseStep: positive,
  epoch: v.pipe(v.number(), v.minValue(0)),
  ms: v.pipe(v.number(), v.minValue(0)),
  /** JSON has no NaN: null stands for one. */
  values: byName(v.nullable(v.number())),
});

/** The log so far, and how many lines of it are damaged; the last may have been cut off by a crash and does not count. */
export function readLog(folder: string): { entries: LogEntry[]; damaged: number } {
  const lines = (readText(join(folder, 'log.jsonl')) ?? '').split('\n');
  const entries: LogEntry[] = [];
  let damaged = 0;
  lines.forEach((line, i) => {
    if (line === '') return;
    const entry = entryOf(line);
    if (entry !== null) entries.push(entry);
    else if (i < lines.length - 1) damaged++;
  });
  return { entries, damaged };
}

function entryOf(text: string): LogEntry | null {
  try {
    const { step, phase, phaseStep, epoch, ms, ...rest } = JSON.parse(text);
    const values = typeof rest.values === 'object' && rest.values !== null ? rest.values : rest;
    const entry = { step, phase, phaseStep, epoch, ms, values };
    return mismatch(entrySchema, entry) === null ? entry : null;
  } catch {
    return null;
  }
}

/** Values stand beside the line's own fields; where one has the name of a field (`loss phase`), under `values`. */
export function logLine({ values, ...rest }: LogEntry): string {
  const own = { ...rest, ms: Math.round(rest.ms * 100) / 100 };
  const clash = Object.keys(values).some((name) => Object.hasOwn(own, name));
  return `${JSON.stringify(clash ? { ...own, values } : { ...own, ...values })}\n`;
}

/** The text of a file of a run; null where there is none. Never waits for a pipe, nor reads without an end. */
function readText(path: string): string | null {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
    checkRegular(path, LARGEST);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
    throw new UserError(`${path} cannot be read: ${trouble(error)}`, { code: 2, cause: error });
  }
}

/** Refuses what is no plain file (a pipe would be waited for, a device has no end) or is too large. */
export function checkRegular(path: string, largest = Number.POSITIVE_INFINITY): void {
  const info = statSync(path);
  if (info.isDirectory()) throw new UserError(`${path} is a folder, and should be a file`, { code: 2 });
  if (!info.isFile()) throw new UserError(`${path} is no plain file`, { code: 2 });
  if (info.size > largest) {
    throw new UserError(`${path} has ${info.size} bytes; more than ${largest} are not read`, { code: 2 });
  }
}
