/** Where the examples of one record come from: a set that comes along, or files of one's own; and a look at them. */
import { headline, leftOut, noticeWords } from '../../../core/run/facts.ts';
import type { DataChoice, DataFacts, FromWorker, RecordFacts } from '../../protocol.ts';
import { chosenFiles, type Dropped } from '../run/save.ts';
import { Refused, type Session } from '../run/session.ts';
import { el, freshId, setText } from '../ui/dom.ts';
import { clearProblems, sayProblem } from '../ui/problems.ts';
import { count, kindOf } from '../ui/words.ts';

type Opened = Extract<FromWorker, { type: 'opened' }>;

/** What comes along, in words. */
const known: Record<string, string> = {
  fashion: 'fashion: 10,000 pictures of clothes',
  ring: 'ring: 8 Gaussians on a circle',
  grid: 'grid: 25 Gaussians on a grid',
  spiral: 'spiral: two arms',
  tones: 'tones: plucked strings',
};

const FILES = 'files of my own';

export class DataChooser {
  readonly element: HTMLFieldSetElement;
  /** What training would be started with; null: files are still to be given. */
  choice: DataChoice | null = null;
  private readonly select = el('select', { id: freshId('source') });
  private readonly own = el('p', { className: 'row own', hidden: true });
  private readonly about = el('p', { className: 'muted about-data', attributes: { 'aria-live': 'polite' } });
  /** What was skipped, and what is worth knowing. */
  private readonly left = el('ul', { className: 'muted left-out', hidden: true });
  private asked = 0;

  constructor(
    readonly record: RecordFacts,
    private readonly session: Session,
    /** A look at what was opened, or null where there is nothing to look at. */
    private readonly onOpened: (opened: Opened | null) => void,
    private readonly onChange: () => void,
  ) {
    for (const name of record.builtIn) this.select.append(new Option(known[name] ?? name, name));
    this.select.append(new Option('Files of my own', FILES));
    this.select.addEventListener('change', () => this.chosen());
    const files = this.input('Choose files…', false);
    const folder = this.input('Choose a folder…', true);
    this.own.append(
      ...files,
      ...folder,
      el('span', { className: 'muted', textContent: 'or drop them on the page' }),
    );
    const [only, another] = record.fields;
    const fields =
      only !== undefined && another === undefined
        ? kindOf(only.type)
        : record.fields.map((f) => `${f.name}: ${kindOf(f.type)}`).join(' · ');
    this.element = el(
      'fieldset',
      { className: 'record' },
      el('legend', { textContent: `Data ${record.fields.map((f) => f.name).join(', ')}` }),
      el('p', { className: 'muted', textContent: fields }),
      el('label', { className: 'hidden', htmlFor: this.select.id, textContent: `Source of ${record.name}` }),
      this.select,
      this.own,
      this.about,
      this.left,
    );
  }

  private input(label: string, folder: boolean): [HTMLButtonElement, HTMLInputElement] {
    const input = el('input', { type: 'file', hidden: true, multiple: true, tabIndex: -1 });
    input.setAttribute('aria-label', `${label} of ${this.record.name}`);
    if (folder) input.webkitdirectory = true;
    else input.accept = this.record.accepts.endings.join(',');
    input.addEventListener('change', () => {
      const files = chosenFiles(input);
      // The same file, mended, may be chosen again.
      input.value = '';
      if (files.length > 0) this.give(files);
    });
    const button = el('button', { type: 'button', textContent: label });
    button.addEventListener('click', () => input.click());
    return [button, input];
  }

  /** The model's own source, where a page has it. */
  begin(): void {
    this.select.value = this.record.builtIn[0] ?? FILES;
    this.chosen();
  }

  private chosen(): void {
    const own = this.select.value === FILES;
    this.own.hidden = !own;
    clearProblems('data');
    if (own) {
      this.choice = null;
      this.onOpened(null);
      setText(this.about, `Fitting: ${this.record.accepts.words}.`);
      this.onChange();
    } else void this.open({ kind: 'built-in', name: this.select.value });
  }

  /** Files that were chosen or dropped. */
  give(files: readonly Dropped[]): void {
    this.select.value = FILES;
    this.own.hidden = false;
    clearProblems('data');
    void this.open({ kind: 'files', files: [...files] });
  }

  /** Looks at it before it is trained on: what does not fit is said now. */
  private async open(choice: DataChoice): Promise<void> {
    const before = this.choice;
    const turn = ++this.asked;
    this.choice = choice;
    setText(this.about, 'Looking at it…');
    this.sayLeftOut(null);
    this.onChange();
    try {
      const opened = await this.session.open(this.record.name, choice);
      if (turn !== this.asked) return;
      setText(this.about, headline(opened.facts, choice.kind === 'files' ? opened.origin : null));
      this.sayLeftOut(opened.facts);
      this.onOpened(opened);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (turn !== this.asked) return;
      // What fitted before is not lost by a file that does not.
      this.choice = before?.kind === 'files' && choice.kind === 'files' ? before : null;
      if (this.choice !== null) setText(this.about, `Still the ${filesOf(this.choice)} of before.`);
      else {
        setText(this.about, `Fitting: ${this.record.accepts.words}.`);
        this.onOpened(null);
      }
    }
    this.onChange();
  }

  private sayLeftOut(facts: DataFacts | null): void {
    const lines = facts === null ? [] : [...leftOut(facts), ...facts.notices.map(noticeWords)];
    this.left.replaceChildren(...lines.map((text) => el('li', { textContent: text.trim() })));
    this.left.hidden = lines.length === 0;
  }

  /** Whether training can start, and if not, what is missing. */
  check(): boolean {
    if (this.choice !== null) return true;
    sayProblem({
      about: 'data',
      message: `\`${this.record.name}\` has no data yet`,
      hint: `choose files or a folder, or drop them on the page: ${this.record.accepts.words}`,
    });
    this.select.focus();
    return false;
  }

  /** For the line that stays when settings are folded away. */
  get brief(): string {
    const { choice } = this;
    if (choice === null) return `${this.record.name}: none yet`;
    return `${this.record.name}: ${choice.kind === 'built-in' ? choice.name : filesOf(choice)}`;
  }
}

function filesOf(choice: DataChoice): string {
  if (choice.kind === 'built-in') return choice.name;
  const [first] = choice.files;
  return choice.files.length === 1 && first !== undefined
    ? first.path
    : `${count(choice.files.length)} files`;
}
