/**
 * What an output looked like along the way: the same latents at earlier steps, as many as fit into a fixed room,
 * evenly spread over the run.
 */

export interface Moment<T> {
  step: number;
  shown: T;
}

export class Moments<T> {
  private kept: Moment<T>[] = [];
  private newest: Moment<T> | null = null;
  /** Of the pictures offered, each so-manieth is kept. */
  private stride = 1;
  private offered = 0;

  /** `most`: how many are kept at most. */
  constructor(private readonly most: number) {}

  add(step: number, shown: T): void {
    this.newest = { step, shown };
    if (this.kept.at(-1)?.step === step) {
      this.kept[this.kept.length - 1] = this.newest;
      return;
    }
    if (this.offered % this.stride === 0) this.kept.push(this.newest);
    this.offered++;
    if (this.kept.length > this.most) {
      // The first stays: it is where everything began.
      this.kept = this.kept.filter((_, i) => i % 2 === 0);
      this.stride *= 2;
    }
  }

  /** From the oldest to the newest, which is always among them. */
  get all(): readonly Moment<T>[] {
    const { newest } = this;
    return newest === null || this.kept.at(-1) === newest ? this.kept : [...this.kept, newest];
  }

  /** The run went back: what came after this step never was. */
  rewind(step: number): void {
    this.kept = this.kept.filter((m) => m.step <= step);
    this.newest = this.kept.at(-1) ?? null;
  }

  clear(): void {
    this.kept = [];
    this.newest = null;
    this.stride = 1;
    this.offered = 0;
  }
}
