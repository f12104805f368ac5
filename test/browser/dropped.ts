/** Files as they are dropped on a page, and what Node reads from the same bytes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DataChoice } from '../../runtimes/browser/protocol.ts';
import type { ReadingSpec, TypeSpec } from '../../runtimes/core/run/model.ts';
import { openSource } from '../../runtimes/node/sources/open.ts';

/** Bytes by path. */
export type Dropped = Record<string, Uint8Array>;

/** The files as a page takes them. */
export const chosen = (files: Dropped): DataChoice =>
  ({
    kind: 'files',
    files: Object.entries(files).map(([path, bytes]) => ({
      path,
      file: { $file: [...bytes], name: path.split('/').at(-1) },
    })),
  }) as unknown as DataChoice;

/** What Node reads from these files, lying in `folder`: the first `count` examples, or all. */
export async function inNode(
  folder: string,
  files: Dropped,
  source: string,
  fields: { name: string; type: TypeSpec }[],
  { count, reading = {} }: { count?: number; reading?: ReadingSpec } = {},
) {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  const dataset = await openSource(join(folder, source), fields, { directory: folder, reading });
  const indices = Int32Array.from({ length: count ?? dataset.count }, (_, i) => i);
  return { count: dataset.count, values: await dataset.read(indices), how: dataset.facts!.how };
}
