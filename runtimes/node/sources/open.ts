/** From the name of a source (`--data x=…`, `from "…"`) to a data set. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dataset } from '../../core/data.ts';
import { UserError } from '../../core/errors.ts';
import { openBytes, unreadable } from './bytes.ts';
import { openCsv } from './csv.ts';
import { type Declared, fit } from './fit.ts';
import { generated } from './generated.ts';
import { isIdx, readIdx } from './idx.ts';
import { isNpy, readNpy } from './npy.ts';
import { isZip, readNpz } from './npz.ts';
import { openPictures, pictureFiles } from './pictures.ts';
import type { RawField, RawSource } from './raw.ts';
import { isWav, openSounds, soundFiles } from './sounds.ts';

export interface OpenOptions {
  /** Where a relative path starts: the `.gan` file's folder, or the working folder. */
  readonly directory: string;
  /** Folders that may hold `fashion` (besides those that come along). */
  readonly dataDirs?: readonly string[];
}

const here = dirname(fileURLToPath(import.meta.url));
/** Beside an emitted program; beside `dist/`; from the sources. */
const alongside = [join(here, 'data'), join(here, '../models/data'), join(here, '../../../models/data')];
/** Where Debian's `dataset-fashion-mnist` puts it. */
const installed = ['/usr/share/datasets/fashion-mnist'];

export const builtInNames = ['fashion', 'fashion-full', ...Object.keys(generated)];

export async function openSource(
  text: string,
  record: readonly Declared[],
  options: OpenOptions,
): Promise<Dataset> {
  const make = generated[text];
  if (make !== undefined) return fit(make(record), record);
  if (text === 'fashion' || text === 'fashion-full') return fit(await openFashion(text, options), record);
  const parts = text.split(',');
  const path = (p: string) => (isAbsolute(p) ? p : resolve(options.directory, p));
  if (parts.length > 1 && !existsSync(path(text)))
    return fit(await openSeveral(parts.map(path), record), record);
  return fit(await openPath(path(text), record), record);
}

