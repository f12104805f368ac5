/** What a user can do something about: a message and a way out, printed without a stack. */

/** `hint` says the way out; `code` is the exit code (1: the input has findings, 2: the command could not run). */
export class UserError extends Error {
  readonly hint: string | null;
  readonly code: 1 | 2;

  constructor(message: string, options: { hint?: string; code?: 1 | 2; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UserError';
    this.hint = options.hint ?? null;
    this.code = options.code ?? 1;
  }
}

/** A file of a run that is not whole, or cannot be read: an older one may do. */
export class DamagedError extends UserError {}

/** The message of anything thrown, on one line. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message.split('\n')[0]!.trim() : String(error);
}
