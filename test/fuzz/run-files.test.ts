/**
 * Damaged files of a run: a checkpoint, run.json and log.jsonl, changed at random in their bytes and in their structure. Each
 * is used rightly or refused in words. RUN_FILES says how many of each (default 150), RUN_FILES_SEED where to begin.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { drawValues } from '../../runtimes/core/random.ts';
import { restoreCheckpoint, restoreForOutputs, startNetFrom } from '../../runtimes/core/run/checkpoint.ts';
import type { Dataset } from '../../runtimes/core/run/data.ts';
import { TrainingRun } from '../../runtimes/core/run/run.ts';
import { decodeSafetensors } from '../../runtimes/core/run/safetensors.ts';
import { RunFolder } from '../../runtimes/node/folder.ts';
import { train } from '../../runtimes/node/train.ts';
import { fromRun } from '../../src/cli/program.ts';
import { tinyModel } from '../runtime/tiny.ts';

const count = Number(process.env.RUN_FILES ?? 150);
const seed = Number(process.env.RUN_FILES_SEED ?? 1);
const root = mkdtempSync(join(tmpdir(), 'ganc-test-'));
const whole = join(root, 'whole');
const model = () => tinyModel({ steps: 8, frozen: ['G'], epochs: null });

afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  await train(
    tinyModel({ steps: 5, frozen: ['G'] }),
    { backend: 'cpu', out: whole, samplesEvery: 1000, logEvery: 1 },
    {
      files: [{ name: 'source/tiny.gan', text: 'param n = 1\n' }],
      about: {
        ganc: '0',
        set: {},
        directory: root,
        sources: [{ path: 'tiny.gan', kept: 'source/tiny.gan' }],
      },
      carried: {
        'ganc.program': '{"format":1,"set":{},"sources":[{"path":"tiny.gan","text":"param n = 1\\n"}]}',
      },
    },
  );
});

/** Random numbers that a seed repeats. */
class Dice {
  constructor(private state: number) {}
  /** 0 … n − 1. */
  below(n: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * n);
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** What no program of ours would have written in a place. */
const strange: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  '',
  'G',
  '__proto__',
  '../../../etc/passwd',
  'x'.repeat(5000),
  [],
  [[]],
  {},
  { constructor: 1 },
  [1, 2, 3],
  [-1],
  [2 ** 31, 2 ** 31],
  'constructor',
  'wasm',
  'NaN',
];

/** The value with a random part of it replaced, removed or doubled. */
function changed(value: unknown, dice: Dice): unknown {
  if (typeof value !== 'object' || value === null || dice.below(6) === 0) return dice.of(strange);
  if (Array.isArray(value)) {
    if (value.length === 0) return [dice.of(strange)];
    const at = dice.below(value.length);
    if (dice.below(4) === 0) return value.toSpliced(at, 1);
    return value.with(at, changed(value[at], dice));
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return { [String(dice.of(strange))]: dice.of(strange) };
  const [name] = dice.of(entries);
  const copy: [string, unknown][] = entries.flatMap(([key, v]): [string, unknown][] => {
    if (key !== name) return [[key, v]];
    const how = dice.below(6);
    if (how === 0) return [];
    if (how === 1) return [[String(dice.of(strange)), v]];
    return [[key, changed(v, dice)]];
  });
  return Object.fromEntries(copy);
}

/** Bytes flipped, taken out, put in, doubled or cut off. */
function broken(bytes: Uint8Array, dice: Dice): Uint8Array {
  const at = dice.below(bytes.length);
  const length = 1 + dice.below(64);
  const [before, part, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, at + length),
    bytes.subarray(at + length),
  ];
  switch (dice.below(5)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, part, part, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(part.map(() => dice.below(256))), after]);
    default: {
      const copy = new Uint8Array(bytes);
      copy[at]! ^= 1 << dice.below(8);
      return copy;
    }
  }
}

