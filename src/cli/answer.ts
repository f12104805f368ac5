/**
 * What `ganc serve` answers: the files of a folder, or of memory, read-only, to browsers that asked for this computer by a
 * name of its own. No request ends it.
 */
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { lookup } from 'mrmime';

/** A file that was found, open until it is closed. */
interface Content {
  readonly size: number;
  /** Bytes from `start` to `end`, both included. */
  read(start: number, end: number): Readable;
  close(): Promise<void>;
}

/** Finds a file by the names on its way. Throws a `Refusal`, or an error of the file system. */
export type Files = (way: readonly string[]) => Promise<Content>;

class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** With the first two a browser gives a page shared memory, and so WebAssembly more than one thread. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
};

/** `host` is the address that the server listens on. */
export function answer(files: Files, host: string): RequestListener {
  const serves = served(host);
  return (request, response) => {
    respond(files, serves, request, response).catch((error: unknown) => refuse(response, refusalOf(error)));
  };
}

async function respond(
  files: Files,
  serves: (name: string) => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A page of another site whose name was made to lead here (DNS rebinding) says that site's name.
  const name = hostOf(request.headers.host ?? '');
  if (!serves(name)) {
    throw new Refusal(403, `ganc serve does not answer for ${JSON.stringify(name)}; --host NAME lets it`);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new Refusal(405, 'Only GET and HEAD are answered', { Allow: 'GET, HEAD', Connection: 'close' });
  }
  const way = wayOf(request.url ?? '/');
  const content = await files(way);
  try {
    await send(content, typeOf(way.at(-1)!), request, response);
  } finally {
    await content.close();
  }
}

async function send(
  content: Content,
  type: string,
  { method, headers: asked }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { size } = content;
  // Files have no tag here that `If-Range` could compare.
  const part = asked['if-range'] === undefined ? rangeOf(asked.range, size) : null;
  if (part === 'none') throw new Refusal(416, 'No such range', { 'Content-Range': `bytes */${size}` });
  const { start, end } = part ?? { start: 0, end: size - 1 };
  response.writeHead(part ? 206 : 200, {
    ...HEADERS,
    'Accept-Ranges': 'bytes',
    'Content-Type': type,
    'Content-Length': end - start + 1,
    ...(part ? { 'Content-Range': `bytes ${start}-${end}/${size}` } : {}),
  });
  if (method === 'HEAD' || end < start) response.end();
  else await pipeline(content.read(start, end), response);
}

function refuse(response: ServerResponse, { status, message, headers }: Refusal): void {
  // In the middle of a file there is no other way left to say it.
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(status, { ...HEADERS, 'Content-Type': 'text/plain;charset=utf-8', ...headers });
  response.end(`${message}\n`);
}

const MISSING = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'];

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (MISSING.includes(code)) return new Refusal(404, 'Not found');
  if (code === 'EACCES' || code === 'EPERM') return new Refusal(403, 'This file may not be read');
  if (['EMFILE', 'ENFILE', 'ENOMEM'].includes(code)) {
    return new Refusal(503, 'Too many files are open', { 'Retry-After': '1' });
  }
  return new Refusal(500, `The file cannot be read${code === '' ? '' : ` (${code})`}`);
}

/** The host's name in a `Host` header, without its port. */
function hostOf(header: string): string {
  return header.replace(/:\d*$/, '').toLowerCase();
}

/** The names that it answers to: its own addresses. Where it listens on all, a number is always this computer. */
function served(host: string): (name: string) => boolean {
  const all = host === '0.0.0.0' || host === '::';
  const own = hostname().toLowerCase();
  const names = new Set(['localhost', '127.0.0.1', '[::1]']);
  names.add(isIP(host) === 6 ? `[${host}]` : host.toLowerCase());
  if (all) for (const name of [own, `${own}.local`]) names.add(name);
  return (name) => names.has(name) || (all && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0);
}

/** The names on the way to the file that an address means; a folder's file is `index.html`. */
function wayOf(url: string): string[] {
  const [encoded] = url.split(/[?#]/, 1);
  if (!encoded?.startsWith('/')) throw new Refusal(400, 'No address of a file');
  let way: string[];
  try {
    way = encoded.slice(1).split('/').map(decodeURIComponent);
  } catch {
    throw new Refusal(400, 'An address that is not well-formed');
  }
  if (way.at(-1) === '') way[way.length - 1] = 'index.html';
  // Hidden files are nobody's business, and no name leads up.
  if (way.some((name) => name === '' || name.startsWith('.') || /[/\\\0]/.test(name))) {
    throw new Refusal(404, 'Not found');
  }
  return way;
}

function typeOf(name: string): string {
  const type = lookup(name) ?? (name.endsWith('.gan') ? 'text/plain' : 'application/octet-stream');
  return /^text\/|javascript|json/.test(type) ? `${type};charset=utf-8` : type;
}

/**
 * The bytes from `start` to `end`, both included, that a `Range` asks for; null for all, `none` where there are no such
 * bytes. Several ranges, other units and what is not well-formed are left aside, as they may be (RFC 9110, 14.2).
 */
export function rangeOf(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'none' | null {
  const [, first = '', last = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  // `-5` are the last five.
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  return start > end ? 'none' : { start, end };
}

/** Files of memory, by their paths. */
export function fromMemory(files: Readonly<Record<string, string | Uint8Array>>): Files {
  const known = new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text as Uint8Array)]));
  return async (way) => {
    const bytes = known.get(way.join('/'));
    if (!bytes) throw new Refusal(404, 'Not found');
    return {
      size: bytes.length,
      read: (start, end) => Readable.from([bytes.subarray(start, end + 1)]),
      close: async () => {},
    };
  };
}

/** Files of a folder, as they are at each request: it may be compiled anew meanwhile. Links out of it are not followed. */
export function fromFolder(folder: string): Files {
  return async (way) => {
    const root = await realpath(folder);
    const file = await realpath(path.join(root, ...way));
    const within = path.relative(root, file);
    if (within.startsWith('..') || path.isAbsolute(within)) {
      throw new Refusal(403, 'A link that leads out of the folder is not followed');
    }
    // Without waiting: opening a pipe would wait for its writer.
    const handle = await open(
      file,
      constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0),
    );
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw new Refusal(404, 'Not found');
      return {
        size: stat.size,
        read: (start, end) => handle.createReadStream({ start, end }),
        close: () => handle.close(),
      };
    } catch (error) {
      await handle.close();
      throw error;
    }
  };
}
