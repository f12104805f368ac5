/**
 * A folder is one run's at a time. The lock is a file that says which process holds it; one that a killed process left
 * is recognised by that process being gone, or being another that was given the same number.
 */
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { codeOf } from './trouble.ts';
import { lives } from './whole.ts';

interface Holder {
  pid: number;
  /** When the process began, in the system's own terms; '' where the system does not say. */
  started: string;
  host: string;
  /** Another start of the machine, or another container on it, numbers its processes anew. */
  boot: string;
  namespace: string;
}

/** Of processes that cannot be asked for (another machine's), a lock that was not renewed for so long is stale. */
const STALE_MS = 3_600_000;
/** Between two renewals. */
const RENEW_MS = 20_000;

export class Lock {
  private renewed = Date.now();
  private readonly leave = () => this.release();

  private constructor(
    private readonly path: string,
    private readonly text: string,
  ) {
    process.once('exit', this.leave);
  }

  /** Throws a `UserError` where another process holds it, and the system's error where it cannot be written. */
  static take(path: string): Lock {
    const text = `${JSON.stringify(thisProcess())}\n`;
    for (let tries = 0; tries < 100; tries++) {
      if (create(path, text)) return new Lock(path, text);
      const found = read(path);
      if (found === null) continue;
      const holder = holderOf(found);
      if (holder !== null && holds(holder, path)) throw held(path, holder);
      removeStale(path, found);
    }
    throw new UserError(`${path} could not be taken: other runs keep taking it and giving it back`, {
      code: 2,
    });
  }

  /** False where someone removed or replaced it. */
  get isOurs(): boolean {
    return read(this.path) === this.text;
  }

  /** Tells other machines that the run lives. Cheap, so it may be called at every step. */
  renew(): void {
    const now = Date.now();
    if (now - this.renewed < RENEW_MS) return;
    this.renewed = now;
    try {
      utimesSync(this.path, new Date(now), new Date(now));
    } catch {
      // The next write of the run says that its folder is gone.
    }
  }

  release(): void {
    process.off('exit', this.leave);
    try {
      if (this.isOurs) rmSync(this.path, { force: true });
    } catch {
      // A disk that fails now: the lock is stale when this process has ended.
    }
  }
}

/** The text of a lock; null where there is none. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return null;
    throw error;
  }
}

/** False where there is one already. It has its text from the first moment on, so that no one takes it for a damaged one. */
function create(path: string, text: string): boolean {
  const own = besides(path, 'new');
  try {
    writeFileSync(own, text);
    linkSync(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // Disks without hard links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(codeOf(error))) throw error;
    return createExclusively(path, text);
  } finally {
    rmSync(own, { force: true });
  }
}

function createExclusively(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Only the one that was read is removed: another process may have put its own there meanwhile. */
function removeStale(path: string, text: string): void {
  const aside = besides(path, 'old');
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    if (read(aside) !== text) linkSync(aside, path);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Named as half-written files are, so that what a kill leaves is swept with them. */
const besides = (path: string, what: string) =>
  join(dirname(path), `.${basename(path)}-${what}.${process.pid}.part`);

function holderOf(text: string): Holder | null {
  try {
    const { pid, started, host, boot, namespace } = JSON.parse(text) as Record<string, unknown>;
    if (!Number.isSafeInteger(pid) || (pid as number) < 1) return null;
    return {
      pid: pid as number,
      started: String(started),
      host: String(host),
      boot: String(boot),
      namespace: String(namespace),
    };
  } catch {
    // No lock of ours has such a text: a crash of the machine cut it off.
    return null;
  }
}

function thisProcess(): Holder {
  return { pid: process.pid, started: startOf(process.pid) ?? '', ...thisMachine() };
}

function thisMachine(): Omit<Holder, 'pid' | 'started'> {
  const quietly = (ask: () => string) => {
    try {
      return ask().trim();
    } catch {
      return '';
    }
  };
  return {
    host: hostname(),
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    namespace: quietly(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** Whether the process that a lock names still runs. */
function holds({ pid, started, host, boot, namespace }: Holder, path: string): boolean {
  const here = thisMachine();
  if (host === here.host && boot !== here.boot) return false;
  if (host !== here.host || namespace !== here.namespace) {
    const info = statSync(path, { throwIfNoEntry: false });
    return info !== undefined && Date.now() - info.mtimeMs < STALE_MS;
  }
  if (!lives(pid)) return false;
  const now = startOf(pid);
  // One that has ended and is not yet buried (null), or another process of the same number.
  return now !== null && (started === '' || now === '' || now === started);
}

/** When a process began; '' where the system does not say, null where it has ended. */
function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // After the name in brackets, which may hold anything: the state is the 3rd field, the start the 22nd.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? null : (fields[19] ?? '');
    }
    if (process.platform === 'win32') return '';
    const [state = '', ...start] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    })
      .trim()
      .split(/\s+/);
    return state.startsWith('Z') ? null : start.join(' ');
  } catch {
    return '';
  }
}

function held(path: string, { pid, host }: Holder): UserError {
  const where = host === hostname() ? '' : ` on ${host}`;
  return new UserError(`${dirname(path)} is in use: process ${pid}${where} trains into it`, {
    hint: `wait for its end, or name another folder with --out (if that process is no run: remove ${path})`,
    code: 2,
  });
}
