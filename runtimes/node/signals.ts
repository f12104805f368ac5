/**
 * Asked to end: by Ctrl-C, by SIGTERM, or by a terminal that was closed. A run that trains finishes its step and saves;
 * asked again it leaves at once, as it does while it only gets ready.
 */
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** What a shell gives for a process that a signal ended: 130, 143, 129. */
export type SignalCode = 130 | 143 | 129;

/** npm, and shells that close, send a signal on to a process that has it already. */
const ECHO_MS = 300;

export interface StopRequest {
  /** What a run that ends by it gives as exit code; null: no one asked. */
  readonly requested: SignalCode | null;
  /** From here on there is something to save. */
  begin(): void;
  dispose(): void;
}

/** `say` writes a line without getting into that of the progress. */
export function listenForStop(say: (line: string) => void): StopRequest {
  let requested: SignalCode | null = null;
  let begun = false;
  let at = 0;
  const onSignal = (signal: Signal) => {
    const code = (128 + constants.signals[signal]) as SignalCode;
    if (!begun) leave(code);
    if (requested === null) {
      requested = code;
      at = performance.now();
      say('stopping after this step, with a checkpoint; again to leave at once');
    } else if (signal !== 'SIGHUP' && performance.now() - at > ECHO_MS) leave(code);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    get requested() {
      return requested;
    },
    begin() {
      begun = true;
    },
    dispose() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

function leave(code: SignalCode): never {
  // The cursor may be hidden by the bar.
  if (process.stderr.isTTY) process.stderr.write('\u001b[?25h\n');
  process.exit(code);
}
