/** What generated code asks of a run (`Run` and `OutputRun` in model.ts), on tfjs. */

import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { UserError } from '../errors.ts';
import { fused } from '../formula/fused.ts';
import { fusedEach } from '../nn/segments.ts';
import { type OptimiserName, parametersOf } from '../optimisers.ts';
import { dataStream, drawStream, drawValues, permutation, sourceStream } from '../random.ts';
import { entry, table, tableOf } from '../table.ts';
import { type Dataset, Feed } from './data.ts';
import type {
  CompiledModel,
  DistributionSpec,
  Hyper,
  OutputRun,
  OutputSpec,
  PhaseSpec,
  Run,
  TypeSpec,
} from './model.ts';
import { optimise, scaledToNorm } from './optimise.ts';
import { State } from './state.ts';

export interface RunSettings {
  seed: number;
  /** A data set for each record that is used, by the record's first name. */
  datasets: Record<string, Dataset>;
}

interface Field {
  record: string;
  index: number;
  type: TypeSpec;
}

export class TrainingRun implements Run {
  readonly state: State;
  readonly feeds: Record<string, Feed> = table();
  readonly frozen: Record<string, Tensor> = table();
  readonly averaged: Record<string, Tensor> = table();
  /** What outputs use: the average where the phase keeps one. */
  readonly output: Record<string, Tensor> = table();
  step = 0;
  epoch = 0;
  progress = 0;
  batch = 1;
  /** Scalars noted in this step, by name; the latest wins. */
  readonly noted = new Map<string, Tensor>();
  phase: PhaseSpec;
  /** Set where only outputs are evaluated, on a checkpoint's weights. */
  fixedClock: { epoch: number; progress: number } | null = null;

  private readonly fields = new Map<string, Field>();
  private readonly noise = new Map<string, CompiledModel['noise'][number]>();
  private readonly rules = new Map<string, CompiledModel['optimizers'][number]['rule']>();
  private readonly wanted = new Set<string>();
  private due = false;
  private sampledThisStep = false;

  constructor(
    readonly model: CompiledModel,
    readonly settings: RunSettings,
  ) {
    this.state = new State(model);
    this.phase = model.phases[0]!;
    for (const record of model.data) {
      const name = record.fields[0]!.name;
      const dataset = entry(settings.datasets, name);
      if (dataset !== undefined) this.feeds[name] = new Feed(name, dataset, settings.seed);
      record.fields.forEach((f, index) => {
        this.fields.set(f.name, { record: name, index, type: f.type });
      });
    }
    for (const n of model.noise) this.noise.set(n.name, n);
    for (const o of model.optimizers) this.rules.set(o.name, o.rule);
    const { state } = this;
    for (const { name, net } of [...model.weights, ...model.stats]) {
      // Until an average begins it is the net itself.
      const average = () => (state.averaging.has(net) ? state.averages[name]! : state.live[name]!);
      // Before the first phase begins (pictures of step 0), what it will freeze are the weights themselves.
      Object.defineProperty(this.frozen, name, {
        get: () => state.frozen[name] ?? state.live[name]!,
        enumerable: true,
      });
      const output = () => (this.phase.averaged.includes(net) ? average() : state.live[name]!);
      Object.defineProperty(this.averaged, name, { get: average, enumerable: true });
      Object.defineProperty(this.output, name, { get: output, enumerable: true });
    }
  }

  get live(): Record<string, Tensor> {
    return this.state.live;
  }
  get samples(): Record<string, Tensor> {
    return this.state.samples;
  }
  get states(): Record<string, Tensor> {
    return this.state.states;
  }

  /** Frozen copies are taken, nothing is sampled, every data set starts a fresh pass. */
  beginPhase(phase: PhaseSpec): void {
    const { state } = this;
    this.setPhase(phase);
    state.clear(state.samples);
    state.clear(state.frozen);
    for (const net of phase.frozen) {
      for (const name of [...state.weightsOf(net), ...state.statsOf(net)]) {
        state.frozen[name] = tf.keep(tf.clone(state.live[name]!));
      }
    }
    state.startStates(this.settings.seed, phase.batch);
    for (const feed of Object.values(this.feeds)) feed.beginPass();
    state.epochBase = this.epochFeed()?.position.pass ?? 0;
    state.step = 0;
    state.begun = true;
  }

  setPhase(phase: PhaseSpec): void {
    this.phase = phase;
    this.batch = phase.batch;
    this.wanted.clear();
    for (const name of [...phase.losses, ...phase.metrics]) this.wanted.add(name);
    for (const { name } of phase.objectives ?? []) this.wanted.add(name);
  }

