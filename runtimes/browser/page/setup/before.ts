/** The page before a run: what the model is, what will happen, and the data that it will learn from. */
import { sizeOf } from '../../../core/shape.ts';
import type { FromWorker, ModelFacts, OutputFacts } from '../../protocol.ts';
import { promise, viewOf } from '../outputs/outputs.ts';
import { Scatter } from '../outputs/points.ts';
import type { Session } from '../run/session.ts';
import { byId, el, setText } from '../ui/dom.ts';
import { onColours } from '../ui/theme.ts';
import { count, counted, kindOf, listed } from '../ui/words.ts';
import type { SettingsPanel } from './settings.ts';

type Opened = Extract<FromWorker, { type: 'opened' }>;

/** Examples in the look at the data. */
const PREVIEW = 36;

export function sayModel(model: ModelFacts): void {
  setText(byId('model-name'), model.name);
  const [first = '', ...rest] = model.doc.split(/\n\s*\n/);
  setText(byId('model-doc'), oneLine(first));
  const rows = Object.entries(model.params).map(([name, value]) =>
    el(
      'div',
      {},
      el('dt', { textContent: name }),
      el('dd', { textContent: Array.isArray(value) ? value.join(', ') : String(value) }),
    ),
  );
  const nets = model.nets.map(({ name, weights }) =>
    el('div', {}, el('dt', { textContent: name }), el('dd', { textContent: counted(weights, 'weight') })),
  );
  const noise = model.noise.map(({ name, dist, shape }) =>
    el(
      'div',
      {},
      el('dt', { textContent: name }),
      el('dd', {
        textContent: `${dist.kind} noise, ${counted(sizeOf(shape), 'number')}`,
      }),
    ),
  );
  const list = (title: string, items: HTMLElement[]) =>
    items.length === 0 ? [] : [el('section', {}, el('h3', { textContent: title }), el('dl', {}, ...items))];
  byId('about-body').replaceChildren(
    ...rest.map((text) => el('p', { textContent: oneLine(text) })),
    el(
      'div',
      { className: 'columns' },
      ...list('Parameters', rows),
      ...list('Nets', nets),
      ...list('Noise', noise),
    ),
    el('p', { className: 'muted', textContent: `Compiled by ganc from ${model.source}.` }),
  );
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

/** What Start does, in the words of this model and these settings. */
export function sayWhatWillHappen(session: Session, settings: SettingsPanel): void {
  const { model, isolated } = session;
  if (model === null) return;
  const lengths = model.phases.map((phase) => {
    const steps = settings.stepsOf(phase.name);
    const length = steps === null ? counted(phase.epochs ?? 1, 'epoch') : counted(steps, 'step');
    const name = model.phases.length > 1 ? `${phase.name}: ` : '';
    return `${name}${length} of ${counted(settings.batchOf(phase.name), 'example')}`;
  });
  const losses = [...new Set(model.phases.flatMap((p) => p.losses))];
  const backend = settings.backendName;
  const fact = session.backends.find((b) => b.name === backend);
  const on = backend === null ? '' : ` on ${backend}${fact?.device ? ` (${fact.device})` : ''}`;
  const thread =
    !isolated && backend === 'wasm'
      ? ' The page is not cross-origin isolated, so it has one thread; served by ganc serve it has all.'
      : '';
  if (!session.begun) {
    const why = fact?.chosen === true || fact?.why == null ? '' : `: ${fact.why}`;
    setText(byId('backend-line'), backend === null ? 'No backend is here' : `Ready${on}${why}`);
  }
  const items = [
    `Start trains ${listed(lengths)}${on}, in this page. Nothing is sent anywhere.${thread}`,
    `You will see ${listed(model.outputs.map(promise))}, drawn from the same noise each time, so that one sees the same ones get better; and the curves of ${listed(losses)}.`,
    'Pause whenever you like. A run that rests can be walked through with sliders, and downloaded as a checkpoint that ganc under Node goes on with.',
  ];
  byId('before-steps').replaceChildren(...items.map((text) => el('li', { textContent: text })));
}

/** A look at the data that were opened. */
export class DataPreview {
  private readonly place = byId('preview');
  private redraw: (() => void) | null = null;

  constructor() {
    onColours(() => this.redraw?.());
  }

  show(opened: Opened | null): void {
    this.place.replaceChildren();
    this.redraw = null;
    if (opened === null) return;
    const blocks = opened.fields.flatMap((field) => {
      const output = asOutput(field);
      if (output === null) return [];
      const view = output.view === 'points' ? new Scatter('data') : viewOf(output);
      const many = Math.min(
        field.count,
        output.view === 'image' ? PREVIEW : output.view === 'sound' ? 2 : 1000,
      );
      const values = field.values.subarray(0, (many * field.values.length) / field.count);
      const packed: unknown = view.pack({
        output: field.name,
        step: 0,
        count: many,
        shape: field.type.shape,
        values,
      });
      const draw = () => {
        view.show(packed as never);
      };
      view.label = `data ${field.name}: ${view.describe(packed as never)}`;
      this.redraw = draw;
      requestAnimationFrame(draw);
      return [
        el(
          'figure',
          {},
          el('figcaption', {
            className: 'muted',
            textContent: `The data: ${count(opened.count)} ${kindOf(field.type)}`,
          }),
          view.element,
        ),
      ];
    });
    this.place.append(...blocks);
  }
}

/** A field of the data is looked at as an output of its type would be; labels and plain numbers are not. */
function asOutput({ name, type }: Opened['fields'][number]): OutputFacts | null {
  const { meaning, shape } = type;
  const view =
    meaning === 'image'
      ? 'image'
      : meaning === 'sound'
        ? 'sound'
        : shape.length === 1 && shape[0] === 2 && meaning === 'tensor'
          ? 'points'
          : null;
  return view === null ? null : { name, doc: '', type, view, sources: [], latents: [] };
}
