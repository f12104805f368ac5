/** From the name of a source (`--data x=…`, `from "…"`) to a data set. */

import { said, UserError } from '../errors.ts';
import type { Dataset } from '../run/data.ts';
import { counted, type Notice } from '../run/facts.ts';
import type { ReadingSpec } from '../run/model.ts';
import { entry } from '../table.ts';
import { filesOf, natural } from './classes.ts';
import { openCsv } from './csv.ts';
import { type Declared, sourceName, typeText } from './declared.ts';
import { fit } from './fit.ts';
import { generated } from './generated.ts';
import { isIdx, readIdx } from './idx.ts';
import { heeded, howOf, join, withoutBroken } from './join.ts';
import { MEDIA, OTHER_PICTURE, OTHER_SOUND, PICTURE, SOUND, withOthers } from './kinds.ts';
import { nearName } from './near.ts';
import { isNpy, readNpy } from './npy.ts';
import { isZip, readNpz } from './npz.ts';
import { unpaired } from './pairs.ts';
import { byName, pathsIn } from './paths.ts';
import { openPictures } from './pictures.ts';
import { type Bytes, folderOf, nameIn, type Place } from './place.ts';
import type { RawField, RawSource } from './raw.ts';
import { isText, openText } from './text.ts';
import { unpackLine } from './wav.ts';
import { rowsRecord } from './windows.ts';

const files = ['fashion', 'fashion-full'];

export const builtInNames = [...files, ...Object.keys(generated)];

/** `reading`: how the declaration has the source read. */
export async function openSource(
  text: string,
  fields: readonly Declared[],
  place: Place,
  reading: ReadingSpec = {},
): Promise<Dataset> {
  const named = fields.map((d, i) => ({ ...d, ...(reading.fields ? { source: reading.fields[i]! } : {}) }));
  const record = unpaired(named, reading);
  const make = entry(generated, text);
  if (make !== undefined) return fit(make(record), named, reading);
  if (files.includes(text)) {
    const pair = await openIdxPair(await place.builtIn(text), place);
    return fit({ ...pair, origin: text }, named, reading);
  }
  const paths = await pathsIn(
    text,
    record.length,
    async (p) => (await place.kind(place.resolve(p))) !== null,
  );
  const source =
    paths.length > 1
      ? await openSeveral(
          paths.map((p) => place.resolve(p)),
          record,
          place,
          reading,
        )
      : await openPath(place.resolve(paths[0]!), record, place, reading);
  return fit(withoutBroken(source), named, reading);
}

async function openPath(
  path: string,
  record: readonly Declared[],
  place: Place,
  reading: ReadingSpec,
): Promise<RawSource> {
  const hint = `a source is a path or one of ${builtInNames.join(', ')}`;
  const kind = await place.kind(path).catch((error) => {
    throw new UserError(said(error), { hint });
  });
  if (kind === null) throw new UserError(`${path} does not exist`, { hint: await meant(path, place, hint) });
  return kind === 'folder'
    ? openFolder(path, record, place, reading)
    : openFile(path, record, place, reading);
}

/** The way out where there is nothing at a path: the name that was meant, if one is near. */
async function meant(path: string, place: Place, otherwise: string): Promise<string> {
  const [folder, name] = [folderOf(path), nameIn(path)];
  const star = path.search(/[*?]/);
  if (star >= 0) return `a source is no pattern: give the folder, ${folderOf(path.slice(0, star)) || '.'}`;
  const builtIn = nearName(name, builtInNames);
  if (builtIn !== null) return `did you mean \`${builtIn}\`? ${otherwise}`;
  const there = ((await place.namesIn?.(folder)) ?? []).sort(natural);
  const near = nearName(name, there);
  return near === null ? otherwise : `did you mean ${folder}${near}?`;
}

async function isWav(bytes: Bytes): Promise<boolean> {
  if (SOUND.test(bytes.path)) return true;
  if (bytes.size < 12) return false;
  const head = String.fromCharCode(...(await bytes.read(0, 12)));
  return /^(RIFF|RIFX|RF64)/.test(head) && head.endsWith('WAVE');
}

