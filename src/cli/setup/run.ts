/** Runs another program and waits for what it says; never throws. */
import { spawn } from 'node:child_process';

export interface Ran {
  /** null: it did not start, or was ended. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** Why it did not start or did not end by itself: `ENOENT`, `late`, `ABORT_ERR`. */
  problem?: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** Milliseconds that it may take. */
  patience?: number;
}

export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { patience, ...rest } = options;
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let problem: string | undefined;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const timer =
      patience === undefined
        ? undefined
        : setTimeout(() => {
            problem = 'late';
            child.kill('SIGKILL');
          }, patience);
    child.on('error', (error: NodeJS.ErrnoException) => {
      problem ??= error.code ?? error.message;
      // One that never started has no end to wait for.
      if (child.pid === undefined) resolve({ code: null, stdout, stderr, problem });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr, ...(problem !== undefined && { problem }) });
    });
  });
}

/** Its last words, for a message. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
