/** What agreement.test.ts asks of a page. */
import { backendsHere, startBackend } from '../../runtimes/browser/backends/backends.ts';
import type { BackendName } from '../../runtimes/browser/protocol.ts';
import { type Case, type Found, follow } from './agreement.ts';

/** Each model on that backend; `lost` GPUs would fail by themselves. */
export async function all(backend: BackendName, cases: readonly Case[]): Promise<Found[]> {
  await startBackend(backend, await backendsHere(), (why) => {
    throw new Error(why);
  });
  const found: Found[] = [];
  for (const one of cases) found.push(await follow(one));
  return found;
}
