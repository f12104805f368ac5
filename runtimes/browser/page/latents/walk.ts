/**
 * A walk through the latent space of a net that rests: sliders along the directions that matter most or along single
 * numbers of the noise, and the way between two latents.
 */
import { entry } from '../../../core/table.ts';
import type { ModelFacts, OutputFacts } from '../../protocol.ts';
import { countOf, viewOf } from '../outputs/outputs.ts';
import { PictureGrid } from '../outputs/pictures.ts';
import { Scatter } from '../outputs/points.ts';
import type { View } from '../outputs/view.ts';
import { soon } from '../run/frames.ts';
import { Refused, type Session } from '../run/session.ts';
import { byId, el, setText } from '../ui/dom.ts';
import { type Slider, slider } from '../ui/slider.ts';
import { onColours } from '../ui/theme.ts';
import { count } from '../ui/words.ts';
import { between, type Direction, principalDirections, rangeOf } from './latent-paths.ts';
import { concatenated, joined, type Latent, type Noise, row, shifted, sizeOf, thinned } from './latents.ts';

type Way = 'directions' | 'numbers' | 'between';

/** Examples from which the directions are found. */
const EXAMPLES = 512;
/** Sliders of directions, and of single numbers of one source before one asks for all. */
const DIRECTIONS = 5;
const NUMBERS = 8;
/** A noise of more numbers has no sliders for each, and no directions. */
const MOST = 512;
/** Pictures from one latent to another, the ends included. */
const BETWEEN = 9;

export class Walk {
  private readonly panel = byId('walk');
  private output!: OutputFacts;
  private view!: View & { label?: string };
  private strip: PictureGrid | null = null;
  private sources: Noise[] = [];
  private way: Way = 'directions';
  /** Where the walk stands without the sliders of directions. */
  private base: Latent = {};
  private directions: Direction[] = [];
  private offsets: number[] = [];
  private ends: [Latent, Latent] = [{}, {}];
  private along = 0.5;
  private seeds = 1;
  /** The step whose weights the directions belong to. */
  private preparedAt = -1;
  /** Grows when everything begins anew: answers to older questions are dropped. */
  private age = 0;
  private asking = false;
  private again = false;
  private shown: unknown = null;
  private stripShown: unknown = null;

  private readonly rest = el('p', {
    className: 'muted',
    textContent: 'Pause, or wait for the end, to walk through the latent space with sliders.',
  });
  private readonly body = el('div', { className: 'walk-body' });
  private readonly controls = el('div', { className: 'walk-controls' });
  private readonly place = el('div', { className: 'walk-view' });
  private readonly choice = el('select', { attributes: { 'aria-label': 'Output that is walked' } });
  private readonly note = el('p', { className: 'muted', attributes: { role: 'status' } });

  constructor(private readonly session: Session) {
    const title = el('h2', { textContent: 'Walk the latent space', id: 'walk-title' });
    this.choice.addEventListener('change', () => this.choose(this.choice.value));
    this.body.append(this.place, this.controls);
    this.panel.append(el('div', { className: 'head' }, title, this.choice), this.rest, this.body);
    session.on('ready', ({ model }) => this.begin(model));
    session.onChange(() => this.follow());
    onColours(() => soon(this.draw));
  }

  private begin({ outputs }: ModelFacts): void {
    const walkable = outputs.filter((o) => o.latents.length > 0);
    this.choice.replaceChildren(...walkable.map((o) => new Option(o.name, o.name)));
    this.choice.hidden = walkable.length < 2;
    if (walkable[0] !== undefined) this.choose(walkable[0].name);
  }

  private choose(name: string): void {
    const model = this.session.model!;
    this.output = model.outputs.find((o) => o.name === name)!;
    this.sources = this.output.latents.flatMap((l) => model.noise.find((n) => n.name === l) ?? []);
    const { view } = this.output;
    this.view =
      view === 'image'
        ? new PictureGrid({ tallest: 336 })
        : view === 'points'
          ? new Scatter('walk')
          : viewOf(this.output);
    this.view.label = this.output.name;
    this.place.replaceChildren(this.view.element);
    this.preparedAt = -1;
    this.follow();
  }

