/**
 * The worker's side of the line: what a page asks, done in turn, and every failure in words. Training goes on in a worker
 * while its tab is in the background, where browsers slow only the timers of pages.
 */
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../core/errors.ts';
import type { CompiledModel } from '../core/model.ts';
import { backendsHere } from './backends.ts';
import { sampleFor, watchedFirst } from './drawings.ts';
import { factsOf } from './facts.ts';
import type { About, FromWorker, ToWorker } from './protocol.ts';
import { type Setting, Training } from './training.ts';

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
  const setting: Setting = { model, base: url, backends, watched: watchedFirst(model.outputs), send };
  const session = new Session(setting, problem);
  scope.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
    void session.receive(data);
  });
  const isolated = globalThis.crossOriginIsolated === true;
  send({ type: 'ready', model: factsOf(model), backends, kept: null, isolated });
  send({ type: 'state', state: 'idle', step: 0 });
}

type Problem = (error: unknown, about: About, ends: 'nothing' | 'run' | 'worker', id?: number | null) => void;

class Session {
  private training: Training | null = null;
  /** The latest `start`; those before it end first. */
  private trained: Promise<void> = Promise.resolve();

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
      case 'start':
        this.training?.stop();
        this.trained = this.trained.then(() => this.begin(message));
        return;
      case 'pause':
        return this.training?.pause();
      case 'resume':
        return this.training?.resume();
      case 'step':
        return this.training?.resume(Math.max(1, message.count));
      case 'stop':
        return this.training?.stop();
      case 'checkpoint': {
        const training = this.begun('to save');
        const saved = await training.turns.during(() => training.checkpoint());
        return send({ type: 'checkpoint', id: message.id, ...saved }, [saved.bytes]);
      }
      case 'sample': {
        const training = this.begun('to draw from');
        const { output, count, from } = message;
        const drawn = await training.turns.during(() => sampleFor(training.run, output, count, from));
        return send({ type: 'sample', id: message.id, ...drawn }, [drawn.values.buffer]);
      }
      case 'watch': {
        const { outputs, surface, every } = message;
        if (outputs !== undefined) watched.outputs = outputs;
        if (surface !== undefined) watched.surface = surface;
        if (every !== undefined) watched.every = every;
        return this.drawAgain();
      }
      case 'visible':
        watched.visible = message.visible;
        return this.drawAgain();
      default:
        throw new UserError(`${message.type} is not understood yet`);
    }
  }

  /** The run, training or over. */
  private begun(why: string): Training {
    if (this.training === null) throw new UserError(`there is no run ${why} yet`);
    return this.training;
  }

  private async drawAgain(): Promise<void> {
    const { training } = this;
    if (training === null || training.state === 'running') return;
    await training.turns.during(() => training.draw(true));
  }

  private async begin(message: ToWorker & { type: 'start' }): Promise<void> {
    const { send } = this.setting;
    this.training?.dispose();
    this.training = null;
    send({ type: 'state', state: 'starting', step: 0 });
    try {
      this.training = await Training.start(this.setting, message.settings);
    } catch (error) {
      this.problem(error, 'training', 'run');
      send({ type: 'state', state: 'idle', step: 0 });
      return;
    }
    try {
      await this.training.train();
    } catch (error) {
      this.problem(error, 'training', 'run');
    }
  }
}

function aboutOf({ type }: ToWorker): About {
  if (type === 'checkpoint' || type === 'describe') return 'checkpoint';
  if (type === 'open') return 'data';
  if (type === 'forget') return 'storage';
  return type === 'sample' || type === 'watch' || type === 'visible' ? 'drawing' : 'training';
}

function problemOf(
  error: unknown,
  about: About,
  ends: 'nothing' | 'run' | 'worker',
  id: number | null,
): FromWorker {
  if (error instanceof UserError) {
    return { type: 'problem', id, about, message: error.message, hint: error.hint, ends };
  }
  const message = error instanceof Error ? error.message : String(error);
  console.warn(error);
  return {
    type: 'problem',
    id,
    about,
    message: `internal error: ${message}`,
    hint: 'this is a fault of the program, not of your data; the browser’s console shows where it happened',
    ends,
  };
}
