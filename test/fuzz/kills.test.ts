/**
 * Runs that are killed, or asked to stop, at random moments again and again, while a checkpoint is being written too: they end
 * bit for bit as one that was never disturbed, its log with them. KILLS says how many kills each way gets (default 3),
 * KILLS_SEED where the random moments begin.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RunFolder } from '../../runtimes/node/folder.ts';

const kills = Number(process.env.KILLS ?? 3);
let state = Number(process.env.KILLS_SEED ?? 1);
/** 0 to 1, from the seed. */
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

// Inside the project, so that the bundle finds tfjs.
const work = join('node_modules', '.cache', `ganc-kills-${process.pid}`);
const program = join(work, 'program.js');
const runs = mkdtempSync(join(tmpdir(), 'ganc-test-'));

beforeAll(async () => {
  mkdirSync(work, { recursive: true });
  await build({
    entryPoints: ['test/runtime/program.ts'],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['@tensorflow/*', 'sharp'],
    loader: { '.wasm': 'binary' },
    banner: {
      js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);",
    },
    logLevel: 'error',
  });
  const { code, text } = await ended(start('whole'));
  expect(code, text).toBe(0);
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
  rmSync(runs, { recursive: true, force: true });
});

/** So many steps that a run outlives the kills that it is to get; a checkpoint after every third. */
const steps = 20 + 8 * kills;

/** Begins the run, or goes on with what is there of it. */
function start(name: string): ChildProcess {
  const folder = join(runs, name);
  const begun = existsSync(join(folder, 'run.json'));
  const options = [
    '--steps',
    String(steps),
    '--checkpoint-every',
    '3',
    '--log-every',
    '1',
    '--samples-every',
    '100000',
  ];
  const args = begun ? ['--from', folder] : [...options, '--backend', 'wasm', '--out', folder];
  return spawn(process.execPath, [program, ...args], { stdio: 'pipe' });
}

function ended(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  return new Promise((done) => {
    child.on('close', (code) => done({ code, text }));
  });
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const logged = (name: string) =>
  new RunFolder(join(runs, name)).entries().map(({ ms: _, ...entry }) => entry);
const last = (name: string) => readFileSync(new RunFolder(join(runs, name)).latest()!.path);

/** Waits for the first step of this start, then for a random part of what some steps take. */
async function inTheMiddle(name: string, child: ChildProcess): Promise<void> {
  const size = () => (existsSync(join(runs, name, 'log.jsonl')) ? logged(name).length : 0);
  const before = size();
  while (child.exitCode === null && size() <= before) await pause(3);
  await pause(random() * 60);
}

/** Waits until a checkpoint is half-written: its other name is there. */
function whileWriting(name: string, child: ChildProcess): Promise<void> {
  const folder = join(runs, name, 'checkpoints');
  return new Promise((done) => {
    const seen = () => {
      watcher?.close();
      clearInterval(timer);
      done();
    };
    let watcher: ReturnType<typeof watch> | undefined;
    const timer = setInterval(() => {
      if (child.exitCode !== null) seen();
      if (watcher !== undefined || !existsSync(folder)) return;
      watcher = watch(folder, (_, file) => {
        if (file?.endsWith('.part')) seen();
      });
    }, 1);
  });
}

/** Disturbs a run until it has had its share, then lets it end. Gives how often it was disturbed. */
async function disturb(
  name: string,
  moment: (name: string, child: ChildProcess) => Promise<void>,
  signal: () => NodeJS.Signals,
): Promise<number> {
  let done = 0;
  for (;;) {
    const child = start(name);
    const result = ended(child);
    const how = signal();
    if (done < kills) {
      await moment(name, child);
      child.kill(how);
    }
    const { code, text } = await result;
    if (code === 0) break;
    const expected = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[how as string] ?? null;
    expect(code, `${name}, disturbance ${done}: ${text}`).toBe(expected);
    done++;
  }
  const folder = join(runs, name);
  expect(Buffer.compare(last(name), last('whole')), name).toBe(0);
  expect(logged(name)).toEqual(logged('whole'));
  // Nothing half-written stays, nor a lock.
  expect(
    [...readdirSync(folder), ...readdirSync(join(folder, 'checkpoints'))].filter((f) =>
      /part$|lock$/.test(f),
    ),
  ).toEqual([]);
  console.log(`${name}: ${done} times, the end is the same to the bit`);
  return done;
}

/** A run that got through before its last kills came has had most of them. */
const most = Math.ceil(kills / 2);

test('SIGKILL at a random moment of the training', async () => {
  expect(await disturb('anywhere', inTheMiddle, () => 'SIGKILL')).toBeGreaterThanOrEqual(most);
});

test('SIGKILL while a checkpoint is being written', async () => {
  expect(await disturb('writing', whileWriting, () => 'SIGKILL')).toBeGreaterThanOrEqual(most);
});

test('SIGKILL while it starts', async () => {
  const begins = async () => {
    await pause(random() * 1500);
  };
  await disturb('starting', begins, () => 'SIGKILL');
});

test('SIGINT, SIGTERM and SIGHUP', async () => {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let k = 0;
  expect(await disturb('asked', inTheMiddle, () => signals[k++ % 3]!)).toBeGreaterThanOrEqual(most);
});
