/** Every option and argument of every command, given as nothing or as what it cannot be: refused with exit code 2, by its name. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { adjustPhases } from '../../runtimes/core/run/checkpoint.ts';
import { checkBatches } from '../../runtimes/node/memory.ts';
import { commandLine } from '../../src/cli/commands.ts';
import { tinyModel } from './tiny.ts';

const folder = mkdtempSync(join(tmpdir(), 'ganc-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let said = '';
beforeAll(() => {
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  return () => vi.restoreAllMocks();
});

/** What a command line comes to before anything is done: null, or how it was refused. */
async function refusal(args: readonly string[]): Promise<{ name: string; words: string } | null> {
  said = '';
  try {
    await commandLine().parseAsync(['node', 'ganc', ...args]);
    return null;
  } catch (error) {
    const { name, message } = error as Error;
    return { name, words: `${said}${message}` };
  }
}

/** Where a command has arguments: what stands there, a file that is not. */
const argumentOf = (command: Command) =>
  command.registeredArguments
    .filter((a) => a.required)
    .map(() => (command.name() === 'setup' ? 'tfjs-node' : 'missing.gan'));

const commands = commandLine().commands.filter((c) => c.name() !== 'help');
const options = commands.flatMap((command) =>
  command.options.filter((o) => o.required).map((option) => ({ command, option, flag: option.long! })),
);

describe('given as nothing', () => {
  test.each(options.map((o) => [`${o.command.name()} ${o.flag}`, o] as const))(
    '%s',
    async (_, { command, flag }) => {
      for (const nothing of ['', ' ', '\t\n']) {
        const found = await refusal([command.name(), ...argumentOf(command), flag, nothing]);
        expect(found).toMatchObject({ name: 'CommanderError' });
        expect(found!.words).toContain(flag);
      }
    },
  );

  const withArguments = commands.filter((c) => c.registeredArguments.length > 0);
  test.each(withArguments.map((c) => [c.name(), c] as const))('%s ""', async (name) => {
    const found = await refusal([name, '']);
    expect(found!.name).toBe('CommanderError');
    expect(found!.words).toMatch(/given as nothing|choices/);
  });

  test('an emitted trainer’s own options too: they are the same', () => {
    for (const flag of [
      '--data',
      '--steps',
      '--batch',
      '--seed',
      '--backend',
      '--out',
      '--from',
      '--output',
      '--count',
    ]) {
      expect(
        options.some((o) => o.flag === flag),
        flag,
      ).toBe(true);
    }
  });
});

/** What an option cannot be. One that takes any text (a path, a name) has none: it is looked for. */
const absurd: Readonly<Record<string, readonly string[]>> = {
  '--seed': ['-1', '1.5', '1e3', '0x10', 'NaN', 'Infinity', '9007199254740993', '1 2', '_1', 'seven'],
  '--count': ['0', '-1', '1.5', '1e9', 'many', '99999999999999999999'],
  '--checkpoint-every': ['0', '-5', '0.5', 'often'],
  '--log-every': ['0', '-5', '0.5', 'often'],
  '--resample': ['0', '-8000', '0.5', '8k'],
  '--samples-every': ['0', '-5', '0.5', 'often'],
  '--backend': ['abacus', 'CPU', 'constructor', 'wasm,cpu'],
  '--format': ['jpg', 'toString', 'PNG'],
  '--target': ['deno', 'constructor'],
  '--emit': ['asm', '__proto__'],
  '--port': ['-1', '65536', '1.5', '0x50', 'http', '1e3'],
  '--data': ['x', '=ring', 'x=', ' =ring', 'x= '],
  '--set': ['n', '=4', ' =4'],
};
/** Read where the model is known. */
const later = ['--steps', '--batch'];
const anyText = [
  '--folder',
  '--out',
  '--from',
  '--output',
  '--path',
  '--model',
  '--host',
  '--python',
  '--into',
  '--measure',
];

test('every option has its place in a table', () => {
  const known = [...Object.keys(absurd), ...later, ...anyText];
  expect([...new Set(options.map((o) => o.flag))].filter((flag) => !known.includes(flag))).toEqual([]);
});

const cases = options.flatMap(({ command, flag }) =>
  (absurd[flag] ?? []).map((value) => [command, flag, value] as const),
);
test.each(cases.map(([command, flag, value]) => [command.name(), flag, value, command] as const))(
  '%s %s %j',
  async (name, flag, value, command) => {
    const found = await refusal([name, ...argumentOf(command), flag, value]);
    expect(found!.name, found!.words).toBe('CommanderError');
    expect(found!.words).toContain(flag);
  },
);

describe('lengths and batches of phases', () => {
  const model = tinyModel({ name: 'my_phase', steps: 4 }, { name: 'late' });
  const adjusted = (steps: string[], batch: string[] = []) =>
    adjustPhases(model, steps, batch).phases.map((p) => [p.steps, p.batch]);

  test.each([
    ['0'],
    ['-1'],
    ['1.5'],
    ['1e3'],
    ['many'],
    ['late='],
    ['=5'],
    ['late=0'],
    ['late=-1'],
    ['_'],
    ['9007199254740993'],
  ])('%j is none', (text) => {
    for (const option of ['--steps', '--batch']) {
      const given = () => (option === '--steps' ? adjusted([text]) : adjusted([], [text]));
      expect(given).toThrow(expect.objectContaining({ name: 'UserError', code: 2 }));
      expect(given).toThrow(option);
    }
  });

  test('the phase may have any name, the number underscores', () => {
    expect(adjusted(['my_phase=1_0', '7'], ['late=2'])).toEqual([
      [10, 16],
      [7, 2],
    ]);
    expect(() => adjusted(['constructor=5'])).toThrow('has no phase constructor; it has my_phase, late');
  });

  test('a batch that is part of the shapes stays', () => {
    const fixed = {
      ...model,
      phases: model.phases.map((p, i) => (i === 0 ? { ...p, fixedBatch: true } : p)),
    };
    const refusal = 'my_phase was compiled for 16 examples';
    expect(() => adjustPhases(fixed, [], ['8'])).toThrow(refusal);
    expect(() => adjustPhases(fixed, [], ['my_phase=8'])).toThrow(refusal);
    expect(adjustPhases(fixed, [], ['my_phase=16', 'late=2']).phases.map((p) => p.batch)).toEqual([16, 2]);
  });

  test('a batch that no machine holds', () => {
    const huge = adjustPhases(model, [], ['late=9_000_000_000_000']);
    expect(() => checkBatches(huge)).toThrow(
      /9000000000000 examples in the phase late take 1\.68e\+5 GiB of memory/,
    );
    checkBatches(model);
  });
});

test('nothing was written', () => {
  expect(readdirSync(folder)).toEqual([]);
});
