/** The page's end of the line to a worker, for the tests. */
import { connect } from '../../runtimes/browser/connection.ts';
import type { FromWorker } from '../../runtimes/browser/protocol.ts';

/** What is heard first of a worker with this module. */
export function firstWord(url: string): Promise<FromWorker> {
  return new Promise((done) => {
    connect(url, done);
  });
}
