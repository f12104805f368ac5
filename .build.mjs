// Bundles the command and the runtimes into dist/. `npm ci` runs it (the `prepare` script).
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
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
  plugins: [
    {
      name: 'loaded beside',
      setup(builder) {
        builder.onResolve({ filter: /kernels\/webgpu\/register\.ts$/ }, () => ({
          path: './runtime.webgpu.js',
          external: true,
        }));
        builder.onResolve({ filter: /^\.\/resample\.ts$/ }, () => ({
          path: './runtime.resample.js',
          external: true,
        }));
      },
    },
  ],
});

// What it loads beside itself when a GPU is to compute: tfjs's backend, on the one tfjs of the process, and our programs.
await build({
  ...shared,
  sourcemap: false,
  minify: true,
  mainFields: ['module', 'main'],
  entryPoints: { 'runtime.webgpu': 'runtimes/kernels/webgpu/register.ts' },
  external: ['@tensorflow/tfjs'],
  alias: { '@tensorflow/tfjs-core': '@tensorflow/tfjs' },
});

// And to resample sound: libsamplerate, two megabytes of tables.
await build({
  ...shared,
  sourcemap: false,
  minify: true,
  entryPoints: { 'runtime.resample': 'runtimes/core/sources/resample.ts' },
});

// What `ganc compile --target browser` puts around a model: one tfjs, which everything else imports, the runtime, the
// page, and what is loaded only when it is asked for (backends of GPUs, readers of rarer files).
const vendored = { '@tensorflow/tfjs': './tfjs.js', '@tensorflow/tfjs-core': './tfjs.js' };
const browser = {
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome113', 'firefox115', 'safari17'],
  mainFields: ['module', 'main'],
  loader: { '.wasm': 'binary' },
  // As Node loads it: its other build has no default export.
  alias: { wavefile: 'wavefile/dist/wavefile.js' },
  legalComments: 'linked',
  logLevel: 'warning',
  outdir: `${next}/browser`,
};
await build({ ...browser, entryPoints: { tfjs: 'runtimes/browser/backends/tfjs.ts' } });
await build({
  ...browser,
  entryPoints: {
    runtime: 'runtimes/browser/index.ts',
    webgl: 'runtimes/browser/backends/webgl.ts',
    webgpu: 'runtimes/browser/backends/webgpu.ts',
    thread: 'runtimes/browser/worker/thread.ts',
  },
  splitting: true,
  chunkNames: '[name]-[hash]',
  plugins: [
    {
      name: 'one tfjs',
      setup(builder) {
        builder.onResolve({ filter: /^@tensorflow\/tfjs(-core)?$/ }, ({ path }) => ({
          path: vendored[path],
          external: true,
        }));
      },
    },
  ],
});
const page = 'runtimes/browser/page';
await build({ ...browser, entryPoints: [`${page}/page.ts`, `${page}/page.css`] });
await copyFile(`${page}/index.html`, `${next}/browser/index.html`);

await mkdir('dist', { recursive: true });
const built = await readdir(next);
for (const name of built) {
  if (name === 'browser') await rm('dist/browser', { recursive: true, force: true });
  await rename(`${next}/${name}`, `dist/${name}`);
}
for (const name of await readdir('dist'))
  if (!built.includes(name)) await rm(`dist/${name}`, { recursive: true });
await rm(next, { recursive: true });
