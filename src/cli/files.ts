/** Reads `.gan` files, and says in plain words why one cannot be read. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { Source } from '../diagnostics/diagnostic.ts';
import { CannotRun } from './failure.ts';

/** Larger texts are refused: no page of architecture is a mebibyte long, but a data set given by mistake is. */
const LARGEST = 1024 * 1024;

/** The text of a file as the user named it; `-` is standard input. Throws `CannotRun`. */
export function readSource(name: string): Source {
  const stdin = name === '-';
  const shown = stdin ? '<stdin>' : name;
  let bytes: Buffer;
  try {
    bytes = stdin ? readUpTo(0, LARGEST + 1) : readFile(name);
  } catch (error) {
    throw error instanceof CannotRun ? error : unreadable(shown, error as NodeJS.ErrnoException);
  }
  if (bytes.length > LARGEST) throw tooLarge(shown);
  if (bytes.length === 0) {
    throw new CannotRun(
      `${shown} is empty`,
      stdin ? undefined : 'ganc init FILE writes a small model to start from',
    );
  }
  return { path: shown, text: decode(shown, bytes) };
}

/** A plain file's bytes. A pipe would be waited for, a device has no end: neither is read. */
function readFile(name: string): Buffer {
  // Opened without waiting for the other end of a pipe.
  const file = openSync(name, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw new CannotRun(`${name} is a folder, not a .gan file`, inside(name));
    if (!stat.isFile()) {
      throw new CannotRun(
        `${name} is ${kindOf(stat)}, not a file`,
        'a text from a pipe comes by standard input: -',
      );
    }
    if (stat.size > LARGEST) throw tooLarge(name, stat.size);
    return readUpTo(file, LARGEST + 1);
  } finally {
    closeSync(file);
  }
}

function readUpTo(file: number, most: number): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  while (length < most) {
    const part = Buffer.alloc(Math.min(65_536, most - length));
    const read = readSync(file, part, 0, part.length, null);
    if (read === 0) break;
    parts.push(part.subarray(0, read));
    length += read;
  }
  return Buffer.concat(parts);
}

function kindOf(stat: Stats): string {
  if (stat.isFIFO()) return 'a pipe';
  return stat.isSocket() ? 'a socket' : 'a device';
}

/** Reads what `use "path"` names, relative to the file that says so; undefined where there is nothing to read. */
export function loader(sources: Map<string, Source>): (used: string, from: string) => Source | undefined {
  return (used, from) => {
    const base = from === '<stdin>' ? '.' : path.dirname(from);
    const name = path.isAbsolute(used) ? path.normalize(used) : path.join(base, used);
    const known = sources.get(name);
    if (known) return known;
    try {
      const source = readSource(name);
      sources.set(name, source);
      return source;
    } catch (error) {
      if (error instanceof CannotRun) return undefined;
      throw error;
    }
  };
}

function decode(name: string, bytes: Buffer): string {
  const utf16 =
    bytes.length > 1 &&
    ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  if (utf16)
    throw new CannotRun(`${name} is UTF-16; a .gan file is UTF-8`, 'save it as UTF-8 in your editor');
  const zero = bytes.indexOf(0);
  if (zero >= 0)
    throw new CannotRun(`${name} is a binary file (a zero byte at offset ${zero}), not a .gan text`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const at = firstBadByte(bytes);
    const line = bytes.subarray(0, at).filter((b) => b === 10).length + 1;
    throw new CannotRun(`${name} is not UTF-8 (line ${line}, byte ${at})`, 'save it as UTF-8 in your editor');
  }
}

function firstBadByte(bytes: Buffer): number {
  const decodes = (length: number, stream: boolean): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream });
      return true;
    } catch {
      return false;
    }
  };
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (decodes(middle, true)) low = middle;
    else high = middle - 1;
  }
  // The prefix may end within a character that never became whole: that one is to blame.
  while (!decodes(low, false)) low--;
  return low;
}

/** `size` in bytes, where it is known. */
function tooLarge(name: string, size?: number): CannotRun {
  const said = size === undefined ? 'larger than 1 MiB' : `${(size / LARGEST).toFixed(1)} MiB`;
  return new CannotRun(`${name} is ${said}; a .gan file may be at most 1 MiB`);
}

function unreadable(name: string, error: NodeJS.ErrnoException): CannotRun {
  const why: Record<string, string> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOTDIR: 'a part of the path is a file, not a folder',
    ENXIO: 'it is a socket, not a file',
    ELOOP: 'its symbolic links go in a circle',
    EMFILE: 'too many files are open',
    EAGAIN: 'nothing can be read from standard input',
    EISDIR: 'it is a folder',
  };
  const help = error.code === 'ENOENT' ? nearby(name) : undefined;
  return new CannotRun(`cannot read ${name}: ${why[error.code ?? ''] ?? error.message}`, help);
}

/** `model` for `model.gan` is the commonest slip. */
function nearby(name: string): string | undefined {
  if (name.endsWith('.gan')) return undefined;
  try {
    return statSync(`${name}.gan`).isFile() ? `did you mean ${name}.gan?` : undefined;
  } catch {
    return undefined;
  }
}

function inside(name: string): string {
  return `name the files in it: ${path.join(name, '*.gan')}`;
}
