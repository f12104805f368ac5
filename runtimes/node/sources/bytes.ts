/** Bytes of a data file: small ones in memory, large ones read where they lie; gzip is unpacked once. */
import { createReadStream, createWriteStream, type ReadStream } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createInflateRaw } from 'node:zlib';
import { said, UserError } from '../../core/errors.ts';
import { type Bytes, checkUnpacked, MemoryBytes } from '../../core/sources/place.ts';

/** Up to here a file is held in memory. */
const MEMORY = 256 * 2 ** 20;

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
  const magic = new Uint8Array(2);
  const { bytesRead } = await file.read(magic, 0, 2, 0);
  if (bytesRead === 2 && magic[0] === 0x1f && magic[1] === 0x8b) {
    await file.close();
    return unpack(createReadStream(path), 'gzip', path, memory);
  }
  if (info.size > memory) return new FileBytes(path, info.size, file);
  const data = new Uint8Array(await file.readFile());
  await file.close();
  return new MemoryBytes(path, data);
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

/** A file that cannot be had, in words. */
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

/** Unpacks into memory, and from there into a temporary file when it grows large. */
export async function unpack(
  packed: ReadStream,
  format: 'gzip' | 'deflate',
  path: string,
  memory = MEMORY,
): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let folder: string | null = null;
  let spill: ReturnType<typeof createWriteStream> | null = null;
  const write = (chunk: Uint8Array) =>
    new Promise<void>((done, fail) => {
      spill!.write(chunk, (error) => (error ? fail(error) : done()));
    });
  const sink = new Writable({
    async write(chunk: Uint8Array, _encoding, done) {
      try {
        size += chunk.length;
        checkUnpacked(size, packed.bytesRead, path);
        if (spill === null && size > memory) {
          folder = await mkdtemp(join(tmpdir(), 'ganc-'));
          spill = createWriteStream(join(folder, 'data'));
          for (const c of chunks.splice(0)) await write(c);
        }
        if (spill === null) chunks.push(chunk);
        else await write(chunk);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  try {
    await pipeline(packed, format === 'gzip' ? createGunzip() : createInflateRaw(), sink);
    if (folder === null) return new MemoryBytes(path, concatenate(chunks, size));
    const ended = spill as unknown as ReturnType<typeof createWriteStream>;
    await new Promise<void>((done) => {
      ended.end(done);
    });
    return new FileBytes(path, size, await open(join(folder, 'data'), 'r'));
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_')) {
      throw new UserError(`${path} cannot be unpacked (${said(error)}): it is damaged or was cut off`);
    }
    if (code === 'ENOSPC') {
      throw new UserError(`no room left in ${tmpdir()} to unpack ${path}`, {
        hint: 'set TMPDIR to a folder on a larger disk, or unpack the file yourself',
      });
    }
    throw unreadable(path, error);
  } finally {
    // An open file stays readable after its name is gone (not on Windows, which keeps it until its folder is cleaned).
    if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
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
