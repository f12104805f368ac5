/** Closes a test run with one plain line to count by, and says what did not run here and why. */
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { tensorflowEntry } from '../runtimes/node/outcome.ts';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    let broken = 0;
    const skipped = new Set<string>();
    for (const module of modules) {
      // A file that does not load has no tests to count, and is a failure all the same.
      if (module.state() === 'failed' && module.errors().length > 0) broken++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') count[state]++;
        if (state === 'skipped') skipped.add(`skipped: ${module.relativeModuleId} > ${suiteOf(test)}`);
      }
    }
    const lines = [
      ...skipped,
      ...absent(),
      `${count.passed} passed, ${count.failed + broken} failed, ${count.skipped} skipped`,
    ];
    // After the other reporters have said theirs.
    process.once('exit', () => process.stdout.write(`${lines.join('\n')}\n`));
  }
}

/** The describe block that was left out whole, or the test alone. */
function suiteOf(test: TestCase): string {
  const { parent } = test;
  const whole =
    parent.type === 'suite' && [...parent.children.allTests()].every((t) => t.result().state === 'skipped');
  return whole ? parent.fullName : test.fullName;
}

/** What this machine lacks, and so which tests were left out. */
function absent(): string[] {
  if (tensorflowEntry() !== null) return [];
  return [
    'not run: backend tensorflow (the optional @tensorflow/tfjs-node is not installed); wasm and cpu were',
  ];
}