/** Pictures, sounds, or an IDX pair as MNIST's distributions lie. */
async function openFolder(
  path: string,
  record: readonly Declared[],
  place: Place,
  reading: ReadingSpec,
): Promise<RawSource> {
  const all = await place.filesIn(path);
  const below = fieldFolders(path, all, record);
  if (below !== null) {
    const source = await openSeveral(
      below.map((name) => `${path}/${name}`),
      record,
      place,
      reading,
    );
    const notices = [...(source.facts?.notices ?? []), ...otherFolders(path, below, record)];
    return { ...source, facts: { ...source.facts, notices } };
  }
  const text = record.find(isText);
  if (text !== undefined) {
    throw new UserError(`${path} is a folder, and \`${text.name}\` is declared ${typeText(text.type)}`, {
      hint: 'a source of text is one file: cat FOLDER/*.txt > ALL.txt',
    });
  }
  const pictures = filesOf(path, all, PICTURE);
  const sounds = filesOf(path, all, SOUND);
  if (pictures.files.length > 0 && pictures.files.length >= sounds.files.length) {
    return withOthers(await openPictures(path, pictures, record, place, reading), all, 'picture');
  }
  if (sounds.files.length > 0) {
    const { openSounds } = await import('./sounds.ts');
    return withOthers(await openSounds(path, sounds, record, place, reading), all, 'sound');
  }
  const images = filesOf(path, all, /images.*idx3|idx3.*images|images-ubyte/i).files;
  const chosen = images.find((n) => nameIn(n).startsWith('train')) ?? images[0];
  if (chosen !== undefined) return openIdxPair(chosen, place);
  const other = filesOf(path, all, OTHER_SOUND).files;
  if (other[0] !== undefined) {
    throw new UserError(`${path} holds sounds of a kind that is not read: ${other[0]}`, {
      hint: `sounds are WAV files: ${unpackLine(other[0])}`,
    });
  }
  const drawn = filesOf(path, all, OTHER_PICTURE).files;
  if (drawn[0] !== undefined) {
    throw new UserError(`${path} holds pictures of a kind that is not read: ${drawn[0]}`, {
      hint: 'pictures are PNG, JPEG or WebP: convert them to PNG',
    });
  }
  throw new UserError(`${path} holds no pictures (PNG, JPEG, WebP), no WAV and no IDX files`, {
    hint: 'a data file of another kind is given by its own path',
  });
}

/** A folder for each field, below the one that is given: those of the fields' names, the others in natural order. */
function fieldFolders(path: string, all: readonly string[], record: readonly Declared[]): string[] | null {
  if (record.filter((d) => d.type.meaning !== 'label').length < 2) return null;
  const { names } = filesOf(path, all, MEDIA);
  const fields = record.map(sourceName);
  if (fields.every((name) => names.includes(name))) return fields;
  return names.length === fields.length ? byName(names, fields, (name) => name) : null;
}

/** Folders of other names than the fields are taken in natural order, which may be the wrong way round: it is said. */
function otherFolders(path: string, folders: readonly string[], record: readonly Declared[]): Notice[] {
  const alike = folders.map((name, i) => name.toLowerCase() === sourceName(record[i]!).toLowerCase());
  if (alike.every((same) => same)) return [];
  const reads = record.map((d, i) => `${d.name} ← ${folders[i]}`).join(', ');
  const own = alike.includes(true);
  return [
    {
      message: `${own ? 'not all' : 'the'} folders in ${path} ${own ? 'have' : 'do not have'} the names of the fields, and ${own ? 'the others' : 'they'} are taken in the order of their names: ${reads}`,
      hint: 'give the folders the names of the fields, or give each folder: --data NAME=FIRST,SECOND',
    },
  ];
}

