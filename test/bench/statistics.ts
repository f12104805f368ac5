/** Medians with their spread, and Markdown tables. */

export interface Spread {
  min: number;
  low: number;
  median: number;
  high: number;
  count: number;
}

/** Quartiles by linear interpolation. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (p: number) => {
    const i = p * (sorted.length - 1);
    const [a, b] = [sorted[Math.floor(i)]!, sorted[Math.ceil(i)]!];
    return a + (b - a) * (i - Math.floor(i));
  };
  return { min: at(0), low: at(0.25), median: at(0.5), high: at(0.75), count: sorted.length };
}

/** Three digits that mean something. */
export function figure(x: number | null | undefined): string {
  if (x === null || x === undefined || !Number.isFinite(x)) return '–';
  if (Math.abs(x) >= 100) return x.toFixed(0);
  return x.toFixed(Math.abs(x) >= 10 ? 1 : 2);
}

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