async function openFashion(name: 'fashion' | 'fashion-full', options: OpenOptions): Promise<RawSource> {
  const full = name === 'fashion-full';
  const given = options.dataDirs ?? [];
  const folders = [...new Set([...given, ...(full ? installed : alongside)])];
  const stem = full ? 'train' : 'fashion';
  for (const folder of folders) {
    for (const end of ['.gz', '']) {
      const images = join(folder, `${stem}-images-idx3-ubyte${end}`);
      if (existsSync(images)) return { ...(await openIdxPair(images)), origin: name };
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

async function openPath(path: string, record: readonly Declared[]): Promise<RawSource> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (error) {
    const problem = unreadable(path, error);
    throw new UserError(problem.message, { hint: `a source is a path or one of ${builtInNames.join(', ')}` });
  }
  return isFolder ? openFolder(path, record) : openFile(path, record);
}

/** Pictures, sounds, or an IDX pair as MNIST's distributions lie. */
async function openFolder(path: string, record: readonly Declared[]): Promise<RawSource> {
  const pictures = await pictureFiles(path);
  const sounds = await soundFiles(path);
  if (pictures.files.length > 0 && pictures.files.length >= sounds.files.length) {
    return openPictures(path, pictures, record);
  }
  if (sounds.files.length > 0) return openSounds(path, sounds, record);
  const names = (await readdir(path)).sort();
  const images = names.filter((n) => /images.*idx3|idx3.*images|images-ubyte/i.test(n));
  const chosen = images.find((n) => n.startsWith('train')) ?? images[0];
  if (chosen !== undefined) return openIdxPair(join(path, chosen));
  throw new UserError(`${path} holds no pictures (PNG, JPEG, WebP), no WAV and no IDX files`, {
    hint: 'a data file of another kind is given by its own path',
  });
}

async function openFile(path: string, record: readonly Declared[]): Promise<RawSource> {
  const bytes = await openBytes(path);
  if (await isIdx(bytes)) {
    const first = await readIdx(bytes, null);
    const labels = labelsBeside(path);
    if (record.length > 1 && labels !== null) {
      await bytes.close();
      return openIdxPair(path);
    }
    return { origin: path, count: first.count, fields: [first.field], close: () => bytes.close() };
  }
  if (await isNpy(bytes)) {
    const { count, field } = await readNpy(bytes, null);
    return { origin: path, count, fields: [field], close: () => bytes.close() };
  }
  if (await isZip(bytes)) {
    const arrays = await readNpz(bytes);
    return together(path, arrays, record, async () => {
      for (const array of arrays) await array.bytes.close();
      await bytes.close();
    });
  }
  if (await isWav(bytes)) {
    await bytes.close();
    return openSounds(path, { files: [path], classes: null, names: [] }, record);
  }
  if (/\.(png|jpe?g|webp)$/i.test(path)) {
    throw new UserError(`${path} is one picture; a source of pictures is a folder of them`, {
      hint: `give its folder: ${dirname(path)}`,
    });
  }
  return openCsv(bytes, record);
}

/** `a.npy,b.npy`: one file for each field, in order. */
async function openSeveral(paths: readonly string[], record: readonly Declared[]): Promise<RawSource> {
  if (paths.length !== record.length) {
    throw new UserError(
      `${paths.length} files are given for a record of ${record.length} (${record.map((d) => d.name).join(', ')})`,
    );
  }
  const parts = await Promise.all(paths.map((p, i) => openPath(p, [record[i]!])));
  const arrays = parts.map((part, i) => ({
    count: part.count,
    field: { ...part.fields[0]!, name: record[i]!.name },
  }));
  return together(paths.join(','), arrays, record, async () => {
    for (const part of parts) await part.close?.();
  });
}

/** Arrays of one file: those that the record uses must agree on the number of examples. */
function together(
  origin: string,
  arrays: readonly { count: number; field: RawField }[],
  record: readonly Declared[],
  close: () => Promise<void>,
): RawSource {
  const named = arrays.filter((a) => record.some((d) => d.name === a.field.name));
  const used = named.length === record.length ? named : arrays;
  if (named.length !== record.length && arrays.length !== record.length) {
    throw new UserError(
      `${origin} holds the arrays ${arrays.map((a) => a.field.name).join(', ')}; the record declares ${record.map((d) => d.name).join(', ')}`,
      { hint: 'the arrays go by the names of the fields' },
    );
  }
  const counts = new Set(used.map((a) => a.count));
  if (counts.size > 1) {
    throw new UserError(
      `the arrays of ${origin} disagree on the number of examples: ${used.map((a) => `${a.field.name} has ${a.count}`).join(', ')}`,
    );
  }
  return { origin, count: used[0]!.count, fields: used.map((a) => a.field), close };
}

/** The file of classes that goes with a file of pictures, by MNIST's way of naming. */
function labelsBeside(images: string): string | null {
  const name = basename(images);
  const labels = name.replace('images', 'labels').replace('idx3', 'idx1');
  if (labels === name) return null;
  for (const candidate of [labels, labels.replace(/\.gz$/, ''), `${labels}.gz`]) {
    const path = join(dirname(images), candidate);
    if (existsSync(path)) return path;
  }
  return null;
}

async function openIdxPair(images: string): Promise<RawSource> {
  const bytes = await openBytes(images);
  const pictures = await readIdx(bytes, null);
  const labels = labelsBeside(images);
  if (labels === null)
    return { origin: images, count: pictures.count, fields: [pictures.field], close: () => bytes.close() };
  const labelBytes = await openBytes(labels);
  const classes = await readIdx(labelBytes, null);
  if (classes.count !== pictures.count) {
    throw new UserError(`${images} holds ${pictures.count} pictures and ${labels} ${classes.count} classes`);
  }
  return {
    origin: images,
    count: pictures.count,
    fields: [pictures.field, classes.field],
    close: async () => {
      await bytes.close();
      await labelBytes.close();
    },
  };
}
