// Bundles the benchmark and starts it: `npm run bench -- [options]`.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { buildKernels } from '../../.kernels.mjs';
import { buildPeaks } from './peak.mjs';

const here = import.meta.dirname;
const root = path.resolve(here, '../..');
process.chdir(root);
// Inside node_modules, so that what is not bundled is found from there; git ignores it.
const outdir = path.join(root, 'node_modules/.cache/ganc-bench');
rmSync(outdir, { recursive: true, force: true });
// The kernels of this source tree, not those of the last build.
const kernels = path.join(outdir, 'kernels');
await buildKernels(kernels);
await buildPeaks(path.join(outdir, 'peaks'));
const fresh = {
  name: 'fresh-kernels',
  setup(b) {
    b.onResolve({ filter: /\/built\/.*\.wasm$/ }, (a) => ({ path: path.join(kernels, path.basename(a.path)) }));
  },
};
await build({
  entryPoints: {
    bench: path.join(here, 'bench.ts'),
    ours: path.join(here, 'ours.ts'),
    limit: path.join(here, 'limit.ts'),
    operation: path.join(here, 'operations/child.ts'),
    runtime: path.join(here, 'runtime.ts'),
    'peer-jax': path.join(here, 'peers/jax.ts'),
    'peer-tfjs': path.join(here, 'peers/tfjs.ts'),
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outExtension: { '.js': '.mjs' },
  loader: { '.gan': 'text', '.wasm': 'binary' },
  packages: 'external',
  plugins: [fresh],
  logLevel: 'warning',
});
await import(pathToFileURL(path.join(outdir, 'bench.mjs')).href);
