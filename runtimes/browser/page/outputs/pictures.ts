/** Pictures as a grid, a whole number of screen pixels to each of theirs. */
import type { Drawn } from '../../protocol.ts';
import { el } from '../ui/dom.ts';
import { colour, rgb } from '../ui/theme.ts';
import { counted } from '../ui/words.ts';
import { canvasPng, pen, type View } from './view.ts';

/** Their own pixels between two pictures. */
const GAP = 2;

export interface Pictures {
  count: number;
  height: number;
  width: number;
  /** RGBA of each picture, one after another. */
  pixels: Uint8ClampedArray;
}

export class PictureGrid implements View<Pictures> {
  readonly element: HTMLElement;
  private readonly canvas = el('canvas', { attributes: { role: 'img' } });
  private shown: Pictures | null = null;

  /** `columns`: at most; a near-square grid where nothing is said. `tallest`: in CSS pixels, for one picture. */
  constructor(private readonly options: { columns?: number; tallest?: number } = {}) {
    this.element = el('div', { className: 'pictures' }, this.canvas);
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  pack({ count, shape, values }: Drawn): Pictures {
    const [height = 1, width = 1, channels = 1] = shape;
    return { count, height, width, pixels: rgba(values, channels) };
  }

  bytesOf(pictures: Pictures): number {
    return pictures.pixels.length;
  }

  show(pictures: Pictures): void {
    this.shown = pictures;
    const { count, height, width, pixels } = pictures;
    const columns = this.columns(pictures);
    const rows = Math.ceil(count / columns);
    const gap = count > 1 ? GAP : 0;
    const { canvas } = this;
    canvas.width = columns * (width + gap) - gap;
    canvas.height = rows * (height + gap) - gap;
    const context = pen(canvas);
    const size = 4 * width * height;
    for (let k = 0; k < count; k++) {
      // A copy, since ImageData wants a buffer of its own.
      const image = new ImageData(pixels.slice(k * size, (k + 1) * size), width, height);
      context.putImageData(image, (k % columns) * (width + gap), Math.floor(k / columns) * (height + gap));
    }
    this.fit();
  }

  /** The width it is shown at: crisp where there is room for a screen pixel for each of its own, else scaled down. */
  private fit(): void {
    const { canvas, element } = this;
    if (this.shown === null || element.clientWidth === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const room = Math.min(element.clientWidth, this.options.tallest ?? 720) * ratio;
    const factor = Math.floor(room / Math.max(canvas.width, canvas.height));
    canvas.style.width = factor < 1 ? '100%' : `${(canvas.width * factor) / ratio}px`;
    canvas.style.imageRendering = factor < 1 ? 'auto' : 'pixelated';
  }

  private columns({ count }: Pictures): number {
    return Math.min(count, this.options.columns ?? Math.ceil(Math.sqrt(count)));
  }

  /** Which picture is at this place of the page. */
  at(x: number, y: number): number | null {
    if (this.shown === null) return null;
    const box = this.canvas.getBoundingClientRect();
    const columns = this.columns(this.shown);
    const rows = Math.ceil(this.shown.count / columns);
    const column = Math.floor(((x - box.left) / box.width) * columns);
    const row = Math.floor(((y - box.top) / box.height) * rows);
    const k = row * columns + column;
    return column < 0 || column >= columns || row < 0 || k >= this.shown.count ? null : k;
  }

  describe({ count, height, width }: Pictures): string {
    return `${counted(count, 'picture')} of ${width} × ${height} pixels`;
  }

  set label(text: string) {
    this.canvas.setAttribute('aria-label', text);
  }

  /** On the page's ground, enlarged as `ganc train` does it, so that small pictures can be seen. */
  png(): Promise<Blob | null> {
    const { canvas } = this;
    const factor = Math.max(1, Math.floor(640 / Math.max(canvas.width, canvas.height)));
    const large = el('canvas', { width: canvas.width * factor, height: canvas.height * factor });
    const context = pen(large);
    const [r, g, b] = rgb(colour('panel'));
    context.fillStyle = `rgb(${r} ${g} ${b})`;
    context.fillRect(0, 0, large.width, large.height);
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, large.width, large.height);
    return canvasPng(large);
  }
}

/** [−1, 1] to 0 … 255 for one, three or four channels; NaN is black. */
function rgba(values: Float32Array, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const count = values.length / channels;
  const out = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      // The array clamps and rounds; NaN becomes 0.
      out[4 * i + c] = (values[i * channels + (channels < 3 ? 0 : c)]! + 1) * 127.5;
    }
    out[4 * i + 3] = channels === 4 ? (values[i * 4 + 3]! + 1) * 127.5 : 255;
  }
  return out;
}
