/** Bytes of a data file: small ones in memory, large ones read where they lie; gzip is unpacked once. */
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflateRaw } from 'node:zlib';
import { said, UserError } from '../../core/errors.ts';
import { type Bytes, checkUnpacked, MemoryBytes } from '../../core/sources/place.ts';
import { trouble } from '../trouble.ts';

/** Up to here a file is held in memory. */
const MEMORY = 256 * 2 ** 20;
/** Bytes of a packed part that are handed on at a time. */
const PIECE = 2 ** 20;

class FileBytes implements Bytes {
  constructor(
    readonly path: string,
    readonly size: number,
    private readonly file: FileHandle,
  ) {}
  async read(offset: number, length: number): Promise<Uint8Array> {
    const out = new Uint8Array(length);
    const { bytesRead } = await this.file.read(out, 0, length, offset);
    if (bytesRead < length) throw new UserError(`${this.path} became shorter while it was read`);
    return out;
  }
  close(): Promise<void> {
    return this.file.close();
  }
}

/** Opens a file; a gzipped one (by its first bytes, not its name) is unpacked. */
export async function openBytes(path: string, memory = MEMORY): Promise<Bytes> {
  const info = await statFile(path);
  const file = await openFile(path);
  let stays = false;
  try {
    const magic = new Uint8Array(2);
    const { bytesRead } = await file.read(magic, 0, 2, 0);
    if (bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b) {
      return await unpack(createReadStream(path), 'gzip', path, memory);
    }
    stays = info.size > memory;
    if (stays) return new FileBytes(path, info.size, file);
    return new MemoryBytes(path, new Uint8Array(await file.readFile()));
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, error);
  } finally {
    if (!stays) await file.close();
  }
}

async function statFile(path: string) {
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw new UserError(`${path} is a folder, not a file`);
    if (!info.isFile()) throw new UserError(`${path} is a pipe or a device, not a file`);
    if (info.size === 0) throw new UserError(`${path} is empty`);
    return info;
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, error);
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Why a file cannot be opened or read, in words. */
export function unreadable(path: string, error: unknown): UserError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return new UserError(`${path} does not exist`);
  if (code === 'EACCES' || code === 'EPERM')
    return new UserError(`${path} may not be read (permission denied)`);
  if (code === 'EMFILE' || code === 'ENFILE') {
    return new UserError(`${path} cannot be read: too many files are open`, {
      hint: 'allow more of them: ulimit -n 1024',
      code: 2,
    });
  }
  return new UserError(`${path} cannot be read: ${said(error)}`);
}

/** Pieces of a file's bytes, one after another, whether they are in memory or not. */
export async function* piecesOf(bytes: Bytes, start: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += PIECE) {
    yield await bytes.read(start + at, Math.min(PIECE, length - at));
  }
}

/** Unpacks into memory, and from there into a temporary file when it grows large. */
export async function unpack(
  packed: AsyncIterable<Uint8Array>,
  format: 'gzip' | 'deflate',
  path: string,
  memory = MEMORY,
): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let taken = 0;
  let spill: FileHandle | null = null;
  async function* counted() {
    for await (const piece of packed) {
      taken += piece.length;
      yield piece;
    }
  }
  const keep = async (chunk: Uint8Array) => {
    size += chunk.length;
    checkUnpacked(size, taken, path);
    chunks.push(chunk);
    if (size <= memory) return;
    try {
      spill ??= await temporaryFile();
      for (const c of chunks.splice(0)) await writeAll(spill, c);
    } catch (error) {
      throw new UserError(`${path} cannot be unpacked into ${tmpdir()}: ${trouble(error)}`, {
        hint: 'set TMPDIR to a folder on a disk with more room, or unpack the file yourself',
        code: 2,
      });
    }
  };
  try {
    await pipeline(
      counted(),
      format === 'gzip' ? createGunzip() : createInflateRaw(),
      async (unpacked: AsyncIterable<Uint8Array>) => {
        for await (const chunk of unpacked) await keep(chunk);
      },
    );
    if (spill === null) return new MemoryBytes(path, concatenate(chunks, size));
    return new FileBytes(path, size, spill);
  } catch (error) {
    await (spill as FileHandle | null)?.close();
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) {
      throw new UserError(`${path} cannot be unpacked (${said(error)}): it is damaged or was cut off`);
    }
    throw unreadable(path, error);
  }
}

/** A file without a name: it is gone when it is closed. (Windows keeps its name until its folder is cleaned.) */
async function temporaryFile(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'ganc-'));
  try {
    return await open(join(folder, 'data'), 'wx+');
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

async function writeAll(file: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; ) at += (await file.write(data, at)).bytesWritten;
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
