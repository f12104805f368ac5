/** Closes a test run with one plain line to count by, and says what did not run here and why. */
import { createRequire } from 'node:module';
import type { Reporter, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    let broken = 0;
    for (const module of modules) {
      // A file that does not load has no tests to count, and is a failure all the same.
      if (module.state() === 'failed' && module.errors().length > 0) broken++;
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state !== 'pending') count[state]++;
      }
    }
    const lines = [
      ...absent(),
      `${count.passed} passed, ${count.failed + broken} failed, ${count.skipped} skipped`,
    ];
    // After the other reporters have said theirs.
    process.once('exit', () => process.stdout.write(`${lines.join('\n')}\n`));
  }
}

/** What this machine lacks, and so which tests were left out. */
function absent(): string[] {
  const require = createRequire(import.meta.url);
  const lines: string[] = [];
  try {
    require.resolve('@tensorflow/tfjs-node');
  } catch {
    lines.push(
      'not run: backend tensorflow (the optional @tensorflow/tfjs-node is not installed); wasm and cpu were',
    );
  }
  return lines;
}
