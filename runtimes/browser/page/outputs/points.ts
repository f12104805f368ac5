/**
 * Points in the plane: drawn ones over real ones, and under them what a critic says of each place, as a soft field
 * between two colours.
 */
import { type Square, squareAround } from '../../../core/run/square.ts';
import type { Drawn, Region } from '../../protocol.ts';
import { el } from '../ui/dom.ts';
import { colour, rgb } from '../ui/theme.ts';
import { counted, value } from '../ui/words.ts';
import { canvasPng, pen, type View } from './view.ts';

export interface Surface {
  probe: string;
  step: number;
  region: Region;
  values: Float32Array;
}

export interface Points {
  step: number;
  values: Float32Array;
  surface: Surface | null;
}

/** Room for the numbers of the axes, in CSS pixels. */
const MARGIN = { left: 36, bottom: 24, top: 6, right: 6 };

export class Scatter implements View<Points> {
  readonly element: HTMLElement;
  private readonly canvas = el('canvas', { attributes: { role: 'img' } });
  private readonly legend = el('ul', { className: 'legend' });
  private readonly field = el('li', { className: 'field', hidden: true });
  private readonly visible = { drawn: true, real: true, field: true };
  private real: Float32Array | null = null;
  private surface: Surface | null = null;
  private shown: Points | null = null;

  /**
   * `walk`: few points, each of interest: a walk's place over what the net draws elsewhere. `data`: real ones alone.
   */
  constructor(private readonly role: 'output' | 'walk' | 'data' = 'output') {
    this.element = el('div', { className: 'points' }, this.canvas);
    if (role === 'output') this.element.append(this.legend);
    this.legend.append(this.entry('drawn', 'generated'), this.entry('real', 'real'), this.field);
    new ResizeObserver(() => this.redraw()).observe(this.element);
  }

  private entry(what: 'drawn' | 'real', name: string): HTMLLIElement {
    return el('li', {}, this.toggle(what, el('i', { className: `dot ${what}` }), name));
  }

  private toggle(what: 'drawn' | 'real' | 'field', ...content: (Node | string)[]): HTMLButtonElement {
    const button = el('button', { type: 'button', className: 'quiet' }, ...content);
    button.setAttribute('aria-pressed', 'true');
    button.addEventListener('click', () => {
      this.visible[what] = !this.visible[what];
      button.setAttribute('aria-pressed', String(this.visible[what]));
      this.redraw();
    });
    return button;
  }

  setReal(values: Float32Array): void {
    this.real = values;
    this.redraw();
  }

  /** The newest field; drawings of its step keep it. */
  setSurface(surface: Surface): void {
    this.surface = surface;
    if (this.shown !== null && this.shown.step === surface.step) this.shown.surface = surface;
    this.redraw();
  }

  pack({ step, values }: Drawn): Points {
    return { step, values, surface: this.surface?.step === step ? this.surface : null };
  }

  bytesOf({ values, surface }: Points): number {
    return 4 * (values.length + (surface === null ? 4096 : surface.values.length));
  }

  describe({ values, surface }: Points): string {
    const field = surface === null ? '' : `, over the values of ${surface.probe} in the plane`;
    const real = this.real === null ? '' : ` over ${counted(this.real.length / 2, 'real one')}`;
    const which = this.role === 'data' ? 'real point' : 'generated point';
    return `a scatter of ${counted(values.length / 2, which)}${real}${field}`;
  }

  set label(text: string) {
    this.canvas.setAttribute('aria-label', text);
  }

  show(points: Points): void {
    this.shown = points;
    this.redraw();
  }

  png(): Promise<Blob | null> {
    return canvasPng(this.canvas);
  }

  private redraw(): void {
    const { shown, canvas, element } = this;
    const size = Math.min(element.clientWidth, this.role === 'walk' ? 320 : 620);
    if (shown === null || size === 0) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.style.width = `${size}px`;
    canvas.width = Math.round(size * ratio);
    canvas.height = canvas.width;
    const context = pen(canvas);
    context.scale(ratio, ratio);
    context.fillStyle = colour('panel');
    context.fillRect(0, 0, size, size);
    // An earlier moment has its own field or none: today's would not fit its points.
    const surface = shown.surface;
    const frame = this.frameOf(surface);
    const place = placing(frame, size);
    context.save();
    context.beginPath();
    context.rect(
      MARGIN.left,
      MARGIN.top,
      size - MARGIN.left - MARGIN.right,
      size - MARGIN.top - MARGIN.bottom,
    );
    context.clip();
    if (surface !== null && this.visible.field) this.drawField(context, surface, place);
    if (this.real !== null && this.visible.real) {
      dots(context, this.real, place, colour('real'), 1.6, 0.55);
    }
    if (this.visible.drawn) {
      const fill = colour(this.role === 'data' ? 'real' : 'generated');
      const large = this.role === 'walk';
      dots(context, shown.values, place, fill, large ? 6 : 1.9, large ? 1 : 0.75);
    }
    context.restore();
    drawAxes(context, frame, place, size);
    this.sayField(surface);
  }

  /** The field's place where there is one, else about the real points, else about the drawn ones. */
  private frameOf(surface: Surface | null): Square {
    const region = surface?.region ?? this.surface?.region;
    if (region !== undefined) return { x: region.x, y: region.y };
    return squareAround(this.real ?? this.shown?.values ?? new Float32Array());
  }

