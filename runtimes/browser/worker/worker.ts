/**
 * The worker's side of the line: what a page asks, done in turn, and every failure in words. Training goes on in a worker
 * while its tab is in the background, where browsers slow only the timers of pages.
 */
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../../core/errors.ts';
import { checkpointSummary, differences } from '../../core/run/checkpoint.ts';
import { none } from '../../core/run/facts.ts';
import type { CompiledModel } from '../../core/run/model.ts';
import { drawnCount } from '../../core/run/outputs.ts';
import { decodeSafetensors } from '../../core/run/safetensors.ts';
import { backendsHere } from '../backends/backends.ts';
import { openChoice } from '../data/files.ts';
import { factsOf } from '../facts.ts';
import type { About, DataChoice, FromWorker, NamedBytes, ToWorker } from '../protocol.ts';
import { concernOf } from './concerns.ts';
import { firstOf, sampleFor, watchedFirst } from './drawings.ts';
import { Keeper } from './keeping.ts';
import { type Setting, Training } from './training.ts';

type Said<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

interface WorkerScope {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  addEventListener(type: string, listener: (event: never) => void): void;
}

/** Serves a page, if this is a worker; imported elsewhere, a model does nothing by itself. */
export async function main(model: CompiledModel, url: string): Promise<void> {
  if (typeof document !== 'undefined' || typeof postMessage !== 'function') return;
  const scope = globalThis as unknown as WorkerScope;
  const send = (message: FromWorker, transfer: Transferable[] = []) => scope.postMessage(message, transfer);
  const problem = (
    error: unknown,
    about: About,
    ends: 'nothing' | 'run' | 'worker',
    id: number | null = null,
  ) => send(problemOf(error, about, ends, id));
  scope.addEventListener('error', (event: ErrorEvent) => {
    event.preventDefault();
    problem(event.error ?? event.message, 'program', 'worker');
  });
  scope.addEventListener('unhandledrejection', (event: PromiseRejectionEvent) => {
    event.preventDefault();
    problem(event.reason, 'program', 'worker');
  });
  if (model.format !== 1) {
    const other = new UserError(
      'this model was compiled for another version of the runtime; compile it again',
    );
    return problem(other, 'program', 'worker');
  }
  await tf.ready();
  const backends = await backendsHere();
  const keeper = await Keeper.open(model, url);
  const setting: Setting = {
    model,
    base: url,
    backends,
    watched: watchedFirst(model.outputs),
    keeper,
    send,
    problem: (error, about) => problem(error, about, 'nothing'),
  };
  const session = new Session(setting, problem);
  scope.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    void session.receive(data);
  });
  const isolated = globalThis.crossOriginIsolated === true;
  const kept = (await keeper.facts())?.kept ?? null;
  send({ type: 'ready', model: factsOf(model), backends, kept, isolated });
  send({ type: 'state', state: 'idle', step: 0 });
}

type Problem = (error: unknown, about: About, ends: 'nothing' | 'run' | 'worker', id?: number | null) => void;

class Session {
  private training: Training | null = null;
  /** The latest `start`; those before it end first. */
  private trained: Promise<void> = Promise.resolve();
  private starts = 0;
  /** What was asked while a run was being prepared; null while none is. */
  private waiting: ((training: Training) => void)[] | null = null;

  constructor(
    private readonly setting: Setting,
    private readonly problem: Problem,
  ) {}

  async receive(message: ToWorker): Promise<void> {
    const id = 'id' in message ? message.id : null;
    try {
      await this.answer(message);
    } catch (error) {
      this.problem(error, aboutOf(message), 'nothing', id);
    }
  }

  private async answer(message: ToWorker): Promise<void> {
    const { send, watched } = this.setting;
    switch (message.type) {
      case 'start': {
        this.training?.stop();
        this.waiting = [];
        const nth = ++this.starts;
        this.trained = this.trained.then(() => (nth === this.starts ? this.begin(message) : undefined));
        return;
      }
      case 'pause':
      case 'stop':
      case 'resume':
        return this.command((training) => training[message.type]());
      case 'step':
        return this.command((training) => training.resume(Math.max(1, message.count)));
      case 'open': {
        const opened = await this.open(message.record, message.choice);
        const transfer = opened.fields.map(({ values }) => values.buffer);
        return send({ type: 'opened', id: message.id, record: message.record, ...opened }, transfer);
      }
      case 'describe':
        return send({
          type: 'described',
          id: message.id,
          ...described(this.setting.model, message.checkpoint),
        });
      case 'checkpoint': {
        const saved = await this.begun('to save').checkpoint();
        return send({ type: 'checkpoint', id: message.id, ...saved }, [saved.bytes]);
      }
      case 'sample': {
        const { output, count, from } = message;
        const training = this.begun('to draw from');
        const drawn = await training.request((run) => sampleFor(run, output, count, from));
        const transfer = [drawn.values, ...Object.values(drawn.latents)].map((values) => values.buffer);
        return send({ type: 'sample', id: message.id, ...drawn }, transfer);
      }
      case 'watch': {
        const { outputs, surface, every } = message;
        if (outputs !== undefined) watched.outputs = outputs;
        if (surface !== undefined) watched.surface = surface;
        if (every !== undefined) watched.every = every;
        return this.training?.watch();
      }
      case 'visible':
        watched.visible = message.visible;
        if (!message.visible) this.training?.keepSoon();
        return this.training?.watch();
      case 'forget':
        this.training?.forget();
        await this.setting.keeper.forget();
        return send({ type: 'kept', kept: null });
    }
  }

