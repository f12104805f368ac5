/** The emitted folder for Node: a program, its runtime, and what npm needs to know; name to text, written by the host. */

import { cut, visible } from '../../../runtimes/core/visible.ts';
import type { Source } from '../../diagnostics/diagnostic.ts';
import type { Model } from '../../model/model.ts';
import { moduleFile, sourceFiles } from '../text/file-names.ts';
import type { Written } from '../text/writer.ts';
import { readme } from './readme.ts';

export type EmittedFiles = Readonly<Record<string, string>>;

export interface PackageOptions {
  /** The text of the vendored runtime. */
  readonly runtime: string;
  /** The compiler's version. */
  readonly version: string;
}

/** Pinned: on Node 20 a bare install picks other versions. */
const DEPENDENCIES = {
  '@tensorflow/tfjs': '4.22.0',
  sharp: '0.35.5',
};

export function nodePackage(
  model: Model,
  module: Written,
  sources: readonly Source[],
  options: PackageOptions,
): EmittedFiles {
  const { name } = model;
  const file = moduleFile(model);
  const manifest = {
    name: packageName(name),
    version: '1.0.0',
    private: true,
    description: visible(
      model.doc.split('\n')[0] || `The model ${name}, compiled by ganc ${options.version}`,
    ),
    type: 'module',
    main: file,
    scripts: { start: `node ${file}` },
    engines: { node: '>=20' },
    dependencies: DEPENDENCIES,
    peerDependencies: { '@tensorflow/tfjs-node': '4.22.0', webgpu: '^0.6.2' },
    peerDependenciesMeta: { '@tensorflow/tfjs-node': { optional: true }, webgpu: { optional: true } },
  };
  const files: Record<string, string> = {
    [file]: module.code,
    [`${file}.map`]: module.map,
    'runtime.js': options.runtime,
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'README.md': readme(model, file, sourceFiles(sources).get(model.path)!, options.version),
  };
  return { ...files, ...sourceCopies(sources) };
}

/** The sources by their names in the folder. The prelude is the compiler's own; the source map holds its text. */
export function sourceCopies(sources: readonly Source[]): EmittedFiles {
  const names = sourceFiles(sources);
  return Object.fromEntries(
    sources.flatMap(({ path, text }) => {
      const name = names.get(path);
      return name === undefined ? [] : [[name, text]];
    }),
  );
}

/** What npm takes for a name: these two it does not. */
const REFUSED = new Set(['node_modules', 'favicon.ico']);

function packageName(name: string): string {
  const safe = cut(name.toLowerCase(), 200)
    .replace(/[^a-z0-9._~-]+/g, '-')
    .replace(/^[._~-]+|-+$/g, '');
  if (REFUSED.has(safe)) return `${safe}-model`;
  return safe === '' ? 'model' : safe;
}
