/**
 * Twice the program, twice the work: programs of many kinds at n, 2n and 4n, through every stage. Work is how often the
 * blocks of the compiler's own code are executed, as the engine counts them for coverage, so it is the same on every machine.
 */
import { Session } from 'node:inspector';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programs } from '../bench/programs.ts';
import { runStages } from '../bench/stages.ts';

const session = new Session();

function post<T>(method: string, parameters: object = {}): T {
  let result: unknown;
  session.post(method, parameters, (error, given) => {
    if (error) throw error;
    result = given;
  });
  return result as T;
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
    }[];
  }[];
}

beforeAll(() => {
  session.connect();
  post('Profiler.enable');
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  // The prelude is read once, which is no part of what grows.
  work(programs[0]!.text(1));
});

afterAll(() => {
  post('Profiler.stopPreciseCoverage');
  session.disconnect();
});

/** Executions since the last call, by function of the compiler. */
function counts(): Map<string, number> {
  const found = new Map<string, number>();
  for (const { url, functions } of post<Coverage>('Profiler.takePreciseCoverage').result) {
    const file = /\/((?:src|grammar)\/[^?]*\.ts)/.exec(url)?.[1];
    // The search for the nearest name has a budget of its own (nearest.test.ts).
    if (file === undefined || file === 'src/diagnostics/nearest.ts') continue;
    for (const { functionName, ranges } of functions) {
      const key = `${functionName || '(anonymous)'} in ${file}:${ranges[0]!.startOffset}`;
      found.set(key, (found.get(key) ?? 0) + ranges.reduce((sum, { count }) => sum + count, 0));
    }
  }
  return found;
}

function work(text: string): Map<string, number> {
  counts();
  runStages(text, (_, f) => f());
  return counts();
}

const total = (of: ReadonlyMap<string, number>): number => [...of.values()].reduce((a, b) => a + b, 0);

/** Kinds whose work grows until a line is longer than what is shown of it: looked at beyond that. */
const bounded = ['misspelt names as arguments', 'arguments given twice'];

/** What is at n once and at 2n twice is at 4n four times: the second step is twice the first. Sorting adds a little. */
const most = 2.6;

// Blocks nest at most 64 deep, so what grows with their depth has an end.
const grown = programs.filter(({ name }) => name !== 'blocks in blocks');

test.each(grown.map((kind) => [kind.name, kind] as const))('%s', (name, { text, size }) => {
  const n = bounded.includes(name) ? size : Math.max(8, Math.ceil(size / 40));
  const letters = [n, 2 * n, 4 * n].map((count) => text(count).length) as [number, number, number];
  // A few kinds have a text that grows faster than n.
  const due = most * Math.max(1, (letters[2] - letters[1]) / (letters[1] - letters[0]) / 2);
  const [one, two, four] = [n, 2 * n, 4 * n].map((count) => work(text(count))) as [
    Map<string, number>,
    Map<string, number>,
    Map<string, number>,
  ];
  const [first, second] = [total(two) - total(one), total(four) - total(two)];
  const guilty = [...four.keys()]
    .map(
      (key) =>
        [key, (four.get(key) ?? 0) - (two.get(key) ?? 0), (two.get(key) ?? 0) - (one.get(key) ?? 0)] as const,
    )
    .filter(([, later, before]) => later > due * Math.max(before, 1))
    .sort((p, q) => q[1] - p[1])
    .slice(0, 5)
    .map(([key, later, before]) => `${key}: ${before}, then ${later}`);
  expect(second > due * Math.max(first, 10_000) ? [`${first}, then ${second}`, ...guilty] : []).toEqual([]);
});
