/** A run folder is one run's: strangers' files stay, two runs never share it, and nothing that a kill leaves is in the way. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { RunFolder } from '../../runtimes/node/folder.ts';
import { Lock } from '../../runtimes/node/lock.ts';
import { sweepParts } from '../../runtimes/node/whole.ts';

const root = mkdtempSync(join(tmpdir(), 'ganc-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const other = (): ChildProcess => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
const gone = async (child: ChildProcess) => {
  child.kill('SIGKILL');
  await new Promise((done) => child.on('exit', done));
};
/** A lock's fields as this process would write them. */
function fields(): Record<string, unknown> {
  const path = join(root, 'sample.lock');
  const lock = Lock.take(path);
  const text = readFileSync(path, 'utf8');
  lock.release();
  return JSON.parse(text);
}
const refused = (path: string) => {
  try {
    Lock.take(path).release();
    return null;
  } catch (error) {
    return error as Error;
  }
};

describe('a lock', () => {
  const at = (name: string, text: string) => {
    const path = join(root, `${name}.lock`);
    writeFileSync(path, text);
    return path;
  };

  test('is one process’s; given back it is free, and gone', () => {
    const path = join(root, 'a.lock');
    const lock = Lock.take(path);
    expect(lock.isOurs).toBe(true);
    expect(refused(path)).toMatchObject({ name: 'UserError', code: 2 });
    expect(refused(path)!.message).toContain(`process ${process.pid} trains into it`);
    lock.release();
    expect(existsSync(path)).toBe(false);
    expect(refused(path)).toBe(null);
    expect(readdirSync(root).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('removed or replaced, it is no longer ours, and is left alone', () => {
    const path = join(root, 'b.lock');
    const lock = Lock.take(path);
    writeFileSync(path, 'someone else');
    expect(lock.isOurs).toBe(false);
    lock.release();
    expect(readFileSync(path, 'utf8')).toBe('someone else');
    rmSync(path);
    expect(lock.isOurs).toBe(false);
  });

  test.skipIf(process.platform === 'win32')(
    'of a process that lives, holds; of one that was killed, does not',
    async () => {
      const child = other();
      // As the child itself would have written it.
      const stat = existsSync('/proc') ? readFileSync(`/proc/${child.pid}/stat`, 'utf8') : null;
      const started = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
      const text = JSON.stringify({ ...fields(), pid: child.pid, started });
      expect(refused(at('c', text))!.message).toContain(`process ${child.pid}`);
      await gone(child);
      expect(refused(at('c', text))).toBe(null);
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'of another process that was given the same number, does not hold',
    async () => {
      const child = other();
      const stale = at('d', JSON.stringify({ ...fields(), pid: child.pid, started: '1' }));
      expect(refused(stale)).toBe(null);
      await gone(child);
    },
  );

  test('of this machine before it was started again, does not hold', () => {
    expect(refused(at('e', JSON.stringify({ ...fields(), boot: 'before' })))).toBe(null);
  });

  test('of another machine, holds while it is renewed', () => {
    const text = JSON.stringify({ ...fields(), host: `not-${hostname()}` });
    const path = at('f', text);
    expect(refused(path)).toMatchObject({ hint: expect.stringContaining(path) });
    const before = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(path, before, before);
    expect(refused(path)).toBe(null);
  });

  test.each(['', '{', 'null', '{"pid":"x"}', '{"pid":-1}'])(
    'a text that is none (%j) does not hold',
    (text) => {
      expect(refused(at('g', text))).toBe(null);
    },
  );
});

describe('a folder', () => {
  const strangers: [string, string][] = [
    ['run.json', '{"scripts":{}}'],
    ['log.jsonl', 'mine'],
    ['curves.svg', '<svg/>'],
    ['source/a.c', 'int'],
    ['samples/me.png', 'x'],
    ['checkpoints/best.pt', 'x'],
  ];
  test.each(strangers)('with a stranger’s %s is refused and left as it was', (name, text) => {
    const folder = join(root, `stranger-${name.replace(/\W/g, '-')}`);
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
    const claim = () => new RunFolder(folder).claim();
    expect(claim).toThrow(expect.objectContaining({ name: 'UserError', code: 2 }));
    expect(claim).toThrow(`holds ${name.split('/')[0]}, which ganc did not write and would replace`);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
    expect(readdirSync(folder)).toEqual([name.split('/')[0]]);
  });

  test('with other files, or empty folders, is taken', () => {
    const folder = join(root, 'notes');
    mkdirSync(join(folder, 'source'), { recursive: true });
    writeFileSync(join(folder, 'notes.txt'), 'x');
    const claimed = new RunFolder(folder);
    claimed.claim();
    claimed.close();
    expect(readdirSync(folder).sort()).toEqual(['notes.txt', 'source']);
  });

  test('that a run took and never began is not left behind, nor in the way', () => {
    const folder = new RunFolder(join(root, 'deep/er/run'));
    folder.claim();
    folder.close();
    expect(existsSync(join(root, 'deep'))).toBe(false);
    // Killed between the lock and run.json: half of its sources are there.
    const killed = join(root, 'killed');
    mkdirSync(join(killed, 'source'), { recursive: true });
    writeFileSync(join(killed, 'source/a.gan'), 'x');
    writeFileSync(join(killed, 'run.lock'), JSON.stringify({ ...fields(), boot: 'before' }));
    const again = new RunFolder(killed);
    again.claim();
    again.close();
  });

  test('what kills left half-written is cleared away, of the dead alone', async () => {
    const folder = join(root, 'parts');
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
    const living = other();
    const dead = other();
    await gone(dead);
    const part = (name: string, pid: number) => join(folder, `.${name}.${pid}.part`);
    for (const pid of [living.pid!, dead.pid!]) {
      writeFileSync(part('run.json', pid), 'x');
    }
    writeFileSync(join(folder, 'checkpoints', `.step-000004.safetensors.${dead.pid}.part`), 'x');
    writeFileSync(join(folder, 'mine.part'), 'x');
    writeFileSync(join(folder, 'run.lock'), JSON.stringify({ ...fields(), pid: dead.pid }));
    const claimed = new RunFolder(folder);
    claimed.claim();
    claimed.close();
    expect(readdirSync(join(folder, 'checkpoints'))).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual([`.run.json.${living.pid}.part`, 'checkpoints', 'mine.part']);
    await gone(living);
    sweepParts(join(root, 'nowhere'));
  });

  test('many processes at once: one at a time has it', async () => {
    const folder = join(root, 'contended');
    const module = '../../runtimes/node/lock.ts';
    // Each takes it over and over, and marks that it is inside; two inside at once is the fault.
    const text = `
      import { Lock } from ${JSON.stringify(module)};
      import { openSync, closeSync, rmSync, mkdirSync } from 'node:fs';
      mkdirSync(${JSON.stringify(folder)}, { recursive: true });
      let got = 0;
      for (const until = Date.now() + 1500; Date.now() < until; ) {
        let lock;
        try { lock = Lock.take(${JSON.stringify(join(folder, 'run.lock'))}); } catch (e) { if (e.name !== 'UserError') throw e; continue; }
        const inside = ${JSON.stringify(join(folder, 'inside'))};
        closeSync(openSync(inside, 'wx'));
        got++;
        rmSync(inside);
        lock.release();
      }
      console.log(got);`;
    const file = join(root, 'contend.mjs');
    await build({
      stdin: { contents: text, resolveDir: import.meta.dirname, loader: 'js' },
      outfile: file,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'error',
    });
    const results = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise<{ code: number | null; text: string }>((done) => {
            const child = spawn(process.execPath, [file], { stdio: 'pipe' });
            let text = '';
            for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => (text += d));
            child.on('close', (code) => done({ code, text }));
          }),
      ),
    );
    for (const { code, text } of results) expect(code, text).toBe(0);
    expect(results.reduce((sum, { text }) => sum + Number(text), 0)).toBeGreaterThan(3);
  });
});