  /** Open while the run rests; what was found on other weights is found again. */
  private follow(): void {
    const { session, panel } = this;
    if (this.output === undefined) return;
    panel.hidden = !session.begun;
    const open = session.rests && !session.dead;
    this.rest.hidden = open;
    this.body.hidden = !open;
    if (!open) {
      if (!session.begun) this.preparedAt = -1;
      return;
    }
    if (this.preparedAt === session.step) return;
    this.preparedAt = session.step;
    void this.prepare();
  }

  // ---- what the worker is asked ----

  private async prepare(): Promise<void> {
    const age = ++this.age;
    const first = Object.keys(this.base).length === 0;
    try {
      const fixed = await this.session.sample(this.output.name, countOf(this.output), { kind: 'fixed' });
      if (age !== this.age) return;
      if (this.view instanceof Scatter) this.view.setReal(fixed.values);
      if (first || !this.fits(this.base)) {
        this.base = row(fixed.latents, fixed.count, 0);
        this.ends = [row(fixed.latents, fixed.count, 0), row(fixed.latents, fixed.count, 1)];
      }
      if (this.continuousSize >= 2 && this.continuousSize <= MOST) {
        setText(this.note, 'Looking for the directions that change it most…');
        const { latents, values } = await this.session.sample(this.output.name, EXAMPLES, {
          kind: 'seed',
          seed: 1,
        });
        if (age !== this.age) return;
        this.directions = principalDirections(
          joined(this.continuous, latents, EXAMPLES),
          thinned(values, EXAMPLES),
          EXAMPLES,
          DIRECTIONS,
        );
      } else this.directions = [];
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (age === this.age) setText(this.note, '');
      return;
    }
    if (this.directions.length === 0 && this.way === 'directions') this.way = 'numbers';
    this.offsets = this.directions.map(() => 0);
    this.build();
    this.changed();
    if (this.way === 'between') void this.drawStrip();
  }

  private fits(latent: Latent): boolean {
    return this.sources.every((s) => entry(latent, s.name)?.length === sizeOf(s));
  }

  private get continuous(): Noise[] {
    return this.sources.filter((s) => s.dist.kind !== 'bernoulli' && s.dist.kind !== 'categorical');
  }

  private get continuousSize(): number {
    return this.continuous.reduce((sum, s) => sum + sizeOf(s), 0);
  }

  /** One question at a time; what changed meanwhile is asked next. */
  private changed(): void {
    if (this.asking) {
      this.again = true;
      return;
    }
    void this.ask();
  }

