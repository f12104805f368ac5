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

export default defineConfig({
  plugins: [ganText, wasmBytes],
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/summary-reporter.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Most files compute on one core; on a machine of two, one would wait.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
