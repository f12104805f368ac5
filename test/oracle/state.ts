/** What a run of the oracle holds, in float64, and the statements that change it. */

import { countAt } from '../../src/ir/count.ts';
import type { Copy, Leaf } from '../../src/ir/graph.ts';
import type { HostExpr } from '../../src/ir/host.ts';
import type { Distribution, NDArray, StatSpec, WeightSpec } from '../../src/ir/types.ts';
import type { Bounds, OptimizerSpec, StateSpec } from '../../src/model/model.ts';
import { type Clock, hostValue } from './host.ts';
import { clippedToNorm, type Hyper, type Memory, optimised } from './optimisers.ts';

/** Where samples and noise come from. */
export interface Supply {
  /** A fresh minibatch of these sources, and of all fields of their records; the count is axis 0. */
  sample(names: readonly string[], count: number): Promise<Record<string, NDArray>> | Record<string, NDArray>;
  /** `sampled`: how many `sample` statements the run has executed. */
  draw(place: string, dist: Distribution, shape: readonly number[], sampled: number): NDArray;
  /** First values of weights and statistics. */
  weight(spec: WeightSpec): NDArray;
  stat(spec: StatSpec): NDArray;
  /** First values of a state that is drawn. */
  state(name: string, dist: Distribution, shape: readonly number[]): NDArray;
}

export interface World {
  readonly weights: readonly WeightSpec[];
  readonly stats: readonly StatSpec[];
  readonly states: readonly StateSpec[];
  readonly optimizers: readonly OptimizerSpec[];
}

export class OracleState {
  readonly live: Record<string, NDArray> = {};
  readonly frozen: Record<string, NDArray> = {};
  readonly averages: Record<string, NDArray> = {};
  readonly samples: Record<string, NDArray> = {};
  readonly states: Record<string, NDArray> = {};
  readonly saved: Record<string, NDArray> = {};
  readonly world: World;
  readonly supply: Supply;
  clock: Clock = { step: 0, epoch: 0, progress: 0 };
  sampled = 0;
  readonly #memories = new Map<string, Memory>();
  readonly #averaging = new Set<string>();
  readonly #iterated = new Map<string, NDArray>();

  constructor(world: World, supply: Supply) {
    this.world = world;
    this.supply = supply;
    for (const spec of world.weights) this.live[spec.name] = supply.weight(spec);
    for (const spec of world.stats) this.live[spec.name] = supply.stat(spec);
  }

  freeze(nets: readonly string[]): void {
    for (const { name, net } of [...this.world.weights, ...this.world.stats]) {
      if (nets.includes(net)) this.frozen[name] = this.live[name]!;
    }
  }

  /** First values of states; those that hold a phase's batch are drawn again for another batch. */
  startStates(batch: number): void {
    for (const { name, shape, count, start } of this.world.states) {
      const full = count === null ? shape : [countAt(count, batch), ...shape];
      if (this.states[name]?.shape.join() === full.join()) continue;
      this.states[name] = start.kind === 'value' ? start.value : this.supply.state(name, start.dist, full);
    }
  }

  save(nets: readonly string[]): void {
    for (const { name, net } of this.world.weights)
      if (nets.includes(net)) this.saved[name] = this.live[name]!;
  }

  restore(nets: readonly string[]): void {
    for (const { name, net } of this.world.weights) {
      const saved = this.saved[name];
      if (nets.includes(net) && saved) this.live[name] = { ...saved };
    }
  }

  host(expr: HostExpr): number {
    return hostValue(expr, this.clock);
  }

  /** Weights, statistics, samples and host scalars as they are now. */
  leaf(leaf: Leaf): NDArray {
    switch (leaf.kind) {
      case 'source':
        return must(this.samples[leaf.name], leaf.name);
      case 'state':
        return must(this.states[leaf.name], leaf.name);
      case 'weight':
      case 'stat':
        return this.copy(leaf.copy, leaf.name);
      case 'host':
        return { shape: [], data: Float64Array.of(this.host(leaf.expr)) };
      default:
        throw new Error(`the state has no ${leaf.kind}`);
    }
  }

