/** Compiles without writing files, and loads what came of it beside the runtime. */
import path from 'node:path';
import type { CompiledModel } from '../../runtimes/core/run/model.ts';
import type * as Runtime from '../../runtimes/node/index.ts';
import type { Host } from '../../runtimes/node/options.ts';
import { analyse, moduleOf } from '../compile.ts';
import type { Source } from '../diagnostics/diagnostic.ts';
import { sourceFiles } from '../emit/text/file-names.ts';
import { modelOf } from './frontend.ts';
import { dataFolder, runtimeUrl } from './paths.ts';
import { type About, carry, type Program } from './program.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

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
      carried: carry(set, files),
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
