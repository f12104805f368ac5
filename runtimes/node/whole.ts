/** Files that are there whole or not at all, and what is in the way of writing them. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { UserError } from '../core/errors.ts';

/**
 * Makes a folder and those around it; gives the outermost that it made, or null. Node's own `recursive` never returns where
 * a folder takes none (`/proc/x`).
 */
export function makeFolders(path: string): string | null {
  const missing: string[] = [];
  let folder = resolve(path);
  for (; !existsSync(folder) && dirname(folder) !== folder; folder = dirname(folder)) missing.push(folder);
  // What is there already may be a file.
  if (missing.length === 0 && !statSync(folder).isDirectory()) missing.push(folder);
  let made: string | null = null;
  for (const next of missing.reverse()) {
    try {
      mkdirSync(next);
      made ??= next;
    } catch (error) {
      const there = (error as NodeJS.ErrnoException).code === 'EEXIST';
      if (!there || !statSync(next, { throwIfNoEntry: false })?.isDirectory()) throw error;
    }
  }
  return made;
}

/** Writes beside, flushes to the disk, and renames: at any moment there is the old file or the new one. */
export function writeWhole(path: string, parts: readonly Uint8Array[]): void {
  const folder = dirname(path);
  const beside = join(folder, `.${basename(path)}.${process.pid}.part`);
  makeFolders(folder);
  try {
    const file = openSync(beside, 'w');
    try {
      for (const part of parts) {
        for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Removes what killed processes left half-written in a folder. Those of processes that live stay. */
export function sweepParts(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    const pid = /^\..+\.(\d+)\.part$/.exec(name)?.[1];
    if (pid !== undefined && (Number(pid) === process.pid || !lives(Number(pid)))) {
      rmSync(join(folder, name), { force: true });
    }
  }
}

/** Whether a process of this number runs. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Refuses to write into a folder that is someone else's: one that has entries of these names. Empty folders are no
 * one's. `same` says of an entry that writing would change nothing.
 */
export function refuseStrangers(
  folder: string,
  names: readonly string[],
  same: (file: string, name: string) => boolean = () => false,
): void {
  const found = names.filter((name) => {
    const path = join(folder, name);
    const info = statSync(path, { throwIfNoEntry: false });
    if (info === undefined) return false;
    return info.isDirectory() ? readdirSync(path).length > 0 : !same(path, name);
  });
  if (found.length === 0) return;
  throw new UserError(`${folder} holds ${found.join(', ')}, which ganc did not write and would replace`, {
    hint: 'name a new folder, or move them away',
    code: 2,
  });
}
