/** One panel an output: what it draws on latents held fixed, now and at earlier moments of the run. */
import type { Drawn, OutputFacts, TypeSpec } from '../../protocol.ts';
import { soon } from '../run/frames.ts';
import { Moments } from '../run/moments.ts';
import { saveBlob } from '../run/save.ts';
import { el, onPress, setEnabled, setText } from '../ui/dom.ts';
import { slider } from '../ui/slider.ts';
import { onColours } from '../ui/theme.ts';
import { counted, count as countText, kindOf } from '../ui/words.ts';
import { Table } from './numbers.ts';
import { PictureGrid } from './pictures.ts';
import { Scatter, type Surface } from './points.ts';
import { Waves } from './sounds.ts';
import { Texts } from './texts.ts';
import type { View } from './view.ts';

/** Examples asked for. */
export function countOf({ view }: OutputFacts): number {
  return { image: 64, points: 1000, sound: 4, text: 16, numbers: 8 }[view];
}

/** Of one output's earlier pictures. */
const MEMORY = 48 * 2 ** 20;
/** More would be finer than a hand moves a slider. */
const MOMENTS = 240;

export function viewOf(output: OutputFacts): View & { label?: string } {
  switch (output.view) {
    case 'image':
      return new PictureGrid();
    case 'points':
      return new Scatter();
    case 'sound':
      return new Waves();
    case 'text':
      return new Texts();
    case 'numbers':
      return new Table();
  }
}

export class OutputPanel {
  readonly element: HTMLElement;
  private readonly view: View & { label?: string };
  private moments = new Moments<unknown>(MOMENTS);
  /** The step that is looked at; null: always the newest. */
  private step: number | null = null;
  private real: { packed: unknown; text: string } | null = null;
  private showsReal = false;
  private playing: number | null = null;

  private readonly stepText = el('span', { className: 'muted number' });
  private readonly history = slider({
    label: 'Earlier moments',
    min: 0,
    max: 0,
    step: 1,
    value: 0,
    say: (i) => this.sayMoment(i),
    onInput: (i) => this.look(i),
  });
  private readonly play = el('button', { type: 'button', textContent: 'Play' });
  private readonly latest = el('button', { type: 'button', textContent: 'Latest' });
  private readonly realButton = el('button', { type: 'button', textContent: 'Show real ones', hidden: true });
  private readonly waiting = el('p', {
    className: 'waiting muted',
    textContent: 'The first picture is being drawn.',
  });

  constructor(readonly output: OutputFacts) {
    this.view = viewOf(output);
    this.view.label = output.name;
    const title = el('h2', { textContent: output.name, id: `output-${output.name}` });
    const png = el('button', { type: 'button', textContent: 'Download PNG' });
    png.setAttribute('aria-label', `Download ${output.name} as PNG`);
    png.addEventListener('click', () => void this.savePng());
    png.hidden = this.view.png === undefined;
    this.play.setAttribute('aria-label', `Play the moments of ${output.name}`);
    onPress(this.play, () => this.togglePlay());
    this.latest.setAttribute('aria-label', `Show the latest ${output.name}`);
    onPress(this.latest, () => this.look(this.moments.all.length - 1));
    this.realButton.setAttribute('aria-pressed', 'false');
    this.realButton.addEventListener('click', () => this.toggleReal());
    this.element = el(
      'section',
      { className: `panel output ${output.view}`, attributes: { 'aria-labelledby': title.id } },
      el('div', { className: 'head' }, title, this.stepText),
      ...(output.doc === '' ? [] : [el('p', { className: 'muted', textContent: output.doc })]),
      el('div', { className: 'view' }, this.waiting, this.view.element),
      el('div', { className: 'history' }, this.history.element, this.play, this.latest),
      el('p', { className: 'row' }, this.realButton, png),
    );
    onColours(() => soon(this.draw));
    this.sayState();
  }

  /** A new drawing on the fixed latents. */
  add(drawn: Drawn): void {
    const packed = this.view.pack(drawn);
    if (this.moments.all.length === 0) {
      const room = Math.floor(MEMORY / Math.max(1, this.view.bytesOf(packed)));
      this.moments = new Moments(Math.max(8, Math.min(MOMENTS, room)));
    }
    this.moments.add(drawn.step, packed);
    soon(this.draw);
  }

  addSurface(surface: Surface): void {
    if (!(this.view instanceof Scatter)) return;
    const moment = this.moments.all.find((m) => m.step === surface.step);
    if (moment !== undefined) (moment.shown as { surface: Surface }).surface = surface;
    this.view.setSurface(surface);
  }