  /** The feed whose passes `epoch` counts. */
  epochFeed(): Feed | undefined {
    const source = this.phase.epochSource;
    return source === null ? undefined : this.feeds[this.fields.get(source)!.record];
  }

  /** Asked at the end of a step, when its samples are drawn: only then is it known to be the last of an epoch. */
  get logging(): boolean {
    const { phase, state } = this;
    return this.due || (phase.steps === null ? this.phaseDone() : state.step + 1 >= phase.steps);
  }

  /** Sets the clocks and forgets the last step's notes. `due`: it is a step to be logged, whether it is the last or not. */
  beginStep(due: boolean): void {
    const { state } = this;
    this.step = state.step;
    Object.assign(this, this.clock());
    this.due = due;
    this.forgetNotes();
    this.sampledThisStep = false;
  }

  endStep(): void {
    this.state.step++;
    this.state.total++;
  }

  /** The phase's last step has been made. */
  phaseDone(): boolean {
    const { phase, state } = this;
    if (phase.steps !== null) return state.step >= phase.steps;
    const feed = this.epochFeed();
    return feed === undefined || feed.position.pass - state.epochBase >= phase.epochs!;
  }

  async sample(names: string[], count = this.batch): Promise<void> {
    const { state } = this;
    const records = new Set<string>();
    for (const name of names) {
      const field = this.fields.get(name);
      if (field !== undefined) {
        records.add(field.record);
        continue;
      }
      const noise = this.noise.get(name)!;
      const n = state.drawn[name] ?? 0;
      state.drawn[name] = n + 1;
      const shape = [count, ...noise.shape];
      const values = drawValues(this.settings.seed, sourceStream(name), n, noise.dist, shape);
      state.replace(state.samples, name, tf.tensor(values, shape, 'float32'));
    }
    for (const record of records) {
      const values = await this.feeds[record]!.next(count);
      for (const [name, field] of this.fields) {
        if (field.record !== record) continue;
        const shape = [count, ...field.type.shape];
        state.replace(state.samples, name, tf.tensor(values[field.index]!, shape, 'float32'));
      }
    }
    state.sampled++;
    this.sampledThisStep = true;
  }

  draw(place: string, dist: DistributionSpec, shape: number[]): Tensor {
    const { state, settings } = this;
    // Before a step's first sample a draw is the step's own, so that it is fresh at each step.
    const values = this.sampledThisStep
      ? drawValues(settings.seed, drawStream(place), state.sampled, dist, shape)
      : drawValues(settings.seed, `${drawStream(place)}@step`, state.total, dist, shape);
    return tf.tensor(values, shape, 'float32');
  }

  update(optimizer: string, gradients: Record<string, Tensor>, hyper: Hyper): void {
    const { state } = this;
    const rule = this.rules.get(optimizer)!;
    this.checkSettings(rule, hyper);
    const limit = hyper.clip_norm;
    const used = typeof limit === 'number' ? scaledToNorm(gradients, limit) : gradients;
    state.optimizers[optimizer] ??= table();
    const states = state.optimizers[optimizer]!;
    const names = Object.keys(used);
    const updates = names.map((name) => ({
      weight: state.live[name]!,
      gradient: used[name]!,
      state: states[name],
    }));
    for (const [i, done] of optimise(rule, updates, hyper).entries()) {
      const name = names[i]!;
      const before = states[name];
      states[name] = done.state;
      for (const slot of Object.values(done.state.slots)) tf.keep(slot);
      if (before !== undefined) tf.dispose(before.slots);
      this.setWeight(name, done.weight);
    }
    if (used !== gradients) tf.dispose(used);
    tf.dispose(gradients);
  }

  /** What follows the step may leave the range in which it means something. */
  private checkSettings(rule: OptimiserName, hyper: Hyper): void {
    for (const [name, { range }] of Object.entries(parametersOf(rule))) {
      const value = hyper[name];
      if (range === undefined || typeof value !== 'number' || range.holds(value)) continue;
      throw new UserError(
        `\`${name}\` of \`${rule}\` is ${value} at step ${this.step} of ${this.phase.name}, and must be ${range.rule}`,
        { hint: 'hold it there, as in `maximum(0, 1 - step / 1000)`' },
      );
    }
  }

  clip(net: string, low: number, high: number): void {
    const names = this.state.weightsOf(net);
    const sets = names.map((name) => ({ w: this.state.live[name]!, low, high }));
    for (const [i, { clipped }] of fusedEach('clipped = clamp(w, low, high)', sets).entries())
      this.setWeight(names[i]!, clipped!);
  }

