/** Data in a page: files that were chosen or dropped, and the set that lies beside the page. */

import { said, UserError } from '../../core/errors.ts';
import type { Dataset } from '../../core/run/data.ts';
import type { CompiledModel } from '../../core/run/model.ts';
import type { Declared } from '../../core/sources/declared.ts';
import { builtInNames, openSource } from '../../core/sources/open.ts';
import { byName } from '../../core/sources/paths.ts';
import { type Bytes, checkUnpacked, MemoryBytes, nameIn, type Place } from '../../core/sources/place.ts';
import type { DataChoice } from '../protocol.ts';
import { decodePicture } from './pictures.ts';

/** Up to here a file is held in memory. */
const MEMORY = 256 * 2 ** 20;

const FASHION = ['data/fashion-images-idx3-ubyte.gz', 'data/fashion-labels-idx1-ubyte.gz'];

/** The record's data. `base` is where the emitted module lies. */
export async function openChoice(
  choice: DataChoice,
  record: CompiledModel['data'][number],
  base: string,
): Promise<Dataset> {
  const { name } = record.fields[0]!;
  if (choice.kind === 'built-in') {
    if (!builtInNames.includes(choice.name)) {
      throw new UserError(`\`${name}\` comes from "${choice.name}", which a page cannot read`, {
        hint: 'choose its files, or drop them on the page',
      });
    }
    return openSource(choice.name, record.fields, placeOf(new Map(), base), record.reading);
  }
  if (choice.files.length === 0) throw new UserError(`no files were given for \`${name}\``);
  const { files, source } = arranged(choice.files, record.fields);
  return openSource(source, record.fields, placeOf(files, base), record.reading);
}

/** The files by path, and which of them is the source: one, one a field, or the folder of all. */
function arranged(
  given: readonly { path: string; file: File }[],
  record: readonly Declared[],
): { files: Map<string, File>; source: string } {
  if (given.length === 1) {
    const { file } = given[0]!;
    return { files: new Map([[file.name, file]]), source: file.name };
  }
  const folders = given.map(({ path }) => path.replace(/^\/+/, '').split('/').slice(0, -1));
  let shared = 0;
  while (folders.every((f) => f.length > shared && f[shared] === folders[0]![shared])) shared++;
  // Their common folder is the source; what lies in folders below it are its classes.
  const root = folders[0]![shared - 1] ?? 'your files';
  const paths = given.map(({ path }) =>
    [root, ...path.replace(/^\/+/, '').split('/').slice(shared)].join('/'),
  );
  const files = new Map(given.map(({ file }, i) => [paths[i]!, file]));
  const many = paths.some((p) => /\.(png|jpe?g|webp|wave?)$|images.*idx|idx3.*images/i.test(p));
  if (many || given.length !== record.length) return { files, source: root };
  const stem = (path: string) => nameIn(path).replace(/\..*$/, '');
  const fields = record.map(({ name }) => name);
  return { files, source: byName(paths, fields, stem).join(',') };
}

function placeOf(files: ReadonlyMap<string, File>, base: string): Place {
  const under = (folder: string) => [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
  return {
    resolve: (path) => path,
    async kind(path) {
      if (files.has(path) || FASHION.includes(path)) return 'file';
      return under(path).length > 0 ? 'folder' : null;
    },
    filesIn: async (folder) => under(folder),
    async open(path, stay = false) {
      const file = files.get(path);
      return openBytes(path, file ?? (await fetched(path, base)), stay ? 0 : MEMORY);
    },
    async inflate(bytes, start, length, path) {
      const packed = new Blob([(await bytes.read(start, length)) as Uint8Array<ArrayBuffer>]);
      return new MemoryBytes(path, await unpacked(packed, 'deflate-raw', path));
    },
    async *rows(bytes, options) {
      const { parse } = await import('csv-parse/browser/esm/sync');
      const text = new TextDecoder().decode(await bytes.read(0, bytes.size));
      yield* parse(text, options);
    },
    async pictures() {
      return (path, height, width, channels) => decodePicture(files.get(path)!, height, width, channels);
    },
    async builtIn(name) {
      if (name === 'fashion') return FASHION[0]!;
      throw new UserError(`\`${name}\` does not come along with a page`, {
        hint: 'drop its files on the page: the two IDX files, packed or not',
      });
    },
  };
}

async function fetched(path: string, base: string): Promise<Blob> {
  const url = new URL(path, base);
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`.trim());
    return await answer.blob();
  } catch (error) {
    throw new UserError(`${url.pathname} cannot be fetched: ${said(error)}`, {
      hint: 'the folder of the page holds it under data/; look whether it was copied whole',
    });
  }
}

class FileBytes implements Bytes {
  constructor(
    readonly path: string,
    private readonly blob: Blob,
  ) {}
  get size(): number {
    return this.blob.size;
  }
  async read(offset: number, length: number): Promise<Uint8Array> {
    return new Uint8Array(await arrayBuffer(this.blob.slice(offset, offset + length), this.path));
  }
  async close(): Promise<void> {}
}

async function openBytes(path: string, blob: Blob, memory: number): Promise<Bytes> {
  if (blob.size === 0) throw new UserError(`${path} is empty`);
  const head = new Uint8Array(await arrayBuffer(blob.slice(0, 2), path));
  if (head[0] === 0x1f && head[1] === 0x8b) return new MemoryBytes(path, await unpacked(blob, 'gzip', path));
  if (blob.size > memory) return new FileBytes(path, blob);
  return new MemoryBytes(path, new Uint8Array(await arrayBuffer(blob, path)));
}

/** A file that was changed or moved since it was dropped cannot be read any more. */
async function arrayBuffer(blob: Blob, path: string): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer();
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${said(error)}`, {
      hint: 'it may have been moved or changed; drop it again',
    });
  }
}

async function unpacked(packed: Blob, format: 'gzip' | 'deflate-raw', path: string): Promise<Uint8Array> {
  try {
    let size = 0;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.length;
        checkUnpacked(size, packed.size, path);
        controller.enqueue(chunk);
      },
    });
    const stream = packed.stream().pipeThrough(new DecompressionStream(format)).pipeThrough(counted);
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path} cannot be unpacked (${said(error)}): it is damaged, cut off or too large`);
  }
}
