/** From a file's name to a checked model, for every command that reads `.gan` files. */

import { type Analysis, analyse, type Input } from '../compile.ts';
import type { Source } from '../diagnostics/diagnostic.ts';
import type { Model } from '../model/model.ts';
import { CannotRun } from './failure.ts';
import { loader, readSource } from './files.ts';
import type { Settings } from './options.ts';
import { inOrder, renderFrame, type Sources, summarise } from './render.ts';
import type { Terminal } from './terminal.ts';

/** Reads a file, for the pipeline. Throws `CannotRun` where it cannot be read. */
export function inputOf(name: string, set: Settings = {}): Input {
  const source = readSource(name);
  return { source, set, load: loader(new Map([[source.path, source]])) };
}

export function analyseFile(name: string, set?: Settings): Analysis {
  return analyse(inputOf(name, set));
}

export function byPath(sources: readonly Source[]): Map<string, Source> {
  // The user's own texts win, should one of them be called as the prelude is.
  return new Map([...sources].reverse().map((source) => [source.path, source]));
}

/** The model of a file without errors. Says the findings on stderr; where one is an error, gives up with exit code 1. */
export function modelOf(analysis: Analysis, terminal: Terminal): Model {
  const sources: Sources = byPath(analysis.sources);
  // A note is for `check`; whoever compiles or trains has read it there.
  const said = inOrder(analysis.diagnostics.filter((d) => d.severity !== 'note'));
  for (const d of said) terminal.say(`${renderFrame(d, sources, terminal.sayPaint)}\n`);
  if (said.some((d) => d.severity === 'error')) throw new CannotRun(summarise(said), undefined, 1);
  if (!analysis.model?.whole) throw new Error('the checker gave no whole model and no error');
  return analysis.model;
}
