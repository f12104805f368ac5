/** Charts as SVG text: loss curves, 2-D points, waves. Observable Plot on linkedom's document. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { LogEntry } from '../core/run/loop.ts';
import { squareAround } from '../core/run/square.ts';
import type { Examples } from './drawing.ts';

/** What is used of linkedom's elements (the types of the DOM are not loaded here). */
interface SvgElement {
  readonly tagName: string;
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  querySelectorAll(selector: string): { item(index: number): SvgElement };
}

type PlotOptions = Parameters<typeof Plot.plot>[0];

function render(options: PlotOptions & {}): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure = Plot.plot({
    document: document as never,
    style: { background: 'white', color: '#222', fontFamily: 'sans-serif', fontSize: '11px' } as never,
    ...options,
  });
  // A plot with a legend or a title is a figure around the drawing.
  const element = figure as unknown as SvgElement;
  const svg = element.tagName.toLowerCase() === 'svg' ? element : element.querySelectorAll('svg').item(0);
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return svg.outerHTML;
}

/** Points drawn at most, for each curve: a long log is thinned by averaging neighbours. */
const POINTS = 500;

const PANEL = { width: 720, height: 170 };

/**
 * Every loss and metric over the steps, one below another, each on its own scale, with its moving mean. null for an
 * empty log.
 */
export function curvesSvg(entries: readonly LogEntry[]): string | null {
  const names = [...new Set(entries.flatMap((e) => Object.keys(e.values)))];
  const first = entries[0]?.step ?? 0;
  const steps: [number, number] = [first, Math.max(first + 1, entries.at(-1)?.step ?? 0)];
  const panels = names.flatMap((name) => {
    const rows = thinned(entries, name);
    return rows.length === 0 ? [] : [panel(name, rows, steps)];
  });
  if (panels.length === 0) return null;
  const height = panels.length * PANEL.height;
  const inner = panels.map((svg, i) => svg.replace('<svg', `<svg y="${i * PANEL.height}"`));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${PANEL.width}" height="${height}" viewBox="0 0 ${PANEL.width} ${height}">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...inner,
    '</svg>\n',
  ].join('\n');
}

interface Point {
  step: number;
  value: number;
}

function thinned(entries: readonly LogEntry[], name: string): Point[] {
  const all = entries.filter((e) => typeof e.values[name] === 'number');
  const group = Math.max(1, Math.ceil(all.length / POINTS));
  return Array.from({ length: Math.ceil(all.length / group) }, (_, i) => {
    const part = all.slice(i * group, (i + 1) * group);
    const value = part.reduce((sum, e) => sum + e.values[name]!, 0) / part.length;
    return { step: part.at(-1)!.step, value };
  });
}

function panel(name: string, rows: readonly Point[], steps: [number, number]): string {
  const k = Math.max(1, Math.round(rows.length / 25));
  return render({
    ...PANEL,
    marginLeft: 60,
    marginTop: 26,
    x: { domain: steps, label: 'step', grid: true, labelArrow: 'none' },
    y: { label: name, grid: true, nice: true, labelArrow: 'none', ticks: 5 },
    marks: [
      Plot.frame({ stroke: '#ddd' }),
      Plot.line(rows, { x: 'step', y: 'value', stroke: '#9ecae1', strokeWidth: 1 }),
      Plot.line(
        rows,
        Plot.windowY(
          { k, anchor: 'end', strict: false },
          { x: 'step', y: 'value', stroke: '#08519c', strokeWidth: 1.8 },
        ),
      ),
    ],
  });
}

/** Points that a model draws (blue) over real ones (grey). */
export function scatterSvg(values: Float32Array, background?: Float32Array, title?: string): string {
  const pairs = (data: Float32Array) =>
    Array.from({ length: data.length / 2 }, (_, i) => ({ x: data[2 * i]!, y: data[2 * i + 1]! })).filter(
      (p) => Number.isFinite(p.x) && Number.isFinite(p.y),
    );
  const drawn = pairs(values);
  const real = background === undefined ? [] : pairs(background);
  // The frame is the real data's, so that pictures of one run can be laid side by side.
  const square = squareAround(real.length > 0 ? background! : values);
  return render({
    width: 480,
    height: 480,
    margin: 40,
    x: {
      domain: square.x,
      label: title ?? null,
      labelAnchor: 'center',
      labelArrow: 'none',
      grid: true,
    },
    y: { domain: square.y, label: null, grid: true },
    marks: [
      Plot.frame({ stroke: '#ccc' }),
      Plot.dot(real, { x: 'x', y: 'y', r: 1.6, fill: '#bbb', clip: true }),
      Plot.dot(drawn, { x: 'x', y: 'y', r: 1.6, fill: '#08519c', fillOpacity: 0.6, clip: true }),
    ],
  });
}

/** The first channel of each example, one below another; many in columns. */
export function waveSvg({ count, shape, values }: Examples, rate: number, title?: string): string {
  const [length = 1, channels = 1] = shape;
  const stride = Math.max(1, Math.floor(length / 2000));
  const columns = count <= 8 ? 1 : Math.ceil(Math.sqrt(count / 4));
  const rowsOf = Math.ceil(count / columns);
  const rows = Array.from({ length: count }, (_, k) =>
    Array.from({ length: Math.floor(length / stride) }, (_, t) => ({
      row: Math.floor(k / columns),
      column: k % columns,
      ms: (1000 * t * stride) / rate,
      value: values[(k * length + t * stride) * channels]!,
    })),
  ).flat();
  return render({
    width: 720,
    height: 40 + (columns === 1 ? 90 : 45) * rowsOf,
    marginLeft: 44,
    x: { label: title === undefined ? 'milliseconds' : `${title} · milliseconds`, labelArrow: 'none' },
    y: { domain: [-1, 1], label: null, ticks: columns === 1 ? [-0.5, 0, 0.5] : [0] },
    fx: { axis: null },
    fy: { axis: null },
    marks: [
      Plot.frame({ stroke: '#ddd' }),
      Plot.line(rows, { x: 'ms', y: 'value', fx: 'column', fy: 'row', stroke: '#08519c', strokeWidth: 0.8 }),
    ],
  });
}