  private drawField(context: CanvasRenderingContext2D, surface: Surface, place: Place): void {
    const { values, region } = surface;
    const { columns, rows } = region;
    const { middle, reach } = scaleOf(values);
    const image = new ImageData(columns, rows);
    const [low, mid, high] = [rgb(colour('field-low')), rgb(colour('panel')), rgb(colour('field-high'))];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        // The first row of values is the lowest; the first row of pixels is the highest.
        const v = values[(rows - 1 - row) * columns + column]!;
        const t = Math.max(-1, Math.min(1, (v - middle) / reach)) || 0;
        const end = t < 0 ? low : high;
        const at = 4 * (row * columns + column);
        for (let c = 0; c < 3; c++) image.data[at + c] = mid[c]! + (end[c]! - mid[c]!) * Math.abs(t);
        image.data[at + 3] = 255;
      }
    }
    const small = el('canvas', { width: columns, height: rows });
    pen(small).putImageData(image, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    const [left, right] = [place.x(region.x[0]), place.x(region.x[1])];
    const [top, bottom] = [place.y(region.y[1]), place.y(region.y[0])];
    // Values stand at the grid's points, pixels have an extent: half of one on each side.
    const [dx, dy] = [(right - left) / (columns - 1), (bottom - top) / (rows - 1)];
    context.drawImage(small, left - dx / 2, top - dy / 2, right - left + dx, bottom - top + dy);
  }

  /** The field's legend: the critic's name, and what its two colours stand for. */
  private sayField(surface: Surface | null): void {
    const { field } = this;
    if (surface === null) return;
    if (field.hidden || field.dataset.probe !== surface.probe) {
      field.hidden = false;
      field.dataset.probe = surface.probe;
      field.replaceChildren(
        this.toggle(
          'field',
          `${surface.probe} says `,
          el('span', { className: 'number low' }),
          el('i', { className: 'ramp' }),
          el('span', { className: 'number high' }),
        ),
      );
    }
    const { middle, reach } = scaleOf(surface.values);
    field.querySelector('.low')!.textContent = short(middle - reach);
    field.querySelector('.high')!.textContent = short(middle + reach);
  }
}

function short(v: number): string {
  return Math.abs(v) >= 100 || v === 0
    ? value(Math.round(v)).replace(/\.0+$/, '')
    : v.toFixed(1).replace('-', '−');
}

/** Where the colours part: 0 where the critic says both more and less (a logit's even odds), else their mean. */
function middleOf(values: Float32Array): number {
  let [low, high, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const v of values) {
    low = Math.min(low, v);
    high = Math.max(high, v);
    sum += v;
  }
  return low < 0 && high > 0 ? 0 : sum / values.length;
}

interface Scale {
  middle: number;
  /** How far from the middle the colours are full: most of the plane is within, a few far corners are not. */
  reach: number;
}

/** A field is drawn again with every change of its points. */
const scales = new WeakMap<Float32Array, Scale>();

function scaleOf(values: Float32Array): Scale {
  const had = scales.get(values);
  if (had !== undefined) return had;
  const middle = middleOf(values);
  const away = values.map((v) => Math.abs(v - middle)).sort();
  const scale = { middle, reach: Math.max(1e-6, away[Math.floor(0.9 * (away.length - 1))]!) };
  scales.set(values, scale);
  return scale;
}

interface Place {
  x(v: number): number;
  y(v: number): number;
}

function placing({ x, y }: Square, size: number): Place {
  const width = size - MARGIN.left - MARGIN.right;
  const height = size - MARGIN.top - MARGIN.bottom;
  return {
    x: (v) => MARGIN.left + ((v - x[0]) / (x[1] - x[0])) * width,
    y: (v) => MARGIN.top + (1 - (v - y[0]) / (y[1] - y[0])) * height,
  };
}

function dots(
  context: CanvasRenderingContext2D,
  values: Float32Array,
  place: Place,
  fill: string,
  radius: number,
  alpha: number,
): void {
  context.globalAlpha = alpha;
  context.fillStyle = fill;
  context.beginPath();
  for (let i = 0; i + 1 < values.length; i += 2) {
    const [x, y] = [place.x(values[i]!), place.y(values[i + 1]!)];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    context.moveTo(x + radius, y);
    context.arc(x, y, radius, 0, 2 * Math.PI);
  }
  context.fill();
  context.globalAlpha = 1;
}

function drawAxes(context: CanvasRenderingContext2D, frame: Square, place: Place, size: number): void {
  context.strokeStyle = colour('line');
  context.lineWidth = 1;
  context.strokeRect(
    MARGIN.left + 0.5,
    MARGIN.top + 0.5,
    size - MARGIN.left - MARGIN.right - 1,
    size - MARGIN.top - MARGIN.bottom - 1,
  );
  context.fillStyle = colour('muted');
  context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = 'center';
  context.textBaseline = 'top';
  for (const v of ticks(frame.x)) context.fillText(tick(v), place.x(v), size - MARGIN.bottom + 6);
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const v of ticks(frame.y)) context.fillText(tick(v), MARGIN.left - 6, place.y(v));
}

const tick = (v: number) => String(Number(v.toPrecision(6))).replace('-', '−');

/** Round numbers in a range, four or five of them. */
export function ticks([low, high]: [number, number]): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? 10 * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}
