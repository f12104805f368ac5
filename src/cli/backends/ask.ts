/** Asks each backend in a process of its own, so that one that crashes or hangs says only that about itself. */
import { spawn } from 'node:child_process';
import type { BackendName } from '../../../runtimes/node/index.ts';
import { type Finding, mark } from './measure.ts';

/** Software that plays a GPU compiles its programs for a while. */
const PATIENCE_MS = 90_000;

export function ask(name: BackendName, patience = PATIENCE_MS): Promise<Finding> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, process.argv[1]!, 'backends', '--measure', name],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-4000);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, patience);
  const missing = (why: string): Finding => ({
    available: false,
    why,
    get: 'nothing to install; another --backend',
    name,
    ms: null,
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(missing(`its process does not start: ${error.message}`)));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const answer = stdout.split('\n').findLast((line) => line.startsWith(mark));
      if (answer !== undefined) return resolve(JSON.parse(answer.slice(mark.length)) as Finding);
      if (late) return resolve(missing(`no answer within ${patience / 1000} s`));
      const last = stderr.trim().split('\n').at(-1) ?? '';
      resolve(
        missing(`its process ended with ${signal ?? `exit code ${code}`}${last === '' ? '' : `: ${last}`}`),
      );
    });
  });
}
