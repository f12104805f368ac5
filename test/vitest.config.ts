import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** `.gan` files are imported as text, as esbuild's text loader does it for the bundle. */
const ganText = {
  name: 'gan-text',
  transform(code: string, id: string) {
    return id.endsWith('.gan') ? `export default ${JSON.stringify(code)}` : undefined;
  },
};

/** `.wasm` files are imported as their bytes, as esbuild's binary loader does it. `npm run build` makes them. */
const wasmBytes = {
  name: 'wasm-bytes',
  enforce: 'pre' as const,
  load(id: string) {
    if (!id.endsWith('.wasm')) return undefined;
    const base64 = readFileSync(id).toString('base64');
    return `export default Uint8Array.from(atob('${base64}'), (c) => c.charCodeAt(0))`;
  },
};

/** Tests that train, start processes or browsers, or run long: each file in a process of its own. */
const SLOW = [
  'test/{e2e,fuzz,kernels,backends,emitted,browser,oracle}/**/*.test.ts',
  'test/runtime/{folder,lock,sounds}.test.ts',
];

export default defineConfig({
  plugins: [ganText, wasmBytes],
  test: {
    projects: [
      // What `npm run check` runs. Files share what they import, so the compiler is loaded once a worker.
      {
        extends: true,
        test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: SLOW, isolate: false },
      },
      { extends: true, test: { name: 'slow', include: SLOW } },
    ],
    reporters: ['default', './test/summary-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Most files compute on one core; on a machine of two, one would wait.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
