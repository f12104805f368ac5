/** Ctrl-C: the first asks the run to end after its step, the second leaves at once. */

export interface StopRequest {
  readonly requested: boolean;
  dispose(): void;
}

export function listenForStop(): StopRequest {
  let requested = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (requested) {
      // The cursor may be hidden by the bar.
      if (process.stderr.isTTY) process.stderr.write('\u001b[?25h\n');
      process.exit(signal === 'SIGTERM' ? 143 : 130);
    }
    requested = true;
    process.stderr.write('\nstopping after this step, with a checkpoint; again to leave at once\n');
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
