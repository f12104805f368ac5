/**
 * A stretch of training on one backend that lives. When its GPU is lost, whatever waits for numbers from it would wait
 * for ever: everything that is awaited is raced against the loss.
 */
import { UserError } from '../../core/errors.ts';
import { Turns } from './turns.ts';

export class Attempt {
  readonly turns = new Turns();
  /** Why it is over. */
  why: string | null = null;
  private fail!: (error: Error) => void;
  private readonly gone = new Promise<never>((_, fail) => {
    this.fail = fail;
  });

  constructor() {
    this.gone.catch(() => {});
  }

  lose(why: string): void {
    if (this.why !== null) return;
    this.why = why;
    this.fail(new UserError(why, { hint: 'ask again' }));
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.gone]);
  }

  /** Throws where it is over: a step that wakes up late must not go on with what took its place. */
  check(): void {
    if (this.why !== null) throw new UserError(this.why);
  }
}