  copy(copy: Copy, name: string): NDArray {
    if (copy === 'frozen') return must(this.frozen[name], `${name}.frozen`);
    if (copy === 'averaged') return this.averages[name] ?? must(this.live[name], name);
    if (copy === 'output') throw new Error('outputs are no part of a step');
    return must(this.live[name], name);
  }

  async sample(names: readonly string[], count: number): Promise<void> {
    this.sampled += 1;
    Object.assign(this.samples, await this.supply.sample(names, count));
  }

  update(optimizer: string, weights: readonly string[], gradients: readonly NDArray[]): void {
    const spec = this.world.optimizers.find((o) => o.name === optimizer)!;
    const hyper: Hyper = Object.fromEntries(
      Object.entries(spec.hyper).map(([key, value]) => [
        key,
        typeof value === 'object' && value !== null ? this.host(value) : value,
      ]),
    );
    const raw = gradients.map((g) => g.data);
    const limit = hyper.clip_norm;
    const used = typeof limit === 'number' ? clippedToNorm(raw, limit) : raw;
    weights.forEach((name, i) => {
      const before = must(this.live[name], name);
      const key = `${optimizer} ${name}`;
      const memory = this.#memories.get(key) ?? { steps: 0 };
      this.#memories.set(key, memory);
      const data = optimised(spec.rule, before.data, used[i]!, memory, hyper);
      this.live[name] = { shape: before.shape, data };
    });
  }

  clip(net: string, to: Bounds): void {
    const names = this.world.weights.filter((w) => w.net === net).map(({ name }) => name);
    const change = (f: (x: number) => number): void => {
      for (const name of names) {
        const { shape, data } = this.live[name]!;
        this.live[name] = { shape, data: data.map(f) };
      }
    };
    if (to.kind === 'range') {
      const [low, high] = [this.host(to.low), this.host(to.high)];
      change((x) => Math.min(high, Math.max(low, x)));
    } else {
      const squares = names.flatMap((name) => [...this.live[name]!.data].map((x) => x * x));
      const norm = Math.sqrt(squares.reduce((sum, x) => sum + x, 0));
      const factor = Math.min(1, this.host(to.most) / (norm + 1e-6));
      change((x) => x * factor);
    }
  }

  average(net: string, decay: number): void {
    const first = !this.#averaging.has(net);
    this.#averaging.add(net);
    for (const { name } of this.world.weights.filter((w) => w.net === net)) {
      const now = this.live[name]!;
      const before = this.averages[name];
      this.averages[name] =
        first || !before
          ? now
          : {
              shape: now.shape,
              data: now.data.map((x, i) => decay * before.data[i]! + (1 - decay) * x),
            };
    }
    for (const { name } of this.world.stats.filter((s) => s.net === net)) {
      this.averages[name] = this.live[name]!;
    }
  }

  move(stat: string, value: NDArray, keep: number): void {
    const before = this.live[stat]!;
    const data = before.data.map((x, i) => keep * x + (1 - keep) * value.data[i]!);
    this.live[stat] = { shape: before.shape, data };
  }

  /** Miyato et al. 2018, algorithm 1, unless the kernel is as it was at the last iteration. */
  iterate(kernel: string, u: string, v: string): void {
    const k = this.live[kernel]!;
    if (this.#iterated.get(kernel) === k) return;
    this.#iterated.set(kernel, k);
    const columns = k.shape.at(-1) ?? 1;
    const rows = k.data.length / columns;
    const left = this.live[u]!;
    const right = new Float64Array(columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) right[j]! += k.data[i * columns + j]! * left.data[i]!;
    }
    normalise(right);
    const next = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) next[i]! += k.data[i * columns + j]! * right[j]!;
    }
    normalise(next);
    this.live[u] = { shape: left.shape, data: next };
    this.live[v] = { shape: this.live[v]!.shape, data: right };
  }
}

function normalise(v: Float64Array): void {
  const length = Math.max(1e-12, Math.sqrt(v.reduce((sum, x) => sum + x * x, 0)));
  for (let i = 0; i < v.length; i++) v[i]! /= length;
}

function must<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} has no value yet`);
  return value;
}
