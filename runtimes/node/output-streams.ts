/** What becomes of a program whose standard output or error cannot be written any more. */
import { codeOf, trouble } from './trouble.ts';

/** The reader has gone: a pipe was closed (`| head`), or a terminal. */
const GONE = ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'EBADF', 'ENXIO'];

let stays = false;

/** From here on the work matters more than who listens: hours of training do not end with a closed pipe or terminal. */
export function workWithoutReader(): void {
  stays = true;
}

/**
 * A reader that has gone is no error: the program ends quietly, or goes on where the work matters more. Output that is lost
 * otherwise (a full disk) is said, and makes the exit code 2.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    let said = false;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      const gone = GONE.includes(codeOf(error));
      if (!gone && !said) {
        said = true;
        if (stream === process.stdout) {
          process.stderr.write(`error: standard output could not be written: ${trouble(error)}\n`);
        }
        // The code of the command itself may come later and be 0.
        process.once('exit', (code) => {
          if (code === 0) process.exitCode = 2;
        });
      }
      if (!stays) process.exit(process.exitCode ?? (gone ? 0 : 2));
    });
  }
}
