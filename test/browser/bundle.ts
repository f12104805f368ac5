/** TypeScript of the tests as a page of its own: bundled with esbuild, its exports callable from the test. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export interface BundleOptions {
  /** More entries, workers say: file name in the folder → source. */
  also?: Record<string, string>;
  /** Names that esbuild replaces (`define`) and imports that lead elsewhere (`alias`). */
  define?: Record<string, string>;
  alias?: Record<string, string>;
}

/**
 * A new folder with index.html, which loads `entry` as a module and keeps its exports in `globalThis.entry`.
 * A stack trace shows the sources' lines.
 */
export async function bundle(entry: string | URL, options: BundleOptions = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ganc-page-'));
  const source = entry instanceof URL ? fileURLToPath(entry) : entry;
  const also = Object.entries(options.also ?? {}).map(([name, from]) => ({ in: from, out: bare(name) }));
  await build({
    entryPoints: [{ in: source, out: 'entry' }, ...also],
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'chrome120',
    mainFields: ['module', 'main'],
    loader: { '.gan': 'text', '.wasm': 'binary' },
    define: options.define ?? {},
    alias: options.alias ?? {},
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
  });
  await writeFile(
    join(folder, 'index.html'),
    `<!doctype html><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,">
<script type="module">globalThis.entry = await import('./entry.js');</script>`,
  );
  return folder;
}

const bare = (name: string) => name.replace(/\.js$/, '');
