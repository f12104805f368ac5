/** Losses and metrics over the steps, live: uPlot, with a legend of our own that can be reached by keyboard. */
import uPlot from 'uplot';
import type { LogEntry, PhaseFacts } from '../../protocol.ts';
import { byId, el, setEnabled, setText } from '../ui/dom.ts';
import { colour, onColours, seriesColour } from '../ui/theme.ts';
import { count, value } from '../ui/words.ts';
import { soon } from './frames.ts';
import { smoothed, ThinLog } from './thinning.ts';

const HEIGHT = 300;
/** Of a second chart: metrics, which have a scale of their own. */
const LOWER = 180;

export class CurvePanel {
  readonly log = new ThinLog();
  private readonly panel = byId('curves');
  private readonly logBox = byId<HTMLInputElement>('log');
  private readonly smoothBox = byId<HTMLInputElement>('smooth');
  private charts: Chart[] = [];

  constructor() {
    for (const box of [this.logBox, this.smoothBox]) {
      box.addEventListener('change', () => this.rebuild());
    }
    onColours(() => this.rebuild());
    new ResizeObserver(() => soon(this.draw)).observe(byId('charts'));
  }

  /** A new run. */
  begin(phases: readonly PhaseFacts[]): void {
    this.clear();
    const losses = [...new Set(phases.flatMap((p) => p.losses))];
    const metrics = [...new Set(phases.flatMap((p) => p.metrics))].filter((m) => !losses.includes(m));
    const groups = [
      { title: 'Losses', names: losses, height: metrics.length > 0 ? HEIGHT - 40 : HEIGHT },
      { title: 'Metrics', names: metrics, height: LOWER },
    ];
    let first = 0;
    for (const { title, names, height } of groups) {
      if (names.length === 0) continue;
      this.charts.push(new Chart(title, names, first, height, this.log));
      first += names.length;
    }
    byId('charts').append(...this.charts.map((c) => c.element));
    this.panel.hidden = this.charts.length === 0;
  }

  clear(): void {
    for (const chart of this.charts) chart.close();
    this.charts = [];
    this.log.rewind(-1);
    this.panel.hidden = true;
  }

  add(entries: readonly LogEntry[]): void {
    this.log.add(entries);
    soon(this.draw);
  }

  rewind(step: number): void {
    this.log.rewind(step);
    soon(this.draw);
  }

  /** By key: as the box. */
  toggleLog(): void {
    if (this.panel.hidden || this.logBox.disabled) return;
    this.logBox.checked = !this.logBox.checked;
    this.rebuild();
  }

  private readonly draw = (): void => {
    if (this.panel.hidden) return;
    const positive = this.charts.map((chart) => chart.positive());
    // A scale that was asked for stays asked for: it comes back when values are positive again.
    this.logBox.disabled = !positive.includes(true);
    byId('log-label').title = this.logBox.disabled ? 'Only positive values have a logarithm.' : '';
    const log = this.logBox.checked;
    this.charts.forEach((chart, i) => {
      chart.draw(log && positive[i]!, this.smoothBox.checked);
    });
  };

  private rebuild(): void {
    for (const chart of this.charts) chart.forget();
    soon(this.draw);
  }
}

/** Some names on one scale. */
class Chart {
  readonly element: HTMLElement;
  private readonly place = el('div', { className: 'chart', attributes: { role: 'img' } });
  private readonly entries: { button: HTMLButtonElement; value: HTMLElement }[];
  private readonly hidden = new Set<string>();
  private plot: uPlot | null = null;
  private built = '';
  /** Place of the pointer among the points, where there is one. */
  private pointed: number | null = null;

  constructor(
    title: string,
    private readonly names: readonly string[],
    /** Of its first name among all: colours go through all charts. */
    private readonly first: number,
    private readonly height: number,
    private readonly log: ThinLog,
  ) {
    this.entries = names.map((name, i) => {
      const text = el('span', { className: 'number', textContent: '–' });
      const mark = el('i', { className: `line line-${((first + i) % 6) + 1}` });
      const button = el('button', { type: 'button', className: 'quiet' }, mark, `${name} `, text);
      button.setAttribute('aria-pressed', 'true');
      button.addEventListener('click', () => this.toggle(name, button));
      return { button, value: text };
    });
    const legend = el('ul', { className: 'legend' }, ...this.entries.map((e) => el('li', {}, e.button)));
    this.element = el('div', { className: 'chart-block' }, legend, this.place);
    this.element.dataset.title = title;
    this.place.style.height = `${height}px`;
  }