  clipNorm(net: string, most: number): void {
    const { live } = this.state;
    const weights = Object.fromEntries(this.state.weightsOf(net).map((name) => [name, live[name]!]));
    for (const [name, scaled] of Object.entries(scaledToNorm(weights, most))) this.setWeight(name, scaled);
  }

  private setWeight(name: string, tensor: Tensor): void {
    this.state.replace(this.state.live, name, tensor);
    this.state.iterated.delete(name);
  }

  average(net: string, decay: number): void {
    const { state } = this;
    const names = state.weightsOf(net);
    if (!state.averaging.has(net)) {
      for (const name of names) state.replace(state.averages, name, tf.clone(state.live[name]!));
    } else {
      const sets = names.map((name) => ({
        average: state.averages[name]!,
        live: state.live[name]!,
        decay,
        rest: 1 - decay,
      }));
      for (const [i, { next }] of fusedEach('next = average * decay + live * rest', sets).entries())
        state.replace(state.averages, names[i]!, next!);
    }
    for (const name of state.statsOf(net)) state.replace(state.averages, name, tf.clone(state.live[name]!));
    state.averaging.add(net);
  }

  set(name: string, value: Tensor): void {
    this.state.replace(this.state.states, name, tf.clone(value));
  }

  save(net: string): void {
    const { state } = this;
    for (const name of state.weightsOf(net)) state.replace(state.saved, name, tf.clone(state.live[name]!));
  }

  restore(net: string): void {
    for (const name of this.state.weightsOf(net)) {
      const saved = this.state.saved[name];
      if (saved !== undefined) this.setWeight(name, tf.clone(saved));
    }
  }

  move(values: Record<string, Tensor>, keep: number): void {
    const { live } = this.state;
    const rest = 1 - keep;
    const waiting = new Map<number, string>();
    const set = (stat: string, next: Tensor | undefined) => this.state.replace(live, stat, next!);
    for (const stat of Object.keys(values)) {
      const size = live[stat]!.size;
      const other = waiting.get(size);
      waiting.delete(size);
      if (other === undefined) {
        waiting.set(size, stat);
        continue;
      }
      // Two of a size (a batch norm's mean and variance) in one pass.
      const [old, old2, value, value2] = [live[other]!, live[stat]!, values[other]!, values[stat]!];
      const moved = fused(PAIR, { old, value, old2, value2, keep, rest });
      set(other, moved.next);
      set(stat, moved.next2);
    }
    for (const stat of waiting.values()) {
      set(stat, fused(SINGLE, { old: live[stat]!, value: values[stat]!, keep, rest }).next);
    }
  }

  iterate(kernel: string, u: string, v: string): void {
    const { state } = this;
    if (state.iterated.has(kernel)) return;
    const [nextU, nextV] = tf.tidy(() => {
      const k = state.live[kernel]!;
      const out = k.shape.at(-1) ?? 1;
      const matrix = tf.reshape(k, [k.size / out, out]) as tf.Tensor2D;
      const oldU = state.live[u]!;
      const column = tf.reshape(oldU, [matrix.shape[0], 1]) as tf.Tensor2D;
      const right = normalise(tf.matMul(matrix, column, true, false));
      const left = normalise(tf.matMul(matrix, right));
      return [tf.reshape(left, oldU.shape), tf.reshape(right, state.live[v]!.shape)] as [Tensor, Tensor];
    });
    state.replace(state.live, u, nextU);
    state.replace(state.live, v, nextV);
    state.iterated.add(kernel);
  }

  log(name: string, value: Tensor): void {
    if (!this.wanted.has(name)) return;
    this.noted.get(name)?.dispose();
    this.noted.set(name, tf.keep(tf.clone(value)));
  }

  /** The step's notes as numbers. Losses are kept: one that a later step does not evaluate has still this value. */
  async readNotes(): Promise<Record<string, number>> {
    const out: Record<string, number> = table();
    // Asked for at once: each answer of a GPU is a wait.
    const values = await Promise.all([...this.noted.values()].map((tensor) => tensor.data()));
    [...this.noted.keys()].forEach((name, i) => {
      out[name] = values[i]![0]!;
    });
    for (const name of this.phase.losses) if (name in out) this.state.losses[name] = out[name]!;
    this.forgetNotes();
    return out;
  }

  /** The phase's losses as last evaluated in an update. */
  lastLosses(): Record<string, number> {
    const { losses } = this.state;
    const last: Record<string, number> = table();
    for (const name of this.phase.losses) if (name in losses) last[name] = losses[name]!;
    return last;
  }

  private forgetNotes(): void {
    for (const tensor of this.noted.values()) tensor.dispose();
    this.noted.clear();
  }

