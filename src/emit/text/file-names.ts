/**
 * What the files of an emitted folder are called. Names of the user's files come in, names that every shell, web server
 * and file system takes as they are go out: letters, digits, `-`, `_` and `.`.
 */

import { cut } from '../../../runtimes/core/visible.ts';
import type { Source } from '../../diagnostics/diagnostic.ts';
import type { Model } from '../../model/model.ts';

/** Files of either target's runtime, so that a model has one name on both. */
const TAKEN = new Set([
  'tfjs',
  'runtime',
  'runtime.webgpu',
  'runtime.resample',
  'page',
  'thread',
  'webgl',
  'webgpu',
]);

/** The emitted module's: as the model is called, unless a file of the runtime is called so. */
export function moduleFile({ name }: Pick<Model, 'name'>): string {
  const stem = safeStem(name);
  return TAKEN.has(stem.toLowerCase()) ? `${stem}-model.js` : `${stem}.js`;
}

/** Where the copies of the sources lie, by their paths: distinct names that end in `.gan`. The prelude is not copied. */
export function sourceFiles(sources: readonly Source[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set(['prelude.gan']);
  for (const { path } of sources) {
    if (path === 'prelude.gan' || names.has(path)) continue;
    const base = path === '<stdin>' ? 'model' : path.slice(path.search(/[^\\/]*$/));
    const stem = safeStem(base.replace(/\.gan$/, ''));
    let name = `${stem}.gan`;
    // Some file systems do not tell capitals from small letters.
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}-${n}.gan`;
    taken.add(name.toLowerCase());
    names.set(path, name);
  }
  return names;
}

/** Long ones are cut: with `.js.map` and a few letters more they must stay under a file system's 255 bytes. */
function safeStem(name: string): string {
  const safe = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return cut(safe, 60) || 'model';
}
