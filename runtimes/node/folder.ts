/** The run folder: run.json, log.jsonl, samples/, curves.svg, checkpoints/. What is written once stays whole. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DamagedError, UserError } from '../core/errors.ts';
import type { LogEntry } from '../core/run/loop.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsFile,
  type StoredTensor,
} from '../core/run/safetensors.ts';
import { Lock } from './lock.ts';
import { checkRegular, logLine, type RunRecord, readLog, readRecord } from './record.ts';
import { codeOf, diskIsFull, trouble } from './trouble.ts';
import { makeFolders, refuseStrangers, sweepParts, writeWhole } from './whole.ts';

/** Newest checkpoints kept. */
const KEPT = 3;

/** Lies in a run folder while a process trains into it. */
const LOCK = 'run.lock';

/** What a run writes into its folder. */
const ENTRIES = ['run.json', 'log.jsonl', 'curves.svg', 'source', 'samples', 'checkpoints'];

export class RunFolder {
  private log: number | null = null;
  private lock: Lock | null = null;
  /** The outermost folder that was made for it. */
  private made: string | null = null;
  /** A signal that ends the process while it only gets ready. */
  private readonly leave = () => this.unmake();

  constructor(readonly path: string) {}

  /** Takes the next free `runs/NAME-n`. */
  static claimNext(model: string): RunFolder {
    for (let n = 1; ; n++) {
      const folder = new RunFolder(resolve('runs', `${model}-${n}`));
      if (!existsSync(folder.path) && folder.claim('new')) return folder;
    }
  }

  /**
   * Takes the folder for this process, until `close`; makes it where it is missing. Refuses one in which another process
   * trains, or that holds files of others. Clears away what a killed run left half-written. False: `new` was asked for,
   * and someone else has made it.
   */
  claim(how: 'new' | 'any' = 'any'): boolean {
    return guard(this.path, () => {
      if (how === 'any') this.made = makeFolders(this.path);
      else {
        const parents = makeFolders(dirname(this.path));
        if (!makeNew(this.path)) return false;
        this.made = parents ?? this.path;
      }
      try {
        const path = join(this.path, LOCK);
        // A run that was killed before it had a run.json leaves its lock.
        if (!existsSync(path) && !this.isRun) refuseStrangers(this.path, ENTRIES);
        this.lock = Lock.take(path);
        // After the lock's own, which gives it back.
        process.once('exit', this.leave);
        for (const name of ['', 'samples', 'checkpoints', 'source']) sweepParts(join(this.path, name));
      } catch (error) {
        this.unmake();
        throw error;
      }
      return true;
    });
  }

  /** Removes the folders that were made for a run which then did not begin, as far as they are empty. */
  private unmake(): void {
    for (let path = this.path; this.made !== null; path = dirname(path)) {
      try {
        rmdirSync(path);
      } catch {
        return;
      }
      if (path === this.made) return;
    }
  }

  /** Takes back what a run that did not begin wrote, where the folder was made for it. */
  discard(): void {
    if (this.made === null || !this.isOurs) return;
    if (this.log !== null) closeSync(this.log);
    this.log = null;
    for (const name of ENTRIES) rmSync(join(this.path, name), { recursive: true, force: true });
  }

