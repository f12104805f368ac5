/** The page's end of the line to its worker: what fails in loading or running the worker becomes a `problem` too. */
import type { FromWorker, ToWorker } from './protocol.ts';

export interface Connection {
  /** Kept until the worker is ready. Buffers in `transfer` go over without a copy, and are gone here. */
  send(message: ToWorker, transfer?: Transferable[]): void;
  /** Ends the worker at once; what was not downloaded or kept is lost. */
  close(): void;
}

/** Starts the emitted model's module in a worker. `url` is relative to the page. */
export function connect(url: string, receive: (message: FromWorker) => void): Connection {
  let ready = false;
  const waiting: [ToWorker, Transferable[]][] = [];
  const fail = (message: string, hint: string | null) =>
    receive({ type: 'problem', id: null, about: 'program', message, hint, ends: 'worker' });
  let worker: Worker;
  try {
    worker = new Worker(new URL(url, document.baseURI), { type: 'module', name: 'training' });
  } catch (error) {
    const file = location.protocol === 'file:';
    fail(
      file ? 'a page from a file may not start a worker' : `the worker cannot be started: ${String(error)}`,
      file ? 'serve its folder: ganc serve DIR, npx serve DIR, python3 -m http.server' : null,
    );
    return { send() {}, close() {} };
  }
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    if (data.type === 'ready') {
      ready = true;
      for (const [message, transfer] of waiting.splice(0)) worker.postMessage(message, transfer);
    }
    receive(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(
      ready
        ? `the training failed: ${event.message}`
        : `the model's module does not load (${event.message || url})`,
      ready
        ? 'load the page again'
        : 'look whether all files of the folder are there, and whether the browser is a recent one',
    );
  };
  worker.onmessageerror = () => fail('a message of the worker could not be read', 'load the page again');
  return {
    send(message, transfer = []) {
      if (ready) worker.postMessage(message, transfer);
      else waiting.push([message, transfer]);
    },
    close() {
      worker.onmessage = null;
      worker.onerror = null;
      worker.terminate();
    },
  };
}
