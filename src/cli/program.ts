/** Where a model comes from: a file, a run that keeps its sources, or a checkpoint that carries them. */
import path from 'node:path';
import * as v from 'valibot';
import { byName, mismatch } from '../../runtimes/core/validate.ts';
import { locate, type Origin, readCheckpoint } from '../../runtimes/node/folder.ts';
import type { Input } from '../compile.ts';
import type { Source } from '../diagnostics/diagnostic.ts';
import { CannotRun } from './failure.ts';
import { readSource } from './files.ts';
import { inputOf } from './frontend.ts';
import { quoted } from './init.ts';
import type { Settings } from './options.ts';
import { here } from './paths.ts';

export interface Program {
  readonly input: Input;
  readonly set: Settings;
  /** The folder that relative paths in the file start from. */
  readonly directory: string;
  /** What is to be said before it is used. */
  readonly notice?: string;
}

/** What a run remembers of where it came from, in `run.json`. */
const about = v.object({
  ganc: v.string(),
  set: byName(v.string()),
  directory: v.string(),
  /** Paths as spans have them, the main file first, and where the run keeps a copy. */
  sources: v.pipe(v.array(v.object({ path: v.string(), kept: v.string() })), v.minLength(1)),
});
export type About = v.InferOutput<typeof about>;

/** What a checkpoint carries, so that it can be drawn from wherever it is: texts with their paths from the main file. */
const carried = v.object({
  format: v.literal(1),
  set: byName(v.string()),
  sources: v.pipe(v.array(v.object({ path: v.string(), text: v.string() })), v.minLength(1)),
});
type Carried = v.InferOutput<typeof carried>;

/** Under this name it stands in the metadata of a checkpoint. */
const KEY = 'ganc.program';

/** Metadata for the checkpoints of a program. */
export function carry(set: Settings, [main, ...used]: readonly Source[]): Record<string, string> {
  const folder = path.dirname(main!.path);
  const sources = [
    { path: path.basename(main!.path), text: main!.text },
    ...used.map((s) => ({ path: path.relative(folder, s.path).replaceAll(path.sep, '/'), text: s.text })),
  ];
  return { [KEY]: JSON.stringify({ format: 1, set, sources } satisfies Carried) };
}

/** With `from`, the parameters are those of that run, where nothing else is said. */
export function fromFile(name: string, given: Settings, from?: string): Program {
  const set = { ...(from === undefined ? {} : settingsOf(locate(from))), ...given };
  return {
    input: inputOf(name, set),
    set,
    directory: name === '-' ? process.cwd() : path.dirname(path.resolve(name)),
  };
}

function settingsOf(origin: Origin): Settings {
  const known = origin.folder?.record()?.about.set ?? carriedBy(origin)?.set;
  return mismatch(byName(v.string()), known) === null ? (known as Settings) : {};
}

/** The program that a run was started with, from the copies that it keeps. */
export function fromRun(run: string, given: Settings): Program {
  const origin = locate(run);
  const record = origin.folder?.record() ?? null;
  return record === null
    ? fromCheckpoint(run, origin, given)
    : fromCopies(run, origin.folder!.path, record.about, given);
}

function fromCopies(
  run: string,
  folder: string,
  remembered: Record<string, unknown>,
  given: Settings,
): Program {
  if (remembered.sources === undefined) {
    throw new CannotRun(
      `${run} was not made by ganc train, and keeps no .gan file`,
      `ganc sample ${quoted(run)} --model FILE.gan draws from it; ganc train FILE.gan --from ${quoted(run)} goes on with it`,
    );
  }
  const wrong = mismatch(about, remembered);
  if (wrong !== null)
    throw new CannotRun(`${path.join(folder, 'run.json')} is not what a run writes: about.${wrong}`);
  const { set: before, directory, sources } = remembered as About;
  const copies = sources.map(({ path: from, kept }) => {
    const file = path.join(folder, kept);
    try {
      // A record says where in its own folder a copy lies, and nothing else.
      if (path.relative(folder, file).startsWith('..')) throw new Error('outside');
      return { path: from, text: readSource(file).text };
    } catch {
      throw new CannotRun(`${file} cannot be read: the run is not whole`, 'give the .gan file beside --from');
    }
  });
  const program = programOf(copies, { ...before, ...given }, directory);
  const notice = editedSince(copies, directory, run);
  return notice === null ? program : { ...program, notice };
}

/** Says that the run's copies are used, where a file that they were taken from is another now. */
function editedSince(copies: readonly Source[], directory: string, run: string): string | null {
  const folder = path.dirname(copies[0]!.path);
  for (const { path: from, text } of copies) {
    const original = path.resolve(directory, path.relative(folder, from));
    try {
      if (readSource(original).text === text) continue;
    } catch {
      // It has gone: there is nothing else to go on with.
      continue;
    }
    const main = path.resolve(directory, path.basename(copies[0]!.path));
    return `${here(original)} was edited since: the run goes on with its own copy (ganc train ${quoted(here(main))} --from ${quoted(run)} takes the file as it is now)`;
  }
  return null;
}

function fromCheckpoint(run: string, origin: Origin, given: Settings): Program {
  const found = carriedBy(origin);
  if (found === null) {
    const file = quoted(run);
    throw new CannotRun(
      `${run} holds weights, and not the model that they are of`,
      `ganc sample ${file} --model FILE.gan draws from it; ganc train FILE.gan --from ${file} goes on with it`,
    );
  }
  return programOf(found.sources, { ...found.set, ...given }, process.cwd());
}

/** null where a checkpoint carries no program, as one of another origin, of a page or of a compiled folder. */
function carriedBy({ checkpoint }: Origin): Carried | null {
  if (checkpoint === null) return null;
  const text = readCheckpoint(checkpoint).metadata[KEY];
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (mismatch(carried, value) === null) return value as Carried;
  } catch {
    // As below.
  }
  throw new CannotRun(
    `${checkpoint} is damaged: the program that it carries is not what a run writes`,
    'name the .gan file',
  );
}

function programOf(sources: readonly Source[], set: Settings, directory: string): Program {
  const texts = new Map(sources.map((source) => [source.path, source]));
  const load = (used: string, from: string) =>
    texts.get(path.join(path.dirname(from), used)) ?? texts.get(used);
  return { input: { source: sources[0]!, set, load }, set, directory };
}