  private async ask(): Promise<void> {
    this.asking = true;
    try {
      const { age } = this;
      const answer = await this.session.sample(this.output.name, 1, { kind: 'values', values: this.here() });
      if (age === this.age) {
        this.shown = this.view.pack(answer);
        soon(this.draw);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    this.asking = false;
    if (this.again) {
      this.again = false;
      this.changed();
    }
  }

  private async drawStrip(): Promise<void> {
    const { strip, age, ends } = this;
    if (strip === null) return;
    const latents = Array.from({ length: BETWEEN }, (_, i) => this.at(i / (BETWEEN - 1)));
    const values = Object.fromEntries(
      this.sources.map((s) => [s.name, concatenated(latents.map((l) => l[s.name]!))]),
    );
    try {
      const answer = await this.session.sample(this.output.name, BETWEEN, { kind: 'values', values });
      if (age !== this.age || ends !== this.ends) return;
      this.stripShown = strip.pack(answer);
      soon(this.draw);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  private readonly draw = (): void => {
    if (this.body.hidden) return;
    if (this.shown !== null) {
      this.view.show(this.shown as never);
      this.view.label = `${this.output.name} where the sliders stand`;
    }
    if (this.strip !== null && this.stripShown !== null) {
      this.strip.show(this.stripShown as never);
    }
  };

  // ---- where it stands ----

  private here(): Latent {
    if (this.way === 'between') return this.at(this.along);
    if (this.way === 'numbers') return this.base;
    return shifted(this.base, this.continuous, this.directions, this.offsets);
  }

  private at(t: number): Latent {
    const [a, b] = this.ends;
    return Object.fromEntries(this.sources.map((s) => [s.name, between(a[s.name]!, b[s.name]!, t, s.dist)]));
  }

  private async fresh(): Promise<Latent | null> {
    this.seeds++;
    try {
      const seed = 1000 + this.seeds;
      const { latents } = await this.session.sample(this.output.name, 1, { kind: 'seed', seed });
      return latents;
    } catch (error) {
      if (error instanceof Refused) return null;
      throw error;
    }
  }

  /** Begins at a picture of the grid. */
  async startFrom(output: string, index: number): Promise<void> {
    if (!this.session.rests || this.output?.name !== output) return;
    try {
      const fixed = await this.session.sample(output, countOf(this.output), { kind: 'fixed' });
      this.base = row(fixed.latents, fixed.count, Math.min(index, fixed.count - 1));
    } catch (error) {
      if (error instanceof Refused) return;
      throw error;
    }
    if (this.way === 'between') {
      this.ends = [this.base, this.ends[1]];
      void this.drawStrip();
    }
    this.offsets = this.offsets.map(() => 0);
    this.build();
    this.changed();
  }

  // ---- the controls ----

  private build(): void {
    const had = document.activeElement?.id;
    const parts =
      this.way === 'between'
        ? this.buildBetween()
        : [
            this.buildStart(),
            ...this.buildClasses(),
            ...(this.way === 'directions' ? this.buildDirections() : this.buildNumbers()),
          ];
    this.controls.replaceChildren(this.buildWays(), this.note, ...parts);
    if (had?.startsWith('walk-')) document.getElementById(had)?.focus();
    if (this.way !== 'between') this.strip = null;
  }

  private buildWays(): HTMLElement {
    const ways: [Way, string][] = [
      ...(this.directions.length > 0 ? [['directions', 'Directions'] as [Way, string]] : []),
      ['numbers', 'Single numbers'],
      ['between', 'Between two'],
    ];
    const set = el(
      'fieldset',
      { className: 'segments' },
      el('legend', { className: 'hidden', textContent: 'How to walk' }),
    );
    for (const [way, text] of ways) {
      const input = el('input', { type: 'radio', name: 'way', value: way, id: `walk-way-${way}` });
      input.checked = way === this.way;
      input.addEventListener('change', () => this.take(way));
      set.append(el('label', {}, input, el('span', { textContent: text })));
    }
    const words: Record<Way, string> = {
      directions: `The directions in which ${this.output.name} change most, found by trying ${EXAMPLES} latents.`,
      numbers: 'Each number of the noise by itself.',
      between: 'From one latent to another.',
    };
    setText(this.note, words[this.way]);
    return set;
  }

  private take(way: Way): void {
    // What is seen stays: the walk goes on from where it stood.
    this.base = this.here();
    this.offsets = this.offsets.map(() => 0);
    if (way === 'between') {
      this.ends = [this.base, this.ends[1]];
      this.along = 0;
    }
    this.way = way;
    this.stripShown = null;
    this.build();
    this.changed();
    if (way === 'between') void this.drawStrip();
  }

  /** Another place to begin from. */
  private buildStart(): HTMLElement {
    const random = el('button', { type: 'button', textContent: 'Random', id: 'walk-random' });
    random.addEventListener('click', async () => {
      const latent = await this.fresh();
      if (latent === null) return;
      this.base = latent;
      this.offsets = this.offsets.map(() => 0);
      this.build();
      this.changed();
    });
    const back = el('button', { type: 'button', textContent: 'Back to the middle', id: 'walk-middle' });
    back.addEventListener('click', () => {
      for (const source of this.continuous) {
        const { low, high } = rangeOf(source.dist);
        this.base = { ...this.base, [source.name]: new Float32Array(sizeOf(source)).fill((low + high) / 2) };
      }
      this.offsets = this.offsets.map(() => 0);
      this.build();
      this.changed();
    });
    const row = el('div', { className: 'row' }, random, back);
    if (this.output.view === 'image') row.append(this.buildPick());
    return row;
  }

  private buildPick(): HTMLElement {
    const most = countOf(this.output);
    const input = el('input', {
      type: 'number',
      id: 'walk-pick',
      min: '1',
      max: String(most),
      placeholder: `1–${most}`,
    });
    input.addEventListener('change', () => {
      const index = Number(input.value) - 1;
      if (input.value !== '' && index >= 0 && index < most) void this.startFrom(this.output.name, index);
    });
    return el(
      'span',
      { className: 'pick' },
      el('label', { htmlFor: input.id, textContent: 'from picture' }),
      input,
    );
  }

  private buildDirections(): HTMLElement[] {
    return this.directions.map(({ share }, k) => {
      const made: Slider = slider({
        label: `Direction ${k + 1}`,
        min: -3,
        max: 3,
        step: 0.05,
        value: this.offsets[k]!,
        say: (v) => `${v < 0 ? '−' : '+'}${Math.abs(v).toFixed(2)}`,
        onInput: (v) => {
          this.offsets[k] = v;
          this.changed();
        },
      });
      made.element.title = `${Math.round(100 * share)} % of what changes along straight lines`;
      return made.element;
    });
  }

  private buildNumbers(): HTMLElement[] {
    return this.sources
      .filter((s) => s.dist.kind !== 'categorical')
      .map((source) => {
        const size = Math.min(MOST, sizeOf(source));
        const grid = el('div', { className: 'slider-grid' });
        const add = (from: number, to: number) => {
          for (let i = from; i < to; i++) grid.append(this.numberSlider(source, i));
        };
        add(0, Math.min(NUMBERS, size));
        const group = el(
          'fieldset',
          { className: 'group' },
          el('legend', { textContent: `${source.name}, ${count(sizeOf(source))} numbers` }),
          grid,
        );
        if (size > NUMBERS) {
          const all = el('button', { type: 'button', textContent: `Show all ${count(size)}` });
          all.addEventListener('click', () => {
            add(NUMBERS, size);
            all.remove();
            grid.children[NUMBERS]?.querySelector('input')?.focus();
          });
          group.append(all);
        }
        return group;
      });
  }

  private numberSlider(source: Noise, i: number): HTMLElement {
    const { low, high, step } = rangeOf(source.dist);
    return slider({
      label: `${source.name}[${i}]`,
      min: low,
      max: high,
      step,
      value: this.base[source.name]![i]!,
      say: (v) => v.toFixed(2).replace('-', '−'),
      onInput: (v) => {
        const values = Float32Array.from(this.base[source.name]!);
        values[i] = v;
        this.base = { ...this.base, [source.name]: values };
        this.changed();
      },
    }).element;
  }

  /** Classes that are drawn as noise. */
  private buildClasses(): HTMLElement[] {
    return this.sources
      .filter((s) => s.dist.kind === 'categorical')
      .map((source) => {
        const size = sizeOf(source);
        const select = el('select', { id: `walk-class-${source.name}` });
        for (let k = 0; k < size; k++) select.append(new Option(`class ${k}`, String(k)));
        select.value = String(this.base[source.name]!.indexOf(1));
        select.addEventListener('change', () => {
          const values = new Float32Array(size);
          values[Number(select.value)] = 1;
          this.base = { ...this.base, [source.name]: values };
          this.changed();
        });
        return el(
          'div',
          { className: 'field-row' },
          el('label', { htmlFor: select.id, textContent: source.name }),
          select,
        );
      });
  }

  private buildBetween(): HTMLElement[] {
    const button = (text: string, end: 0 | 1) => {
      const made = el('button', { type: 'button', textContent: text, id: `walk-end-${end}` });
      made.addEventListener('click', async () => {
        const latent = await this.fresh();
        if (latent === null) return;
        this.ends = end === 0 ? [latent, this.ends[1]] : [this.ends[0], latent];
        this.changed();
        void this.drawStrip();
      });
      return made;
    };
    const way = slider({
      label: 'Between',
      min: 0,
      max: 1,
      step: 0.01,
      value: this.along,
      say: (v) => `${Math.round(100 * v)} %`,
      onInput: (v) => {
        this.along = v;
        this.changed();
      },
    });
    const row = el('div', { className: 'row' }, button('New first', 0), button('New second', 1));
    if (this.output.view !== 'image') return [row, way.element];
    this.strip = new PictureGrid({ columns: BETWEEN });
    this.strip.element.classList.add('strip');
    this.strip.label = `${BETWEEN} pictures from the first latent to the second`;
    return [row, this.strip.element, way.element];
  }
}