  private async open(
    record: string,
    choice: DataChoice,
  ): Promise<Omit<Said<'opened'>, 'id' | 'type' | 'record'>> {
    const { model, base } = this.setting;
    const declared = model.data.find((r) => r.fields[0]!.name === record);
    if (declared === undefined) throw new UserError(`${model.name} has no data \`${record}\``);
    const dataset = await openChoice(choice, declared, base);
    try {
      const count = Math.min(dataset.count, Math.max(...declared.fields.map((f) => drawnCount(f))));
      const values = await dataset.read(firstOf(count));
      const fields = declared.fields.map(({ name, type }, i) => ({ name, type, count, values: values[i]! }));
      const { origin, facts = { ...none, origin, count: dataset.count } } = dataset;
      const notices = facts.notices.map(({ message, hint }) => ({ message, hint: inAPage(hint) || null }));
      return { origin, count: dataset.count, facts: { ...facts, notices }, fields };
    } finally {
      await dataset.close?.();
    }
  }

  /** To the run that there is, or to the one that is about to be. */
  private command(command: (training: Training) => void): void {
    if (this.waiting !== null) this.waiting.push(command);
    else if (this.training !== null) command(this.training);
  }

  /** The run, training or over. */
  private begun(why: string): Training {
    if (this.training === null) throw new UserError(`there is no run ${why} yet`);
    return this.training;
  }

  private async begin({ settings }: ToWorker & { type: 'start' }): Promise<void> {
    const { send } = this.setting;
    const nth = this.starts;
    this.training?.dispose();
    this.training = null;
    send({ type: 'state', state: 'starting', step: 0 });
    try {
      this.training = await Training.start(this.setting, settings);
    } catch (error) {
      // Where another start came meanwhile, nobody waits for this one any more, and the page would take it for that one.
      if (nth !== this.starts) return;
      this.waiting = null;
      this.problem(error, 'training', 'run');
      send({ type: 'state', state: 'idle', step: 0 });
      return;
    }
    const { training } = this;
    if (nth === this.starts) {
      for (const command of this.waiting ?? []) command(training);
      this.waiting = null;
    } else {
      // Another start came meanwhile.
      training.stop();
    }
    try {
      await training.train();
    } catch (error) {
      if (nth === this.starts) this.problem(error, 'training', 'run');
    }
  }
}

/** What a checkpoint says of itself, and whether a run can go on from it. */
function described(
  model: CompiledModel,
  { name, bytes }: NamedBytes,
): Omit<Said<'described'>, 'id' | 'type'> {
  const file = decodeSafetensors(new Uint8Array(bytes), name);
  const summary = checkpointSummary(file, name);
  if (summary === null) {
    throw new UserError(`${name} holds weights but no training state, so a run cannot go on from it`);
  }
  const fits = differences(file, [...model.weights, ...model.stats], 'refuse') === null;
  return { model: summary.model, seed: summary.seed, step: summary.total, fits };
}

function aboutOf({ type }: ToWorker): About {
  if (type === 'checkpoint' || type === 'describe') return 'checkpoint';
  if (type === 'open') return 'data';
  if (type === 'forget') return 'storage';
  return type === 'sample' || type === 'watch' || type === 'visible' ? 'drawing' : 'training';
}

/** Ways out that are a command line's, in a page's words. */
const IN_A_PAGE: readonly [RegExp, string][] = [
  [/^give the same data with --data .*$/, 'choose the data that it was trained on'],
  [/^start a new run \(without --from\).*$/, 'start a new run, or take the model that it was trained with'],
  [/; or --backend tensorflow.*$/, ''],
  [/^--resample .*$/, ''],
  [/ --(batch|backend)\b/g, ' $1'],
];

const inAPage = (hint: string | null) =>
  IN_A_PAGE.reduce<string | null>((said, [theirs, ours]) => said?.replace(theirs, ours) ?? null, hint);

function problemOf(
  error: unknown,
  about: About,
  ends: 'nothing' | 'run' | 'worker',
  id: number | null,
): FromWorker {
  const concern = { about, ...concernOf(error) };
  if (error instanceof UserError) {
    return { type: 'problem', id, ...concern, message: error.message, hint: inAPage(error.hint), ends };
  }
  const message = error instanceof Error ? error.message : String(error);
  console.warn(error);
  return {
    type: 'problem',
    id,
    ...concern,
    message: `internal error: ${message}`,
    hint: 'this is a fault of the program, not of your data; the browser’s console shows where it happened',
    ends,
  };
}
