/** Data sets from this machine's files: what `core/sources` asks of a place, on Node's file system. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../core/errors.ts';
import type { Dataset } from '../../core/run/data.ts';
import type { ReadingSpec } from '../../core/run/model.ts';
import type { Declared } from '../../core/sources/declared.ts';
import { openSource as openSourceAt } from '../../core/sources/open.ts';
import type { Place } from '../../core/sources/place.ts';
import { openBytes, piecesOf, unpack, unreadable } from './bytes.ts';
import { rowsOf } from './csv.ts';
import { pictureDecoder } from './pictures.ts';

export { builtInNames } from '../../core/sources/open.ts';

export interface OpenOptions {
  /** Samples a second to which sounds are brought. */
  readonly resample?: number;
  /** Where a relative path starts: the `.gan` file's folder, or the working folder. */
  readonly directory: string;
  /** Folders that may hold `fashion` (besides those that come along). */
  readonly dataDirs?: readonly string[];
  /** How the declaration has it read. */
  readonly reading?: ReadingSpec;
}

const here = dirname(fileURLToPath(import.meta.url));
/** Beside an emitted program; beside `dist/`; from the sources. */
const alongside = [join(here, 'data'), join(here, '../models/data'), join(here, '../../../models/data')];
/** Where Debian's `dataset-fashion-mnist` puts it. */
const installed = ['/usr/share/datasets/fashion-mnist'];

export function openSource(
  text: string,
  record: readonly Declared[],
  options: OpenOptions,
): Promise<Dataset> {
  return openSourceAt(text, record, placeOf(options), options.reading);
}

function placeOf({ directory, dataDirs = [], resample }: OpenOptions): Place {
  return {
    ...(resample === undefined ? {} : { resample }),
    resolve: (path) => (isAbsolute(path) ? path : resolve(directory, path)),
    async kind(path) {
      try {
        return (await stat(path)).isDirectory() ? 'folder' : 'file';
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'ENOENT' || code === 'ENOTDIR') return null;
        throw unreadable(path, error);
      }
    },
    async filesIn(folder) {
      const entries = await readdir(folder, { withFileTypes: true, recursive: true });
      const files: string[] = [];
      for (const entry of entries) {
        const path = join(entry.parentPath, entry.name);
        // Pipes and devices are no data: they would be waited for.
        if (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(path)))) files.push(path);
      }
      return files;
    },
    namesIn: (folder) => readdir(folder === '' ? '.' : folder).catch(() => []),
    open: (path, stay = false) => (stay ? openBytes(path, 0) : openBytes(path)),
    inflate: (bytes, start, length, path) => unpack(piecesOf(bytes, start, length), 'deflate', path),
    rows: rowsOf,
    pictures: pictureDecoder,
    builtIn: async (name) => fashion(name, dataDirs),
  };
}

/** A link that leads nowhere counts as a file: it is named as one that cannot be read. */
async function leadsToFile(link: string): Promise<boolean> {
  const info = await stat(link).catch(() => null);
  return info === null || info.isFile();
}

function fashion(name: string, given: readonly string[]): string {
  const full = name === 'fashion-full';
  const folders = [...new Set([...given, ...(full ? installed : alongside)])];
  const stem = full ? 'train' : 'fashion';
  for (const folder of folders) {
    for (const end of ['.gz', '']) {
      const images = join(folder, `${stem}-images-idx3-ubyte${end}`);
      if (existsSync(images)) return images;
    }
  }
  throw new UserError(
    full
      ? `the full Fashion-MNIST set is not installed (looked in ${folders.join(', ')})`
      : `the pictures of \`fashion\` are not here (looked in ${folders.join(', ')})`,
    {
      hint: full
        ? 'apt install dataset-fashion-mnist, or give its folder: --data x=PATH; `fashion` comes along'
        : 'give their folder with --data x=PATH',
    },
  );
}
