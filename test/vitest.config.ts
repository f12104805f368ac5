import { defineConfig } from 'vitest/config';

/** `.gan` files are imported as text, as esbuild's text loader does it for the bundle. */
const ganText = {
  name: 'gan-text',
  transform(code: string, id: string) {
    return id.endsWith('.gan') ? `export default ${JSON.stringify(code)}` : undefined;
  },
};

export default defineConfig({
  plugins: [ganText],
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/summary-reporter.ts'],
    testTimeout: 120_000,
    pool: 'forks',
  },
});
