/** What a run goes by: data, backend, seed, steps and batch; folded away while there is a run. */
import type { BackendName, FromWorker, NamedBytes, Settings } from '../../protocol.ts';
import type { Session } from '../run/session.ts';
import { byId, el, freshId, setText } from '../ui/dom.ts';
import { count, counted } from '../ui/words.ts';
import { DataChooser } from './choose-data.ts';

export class SettingsPanel {
  choosers: DataChooser[] = [];
  private readonly details = byId<HTMLDetailsElement>('settings');
  private readonly form = byId<HTMLFormElement>('settings-form');
  private seed!: HTMLInputElement;
  /** By phase. */
  private readonly steps = new Map<string, HTMLInputElement>();
  private readonly batch = new Map<string, HTMLInputElement>();

  constructor(
    private readonly session: Session,
    private readonly onOpened: (opened: Extract<FromWorker, { type: 'opened' }> | null) => void,
    private readonly onChange: () => void,
  ) {
    this.form.addEventListener('submit', (event) => event.preventDefault());
    this.form.addEventListener('change', () => this.changed());
    session.on('ready', () => this.fill());
    session.on('started', ({ seed }) => {
      this.seed.value = String(seed);
      this.changed();
    });
  }

  private fill(): void {
    const model = this.session.model!;
    this.choosers = model.data.map(
      (record) => new DataChooser(record, this.session, this.onOpened, () => this.changed()),
    );
    byId('records').replaceChildren(...this.choosers.map((c) => c.element));
    this.fillBackends();
    this.fillNumbers();
    for (const chooser of this.choosers) chooser.begin();
    this.changed();
  }

  private fillBackends(): void {
    const { backends } = this.session;
    const auto = backends.find((b) => b.chosen);
    const rows = [
      this.backend('auto', 'Automatic', auto === undefined ? 'none is here' : `takes ${auto.name}`, true),
      ...backends.map((b) =>
        this.backend(
          b.name,
          b.name,
          [b.available ? b.device : 'not available', b.why].filter((t) => t !== null && t !== '').join(': '),
          b.available,
        ),
      ),
    ];
    byId('backends').append(...rows);
  }

  private backend(name: string, label: string, about: string, available: boolean): HTMLElement {
    const input = el('input', { type: 'radio', name: 'backend', value: name, disabled: !available });
    input.checked = name === 'auto';
    return el(
      'label',
      { className: available ? 'check' : 'check off' },
      input,
      el(
        'span',
        {},
        el('b', { textContent: label }),
        ' ',
        el('span', { className: 'muted', textContent: about }),
      ),
    );
  }

  private fillNumbers(): void {
    const { phases } = this.session.model!;
    this.seed = number('Seed', { value: '0', min: '0', max: '4294967295' });
    const rows: HTMLElement[] = [fieldOf(this.seed)];
    for (const phase of phases) {
      const of = phases.length > 1 ? ` of ${phase.name}` : '';
      const steps = number(`Steps${of}`, {
        value: phase.steps === null ? '' : String(phase.steps),
        placeholder: phase.epochs === null ? '' : counted(phase.epochs, 'epoch'),
        min: '1',
        max: '100000000',
      });
      const least = String(phase.leastBatch);
      const batch = number(`Batch${of}`, { value: String(phase.batch), min: least, max: '65536' });
      if (phase.fixedBatch) {
        batch.readOnly = true;
        batch.title = 'the file makes an axis of the examples: the number is changed there';
      }
      this.steps.set(phase.name, steps);
      this.batch.set(phase.name, batch);
      rows.push(fieldOf(steps), fieldOf(batch));
    }
    byId('numbers').append(...rows);
  }

  /** What the form says; null where something must be put right first, which is said where it is. */
  read(checkpoint?: NamedBytes | 'kept'): Settings | null {
    for (const chooser of this.choosers) if (!chooser.check()) return null;
    if (!this.form.reportValidity()) return null;
    const { model } = this.session;
    const settings: Settings = {
      backend: (this.form.elements.namedItem('backend') as RadioNodeList).value as BackendName | 'auto',
      seed: Number(this.seed.value),
      data: Object.fromEntries(this.choosers.map((c) => [c.record.name, c.choice!])),
      keep: byId<HTMLInputElement>('keep').checked,
    };
    const changed = (inputs: Map<string, HTMLInputElement>, of: 'steps' | 'batch') =>
      Object.fromEntries(
        model!.phases.flatMap((phase) => {
          const text = inputs.get(phase.name)!.value;
          return text === '' || Number(text) === phase[of] ? [] : [[phase.name, Number(text)]];
        }),
      );
    const steps = changed(this.steps, 'steps');
    const batch = changed(this.batch, 'batch');
    if (Object.keys(steps).length > 0) settings.steps = steps;
    if (Object.keys(batch).length > 0) settings.batch = batch;
    if (checkpoint !== undefined) settings.checkpoint = checkpoint;
    return settings;
  }

  /** While there is a run they are folded away and fixed. */
  lock(locked: boolean): void {
    this.details.open = !locked;
    byId('settings-locked').hidden = !locked;
    for (const set of this.form.querySelectorAll('fieldset')) set.disabled = locked;
  }

  /** Steps of a phase as they stand in the form; null: as the model says. */
  stepsOf(phase: string): number | null {
    const text = this.steps.get(phase)?.value ?? '';
    return text === '' ? null : Number(text);
  }

  batchOf(phase: string): number {
    return Number(this.batch.get(phase)?.value ?? 0);
  }

  /** The backend that would be taken. */
  get backendName(): string | null {
    const chosen = (this.form.elements.namedItem('backend') as RadioNodeList | null)?.value;
    if (chosen !== undefined && chosen !== 'auto' && chosen !== '') return chosen;
    return this.session.backends.find((b) => b.chosen)?.name ?? null;
  }

  private changed(): void {
    if (this.seed === undefined) return;
    const model = this.session.model!;
    const lengths = model.phases.map((phase) => {
      const steps = this.stepsOf(phase.name);
      const length = steps === null ? counted(phase.epochs ?? 1, 'epoch') : counted(steps, 'step');
      return `${length} of ${count(this.batchOf(phase.name))}`;
    });
    const brief = [
      ...this.choosers.map((c) => c.brief),
      this.backendName ?? 'no backend',
      `seed ${this.seed.value}`,
      ...lengths,
    ];
    setText(byId('settings-brief'), brief.join(' · '));
    this.onChange();
  }
}

function number(label: string, attributes: Record<string, string>): HTMLInputElement {
  const input = el('input', {
    type: 'number',
    id: freshId('number'),
    attributes: { ...attributes, step: '1' },
  });
  input.dataset.label = label;
  if (attributes.placeholder === undefined || attributes.placeholder === '') input.required = true;
  return input;
}

function fieldOf(input: HTMLInputElement): HTMLElement {
  return el(
    'div',
    { className: 'field-row' },
    el('label', { htmlFor: input.id, textContent: input.dataset.label! }),
    input,
  );
}