async function openFile(
  path: string,
  record: readonly Declared[],
  place: Place,
  reading: ReadingSpec,
): Promise<RawSource> {
  const bytes = await place.open(path);
  if (await isIdx(bytes)) {
    const first = await readIdx(bytes, null);
    const labels = await labelsBeside(path, place);
    if (record.length > 1 && labels !== null) {
      await bytes.close();
      return openIdxPair(path, place);
    }
    return { origin: path, count: first.count, fields: [first.field], close: () => bytes.close() };
  }
  if (await isNpy(bytes)) {
    const { count, field } = await readNpy(bytes, null);
    return { origin: path, count, fields: [field], close: () => bytes.close() };
  }
  if (await isZip(bytes)) {
    const arrays = await readNpz(bytes, place, reading.fields === undefined ? null : record.map(sourceName));
    return together(path, arrays, record, async () => {
      for (const array of arrays) await array.bytes.close();
      await bytes.close();
    });
  }
  if (await isWav(bytes)) {
    await bytes.close();
    const { openSounds } = await import('./sounds.ts');
    return openSounds(path, { files: [path], folders: null, names: [], hidden: [] }, record, place, reading);
  }
  if (PICTURE.test(path) || OTHER_PICTURE.test(path)) {
    throw new UserError(
      `${path} is one picture; a source of pictures is a folder of them (PNG, JPEG, WebP)`,
      {
        hint: folderOf(path) === '' ? 'give the folder that it is in' : `give its folder: ${folderOf(path)}`,
      },
    );
  }
  if (OTHER_SOUND.test(path)) {
    throw new UserError(`${path} is sound of a kind that is not read`, {
      hint: `sounds are WAV files: ${unpackLine(path)}`,
    });
  }
  if (record.some(isText)) return openText(bytes, record, reading);
  return openCsv(bytes, rowsRecord(record, reading), place);
}

/**
 * `a.npy,b.npy`: one file or folder for each field, in order; a table or NPZ may come last, for all fields that are left.
 * Folders are joined by the names of their files.
 */
async function openSeveral(
  paths: readonly string[],
  record: readonly Declared[],
  place: Place,
  reading: ReadingSpec,
): Promise<RawSource> {
  const last = paths.at(-1)!;
  const rest = record.slice(paths.length - 1);
  const shared = rest.length > 1 && (await place.kind(last)) !== 'folder';
  if (paths.length !== record.length && !shared) {
    throw new UserError(
      `${paths.length} sources are given for ${counted(record.length, 'field')} (${record.map((d) => d.name).join(', ')})`,
      {
        hint: 'give one for each field, in this order, with a comma between them; a table may come last, for all that is left',
      },
    );
  }
  const parts: RawSource[] = [];
  for (const [i, path] of paths.entries()) {
    const one = record[i]!;
    const many = shared && i === paths.length - 1;
    const part = await openPath(path, many ? rest : [one], place, reading);
    // An array is that of its field, whatever it is called.
    parts.push(many ? part : { ...part, fields: [{ ...part.fields[0]!, name: sourceName(one) }] });
  }
  if (parts.some((part) => part.keys !== undefined)) return join(parts);
  const arrays = parts.flatMap(({ count, fields }) => fields.map((field) => ({ count, field })));
  const whole = together(paths.join(','), arrays, record, async () => {
    for (const part of parts) await part.close?.();
  });
  return {
    ...whole,
    ...heeded(parts),
    facts: {
      how: howOf(parts),
      notices: parts.flatMap((p) => p.facts?.notices ?? []),
    },
  };
}

/** Arrays of one file: those that the record uses must agree on the number of examples. */
function together(
  origin: string,
  arrays: readonly { count: number; field: RawField }[],
  record: readonly Declared[],
  close: () => Promise<void>,
): RawSource {
  const named = arrays.filter((a) => record.some((d) => sourceName(d) === a.field.name));
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
async function labelsBeside(images: string, place: Place): Promise<string | null> {
  const name = nameIn(images);
  const labels = name.replace('images', 'labels').replace('idx3', 'idx1');
  if (labels === name) return null;
  for (const candidate of [labels, labels.replace(/\.gz$/, ''), `${labels}.gz`]) {
    const path = folderOf(images) + candidate;
    if ((await place.kind(path)) === 'file') return path;
  }
  return null;
}

async function openIdxPair(images: string, place: Place): Promise<RawSource> {
  const bytes = await place.open(images);
  const pictures = await readIdx(bytes, null);
  const labels = await labelsBeside(images, place);
  if (labels === null)
    return { origin: images, count: pictures.count, fields: [pictures.field], close: () => bytes.close() };
  const labelBytes = await place.open(labels);
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