  create(record: RunRecord, files: readonly { name: string; text: string }[]): void {
    guard(this.path, () => {
      makeFolders(join(this.path, 'samples'));
      makeFolders(join(this.path, 'checkpoints'));
      for (const file of files) {
        const path = join(this.path, file.name);
        makeFolders(dirname(path));
        writeFileSync(path, file.text);
      }
      this.writeWhole('run.json', [new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`)]);
    });
  }

  /** null where the folder holds no run. Throws a `UserError` where its record is damaged. */
  record(): RunRecord | null {
    return readRecord(this.path);
  }

  /** The folder holds a run, or what is left of one. */
  private get isRun(): boolean {
    try {
      return this.latest() !== null || this.record() !== null;
    } catch {
      return false;
    }
  }

  /**
   * Starts the log, keeping what earlier parts of the run wrote up to this step. Gives how many lines of it were damaged and
   * are left out.
   */
  openLog(upTo: number): number {
    return guard(this.path, () => {
      const { entries, damaged } = readLog(this.path);
      const kept = entries.filter((e) => e.step <= upTo);
      this.writeWhole('log.jsonl', [new TextEncoder().encode(kept.map(logLine).join(''))]);
      this.log = openSync(join(this.path, 'log.jsonl'), 'a');
      return damaged;
    });
  }

  append(entry: LogEntry): void {
    guard(this.path, () => {
      this.checkIsOurs();
      if (this.log !== null) writeSync(this.log, logLine(entry));
    });
  }

  /** Says to other machines that the run lives. */
  renew(): void {
    this.lock?.renew();
  }

  /** Whether it is still where it was, and still this run's. */
  get isOurs(): boolean {
    return this.lock === null || this.lock.isOurs;
  }

  private checkIsOurs(): void {
    if (this.isOurs) return;
    throw new UserError(`${this.path} was removed, or taken by another run, while this one trained into it`, {
      hint: 'nothing more is saved there; start again with another --out',
      code: 2,
    });
  }

  /** Gives the folder back. */
  close(): void {
    if (this.log !== null) closeSync(this.log);
    this.log = null;
    this.lock?.release();
    this.lock = null;
    process.off('exit', this.leave);
    this.unmake();
  }

  /** The log so far, without lines that are damaged. */
  entries(): LogEntry[] {
    return readLog(this.path).entries;
  }

  /** Whole or not at all. */
  writeWhole(name: string, parts: readonly Uint8Array[]): string {
    const path = join(this.path, name);
    return guard(this.path, () => {
      this.checkIsOurs();
      writeWhole(path, parts);
      return path;
    });
  }

  saveCheckpoint(step: number, tensors: Map<string, StoredTensor>, metadata: Record<string, string>): string {
    const path = this.writeWhole(checkpointName(step), encodeSafetensors(tensors, metadata));
    // Those of a run that went on from an older checkpoint would be mistaken for newer ones.
    const found = this.checkpoints();
    for (const c of found) if (c.step > step) rmSync(c.path, { force: true });
    const older = found.filter((c) => c.step <= step);
    for (const c of older.slice(0, -KEPT)) rmSync(c.path, { force: true });
    return path;
  }

  /** In order of steps. */
  checkpoints(): { step: number; path: string }[] {
    let names: string[];
    try {
      names = readdirSync(join(this.path, 'checkpoints'));
    } catch {
      return [];
    }
    return names
      .map((name) => ({ name, step: Number(/^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? Number.NaN) }))
      .filter(({ step }) => !Number.isNaN(step))
      .sort((a, b) => a.step - b.step)
      .map(({ name, step }) => ({ step, path: join(this.path, 'checkpoints', name) }));
  }

  latest(): { step: number; path: string } | null {
    return this.checkpoints().at(-1) ?? null;
  }
}

const checkpointName = (step: number) =>
  join('checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);

/** Turns what the system refuses into a message. */
function guard<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (error instanceof UserError || codeOf(error) === '') throw error;
    const full = diskIsFull(error);
    throw new UserError(`${path} could not be written: ${trouble(error)}`, {
      hint: full
        ? 'what was written before is whole; make room and go on with --from'
        : '--out chooses another folder',
      cause: error,
    });
  }
}

/** False where it is there already. */
function makeNew(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** What `--from` and `sample` are given: a run's folder or one of its checkpoints. */
export interface Origin {
  /** The run folder, where there is one. */
  folder: RunFolder | null;
  /** null: a run that was stopped before its first checkpoint. */
  checkpoint: string | null;
  /** It is the folder's newest. */
  newest: boolean;
}

export function locate(given: string): Origin {
  const path = resolve(given);
  if (!existsSync(path))
    throw new UserError(`${given} does not exist`, {
      hint: 'give a run folder or a checkpoint in it',
      code: 2,
    });
  const stat = statSync(path);
  if (!stat.isDirectory()) {
    // What is no plain file is said where it is read.
    if (stat.isFile() && path.endsWith('.gan')) {
      throw new UserError(`${given} is a model, not a run of it`, {
        hint: 'give a run folder or a checkpoint in it',
        code: 2,
      });
    }
    const folder = new RunFolder(dirname(dirname(path)));
    const isRun = basename(dirname(path)) === 'checkpoints' && recordIsWhole(folder);
    return {
      folder: isRun ? folder : null,
      checkpoint: path,
      newest: isRun && folder.latest()?.path === path,
    };
  }
  const folder = new RunFolder(path);
  const latest = folder.latest();
  if (folder.record() === null && latest === null) {
    const inside = readdirSync(path).filter((name) => existsSync(join(path, name, 'run.json')));
    throw new UserError(`${given} is not a run folder: it has no run.json and no checkpoints`, {
      ...(inside.length > 0
        ? {
            hint: `there are runs in it: ${inside
              .slice(0, 3)
              .map((name) => join(given, name))
              .join(', ')}`,
          }
        : {}),
      code: 2,
    });
  }
  return { folder, checkpoint: latest?.path ?? null, newest: true };
}

/** A checkpoint in a folder whose record is damaged can be used by itself. */
function recordIsWhole(folder: RunFolder): boolean {
  try {
    return folder.record() !== null;
  } catch {
    return false;
  }
}

export function readCheckpoint(path: string): SafetensorsFile {
  let bytes: Uint8Array;
  try {
    checkRegular(path);
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    throw error instanceof UserError ? error : new DamagedError(`${path} cannot be read: ${trouble(error)}`);
  }
  return decodeSafetensors(bytes, path);
}

/** Says of a damaged newest checkpoint that there is an older one. */
export function withOlder(error: unknown, { folder, checkpoint }: Origin): unknown {
  const older = folder?.checkpoints().findLast((c) => c.path !== checkpoint);
  if (!(error instanceof DamagedError) || older === undefined) return error;
  return new DamagedError(error.message, {
    hint: `${error.hint === null ? '' : `${error.hint}; `}an older checkpoint may be whole: ${older.path} (step ${older.step})`,
    code: error.code,
    cause: error,
  });
}