/** A safetensors file with its header, its metadata or its tensors changed, and all that stands around them as it should be. */
function otherCheckpoint(bytes: Uint8Array, dice: Dice): Uint8Array {
  const length = Number(Buffer.from(bytes).readBigUInt64LE());
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString());
  const body = bytes.subarray(8 + length);
  const pack = (head: unknown, parts: readonly Uint8Array[]) => {
    const json = Buffer.from(JSON.stringify(head) ?? '');
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(json.length));
    return Buffer.concat([size, json, ...parts]);
  };
  const how = dice.below(6);
  if (how === 0) return pack(changed(header, dice), [body]);
  if (how <= 2) {
    const meta = { ...header.__metadata__ };
    meta.ganc = JSON.stringify(changed(JSON.parse(meta.ganc), dice)) ?? 'undefined';
    return pack({ ...header, __metadata__: meta }, [body]);
  }
  type Entry = { shape: number[]; data_offsets: [number, number] };
  const { __metadata__: meta, ...entries } = header as Record<string, Entry>;
  let tensors = Object.entries(entries).map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => ({
      name,
      shape,
      data: Buffer.from(body.subarray(from, to)),
    }),
  );
  const one = dice.of(tensors);
  if (how === 3) {
    if (dice.below(2) === 0) tensors = tensors.filter((t) => t !== one);
    else
      one.name = dice.of([
        'x',
        'optimizer:d_opt:m:x',
        'averaged:x',
        'sample:x',
        'frozen:',
        'optimizer:',
        one.name.slice(1),
      ]);
  } else if (how === 4) {
    one.data = Buffer.alloc(4 * (1 + dice.below(12)));
    one.shape = [one.data.length / 4];
  } else {
    one.data.writeFloatLE(
      dice.of([Number.NaN, Number.POSITIVE_INFINITY, -1e38, 0]),
      4 * dice.below(one.data.length / 4),
    );
  }
  let at = 0;
  const head = Object.fromEntries(
    tensors.map(({ name, shape, data }) => {
      const offsets = [at, at + data.length];
      at += data.length;
      return [name, { dtype: 'F32', shape, data_offsets: offsets }];
    }),
  );
  return pack(
    { __metadata__: meta, ...head },
    tensors.map((t) => t.data),
  );
}

const ring = drawValues(0, 'test', 0, { kind: 'normal', mean: 0, std: 1 }, [50_000, 2]);
const dataset: Dataset = {
  origin: 'ring',
  count: 50_000,
  read: async (indices) => [
    Float32Array.from({ length: indices.length * 2 }, (_, i) => ring[2 * indices[i >> 1]! + (i & 1)]!),
  ],
};

/** Runs it; gives null, or the message of a refusal. Anything else fails, with the place where it was thrown. */
async function refusal(what: string, work: () => unknown): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    const { name, message, stack } = error as Error;
    expect(['UserError', 'CannotRun'], `${what}: ${stack}`).toContain(name);
    expect(message, what).not.toMatch(/undefined|\[object|is not a function|of null/);
    return message;
  }
}

/** Goes on for two steps; draws. Both give numbers. */
async function use(bytes: Uint8Array, what: string): Promise<number> {
  let refused = 0;
  const begin = async (work: (run: TrainingRun) => Promise<void>) => {
    const run = new TrainingRun(model(), { seed: 0, datasets: { x: dataset } });
    run.state.initialise(0);
    const message = await refusal(what, () => work(run));
    if (message !== null) {
      refused++;
      expect(message, what).toContain('damaged.safetensors');
    }
    run.dispose();
  };
  const finite = async (run: TrainingRun) => {
    for (const [name, tensor] of Object.entries(run.state.live)) {
      expect((await tensor.data()).every(Number.isFinite), `${what}: ${name}`).toBe(true);
    }
  };
  await begin(async (run) => {
    restoreCheckpoint(run, decodeSafetensors(bytes, 'damaged.safetensors'), 'damaged.safetensors');
    await finite(run);
    for (let k = 0; k < 2; k++) {
      run.beginStep(true);
      await run.phase.step(run);
      await run.readNotes();
      run.endStep();
    }
  });
  await begin(async (run) => {
    restoreForOutputs(run, decodeSafetensors(bytes, 'damaged.safetensors'), 'damaged.safetensors');
    const values = await run.evaluate(run.model.outputs[0]!, 4, 'sample');
    expect([...(await values.data())].every(Number.isFinite), what).toBe(true);
    values.dispose();
  });
  await begin(async (run) => {
    startNetFrom(run, 'G', decodeSafetensors(bytes, 'damaged.safetensors'), 'damaged.safetensors');
    await finite(run);
  });
  return refused;
}

