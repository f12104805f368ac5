/** The emitted folder for Node: a program, its runtime, and what npm needs to know; name to text, written by the host. */
import type { Model } from '../../check/model.ts';
import type { Source } from '../../diagnostics/diagnostic.ts';
import { moduleFile } from '../module-file.ts';
import type { Written } from '../tfjs/writer.ts';
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
    description: model.doc.split('\n')[0] || `The model ${name}, compiled by ganc ${options.version}`,
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
    'README.md': readme(model, file, options.version),
  };
  for (const { path, text } of sources) {
    const beside = baseName(path);
    // The prelude is the compiler's own; the source map holds its text where it is needed.
    if (beside !== 'prelude.gan' && !(beside in files)) files[beside] = text;
  }
  return files;
}

function packageName(name: string): string {
  const safe = name
    .toLowerCase()
    .replace(/[^a-z0-9._~-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '');
  return safe === '' ? 'model' : safe;
}

export function baseName(path: string): string {
  if (path === '<stdin>') return 'model.gan';
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}
