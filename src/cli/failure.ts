/** Why a command could not run: a sentence for the user, never a stack trace. */
export class CannotRun extends Error {
  constructor(
    message: string,
    readonly help?: string,
    /** 2: the command could not run. 1: it ran, and its input has findings. */
    readonly exitCode: 1 | 2 = 2,
  ) {
    super(message);
    this.name = 'CannotRun';
  }
}
