/**
 * Ways of calls through nets that draw. Each call that the text writes has draws and dropout masks of its own; a call that
 * draws nothing is a function of its arguments alone.
 */
import { Holds, isDraw } from '../model/holds.ts';
import type { NetBody, NetCall } from '../model/model.ts';

export class CallPaths {
  readonly #draws: Holds;
  readonly #numbers = new Map<NetCall, number>();
  readonly #paths = new Map<string, number>();

  constructor(bodyOf: (call: NetCall) => NetBody) {
    this.#draws = new Holds(bodyOf, isDraw);
  }

  /**
   * A number for the way of calls that leads into this one from the way `outer`; 0 where the call draws nothing. The same
   * call on the same way has the same number, whatever the versions of weights and samples.
   */
  into(outer: number, call: NetCall): number {
    if (!this.#draws.inCall(call)) return 0;
    const number = this.#numbers.get(call) ?? this.#numbers.size;
    this.#numbers.set(call, number);
    const key = `${outer} ${number}`;
    const path = this.#paths.get(key) ?? this.#paths.size + 1;
    this.#paths.set(key, path);
    return path;
  }
}
