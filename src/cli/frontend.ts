/** From a file's name to a checked model, for every command that reads `.gan` files. */
import prelude from '../../grammar/prelude.gan';
import { check } from '../check/check.ts';
import type { Model } from '../check/model.ts';
import type { Diagnostic, Source } from '../diagnostics/diagnostic.ts';
import type { File } from '../syntax/ast.ts';
import { parse } from '../syntax/parse.ts';
import { CannotRun } from './failure.ts';
import { loader, readSource } from './files.ts';
import { inOrder, renderFrame, summarise } from './render.ts';
import type { Terminal } from './terminal.ts';

export interface Analysed {
  readonly source: Source;
  readonly file?: File;
  readonly model?: Model;
  readonly diagnostics: readonly Diagnostic[];
}

/** What has been read so far, by the path that spans name. */
export function newSources(): Map<string, Source> {
  return new Map([['prelude.gan', { path: 'prelude.gan', text: prelude }]]);
}

/** Reads, parses and checks. Throws `CannotRun` where the file cannot be read, never for what stands in it. */
export function analyse(name: string, set: Record<string, string>, sources: Map<string, Source>): Analysed {
  const source = sources.get(name) ?? readSource(name);
  sources.set(source.path, source);
  const parsed = parse(source);
  if (!parsed.value) return { source, diagnostics: parsed.diagnostics };
  const file = parsed.value;
  const checked = check({ file, source, set, load: loader(sources) });
  const diagnostics = [...parsed.diagnostics, ...checked.diagnostics];
  return checked.value ? { source, file, model: checked.value, diagnostics } : { source, file, diagnostics };
}

/** Says the findings on stderr; where one is an error, gives up with exit code 1. */
export function sayFindings(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, Source>,
  terminal: Terminal,
): void {
  // A note is for `check`; whoever compiles or trains has read it there.
  const said = inOrder(diagnostics.filter((d) => d.severity !== 'note'));
  for (const d of said) terminal.say(`${renderFrame(d, sources, terminal.sayPaint)}\n`);
  if (diagnostics.some((d) => d.severity === 'error')) throw new CannotRun(summarise(said), undefined, 1);
}

/** The model of a file without errors. */
export function modelOf(analysed: Analysed, sources: ReadonlyMap<string, Source>, terminal: Terminal): Model {
  sayFindings(analysed.diagnostics, sources, terminal);
  if (!analysed.model) throw new Error(`${analysed.source.path} gave no model and no error`);
  return analysed.model;
}