  private toggle(name: string, button: HTMLButtonElement): void {
    if (this.hidden.has(name)) this.hidden.delete(name);
    else this.hidden.add(name);
    button.setAttribute('aria-pressed', String(!this.hidden.has(name)));
    this.forget();
    soon(() => this.draw(this.built.startsWith('log'), this.built.endsWith('smooth')));
  }

  /** Of what is shown. */
  positive(): boolean {
    const { values } = this.log.curves(this.names.filter((n) => !this.hidden.has(n)));
    const all = Object.values(values)
      .flat()
      .filter((v) => v !== null);
    return all.length > 0 && all.every((v) => v > 0);
  }

  /** Scales and colours are made anew with the next drawing. */
  forget(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  close(): void {
    this.forget();
    this.element.remove();
  }

  draw(log: boolean, smooth: boolean): void {
    const width = this.place.clientWidth;
    if (width === 0) return;
    const { steps, values } = this.log.curves(this.names);
    const lines = this.names.map((name) => values[name]!);
    const data = [steps, ...lines, ...(smooth ? lines.map(smoothed) : [])] as uPlot.AlignedData;
    const built = `${log ? 'log' : 'linear'} ${smooth ? 'smooth' : 'plain'}`;
    if (this.plot === null || built !== this.built) {
      this.forget();
      this.built = built;
      this.plot = new uPlot(this.options(log, smooth, width), data, this.place);
    } else {
      if (this.plot.width !== width) this.plot.setSize({ width, height: this.height });
      this.plot.setData(data);
    }
    this.sayValues();
  }

  private options(log: boolean, smooth: boolean, width: number): uPlot.Options {
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const [text, line] = [colour('muted'), colour('grid')];
    const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const series = (name: string, i: number, kind: 'raw' | 'mean'): uPlot.Series => ({
      label: name,
      show: !this.hidden.has(name),
      stroke: seriesColour(this.first + i),
      width: kind === 'mean' ? 2 : smooth ? 1 : 1.5,
      alpha: kind === 'raw' && smooth ? 0.35 : 1,
      spanGaps: true,
      points: { show: false },
      // Not by colour alone.
      ...(kind === 'mean' || !smooth ? { dash: DASHES[(this.first + i) % DASHES.length]! } : {}),
    });
    return {
      width,
      height: this.height,
      legend: { show: false },
      padding: [8, 18, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: false }, y: log ? { distr: 3, log: 10 } : {} },
      axes: [
        { ...axis, size: 24, values: (_, at) => at.map((v) => (Number.isInteger(v) ? count(v) : '')) },
        { ...axis, size: 54, values: (_, at) => at.map((v) => (v === null ? '' : tick(v))) },
      ],
      series: [
        {},
        ...this.names.map((name, i) => series(name, i, 'raw')),
        ...(smooth ? this.names.map((name, i) => series(name, i, 'mean')) : []),
      ],
      hooks: {
        setCursor: [
          (plot) => {
            this.pointed = plot.cursor.idx ?? null;
            this.sayValues();
          },
        ],
      },
    };
  }

  /** At the pointer, else the latest. */
  private sayValues(): void {
    const { steps, values } = this.log.curves(this.names);
    const index = Math.min(this.pointed ?? steps.length - 1, steps.length - 1);
    const words = this.names.map((name, i) => {
      const v = values[name]![index] ?? lastOf(values[name]!);
      const text = v === null ? '–' : value(v);
      setText(this.entries[i]!.value, text);
      return `${name} ${text}`;
    });
    const when = steps.length === 0 ? '' : ` at step ${count(steps[index]!)}`;
    this.place.setAttribute('aria-label', `${this.element.dataset.title}${when}: ${words.join(', ')}`);
    for (const { button } of this.entries) setEnabled(button, true);
  }
}

const DASHES: number[][] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [14, 4], [5, 2, 1, 2]];

function lastOf(values: readonly (number | null)[]): number | null {
  return values.findLast((v) => v !== null) ?? null;
}

function tick(v: number): string {
  const size = Math.abs(v);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e5) ? v.toExponential(0) : String(Number(v.toPrecision(4)));
  return text.replace('-', '−');
}
