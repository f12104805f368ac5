// Bundles the command and the runtimes into dist/. `npm ci` runs it (the `prepare` script).
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });

const shared = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  loader: { '.gan': 'text' },
  logLevel: 'warning',
};

// The command. Its dependencies stay in node_modules; the trainer's runtime is a file of its own, loaded
// only by the commands that train, so that `ganc check` starts without tfjs.
await build({
  ...shared,
  entryPoints: { ganc: 'src/cli/main.ts' },
  outdir: 'dist',
  packages: 'external',
  sourcemap: 'linked',
  external: ['./runtime.node.js'],
});
await chmod('dist/ganc.js', 0o755);

// What `ganc compile --target node` puts beside a model as runtime.js. Small packages are bundled in; those
// that the emitted package.json names (tfjs, sharp) are not.
await build({
  ...shared,
  entryPoints: { 'runtime.node': 'runtimes/node/index.ts' },
  outdir: 'dist',
  external: ['@tensorflow/*', 'sharp'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
  },
});