  /**
   * Evaluates an output on `count` examples of its own noise and data. `stream` tells sets of examples from each
   * other: the same stream and `nth` give the same examples. `given` samples, of `count` examples, are taken as they are
   * and stay the caller's (latents that were chosen, points at which to probe a critic). The caller owns the result.
   */
  async evaluate(
    output: Pick<OutputSpec, 'sources' | 'states' | 'evaluate'>,
    count: number,
    stream: string,
    nth = 0,
    given: Readonly<Record<string, Tensor>> = {},
  ): Promise<Tensor> {
    const { seed } = this.settings;
    const samples: Record<string, Tensor> = table();
    const held: Record<string, Tensor> = table();
    try {
      for (const name of output.sources) {
        if (samples[name] !== undefined || entry(given, name) !== undefined) continue;
        const field = this.fields.get(name);
        if (field === undefined) {
          const noise = this.noise.get(name)!;
          const shape = [count, ...noise.shape];
          samples[name] = tf.tensor(
            drawValues(seed, `${stream}/${sourceStream(name)}`, nth, noise.dist, shape),
            shape,
            'float32',
          );
          continue;
        }
        const values = await this.fixedExamples(field.record, stream, count, nth);
        for (const [other, f] of this.fields) {
          if (f.record !== field.record) continue;
          samples[other] = tf.tensor(values[f.index]!, [count, ...f.type.shape], 'float32');
        }
      }
      const states = this.statesFor(output.states ?? [], count, nth);
      Object.assign(held, states);
      const outputRun: OutputRun = {
        batch: count,
        step: this.state.step,
        ...this.clock(),
        output: this.output,
        live: this.state.live,
        frozen: this.frozen,
        averaged: this.averaged,
        states: tableOf(states),
        samples: tableOf(samples, given),
        draw: (place, dist, shape) =>
          tf.tensor(drawValues(seed, `${stream}/${drawStream(place)}`, nth, dist, shape), shape, 'float32'),
      };
      return await output.evaluate(outputRun);
    } finally {
      tf.dispose(samples);
      tf.dispose(held);
    }
  }

  /** What an output of `count` examples reads of states; those that hold examples give them in order, from the first again. */
  private statesFor(names: readonly string[], count: number, nth: number): Record<string, Tensor> {
    const { states } = this.state;
    const given: Record<string, Tensor> = table();
    for (const { name, count: own } of this.model.states ?? []) {
      if (!names.includes(name)) continue;
      const value = states[name]!;
      const rows = value.shape[0] ?? 1;
      given[name] =
        own === null
          ? tf.clone(value)
          : tf.tidy(() => {
              const indices = Int32Array.from({ length: count }, (_, i) => (nth * count + i) % rows);
              return tf.gather(value, tf.tensor1d(indices, 'int32'));
            });
    }
    return given;
  }

  /** Examples of a record that no feed moves for, in an order of their own; wraps where the data are few. */
  private async fixedExamples(
    record: string,
    stream: string,
    count: number,
    nth: number,
  ): Promise<Float32Array[]> {
    const feed = this.feeds[record]!;
    const total = feed.dataset.count;
    const order = permutation(this.settings.seed, `${stream}/${dataStream(record)}`, 0, total);
    return feed.dataset.read(Int32Array.from({ length: count }, (_, i) => order[(nth * count + i) % total]!));
  }

  /** `epoch` and `progress` after the steps done so far: those of the current weights. */
  clock(): { epoch: number; progress: number } {
    if (this.fixedClock !== null) return this.fixedClock;
    const feed = this.epochFeed();
    const epoch = feed === undefined ? 0 : feed.position.pass - this.state.epochBase;
    return { epoch, progress: Math.min(1, this.progressNow()) };
  }

  progressNow(): number {
    const { phase, state } = this;
    if (phase.steps !== null) return phase.steps === 0 ? 0 : Math.min(1, state.step / phase.steps);
    const feed = this.epochFeed();
    return feed === undefined ? 0 : (feed.passes(phase.batch) - state.epochBase) / phase.epochs!;
  }

  dispose(): void {
    this.forgetNotes();
    this.state.dispose();
  }
}

const SINGLE = 'next = old * keep + value * rest';
const PAIR = `${SINGLE}; next2 = old2 * keep + value2 * rest`;

/** To Euclidean length 1; a zero vector stays zero. */
function normalise(v: Tensor): tf.Tensor2D {
  return tf.div(v, tf.maximum(tf.sqrt(tf.sum(tf.square(v))), 1e-12)) as tf.Tensor2D;
}
