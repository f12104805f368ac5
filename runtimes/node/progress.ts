/** What a person sees while a run trains: a bar on a terminal, a line every few seconds elsewhere. On stderr. */
import { SingleBar } from 'cli-progress';
import { duration } from '../core/duration.ts';
import { Pace } from '../core/run/cadence.ts';
import type { StepReport } from '../core/run/loop.ts';
import type { PhaseSpec } from '../core/run/model.ts';
import { visibleText } from '../core/visible.ts';

/** Between plain lines. */
const PAUSE = 5_000;

export interface Progress {
  begin(phase: PhaseSpec): void;
  step(report: StepReport): void;
  /** Takes the bar away, so that lines can be written. */
  end(): void;
  say(line: string): void;
}

export function makeProgress(stream: NodeJS.WriteStream, now: () => number): Progress {
  return stream.isTTY ? new Bar(stream) : new Lines(stream, now);
}

class Bar implements Progress {
  private bar: SingleBar | null = null;
  private pace = new Pace();
  private drawn = 0;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  begin(phase: PhaseSpec): void {
    this.end();
    this.pace = new Pace();
    this.bar = new SingleBar({
      stream: this.stream,
      format: (_, { progress }, { text }) => fitted(phase.name, progress, text, this.stream.columns),
      hideCursor: true,
      linewrap: false,
      gracefulExit: false,
      fps: 10,
    });
    this.bar.start(1000, 0, { text: '' });
  }
  step(report: StepReport): void {
    this.pace.add(report.ms);
    const now = performance.now();
    if (now - this.drawn < 100 && report.progress < 1) return;
    this.drawn = now;
    this.bar?.update(Math.round(1000 * Math.min(1, report.progress)), {
      text: summary(report, this.pace),
    });
  }
  end(): void {
    this.bar?.stop();
    this.bar = null;
  }
  say(line: string): void {
    // Cleared first: the bar draws itself again with the next step.
    if (this.bar !== null) this.stream.write('\r\u001b[K');
    this.stream.write(`${visibleText(line)}\n`);
  }
}

class Lines implements Progress {
  private pace = new Pace();
  private last = Number.NEGATIVE_INFINITY;
  private pending: string | null = null;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly now: () => number,
  ) {}

  begin(): void {
    this.end();
    this.pace = new Pace();
    this.last = Number.NEGATIVE_INFINITY;
  }
  step(report: StepReport): void {
    this.pace.add(report.ms);
    const line = `${report.phase.name} ${summary(report, this.pace)}`;
    this.pending = line;
    if (this.now() - this.last < PAUSE && report.progress < 1) return;
    this.last = this.now();
    this.pending = null;
    this.stream.write(`${visibleText(line)}\n`);
  }
  end(): void {
    if (this.pending !== null) this.stream.write(`${this.pending}\n`);
    this.pending = null;
  }
  say(line: string): void {
    this.stream.write(`${visibleText(line)}\n`);
  }
}

/** The line of the bar: where the terminal is narrow the bar is shorter, then the text is cut. */
export function fitted(name: string, progress: number, text: string, columns = 80): string {
  const room = Math.min(24, columns - 1 - name.length - text.length - 2);
  const full = Math.round(Math.max(0, Math.min(1, progress)) * room);
  const bar = room < 4 ? '' : `${'█'.repeat(full)}${'░'.repeat(room - full)} `;
  return `${name} ${bar}${text}`.slice(0, columns - 1);
}

function summary({ phase, done, progress, values }: StepReport, pace: Pace): string {
  const ms = pace.now.ms;
  const parts = [
    phase.steps === null ? `${done} (${Math.floor(100 * progress)} %)` : `${done}/${phase.steps}`,
  ];
  parts.push(`${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms/step`);
  const left = pace.left(done, progress);
  if (progress < 1 && done > 1) parts.push(`${duration(left)} left`);
  for (const [name, value] of Object.entries(values)) parts.push(`${name} ${number(value)}`);
  return parts.join(' · ');
}

function number(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value.toPrecision(4);
}