test('a checkpoint', async () => {
  const bytes = new Uint8Array(readFileSync(new RunFolder(whole).latest()!.path));
  expect(await use(bytes, 'as it was written')).toBe(0);
  const before = tf.memory().numTensors;
  let refused = 0;
  for (let k = 0; k < count; k++) {
    const dice = new Dice(seed + k);
    const other = k % 3 === 0 ? broken(bytes, dice) : otherCheckpoint(bytes, dice);
    refused += await use(other, `seed ${seed + k}`);
  }
  // Most are found out: a changed number in a tensor is a number all the same.
  expect(refused).toBeGreaterThan(count);
  expect(tf.memory().numTensors).toBe(before);
});

const folderWith = (name: string, bytes: Uint8Array): string => {
  const folder = join(root, 'damaged');
  rmSync(folder, { recursive: true, force: true });
  cpSync(whole, folder, { recursive: true });
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), bytes);
  return folder;
};

test('run.json', async () => {
  const bytes = new Uint8Array(readFileSync(join(whole, 'run.json')));
  let refused = 0;
  for (let k = 0; k < count; k++) {
    const dice = new Dice(seed + k);
    const what = `seed ${seed + k}`;
    const other =
      k % 3 === 0
        ? broken(bytes, dice)
        : Buffer.from(JSON.stringify(changed(JSON.parse(Buffer.from(bytes).toString()), dice)));
    const folder = folderWith('run.json', other);
    if ((await refusal(what, () => fromRun(folder, {}))) !== null) refused++;
    // Every tenth is gone on with: that takes a while.
    if (k % 10 === 0) {
      await refusal(what, () =>
        train(model(), { from: folder, backend: 'cpu', data: { x: 'ring' }, steps: ['6'], batch: ['4'] }),
      );
    }
  }
  expect(refused).toBeGreaterThan(count / 3);
});

test('log.jsonl: what is whole of it stays', async () => {
  const text = readFileSync(join(whole, 'log.jsonl'), 'utf8');
  const lines = text.trim().split('\n');
  for (let k = 0; k < count; k++) {
    const dice = new Dice(seed + k);
    const what = `seed ${seed + k}`;
    const at = dice.below(lines.length);
    const other = lines.with(at, JSON.stringify(changed(JSON.parse(lines[at]!), dice))).join('\n');
    const folder = folderWith(
      'log.jsonl',
      k % 3 === 0 ? broken(Buffer.from(text), dice) : Buffer.from(`${other}\n`),
    );
    const entries = new RunFolder(folder).entries();
    if (k % 3 !== 0) expect(entries.length, what).toBeGreaterThanOrEqual(lines.length - 1);
    for (const { step, ms, values } of entries) {
      expect([step, ms].every(Number.isFinite), what).toBe(true);
      for (const v of Object.values(values)) expect(v === null || Number.isFinite(v), what).toBe(true);
    }
    if (k % 10 === 0) {
      const message = await refusal(what, () => train(model(), { from: folder, steps: ['6'] }));
      expect(message, what).toBe(null);
    }
  }
});
