/** Who may touch the tensors: training steps and requests of the page take turns, in the order in which they came. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Waits for its turn; the caller ends it by calling what it gets. */
  async take(): Promise<() => void> {
    const before = this.last;
    let end!: () => void;
    this.last = new Promise<void>((done) => {
      end = done;
    });
    await before;
    return end;
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const end = await this.take();
    try {
      return await work();
    } finally {
      end();
    }
  }
}

const channel = new MessageChannel();
const waiting: (() => void)[] = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets messages and timers through. A timer would take four milliseconds, and a second in a tab that is not seen. */
export function breathe(): Promise<void> {
  return new Promise((done) => {
    waiting.push(done);
    channel.port2.postMessage(null);
  });
}
