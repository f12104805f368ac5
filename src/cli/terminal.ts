/** The command's two voices: data on stdout, everything said about it on stderr. */
import type { Command } from 'commander';
import type { SignalCode } from '../../runtimes/node/signals.ts';
import { type Paint, paintFor } from './paint.ts';

export interface Terminal {
  /** Data: what a pipe wants. Ends the line. */
  out(text: string): void;
  /** Decoration: progress, summaries, what to do next. Ends the line. */
  say(text: string): void;
  readonly outPaint: Paint;
  readonly sayPaint: Paint;
}

/** Colour is what `--color`/`--no-color` say, else what each stream and the environment do. */
export function terminalOf(command: Command): Terminal {
  const wish = command.optsWithGlobals<{ color?: boolean }>().color;
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    say: (text) => void process.stderr.write(`${text}\n`),
    outPaint: paintFor(process.stdout, wish),
    sayPaint: paintFor(process.stderr, wish),
  };
}

/** Sets what the process will exit with; a worse code is never replaced by a better one. Beyond 128: ended by a signal. */
export function exitWith(code: 0 | 1 | 2 | SignalCode): void {
  process.exitCode = Math.max(code, Number(process.exitCode ?? 0));
}
