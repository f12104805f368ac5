/** Runs that come and go: checkpoints down and up, the run that is kept in the browser, and the question before one ends. */
import { byId, el, onPress, setEnabled, setText } from '../ui/dom.ts';
import { announce, clearProblems, sayProblem } from '../ui/problems.ts';
import { counted, listed, moment } from '../ui/words.ts';
import { saveBlob } from './save.ts';
import { Refused, type Session } from './session.ts';

export interface CheckpointActions {
  /** Begins a run from this file (or from the kept one), paused. */
  startFrom(checkpoint: { name: string; bytes: ArrayBuffer } | 'kept'): void;
}

export class Checkpoints {
  private readonly save = byId<HTMLButtonElement>('save-checkpoint');
  private saving = false;

  constructor(
    private readonly session: Session,
    private readonly actions: CheckpointActions,
  ) {
    onPress(this.save, () => void this.download());
    const input = byId<HTMLInputElement>('load-file');
    for (const id of ['load', 'load-other']) byId(id).addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      input.value = '';
      if (file !== undefined) void this.load(file);
    });
    session.onChange(() => {
      setEnabled(this.save, session.hasWeights && !this.saving);
      byId('files').hidden = !session.begun;
      this.sayKept();
    });
  }

  /** true when it is on its way. */
  async download(): Promise<boolean> {
    if (!this.session.hasWeights || this.saving) return false;
    this.saving = true;
    setEnabled(this.save, false);
    try {
      const { name, bytes, step } = await this.session.checkpoint();
      saveBlob(new Blob([bytes], { type: 'application/octet-stream' }), name);
      setText(byId('files-note'), `${name} holds the run after ${counted(step, 'step')}.`);
      announce(`Checkpoint of step ${step} downloaded`);
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return false;
    } finally {
      this.saving = false;
      setEnabled(this.save, this.session.hasWeights);
    }
  }

  /** A file that says it is a checkpoint: looked at first, and only then is a run ended for it. */
  async load(file: File): Promise<void> {
    clearProblems('checkpoint');
    const { session } = this;
    let bytes: ArrayBuffer;
    try {
      bytes = await file.arrayBuffer();
    } catch {
      sayProblem({ about: 'checkpoint', message: `${file.name} cannot be read`, hint: 'choose it again' });
      return;
    }
    try {
      const about = await session.describe({ name: file.name, bytes });
      if (!about.fits) {
        sayProblem({
          about: 'checkpoint',
          message: `${file.name} is a checkpoint of the model \`${about.model}\`, which does not fit \`${session.model?.name}\``,
          hint: 'choose one that was written by this model; the run here is as it was',
        });
        return;
      }
      const yes = await this.mayEnd(
        `Load ${file.name}?`,
        `It holds a run after ${counted(about.step, 'step')}, with seed ${about.seed}.`,
        'Load it',
      );
      if (yes) this.actions.startFrom({ name: file.name, bytes });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }

  /** The run that a closed tab left behind. */
  private sayKept(): void {
    const place = byId('kept');
    const { kept, begun } = this.session;
    place.hidden = kept === null || begun;
    if (kept === null || begun) return;
    const key = JSON.stringify(kept);
    if (place.dataset.key === key) return;
    place.dataset.key = key;
    const files =
      kept.files.length === 0
        ? ''
        : ` It was trained on files of your own: choose them again for ${listed(kept.files)}.`;
    const on = el('button', { type: 'button', textContent: 'Go on with it' });
    on.addEventListener('click', () => this.actions.startFrom('kept'));
    const forget = el('button', { type: 'button', className: 'quiet', textContent: 'Forget it' });
    forget.addEventListener('click', () => {
      this.session.send({ type: 'forget' });
      byId('load').focus();
    });
    place.replaceChildren(
      el('p', {
        textContent: `This browser keeps a run: ${counted(kept.step, 'step')}, seed ${kept.seed}, ${moment(kept.at, Date.now())}.${files}`,
      }),
      el('p', { className: 'row' }, on, forget),
    );
  }

  /** Asked before a run that is not downloaded is ended; without a run, yes. */
  mayEnd(title: string, text: string, yes: string): Promise<boolean> {
    const { session } = this;
    if (!session.begun || session.step === 0) return Promise.resolve(true);
    const dialog = byId<HTMLDialogElement>('ask');
    setText(byId('ask-title'), title);
    setText(byId('ask-text'), `${text} The run here, after ${counted(session.step, 'step')}, ends.`);
    setText(byId('ask-yes'), yes);
    byId('ask-save').hidden = !session.hasWeights;
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((resolve) => {
      const done = new AbortController();
      const on = (id: string, act: () => void) =>
        byId(id).addEventListener('click', act, { signal: done.signal });
      on('ask-yes', () => dialog.close('yes'));
      on('ask-no', () => dialog.close('no'));
      on('ask-save', () => void this.download());
      dialog.addEventListener(
        'close',
        () => {
          done.abort();
          resolve(dialog.returnValue === 'yes');
        },
        { signal: done.signal },
      );
    });
  }
}
