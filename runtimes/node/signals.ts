/** Ctrl-C: the first asks the run to end after its step, the second leaves at once. */

export interface StopRequest {
  readonly requested: boolean;
  dispose(): void;
}

/** `say` writes a line without getting into that of the progress. */
export function listenForStop(say: (line: string) => void): StopRequest {
  let requested = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (requested) {
      // The cursor may be hidden by the bar.
      if (process.stderr.isTTY) process.stderr.write('\u001b[?25h\n');
      process.exit(signal === 'SIGTERM' ? 143 : 130);
    }
    requested = true;
    say('stopping after this step, with a checkpoint; again to leave at once');
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    get requested() {
      return requested;
    },
    dispose() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
