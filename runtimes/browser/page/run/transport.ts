/** The row that is always in sight: start and pause, step, reset; how far the run is and how long it takes. */
import { duration } from '../../../core/duration.ts';
import { byId, isEnabled, onPress, setEnabled, setText } from '../ui/dom.ts';
import { announce } from '../ui/problems.ts';
import { count, counted, milliseconds, sentence } from '../ui/words.ts';
import { soon } from './frames.ts';
import type { Session } from './session.ts';

export interface TransportActions {
  start(): void;
  /** So many steps, starting the run if there is none. */
  step(count: number): void;
  reset(): void;
}

export class Transport {
  private readonly go = byId<HTMLButtonElement>('go');
  private readonly step = byId<HTMLButtonElement>('step');
  private readonly stepCount = byId<HTMLSelectElement>('step-count');
  private readonly reset = byId<HTMLButtonElement>('reset');
  /** Quarters of the run that have been read out. */
  private quarters = 0;
  private startedAt = 0;
  /** Time spent in steps, without pauses. */
  private spent = 0;
  private wasRunning = false;

  constructor(
    private readonly session: Session,
    private readonly actions: TransportActions,
  ) {
    onPress(this.go, () => this.pressGo());
    onPress(this.step, () => this.pressStep());
    onPress(this.reset, () => actions.reset());
    session.onChange(() => {
      this.clock();
      soon(this.draw);
    });
    session.on('progress', () => soon(this.draw));
    session.on('state', ({ state, step }) => this.tell(state, step));
    session.on('started', ({ line }) => setText(byId('backend-line'), sentence(line)));
    this.draw();
  }

  pressGo(): void {
    const { session } = this;
    if (!isEnabled(this.go)) return;
    if (!session.begun) this.actions.start();
    else if (session.state === 'running') session.pause();
    else if (session.state === 'paused') session.resume();
  }

  pressStep(): void {
    if (isEnabled(this.step)) this.actions.step(Number(this.stepCount.value));
  }

  pressReset(): void {
    if (isEnabled(this.reset)) this.actions.reset();
  }

  /** A new run: nothing has been read out or spent. */
  begin(): void {
    this.quarters = 0;
    this.spent = 0;
    this.wasRunning = false;
  }

  private clock(): void {
    const running = this.session.begun && this.session.state === 'running';
    if (running && !this.wasRunning) this.startedAt = performance.now();
    if (!running && this.wasRunning) this.spent += performance.now() - this.startedAt;
    this.wasRunning = running;
  }

  private readonly draw = (): void => {
    const { session } = this;
    const { begun, state, model, dead } = session;
    const usable = model !== null && !dead;
    const word = !usable
      ? model === null && !dead
        ? 'Loading'
        : 'Start'
      : !begun
        ? 'Start'
        : state === 'starting'
          ? 'Starting'
          : state === 'running'
            ? 'Pause'
            : state === 'paused'
              ? 'Resume'
              : state === 'finished'
                ? 'Finished'
                : 'Ended';
    setText(byId('go-word'), word);
    setEnabled(this.go, usable && (!begun || state === 'running' || state === 'paused'));
    setEnabled(this.step, usable && (!begun || state === 'paused'));
    setEnabled(this.reset, usable && begun);
    document.body.dataset.state = begun ? state : 'before';
    this.drawProgress();
  };

  private drawProgress(): void {
    const { session } = this;
    const { progress, begun, state, model, phases, dead } = session;
    const bar = byId<HTMLProgressElement>('progress');
    const where = byId('where');
    const finished = begun && state === 'finished';
    if (!begun || progress === null) {
      bar.value = finished ? 1 : 0;
      setText(byId('percent'), '');
      setText(byId('step-time'), '–');
      setText(byId('time-left'), '–');
      if (!begun) {
        setText(
          where,
          dead ? 'Nothing can be trained here' : model === null ? 'The model is loading' : 'Ready',
        );
      } else if (state === 'starting') setText(where, 'Starting: data and backend are being made ready');
      else setText(where, session.step === 0 ? 'At the beginning' : `At step ${count(session.step)}`);
      document.title = model?.name ?? document.title;
      return;
    }
    // Where it stopped may be some steps after the last that was told.
    const done = progress.done + Math.max(0, session.step - progress.step);
    const fraction = finished ? 1 : progress.of === null ? progress.fraction : done / progress.of;
    bar.value = fraction;
    const percent = `${Math.floor(100 * fraction)} %`;
    setText(byId('percent'), percent);
    const index = phases.findIndex((p) => p.name === progress.phase);
    const phase = phases.length > 1 ? `${progress.phase} (${index + 1} of ${phases.length}): ` : '';
    const steps =
      progress.of === null
        ? `step ${count(done)}, epoch ${count(progress.epoch + 1)} of ${count(phases[index]?.epochs ?? 1)}`
        : `step ${count(done)} of ${count(progress.of)}`;
    setText(where, `${phase}${steps}${words[state] ?? ''}`);
    setText(byId('step-time'), milliseconds(progress.ms));
    setText(byId('time-left'), !session.isLive || progress.left === null ? '–' : duration(progress.left));
    document.title = `${percent} · ${model?.name ?? ''}`;
    const quarter = Math.floor(4 * fraction);
    if (quarter > this.quarters && state === 'running' && quarter < 4) {
      announce(`${25 * quarter} percent done, ${steps}`);
    }
    this.quarters = Math.max(this.quarters, quarter);
  }

  private tell(state: string, step: number): void {
    const { session } = this;
    if (!session.begun) return;
    this.clock();
    const at = counted(step, 'step');
    if (state === 'running') announce(step === 0 ? 'Training' : `Training, ${at} done`);
    if (state === 'paused') announce(`Paused after ${at}`);
    if (state === 'stopped') announce(`Ended after ${at}`);
    if (state === 'finished') {
      announce(`Finished: ${at}${this.spent > 0 ? ` in ${duration(this.spent)}` : ''}`);
    }
  }
}

/** Said after the step. */
const words: Record<string, string> = {
  paused: ', paused',
  finished: ', finished',
  stopped: ', ended',
  failed: ', ended by a problem',
};
