/** Sounds as waves, each with a button that plays it. */
import type { Drawn } from '../../protocol.ts';
import { el, setText } from '../ui/dom.ts';
import { colour } from '../ui/theme.ts';
import { counted } from '../ui/words.ts';
import { pen, type View } from './view.ts';

export interface Sounds {
  count: number;
  length: number;
  channels: number;
  rate: number;
  values: Float32Array;
}

const HEIGHT = 64;

export class Waves implements View<Sounds> {
  readonly element = el('ul', { className: 'waves' });
  private shown: Sounds | null = null;
  private audio: AudioContext | null = null;
  private playing: { source: AudioBufferSourceNode; button: HTMLButtonElement } | null = null;

  constructor() {
    new ResizeObserver(() => this.redraw()).observe(this.element);
  }

  pack({ count, shape, values, sampleRate = 16_000 }: Drawn): Sounds {
    const [length = 1, channels = 1] = shape;
    return { count, length, channels, rate: sampleRate, values };
  }

  bytesOf({ values }: Sounds): number {
    return 4 * values.length;
  }

  describe({ count, length, rate }: Sounds): string {
    return `${counted(count, 'sound')} of ${Math.round((1000 * length) / rate)} ms`;
  }

  show(sounds: Sounds): void {
    this.shown = sounds;
    while (this.element.children.length > sounds.count) this.element.lastElementChild!.remove();
    for (let k = this.element.children.length; k < sounds.count; k++) this.element.append(this.row(k));
    this.redraw();
  }

  private row(k: number): HTMLLIElement {
    const button = el('button', { type: 'button', className: 'play', textContent: 'Play' });
    button.setAttribute('aria-label', `Play sound ${k + 1}`);
    button.addEventListener('click', () => this.play(k, button));
    return el(
      'li',
      {},
      button,
      el('canvas', { attributes: { role: 'img', 'aria-label': `The wave of sound ${k + 1}` } }),
    );
  }

  private redraw(): void {
    const { shown } = this;
    if (shown === null) return;
    const ratio = window.devicePixelRatio || 1;
    this.element.querySelectorAll('canvas').forEach((canvas, k) => {
      const width = canvas.clientWidth;
      if (width === 0) return;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(HEIGHT * ratio);
      const context = pen(canvas);
      context.scale(ratio, ratio);
      context.fillStyle = colour('line');
      context.fillRect(0, HEIGHT / 2 - 0.5, width, 1);
      context.fillStyle = colour('series-1');
      for (let x = 0; x < width; x++) {
        const [low, high] = this.extent(shown, k, x / width, (x + 1) / width);
        const top = ((1 - high) / 2) * HEIGHT;
        context.fillRect(x, top, 1, Math.max(1, ((high - low) / 2) * HEIGHT));
      }
    });
  }

  /** Lowest and highest value of the first channel in this part of the sound. */
  private extent(
    { length, channels, values }: Sounds,
    k: number,
    from: number,
    to: number,
  ): [number, number] {
    // One sample back, so that columns join.
    const first = Math.max(0, Math.floor(from * length) - 1);
    const last = Math.max(first + 1, Math.floor(to * length));
    let [low, high] = [1, -1];
    for (let t = first; t < last; t++) {
      const v = values[(k * length + t) * channels] ?? 0;
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    return [Math.max(-1, low), Math.min(1, high)];
  }

  private play(k: number, button: HTMLButtonElement): void {
    const before = this.playing;
    before?.source.stop();
    if (before?.button === button || this.shown === null) return;
    const { length, channels, rate, values } = this.shown;
    this.audio ??= new AudioContext();
    const buffer = this.audio.createBuffer(channels, length, rate);
    for (let c = 0; c < channels; c++) {
      buffer.copyToChannel(
        Float32Array.from({ length }, (_, t) => values[(k * length + t) * channels + c]!),
        c,
      );
    }
    const source = this.audio.createBufferSource();
    source.buffer = buffer;
    source.connect(this.audio.destination);
    source.onended = () => {
      setText(button, 'Play');
      if (this.playing?.source === source) this.playing = null;
    };
    setText(button, 'Stop');
    this.playing = { source, button };
    source.start();
  }
}
