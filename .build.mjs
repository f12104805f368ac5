// Bundles the command and the runtimes into dist/. `npm ci` runs it (the `prepare` script).
import { chmod, readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { buildKernels } from './.kernels.mjs';

await rm('dist', { recursive: true, force: true });
await buildKernels('runtimes/kernels/wasm/built');
const { version } = JSON.parse(await readFile('package.json', 'utf8'));

// Small packages are bundled in (chevrotain from its many files takes 230 ms to load, bundled 12 ms); those that
// an emitted package.json names, tfjs and sharp, are not. CommonJS inside a bundle wants a `require`.
const shared = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  loader: { '.gan': 'text', '.wasm': 'binary' },
  logLevel: 'warning',
  sourcemap: 'linked',
  outdir: 'dist',
  define: { VERSION: JSON.stringify(version) },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
};

// The command. Each subcommand is a chunk of its own, loaded when it is called; the trainer's runtime is loaded only
// by the commands that train, so that `ganc check` starts without tfjs.
await build({
  ...shared,
  entryPoints: { ganc: 'src/cli/main.ts' },
  splitting: true,
  chunkNames: 'ganc-[name]-[hash]',
  external: ['@tensorflow/*', 'sharp', './runtime.node.js'],
});
await chmod('dist/ganc.js', 0o755);

// What `ganc compile --target node` puts beside a model as runtime.js.
await build({
  ...shared,
  sourcemap: false,
  entryPoints: { 'runtime.node': 'runtimes/node/index.ts' },
  external: ['@tensorflow/*', 'sharp'],
});
