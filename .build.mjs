// Bundles the command and the runtimes into dist/. `npm ci` runs it (the `prepare` script).
import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { buildKernels } from './.kernels.mjs';

await buildKernels('runtimes/kernels/wasm/built');
// Built beside and moved over, so that a command that runs meanwhile finds a whole dist/.
const next = `.dist-${process.pid}`;
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
  outdir: next,
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
await chmod(`${next}/ganc.js`, 0o755);

// What `ganc compile --target node` puts beside a model as runtime.js.
await build({
  ...shared,
  sourcemap: false,
  entryPoints: { 'runtime.node': 'runtimes/node/index.ts' },
  external: ['@tensorflow/*', 'sharp'],
});

await mkdir('dist', { recursive: true });
const built = await readdir(next);
for (const name of built) await rename(`${next}/${name}`, `dist/${name}`);
for (const name of await readdir('dist'))
  if (!built.includes(name)) await rm(`dist/${name}`, { recursive: true });
await rm(next, { recursive: true });
