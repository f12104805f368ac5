/**
 * The emitted folder for browsers: a page and the module that its worker runs; name to text, written by the host, which
 * puts the runtime beside them.
 */

import type { Source } from '../../diagnostics/diagnostic.ts';
import type { Model } from '../../model/model.ts';
import { type EmittedFiles, sourceCopies } from '../node/package.ts';
import { moduleFile, sourceFiles } from '../text/file-names.ts';
import { filled } from '../text/html.ts';
import type { Written } from '../text/writer.ts';
import { readme } from './readme.ts';

export interface PageOptions {
  /** The template of index.html. */
  readonly page: string;
  /** The compiler's version. */
  readonly version: string;
}

/** Imports of the emitted module: vendored, so that the folder works without a network. */
export const browserModule = { tfjs: './tfjs.js', runtime: './runtime.js' };

export function browserPackage(
  model: Model,
  module: Written,
  sources: readonly Source[],
  { page, version }: PageOptions,
): EmittedFiles {
  const file = moduleFile(model);
  const files: Record<string, string> = {
    'index.html': filled(page, {
      title: model.name,
      description: model.doc || `The model ${model.name}, compiled by ganc ${version}`,
      model: `./${encodeURIComponent(file)}`,
    }),
    [file]: module.code,
    [`${file}.map`]: module.map,
    'README.md': readme(model, file, sourceFiles(sources).get(model.path)!, version),
  };
  return { ...files, ...sourceCopies(sources) };
}
