/**
 * Where data files lie, and what reading them needs of a platform: a folder on a disk under Node, the files that were
 * dropped on a page in a browser.
 */

import { UserError } from '../errors.ts';
import type { RowOptions } from './csv-text.ts';

export interface Bytes {
  /** For messages. */
  readonly path: string;
  readonly size: number;
  /** At once for what is in memory. The caller does not change them. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  close(): Promise<void>;
}

export class MemoryBytes implements Bytes {
  constructor(
    readonly path: string,
    private readonly data: Uint8Array,
  ) {}
  get size(): number {
    return this.data.length;
  }
  read(offset: number, length: number): Uint8Array {
    return this.data.subarray(offset, offset + length);
  }
  async close(): Promise<void> {}
}

/** Pixels of 8 bits, row-major with the channels last. */
export type DecodePicture = (
  path: string,
  height: number,
  width: number,
  channels: number,
) => Promise<Uint8Array>;

export interface Place {
  /** Samples a second that a person asked for; sounds of other rates are resampled to it. */
  readonly resample?: number;
  /** A path as it was written in a source, from where such paths start here. */
  resolve(path: string): string;
  /** null: there is nothing. Throws a `UserError` where it may not be looked at. */
  kind(path: string): Promise<'file' | 'folder' | null>;
  /** Whole paths of the files in a folder and below it, in any order. */
  filesIn(folder: string): Promise<string[]>;
  /** Names of the files and folders in a folder, not below it; empty where it cannot be looked at. */
  namesIn?(folder: string): Promise<string[]>;
  /** A gzipped file (by its first bytes, not its name) comes unpacked. `stay`: it is not taken into memory. */
  open(path: string, stay?: boolean): Promise<Bytes>;
  /** Unpacks a part of a file that is deflated. `path` is for messages. */
  inflate(bytes: Bytes, start: number, length: number, path: string): Promise<Bytes>;
  /** Rows of a CSV file, blank ones as one empty cell. Throws csv-parse's errors, which have a `code`. */
  rows(bytes: Bytes, options: RowOptions): AsyncIterable<string[]>;
  /** Crops a picture in the middle and scales it; what is transparent becomes white where there is no alpha channel. */
  pictures(): Promise<DecodePicture>;
  /** The file of pictures of a set that comes along or is installed; a `UserError` where it is not. */
  builtIn(name: string): Promise<string>;
}

const separator = (path: string) => Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));

export const nameIn = (path: string) => path.slice(separator(path) + 1);

/** With the separator at its end; empty for a bare name. */
export const folderOf = (path: string) => path.slice(0, separator(path) + 1);

/** Up to here a packed file may unpack to anything; beyond it, to so many times its size. Data sets do by far not reach that. */
const UNPACKED = 2 ** 30;
const RATIO = 200;

/** Refuses a small file that unpacks without an end. `packed` bytes have been read, `size` came of them. */
export function checkUnpacked(size: number, packed: number, path: string): void {
  const most = Math.max(UNPACKED, RATIO * packed);
  if (size <= most) return;
  throw new UserError(
    `${path} unpacks to more than ${(most / 2 ** 30).toFixed(1)} GiB, from ${(packed / 2 ** 20).toFixed(1)} MiB`,
    { hint: 'if that is meant, unpack it yourself and give the unpacked file' },
  );
}
