/** What to do with a folder that `ganc compile` has written for Node. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { SETS } from '../check/evaluate/declarations.ts';
import { moduleFile } from '../emit/text/file-names.ts';
import type { Model } from '../model/model.ts';
import { quoted } from './init.ts';

/**
 * How the compiled program is run, and what it would not find. It looks for relative paths of the file in its own folder,
 * `out`, where they were written for that of the `.gan` file: so its data are named from there.
 */
export function nextLines(
  { name, data, nets }: Pick<Model, 'name' | 'data' | 'nets'>,
  out: string,
  source: string,
): string[] {
  const home = source === '-' ? '.' : path.dirname(source);
  const samePlace = path.resolve(home) === path.resolve(out);
  const moved = (from: string) => !samePlace && !SETS.includes(from) && !path.isAbsolute(from);
  const fromOut = (file: string) => path.relative(out, path.resolve(home, file)) || '.';
  const given = data.flatMap(({ fields, from }) => {
    const field = fields[0]!.name;
    if (from === null) return [`--data ${field}=PATH`];
    if (!moved(from)) return [];
    const files = existsSync(path.resolve(home, from)) ? [from] : from.split(',');
    return [`--data ${quoted(`${field}=${files.map((file) => fromOut(file.trim())).join(',')}`)}`];
  });
  const enter = path.resolve(out) === process.cwd() ? [] : [`cd ${quoted(out)}`];
  const run = ['node', quoted(moduleFile({ name })), ...given].join(' ');
  const copies = nets.flatMap(({ from }) => {
    if (from === null || !moved(from)) return [];
    const folder = path.dirname(from);
    const make = folder === '.' ? '' : `mkdir -p ${quoted(folder)} && `;
    return [`${make}cp -r ${quoted(fromOut(from))} ${quoted(from)}`];
  });
  return [[...enter, ...copies, 'npm install', run].join(' && ')];
}
