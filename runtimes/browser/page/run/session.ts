/**
 * The run as the page knows it: what the worker said last, and what may be asked of it now. It knows nothing of
 * elements; those who draw listen.
 */
import type {
  BackendFacts,
  Drawn,
  FromWorker,
  Kept,
  Latents,
  ModelFacts,
  NamedBytes,
  PhaseFacts,
  Progress,
  RunState,
  Settings,
  ToWorker,
} from '../../protocol.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;
type Listeners = { [T in FromWorker['type']]?: ((message: Of<T>) => void)[] };
type Sample = Of<'sample'>;

/** The worker said no: its problem has been shown already. */
export class Refused extends Error {}

export class Session {
  model: ModelFacts | null = null;
  backends: BackendFacts[] = [];
  kept: Kept | null = null;
  isolated = false;
  state: RunState = 'idle';
  /** There is a run on the page: from `start` until it is reset. */
  begun = false;
  step = 0;
  phases: PhaseFacts[] = [];
  progress: Progress | null = null;
  /** What the run was started with. */
  settings: Settings | null = null;
  /** Nothing works any more until the page is loaded again. */
  dead = false;

  private readonly listeners: Listeners = {};
  private readonly changes: (() => void)[] = [];
  private readonly answers = new Map<number, { resolve(m: FromWorker): void; reject(e: Error): void }>();
  private nextId = 1;
  /** Steps to be made as soon as the run is ready: `Step` pressed before there was one. */
  private stepsAtStart = 0;
  /** Between `start` and `started`, what still comes is of the run before. */
  private stale = false;

  constructor(private readonly post: (message: ToWorker) => void) {}

  on<T extends FromWorker['type']>(type: T, listener: (message: Of<T>) => void): void {
    const list = (this.listeners[type] ?? []) as ((message: Of<T>) => void)[];
    list.push(listener);
    Object.assign(this.listeners, { [type]: list });
  }

  /** After anything that decides which buttons work. */
  onChange(listener: () => void): void {
    this.changes.push(listener);
  }

  send(message: ToWorker): void {
    this.post(message);
  }

  receive(message: FromWorker): void {
    if (this.isOfAnotherRun(message)) return;
    switch (message.type) {
      case 'ready':
        this.model = message.model;
        this.phases = message.model.phases;
        this.backends = message.backends;
        this.kept = message.kept;
        this.isolated = message.isolated;
        break;
      case 'state':
        this.state = message.state;
        this.step = message.step;
        break;
      case 'started':
        this.step = message.step;
        this.phases = message.phases;
        this.stale = false;
        break;
      case 'progress':
        this.progress = message.progress;
        this.step = message.progress.step;
        break;
      case 'kept':
        this.kept = message.kept;
        break;
      case 'problem':
        if (message.ends === 'worker') this.die();
        // A run that never began leaves the page as it was before.
        if (message.ends === 'run' && this.stale) this.begun = false;
        // Before it is said: where depends on what the page shows then.
        this.changed();
        break;
      default:
    }
    for (const listener of (this.listeners[message.type] ?? []) as ((m: FromWorker) => void)[]) {
      listener(message);
    }
    this.answer(message);
    if (message.type === 'state' && message.state === 'paused' && this.stepsAtStart > 0) {
      this.send({ type: 'step', count: this.stepsAtStart });
      this.stepsAtStart = 0;
    }
    if (['ready', 'state', 'started', 'kept'].includes(message.type)) this.changed();
  }

  /** What the run drew or reached; after a reset, and until the next has started, it is of no interest. */
  private isOfAnotherRun({ type }: FromWorker): boolean {
    const drawn = ['progress', 'logged', 'samples', 'surface', 'restored'].includes(type);
    if (type === 'started') return !this.begun;
    return drawn && (!this.begun || this.stale);
  }

  /** No question is answered any more. */
  private die(): void {
    this.dead = true;
    for (const { reject } of this.answers.values()) reject(new Refused('the worker has ended'));
    this.answers.clear();
  }

  private changed(): void {
    for (const listener of this.changes) listener();
  }

  // ---- what a person asks ----

  start(settings: Settings, steps = 0): void {
    this.settings = settings;
    this.begun = true;
    this.stale = true;
    this.progress = null;
    this.state = 'starting';
    this.stepsAtStart = steps;
    this.send({ type: 'start', settings: steps > 0 ? { ...settings, paused: true } : settings });
    this.changed();
  }

  pause(): void {
    this.send({ type: 'pause' });
  }

  resume(): void {
    this.send({ type: 'resume' });
  }

  makeSteps(count: number): void {
    this.send({ type: 'step', count });
  }

  /** Ends the run and forgets it; the page is as before the first. */
  reset(): void {
    if (this.isLive) this.send({ type: 'stop' });
    this.begun = false;
    this.stepsAtStart = 0;
    this.progress = null;
    this.step = 0;
    if (this.model !== null) this.phases = this.model.phases;
    this.changed();
  }

  /** The run can still make steps. */
  get isLive(): boolean {
    return this.begun && ['starting', 'running', 'paused'].includes(this.state);
  }

  /** There are weights, and no step is being made that would change them under one's hands. */
  get rests(): boolean {
    return this.begun && !this.stale && ['paused', 'finished', 'stopped', 'failed'].includes(this.state);
  }

  /** There are weights to be saved. */
  get hasWeights(): boolean {
    return this.begun && !this.stale && this.state !== 'starting' && this.state !== 'idle' && !this.dead;
  }

  // ---- questions with an answer ----

  sample(output: string, count: number, from: Latents): Promise<Sample & Drawn> {
    return this.ask<'sample'>((id) => ({ type: 'sample', id, output, count, from }));
  }

  checkpoint(): Promise<Of<'checkpoint'>> {
    return this.ask<'checkpoint'>((id) => ({ type: 'checkpoint', id }));
  }

  describe(checkpoint: NamedBytes): Promise<Of<'described'>> {
    return this.ask<'described'>((id) => ({ type: 'describe', id, checkpoint }));
  }

  open(record: string, choice: Extract<ToWorker, { type: 'open' }>['choice']): Promise<Of<'opened'>> {
    return this.ask<'opened'>((id) => ({ type: 'open', id, record, choice }));
  }

  private ask<T extends FromWorker['type']>(question: (id: number) => ToWorker): Promise<Of<T>> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.answers.set(id, { resolve: resolve as (m: FromWorker) => void, reject });
      this.send(question(id));
    });
  }

  private answer(message: FromWorker): void {
    if (!('id' in message) || message.id === null) return;
    const waiting = this.answers.get(message.id);
    this.answers.delete(message.id);
    if (message.type === 'problem') waiting?.reject(new Refused(message.message));
    else waiting?.resolve(message);
  }
}
