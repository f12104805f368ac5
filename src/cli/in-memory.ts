/** Compiles without writing files, and loads what came of it beside the runtime; a run's own sources do as well. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { CompiledModel } from '../../runtimes/core/model.ts';
import { locate } from '../../runtimes/node/folder.ts';
import type * as Runtime from '../../runtimes/node/index.ts';
import type { Host } from '../../runtimes/node/options.ts';
import { analyse, type Input, moduleOf } from '../compile.ts';
import type { Source } from '../diagnostics/diagnostic.ts';
import { sourceFiles } from '../emit/file-names.ts';
import { CannotRun } from './failure.ts';
import { inputOf, modelOf } from './frontend.ts';
import { quoted } from './init.ts';
import type { Settings } from './options.ts';
import { dataFolder, runtimeUrl } from './paths.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

/** What a run remembers of where it came from, in `run.json`. */
interface About extends Record<string, unknown> {
  readonly ganc: string;
  readonly set: Settings;
  /** The folder that relative paths in the file start from. */
  readonly directory: string;
  /** Paths as spans have them, the main file first, and where the run keeps a copy. */
  readonly sources: readonly { readonly path: string; readonly kept: string }[];
}

export interface Program {
  readonly input: Input;
  readonly set: Settings;
  readonly directory: string;
}

/** With `from`, the parameters are those of that run, where nothing else is said. */
export function fromFile(name: string, given: Settings, from?: string): Program {
  const about =
    from === undefined ? undefined : (locate(from).folder?.record()?.about as Partial<About> | undefined);
  const set = { ...about?.set, ...given };
  return {
    input: inputOf(name, set),
    set,
    directory: name === '-' ? process.cwd() : path.dirname(path.resolve(name)),
  };
}

/** The program that a run was started with, from the copies that it keeps. */
export function fromRun(run: string, set: Settings): Program {
  const { folder } = locate(run);
  const record = folder?.record();
  if (run.endsWith('.safetensors') && existsSync(run) && (!folder || !record)) {
    throw new CannotRun(
      `${run} is a checkpoint by itself, and the model is not in it`,
      `ganc train MODEL.gan --from ${quoted(run)} goes on with it, into a run's folder of its own`,
    );
  }
  if (!folder || !record) {
    throw new CannotRun(
      `${run} is not a run's folder (there is no run.json)`,
      'give the folder that a training printed',
    );
  }
  const about = record.about as Partial<About>;
  const kept = about.sources;
  if (!kept?.[0] || about.directory === undefined) {
    throw new CannotRun(
      `${run} was not made by ganc train, and keeps no .gan file`,
      'use the program that made it',
    );
  }
  const sources = new Map<string, Source>();
  for (const source of kept) {
    const file = path.join(folder.path, source.kept);
    try {
      sources.set(source.path, { path: source.path, text: readFileSync(file, 'utf8') });
    } catch {
      throw new CannotRun(`${file} cannot be read: the run is not whole`, 'give the .gan file beside --from');
    }
  }
  const all = { ...about.set, ...set };
  const load = (used: string, from: string) =>
    sources.get(path.join(path.dirname(from), used)) ?? sources.get(used);
  return {
    input: { source: sources.get(kept[0].path)!, set: all, load },
    set: all,
    directory: about.directory,
  };
}

/** Compiles and imports. Findings are said on stderr; errors end with exit code 1. */
export async function loadModel(
  { input, set, directory }: Program,
  terminal: Terminal,
): Promise<{ model: CompiledModel; host: Host }> {
  const analysis = analyse(input);
  const model = modelOf(analysis, terminal);
  const { code } = moduleOf(model, analysis.sources, {
    tfjs: import.meta.resolve('@tensorflow/tfjs'),
    runtime: runtimeUrl.href,
  });
  const text = new URL(`data:text/javascript;charset=utf-8,${encodeURIComponent(code)}`);
  const module = (await import(text.href)) as { model: CompiledModel };
  const files = keep(analysis.sources);
  const about: About = {
    ganc: version,
    set,
    directory,
    sources: files.map(({ path, kept }) => ({ path, kept })),
  };
  return {
    model: module.model,
    host: {
      directory,
      dataDirs: [dataFolder],
      files: files.map(({ kept, text }) => ({ name: kept, text })),
      about,
    },
  };
}

/** Copies lie side by side in `source/`, under names of their own. */
function keep(sources: readonly Source[]): { path: string; kept: string; text: string }[] {
  const names = sourceFiles(sources);
  return sources.flatMap(({ path: from, text }) => {
    const name = names.get(from);
    return name === undefined ? [] : [{ path: from, kept: path.posix.join('source', name), text }];
  });
}

export function loadRuntime(): Promise<typeof Runtime> {
  return import(runtimeUrl.href);
}
