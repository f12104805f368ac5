/** The log of a run of any length in a bounded number of points: neighbours are averaged, twice as many each time. */
import { entry } from '../../../core/table.ts';
import type { LogEntry } from '../../protocol.ts';

/** More than a screen has columns; fewer than slow drawing down. */
const MOST = 1200;

export interface Curves {
  steps: number[];
  /** By name; null where a phase does not evaluate it. */
  values: Record<string, (number | null)[]>;
}

/** One point of the curves: the mean of the entries that fell into it. */
interface Bucket {
  step: number;
  entries: number;
  /** Sum and number of the finite values, by name. */
  sums: Map<string, [number, number]>;
}

export class ThinLog {
  /** All of them, for the file. */
  readonly entries: LogEntry[] = [];
  private buckets: Bucket[] = [];
  private perBucket = 1;

  constructor(private readonly most = MOST) {}

  add(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.entries.push(entry);
      let bucket = this.buckets.at(-1);
      if (bucket === undefined || bucket.entries >= this.perBucket) {
        bucket = { step: 0, entries: 0, sums: new Map() };
        this.buckets.push(bucket);
      }
      bucket.step = entry.step;
      bucket.entries++;
      for (const [name, value] of Object.entries(entry.values)) {
        if (Number.isFinite(value)) addTo(bucket.sums, name, value, 1);
      }
      if (this.buckets.length > this.most) this.halve();
    }
  }

  /** A run that went back to an earlier state writes its steps again: those after it are dropped. */
  rewind(step: number): void {
    const kept = this.entries.filter((e) => e.step <= step);
    this.entries.length = 0;
    this.buckets = [];
    this.perBucket = 1;
    this.add(kept);
  }

  curves(names: readonly string[]): Curves {
    return {
      steps: this.buckets.map((b) => b.step),
      values: Object.fromEntries(
        names.map((name) => [
          name,
          this.buckets.map(({ sums }) => {
            const sum = sums.get(name);
            return sum === undefined ? null : sum[0] / sum[1];
          }),
        ]),
      ),
    };
  }

  private halve(): void {
    const halved: Bucket[] = [];
    for (let i = 0; i < this.buckets.length; i += 2) {
      const [a, b] = [this.buckets[i]!, this.buckets[i + 1]];
      if (b !== undefined) {
        a.step = b.step;
        a.entries += b.entries;
        for (const [name, [sum, n]] of b.sums) addTo(a.sums, name, sum, n);
      }
      halved.push(a);
    }
    this.buckets = halved;
    this.perBucket *= 2;
  }
}

function addTo(sums: Map<string, [number, number]>, name: string, sum: number, n: number): void {
  const had = sums.get(name);
  if (had === undefined) sums.set(name, [sum, n]);
  else {
    had[0] += sum;
    had[1] += n;
  }
}

/** The mean of the points about each one, over a 25th of the curve: what the eye would draw through it. */
export function smoothed(values: readonly (number | null)[]): (number | null)[] {
  const reach = Math.max(1, Math.round(values.length / 50));
  let sum = 0;
  let n = 0;
  const take = (v: number | null | undefined, sign: 1 | -1) => {
    if (v === null || v === undefined) return;
    sum += sign * v;
    n += sign;
  };
  for (let i = 0; i < reach; i++) take(values[i], 1);
  return values.map((v, i) => {
    take(values[i + reach], 1);
    take(values[i - reach - 1], -1);
    return v === null || n === 0 ? null : sum / n;
  });
}

/** One line an entry: step, phase, step of the phase, epoch, milliseconds, and each value under its name. */
export function logCsv(entries: readonly LogEntry[]): string {
  const names = [...new Set(entries.flatMap((e) => Object.keys(e.values)))];
  const head = ['step', 'phase', 'phaseStep', 'epoch', 'ms', ...names];
  const rows = entries.map((e) => [
    e.step,
    e.phase,
    e.phaseStep,
    e.epoch,
    e.ms,
    ...names.map((name) => entry(e.values, name) ?? ''),
  ]);
  return [head, ...rows].map((row) => `${row.join(',')}\n`).join('');
}