  /** What it is to become: real examples of the same type. */
  setReal(real: {
    field: string;
    spec: TypeSpec;
    count: number;
    values: Float32Array;
    symbols?: readonly string[];
  }): void {
    const { type } = this.output;
    if (real.spec.meaning !== type.meaning || real.spec.shape.join() !== type.shape.join()) return;
    if (this.view instanceof Scatter) {
      this.view.setReal(real.values);
      return;
    }
    const count = Math.min(real.count, countOf(this.output));
    const values = real.values.subarray(0, (count * real.values.length) / real.count);
    const { symbols } = real;
    const drawn = {
      output: this.output.name,
      step: 0,
      count,
      shape: real.spec.shape,
      values,
      ...(symbols === undefined ? {} : { symbols }),
    };
    this.real = { packed: this.view.pack(drawn), text: `real examples of ${real.field}` };
    this.realButton.hidden = false;
  }

  /** The run went back to an earlier state. */
  rewind(step: number): void {
    this.moments.rewind(step);
    this.step = null;
    soon(this.draw);
  }

  /** The picture that was pressed, counted from 0. */
  onPick(pick: (index: number) => void): void {
    const { view } = this;
    if (!(view instanceof PictureGrid)) return;
    view.element.addEventListener('click', (event) => {
      const index = view.at(event.clientX, event.clientY);
      if (index !== null && !this.showsReal) pick(index);
    });
  }

  private get index(): number {
    const { all } = this.moments;
    if (this.step === null) return all.length - 1;
    // Moments thin out as the run grows longer: the nearest that is left.
    let best = 0;
    all.forEach((m, i) => {
      if (Math.abs(m.step - this.step!) < Math.abs(all[best]!.step - this.step!)) best = i;
    });
    return best;
  }

  private look(index: number): void {
    const { all } = this.moments;
    this.step = index >= all.length - 1 ? null : (all[index]?.step ?? null);
    soon(this.draw);
  }

  private readonly draw = (): void => {
    const { all } = this.moments;
    const moment = all[this.index];
    this.sayState();
    if (moment === undefined) return;
    this.waiting.hidden = true;
    const shown = this.showsReal && this.real !== null ? this.real.packed : moment.shown;
    this.view.show(shown);
    const what = this.showsReal && this.real !== null ? this.real.text : this.output.name;
    const when = this.showsReal ? '' : ` at step ${countText(moment.step)}`;
    this.view.label = `${what}${when}: ${this.view.describe(shown)}`;
  };

  private sayState(): void {
    const { all } = this.moments;
    const moment = all[this.index];
    setText(
      this.stepText,
      this.showsReal
        ? (this.real?.text ?? '')
        : moment === undefined
          ? kindOf(this.output.type)
          : `step ${countText(moment.step)}${this.step === null ? '' : `, latest is ${countText(all.at(-1)!.step)}`}`,
    );
    this.history.setRange(0, Math.max(0, all.length - 1));
    this.history.value = Math.max(0, this.index);
    this.history.enabled = all.length > 1;
    setEnabled(this.play, all.length > 1);
    setEnabled(this.latest, this.step !== null);
  }

  private sayMoment(index: number): string {
    const { all } = this.moments;
    const moment = all[index];
    if (moment === undefined) return 'none yet';
    return `step ${countText(moment.step)}${index === all.length - 1 ? ' (latest)' : ''}`;
  }

  /** From the first moment to the latest, in four seconds. */
  private togglePlay(): void {
    if (this.playing !== null) {
      this.stopPlay();
      return;
    }
    const { all } = this.moments;
    if (all.length < 2) return;
    setText(this.play, 'Stop');
    const pause = Math.max(40, 4000 / all.length);
    let index = 0;
    this.look(0);
    this.playing = window.setInterval(() => {
      index++;
      this.look(index);
      if (index >= this.moments.all.length - 1) this.stopPlay();
    }, pause);
  }

  private stopPlay(): void {
    if (this.playing !== null) window.clearInterval(this.playing);
    this.playing = null;
    setText(this.play, 'Play');
  }

  private toggleReal(): void {
    this.showsReal = !this.showsReal;
    this.realButton.setAttribute('aria-pressed', String(this.showsReal));
    soon(this.draw);
  }

  private async savePng(): Promise<void> {
    const blob = await this.view.png?.();
    const step = this.moments.all[this.index]?.step ?? 0;
    if (blob !== undefined && blob !== null) saveBlob(blob, `${this.output.name}-${step}.png`);
  }

  /** Nothing goes on after the panel has left the page. */
  close(): void {
    this.stopPlay();
    this.element.remove();
  }
}

/** What a panel will show, for the page before the first step. */
export function promise(output: OutputFacts): string {
  const many = countOf(output);
  if (output.view === 'image') return `${counted(many, 'picture')} of ${output.name}`;
  if (output.view === 'points') return `${counted(many, 'point')} of ${output.name}, over real ones`;
  if (output.view === 'sound') return `${counted(many, 'sound')} of ${output.name}`;
  if (output.view === 'text') return `${counted(many, 'text')} of ${output.name}`;
  return `${output.name}, in numbers`;
}
